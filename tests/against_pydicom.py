#!/usr/bin/env python3
"""Holds every DICOM file of some folders against pydicom: modality values, and the default picture.

    tests/against_pydicom.py PELLUCID FOLDER…        (or the folders in PELLUCID_DICOM, joined by colons)

PELLUCID is the program. It needs pydicom, numpy and, for compressed files, pydicom's decoders (pylibjpeg with its
plug-ins, gdcm, pyjpegls). It is no part of CI: it runs where real files are.

For every file and a few of its frames the script compares

- `inspect --pixels` with pydicom's modality values (LUT or rescale of the frame, in double precision): equal, or
  within one grey of 8 bits for lossy syntaxes;
- `inspect --display` with the default picture of PS3.3 C.11.2 (first window or VOI LUT, MONOCHROME1 and Presentation
  LUT Shape), computed here in double precision: within one grey. Images without a window open with a window that is
  no part of the standard, and colour images with their colours: those pictures are not compared here.

It prints what differs, then a table: syntax, photometric interpretation, and how many were equal, refused by both,
refused by one, or wrong. Exit code 1 where something is wrong or is read by pydicom alone.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

warnings.filterwarnings("ignore")

LOSSY = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53",
    "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
}
ANGIOGRAMS = {
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.12.1.1",
    "1.2.840.10008.5.1.4.1.1.12.2",
    "1.2.840.10008.5.1.4.1.1.12.2.1",
}
FRAMES = 3


def group(data, index, sequence):
    """The item of a functional group: the frame's own, else the shared one."""
    frames = data.get("PerFrameFunctionalGroupsSequence") or []
    shared = data.get("SharedFunctionalGroupsSequence") or []
    for item in ([frames[index]] if index < len(frames) else []) + list(shared[:1]):
        found = item.get(sequence)
        if found:
            return found[0]
    return None


def first(value):
    return float(value[0]) if isinstance(value, (pydicom.multival.MultiValue, list, tuple)) else float(value)


def described(sequence):
    return bool(sequence) and len(sequence[0].get("LUTDescriptor") or []) == 3


def lut(item, values, scale):
    count, start, bits = [int(v) for v in item.LUTDescriptor]
    count = count or 65536
    raw = item["LUTData"]
    if raw.VR in ("OW", "OB", "UN") or isinstance(raw.value, bytes):
        table = np.frombuffer(bytes(raw.value), "<u2" if len(raw.value) >= 2 * count else "u1")[:count]
    else:
        table = np.asarray(raw.value, np.uint16)[:count]
    if values.min() < 0 and start > 32767:
        start -= 65536
    entries = table[np.clip(values.astype(np.int64) - start, 0, len(table) - 1)].astype(np.float64)
    return entries / (2**bits - 1) if scale else entries


def modality(data, index, stored):
    sequence = data.get("ModalityLUTSequence")
    if described(sequence):
        return lut(sequence[0], stored, False)
    source = group(data, index, "PixelValueTransformationSequence")
    source = data if source is None else source
    slope = source.get("RescaleSlope")
    slope = 1.0 if slope in (None, "") or float(slope) == 0 else float(slope)
    intercept = source.get("RescaleIntercept")
    intercept = 0.0 if intercept in (None, "") or source.get("RescaleSlope") in (0, "0") else float(intercept)
    return stored.astype(np.float64) * slope + intercept


def default_picture(data, index, stored, values):
    """The picture by the first window, else the first VOI LUT; None where the file has neither."""
    x = stored.astype(np.float64) if data.get("SOPClassUID") in ANGIOGRAMS and "ModalityLUTSequence" in data else values
    source = group(data, index, "FrameVOILUTSequence")
    source = data if source is None else source
    shown = None
    center, width = source.get("WindowCenter"), source.get("WindowWidth")
    if center not in (None, "") and width not in (None, ""):
        c, w = first(center), first(width)
        function = source.get("VOILUTFunction", "LINEAR") or "LINEAR"
        if function == "SIGMOID" and w > 0:
            shown = 1 / (1 + np.exp(-4 * (x - c) / w))
        elif function == "LINEAR_EXACT" and w > 0:
            shown = np.clip((x - c) / w + 0.5, 0, 1)
        elif w >= 1:
            low, high = c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2
            middle = (x - (c - 0.5)) / max(w - 1, 1e-12) + 0.5
            shown = np.where(x <= low, 0.0, np.where(x > high, 1.0, middle))
    if shown is None and described(source.get("VOILUTSequence")):
        shown = lut(source.VOILUTSequence[0], x, True)
    if shown is None:
        return None
    if data.PhotometricInterpretation == "MONOCHROME1" or data.get("PresentationLUTShape") == "INVERSE":
        shown = 1 - shown
    return shown * 255


def is_lossy(data, syntax):
    """By its label, or by its stream: a lossless label over a baseline JPEG is found in archives."""
    start = bytes(data.get("PixelData", b"")[:8192]) if syntax.startswith("1.2.840.10008.1.2.4.") else b""
    frame_headers = [b"\xff" + bytes([sof]) + b"\x00\x0b" for sof in (0xC0, 0xC1, 0xC2)]
    return syntax in LOSSY or (b"\xff\xd8\xff" in start and any(header in start for header in frame_headers))


def ours(program, path, number, folder):
    """Values, picture and record by the program, or why it refused."""
    npy, png = folder / "values.npy", folder / "shown.png"
    for old in (npy, png):
        old.unlink(missing_ok=True)
    command = [program, "inspect", str(path), "--json", "--frame", str(number)]
    command += ["--pixels", str(npy), "--display", str(png)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0 or not npy.exists():
        return None, None, None, (done.stderr.strip().splitlines() or ["no reason"])[-1]
    return np.load(npy), png, json.loads(done.stdout.strip().splitlines()[-1]), None


def compare(program, path, folder):
    """Pairs of (verdict, remark) for a file; None for what is no image."""
    try:
        data = pydicom.dcmread(path, force=True)
    except Exception as error:  # noqa: BLE001
        return None, [("both refuse", str(error))]
    if not any(name in data for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return None, []
    meta = getattr(data, "file_meta", None)
    syntax = str(getattr(meta, "TransferSyntaxUID", "")) or "none"
    kind = (syntax, str(data.get("PhotometricInterpretation", "?")))
    try:
        frames = int(data.get("NumberOfFrames") or 1)
    except ValueError:
        frames = 1
    results = []
    for index in sorted({0, frames // 2, frames - 1})[:FRAMES]:
        try:
            stored = np.asarray(pixel_array(data, index=index, raw=True))
        except Exception as error:  # noqa: BLE001
            try:
                whole = data.pixel_array
                stored = whole[index] if frames > 1 else whole
            except Exception:  # noqa: BLE001
                stored, why = None, str(error)
        values, png, record, refusal = ours(program, path, index + 1, folder)
        if stored is None and values is None:
            results.append(("both refuse", refusal))
        elif stored is None:
            results.append(("pydicom refuses", why))
        elif values is None:
            results.append(("we refuse", refusal))
        elif record["color"] or stored.ndim == 3:
            results.append(("colour, not compared", ""))
        else:
            results.append(verdict(data, index, is_lossy(data, syntax), stored, values, png))
    return kind, results


def verdict(data, index, lossy, stored, values, png):
    want = modality(data, index, stored)
    if want.shape != values.shape:
        return "wrong", f"shape {values.shape} for {want.shape}"
    both = np.isfinite(want) & np.isfinite(values)
    off = float(np.abs(want - values)[both].max(initial=0.0))
    span = float(np.ptp(want[both])) if both.any() else 0.0
    exact = float(np.abs(want[both]).max(initial=1.0)) * 1e-6
    # Decoders of one lossy stream differ by a stored grey.
    steps = np.diff(np.unique(want[both])) if lossy and both.any() else np.array([])
    allowed = max(span / 255, float(steps.min(initial=np.inf)) if steps.size else 0.0) * 1.001 if lossy else exact
    if off > allowed:
        return "wrong", f"frame {index + 1}: values differ by up to {off:g} (range {span:g})"
    shown = default_picture(data, index, stored, values.astype(np.float64) if lossy else want)
    if shown is None:
        return "equal values", ""
    from PIL import Image

    grey = np.asarray(Image.open(png).convert("L"), np.float64)
    off = float(np.abs(grey - shown).max(initial=0.0))
    if off > 1.0:
        return "wrong", f"frame {index + 1}: the picture differs by up to {off:.1f} greys"
    return "equal values and picture", ""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    folders = sys.argv[2:] or [f for f in os.environ.get("PELLUCID_DICOM", "").split(":") if f]
    if not folders:
        sys.exit("name folders of DICOM files, or set PELLUCID_DICOM")
    table = collections.defaultdict(collections.Counter)
    files = sorted({p for f in folders for p in pathlib.Path(f).rglob("*") if p.is_file()})
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            try:
                kind, results = compare(program, path, pathlib.Path(folder))
            except Exception as error:  # noqa: BLE001
                print(f"not compared     {path}: {type(error).__name__}: {error}")
                continue
            for what, remark in results:
                table[kind or ("not DICOM", "")][what] += 1
                if what in ("wrong", "we refuse", "pydicom refuses"):
                    print(f"{what:16} {path}: {remark}")
    columns = sorted({what for row in table.values() for what in row})
    name = lambda uid: pydicom.uid.UID(uid).name if uid[:1].isdigit() else uid  # noqa: E731
    names = {kind: f"{name(kind[0])} · {kind[1]}" for kind in table}
    print("\n| syntax · photometric | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for kind in sorted(table, key=names.get):
        print(f"| {names[kind]} | " + " | ".join(str(table[kind][c] or "") for c in columns) + " |")
    total = sum(table.values(), collections.Counter())
    print("| all | " + " | ".join(str(total[c]) for c in columns) + " |")
    sys.exit(1 if total["wrong"] or total["we refuse"] else 0)


if __name__ == "__main__":
    main()
