"""Networks of torchvision and timm as ONNX files with what onnxruntime and grad-cam make of them.

    python benches/onnx_peers.py FOLDER [NAME …]
    PELLUCID_ONNX=FOLDER cargo test --lib onnx_peers -- --ignored --nocapture

For each network (random weights of a fixed seed, statistics of norms perturbed) and both exporters of
torch.onnx it writes NAME.EXPORTER.onnx and, beside it, a safetensors file with an image `(1, 3, H, W)`,
the logits of onnxruntime and Grad-CAM of one class by the package `grad-cam` where a target is named. The
Rust test prints a table of deviations; with PELLUCID_ONNX_TIME=1 (and --release) the median time of a pass,
and this script with --time that of onnxruntime and the memory of its process.
"""

import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import load_file, save_file

warnings.filterwarnings("ignore")

# name → (maker, side, target layer for Grad-CAM)
TORCHVISION = {
    "alexnet": (224, "features.12"),
    "vgg11_bn": (224, "features.27"),
    "resnet18": (224, "layer4"),
    "resnet50": (224, "layer4"),
    "resnext50_32x4d": (224, "layer4"),
    "wide_resnet50_2": (224, "layer4"),
    "densenet121": (224, "features.denseblock4"),
    "squeezenet1_1": (224, "features.12"),
    "shufflenet_v2_x1_0": (224, "conv5"),
    "mobilenet_v2": (224, "features"),
    "mobilenet_v3_large": (224, "features"),
    "mnasnet1_0": (224, "layers.16"),
    "efficientnet_b0": (224, "features"),
    "efficientnet_v2_s": (224, "features"),
    "regnet_y_400mf": (224, "trunk_output"),
    "regnet_x_400mf": (224, "trunk_output"),
    "googlenet": (224, "inception5b"),
    "inception_v3": (299, "Mixed_7c"),
    "convnext_tiny": (224, "features"),
    "swin_t": (224, None),
    "vit_b_16": (224, None),
}
TIMM = {
    "resnet50d": (224, "layer4"),
    "seresnet50": (224, "layer4"),
    "res2net50_26w_4s": (224, "layer4"),
    "repvgg_a0": (224, "stages"),
    "dla34": (224, "level5"),
    "hrnet_w18_small": (224, None),
    "xception41": (299, None),
    "tf_efficientnet_lite0": (224, None),
    "ghostnet_100": (224, None),
    "mobilenetv4_conv_small": (224, None),
    "convnextv2_atto": (224, None),
    "edgenext_xx_small": (256, None),
    "mobilevit_xxs": (256, None),
    "poolformer_s12": (224, None),
    "deit_tiny_patch16_224": (224, None),
    "vit_small_patch16_224": (224, None),
    "swin_tiny_patch4_window7_224": (224, None),
    "mixer_s16_224": (224, None),
    "nf_resnet50": (224, None),
    "skresnet18": (224, "layer4"),
}


def perturb(model, seed):
    """Statistics and factors of norms that are no identities, so that folding them is seen."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean += 0.1 * torch.randn(module.running_mean.shape, generator=generator)
            module.running_var *= 0.75 + 0.5 * torch.rand(module.running_var.shape, generator=generator)
        if isinstance(module, torch.nn.Linear) and not module.weight.any():
            module.weight.data.normal_(0, 0.1, generator=generator)
        if hasattr(module, "gamma") and isinstance(module.gamma, torch.nn.Parameter):
            module.gamma.data += 0.1


def make(name):
    torch.manual_seed(3)
    if name in TORCHVISION:
        side, target = TORCHVISION[name]
        extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
        model = torchvision.models.get_model(name, weights=None, **extra)
    else:
        side, target = TIMM[name]
        model = timm.create_model(name, pretrained=False)
    perturb(model, 5)
    return model.eval(), side, target


def module(model, path):
    for part in path.split("."):
        model = model[int(part)] if part.isdigit() else getattr(model, part)
    return model


def telling_class(model, target, image):
    """The class of the first twenty whose map is least a difference of large sums: others are noise."""
    kept = {}
    hook = module(model, target).register_forward_hook(lambda _, __, output: kept.update(maps=output))
    logits = model(image)
    hook.remove()

    def share(number):
        (slope,) = torch.autograd.grad(logits[0, number], kept["maps"], retain_graph=True)
        terms = slope.mean((2, 3), keepdim=True) * kept["maps"]
        return float(terms.sum(1).relu().max() / terms.abs().sum(1).max())

    return max(range(20), key=share)


def grad_cam(model, target, image, number):
    cam = GradCAM(model=model, target_layers=[module(model, target)])
    return cam(input_tensor=image, targets=[ClassifierOutputTarget(number)])


def export(model, image, path, exporter):
    if exporter == "script":
        torch.onnx.export(model, image, path, opset_version=17, dynamo=False, input_names=["image"],
                          output_names=["logits"], dynamic_axes={"image": {0: "n"}})
    else:
        torch.onnx.export(model, (image,), path, dynamo=True, external_data=False, verbose=False)


def time_all(folder):
    for path in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: load_file(str(path.with_suffix(".safetensors")))["image"]}
        times = []
        for _ in range(7):
            start = time.perf_counter()
            session.run(None, feed)
            times.append(1e3 * (time.perf_counter() - start))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{path.stem:44} {sorted(times)[3]:8.1f} ms  {memory:8.0f} MiB at most", flush=True)


def main():
    asked = [argument for argument in sys.argv[1:] if argument != "--time"]
    folder, names = Path(asked[0]), asked[1:] or [*TORCHVISION, *TIMM]
    if "--time" in sys.argv:
        return time_all(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        model, side, target = make(name)
        generator = torch.Generator().manual_seed(11)
        image = torch.randn((1, 3, side, side), generator=generator)
        for exporter in ("script", "dynamo"):
            path = folder / f"{name}.{exporter}.onnx"
            try:
                export(model, image, str(path), exporter)
            except Exception as error:
                print(f"{name} {exporter}: not exported, {str(error).splitlines()[0][:90]}", flush=True)
                path.unlink(missing_ok=True)
                continue
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            feed = {session.get_inputs()[0].name: image.numpy()}
            arrays = {"image": image.numpy(), "logits": session.run(None, feed)[0]}
            number = 0
            if target:
                number = telling_class(model, target, image)
                arrays["cam"] = np.ascontiguousarray(grad_cam(model, target, image, number), dtype=np.float32)
            note = {"target": target or "", "class": str(number)}
            save_file(arrays, str(path.with_suffix(".safetensors")), metadata=note)
            print(name, exporter, "written", flush=True)


if __name__ == "__main__":
    main()
