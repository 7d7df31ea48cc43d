"""Writes comparison.json: tests of scipy that src/evaluation/{paired,delong,mcnemar}.rs are held to.

Run in this folder with Python, numpy and scipy: python comparison.py
"""

import json

import numpy as np
import scipy
from scipy import stats

random = np.random.default_rng(5)


def paired(k, ratio):
    a = random.normal(0.9, 0.02, k)
    b = a - random.normal(0.01, 0.015, k)
    d = a - b
    plain = stats.ttest_rel(a, b)
    interval = plain.confidence_interval()
    t = d.mean() / np.sqrt(d.var(ddof=1) * (1 / k + ratio))
    return {
        "differences": d.tolist(),
        "test_share": ratio,
        "t": plain.statistic,
        "p": plain.pvalue,
        "low": interval.low,
        "high": interval.high,
        "corrected_t": t,
        "corrected_p": 2 * stats.t.sf(abs(t), k - 1),
    }


def wilcoxon(d):
    found = stats.wilcoxon(d)
    return {"differences": list(map(float, d)), "statistic": found.statistic, "p": found.pvalue}


def delong(n, ties):
    """All pairs one by one, as DeLong et al. wrote it: no ranks."""
    positive = random.random(n) < 0.4
    first = random.normal(size=n) + 1.0 * positive
    second = 0.6 * first + random.normal(size=n) + 0.3 * positive
    if ties:
        first, second = np.round(first), np.round(second, 1)
    scores = np.stack([first, second])
    x, y = scores[:, positive], scores[:, ~positive]
    psi = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
    auroc = psi.mean((1, 2))
    s10, s01 = np.cov(psi.mean(2)), np.cov(psi.mean(1))
    s = s10 / x.shape[1] + s01 / y.shape[1]
    z = (auroc[0] - auroc[1]) / np.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    return {
        "first": first.tolist(),
        "second": second.tolist(),
        "positive": positive.tolist(),
        "auroc": auroc.tolist(),
        "variance": [s[0, 0], s[1, 1]],
        "covariance": s[0, 1],
        "z": z,
        "p": 2 * stats.norm.sf(abs(z)),
    }


def mcnemar(b, c):
    if b + c < 25:
        return {"counts": [b, c], "p": stats.binomtest(min(b, c), b + c, 0.5).pvalue, "chi_square": None}
    chi = max(abs(b - c) - 1, 0) ** 2 / (b + c)
    return {"counts": [b, c], "p": stats.chi2.sf(chi, 1), "chi_square": chi}


def holm(p):
    p = np.array(p)
    order = np.argsort(p)
    held = np.empty_like(p)
    held[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return {"p": p.tolist(), "held": held.tolist()}


many = random.normal(0.3, 1, 80)
json.dump(
    {
        "scipy": scipy.__version__,
        "paired": [paired(5, 1 / 4), paired(10, 1 / 9), paired(3, 1 / 2), paired(2, 1.0)],
        "wilcoxon": [
            wilcoxon([0.03, 0.01, 0.02, -0.005, 0.04]),
            wilcoxon([0.1, 0.2, 0.3, 0.4, 0.5]),
            # Ties and zeros: few, and more than can be counted out.
            wilcoxon([1, 1, -1, 2, 0, 3, -2, 1]),
            wilcoxon([2, 2, -2, 2]),
            wilcoxon(np.round(random.normal(0.5, 2, 30))),
            wilcoxon(random.normal(0.3, 1, 20)),
            wilcoxon(random.normal(0.3, 1, 50)),
            wilcoxon(many),
            wilcoxon(-many),
        ],
        "delong": [delong(60, False), delong(60, True), delong(200, True)],
        "mcnemar": [mcnemar(*c) for c in [(3, 9), (9, 3), (0, 5), (1, 0), (12, 12), (5, 20), (40, 21), (13, 13), (300, 220)]],
        "holm": holm([0.04, 0.01, 0.03, 0.2, 0.9, 0.011]),
    },
    open("comparison.json", "w"),
)
