"""Writes segmentation.safetensors: a narrow feature pyramid of PyTorch with its logits and gradients, and the loss of
training a segmenter.

Needs torch and safetensors: `python tests/golden/segmentation.py`.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

WIDTHS, BLOCKS, DECODER = (4, 20, 6), (0, 1, 2), (8, 18, 5)


class Unit(nn.Module):
    """Convolution and norm; the ReLU stands where the unit is used."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.conv(x))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + x)


class Level(Unit):
    def __init__(self, inputs, width, blocks):
        super().__init__(inputs, width, 3, 2)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))

    def forward(self, x):
        return self.blocks(F.relu(super().forward(x)))


class Step(nn.Module):
    def __init__(self, fine, width, outputs):
        super().__init__()
        self.lateral = Unit(fine, width, 1)
        self.smooth = Unit(width, outputs, 3)

    def forward(self, fine, coarse):
        joined = F.relu(self.lateral(fine) + F.interpolate(coarse, scale_factor=2, mode="nearest"))
        return F.relu(self.smooth(joined))


class Head(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 1, 1)

    def forward(self, x):
        return self.conv(x)


class Pyramid(nn.Module):
    def __init__(self, widths, blocks, decoder):
        super().__init__()
        inputs = (1, *widths[:-1])
        self.encoder = nn.ModuleList(Level(i, w, b) for i, w, b in zip(inputs, widths, blocks))
        self.top = Unit(widths[-1], decoder[0], 1)
        finer = widths[-2::-1]
        self.steps = nn.ModuleList(Step(f, w, o) for f, w, o in zip(finer, decoder, decoder[1:]))
        self.head = Head(decoder[-1])

    def forward(self, x):
        maps = []
        for level in self.encoder:
            x = level(x)
            maps.append(x)
        up = F.relu(self.top(x))
        for step, fine in zip(self.steps, maps[-2::-1]):
            up = step(fine, up)
        return self.head(up)


def loss_of(logits, target, weight, smooth):
    """Mean over images of weighted binary cross-entropy plus one minus soft Dice."""
    p = torch.sigmoid(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (entropy * weight).flatten(1).sum(1) / weight.flatten(1).sum(1)
    shared = (p * target * weight).flatten(1).sum(1)
    both = ((p + target) * weight).flatten(1).sum(1)
    return (entropy + 1 - (2 * shared + smooth) / (both + smooth)).mean()


torch.manual_seed(11)
net = Pyramid(WIDTHS, BLOCKS, DECODER)
for module in net.modules():
    if isinstance(module, nn.BatchNorm2d):
        nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.uniform_(module.bias, -0.5, 0.5)
        nn.init.uniform_(module.running_mean, -0.5, 0.5)
        nn.init.uniform_(module.running_var, 0.5, 1.5)
out = {f"net.{k}": v.clone() for k, v in net.state_dict().items() if "num_batches" not in k}
x = torch.randn(2, 1, 24, 16)
weight = torch.randn(2, 1, 12, 8)
out["x"], out["weight"] = x, weight
net.eval()
out["logits"] = net(x).detach()
net.train()
logits = net(x)
out["training_logits"] = logits.detach()
(logits * weight).sum().backward()
out |= {f"grad.{k}": v.grad.clone() for k, v in net.named_parameters()}
out |= {f"after.{k}": v.clone() for k, v in net.state_dict().items() if "running" in k}

# The second image holds nothing; a few pixels of the first are ignored.
scores = torch.randn(2, 1, 6, 5, requires_grad=True)
target = torch.rand(2, 1, 6, 5)
target[1] = 0
known = torch.ones(2, 1, 6, 5)
known[0, 0, :2, :3] = 0
value = loss_of(scores, target, known, 0.3)
value.backward()
out |= {"loss.logits": scores.detach(), "loss.target": target, "loss.known": known}
out |= {"loss.value": value.detach().reshape(1), "loss.gradient": scores.grad}
save_file({k: v.contiguous() for k, v in out.items()}, pathlib.Path(__file__).with_suffix(".safetensors"))
