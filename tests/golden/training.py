"""Golden numbers for loss, optimizer and schedules: python tests/golden/training.py > tests/golden/training.json"""

import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(7)


def numbers(tensor):
    return [round(v, 9) for v in tensor.detach().double().flatten().tolist()]


def loss():
    logits = (torch.randn(4, 3) * 2).requires_grad_()
    targets = torch.softmax(torch.randn(4, 3), 1)
    targets[0] = torch.tensor([0.0, 1.0, 0.0])
    weights = torch.tensor([1.5, 0.5, 1.2])
    value = F.cross_entropy(logits, targets, weight=weights, label_smoothing=0.1)
    value.backward()
    return {
        "logits": numbers(logits),
        "targets": numbers(targets),
        "weights": numbers(weights),
        "smoothing": 0.1,
        "loss": value.item(),
        "gradient": numbers(logits.grad),
    }


def adamw():
    """A matrix (decayed) and a vector (not decayed), five steps, clipped to the global norm 1."""
    matrix, vector = torch.randn(2, 3).requires_grad_(), torch.randn(3).requires_grad_()
    start = numbers(matrix), numbers(vector)
    optimizer = torch.optim.AdamW([{"params": [matrix], "weight_decay": 0.05}, {"params": [vector], "weight_decay": 0.0}], lr=0.01)
    gradients, norms = [], []
    for step in range(5):
        matrix.grad, vector.grad = torch.randn(2, 3) * 0.5, torch.randn(3) * 0.5
        gradients.append([numbers(matrix.grad), numbers(vector.grad)])
        norms.append(torch.nn.utils.clip_grad_norm_([matrix, vector], 1.0).item())
        optimizer.step()
    return {
        "matrix": start[0],
        "vector": start[1],
        "rate": 0.01,
        "decay": 0.05,
        "clip": 1.0,
        "gradients": gradients,
        "norms": norms,
        "matrix_after": numbers(matrix),
        "vector_after": numbers(vector),
    }


def schedule(make, steps):
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.01)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


lr = torch.optim.lr_scheduler
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "loss": loss(),
            "adamw": adamw(),
            "cosine": schedule(lambda o: lr.CosineAnnealingLR(o, T_max=20, eta_min=0.0001), 20),
            "one_cycle": schedule(lambda o: lr.OneCycleLR(o, max_lr=0.01, total_steps=20, pct_start=0.3), 20),
        },
        indent=1,
    )
)
