"""Golden numbers for losses, optimizers and schedules: python tests/golden/training.py > tests/golden/training.json"""

import json

import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

torch.manual_seed(7)


def numbers(tensor):
    return [None if v != v else round(v, 9) for v in tensor.detach().double().flatten().tolist()]


def case(name, truth, value_of, weights, smoothing, gamma=0.0, alpha=None):
    """`value_of(logits, smoothed truth, weights)` is the loss of four images and three labels."""
    logits = (torch.randn(4, 3) * 2).requires_grad_()
    value = value_of(logits, truth, weights)
    value.backward()
    return {
        "name": name,
        "logits": numbers(logits),
        "truth": numbers(truth),
        "weights": numbers(weights),
        "smoothing": smoothing,
        "gamma": gamma,
        "alpha": alpha,
        "loss": value.item(),
        "gradient": numbers(logits.grad),
    }


def losses():
    mixed = torch.softmax(torch.randn(4, 3), 1)
    mixed[0] = torch.tensor([0.0, 1.0, 0.0])
    weights, ones = torch.tensor([1.5, 0.5, 1.2]), torch.ones(3)

    def softmax(z, q, w):
        return F.cross_entropy(z, q, weight=w, label_smoothing=0.1)

    def softmax_focal(z, q, w):
        p = torch.softmax(z, 1)
        return -(w * q * (1 - p) ** 2 * torch.log_softmax(z, 1)).sum() / len(z)

    findings = torch.tensor([[1.0, 0, 0], [0, 1, 1], [float("nan"), 0, 1], [0, float("nan"), 0.3]])

    def sigmoid(z, q, w):
        known = ~q.isnan()
        q = torch.where(known, q, 0) * 0.9 + 0.05
        return F.binary_cross_entropy_with_logits(z, q, pos_weight=w, reduction="none")[known].mean()

    def sigmoid_focal(alpha):
        def value(z, q, _):
            known = ~q.isnan()
            return sigmoid_focal_loss(z, torch.where(known, q, 0), alpha, 2.0)[known].mean()

        return value

    return [
        case("softmax", mixed, softmax, weights, 0.1),
        case("softmax focal", mixed, softmax_focal, weights, 0.0, 2.0),
        case("sigmoid", findings, sigmoid, weights, 0.1),
        case("sigmoid focal", findings, sigmoid_focal(-1), ones, 0.0, 2.0),
        case("sigmoid focal with alpha", findings, sigmoid_focal(0.25), ones, 0.0, 2.0, 0.25),
    ]


def optimizer(name, make):
    """A matrix (decayed) and a vector (not decayed), five steps, clipped to the global norm 1."""
    matrix, vector = torch.randn(2, 3).requires_grad_(), torch.randn(3).requires_grad_()
    start = numbers(matrix), numbers(vector)
    taken = make([{"params": [matrix], "weight_decay": 0.05}, {"params": [vector], "weight_decay": 0.0}])
    gradients, norms = [], []
    for step in range(5):
        matrix.grad, vector.grad = torch.randn(2, 3) * 0.5, torch.randn(3) * 0.5
        gradients.append([numbers(matrix.grad), numbers(vector.grad)])
        norms.append(torch.nn.utils.clip_grad_norm_([matrix, vector], 1.0).item())
        taken.step()
    return {
        "name": name,
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


def plateau():
    losses = [1.0, 0.8, 0.79999, 0.81, 0.8, 0.7, 0.71, 0.72, 0.9, 0.7, 0.7, 0.6999, 0.5, 0.6]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01)
    scheduler = lr.ReduceLROnPlateau(optimizer, factor=0.3, patience=2)
    rates = []
    for loss in losses:
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    return {"losses": losses, "rates": rates}


lr, optim = torch.optim.lr_scheduler, torch.optim
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "losses": losses(),
            "optimizers": [
                optimizer("adamw", lambda p: optim.AdamW(p, lr=0.01)),
                optimizer("adam", lambda p: optim.Adam(p, lr=0.01)),
                optimizer("sgd", lambda p: optim.SGD(p, lr=0.01)),
                optimizer("momentum", lambda p: optim.SGD(p, lr=0.01, momentum=0.9)),
                optimizer("nesterov", lambda p: optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True)),
            ],
            "cosine": schedule(lambda o: lr.CosineAnnealingLR(o, T_max=20, eta_min=0.0001), 20),
            "one_cycle": schedule(lambda o: lr.OneCycleLR(o, max_lr=0.01, total_steps=20, pct_start=0.3), 20),
            "step": schedule(lambda o: lr.StepLR(o, step_size=6, gamma=0.3), 20),
            "plateau": plateau(),
        },
        indent=1,
    )
)
