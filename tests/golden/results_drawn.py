"""Writes results_drawn/: a report of another program that draws every shape on the images of results/, as highdicom
makes it, and where the shapes lie.

On the image (SCOORD): a point, points, a polygon and a line, a circle and an ellipse on slice 2 and on the radiograph.
In the patient (SCOORD3D): a polygon and an ellipse in slice 2, points in slices 1 and 2, a line through all slices, an
ellipsoid around slice 2, and a polygon in another frame of reference. Expected are extents in pixels, by plain
arithmetic: the corner of the first pixel is 0\\0 on an image (PS3.3 C.18.6.1.1); a place in the patient is brought to
pixels by position and spacing of the slice. Run with highdicom 0.27 or newer, behind results.py:

    python tests/golden/results_drawn.py
"""

import json
import pathlib
import shutil

import highdicom as hd
import numpy as np
import pydicom
from highdicom.sr.coding import CodedConcept
from pydicom.sr.codedict import codes

IMAGES = pathlib.Path(__file__).with_name("results")
FOLDER = pathlib.Path(__file__).with_suffix("")
ROOT = "2.25.2026113021"

# Columns and rows on the image.
POINT = [[10.5, 6.5]]
POINTS = [[3.0, 4.0], [20.25, 18.75]]
SQUARE = [[4.0, 5.0], [12.0, 5.0], [12.0, 9.0], [4.0, 9.0], [4.0, 5.0]]
LINE = [[0.0, 0.0], [32.0, 24.0]]
CIRCLE = [[16.0, 12.0], [20.0, 12.0]]
ELLIPSE = [[8.0, 10.0], [24.0, 10.0], [16.0, 7.0], [16.0, 13.0]]

Shape, Shape3D = hd.sr.GraphicTypeValues, hd.sr.GraphicTypeValues3D


def in_patient(image, points, z=None):
    """Millimetres of columns and rows on a slice (C.7.6.2.1.1); pixel (0, 0) has its centre at 0.5\\0.5."""
    x0, y0, z0 = (float(v) for v in image.ImagePositionPatient)
    down, across = (float(v) for v in image.PixelSpacing)
    return np.array([[x0 + (x - 0.5) * across, y0 + (y - 0.5) * down, z0 if z is None else z] for x, y in points])


def number(name, value, unit):
    return hd.sr.Measurement(name=name, value=value, unit=unit)


def planar(name, region, value, finding=codes.SCT.Nodule):
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=pydicom.uid.generate_uid(prefix=f"{ROOT}.", entropy_srcs=[name]),
                                                     identifier=name),
        referenced_region=region, finding_type=finding,
        measurements=[number(codes.SCT.Area, value, codes.UCUM.SquareMillimeter)],
    )


def on(image, kind, points):
    source = hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID)
    return hd.sr.ImageRegion(graphic_type=kind, graphic_data=np.array(points), source_image=source)


def qualitative(name, shapes):
    """A group whose regions are no planar ROI: points of an image."""
    item = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=pydicom.uid.generate_uid(prefix=f"{ROOT}.", entropy_srcs=[name]),
                                                     identifier=name),
        finding_type=codes.SCT.Nodule,
    )
    for shape in shapes:
        item[0].ContentSequence.append(shape)
    return item


def scoord(image, kind, points):
    item = hd.sr.ScoordContentItem(
        name=CodedConcept("111010", "DCM", "Center"), graphic_type=kind, graphic_data=np.array(points),
        relationship_type=hd.sr.RelationshipTypeValues.CONTAINS,
    )
    image_item = hd.sr.ImageContentItem(
        name=CodedConcept("121112", "DCM", "Source of Measurement"), referenced_sop_class_uid=image.SOPClassUID,
        referenced_sop_instance_uid=image.SOPInstanceUID, relationship_type=hd.sr.RelationshipTypeValues.SELECTED_FROM,
    )
    item.ContentSequence = hd.sr.ContentSequence([image_item])
    return item


def scoord3d(kind, points, frame_of_reference):
    return hd.sr.Scoord3DContentItem(
        name=CodedConcept("111010", "DCM", "Center"), graphic_type=kind, graphic_data=np.array(points),
        frame_of_reference_uid=frame_of_reference, relationship_type=hd.sr.RelationshipTypeValues.CONTAINS,
    )


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    slices = [pydicom.dcmread(IMAGES / f"ct{i}.dcm") for i in (1, 2, 3)]
    radiograph = pydicom.dcmread(IMAGES / "cr.dcm")
    second, place = slices[1], slices[1].FrameOfReferenceUID
    z = [float(one.ImagePositionPatient[2]) for one in slices]
    person = hd.sr.ObserverContext(codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes("Reader^Robin"))
    middle = in_patient(second, [[16.0, 12.0]])[0]
    groups = [
        planar("Square", on(second, Shape.POLYLINE, SQUARE), 16.0),
        planar("Circle", on(second, Shape.CIRCLE, CIRCLE), 12.6),
        planar("Ellipse", on(radiograph, Shape.ELLIPSE, ELLIPSE), 75.4),
        qualitative("Marks", [scoord(second, Shape.POINT, POINT), scoord(second, Shape.MULTIPOINT, POINTS)]),
        qualitative("Line", [scoord(radiograph, Shape.POLYLINE, LINE)]),
        qualitative("Polygon in the patient", [scoord3d(Shape3D.POLYGON, in_patient(second, SQUARE), place)]),
        qualitative("Ellipse in the patient", [scoord3d(Shape3D.ELLIPSE, in_patient(second, ELLIPSE), place)]),
        qualitative("Points in the patient", [scoord3d(
            Shape3D.MULTIPOINT,
            np.concatenate([in_patient(second, POINTS[:1], z[0]), in_patient(second, POINTS[1:], z[1])]), place)]),
        qualitative("Needle", [scoord3d(
            Shape3D.POLYLINE,
            np.concatenate([in_patient(second, POINTS[:1], z[0] - 5), in_patient(second, POINTS[1:], z[2] + 5)]), place)]),
        qualitative("Ball", [scoord3d(
            Shape3D.ELLIPSOID,
            np.array([middle + [-4, 0, 0], middle + [4, 0, 0], middle + [0, -4, 0], middle + [0, 4, 0],
                      middle + [0, 0, -4], middle + [0, 0, 4]]), place)]),
        qualitative("Elsewhere", [scoord3d(Shape3D.POLYGON, in_patient(second, SQUARE), f"{ROOT}.4.4")]),
    ]
    measured = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=person),
        procedure_reported=CodedConcept("77477000", "SCT", "Computed tomography"), imaging_measurements=groups,
        title=CodedConcept("126000", "DCM", "Imaging Measurement Report"),
    )
    one = hd.sr.Comprehensive3DSR(
        evidence=[*slices, radiograph], content=measured[0], series_instance_uid=f"{ROOT}.19", series_number=19,
        sop_instance_uid=f"{ROOT}.19.1", instance_number=1, manufacturer="Others", is_complete=True,
        series_description="Drawn",
    )
    for tag in ["InstanceCreationDate", "InstanceCreationTime"]:
        if tag in one:
            del one[tag]
    for tag, value in [("ContentDate", "20261130"), ("ContentTime", "210000"), ("SeriesDate", "20261130"),
                       ("SeriesTime", "210000")]:
        if tag in one:
            setattr(one, tag, value)
    for equipment in one.get("ContributingEquipmentSequence", []):
        equipment.ContributionDateTime = "20261130210000"
    one.save_as(FOLDER / "sr.dcm", enforce_file_format=True)
    (FOLDER / "expected.json").write_text(json.dumps(expected(), indent=1) + "\n")


def extent(points):
    points = np.array(points)
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]


def expected():
    """Of each image: findings with the extents (left, top, right, bottom) of their drawings."""
    # Pixels of the slices are twice as high as wide, so a circle is 4 columns and 2 rows from its centre to its rim.
    circle = [16.0 - 4, 12.0 - 2, 16.0 + 4, 12.0 + 2]
    ellipse = [8.0, 7.0, 24.0, 13.0]
    first, second = ([*point, *point] for point in POINTS)
    return {
        "ct1": {"Points in the patient": [first]},
        "ct2": {
            "Square": [extent(SQUARE)], "Circle": [circle], "Marks": [[*POINT[0], *POINT[0]], first, second],
            "Polygon in the patient": [extent(SQUARE)], "Ellipse in the patient": [ellipse],
            "Points in the patient": [second],
        },
        "ct3": {},
        "cr": {"Ellipse": [ellipse], "Line": [extent(LINE)]},
    }


if __name__ == "__main__":
    main()
