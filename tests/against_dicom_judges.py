#!/usr/bin/env python3
"""Judges the DICOM objects that `pellucid report --dicom` writes.

Of every object: `dciodvfy` (Debian dicom3tools) finds no error; pydicom reads it; a structured report is
printed by dcmtk's `dsrdump`, and highdicom reads it and Segmentations as what they are. Every value is then
compared with the JSON of the report: probabilities, intervals, thresholds and states of all labels and
groups, weights hash, gate and population, and every value of every printed map. Written twice, an object with
the same UID has the same bytes. Anonymised, no byte of a file is a name, number or UID of the source.

    python tests/against_dicom_judges.py PELLUCID CASE...

A CASE is an image, behind it after commas what `pellucid report` is told: `ct.dcm,--force`. Needs pydicom and
highdicom, and dciodvfy and dsrdump in the path. Ends with 1 where something is wrong.
"""

import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import highdicom
import numpy
import pydicom

OWN = "99PELLUCID"
WARNINGS = {}


class Wrong(Exception):
    """What a judge found."""


def check(holds, words):
    if not holds:
        raise Wrong(words)


def written(pellucid, image, options, folder):
    """The objects of a case by kind, and the JSON of its report."""
    pdf = folder / "case.pdf"
    call = [pellucid, "report", image, "--dicom", str(folder / "dicom"), "--out", str(pdf), *options]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"pellucid failed: {done.stderr}")
    files = sorted((folder / "dicom").glob("*.dcm"))
    return files, json.loads(pdf.with_suffix(".json").read_text()), done.stderr


def is_uid(text):
    """Whether a text is a UID by PS3.5 section 9.1."""
    return len(text) <= 64 and re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", text) is not None


def uids_of(dataset):
    """Every UID of a file, in its sequences too."""
    found = set()
    for element in dataset.iterall():
        if element.VR == "UI" and element.value:
            values = element.value if element.VM > 1 else [element.value]
            found.update(str(value) for value in values)
    return found


def by_dciodvfy(path, of_source):
    said = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    lines = (said.stdout + said.stderr).splitlines()
    # The root of a UID is the source's affair: results refer to it under the very UID.
    root = re.compile(r"Illegal root for UID = <([0-9.]+)>")
    is_of_source = lambda line: (found := root.search(line)) is not None and found.group(1) in of_source
    errors = [line for line in lines if line.startswith("Error") and not is_of_source(line)]
    for line in lines:
        if line.startswith("Warning"):
            # What is private is unknown to it; which item it was said of does not matter.
            if OWN in line or "2.25.2139475836" in line:
                continue
            line = re.sub(r"\[\d+\]", "", line)
            WARNINGS.setdefault(line, set()).add(path.name.split("_")[0])
    check(not errors, f"dciodvfy on {path.name}: " + " | ".join(errors))


def by_dsrdump(path):
    said = subprocess.run(["dsrdump", str(path)], capture_output=True, text=True, check=False)
    # A dcmtk without iconv says of UTF-8, which the source has too, that it does not check it.
    unchecked = "The VR checker does not support this Specific Character Set"
    bad = [line for line in said.stderr.splitlines() if line[:2] in ("E:", "F:", "W:") and unchecked not in line]
    check(said.returncode == 0 and not bad, f"dsrdump on {path.name}: {said.returncode} {bad}")
    return said.stdout


def concept(item):
    code = item.ConceptNameCodeSequence[0]
    return code.CodingSchemeDesignator, code.CodeValue


def children(item, *name):
    return [one for one in item.get("ContentSequence", []) if "ConceptNameCodeSequence" in one and concept(one) == name]


def number(item):
    measured = item.MeasuredValueSequence[0]
    exact, text = measured.FloatingPointValue, float(measured.NumericValue)
    check(abs(exact - text) <= abs(exact) * 1e-7 + 1e-12, f"{exact} is written as {text}")
    return exact


def single(value):
    """As the program computes."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def value_of(item):
    code = item.ConceptCodeSequence[0]
    return code.CodingSchemeDesignator, code.CodeValue


PERCENTILES = {("SCT", "371888009"): "p05", ("SCT", "371889001"): "p95", ("SCT", "373098007"): "mean",
               ("SCT", "386136009"): "sd"}
STATES = {("SCT", "52101004"): "present", ("SCT", "272519000"): "absent", ("SCT", "373068000"): "undecided"}


def compare_report(dataset, record):
    """All numbers of the structured report with those of the JSON."""
    compared = 0
    measurements = children(dataset, "DCM", "126010")
    groups = children(measurements[0], "DCM", "125007") if measurements else []
    of_model = {}
    for group in groups:
        name = children(group, "DCM", "112039")[0].TextValue
        if children(group, OWN, "LABEL") or children(group, OWN, "GROUP"):
            of_model[name] = group
    scores = record["labels"] + record["groups"] if record["scored"] else []
    check(set(of_model) == {score["label"] for score in scores}, f"labels: {sorted(of_model)}")
    conformal = record.get("conformal") or {}
    states = {one["label"]: one for key in ("labels", "groups") for one in conformal.get(key, [])}
    for score in scores:
        group = of_model[score["label"]]
        for item in children(group, "DCM", "122157"):
            by = children(item, "DCM", "121401")
            key = PERCENTILES[value_of(by[0])] if by else "probability"
            check(number(item) == single(score[key]), f"{score['label']}: {key}")
            compared += 1
        check(number(children(group, "DCM", "122411")[0]) == single(score["threshold"]), "threshold")
        texts = [one.TextValue for one in children(group, "DCM", "111002")]
        check(any(record["model"]["sha256"] in text for text in texts), "weights hash")
        check(children(group, "DCM", "111001")[0].TextValue == record["model"]["name"], "model")
        check(children(group, "DCM", "111003")[0].TextValue == record["model"]["version"], "version")
        given = children(group, OWN, "STATE")
        withheld = children(group, OWN, "NOSTATE")
        check(len(given) + len(withheld) == 1, "a state, or why there is none")
        # What is withheld is no finding.
        check(bool(children(group, "DCM", "121071")) == bool(given), "finding")
        wanted = states.get(score["label"], {}).get("state", "withheld").lower()
        check((STATES[value_of(given[0])] if given else "withheld") == wanted, f"{score['label']}: {wanted}")
        compared += 5
    said = children(dataset, "UMLS", "C0034375")[0]
    if record["gate"]:
        accepted = value_of(children(said, OWN, "GATE")[0]) == (OWN, "ACCEPTED")
        check(accepted == record["gate"]["accepted"], "gate")
        compared += 1
    if record.get("population"):
        inside = value_of(children(said, OWN, "POPULATION")[0]) == (OWN, "INSIDE")
        check(inside == record["population"]["inside"], "population")
        compared += 1
    return compared


def compare_maps(datasets, record):
    """Every printed map that a Parametric Map holds, value by value."""
    compared = 0
    frames = {}
    for dataset in datasets:
        values = numpy.frombuffer(dataset.FloatPixelData, "<f4")
        values = values.reshape(int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns)
        for frame, groups in zip(values, dataset.PerFrameFunctionalGroupsSequence):
            mapping = groups.RealWorldValueMappingSequence[0]
            coded = [one for one in mapping.QuantityDefinitionSequence if one.ValueType == "CODE"]
            quantity = [(concept(one), one.ConceptCodeSequence[0].CodeMeaning) for one in coded]
            quantity = dict(quantity)
            frames.setdefault((quantity[(OWN, "LABEL")], quantity[("SCT", "370129005")]), []).append(frame)
    for printed in record["maps"]:
        found = [frame for (label, _), all_of in frames.items() if label == printed["label"] for frame in all_of]
        wanted = numpy.array([single(v) for v in printed["values"]], "f4") if "values" in printed else None
        if wanted is None or not datasets:
            continue
        same = [frame for frame in found if frame.size == wanted.size and numpy.array_equal(frame.ravel(), wanted)]
        check(same, f"no frame holds the map of {printed['label']}")
        compared += wanted.size
    return compared


def judge(pellucid, case):
    image, *options = case.split(",")
    anonymous = "--anonymize" in options
    source = None
    try:
        source = pydicom.dcmread(image, stop_before_pixels=True)
    except pydicom.errors.InvalidDicomError:
        pass
    of_source = uids_of(source) if source is not None else set()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files, record, notes = written(pellucid, image, options, folder)
        kinds, compared, maps, uids = [], 0, [], set()
        for path in files:
            kind = path.name.split("_")[0]
            kinds.append(kind)
            by_dciodvfy(path, of_source)
            check(path.stat().st_mode & 0o077 == 0, "others may read it")
            dataset = pydicom.dcmread(path)
            check(dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID, "meta")
            check(path.name == f"{kind}_{dataset.SOPInstanceUID}.dcm", "name")
            uids.add(dataset.StudyInstanceUID)
            if source is not None and not anonymous and "StudyInstanceUID" in source:
                for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyDate"):
                    own, its = str(dataset.get(keyword, "")), str(source.get(keyword, "") or "")
                    if keyword == "StudyInstanceUID" and not is_uid(its):
                        check(is_uid(own), f"{keyword} of {kind}: {own!r}")
                        continue
                    if keyword == "StudyDate":
                        # ACR-NEMA wrote 1994.11.05 (PS3.5 table 6.2-1).
                        its = re.sub(r"^([0-9]{4})\.([0-9]{2})\.([0-9]{2})$", r"\1\2\3", its.strip())
                        # A year before 1000 is none, and nothing is written of it.
                        its = its if re.match("[12]", its) else ""
                    check(own.strip() == its.strip(), f"{keyword} of {kind}: {own!r}, not {its!r}")
            refused = record["gate"] and not record["gate"]["accepted"]
            outside = record.get("population") and not record["population"]["inside"]
            if kind != "image":
                mark = "REFUSED" if refused else "OUTSIDE" if outside else ""
                check(dataset.SeriesDescription.startswith(mark), f"{kind} is not marked {mark}")
            if kind == "sr":
                by_dsrdump(path)
                compared += compare_report(dataset, record)
                highdicom.sr.ComprehensiveSR.from_dataset(dataset)
            elif kind == "seg":
                segmentation = highdicom.seg.Segmentation.from_dataset(dataset)
                check(segmentation.pixel_array.any(), "an empty mask")
                compared += segmentation.number_of_segments
            elif kind == "pm":
                maps.append(dataset)
            elif kind == "pdf":
                check(dataset.EncapsulatedDocument.startswith(b"%PDF"), "no PDF")
            elif kind in ("sc", "image"):
                check(dataset.pixel_array.size > 0, "no pixels")
        check(len(uids) == 1, "several studies")
        compared += compare_maps(maps, record)
        if anonymous and source is not None:
            secrets = [str(source.get(k, "") or "") for k in ("PatientID", "PatientName", "AccessionNumber", "StudyDate",
                       "PatientBirthDate", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "InstitutionName")]
            # The maker of the device is kept, even where a hospital has its name.
            kept = f"{source.get('Manufacturer', '')} {source.get('ManufacturerModelName', '')}"
            for path in files:
                # Pixels are numbers, in which any digits may stand.
                content = path.read_bytes().replace(pydicom.dcmread(path).get("PixelData", b"\0\0\0\0") or b"\0", b"")
                for secret in secrets:
                    for part in [secret, *secret.replace("^", " ").split()]:
                        struck = len(part) < 4 or part in kept or part.encode() not in content
                        check(struck, f"{path.name} holds {part!r}")
        return kinds, compared, [line for line in notes.splitlines() if "no " in line]


def main():
    pellucid, *cases = sys.argv[1:]
    for tool in ("dciodvfy", "dsrdump"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    failed = False
    for case in cases:
        try:
            kinds, compared, notes = judge(pellucid, case)
            print(f"{case}: {', '.join(kinds)}: no errors, {compared} values read back")
            for note in notes:
                print(f"    {note}")
        except Wrong as wrong:
            failed = True
            print(f"{case}: WRONG: {wrong}")
    for line, kinds in sorted(WARNINGS.items()):
        print(f"{', '.join(sorted(kinds))}: {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
