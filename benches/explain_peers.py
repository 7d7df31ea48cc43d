"""The peers' side of benches/explanations.rs: what explanations of DenseNet-121 at 224x224 cost by grad-cam, captum and shap.

Needs torch, torchvision, grad-cam, captum and shap. Two threads on both sides, the same weights (tests/golden/architectures.py).

    python benches/explain_peers.py                 every benchmark, ours and theirs in turn, with the ratios of time and peak memory
    python benches/explain_peers.py only NAME ...   some of them
    python benches/explain_peers.py method NAME     theirs alone, in this process: {"seconds": median, "mebibytes": peak}

A ratio is ours / theirs, of the least median of three rounds and of the highest peak. What is computed under each name:

    forward                     one picture
    grad-cam                    one class, at the last feature maps
    grad-cam of 14 classes      as grad-cam is used: one call, with its forward and backward pass, for each class
    score-cam 64                ScoreCAM at `pool0`, which has 64 channels: 64 forward passes in the package's batches of 16 (the 1024
                                channels of the last maps would take minutes)
    occlusion 49                captum Occlusion, patches of 56 pixels that move by 28, 16 a batch
    rise 64                     64 masks of 7x7 cells, a plain loop in batches of 16
    kernel-shap 64              shap KernelExplainer, 16 superpixels, 64 coalitions, 16 a batch, without L1 regularisation
    integrated-gradients 50     captum, 50 steps, 10 a batch
    ablation-cam 64             AblationCAM at the last maps, 64 of 1024 channels (ratio_channels_to_ablate), in its batches of 32; it
                                runs the whole network for each. Ours tries all 1024: it runs what stands behind them
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
GROUP = "explanation of DenseNet-121 at 224"
CLASSES, SIZE, BATCH, CLASS = 14, 224, 16, 1
REPEATS = {"forward": 20, "grad-cam": 10}


def network():
    import torch
    from torchvision import models

    sys.path.append(str(ROOT / "tests" / "golden"))
    from architectures import fill, picture

    torch.set_num_threads(2)
    net = fill(models.densenet121(weights=None, num_classes=CLASSES)).eval()
    return net, picture(1, 3, (SIZE, SIZE))


def baseline():
    import torch

    return torch.tensor([-1.2, -0.9, -0.7]).reshape(1, 3, 1, 1)


def forward(net, x):
    import torch

    def run():
        with torch.inference_mode():
            net(x)

    return run


def grad_cam(net, x, classes=(CLASS,)):
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam = GradCAM(net, [net.features[-1]])
    return lambda: [cam(x, [ClassifierOutputTarget(c)]) for c in classes]


def score_cam(net, x):
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam = ScoreCAM(net, [net.features.pool0])
    return lambda: cam(x, [ClassifierOutputTarget(CLASS)])


def ablation_cam(net, x):
    from pytorch_grad_cam import AblationCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam = AblationCAM(net, [net.features[-1]], ratio_channels_to_ablate=1 / 32)
    return lambda: cam(x, [ClassifierOutputTarget(CLASS)])


def occlusion(net, x):
    import torch
    from captum.attr import Occlusion

    method, b, patch, step = Occlusion(net), baseline().expand_as(x), (3, SIZE // 4, SIZE // 4), (3, SIZE // 8, SIZE // 8)

    def run():
        with torch.no_grad():
            method.attribute(x, patch, step, b, CLASS, perturbations_per_eval=BATCH)

    return run


def rise(net, x):
    import torch

    torch.manual_seed(1)
    cell = SIZE // 7
    grids = (torch.rand(64, 1, 7, 7) < 0.5).float()
    shifts = torch.randint(cell, (64, 2)).tolist()

    def run():
        heat = torch.zeros(CLASSES, SIZE, SIZE)
        with torch.inference_mode():
            for first in range(0, 64, BATCH):
                large = torch.nn.functional.interpolate(
                    grids[first : first + BATCH], size=(8 * cell, 8 * cell), mode="bilinear", align_corners=False
                )
                shifted = zip(large, shifts[first : first + BATCH])
                masks = torch.stack([m[:, y : y + SIZE, z : z + SIZE] for m, (y, z) in shifted])
                scores = net(masks * x + (1 - masks) * baseline())
                heat += torch.einsum("nk,nhw->khw", scores, masks[:, 0])
        return heat / (64 * 0.5)

    return run


def kernel_shap(net, x):
    import numpy as np
    import shap
    import torch

    side = torch.arange(SIZE) // (SIZE // 4)
    label = side[:, None] * 4 + side[None]

    def score(rows):
        out = []
        with torch.inference_mode():
            for first in range(0, len(rows), BATCH):
                masks = torch.from_numpy(rows[first : first + BATCH]).float()[:, label][:, None]
                out.append(net(masks * x + (1 - masks) * baseline()))
        return torch.cat(out).numpy()

    def run():
        explainer = shap.KernelExplainer(score, np.zeros((1, 16)))
        return explainer.shap_values(np.ones((1, 16)), nsamples=64, l1_reg=False, silent=True)

    return run


def integrated_gradients(net, x):
    from captum.attr import IntegratedGradients

    method, b = IntegratedGradients(net), baseline().expand_as(x)
    return lambda: method.attribute(x, b, target=CLASS, n_steps=50, internal_batch_size=10)


METHODS = {
    "forward": forward,
    "grad-cam": grad_cam,
    "grad-cam of 14 classes": lambda net, x: grad_cam(net, x, range(CLASSES)),
    "score-cam 64": score_cam,
    "occlusion 49": occlusion,
    "rise 64": rise,
    "kernel-shap 64": kernel_shap,
    "integrated-gradients 50": integrated_gradients,
    "ablation-cam 64": ablation_cam,
}


def theirs(name):
    """One process of its own: prints the median time after one run to warm up, and the peak memory."""
    run = METHODS[name](*network())
    run()
    times = []
    for _ in range(REPEATS.get(name, 3)):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(times), "mebibytes": peak}))


def ours(binary, name):
    command = ["/usr/bin/env", "time", "-f", "%M", binary, "--bench", f"/{name}$"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(run.stderr.strip().splitlines()[-1]) / 1024
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    estimates = json.loads((target / "criterion" / GROUP / name / "new" / "estimates.json").read_text())
    return {"seconds": estimates["median"]["point_estimate"] * 1e-9, "mebibytes": peak}


def compare(names):
    built = subprocess.run(
        ["cargo", "bench", "--bench", "explanations", "--no-run", "--message-format=json"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )
    lines = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    binary = [m["executable"] for m in lines if m.get("executable") and m["target"]["name"] == "explanations"][-1]
    for name in names:
        rounds = []
        for _ in range(3):
            peer = json.loads(subprocess.check_output([sys.executable, __file__, "method", name], stderr=subprocess.DEVNULL))
            rounds.append((ours(binary, name), peer))
        seconds = [min(r[k]["seconds"] for r in rounds) for k in (0, 1)]
        memory = [max(r[k]["mebibytes"] for r in rounds) for k in (0, 1)]
        print(
            f"{name}: ours {seconds[0] * 1e3:.0f} ms, theirs {seconds[1] * 1e3:.0f} ms, time {seconds[0] / seconds[1]:.3f} x; "
            f"ours {memory[0]:.0f} MiB, theirs {memory[1]:.0f}, memory {memory[0] / memory[1]:.2f} x",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["method"]:
        theirs(sys.argv[2])
    elif sys.argv[1:2] == ["only"]:
        compare(sys.argv[2:])
    else:
        compare(METHODS)
