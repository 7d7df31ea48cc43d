"""How many near-duplicates `pellucid data check` finds, kind by kind, and how many pairs of different patients it takes for one.

Draws images from a folder, changes each in one way, and looks which pairs of image and copy are found among all images of the folder:

    python benches/near_duplicates.py target/release/pellucid DIR --each 40 --patient '^(person\\d+)_'

Needs numpy, scipy and pillow. The changes are Pillow's and scipy's, not Pellucid's own. False are pairs of two patients, by the pattern; without
a pattern every image is a patient, and pairs in a set of slices are then mostly true.
"""

import argparse
import collections
import io
import json
import os
import random
import re
import shutil
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage

RANDOM = np.random.default_rng(1)


def picture(grey):
    return Image.fromarray((np.clip(grey, 0, 1) * 255 + 0.5).astype(np.uint8))


def grey(image):
    return np.asarray(image.convert("L"), dtype=np.float32) / 255


def jpeg(quality):
    def change(a):
        file = io.BytesIO()
        picture(a).save(file, "JPEG", quality=quality)
        return grey(Image.open(file))

    return change


def scaled(factor):
    return lambda a: grey(picture(a).resize((int(a.shape[1] * factor), int(a.shape[0] * factor)), Image.BILINEAR))


def cut(left, top, right, bottom):
    """Without these shares of the sides, enlarged to the size that it had."""

    def change(a):
        h, w = a.shape
        return grey(picture(a[int(h * top) : h - int(h * bottom), int(w * left) : w - int(w * right)]).resize((w, h), Image.BILINEAR))

    return change


def turned(degrees, fill="black"):
    if fill == "black":
        return lambda a: grey(picture(a).rotate(degrees, Image.BILINEAR))
    return lambda a: ndimage.rotate(a, degrees, reshape=False, order=1, mode="nearest")


def labelled(a):
    image = picture(a)
    draw = ImageDraw.Draw(image)
    w, h = image.size
    draw.text((w * 0.05, h * 0.05), "L 12:30 PORTABLE", fill=255)
    draw.rectangle((w * 0.8, h * 0.05, w * 0.93, h * 0.1), fill=255)
    return grey(image)


def noisy(a):
    return np.clip(a + RANDOM.normal(0, 0.05, a.shape).astype(np.float32), 0, 1)


def blurred(a):
    return ndimage.gaussian_filter(a, a.shape[0] / 112)


def mirrored(a):
    return a[:, ::-1].copy()


def inverted(a):
    return 1 - a


def both(first, second):
    return lambda a: second(first(a))


KINDS = {
    "same pixels": lambda a: a.copy(),
    "JPEG 30": jpeg(30),
    "JPEG 75": jpeg(75),
    "half the size": scaled(0.5),
    "twice the size": scaled(2),
    "cut 5 %, every side": cut(0.05, 0.05, 0.05, 0.05),
    "cut 5 %, left": cut(0.05, 0, 0, 0),
    "cut 5 %, two sides": cut(0, 0, 0.05, 0.05),
    "cut 2 %": cut(0.02, 0.02, 0.02, 0.02),
    "turned 2°": turned(2),
    "turned 5°": turned(5),
    "turned −5°": turned(-5),
    "turned 5°, edge repeated": turned(5, "edge"),
    "mirrored": mirrored,
    "mirrored, top to bottom": lambda a: a[::-1].copy(),
    "turned 180°": lambda a: a[::-1, ::-1].copy(),
    "turned 90°": lambda a: np.rot90(a).copy(),
    "inverted": inverted,
    "gamma 0.5": lambda a: a**0.5,
    "gamma 2": lambda a: a**2,
    "window": lambda a: np.clip((a - 0.2) / 0.6, 0, 1),
    "half the contrast": lambda a: 0.25 + 0.5 * a,
    "equalised": lambda a: grey(ImageOps.equalize(picture(a))),
    "noise, 5 %": noisy,
    "blurred": blurred,
    "border, 5 %": lambda a: np.pad(a, int(0.05 * a.shape[1])),
    "text and marker": labelled,
    "mirrored, turned 5°": both(mirrored, turned(5)),
    "inverted, cut 5 %": both(inverted, cut(0.05, 0.05, 0.05, 0.05)),
    "cut 5 %, turned 5°": both(cut(0.05, 0.05, 0.05, 0.05), turned(5)),
    "turned −5°, cut 5 %": both(turned(-5), cut(0.05, 0.05, 0, 0)),
    "gamma 2, JPEG 30": both(lambda a: a**2, jpeg(30)),
    "mirrored, inverted": both(mirrored, inverted),
    "noise, turned 5°": both(noisy, turned(5)),
    "blurred, mirrored": both(blurred, mirrored),
    "half the size, cut 5 %": both(cut(0.05, 0.05, 0.05, 0.05), scaled(0.5)),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pellucid")
    parser.add_argument("folder")
    parser.add_argument("--each", type=int, default=20, help="images that are changed in each way")
    parser.add_argument("--patient", help="regular expression whose first group that fits names the patient")
    arguments = parser.parse_args()
    pattern = re.compile(arguments.patient) if arguments.patient else None

    def patient(name):
        found = pattern and pattern.search(name)
        return next((g for g in found.groups() if g), name) if found else name

    with tempfile.TemporaryDirectory() as home:
        names = {}
        for folder, _, files in os.walk(arguments.folder):
            for file in files:
                if file.lower().endswith((".png", ".jpg", ".jpeg")) and not file.endswith("-mask.png"):
                    names[file] = os.path.join(folder, file)
        os.makedirs(f"{home}/all")
        for file, path in names.items():
            shutil.copy(path, f"{home}/all/{file}")
        drawn = sorted(names)
        random.Random(11).shuffle(drawn)
        copies = {}
        for number, file in enumerate(drawn[: arguments.each * len(KINDS)]):
            kind = list(KINDS)[number % len(KINDS)]
            copy = f"copy-{number}.png"
            picture(KINDS[kind](grey(Image.open(names[file])))).save(f"{home}/all/{copy}")
            copies[copy] = (kind, file)
        done = subprocess.run([arguments.pellucid, "data", "check", f"{home}/all", "--json"], capture_output=True, check=False)
        found = json.loads(done.stdout)
    pairs = {frozenset((os.path.basename(p["first"]), os.path.basename(p["second"]))) for p in found["exact"] + found["near"]}
    hits = collections.defaultdict(list)
    for copy, (kind, file) in copies.items():
        hits[kind].append(frozenset((copy, file)) in pairs)
    for kind, of in hits.items():
        print(f"{kind:28} {sum(of):4} of {len(of)}")
    owner = lambda name: patient(copies[name][1] if name in copies else name)
    false = [pair for pair in pairs if len({owner(name) for name in pair}) == 2]
    n = found["images"]
    print(f"{sum(map(sum, hits.values()))} of {len(copies)} copies found among {n} images in {found['seconds']:.0f} s")
    print(f"{len(false)} pairs of different patients, {1e6 * len(false) / (n * (n - 1) / 2):.2f} in a million pairs")


main()
