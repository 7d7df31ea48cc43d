#!/usr/bin/env python3
"""Golden numbers for the measures of a population detector: scikit-learn's Ledoit-Wolf covariance and nearest neighbours, and
ViM as in the authors' code (Wang et al. 2022) in numpy. Writes population.json beside this file.

Needs numpy, scipy and scikit-learn.
"""
import json
from pathlib import Path

import numpy as np
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(3)
mix = rng.normal(size=(12, 12)) * np.linspace(0.2, 2, 12)
train = (rng.normal(size=(40, 12)) @ mix + rng.normal(size=12)).astype(np.float32)
test = (rng.normal(size=(5, 12)) @ mix * np.array([[0.5], [1], [2], [4], [8]])).astype(np.float32)

lw = LedoitWolf().fit(train.astype(np.float64))
mahalanobis = np.sqrt(lw.mahalanobis(test.astype(np.float64)))

unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
nearest, _ = NearestNeighbors(n_neighbors=5).fit(unit(train)).kneighbors(unit(test))

# github.com/haoqiwang/vim: u = -pinv(W) b; the principal space of x - u; alpha = mean(max logit) / mean(residual)
weight, bias = rng.normal(size=(3, 12)).astype(np.float32), rng.normal(size=3).astype(np.float32)
logits = lambda x: x @ weight.T + bias
origin = -np.linalg.pinv(weight.astype(np.float64)) @ bias
centred = train.astype(np.float64) - origin
values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
rest = vectors[:, np.argsort(-values)[12 // 4 :]]
residual = lambda x: np.linalg.norm((x - origin) @ rest, axis=-1)
alpha = logits(train).max(axis=1).mean() / residual(train).mean()
vim = residual(test) * alpha - logsumexp(logits(test), axis=1)

golden = {
    "train": train, "test": test, "shrinkage": lw.shrinkage_, "mahalanobis": mahalanobis, "fifth_nearest": nearest[:, 4],
    "weight": weight, "bias": bias, "train_logits": logits(train), "test_logits": logits(test), "alpha": alpha, "vim": vim,
}
plain = {k: v.tolist() if isinstance(v, np.ndarray) else float(v) for k, v in golden.items()}
(Path(__file__).parent / "population.json").write_text(json.dumps(plain))
