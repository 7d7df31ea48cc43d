"""Writes results/: small DICOM objects of other programs, as highdicom and pydicom make them, and what they say.

Three slices of a CT and a radiograph without a position in the patient; over them a binary segmentation of two segments
on slices 1 and 2, a fractional one on a finer and shifted grid, a binary one of the radiograph, a parametric map, a
report after TID 1500 with measurement groups of a person and of an algorithm, and a PDF in an envelope. Run with
highdicom 0.27 or newer:

    python tests/golden/results.py
"""

import datetime
import json
import pathlib
import shutil

import highdicom as hd
import numpy as np
import pydicom
from highdicom.sr.coding import CodedConcept
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian

FOLDER = pathlib.Path(__file__).with_suffix("")
ROOT = "2.25.2026113021"
STUDY, CT_SERIES, CR_SERIES, FRAME_OF_REFERENCE = f"{ROOT}.1", f"{ROOT}.2", f"{ROOT}.3", f"{ROOT}.4"
ROWS, COLUMNS = 24, 32
NOW = datetime.datetime(2026, 11, 30, 21, 0, 0)


def common(sop_class: str, uid: str, series: str, modality: str, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    one.SOPClassUID, one.SOPInstanceUID = sop_class, uid
    one.StudyInstanceUID, one.SeriesInstanceUID, one.Modality = STUDY, series, modality
    one.PatientName, one.PatientID, one.PatientBirthDate, one.PatientSex = "Roe^Rita", "R-17", "19700101", "F"
    one.StudyDate, one.StudyTime, one.StudyID, one.AccessionNumber = "20261130", "210000", "1", "A1"
    one.ReferringPhysicianName, one.Manufacturer = "", "Tests"
    one.SeriesNumber, one.InstanceNumber = 1 if modality == "CT" else 2, number
    one.ContentDate, one.ContentTime = "20261130", "210000"
    one.AcquisitionDate, one.AcquisitionTime, one.SeriesDate, one.SeriesTime = "20261130", "210000", "20261130", "210000"
    one.Rows, one.Columns, one.SamplesPerPixel, one.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 12, 11, 0
    return one


def ct(slice_number: int) -> FileDataset:
    one = common("1.2.840.10008.5.1.4.1.1.2", f"{CT_SERIES}.{slice_number}", CT_SERIES, "CT", slice_number)
    one.FrameOfReferenceUID, one.PositionReferenceIndicator = FRAME_OF_REFERENCE, ""
    one.ImagePositionPatient, one.ImageOrientationPatient = [-16, -12, 5.0 * slice_number], [1, 0, 0, 0, 1, 0]
    one.PixelSpacing, one.SliceThickness, one.SpacingBetweenSlices = [1.0, 0.5], 5.0, 5.0
    one.RescaleIntercept, one.RescaleSlope, one.ImageType, one.KVP = -1024, 1, ["ORIGINAL", "PRIMARY", "AXIAL"], 120
    one.WindowCenter, one.WindowWidth, one.BodyPartExamined = 0, 2000, "CHEST"
    one.SeriesDescription = "Chest"
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    one.PixelData = (500 + 30 * x + 20 * y + 10 * slice_number).astype("<u2").tobytes()
    return one


def cr() -> FileDataset:
    one = common("1.2.840.10008.5.1.4.1.1.1", f"{CR_SERIES}.1", CR_SERIES, "CR", 1)
    one.BodyPartExamined, one.ViewPosition, one.SeriesDescription = "CHEST", "PA", "Chest PA"
    one.WindowCenter, one.WindowWidth = 2048, 4096
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    one.PixelData = (100 * x + 20 * y).astype("<u2").tobytes()
    return one


ALGORITHM = hd.AlgorithmIdentificationSequence(
    name="Nodule Finder", version="2.1", family=codes.DCM.ArtificialIntelligence
)
EQUIPMENT = {"manufacturer": "Others", "manufacturer_model_name": "Segmenter", "software_versions": "3.4"}
EQUIPMENT["device_serial_number"] = "17"


def segment(number: int, label: str, kind: CodedConcept, color: tuple, manual: bool = False) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure if number > 1 else codes.SCT.Organ,
        segmented_property_type=kind,
        algorithm_type="MANUAL" if manual else "AUTOMATIC",
        algorithm_identification=None if manual else ALGORITHM,
        tracking_uid=f"{ROOT}.90.{number}",
        tracking_id=f"track-{number}",
        display_color=hd.color.CIELabColor(*color),
    )


# CIELab under D50 of sRGB's red and of its green (Lindbloom).
RED, GREEN = (54.29, 80.81, 69.89), (87.82, -79.27, 80.99)


def masks() -> np.ndarray:
    """Frames, rows, columns, segments: lung on slices 1 and 2, a nodule on slice 2 only."""
    mask = np.zeros((3, ROWS, COLUMNS, 2), dtype=np.uint8)
    mask[0:2, 4:20, 2:14, 0] = 1
    mask[1, 8:12, 20:26, 1] = 1
    return mask


def write(name: str, one: Dataset) -> None:
    # Nothing that changes from run to run.
    for element in ["InstanceCreationDate", "InstanceCreationTime"]:
        if element in one:
            del one[element]
    for tag in ["ContentDate", "SeriesDate"]:
        if tag in one:
            setattr(one, tag, "20261130")
    for tag in ["ContentTime", "SeriesTime"]:
        if tag in one:
            setattr(one, tag, "210000")
    one.save_as(FOLDER / f"{name}.dcm", enforce_file_format=True)


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    slices, radiograph = [ct(i) for i in (1, 2, 3)], cr()
    for i, one in enumerate(slices):
        write(f"ct{i + 1}", one)
    write("cr", radiograph)

    lung, nodule = codes.SCT.Lung, codes.SCT.Nodule
    segments = [segment(1, "Lung", lung, RED), segment(2, "Nodule", nodule, GREEN, manual=True)]
    binary = hd.seg.Segmentation(
        slices, masks(), hd.seg.SegmentationTypeValues.BINARY, segments,
        series_instance_uid=f"{ROOT}.5", series_number=5, sop_instance_uid=f"{ROOT}.5.1", instance_number=1,
        content_label="LUNGS", content_creator_name="Finder^Fay", series_description="Lungs and nodule", **EQUIPMENT,
    )
    write("seg_ct", binary)

    # A finer grid, shifted by half a pixel of the CT, that names no source of its frames: placed by millimetres.
    fraction = np.zeros((1, 12, 16), dtype=np.float32)
    fraction[0, 2:8, 4:12] = 0.5
    fraction[0, 4:6, 6:10] = 1.0
    fractional = hd.seg.Segmentation(
        [slices[1]], fraction, hd.seg.SegmentationTypeValues.FRACTIONAL, [segment(1, "Lesion", nodule, GREEN)],
        series_instance_uid=f"{ROOT}.6", series_number=6, sop_instance_uid=f"{ROOT}.6.1", instance_number=1,
        max_fractional_value=200, fractional_type="PROBABILITY", series_description="Probability of a lesion",
        pixel_measures=hd.PixelMeasuresSequence(pixel_spacing=[0.5, 0.25], slice_thickness=5.0),
        plane_orientation=hd.PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 1, 0]),
        plane_positions=[hd.PlanePositionSequence("PATIENT", [-12.0, -8.0, 10.0])], **EQUIPMENT,
    )
    write("seg_fractional", fractional)

    shape = np.zeros((1, ROWS, COLUMNS), dtype=np.uint8)
    shape[0, 3:9, 5:17] = 1
    plain = hd.seg.Segmentation(
        [radiograph], shape, hd.seg.SegmentationTypeValues.BINARY, [segment(1, "Opacity", nodule, RED)],
        series_instance_uid=f"{ROOT}.7", series_number=7, sop_instance_uid=f"{ROOT}.7.1", instance_number=1,
        series_description="Opacity of the radiograph", **EQUIPMENT,
    )
    write("seg_cr", plain)

    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    values = np.stack([(0.25 * x + 0.5 * y + i).astype(np.float32) for i in range(3)])
    uptake = hd.pm.RealWorldValueMapping(
        lut_label="SUVbw", lut_explanation="Standardized uptake value", unit=CodedConcept("g/ml", "UCUM", "g/ml"),
        value_range=(-1000.0, 1000.0), slope=2.0, intercept=1.0,
        quantity_definition=CodedConcept("126401", "DCM", "SUVbw"),
    )
    parametric = hd.pm.ParametricMap(
        slices, values, series_instance_uid=f"{ROOT}.8", series_number=8, sop_instance_uid=f"{ROOT}.8.1",
        instance_number=1, contains_recognizable_visual_features=False, real_world_value_mappings=[uptake],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=8.0, window_width=16.0)],
        series_description="Uptake", **EQUIPMENT,
    )
    write("pm_ct", parametric)

    write("sr", report(slices, radiograph))
    write("pdf", envelope(radiograph))
    (FOLDER / "expected.json").write_text(json.dumps(expected(values), indent=1) + "\n")


def report(slices: list, radiograph: Dataset) -> Dataset:
    person = hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes("Reader^Robin", organization_name="Clinic")
    )
    device = hd.sr.ObserverContext(
        codes.DCM.Device, hd.sr.DeviceObserverIdentifyingAttributes(uid=f"{ROOT}.99", name="Finder", model_name="F2")
    )
    context = hd.sr.ObservationContext(observer_person_context=person, observer_device_context=device)
    algorithm = hd.sr.AlgorithmIdentification(name="Nodule Finder", version="2.1", parameters=["threshold 0.4"])

    def measurement(concept: CodedConcept, value: float, unit: CodedConcept, **more) -> hd.sr.Measurement:
        return hd.sr.Measurement(name=concept, value=value, unit=unit, **more)

    outline = np.array([[20.5, 8.5], [25.5, 8.5], [25.5, 11.5], [20.5, 8.5]])
    image = hd.sr.SourceImageForRegion(slices[1].SOPClassUID, slices[1].SOPInstanceUID)
    region = hd.sr.ImageRegion(graphic_type=hd.sr.GraphicTypeValues.POLYLINE, graphic_data=outline, source_image=image)
    nodule = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=f"{ROOT}.90.2", identifier="Nodule 1"),
        referenced_region=region, finding_type=codes.SCT.Nodule, algorithm_id=algorithm,
        measurements=[
            measurement(codes.SCT.Diameter, 6.25, codes.UCUM.Millimeter, derivation=codes.SCT.Maximum,
                        finding_sites=[hd.sr.FindingSite(codes.SCT.Lung, laterality=codes.SCT.Right)]),
            measurement(CodedConcept("111047", "DCM", "Probability of cancer"), 41.5, codes.UCUM.Percent),
        ],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(CodedConcept("RID5741", "RADLEX", "Solidity"), CodedConcept("RID5743", "RADLEX", "Solid")),
        ],
    )
    heart = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=f"{ROOT}.90.3", identifier="Herzgröße"),
        finding_type=codes.SCT.Heart if hasattr(codes.SCT, "Heart") else CodedConcept("80891009", "SCT", "Heart"),
        source_images=[hd.sr.SourceImageForMeasurementGroup(radiograph.SOPClassUID, radiograph.SOPInstanceUID)],
        measurements=[measurement(CodedConcept("99CTR", "99TEST", "Cardiothoracic ratio"), 0.52, codes.UCUM.NoUnits)],
    )
    # Of an image that is nowhere in the folder.
    prior = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=f"{ROOT}.90.4", identifier="Prior"),
        source_images=[hd.sr.SourceImageForMeasurementGroup(slices[0].SOPClassUID, f"{ROOT}.77")],
        measurements=[measurement(codes.SCT.Diameter, 5.0, codes.UCUM.Millimeter)],
    )
    content = hd.sr.MeasurementReport(
        observation_context=context, procedure_reported=CodedConcept("399208008", "SCT", "Chest X-ray"),
        imaging_measurements=[nodule, heart, prior],
        title=CodedConcept("126000", "DCM", "Imaging Measurement Report"),
    )
    other = ct(1)
    other.SOPInstanceUID = f"{ROOT}.77"
    one = hd.sr.Comprehensive3DSR(
        evidence=[*slices, radiograph, other], content=content[0], series_instance_uid=f"{ROOT}.9", series_number=9,
        sop_instance_uid=f"{ROOT}.9.1", instance_number=1, manufacturer="Others", is_complete=True, is_final=True,
        is_verified=True, verifying_observer_name="Reader^Robin", verifying_organization="Clinic",
        series_description="Findings",
    )
    for verified in one.VerifyingObserverSequence:
        verified.VerificationDateTime = "20261130210000"
    one.SpecificCharacterSet = "ISO_IR 192"
    return one


def envelope(radiograph: Dataset) -> Dataset:
    one = common("1.2.840.10008.5.1.4.1.1.104.1", f"{ROOT}.10.1", f"{ROOT}.10", "DOC", 1)
    for tag in ["Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored",
                "HighBit", "PixelRepresentation"]:
        del one[tag]
    one.SeriesNumber, one.DocumentTitle, one.MIMETypeOfEncapsulatedDocument = 10, "Chest report", "application/pdf"
    one.ConversionType, one.BurnedInAnnotation, one.AcquisitionDateTime = "WSD", "YES", ""
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "18748-4", "LN", "Diagnostic imaging report"
    one.ConceptNameCodeSequence = [concept]
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = radiograph.SOPClassUID, radiograph.SOPInstanceUID
    one.SourceInstanceSequence = [source]
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    one.EncapsulatedDocumentLength = len(pdf)
    one.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return one


def expected(values: np.ndarray) -> dict:
    """What highdicom and pydicom read of the files again."""
    map_ = pydicom.dcmread(FOLDER / "pm_ct.dcm")
    seg = hd.seg.segread(FOLDER / "seg_ct.dcm")
    by_segment = seg.get_pixels_by_source_instance(
        [f"{CT_SERIES}.{i}" for i in (1, 2, 3)], assert_missing_frames_are_empty=True
    )
    group = hd.sr.srread(FOLDER / "sr.dcm").content
    numbers = []
    for item in pydicom.dcmread(FOLDER / "sr.dcm").iterall():
        if item.keyword == "NumericValue":
            numbers.append(str(item.value))
    groups = [g.tracking_identifier for g in group.get_planar_roi_measurement_groups()]
    groups += [g.tracking_identifier for g in group.get_image_measurement_groups()]
    return {
        "cells": [[int(by_segment[i, ..., s].sum()) for s in (0, 1)] for i in (0, 1, 2)],
        "map": {
            "frames": int(map_.NumberOfFrames),
            "at_row_3_column_7": [float(2.0 * v + 1.0) for v in values[:, 3, 7]],
            "range_of_slice_2": [float(2.0 * values[1].min() + 1.0), float(2.0 * values[1].max() + 1.0)],
        },
        "numbers": numbers,
        "groups": groups,
        "pdf_bytes": int(pydicom.dcmread(FOLDER / "pdf.dcm").EncapsulatedDocumentLength),
    }


if __name__ == "__main__":
    main()
