"""Holds the modality values of every DICOM file of some folders against pydicom's.

    python tests/pixels_against_pydicom.py PELLUCID FOLDER… [--list]

PELLUCID is the program; it writes its values by `inspect --pixels`, and its colours by `inspect --display`. The table
counts files by transfer syntax and photometric interpretation: equal (to the last bit of a float for grey values, one of
255 for colours and one grey value for lossy images), refused by Pellucid alone, wrong, and refused by both. `--list`
names every file that is not equal. Needs pydicom with pylibjpeg, pyjpegls, python-gdcm, and Pillow. pydicom takes the
lowest bits whatever High Bit says, and applies no bits above Bits Stored, so such files are for a reader to judge.
"""

import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, convert_color_space

LOSSY = {"4.50", "4.51", "4.53", "4.55", "4.81", "4.91", "4.203"}


def expected(dataset):
    """What pydicom reads of the first frame: grey modality values (2 axes) or colours of 8 bits (3 axes)."""
    floats = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
    raw = dataset.pixel_array if floats else pydicom.pixels.pixel_array(dataset, index=0, raw=True)
    try:
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
    except ValueError:
        frames = 1
    if floats and frames > 1:
        raw = raw[0]
    photometric = dataset.get("PhotometricInterpretation", "")
    if raw.ndim == 3:
        if photometric.startswith("YBR_FULL") and dataset.file_meta.get("TransferSyntaxUID") is not None:
            raw = pydicom.pixels.pixel_array(dataset, index=0)
        bits = dataset.BitsStored
        return np.rint(raw.astype(float) * 255 / (2**bits - 1)).astype(int) if bits != 8 else raw.astype(int)
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(raw, dataset)
        return (colours >> 8 if colours.dtype == np.uint16 else colours).astype(int)
    group = None
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for item in (dataset.get(groups) or [])[:1]:
            group = group or next(iter(item.get("PixelValueTransformationSequence", [])), None)
    if group is not None and "ModalityLUTSequence" not in dataset:
        return raw.astype(float) * float(group.RescaleSlope) + float(group.RescaleIntercept)
    return apply_modality_lut(raw, dataset).astype(float)


def ours(program, path, folder):
    """The same of Pellucid, or the reason why not."""
    values, picture = Path(folder) / "values.npy", Path(folder) / "picture.png"
    command = [program, "inspect", str(path), "--json", "--pixels", str(values), "--display", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return None, None, done.stderr.strip().splitlines()[-1:] or ["no reason"]
    # Colours are as they are only in the picture.
    shown = np.asarray(Image.open(picture))
    return np.load(values).squeeze(), shown.astype(int), done.stdout


def verdict(program, path, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            syntax = str(dataset.file_meta.get("TransferSyntaxUID", "none")) if "file_meta" in dir(dataset) else "none"
            if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
                return None
        except Exception:
            return None
        photometric = dataset.get("PhotometricInterpretation", "none")
        key = (syntax.removeprefix("1.2.840.10008.1.2.") or syntax, photometric)
        try:
            theirs, reason = expected(dataset), None
        except Exception as error:
            theirs, reason = None, " ".join(str(error).split())[:120]
    values, shown, said = ours(program, path, folder)
    if values is None:
        return key, "refused by both" if theirs is None else "refused", said[0]
    if theirs is None:
        return key, "read by Pellucid alone", reason
    got = shown if theirs.ndim == 3 else values
    if got.shape != theirs.shape:
        return key, "wrong", f"shape {got.shape}, not {theirs.shape}"
    difference = np.abs(got - theirs)
    allowed = 0 if theirs.ndim == 2 else 1
    if key[0] in LOSSY:
        slope = abs(float(dataset.get("RescaleSlope", 1) or 1))
        allowed = max(1, slope) * 1.0001
    tolerance = allowed + (1e-6 * np.abs(theirs) if theirs.ndim == 2 else 0)
    bad = difference > tolerance
    if not bad.any():
        return key, "equal", ""
    return key, "wrong", f"{bad.sum()} of {bad.size} values differ, by up to {np.nanmax(difference):.6g}"


def main():
    program, *folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    listed = "--list" in sys.argv
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            result = verdict(program, path, folder)
            if result is None:
                continue
            key, what, detail = result
            table.setdefault(key, Counter())[what] += 1
            if listed and what != "equal":
                print(f"{what}: {path}: {key[0]} {key[1]}: {detail}", flush=True)
    columns = ["equal", "wrong", "refused", "refused by both", "read by Pellucid alone"]
    print("| transfer syntax | photometric |", " | ".join(columns), "|")
    print("|---|---|" + "---|" * len(columns))
    total = Counter()
    for key, counts in sorted(table.items()):
        print("|", " | ".join([*key, *(str(counts[c]) for c in columns)]), "|")
        total += counts
    print("| all | |", " | ".join(str(total[c]) for c in columns), "|")


if __name__ == "__main__":
    main()
