"""Writes medium/: a medium with an index (DICOMDIR), as pydicom makes it of the objects of results/.

Images, a segmentation, a parametric map, a report, a document, and a presentation state of the radiograph that highdicom
makes, below folders and names as PS3.10 8.2 asks. Run with pydicom 3 and highdicom 0.27 or newer, behind results.py:

    python tests/golden/medium.py
"""

import pathlib
import shutil
import tempfile

import highdicom as hd
import numpy as np
import pydicom
from pydicom.fileset import FileSet

IMAGES = pathlib.Path(__file__).with_name("results")
FOLDER = pathlib.Path(__file__).with_suffix("")
ROOT = "2.25.2026113021"


def state(radiograph):
    square = hd.pr.GraphicObject(
        graphic_type=hd.pr.GraphicTypeValues.POLYLINE, units=hd.pr.AnnotationUnitsValues.PIXEL,
        graphic_data=np.array([[4.0, 5.0], [12.0, 5.0], [12.0, 9.0], [4.0, 9.0], [4.0, 5.0]]),
    )
    layer = hd.pr.GraphicLayer("MARKS", 1)
    one = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[radiograph], series_instance_uid=f"{ROOT}.29", series_number=29, sop_instance_uid=f"{ROOT}.29.1",
        instance_number=1, manufacturer="Others", manufacturer_model_name="Marker", software_versions="1",
        device_serial_number="1", content_label="MARKED", graphic_layers=[layer],
        graphic_annotations=[hd.pr.GraphicAnnotation([radiograph], layer, graphic_objects=[square])],
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=1500.0, window_width=900.0)],
    )
    for tag, value in [("InstanceCreationDate", "20261130"), ("InstanceCreationTime", "210000"), ("SeriesDate", "20261130"),
                       ("SeriesTime", "210000"), ("PresentationCreationDate", "20261130"),
                       ("PresentationCreationTime", "210000")]:
        if tag in one:
            setattr(one, tag, value)
    for equipment in one.get("ContributingEquipmentSequence", []):
        equipment.ContributionDateTime = "20261130210000"
    return one


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    medium = FileSet()
    medium.ID, medium.UID = "RESULTS", f"{ROOT}.99"
    for name in ["ct2", "cr", "seg_ct", "pm_ct", "sr", "pdf"]:
        one = pydicom.dcmread(IMAGES / f"{name}.dcm")
        one.InstanceNumber = one.get("InstanceNumber") or 1
        medium.add(one)
    medium.add(state(pydicom.dcmread(IMAGES / "cr.dcm")))
    with tempfile.TemporaryDirectory() as place:
        medium.write(place)
        shutil.copytree(place, FOLDER)


if __name__ == "__main__":
    main()
