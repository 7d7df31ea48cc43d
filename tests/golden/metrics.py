"""Writes metrics.json: figures of scikit-learn that src/evaluation is held to.

Run in this folder with Python and scikit-learn: python metrics.py
"""

import json

import numpy as np
import sklearn
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
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
            "false_positive_rate": points[0].tolist(),
            "true_positive_rate": points[1].tolist(),
        },
    },
    open("metrics.json", "w"),
)
