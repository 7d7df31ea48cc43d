"""Writes cam.safetensors: class activation maps of a small random network by the `grad-cam` package.

    pip install torch grad-cam safetensors
    python tests/golden/cam.py

The network is our compact residual network with 6, 8 and 12 channels, one and two blocks, and random batch-norm statistics.
The file holds its weights by their names, `input`, `logits`, and for both methods at both stages the maps of all
classes: `raw.<stage>.<method>` (layer resolution, before any post-processing) and `final.<stage>.<method>` (image size, 0-1).
"""

from pathlib import Path

import numpy as np
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

CLASSES = 4


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + skip)


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(6)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn(self.conv(x))), 3, 2, 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Stem()
        self.stage1 = nn.Sequential(Block(6, 8, 1))
        self.stage2 = nn.Sequential(Block(8, 12, 2), Block(12, 12, 1))
        self.head = nn.Linear(12, CLASSES)

    def forward(self, x):
        return self.head(self.stage2(self.stage1(self.stem(x))).mean((2, 3)))


def main():
    torch.manual_seed(20)
    network = Network().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    nn.init.normal_(network.head.weight, 0, 1.0)
    image = torch.randn(1, 1, 32, 48)

    out = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    out["input"] = image
    out["logits"] = network(image).detach()
    for stage in ("stage1", "stage2"):
        layer = getattr(network, stage)[-1]
        for name, method in (("grad-cam", GradCAM), ("grad-cam++", GradCAMPlusPlus)):
            raw, final = [], []
            with method(model=network, target_layers=[layer]) as cam:
                for c in range(CLASSES):
                    targets = [ClassifierOutputTarget(c)]
                    final.append(cam(input_tensor=image, targets=targets)[0])
                    kept = cam.activations_and_grads
                    a, g = (t[0].cpu().data.numpy() for t in (kept.activations, kept.gradients))
                    raw.append(cam.get_cam_image(image, layer, targets, a, g, False)[0])
            out[f"raw.{stage}.{name}"] = torch.tensor(np.stack(raw))
            out[f"final.{stage}.{name}"] = torch.tensor(np.stack(final))
    for key, value in out.items():
        out[key] = value.detach().float().contiguous()
        if key.startswith(("raw", "logits")):
            print(key, tuple(value.shape), value.flatten(1).amax(1).tolist())
    save_file(out, Path(__file__).with_name("cam.safetensors"))


if __name__ == "__main__":
    main()
