"""Writes localization.json: measures of maps against regions by numpy and scikit-image, which
src/evaluation/localization is held to.

Run in this folder with Python, scikit-image, scikit-learn and scipy: python localization.py
"""

import json

import numpy as np
import skimage
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from sklearn.metrics import average_precision_score

random = np.random.default_rng(23)


def box_mask(boxes, width, height):
    """Pixels whose centre lies in a box."""
    y, x = np.mgrid[:height, :width] + 0.5
    mask = np.zeros((height, width), bool)
    for bx, by, bw, bh in boxes:
        mask |= (x >= bx) & (x < bx + bw) & (y >= by) & (y < by + bh)
    return mask


def clipped(boxes, width, height):
    out = []
    for x, y, w, h in boxes:
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if right > left and bottom > top:
            out.append((left, top, right, bottom))
    return out


def around(mask):
    """Boxes around the connected parts (left, top, right, bottom)."""
    return [(r.bbox[1], r.bbox[0], r.bbox[3], r.bbox[2]) for r in regionprops(label(mask, connectivity=2))]


def pieces(mask):
    """The connected parts, each as a mask."""
    labels = label(mask, connectivity=2)
    return [labels == i for i in range(1, labels.max() + 1)]


def common(a, b):
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(across, 0) * max(down, 0)


def area(a):
    return (a[2] - a[0]) * (a[3] - a[1])


def case(raw, boxes=(), mask=None, tolerance=15.0):
    height, width = raw.shape
    # Multiples of 1/256 are exact in single precision.
    steps = np.round(raw * 256).astype(int)
    raw = steps / 256
    if boxes:
        mask = box_mask(boxes, width, height)
        marked = clipped(boxes, width, height)
    else:
        marked = around(mask)
    positive = np.maximum(raw, 0)
    scaled = (positive - positive.min()) / (positive.max() - positive.min())
    tops = np.argwhere(scaled == scaled.max())
    y, x = tops[np.argmin(((tops - tops.mean(0)) ** 2).sum(1))]
    if len(tops) == 1:
        assert (y, x) == np.unravel_index(np.argmax(scaled), scaled.shape)
    away = distance_transform_edt(~mask)[y, x]
    otsu = threshold_otsu(scaled)
    iou = lambda above: (above & mask).sum() / (above | mask).sum()
    found = around(scaled > otsu)
    marks = [box_mask([b], width, height) for b in boxes] if boxes else pieces(mask)
    pairs = [(p, m) for p in pieces(scaled > otsu) for m in marks]
    relative = positive / positive.max()
    return {
        "width": width,
        "height": height,
        "steps": steps.ravel().tolist(),
        "boxes": [list(b) for b in boxes],
        "mask": "".join("#" if m else "." for m in mask.ravel()),
        "tolerance": tolerance,
        "point": [int(x), int(y)],
        "inside": bool(mask[y, x]),
        "near": bool(away <= tolerance * max(width, height) / 500),
        "energy": positive[mask].sum() / positive.sum(),
        "otsu": float(otsu),
        "iou_otsu": iou(scaled > otsu),
        "iou": [iou(scaled > 0.25), iou(scaled > 0.5)],
        "parts": len(found),
        "box_iou": max(common(f, m) / (area(f) + area(m) - common(f, m)) for f in found for m in marked),
        "box_iobb": max(common(f, m) / area(f) for f in found for m in marked),
        "area": (scaled > 0.5).mean(),
        "part_iou": max((p & m).sum() / (p | m).sum() for p, m in pairs),
        "part_both": max(min((p & m).sum() / p.sum(), (p & m).sum() / m.sum()) for p, m in pairs),
        "energy_iou": relative[mask].sum() / np.maximum(relative, mask).sum(),
        "pixel_ap": average_precision_score(mask.ravel(), positive.ravel()),
    }


def smooth(height, width, sigma):
    field = gaussian_filter(random.normal(size=(height, width)), sigma)
    return field / np.abs(field).max()


cases = [
    case(smooth(24, 32, 3), [(4.2, 3.7, 9.1, 8.4)]),
    case(smooth(24, 32, 2), [(-3.0, 10.0, 12.0, 20.0), (20.5, 2.5, 6.0, 6.0)]),
    case(smooth(30, 20, 4), [(8.0, 8.0, 6.0, 9.0)], tolerance=100.0),
    case(smooth(20, 20, 1), [(0.0, 0.0, 20.0, 20.0)]),
    case(smooth(25, 25, 3), mask=gaussian_filter(random.normal(size=(25, 25)), 2) > 0.1),
    case(smooth(32, 24, 2), mask=gaussian_filter(random.normal(size=(32, 24)), 3) > 0.05, tolerance=60.0),
    # Positive everywhere: the energy keeps the base that the scaling takes away.
    case(smooth(20, 28, 3) + 1.5, [(5.0, 5.0, 10.0, 10.0)]),
    # A flat top, and few values, so that Otsu's bins are mostly empty.
    case(np.round(np.clip(smooth(20, 20, 3) * 4, -2, 2)) / 2, [(3.0, 3.0, 9.0, 9.0)], tolerance=130.0),
]
json.dump({"scikit_image": skimage.__version__, "numpy": np.__version__, "cases": cases}, open("localization.json", "w"), separators=(",", ":"))
for c in cases:
    print({k: v for k, v in c.items() if k not in ("steps", "mask")})
