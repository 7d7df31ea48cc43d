"""Golden numbers for SMOTE and class weights, and archives as NumPy writes them (data.npz deflated, data_rgb.npz
stored): python tests/golden/data.py > tests/golden/data.json

    pip install imbalanced-learn scikit-learn numpy
"""

import json
from pathlib import Path

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(3)


def smote():
    counts = [40, 15, 8]
    features = np.concatenate([rng.normal(k, 1.0, (n, 4)) for k, n in enumerate(counts)]).round(4)
    classes = np.repeat([0, 1, 2], counts)
    _, after = SMOTE(k_neighbors=5, random_state=0).fit_resample(features, classes)
    members = np.flatnonzero(classes == 2)
    found = NearestNeighbors(n_neighbors=6).fit(features[members]).kneighbors(features[members], return_distance=False)
    return {
        "features": features.tolist(),
        "classes": classes.tolist(),
        "counts": np.bincount(after).tolist(),
        "neighbours": members[found[:, 1:]].tolist(),
    }


def effective():
    """The class weights of Cui et al. (CVPR 2019), as in their code, scaled to a mean of 1 over the images."""
    counts, beta = np.array([5000, 300, 20]), 0.999
    weights = (1.0 - beta) / (1.0 - np.power(beta, counts))
    weights = weights * counts.sum() / (weights * counts).sum()
    return {"counts": counts.tolist(), "beta": beta, "weights": weights.tolist()}


def archives():
    """Image i of a part is filled with 10 i + the number of the part; its label is i modulo 3, or the bits of i."""
    grey, rgb = {}, {}
    for number, (part, n) in enumerate([("train", 6), ("val", 3), ("test", 2)]):
        images = np.stack([np.full((8, 8), 10 * i + number, np.uint8) for i in range(n)])
        grey |= {f"{part}_images": images, f"{part}_labels": (np.arange(n) % 3).astype(np.uint8)[:, None]}
        colours = np.stack([images, images // 2, images // 4], -1)
        bits = (np.arange(n)[:, None] >> np.arange(3)) & 1
        rgb |= {f"{part}_images": colours, f"{part}_labels": bits.astype(np.int64)}
    folder = Path(__file__).parent
    np.savez_compressed(folder / "data.npz", **grey)
    np.savez(folder / "data_rgb.npz", **rgb)


archives()
print(json.dumps({"smote": smote(), "effective": effective()}))
