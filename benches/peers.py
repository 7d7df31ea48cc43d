"""The peers' side of benches/network.rs and benches/training.rs: the same networks in PyTorch and onnxruntime, on every core.

Needs torch, torchvision, onnx and onnxruntime.

    python benches/peers.py             forward pass of the default architecture
    python benches/peers.py training    training steps (forward and backward) of custom CNN, ResNet-18 and the default
                                        architecture, ours and PyTorch's in turn, with the ratios of speed and of peak memory
"""

import json, os, pathlib, statistics, subprocess, sys, tempfile, time

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
    net, one = compact_resnet(), torch.randn(1, 1, 224, 224)
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


BATCH = 16


def compact_resnet():
    return CompactResNet((24, 24, 48, 112, 224), (2, 2, 2, 1), (1, 2, 2, 1), classes=3, dropout=0.3)


def custom_cnn():
    layers, channels = [], 1
    for width in (32, 64, 128, 256):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        channels = width
    head = [nn.Linear(channels, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 3)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)


def resnet18():
    import torchvision

    net = torchvision.models.resnet18(num_classes=3)
    net.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return net


NETWORKS = {"custom-cnn": custom_cnn, "resnet18": resnet18, "compact-resnet": compact_resnet}


def torch_step(name):
    """One process of its own: prints the median time of a step (forward, backward) and the peak memory."""
    import resource

    net = NETWORKS[name]().train()
    x, target = torch.randn(BATCH, 1, 224, 224), torch.zeros(BATCH, dtype=torch.long)

    def step():
        net.zero_grad()
        nn.functional.cross_entropy(net(x), target).backward()

    step(), step()
    times = []
    for _ in range(10):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(times), "mebibytes": peak}))


def our_step(binary, name):
    command = ["/usr/bin/env", "time", "-f", "%M", binary, "--bench", f"/{name}$"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(run.stderr.strip().splitlines()[-1]) / 1024
    group = "training step, batch 16 at 224"
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    estimates = json.loads((target / "criterion" / group / name / "new" / "estimates.json").read_text())
    return {"seconds": estimates["median"]["point_estimate"] * 1e-9, "mebibytes": peak}


def training():
    built = subprocess.run(
        ["cargo", "bench", "--bench", "training", "--no-run", "--message-format=json"],
        capture_output=True, text=True, check=True,
    )
    lines = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    binary = [m["executable"] for m in lines if m.get("executable") and m["target"]["name"] == "training"][-1]
    for name in NETWORKS:
        rounds = []
        for _ in range(3):
            theirs = json.loads(subprocess.check_output([sys.executable, __file__, "step", name]))
            rounds.append((our_step(binary, name), theirs))
        ours, theirs = ([min(r[k]["seconds"] for r in rounds) for k in (0, 1)])
        memory = [max(r[k]["mebibytes"] for r in rounds) for k in (0, 1)]
        print(
            f"{name}: ours {BATCH / ours:.1f} images/s, torch {BATCH / theirs:.1f}, speed {theirs / ours:.2f} x; "
            f"ours {memory[0]:.0f} MiB, torch {memory[1]:.0f}, memory {memory[0] / memory[1]:.2f} x"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        torch_step(sys.argv[2])
    elif sys.argv[1:2] == ["training"]:
        training()
    else:
        main()
