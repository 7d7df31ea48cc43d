"""Holds the modality values of every DICOM file of some folders against pydicom's.

    python tests/pixels_against_pydicom.py PELLUCID FOLDER… [--list] [--frames N]

PELLUCID is the program; it writes its values by `inspect --pixels`, and its colours by `inspect --display`. Of a file
with several frames the first is compared, or with `--frames N` so many of them: first and last, and those between at
even distances. The table counts frames by transfer syntax and photometric interpretation: equal (to the last bit of a
float for grey values, one of 255 for colours and one grey value for lossy images), refused by Pellucid alone, wrong,
and refused by both. `--list` names every file that is not equal. Needs pydicom with pylibjpeg, pyjpegls, python-gdcm,
and Pillow. GDCM ends the process on some files; those are read without it. pydicom takes the lowest bits whatever High
Bit says, and applies no bits above Bits Stored, so such files are for a reader to judge; of 12-bit JPEG pylibjpeg is
up to two stored values off where dcmtk, libjpeg-turbo and Pellucid agree.
"""

import multiprocessing
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, convert_color_space

LOSSY = {"4.50", "4.51", "4.53", "4.55", "4.81", "4.91", "4.203"}


def short_syntax(dataset):
    """The end of the transfer syntax."""
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "none")) if "file_meta" in dir(dataset) else "none"
    return syntax.removeprefix("1.2.840.10008.1.2.") or syntax


def count(dataset):
    """Frames of an object."""
    try:
        return max(1, int(dataset.get("NumberOfFrames", 1) or 1))
    except (TypeError, ValueError):
        return 1


def chosen(frames, most):
    """Numbers, from 0, of so many of the frames."""
    return sorted({round(i * (frames - 1) / max(1, most - 1)) for i in range(min(most, frames))})


def expected(dataset, index):
    """What pydicom reads of frame `index`: grey modality values (2 axes) or colours of 8 bits (3 axes)."""
    floats = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
    raw = dataset.pixel_array if floats else pydicom.pixels.pixel_array(dataset, index=index, raw=True)
    if floats and count(dataset) > 1:
        raw = raw[index]
    photometric = dataset.get("PhotometricInterpretation", "")
    if raw.ndim == 3:
        if photometric.startswith("YBR_FULL") and dataset.file_meta.get("TransferSyntaxUID") is not None:
            raw = pydicom.pixels.pixel_array(dataset, index=index)
        bits = dataset.BitsStored
        return np.rint(raw.astype(float) * 255 / (2**bits - 1)).astype(int) if bits != 8 else raw.astype(int)
    if short_syntax(dataset) in LOSSY:
        # Lossy compression goes beyond the highest and lowest value; that is what such samples are.
        low = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
        raw = np.clip(raw.astype(np.int64), low, low + 2**dataset.BitsStored - 1)
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(raw, dataset)
        return (colours >> 8 if colours.dtype == np.uint16 else colours).astype(int)
    group = None
    for groups, place in (("PerFrameFunctionalGroupsSequence", index), ("SharedFunctionalGroupsSequence", 0)):
        for item in (dataset.get(groups) or [])[place : place + 1]:
            group = group or next(iter(item.get("PixelValueTransformationSequence", [])), None)
    if group is not None and "ModalityLUTSequence" not in dataset:
        return raw.astype(float) * float(group.RescaleSlope) + float(group.RescaleIntercept)
    return apply_modality_lut(raw, dataset).astype(float)


def ours(program, path, folder, index):
    """The same of Pellucid, or the reason why not."""
    values, picture = Path(folder) / "values.npy", Path(folder) / "picture.png"
    command = [program, "inspect", str(path), "--json", "--pixels", str(values), "--display", str(picture)]
    command += ["--frame", str(index + 1)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return None, None, done.stderr.strip().splitlines()[-1:] or ["no reason"]
    # Colours are as they are only in the picture.
    shown = np.asarray(Image.open(picture))
    return np.load(values).squeeze(), shown.astype(int), done.stdout


def apart(program, path, folder, most):
    """The same as `verdicts`, in a process of its own; without GDCM where it ended the first one."""
    for with_gdcm in (True, False):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            try:
                return pool.submit(listed_verdicts, program, path, folder, most, with_gdcm).result()
            except BrokenProcessPool:
                continue
    return []


def listed_verdicts(program, path, folder, most, with_gdcm):
    if not with_gdcm:
        base = pydicom.pixels.decoders.base
        for decoder in [found for found in vars(base).values() if isinstance(found, base.Decoder)]:
            if "gdcm" in decoder.available_plugins:
                decoder.remove_plugin("gdcm")
    return list(verdicts(program, path, folder, most))


def verdicts(program, path, folder, most):
    """Of each frame that is looked at: its key, what came of it, and why."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
                return
        except Exception:
            return
        photometric = dataset.get("PhotometricInterpretation", "none")
        key = (short_syntax(dataset), photometric)
        for index in chosen(count(dataset), most):
            try:
                theirs, reason = expected(dataset, index), None
            except Exception as error:
                theirs, reason = None, " ".join(str(error).split())[:120]
            what, detail = compared(dataset, key, theirs, reason, ours(program, path, folder, index))
            yield key, what, f"frame {index + 1}: {detail}"


def compared(dataset, key, theirs, reason, found):
    values, shown, said = found
    if values is None:
        return "refused by both" if theirs is None else "refused", said[0]
    if theirs is None:
        return "read by Pellucid alone", reason
    got = shown if theirs.ndim == 3 else values
    if got.shape != theirs.shape:
        return "wrong", f"shape {got.shape}, not {theirs.shape}"
    difference = np.abs(got - theirs)
    allowed = 0 if theirs.ndim == 2 else 1
    if key[0] in LOSSY:
        slope = abs(float(dataset.get("RescaleSlope", 1) or 1))
        allowed = max(1, slope) * 1.0001
    tolerance = allowed + (1e-6 * np.abs(theirs) if theirs.ndim == 2 else 0)
    bad = difference > tolerance
    if not bad.any():
        return "equal", ""
    return "wrong", f"{bad.sum()} of {bad.size} values differ, by up to {np.nanmax(difference):.6g}"


def main():
    arguments = sys.argv[1:]
    most = 1
    if "--frames" in arguments:
        at = arguments.index("--frames")
        most = int(arguments[at + 1])
        del arguments[at : at + 2]
    program, *folders = [argument for argument in arguments if not argument.startswith("--")]
    listed = "--list" in arguments
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            for key, what, detail in apart(program, path, folder, most):
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
