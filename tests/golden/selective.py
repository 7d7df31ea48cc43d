"""Writes selective.json: risk-coverage curves and their areas, by numpy from their definitions.

    python3 -m pip install numpy
    python3 selective.py

The curve is read off threshold by threshold, the area is the mean over the images of the selective risk at
their own threshold (Geifman, Uziel and El-Yaniv, ICLR 2019), the best order is made by sorting, and the bound at
a stated risk is Wilson's with the effective number of images as proportion.py has it.
"""

import json
import pathlib

import numpy as np

Z = 1.959963984540054


def upper(outcomes, patients):
    """The upper end of Wilson's 95 % interval of a share, for the effective number of images."""
    n, p = len(outcomes), outcomes.mean()
    names, of = np.unique(patients, return_inverse=True)
    k = len(names)
    if p * (1 - p) < 1e-12 or k < 2:
        number = float(k)
    else:
        totals = np.bincount(of, weights=outcomes - p)
        variance = k * totals.var(ddof=1) / n**2
        number = max(1.0, n / max(1.0, variance / (p * (1 - p) / (n - 1))))
    middle = p + Z**2 / (2 * number)
    half = Z * np.sqrt(p * (1 - p) / number + Z**2 / (4 * number**2))
    return (middle + half) / (1 + Z**2 / number)


def risk_at(doubt, wrong, threshold):
    return float(wrong[doubt <= threshold].mean())


def made(doubt, wrong, patients, risks):
    n = len(doubt)
    thresholds = np.unique(doubt)
    coverage = [float((doubt <= t).mean()) for t in thresholds]
    aurc = float(np.mean([risk_at(doubt, wrong, d) for d in doubt]))
    best = np.sort(wrong.astype(float))
    least = float(np.mean(np.cumsum(best) / np.arange(1, n + 1)))
    at = []
    for risk in risks:
        kept = None
        for t in thresholds:
            inside = doubt <= t
            if upper(wrong[inside].astype(float), patients[inside]) <= risk:
                kept = int(inside.sum())
        at.append([risk, kept])
    return {
        "doubt": [float(d) for d in doubt],
        "wrong": [bool(w) for w in wrong],
        "patients": [int(p) for p in patients],
        "coverage": coverage,
        "risk": [risk_at(doubt, wrong, t) for t in thresholds],
        "aurc": aurc,
        "excess": max(0.0, aurc - least),
        "at": at,
    }


def main():
    rng = np.random.default_rng(17)
    sets = []
    for n, patients, decimals, share in [(60, 25, 1, 0.2), (120, 120, 4, 0.1), (200, 40, 2, 0.05), (40, 40, 6, 0.0)]:
        doubt = np.round(rng.random(n), decimals)
        # Errors are more frequent where doubt is large.
        wrong = rng.random(n) < np.minimum(1.0, 2.5 * share * doubt)
        sets.append(made(doubt, wrong, rng.integers(patients, size=n), [0.02, 0.05, 0.1, 0.2, 0.3]))
    path = pathlib.Path(__file__).with_name("selective.json")
    path.write_text(json.dumps({"sets": sets}) + "\n")


if __name__ == "__main__":
    main()
