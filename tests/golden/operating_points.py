"""Writes operating_points.json: the points of scikit-learn's ROC curves that rules choose, with the scores on either side.

Run in this folder with Python and scikit-learn: python operating_points.py
"""

import json

import numpy as np
import sklearn
from sklearn.metrics import roc_curve

random = np.random.default_rng(5)
RULES = ["youden", "sensitivity=0.8", "sensitivity=0.95", "sensitivity=1", "specificity=0", "specificity=0.5", "specificity=0.9"]
RULES += ["specificity=1", "cost=5:1", "cost=1:5"]


def choose(rule, fpr, tpr, positives, negatives):
    """The number of the point on the curve; of equals the one with the highest threshold, of specificity the lowest threshold."""
    name, _, value = rule.partition("=")
    if name == "youden":
        return int(np.argmax(np.round(tpr[1:] - fpr[1:], 12))) + 1
    if name == "sensitivity":
        return int(np.flatnonzero(tpr >= float(value) - 1e-12)[0])
    if name == "specificity":
        return int(np.flatnonzero(1 - fpr >= float(value) - 1e-12)[-1])
    missed, alarm = map(float, value.split(":"))
    return int(np.argmin(np.round(missed * (1 - tpr) * positives + alarm * fpr * negatives, 9)))


def judged(score, positive):
    fpr, tpr, thresholds = roc_curve(positive, score, drop_intermediate=False)
    points = []
    for rule in RULES:
        i = choose(rule, fpr, tpr, positive.sum(), (~positive).sum())
        called, quiet = score[score >= thresholds[i]], score[score < thresholds[i]]
        points.append(
            {
                "rule": rule,
                "sensitivity": tpr[i],
                "specificity": 1 - fpr[i],
                "above": float(quiet.max()) if len(quiet) else None,
                "up_to": float(called.min()) if len(called) else None,
            }
        )
    return {"score": score.tolist(), "positive": positive.tolist(), "points": points}


def drawn(n, decimals, shift):
    positive = random.random(n) < 0.4
    logit = random.normal(size=n) + shift * positive
    score = 1 / (1 + np.exp(-logit))
    # Single precision, as a network gives them.
    return np.round(score, decimals).astype(np.float32).astype(float), positive


sets = [drawn(120, 6, 1.5), drawn(80, 1, 1.0), drawn(40, 2, 4.0), drawn(12, 2, -1.0)]
sets.append((np.array([0.0, 0.5, 0.5, 1.0]), np.array([False, True, False, True])))
json.dump({"scikit_learn": sklearn.__version__, "sets": [judged(*s) for s in sets]}, open("operating_points.json", "w"))
