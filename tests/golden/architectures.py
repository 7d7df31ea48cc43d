"""Writes architectures.safetensors: logits, gradients and running statistics of narrow torchvision networks.

Needs torch, torchvision and safetensors: `python tests/golden/architectures.py`. With `--full FILE` it writes the logits of the
published sizes at 224x224 instead, for `cargo test --test spec -- --ignored full_size` with PELLUCID_FULL_GOLDEN=FILE.

No weights are stored: value i of a tensor called n is made from u = unit(n, i), a number in [-1, 1) that
tests/spec/architectures.rs computes in the same way (FNV-1a of the name, SplitMix64 of hash + (i + 1) * 0x9E3779B97F4A7C15, upper 24 bits).
"""

import pathlib
import sys
from functools import partial

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models import densenet, efficientnet, mobilenetv2, mobilenetv3, resnet, vgg

CLASSES = 3


def unit(name, count):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def values(name, shape):
    u = unit(name, int(np.prod(shape)))
    if name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        u = 1 + 0.3 * u
    else:
        u = 0.2 * u
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fill(net):
    state = {k: v for k, v in net.state_dict().items() if "num_batches" not in k}
    net.load_state_dict({k: values(k, tuple(v.shape)) for k, v in state.items()}, strict=False)
    return net


def picture(batch, channels, size):
    return torch.from_numpy(unit("picture", batch * channels * size[0] * size[1]).astype(np.float32)).reshape(batch, channels, *size)


def grey_stem(parent, name, channels):
    """Gives the first convolution another number of input channels."""
    old = getattr(parent, name) if isinstance(name, str) else parent[name]
    new = nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    if isinstance(name, str):
        setattr(parent, name, new)
    else:
        parent[name] = new


def plain(cfg, norm, grid, hidden):
    net = vgg.VGG(vgg.make_layers(cfg, batch_norm=norm), num_classes=CLASSES, init_weights=False)
    net.avgpool = nn.AdaptiveAvgPool2d(grid)
    inputs, layers = [c for c in cfg if c != "M"][-1] * grid * grid, []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(0.0)]
        inputs = width
    net.classifier = nn.Sequential(*layers, nn.Linear(inputs, CLASSES))
    return net


class Narrow(resnet.ResNet):
    """torchvision's ResNet with stages of 4, 8, 12 and 16 channels instead of 64 to 512."""

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        return super()._make_layer(block, {64: 4, 128: 8, 256: 12, 512: 16}[planes], blocks, stride, dilate)


def narrow_resnet(block, layers):
    net = Narrow(block, layers)
    net.fc = nn.Linear(16 * block.expansion, CLASSES)
    return net


def keras_resnet():
    net = narrow_resnet(resnet.Bottleneck, [1, 2, 1, 1])
    for module in net.modules():
        if isinstance(module, resnet.Bottleneck):
            module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1.001e-5
        if isinstance(module, nn.Conv2d):
            module.bias = nn.Parameter(torch.zeros(module.out_channels))
    return net


def narrow_efficientnet(stages=7):
    widths, blocks = [8, 8, 8, 16, 16, 24, 24, 32], [1, 2, 2, 1, 1, 2, 1]
    table = zip([1, 6, 6, 6, 6, 6, 6], [3, 3, 5, 3, 5, 5, 3], [1, 2, 2, 2, 1, 2, 1], widths, widths[1:], blocks)
    setting = [efficientnet.MBConvConfig(*row) for row in table][:stages]
    return efficientnet.EfficientNet(setting, dropout=0.0, stochastic_depth_prob=0.0, num_classes=CLASSES, last_channel=48)


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's padding, as its documentation of `SAME` says."""

    def forward(self, x):
        pads = []
        for length, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return nn.functional.conv2d(nn.functional.pad(x, pads), self.weight, self.bias, self.stride, 0, 1, self.groups)


def from_tensorflow(net):
    """Uneven padding and the epsilon of TensorFlow's batch norms."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.__class__ = SameConv
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3
    return net


def narrow_lite(stages=7):
    net = narrow_efficientnet(stages)
    for module in list(net.modules()):
        if isinstance(module, efficientnet.MBConv):
            module.block = nn.Sequential(*[part for part in module.block if not isinstance(part, efficientnet.SqueezeExcitation)])
        for name, child in module.named_children():
            if isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU6(inplace=True))
    return from_tensorflow(net)


def narrow_mobilenet_v2():
    # A quarter of these widths, and of the stem's 32; the last convolution keeps its 1280.
    table = zip([1, 6, 6, 6, 6, 6, 6], [32, 32, 64, 64, 96, 96, 128], [1, 2, 2, 1, 2, 1, 1], [1, 2, 2, 2, 1, 2, 1])
    return mobilenetv2.MobileNetV2(CLASSES, 0.25, [list(row) for row in table], dropout=0.0)


def narrow_mobilenet_v3(rows, last):
    setting = [mobilenetv3.InvertedResidualConfig(*row, 1, 1.0) for row in rows]
    norm = partial(nn.BatchNorm2d, eps=1e-3)
    return mobilenetv3.MobileNetV3(setting, last, CLASSES, norm_layer=norm, dropout=0.0)


# Input, kernel, widened, output, squeeze-and-excitation, activation, stride: the published pattern with other widths.
V3_LARGE = [
    (8, 3, 8, 8, False, "RE", 1),
    (8, 3, 32, 8, False, "RE", 2),
    (8, 3, 24, 8, False, "RE", 1),
    (8, 5, 24, 16, True, "RE", 2),
    (16, 3, 96, 16, False, "HS", 2),
    (16, 3, 40, 16, False, "HS", 1),
    (16, 3, 40, 16, False, "HS", 1),
    (16, 3, 96, 24, True, "HS", 1),
    (24, 5, 144, 24, True, "HS", 2),
    (24, 5, 144, 24, True, "HS", 1),
]
V3_SMALL = [
    (8, 3, 8, 8, True, "RE", 2),
    (8, 3, 40, 8, False, "RE", 2),
    (8, 3, 32, 8, False, "RE", 1),
    (8, 5, 32, 16, True, "HS", 2),
    (16, 5, 96, 16, True, "HS", 1),
    (16, 5, 48, 24, True, "HS", 1),
    (24, 5, 144, 24, True, "HS", 2),
]
VGG = [4, 4, "M", 6, 6, "M", 8, 8, 8, "M", 8, 8, 8, "M", 8, 8, 8, "M"]
NARROW = {
    "shallow-cnn": lambda: plain([6, "M", 8, "M"], False, 4, [10]),
    "deep-cnn": lambda: plain([4, 4, "M", 6, 6, "M", 8, 8, "M"], False, 4, [10]),
    "custom-cnn": lambda: plain([4, "M", 6, "M", 8, "M", 10, "M"], True, 1, [10]),
    "vgg16": lambda: plain(VGG, False, 7, [12, 12]),
    "vgg16-bn": lambda: plain(VGG, True, 7, [12, 12]),
    "resnet18": lambda: narrow_resnet(resnet.BasicBlock, [2, 2, 2, 2]),
    "resnet50": lambda: narrow_resnet(resnet.Bottleneck, [1, 2, 1, 1]),
    "resnet50-keras": keras_resnet,
    "resnet34": lambda: narrow_resnet(resnet.BasicBlock, [1, 2, 1, 1]),
    "resnet152": lambda: narrow_resnet(resnet.Bottleneck, [1, 1, 2, 1]),
    "densenet121": lambda: densenet.DenseNet(4, (2, 2, 2, 2), 8, num_classes=CLASSES),
    "densenet201": lambda: densenet.DenseNet(4, (1, 2, 3, 2), 8, num_classes=CLASSES),
    "efficientnet-b0": narrow_efficientnet,
    "efficientnet-b0-same": lambda: from_tensorflow(narrow_efficientnet()),
    "efficientnet-lite0": narrow_lite,
    "efficientnet-lite0-cut": lambda: narrow_lite(5),
    "mobilenet-v2": narrow_mobilenet_v2,
    "mobilenet-v3-large": lambda: narrow_mobilenet_v3(V3_LARGE, 20),
    "mobilenet-v3-small": lambda: narrow_mobilenet_v3(V3_SMALL, 20),
}


def rows(tensors):
    """For each tensor, by name: its norm and seven of its values, first to last."""
    out = []
    for _, t in sorted(tensors.items()):
        t = t.detach().double().flatten()
        out.append([t.norm().item()] + [t[j * (len(t) - 1) // 6].item() for j in range(7)])
    return torch.tensor(out, dtype=torch.float32)


def with_channels(net, name, channels):
    if channels != 3:
        if "resnet" in name:
            grey_stem(net, "conv1", channels)
        elif "densenet" in name:
            grey_stem(net.features, "conv0", channels)
        elif "efficientnet" in name or "mobilenet" in name:
            kind = type(net.features[0][0])
            grey_stem(net.features[0], 0, channels)
            net.features[0][0].__class__ = kind
        else:
            grey_stem(net.features, 0, channels)
    return fill(net)


def narrow(path):
    out = {}
    for name, make in NARROW.items():
        for channels, size in [(3, (64, 64)), (1, (67, 50))]:
            net = with_channels(make(), name, channels)
            weight = torch.from_numpy(unit("weight", 4 * CLASSES).astype(np.float32)).reshape(4, CLASSES)
            for mode in ["inference", "training"]:
                net.train(mode == "training")
                x = picture(4, channels, size).requires_grad_()
                net.zero_grad()
                logits = net(x)
                (logits * weight).sum().backward()
                key = f"{name}.{channels}.{mode}"
                out[f"{key}.logits"] = logits.detach()
                gradients = {k: p.grad for k, p in net.named_parameters()}
                out[f"{key}.gradients"] = rows(gradients)
                out[f"{key}.picture"] = rows({"picture": x.grad})
            buffers = {k: b for k, b in net.named_buffers() if "running" in k}
            if buffers:
                out[f"{name}.{channels}.running"] = rows(buffers)
    save_file(out, path)


def full(path):
    small = {
        "shallow-cnn": ([32, "M", 64, "M"], False, 4, [128]),
        "deep-cnn": ([32, 32, "M", 64, 64, "M", 128, 128, "M"], False, 4, [256]),
        "custom-cnn": ([32, "M", 64, "M", 128, "M", 256, "M"], True, 1, [128]),
    }
    families = {name: (lambda spec=spec: plain(*spec)) for name, spec in small.items()}
    published = ["vgg16", "vgg16_bn", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "densenet121", "densenet169"]
    published += ["densenet201", *(f"efficientnet_b{i}" for i in range(4)), "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"]
    for family in published:
        families[family.replace("_", "-")] = lambda family=family: models.get_model(family, weights=None, num_classes=CLASSES)
    out = {}
    with torch.no_grad():
        for name, make in families.items():
            out[name] = fill(make()).eval()(picture(2, 3, (224, 224)))
            print(name, out[name].abs().max().item())
    save_file(out, path)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--full":
        full(sys.argv[2])
    else:
        narrow(pathlib.Path(__file__).with_suffix(".safetensors"))
