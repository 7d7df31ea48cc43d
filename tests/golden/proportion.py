"""Writes proportion.json: intervals of shares and of areas under the ROC curve, from statsmodels and scipy.

    python3 -m pip install numpy scipy statsmodels
    python3 proportion.py
"""

import json
import math
import pathlib

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

Z = norm.ppf(0.975)


def wilson(share, n):
    return [float(v) for v in proportion_confint(share * n, n, alpha=0.05, method="wilson")]


def effective(outcomes, patients):
    """Images by the design effect: the variance of a ratio of totals over patients, as surveys have it."""
    y, n = np.array(outcomes), len(outcomes)
    p = y.mean()
    names = sorted(set(patients))
    k = len(names)
    if p * (1 - p) < 1e-12 or k < 2:
        return float(k)
    members = [np.array([i for i, q in enumerate(patients) if q == name]) for name in names]
    totals = np.array([y[m].sum() - p * len(m) for m in members])
    variance = k * totals.var(ddof=1) / n**2  # the totals sum to nought
    return float(max(1.0, n / max(1.0, variance / (p * (1 - p) / (n - 1)))))


def area(theta, m, n):
    def variance(t):
        return t * (1 - t) * (1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)

    def beyond(t):
        return (theta - t) ** 2 - Z**2 * variance(t)

    tiny = 1e-12
    low = 0.0 if theta == 0 else brentq(beyond, tiny, theta - tiny, xtol=1e-14)
    high = 1.0 if theta == 1 else brentq(beyond, theta + tiny, 1 - tiny, xtol=1e-14)
    return low, high


def main():
    rng = np.random.default_rng(11)
    shares = [[0.25, 20], [0.0, 3], [1.0, 3], [1.0, 150], [0.5, 7.5], [0.975, 331.7]]
    clustered = []
    for patients, images, likeness in [(12, 40, 0.9), (30, 90, 0.5), (50, 50, 0.0), (6, 200, 0.2)]:
        names = [f"p{rng.integers(patients)}" for _ in range(images)]
        own = {name: rng.random() for name in set(names)}
        chance = [likeness * own[name] + (1 - likeness) * 0.7 for name in names]
        outcomes = [float(rng.random() < c) for c in chance]
        number = effective(outcomes, names)
        low, high = wilson(float(np.mean(outcomes)), number)
        clustered.append(
            {"outcomes": outcomes, "patients": names, "effective": number, "low": low, "high": high}
        )
    areas = []
    for theta, m, n in [(1.0, 20, 50), (1.0, 3, 4), (0.93, 40, 60), (0.5, 10, 10), (0.0, 5, 9)]:
        low, high = area(theta, m, n)
        areas.append({"area": theta, "with": m, "without": n, "low": low, "high": high})
    golden = {
        "wilson": [[p, n, *wilson(p, n)] for p, n in shares],
        "clustered": clustered,
        "areas": areas,
    }
    path = pathlib.Path(__file__).with_name("proportion.json")
    path.write_text(json.dumps(golden) + "\n")
    assert math.isclose(golden["wilson"][0][2], 0.1118617, abs_tol=1e-6)


main()
