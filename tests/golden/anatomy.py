"""Shares of a map's evidence by lung region, its entropy, and correlations, by numpy, scipy and torch.

Regions are made here from the definitions of `src/imaging/lung_fields.rs`, in other ways than there: parts by
`scipy.ndimage.label`, zones and borders by masks over index grids. The map is enlarged by torch.

    python tests/golden/anatomy.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage, stats

HEIGHT, WIDTH = 240, 200
ZONES = ["upper", "middle", "lower"]


def lungs():
    """Two ellipses of different height, as the test draws them."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    right = ((x - 60) / 28) ** 2 + ((y - 120) / 80) ** 2 < 1
    left = ((x - 141) / 25) ** 2 + ((y - 112) / 70) ** 2 < 1
    return right | left


def regions(mask):
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    assert count == 2
    centres = ndimage.center_of_mass(mask, labels, [1, 2])
    order = [1, 2] if centres[0][1] < centres[1][1] else [2, 1]
    out = np.full(mask.shape, "elsewhere", dtype=object)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    across, down = int(np.ceil(WIDTH * 0.06)), int(np.ceil(HEIGHT * 0.06))
    out[(x < across) | (x >= WIDTH - across) | (y < down) | (y >= HEIGHT - down)] = "border"
    inner = []
    for number, label in enumerate(order):
        field = labels == label
        rows = np.flatnonzero(field.any(axis=1))
        edge = np.full(HEIGHT, -1)
        for row in rows:
            columns = np.flatnonzero(field[row])
            edge[row] = columns[-1] + 1 if number == 0 else columns[0]
        third = len(rows) // 3
        middle = np.sort(edge[rows[third : len(rows) - third]])
        usual = middle[len(middle) // 2]
        edge = np.where(edge < 0, usual, np.maximum(edge, usual) if number == 0 else np.minimum(edge, usual))
        inner.append(edge)
    spanned = np.flatnonzero(mask.any(axis=1))
    for row in range(spanned[0], spanned[-1] + 1):
        out[row, inner[0][row] : inner[1][row]] = "between"
    for side, label in zip(["right", "left"], order):
        field = labels == label
        rows = np.flatnonzero(field.any(axis=1))
        top, height = rows[0], rows[-1] + 1 - rows[0]
        for i, zone in enumerate(ZONES):
            out[field & ((y - top) * 3 // height == i)] = f"{side}-{zone}"
    return out


def shares(weights, where):
    total = weights.sum()
    one = {name: float(weights[where == name].sum() / total) for name in np.unique(where)}
    one["right"] = sum(one[f"right-{z}"] for z in ZONES)
    one["left"] = sum(one[f"left-{z}"] for z in ZONES)
    one["inside"] = one["right"] + one["left"]
    return one


def main():
    random = np.random.RandomState(7)
    raw = random.normal(size=(14, 14)).astype(np.float32)
    raw[8:11, 3:6] += 4
    raw[2, 12] += 3
    where = regions(lungs())
    positive = torch.from_numpy(np.maximum(raw, 0))[None, None]
    large = torch.nn.functional.interpolate(positive, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
    large = large[0, 0].double().numpy()
    q = np.maximum(raw, 0).astype(float).ravel()
    other = random.normal(size=(14, 14)).astype(np.float32)
    maps = [np.maximum(m, 0).astype(float).ravel() for m in (raw, other)]
    golden = {
        "map": raw.ravel().tolist(),
        "other": other.ravel().tolist(),
        "evidence": shares(large, where),
        "area": shares(np.ones_like(large), where),
        "peak": str(where.ravel()[large.argmax()]),
        "entropy": float(stats.entropy(q) / np.log(q.size)),
        "overlap": float(np.corrcoef(*maps)[0, 1]),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
    print({k: v for k, v in golden.items() if k not in ("map", "other")})


main()
