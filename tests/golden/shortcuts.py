"""What scikit-learn and SciPy make of scores, groups and ages, with and without regard to the truth.

Run with scikit-learn 1.x and SciPy 1.x; writes shortcuts.json beside itself.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

random = np.random.default_rng(15)
n = 60
strata = (random.random(n) < 0.4).astype(int)
group = random.random(n) < np.where(strata == 1, 0.7, 0.35)
years = np.round(random.uniform(1, 90, n))
# One decimal and float32 throughout, so that there are ties.
scores = np.round(0.3 * strata + 0.2 * group + 0.002 * years + random.normal(0, 0.2, n), 1)

pairs, area, weights, rho = 0, 0.0, 0, 0.0
for s in (0, 1):
    own = strata == s
    inside = int(group[own].sum())
    here = inside * (int(own.sum()) - inside)
    area += here * roc_auc_score(group[own], scores[own])
    pairs += here
    weight = int(own.sum()) - 1
    rho += weight * spearmanr(scores[own], years[own]).statistic
    weights += weight

golden = {
    "scores": scores.tolist(),
    "group": group.tolist(),
    "years": years.tolist(),
    "strata": strata.tolist(),
    "auroc": float(roc_auc_score(group, scores)),
    "auroc_given_truth": area / pairs,
    "spearman": float(spearmanr(scores, years).statistic),
    "spearman_given_truth": rho / weights,
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
