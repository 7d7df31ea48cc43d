//! Results of other programs: what is read of them, where they lie on images, and what is said where
//! they cannot be placed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use pellucid::results::read::layers::{LaidOver, Layer, LayerKind, LayerReader, NotDrawn};
use pellucid::results::read::placing::Obstacle;
use pellucid::results::read::{
    ParametricMap, ReadError, ReadObject, Segmentation, SegmentationType, StructuredReport, Value, document_bytes, read,
};
use pellucid::study::{self, Catalogue, Frame, ImageEntry};
use serde_json::Value as Json;

use super::study::{file, folder_with, number, scanned, sequence, text};

/// What `tests/golden/results.py` wrote by highdicom and pydicom.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/results").join(name)
}

fn expected() -> Json {
    serde_json::from_str(include_str!("../golden/results/expected.json")).unwrap()
}

fn report() -> StructuredReport {
    match read(&golden("sr.dcm")).unwrap() {
        ReadObject::StructuredReport(report) => report,
        other => panic!("{other:?}"),
    }
}

fn segmentation(name: &str) -> Segmentation {
    match read(&golden(name)).unwrap() {
        ReadObject::Segmentation(one) => one,
        other => panic!("{other:?}"),
    }
}

/// What all objects of the folder lay over one of its images.
fn over(image: &str) -> LaidOver {
    let catalogue = scanned(&[&golden("")]);
    laid(&catalogue, &study::open_image(&golden(image)).unwrap())
}

fn laid(catalogue: &Catalogue, frame: &Frame) -> LaidOver {
    let objects: Vec<Arc<ImageEntry>> = catalogue.images().cloned().collect();
    LayerReader::default().read(frame, &objects)
}

fn layer<'a>(laid: &'a LaidOver, name: &str) -> &'a Layer {
    let names: Vec<&str> = laid.layers.iter().map(|one| one.name.as_str()).collect();
    laid.layers.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

/// How many pixels of the image belong to an area.
fn pixels(layer: &Layer) -> usize {
    let inside = |x: i32, y: i32| layer.grid.value([f64::from(x) + 0.5, f64::from(y) + 0.5]).is_some_and(|v| v > 0.5);
    (0..24).flat_map(|y| (0..32).map(move |x| (x, y))).filter(|(x, y)| inside(*x, *y)).count()
}

#[test]
fn a_report_is_read_with_its_header_and_its_whole_content() {
    let report = report();
    assert_eq!(report.title, "Imaging Measurement Report");
    assert_eq!((report.template.as_str(), report.object.as_str()), ("TID 1500 (DCMR)", "Comprehensive 3D SR"));
    assert_eq!((report.completion.as_str(), report.verification.as_str()), ("COMPLETE, FINAL", "VERIFIED"));
    assert_eq!(report.verified_by, ["Reader Robin, Clinic, 2026-11-30 21:00:00"]);
    let numbers: Vec<String> = report
        .tree
        .items
        .iter()
        .filter_map(|item| match &item.value {
            Value::Number { written, .. } => Some(written.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(serde_json::to_value(numbers).unwrap(), expected()["numbers"]);
    let lines: Vec<String> = report.tree.lines().collect();
    for line in [
        "      Diameter: 6.25 mm",
        "        Finding Site: Lung",
        "          Laterality: Right",
        "      Tracking Identifier: Herzgröße",
        "      Image Region: POLYLINE, 4 points: 20.5, 8.5; 25.5, 8.5; 25.5, 11.5; 20.5, 8.5",
        "        Source: 2.25.2026113021.2.2",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line:?} is not among\n{}", lines.join("\n"));
    }
}

#[test]
fn findings_are_told_with_who_and_what_said_them_and_of_which_image() {
    let report = report();
    let found = |name: &str, group: &str| {
        let of = report.findings.iter().find(|one| one.name == name && one.group == group);
        of.unwrap_or_else(|| panic!("no {name} of {group} in {:#?}", report.findings))
    };
    let diameter = found("Diameter", "Nodule 1");
    assert_eq!((diameter.value.as_str(), diameter.unit.as_str()), ("6.25", "mm"));
    assert_eq!(diameter.observers, ["Reader Robin", "Finder"]);
    assert_eq!(diameter.algorithm, "Nodule Finder 2.1");
    assert!(diameter.details.contains(&"Finding Site: Lung, Right".to_owned()), "{:?}", diameter.details);
    assert!(diameter.details.contains(&"Derivation: Maximum".to_owned()), "{:?}", diameter.details);
    assert!(diameter.title().starts_with("Diameter, ") && diameter.modifiers.contains(&"Maximum".to_owned()));
    let images = |name: &str, group: &str| {
        let named = found(name, group).references.iter().map(|one| one.sop_instance_uid.clone());
        named.collect::<Vec<_>>()
    };
    assert_eq!(images("Diameter", "Nodule 1"), ["2.25.2026113021.2.2"], "by its region");
    assert_eq!(images("Cardiothoracic ratio", "Herzgröße"), ["2.25.2026113021.3.1"]);
    assert_eq!(images("Diameter", "Prior"), ["2.25.2026113021.77"]);
    let ratio = found("Cardiothoracic ratio", "Herzgröße");
    assert_eq!(
        (ratio.unit.as_str(), ratio.algorithm.as_str()),
        ("", ""),
        "the algorithm of another group is not its own"
    );
    assert_eq!(found("Solidity", "Nodule 1").value, "Solid");
    assert_eq!(found("Probability of cancer", "Nodule 1").unit, "%");
    // What describes others is no finding.
    for name in ["Tracking Identifier", "Algorithm Name", "Person Observer Name", "Derivation"] {
        assert!(report.findings.iter().all(|one| one.name != name), "{name}");
    }
    let mut groups: Vec<&str> = report.findings.iter().map(|one| one.group.as_str()).collect();
    groups.dedup();
    assert_eq!(serde_json::to_value(groups).unwrap(), expected()["groups"]);
}

#[test]
fn a_segmentation_lies_on_the_slices_that_it_was_made_of() {
    let one = segmentation("seg_ct.dcm");
    assert_eq!((one.kind, one.segments.len()), (SegmentationType::Binary, 2));
    let lung = &one.segments[0];
    assert_eq!((lung.name().as_str(), lung.algorithm.as_str()), ("Lung", "Nodule Finder 2.1"));
    assert_eq!(lung.color, Some([255, 0, 0]), "the recommended CIELab in sRGB");
    assert_eq!(one.segments[1].algorithm_type, "MANUAL");
    let cells = &expected()["cells"];
    for slice in 0..3 {
        let laid = over(&format!("ct{}.dcm", slice + 1));
        for (s, name) in ["Lung", "Nodule"].into_iter().enumerate() {
            let wanted = cells[slice][s].as_u64().unwrap() as usize;
            let of = laid.layers.iter().find(|one| one.name == name && one.of == "Lungs and nodule");
            assert_eq!(of.map_or(0, pixels), wanted, "{name} on slice {}", slice + 1);
        }
    }
    let third = over("ct3.dcm");
    let note = third.notes.iter().find(|note| note.of == "Lungs and nodule");
    assert_eq!(note.map(|note| &note.reason), Some(&NotDrawn::NotHere));
}

#[test]
fn a_finer_and_shifted_grid_is_placed_by_its_millimetres() {
    let laid = over("ct2.dcm");
    let lesion = layer(&laid, "Lesion");
    // CIELab of 16 bits does not bring every colour back to the last digit.
    assert!(
        matches!(lesion.kind, LayerKind::Area { fractional: true, color: Some([0..=1, 254..=255, 0..=1]) }),
        "{:?}",
        lesion.kind
    );
    // Its first cell is centred at (−12, −8) mm: column 8, row 4 of the slice (0.5 × 1 mm, from −16, −12).
    // Cells are 0.25 × 0.5 mm, so column 4 of it, row 2, are 1 mm on: column 10, row 5.
    let at = |x: f64, y: f64| lesion.grid.value([x, y]);
    assert_eq!(at(10.4, 5.4), Some(128.0 / 255.0), "half of the maximum of the file, in 255ths");
    assert_eq!(at(9.9, 5.4), Some(0.0));
    // Its core: columns 6–9 and rows 4–5, from 1.5 mm and 2 mm on.
    assert_eq!(at(11.4, 6.4), Some(1.0));
    assert_eq!(at(40.0, 5.4), None, "outside of its grid");
    assert!(over("ct1.dcm").layers.iter().all(|one| one.name != "Lesion"), "5 mm away");
}

#[test]
fn a_radiograph_without_a_position_takes_what_names_it_and_is_as_large() {
    let laid = over("cr.dcm");
    let names: Vec<&str> = laid.layers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Opacity"]);
    assert_eq!(pixels(&laid.layers[0]), 6 * 12);
    let named = laid.related.iter().filter(|one| one.names_image).map(|one| one.title.as_str());
    assert_eq!(named.collect::<Vec<_>>(), ["Chest report", "Imaging Measurement Report"]);
}

#[test]
fn what_cannot_be_placed_is_said_and_not_drawn() {
    // The radiograph again, with half of its rows.
    let mut image = pellucid_image("cr.dcm");
    number(&mut image, tags::ROWS, 12);
    let bytes = file(image, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let seg = std::fs::read(golden("seg_cr.dcm")).unwrap();
    let folder = folder_with(&[("image", &bytes), ("seg", &seg)]);
    let frame = study::open_image(&folder.path().join("image")).unwrap();
    let laid = laid(&scanned(&[folder.path()]), &frame);
    assert!(laid.layers.is_empty());
    let [note] = &laid.notes[..] else { panic!("{:?}", laid.notes) };
    let size = Obstacle::Size { columns: 32, rows: 24, image_columns: 32, image_rows: 12 };
    assert_eq!(note.reason, NotDrawn::Obstacle(size));
    assert!(note.reason.to_string().contains("no position in the patient"), "{}", note.reason);
}

fn pellucid_image(name: &str) -> InMemDicomObject {
    dicom_object::open_file(golden(name)).unwrap().into_inner()
}

#[test]
fn a_map_has_values_with_a_unit_under_every_pixel() {
    let ReadObject::ParametricMap(map) = read(&golden("pm_ct.dcm")).unwrap() else { panic!("no map") };
    let ParametricMap { frames, .. } = &map;
    assert_eq!(frames.len() as u64, expected()["map"]["frames"].as_u64().unwrap());
    assert_eq!(frames[0].quantity.unit(), "g/ml");
    assert_eq!(frames[0].quantity.quantity.as_ref().map(|code| code.value.as_str()), Some("126401"));
    for slice in 0..3_usize {
        let laid = over(&format!("ct{}.dcm", slice + 1));
        let one = laid.layers.iter().find(|one| matches!(one.kind, LayerKind::Map { .. })).unwrap();
        assert_eq!(one.name, "Standardized uptake value (SUVbw)");
        let wanted = expected()["map"]["at_row_3_column_7"][slice].as_f64().unwrap();
        assert_eq!(one.grid.value([7.5, 3.5]).map(f64::from), Some(wanted), "slice {}", slice + 1);
        if slice == 1 {
            let range = &expected()["map"]["range_of_slice_2"];
            let LayerKind::Map { range: found, unit } = &one.kind else { unreachable!() };
            assert_eq!(unit, "g/ml");
            assert_eq!(found.map(f64::from).to_vec(), [range[0].as_f64().unwrap(), range[1].as_f64().unwrap()]);
        }
    }
}

#[test]
fn a_document_comes_out_of_its_envelope_as_it_went_in() {
    let ReadObject::Document(document) = read(&golden("pdf.dcm")).unwrap() else { panic!("no document") };
    assert_eq!((document.title.as_str(), document.ending()), ("Chest report", "pdf"));
    assert_eq!(document.bytes, expected()["pdf_bytes"].as_u64().unwrap());
    let bytes = document_bytes(&golden("pdf.dcm")).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.4") && bytes.ends_with(b"%%EOF"));
    let catalogue = scanned(&[&golden("pdf.dcm")]);
    let entry = catalogue.images().next().unwrap();
    assert_eq!((entry.title.as_str(), entry.has_pixels), ("Encapsulated PDF: Chest report", false));
    assert!(matches!(document_bytes(&golden("cr.dcm")), Err(ReadError::NoDocument)));
}

#[test]
fn an_image_is_no_result() {
    assert!(
        matches!(read(&golden("cr.dcm")), Err(ReadError::NotAResult(kind)) if kind == "Computed Radiography Image")
    );
    let names = segmentation("seg_ct.dcm");
    let object = ReadObject::Segmentation(names);
    let named: Vec<String> = object.references().into_iter().map(|one| one.sop_instance_uid).collect();
    assert!(named.contains(&"2.25.2026113021.2.1".to_owned()), "{named:?}");
}

/// A report whose content is this.
fn report_with(content: impl FnOnce(&mut InMemDicomObject)) -> Vec<u8> {
    let mut object = InMemDicomObject::new_empty();
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::COMPREHENSIVE_SR_STORAGE);
    text(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "2.25.5");
    text(&mut object, tags::VALUE_TYPE, VR::CS, "CONTAINER");
    content(&mut object);
    file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)
}

fn read_bytes(bytes: &[u8]) -> Result<ReadObject, ReadError> {
    let folder = folder_with(&[("report", bytes)]);
    read(&folder.path().join("report"))
}

/// Containers within each other.
fn nested(depth: usize) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    text(&mut item, tags::VALUE_TYPE, VR::CS, "TEXT");
    text(&mut item, tags::TEXT_VALUE, VR::UT, "at the bottom");
    for _ in 0..depth {
        let mut around = InMemDicomObject::new_empty();
        text(&mut around, tags::VALUE_TYPE, VR::CS, "CONTAINER");
        sequence(&mut around, tags::CONTENT_SEQUENCE, item);
        item = around;
    }
    item
}

#[test]
fn a_report_may_nest_and_one_that_nests_without_end_is_refused_in_a_sentence() {
    let bytes = report_with(|object| sequence(object, tags::CONTENT_SEQUENCE, nested(50)));
    let Ok(ReadObject::StructuredReport(deep)) = read_bytes(&bytes) else { panic!("fifty levels") };
    assert_eq!(deep.tree.items.len(), 52);
    assert_eq!(deep.tree.items[51].value.words(), "at the bottom");
    let bytes = report_with(|object| sequence(object, tags::CONTENT_SEQUENCE, nested(200)));
    let refused = read_bytes(&bytes).unwrap_err().to_string();
    assert!(refused.contains("nest deeper than"), "{refused}");
}

#[test]
fn items_that_are_not_what_they_should_be_are_said_to_be_so() {
    let bytes = report_with(|object| {
        let mut number = InMemDicomObject::new_empty();
        text(&mut number, tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS");
        text(&mut number, tags::VALUE_TYPE, VR::CS, "NUM");
        sequence(object, tags::CONTENT_SEQUENCE, number);
    });
    let Ok(ReadObject::StructuredReport(report)) = read_bytes(&bytes) else { panic!("a number without a value") };
    assert_eq!(report.tree.items[1].value.words(), "");
    let mut empty = InMemDicomObject::new_empty();
    text(&mut empty, tags::SOP_CLASS_UID, VR::UI, uids::COMPREHENSIVE_SR_STORAGE);
    text(&mut empty, tags::SOP_INSTANCE_UID, VR::UI, "2.25.5");
    assert!(matches!(read_bytes(&file(empty, uids::EXPLICIT_VR_LITTLE_ENDIAN)), Err(ReadError::NoContent)));
}

/// What `tests/golden/results_drawn.py` wrote by highdicom, over one of the images of the other folder.
fn drawn_over(image: &str) -> LaidOver {
    let drawn = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/results_drawn");
    laid(&scanned(&[&drawn]), &study::open_image(&golden(image)).unwrap())
}

#[test]
fn what_a_report_draws_lies_where_it_was_drawn_and_on_no_other_image() {
    let expected: Json = serde_json::from_str(include_str!("../golden/results_drawn/expected.json")).unwrap();
    for (image, findings) in expected.as_object().unwrap() {
        let laid = drawn_over(&format!("{image}.dcm"));
        let names: Vec<&str> = laid.graphics.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, findings.as_object().unwrap().keys().collect::<Vec<_>>(), "{image}");
        for one in &laid.graphics {
            let extents: Vec<[f64; 4]> = one.drawings.iter().map(|drawing| extent(&drawing.points)).collect();
            let wanted: Vec<[f64; 4]> = serde_json::from_value(findings[&one.name].clone()).unwrap();
            let close = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
            let is_there = extents.len() == wanted.len() && extents.iter().zip(&wanted).all(|(a, b)| close(a, b));
            assert!(is_there, "{} on {image}: {extents:?}, not {wanted:?}", one.name);
        }
    }
    // What was found and measured is told with it.
    let second = drawn_over("ct2.dcm");
    let square = second.graphics.iter().find(|one| one.name == "Square").unwrap();
    assert_eq!(square.details, ["Finding: Nodule", "Area: 16.0 mm2"]);
    assert_eq!(square.drawings[0].points.len(), 5);
}

/// Left, top, right and bottom.
fn extent(points: &[[f32; 2]]) -> [f64; 4] {
    let start = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    points.iter().fold(start, |[l, t, r, b], [x, y]| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]).map(f64::from)
}

#[test]
fn a_shape_that_cannot_be_drawn_is_said_to_be_there() {
    let laid = drawn_over("ct2.dcm");
    let [note] = &laid.notes[..] else { panic!("{:?}", laid.notes) };
    assert_eq!(note.reason, NotDrawn::Shapes(1), "an ellipsoid around the slice");
    assert!(drawn_over("cr.dcm").notes.is_empty());
}

#[test]
fn the_region_of_a_measurement_is_called_by_its_group_and_drawn_once() {
    let laid = over("ct2.dcm");
    let drawn: Vec<(&str, usize)> = laid.graphics.iter().map(|one| (one.name.as_str(), one.drawings.len())).collect();
    assert_eq!(drawn, [("Nodule 1", 1)], "two numbers were measured in it");
    assert!(over("ct1.dcm").graphics.is_empty());
}
