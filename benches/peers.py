"""The peers' side of benches/network.rs: the same network in PyTorch and onnxruntime, on every core.

Needs torch, onnx and onnxruntime: `python benches/peers.py`.
"""

import os, statistics, tempfile, time

import torch
from torch import nn

torch.set_num_threads(os.cpu_count())


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
    def __init__(self, widths=(32, 32, 64, 128, 192), blocks=(2, 2, 2, 1), strides=(1, 2, 2, 1), classes=3, dropout=0.3):
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


def clock(name, images, f, n):
    f()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    print(f"{name}: {median * 1e3:.1f} ms, {images / median:.1f} images/s")


def main():
    torch.manual_seed(1)
    net = CompactResNet()
    one, batch, target = torch.randn(1, 1, 224, 224), torch.randn(16, 1, 224, 224), torch.zeros(16, dtype=torch.long)
    net.eval()
    with torch.inference_mode():
        clock("torch forward, batch 1", 1, lambda: net(one), 50)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.onnx")
        torch.onnx.export(net, one, path, dynamo=False, input_names=["x"], output_names=["y"])
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        session = ort.InferenceSession(path, options)
        data = {"x": one.numpy()}
        clock("onnxruntime forward, batch 1", 1, lambda: session.run(None, data), 50)
    net.train()

    def step():
        net.zero_grad()
        nn.functional.cross_entropy(net(batch), target).backward()

    clock("torch training step, batch 16", 16, step, 10)


if __name__ == "__main__":
    main()
