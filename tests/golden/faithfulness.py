"""Writes faithfulness.safetensors: rank correlation, structural similarity and ROAD's imputation by the packages that define them.

    pip install torch grad-cam scipy scikit-image safetensors
    python tests/golden/faithfulness.py

All inputs are values of `unit` of architectures.py (row-major), so that none is stored.

    spearman.<pair>     (1) scipy.stats.spearmanr (ties share the mean of their ranks) of unit("a") and unit("b"), 24x20 values each:
                        plain, tied (both rounded to quarters), rectified (relu of both: half of it tied at 0), same (a and 2 a^3)
    ssim.<pair>         (1) skimage.metrics.structural_similarity with gaussian_weights, sigma 1.5 (radius 5), use_sample_covariance=False,
                        data_range 1, of maps (u + 1) / 2 of 24x20: noise (a, b), near (a, (3 a + b) / 4), smooth (two blobs, see `blob`)
    ssim.<pair>.map     (24, 20) its local values, of which the mean is taken without a border of 5 pixels
    road.grey           (1, 16, 16) NoisyLinearImputer without noise on unit("grey"); imputed where unit("grey.mask") < 0.2
    road.colour         (3, 24, 24) the same on unit("colour"); the highest 20 % of unit("colour.map") by RemoveMostRelevantFirst
    road.block          (1, 16, 16) unit("grey") with rows 0..8 and columns 5..16 imputed, which touches two edges
    road.threshold      (9) numpy.percentile of unit("colour.map") at 10, 20 … 90; a pixel is imputed unless it lies below
"""

import pathlib

import numpy as np
import torch
from architectures import unit
from pytorch_grad_cam.metrics.perturbation_confidence import RemoveMostRelevantFirst
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from safetensors.torch import save_file
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

ROWS, COLUMNS = 24, 20


def drawn(name, *shape):
    return unit(name, int(np.prod(shape))).reshape(shape)


def blob(y, x, radius):
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    return np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * radius**2))


def correlations():
    a, b = drawn("a", ROWS * COLUMNS), drawn("b", ROWS * COLUMNS)
    tied = lambda u: np.floor(u * 4 + 0.5) / 4
    pairs = {
        "plain": (a, b),
        "tied": (tied(a), tied(b)),
        "rectified": (np.maximum(a, 0), np.maximum(b, 0)),
        "same": (a, 2 * a**3),
    }
    return {f"spearman.{name}": np.array([spearmanr(*pair).statistic]) for name, pair in pairs.items()}


def similarities():
    a, b = ((drawn(name, ROWS, COLUMNS) + 1) / 2 for name in "ab")
    pairs = {"noise": (a, b), "near": (a, (3 * a + b) / 4), "smooth": (blob(10, 9, 4), blob(12, 7, 5))}
    out = {}
    for name, pair in pairs.items():
        mean, local = structural_similarity(
            *pair, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, full=True
        )
        out[f"ssim.{name}"], out[f"ssim.{name}.map"] = np.array([mean]), local
    return out


def imputations():
    impute = NoisyLinearImputer(noise=0)
    grey = torch.from_numpy(drawn("grey", 1, 16, 16)).float()
    colour = torch.from_numpy(drawn("colour", 3, 24, 24)).float()
    kept = torch.from_numpy(drawn("grey.mask", 16, 16) >= 0.2).float()
    block = torch.ones(16, 16)
    block[0:8, 5:16] = 0
    relevance = drawn("colour.map", 24, 24)
    return {
        "road.grey": impute(grey, kept),
        "road.colour": RemoveMostRelevantFirst(80, impute)(colour, torch.from_numpy(relevance)),
        "road.block": impute(grey, block),
        "road.threshold": np.percentile(relevance, np.arange(10, 100, 10)),
    }


def main():
    out = correlations() | similarities() | imputations()
    out = {key: torch.as_tensor(value).float().contiguous() for key, value in out.items()}
    for key, value in out.items():
        print(key, tuple(value.shape), value.flatten()[:3].tolist())
    save_file(out, pathlib.Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
