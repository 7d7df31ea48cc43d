"""The peers' side of benches/network.rs and benches/training.rs: the same networks in PyTorch and onnxruntime, on every core.

Needs torch, torchvision, timm, onnx and onnxruntime. Ours and theirs run in turn; of three rounds the best counts.

    python benches/peers.py [NAME …]             forward pass, batch 1: ratios to onnxruntime and to PyTorch
    python benches/peers.py training [NAME …]    training steps (forward and backward): ratios to PyTorch in speed and peak memory
"""

import json, os, pathlib, statistics, subprocess, sys, tempfile, time

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "golden"))
from compact_resnet import CompactResNet

torch.set_num_threads(os.cpu_count())
BATCH, ROUNDS = 16, 3


def compact_resnet():
    return CompactResNet((24, 24, 48, 112, 224), (2, 2, 2, 1), (1, 2, 2, 1), classes=3, dropout=0.3)


def custom_cnn():
    layers, channels = [], 1
    for width in (32, 64, 128, 256):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        channels = width
    head = [nn.Linear(channels, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 3)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)


def grey_resnet18():
    net = torchvision_net("resnet18")()
    net.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return net


def torchvision_net(name):
    def make():
        import torchvision

        return torchvision.models.get_model(name, num_classes=3)

    return make


def lite0():
    import timm

    return timm.create_model("tf_efficientnet_lite0", num_classes=3)


PUBLISHED = {
    "efficientnet-lite0": lite0,
    "efficientnet-b0": torchvision_net("efficientnet_b0"),
    "mobilenet-v2": torchvision_net("mobilenet_v2"),
    "mobilenet-v3-large": torchvision_net("mobilenet_v3_large"),
    "densenet121": torchvision_net("densenet121"),
}
# Name of the bench, how the peer is made, channels that it sees.
FORWARD = {
    "compact-resnet": (compact_resnet, 1),
    "resnet18": (torchvision_net("resnet18"), 3),
    "resnet50": (torchvision_net("resnet50"), 3),
    **{name: (make, 3) for name, make in PUBLISHED.items()},
}
TRAINING = {
    "custom-cnn": (custom_cnn, 1),
    "resnet18": (grey_resnet18, 1),
    "compact-resnet": (compact_resnet, 1),
    **{name: (make, 3) for name, make in PUBLISHED.items()},
}


def median(f, n):
    f(), f()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def their_forward(name):
    """One process of its own: prints the median seconds of a pass in onnxruntime and in PyTorch."""
    import onnxruntime as ort

    make, channels = FORWARD[name]
    torch.manual_seed(1)
    net, one = make().eval(), torch.randn(1, channels, 224, 224)
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        seconds = {"torch": median(lambda: net(one), 40)}
        path = os.path.join(folder, "net.onnx")
        torch.onnx.export(net, one, path, dynamo=False, input_names=["x"], output_names=["y"])
        options = ort.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        session = ort.InferenceSession(path, options)
        data = {"x": one.numpy()}
        seconds["onnxruntime"] = median(lambda: session.run(None, data), 100)
    print(json.dumps(seconds))


def their_step(name):
    """One process of its own: prints the median time of a step (forward, backward) and the peak memory."""
    import resource

    make, channels = TRAINING[name]
    net = make().train()
    x, target = torch.randn(BATCH, channels, 224, 224), torch.zeros(BATCH, dtype=torch.long)

    def step():
        net.zero_grad()
        nn.functional.cross_entropy(net(x), target).backward()

    seconds = median(step, 10)
    print(json.dumps({"seconds": seconds, "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def bench_binary(bench):
    built = subprocess.run(
        ["cargo", "bench", "--bench", bench, "--no-run", "--message-format=json"],
        capture_output=True, text=True, check=True,
    )
    lines = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    return [m["executable"] for m in lines if m.get("executable") and m["target"]["name"] == bench][-1]


def ours(binary, group, name):
    command = ["/usr/bin/env", "time", "-f", "%M", binary, "--bench", f"/{name}$"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(run.stderr.strip().splitlines()[-1]) / 1024
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    estimates = json.loads((target / "criterion" / group / name / "new" / "estimates.json").read_text())
    return {"seconds": estimates["median"]["point_estimate"] * 1e-9, "mebibytes": peak}


def theirs(kind, name):
    output = subprocess.check_output([sys.executable, __file__, kind, name], text=True)
    return json.loads(output.strip().splitlines()[-1])


def forward(names):
    binary = bench_binary("network")
    for name in names or FORWARD:
        rounds = [(ours(binary, "forward, batch 1 at 224", name), theirs("forward-of", name)) for _ in range(ROUNDS)]
        own = min(o["seconds"] for o, _ in rounds)
        ort, pytorch = (min(t[k] for _, t in rounds) for k in ("onnxruntime", "torch"))
        print(
            f"{name}: ours {own * 1e3:.1f} ms, onnxruntime {ort * 1e3:.1f}, torch {pytorch * 1e3:.1f}; "
            f"time {own / ort:.2f} x onnxruntime, {own / pytorch:.2f} x torch",
            flush=True,
        )


def training(names):
    binary = bench_binary("training")
    for name in names or TRAINING:
        rounds = [(ours(binary, "training step, batch 16 at 224", name), theirs("step-of", name)) for _ in range(ROUNDS)]
        own, their = (min(r[k]["seconds"] for r in rounds) for k in (0, 1))
        memory = [max(r[k]["mebibytes"] for r in rounds) for k in (0, 1)]
        print(
            f"{name}: ours {BATCH / own:.1f} images/s, torch {BATCH / their:.1f}, speed {their / own:.2f} x; "
            f"ours {memory[0]:.0f} MiB, torch {memory[1]:.0f}, memory {memory[0] / memory[1]:.2f} x",
            flush=True,
        )


if __name__ == "__main__":
    kind, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if kind == "forward-of":
        their_forward(rest[0])
    elif kind == "step-of":
        their_step(rest[0])
    elif kind == "training":
        training(rest)
    else:
        forward(sys.argv[1:])
