"""Networks of torchvision and timm as ONNX files and state dicts, with what PyTorch makes of them.

    python benches/onnx_peers.py FOLDER [NAME …]
    PELLUCID_ONNX=FOLDER cargo test --lib onnx_peers -- --ignored --nocapture
    python benches/onnx_peers.py FOLDER --table PROGRAM

For each network (random weights of a fixed seed, statistics of norms perturbed) it writes one file by either
exporter of torch.onnx, NAME.script.onnx and NAME.dynamo.onnx; where the network is a family of this program
its state dict, NAME.state.safetensors; and NAME.peers.safetensors: an image `(1, 3, H, W)`, logits, and
Grad-CAM of one class by the package `grad-cam` where a target is named. Tokens and channels that come last
are laid out for it with a `reshape_transform`.

The Rust test prints a line for each file: deviations, stages, places for maps. With --table each file is run
alone, once by PROGRAM (the test's own program, which cargo names) and once by onnxruntime, one thread each and
in the same minute: the least time of a pass and the most memory of the process.
"""

import os
import re
import subprocess
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

# name → (side, target layer for Grad-CAM, how it lies, family of this program)
# It lies as maps; as "last", channels last; or as tokens behind so many that are no places.
TORCHVISION = {
    "alexnet": (224, "features.12"),
    "vgg11_bn": (224, "features.27"),
    "resnet18": (224, "layer4", "maps", "resnet18"),
    "resnet50": (224, "layer4", "maps", "resnet50"),
    "resnext50_32x4d": (224, "layer4"),
    "wide_resnet50_2": (224, "layer4"),
    "densenet121": (224, "features.denseblock4", "maps", "densenet121"),
    "squeezenet1_1": (224, "features.12"),
    "shufflenet_v2_x0_5": (224, "conv5"),
    "mobilenet_v2": (224, "features", "maps", "mobilenet-v2"),
    "mobilenet_v3_small": (224, "features", "maps", "mobilenet-v3-small"),
    "mobilenet_v3_large": (224, "features", "maps", "mobilenet-v3-large"),
    "mnasnet0_5": (224, "layers.16"),
    "efficientnet_b0": (224, "features", "maps", "efficientnet-b0"),
    "efficientnet_v2_s": (224, "features"),
    "regnet_y_400mf": (224, "trunk_output"),
    "regnet_x_400mf": (224, "trunk_output"),
    "googlenet": (224, "inception5b"),
    "inception_v3": (299, "Mixed_7c"),
    "convnext_tiny": (224, "features", "maps", "convnext-tiny"),
    "swin_t": (224, "features.7", "last", "swin-t"),
    "swin_v2_t": (256, "features.7", "last"),
    "vit_b_16": (224, "encoder.layers.encoder_layer_11.ln_1", 1, "vit-b-16"),
    "maxvit_t": (224, "blocks.3"),
}
TIMM = {
    "vit_tiny_patch16_224": (224, "blocks.11.norm1", 1, "vit-ti-16"),
    "deit_tiny_patch16_224": (224, "blocks.11.norm1", 1, "vit-ti-16"),
    "deit_tiny_distilled_patch16_224": (224, "blocks.11.norm1", 2),
    "deit3_small_patch16_224": (224, "blocks.11.norm1", 1, "vit-s-16"),
    "vit_small_patch14_reg4_dinov2": (224, "blocks.11.norm1", 5, "vit-s-16"),
    "vit_pwee_patch16_reg1_gap_256": (256, "blocks.11", 1),
    "vit_relpos_small_patch16_224": (224, "blocks.11", 0),
    "beit_base_patch16_224": (224, "blocks.11", 1),
    "eva02_tiny_patch14_224": (224, "blocks.11", 1),
    "cait_xxs24_224": (224, "blocks.23", 0),
    "convit_tiny": (224, None),
    "xcit_nano_12_p16_224": (224, None),
    "pit_ti_224": (224, None),
    "levit_128s": (224, None),
    "swin_tiny_patch4_window7_224": (224, "layers.3", "last", "swin-t"),
    "swinv2_tiny_window8_256": (256, "layers.3", "last"),
    "twins_svt_small": (224, None),
    "pvt_v2_b0": (224, "stages.3"),
    "nest_tiny": (224, None),
    "gcvit_xxtiny": (224, None),
    "davit_tiny": (224, "stages.3"),
    "mvitv2_tiny": (224, None),
    "hiera_tiny_224": (224, None),
    "tiny_vit_5m_224": (224, None),
    "crossvit_tiny_240": (240, None),
    "coat_lite_tiny": (224, None),
    "volo_d1_224": (224, None),
    "maxvit_tiny_tf_224": (224, "stages.3"),
    "coatnet_pico_rw_224": (224, "stages.3"),
    "mixer_s16_224": (224, "norm", 0),
    "resmlp_12_224": (224, "norm", 0),
    "gmlp_ti16_224": (224, None),
    "poolformer_s12": (224, "stages"),
    "caformer_s18": (224, None),
    "focalnet_tiny_srf": (224, "layers.3"),
    "convnext_atto": (224, "stages.3"),
    "convnextv2_atto": (224, "stages.3"),
    "convmixer_768_32": (224, "blocks"),
    "edgenext_xx_small": (256, "stages.3"),
    "mobilevit_xxs": (256, "stages"),
    "mobilevitv2_050": (256, "stages"),
    "efficientformer_l1": (224, None),
    "efficientformerv2_s0": (224, "stages.3"),
    "efficientvit_b0": (224, "stages.3"),
    "fastvit_t8": (256, "stages.3"),
    "repvit_m0_9": (224, "stages.3"),
    "mobileone_s0": (224, "stages"),
    "resnet50d": (224, "layer4"),
    "seresnet50": (224, "layer4"),
    "skresnet18": (224, "layer4"),
    "ecaresnet26t": (256, "layer4"),
    "resnest14d": (224, "layer4"),
    "res2net50_26w_4s": (224, "layer4"),
    "resnetv2_50": (224, "stages"),
    "nf_resnet50": (224, "stages"),
    "nfnet_l0": (224, "final_act"),
    "repvgg_a0": (224, "stages"),
    "dla34": (224, "level5"),
    "hrnet_w18_small": (224, None),
    "densenet121": (224, "features.denseblock4", "maps", "densenet121"),
    "dpn48b": (224, "features"),
    "ese_vovnet19b_dw": (224, "stages"),
    "cspresnet50": (224, "stages"),
    "darknet53": (256, "stages"),
    "selecsls42b": (224, "head"),
    "legacy_xception": (299, "act4"),
    "xception41": (299, "act"),
    "inception_v4": (299, "features"),
    "inception_resnet_v2": (299, "conv2d_7b"),
    "efficientnet_b0": (224, "conv_head", "maps", "timm-efficientnet-b0"),
    "tf_efficientnet_b0": (224, "conv_head", "maps", "tf-efficientnet-b0"),
    "tf_efficientnetv2_b0": (224, "conv_head"),
    "tf_efficientnet_lite0": (224, "conv_head", "maps", "tf-efficientnet-lite0"),
    "mobilenetv3_small_050": (224, "blocks"),
    "mobilenetv3_large_100": (224, "blocks", "maps", "timm-mobilenet-v3-large"),
    "mobilenetv4_conv_small": (224, "blocks"),
    "regnety_002": (224, "s4"),
    "regnetz_b16": (224, "s4"),
    "ghostnet_100": (224, "blocks"),
    "ghostnetv2_100": (224, "blocks"),
    "rexnet_100": (224, "features"),
    "tinynet_e": (106, "blocks"),
    "hardcorenas_a": (224, "blocks"),
    "lcnet_050": (224, "blocks"),
    "starnet_s1": (224, "stages"),
    "mambaout_femto": (224, None),
    "hgnetv2_b0": (224, "stages"),
    "inception_next_atto": (224, "stages.3"),
}


def perturb(model, seed):
    """Statistics and factors of norms that are no identities, so that folding them is seen."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
            module.running_mean += 0.1 * torch.randn(module.running_mean.shape, generator=generator)
            module.running_var *= 0.75 + 0.5 * torch.rand(module.running_var.shape, generator=generator)
    for name, values in model.named_parameters():
        # Heads of zeros and branches that a factor of 1e-6 keeps shut would compare nothing.
        if not name.endswith("bias") and values.abs().max() < 1e-3:
            values.data += 0.1 * torch.randn(values.shape, generator=generator)


def make(name):
    torch.manual_seed(3)
    entry = ENTRIES[name]
    if name in TORCHVISION:
        extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
        model = torchvision.models.get_model(name, weights=None, **extra)
    else:
        # Without a head it would give features.
        extra = {"img_size": 224, "num_classes": 1000} if "dinov2" in name else {}
        model = timm.create_model(name.removeprefix("timm_"), pretrained=False, **extra)
    perturb(model, 5)
    return model.eval(), (*entry, *("maps", None)[len(entry) - 2 :])


# Names that both have are timm's with a word before them.
ENTRIES = TORCHVISION | {(f"timm_{name}" if name in TORCHVISION else name): entry for name, entry in TIMM.items()}


def module(model, path):
    for part in path.split("."):
        model = model[int(part)] if part.isdigit() else getattr(model, part)
    return model


def planes(lies):
    """What a layer makes as `(N, C, H, W)`."""
    if lies == "maps":
        return lambda x: x
    if lies == "last":
        return lambda x: x.permute(0, 3, 1, 2)

    def grid(x):
        side = round((x.shape[1] - lies) ** 0.5)
        return x[:, lies:].transpose(1, 2).reshape(x.shape[0], -1, side, side)

    return grid


def telling_class(model, target, image, reshape):
    """The class of the first twenty whose map is least a difference of large sums: others are noise."""
    kept = {}
    hook = module(model, target).register_forward_hook(lambda _, __, output: kept.update(maps=output))
    logits = model(image)
    hook.remove()

    def share(number):
        (slope,) = torch.autograd.grad(logits[0, number], kept["maps"], retain_graph=True)
        terms = reshape(slope).mean((2, 3), keepdim=True) * reshape(kept["maps"])
        return float(terms.sum(1).relu().max() / terms.abs().sum(1).max())

    return max(range(20), key=share)


def export(model, image, path, exporter):
    if exporter == "script":
        torch.onnx.export(model, image, path, opset_version=17, dynamo=False, input_names=["image"],
                          output_names=["logits"], dynamic_axes={"image": {0: "n"}})
    else:
        torch.onnx.export(model, (image,), path, dynamo=True, external_data=False, verbose=False)


def run(path, image, times=0):
    """Logits of onnxruntime, and the least time of so many passes in ms."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image}
    logits, least = session.run(None, feed)[0], float("inf")
    for _ in range(times):
        start = time.perf_counter()
        session.run(None, feed)
        least = min(least, 1e3 * (time.perf_counter() - start))
    return logits, least


def write(folder, name):
    model, (side, target, lies, family) = make(name)
    generator = torch.Generator().manual_seed(11)
    image = torch.randn((1, 3, side, side), generator=generator)
    with torch.no_grad():
        logits = model(image).numpy()
    arrays, number = {"image": image.numpy(), "logits": logits}, 0
    if target:
        reshape = planes(lies)
        number = telling_class(model, target, image, reshape)
        cam = GradCAM(model=model, target_layers=[module(model, target)], reshape_transform=reshape)
        map_ = cam(input_tensor=image, targets=[ClassifierOutputTarget(number)])
        arrays["cam"] = np.ascontiguousarray(map_, dtype=np.float32)
        cam.activations_and_grads.release()
    note = {"target": target or "", "class": str(number), "family": family or ""}
    save_file(arrays, str(folder / f"{name}.peers.safetensors"), metadata=note)
    if family:
        state = {k: np.ascontiguousarray(v.numpy()) for k, v in model.state_dict().items()}
        save_file(state, str(folder / f"{name}.state.safetensors"))
    said = [f"{name:34}"]
    for exporter in ("script", "dynamo"):
        path = folder / f"{name}.{exporter}.onnx"
        try:
            export(model, image, str(path), exporter)
        except Exception as error:  # noqa: BLE001, whatever an exporter raises
            said.append(f"{exporter} not exported: {str(error).splitlines()[0][:90]}")
            path.unlink(missing_ok=True)
            continue
        found, _ = run(path, image.numpy())
        said.append(f"{exporter} {np.abs(found - logits).max() / np.abs(logits).max():.1e}")
    print(*said, flush=True)


def memory(command, **more):
    """Lines that a program prints, and the most memory that it held in MiB."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    text = child.stdout.read()
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return text, usage.ru_maxrss / 1024


def table(folder, program, names):
    one = {**os.environ, "RAYON_NUM_THREADS": "1", "PELLUCID_ONNX": str(folder), "PELLUCID_ONNX_TIME": "1"}
    for path in sorted(folder.glob("*.onnx")):
        name = path.stem
        if names and name.rsplit(".", 1)[0] not in names:
            continue
        test = [program, "onnx_peers", "--ignored", "--nocapture", "--test-threads=1"]
        text, ours = memory(test, env=one | {"PELLUCID_ONNX_ONLY": f"{name}.onnx"}, stderr=subprocess.DEVNULL)
        line = next((line for line in text.splitlines() if line.startswith(name)), f"{name} said nothing")
        theirs, held = memory([sys.executable, __file__, str(path), "--one"])
        print(f"{line}\n{'':44} {ours:6.0f} MiB; onnxruntime {theirs.strip()} ms {held:6.0f} MiB", flush=True)


def main():
    asked = sys.argv[1:]
    folder = Path(asked.pop(0))
    if asked == ["--one"]:
        # A process of its own for each file, so that its memory is its own; what PyTorch holds is not its.
        peers = folder.with_name(re.sub(r"\.\w+\.onnx$", ".peers.safetensors", folder.name))
        return print(f"{run(folder, load_file(str(peers))['image'], 9)[1]:.1f}")
    if "--table" in asked:
        at = asked.index("--table")
        return table(folder, asked[at + 1], asked[:at] + asked[at + 2 :])
    folder.mkdir(parents=True, exist_ok=True)
    for name in asked or ENTRIES:
        try:
            write(folder, name)
        except Exception as error:  # noqa: BLE001, the others are still of interest
            print(f"{name:34} not made: {type(error).__name__}: {str(error).splitlines()[0][:120]}", flush=True)


if __name__ == "__main__":
    main()
