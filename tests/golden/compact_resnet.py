"""The compact residual network in PyTorch, with the tensor names that Pellucid reads."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.downsample = None
        if s != 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class CompactResNet(nn.Module):
    def __init__(self, widths, blocks, strides, classes, dropout=0.0):
        super().__init__()
        stem = {"conv": nn.Conv2d(1, widths[0], 3, 2, 1, bias=False), "bn": nn.BatchNorm2d(widths[0])}
        self.stem, i, self.names = nn.ModuleDict(stem), widths[0], []
        for n, (o, b, s) in enumerate(zip(widths[1:], blocks, strides), 1):
            chain = [Block(i if k == 0 else o, o, s if k == 0 else 1) for k in range(b)]
            setattr(self, f"stage{n}", nn.Sequential(*chain))
            self.names.append(f"stage{n}")
            i = o
        self.dropout, self.head = nn.Dropout(dropout), nn.Linear(i, classes)

    def forward(self, x):
        x = torch.relu(self.stem["bn"](self.stem["conv"](x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for name in self.names:
            x = getattr(self, name)(x)
        return self.head(self.dropout(x.mean((2, 3))))
