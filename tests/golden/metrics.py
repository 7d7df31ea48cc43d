"""Writes metrics.json: figures of scikit-learn that src/evaluation is held to.

Run in this folder with Python and scikit-learn: python metrics.py
"""

import json

import numpy as np
import sklearn
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

random = np.random.default_rng(11)
N, K = 90, 3
truth = random.integers(0, K, N)
logits = random.normal(size=(N, K)) + 1.2 * np.eye(K)[truth]
probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
# Rounded, so that scores tie.
probabilities = np.round(probabilities, 2)
probabilities[:, 0] = np.round(1 - probabilities[:, 1:].sum(1), 2)
probabilities = np.clip(probabilities, 0, 1)
predicted = probabilities.argmax(1)

positive = truth > 0
score = np.round(probabilities[:, 1] + probabilities[:, 2], 2)
threshold = 0.6
called = score >= threshold
points = roc_curve(positive, score, drop_intermediate=False)

confidence = probabilities.max(1)
bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
ece = sum(
    (bins == b).sum() / N * abs((predicted == truth)[bins == b].mean() - confidence[bins == b].mean())
    for b in range(15)
    if (bins == b).any()
)



def ece_of(confidence, right, members):
    return float(sum(len(m) / N * abs(right[m].mean() - confidence[m].mean()) for m in members if len(m)))


def equal_mass(confidence):
    return np.array_split(np.argsort(confidence, kind="stable"), 15)


def equal_width(confidence):
    place = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    return [np.flatnonzero(place == b) for b in range(15)]


def floor(confidence, members, draws=100_000):
    """The error of truths that are drawn from the probabilities, as of a perfectly calibrated model."""
    drawn = np.random.default_rng(12).random((draws, N)) < confidence
    errors = sum(abs((drawn[:, m] - confidence[m]).sum(1)) for m in members if len(m)) / N
    low, high = np.quantile(errors, [0.025, 0.975])
    return {"mean": float(errors.mean()), "sd": float(errors.std()), "low": float(low), "high": float(high)}


right = predicted == truth
cost = {
    float(t): 5 * int((positive & (score < t)).sum()) + int((~positive & (score >= t)).sum()) for t in np.unique(score)
}
json.dump(
    {
        "scikit_learn": sklearn.__version__,
        "truth": truth.tolist(),
        "probabilities": probabilities.tolist(),
        "accuracy": accuracy_score(truth, predicted),
        "confusion": confusion_matrix(truth, predicted).tolist(),
        "auroc": [roc_auc_score(truth == k, probabilities[:, k]) for k in range(K)],
        "brier": float(((probabilities - np.eye(K)[truth]) ** 2).sum(1).mean()),
        "binary_brier": brier_score_loss(positive, score),
        "nll": log_loss(truth, np.clip(probabilities, 1e-12, 1), labels=range(K)),
        "ece": ece,
        "adaptive_ece": ece_of(confidence, right, equal_mass(confidence)),
        "balanced_accuracy": balanced_accuracy_score(truth, predicted),
        "kappa": cohen_kappa_score(truth, predicted),
        "mcc": matthews_corrcoef(truth, predicted),
        "precision": precision_score(truth, predicted, average=None).tolist(),
        "recall": recall_score(truth, predicted, average=None).tolist(),
        "f1": f1_score(truth, predicted, average=None).tolist(),
        "macro_f1": f1_score(truth, predicted, average="macro"),
        "macro_auroc": roc_auc_score(truth, probabilities, multi_class="ovr"),
        "micro_auroc": roc_auc_score(np.eye(K)[truth].ravel(), probabilities.ravel()),
        "binary": {
            "positive": positive.tolist(),
            "score": score.tolist(),
            "threshold": threshold,
            "auroc": roc_auc_score(positive, score),
            "accuracy": accuracy_score(positive, called),
            "sensitivity": recall_score(positive, called),
            "specificity": recall_score(~positive, ~called),
            "precision": precision_score(positive, called),
            "f1": f1_score(positive, called),
            "npv": precision_score(~positive, ~called),
            "mcc": matthews_corrcoef(positive, called),
            "kappa": cohen_kappa_score(positive, called),
            "average_precision": average_precision_score(positive, score),
            "nll": log_loss(positive, np.clip(score, 1e-12, 1 - 1e-12)),
            "ece": ece_of(score, positive, equal_width(score)),
            "adaptive_ece": ece_of(score, positive, equal_mass(score)),
            "lowest_cost": min(cost.values()),
            "false_positive_rate": points[0].tolist(),
            "true_positive_rate": points[1].tolist(),
        },
        "ece_floor": {
            "ece": floor(confidence, equal_width(confidence)),
            "adaptive_ece": floor(confidence, equal_mass(confidence)),
            "binary_ece": floor(score, equal_width(score)),
            "binary_adaptive_ece": floor(score, equal_mass(score)),
        },
    },
    open("metrics.json", "w"),
)
