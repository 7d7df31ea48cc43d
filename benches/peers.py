"""The peers' side of benches/network.rs: the same network in PyTorch and onnxruntime, on every core.

Needs torch, onnx and onnxruntime: `python benches/peers.py`.
"""

import os, pathlib, statistics, sys, tempfile, time

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "golden"))
from compact_resnet import CompactResNet

torch.set_num_threads(os.cpu_count())


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
    net = CompactResNet((24, 24, 48, 112, 224), (2, 2, 2, 1), (1, 2, 2, 1), classes=3, dropout=0.3)
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
