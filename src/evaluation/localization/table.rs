//! A table of every marked region for machines.

use super::Measure;
use super::marked_region::grid;
use super::summary::RegionResult;
use crate::evaluation::csv_table;
use crate::explain::Method;

/// A row for each region and method; `x` and `y` are the pixel of the image that the map points at.
pub fn csv(results: &[RegionResult], methods: &[Method], measures: &[Measure]) -> csv::Result<Vec<u8>> {
    let mut header: Vec<String> = [
        "image",
        "patient",
        "finding",
        "probability",
        "says",
        "marks",
        "share",
        "method",
        "evidence",
        "x",
        "y",
        "otsu",
        "area",
        "parts",
        "box_iou",
        "box_iobb",
    ]
    .map(str::to_owned)
    .to_vec();
    for kind in ["", "centred_", "random_"] {
        header.extend(measures.iter().map(|m| format!("{kind}{}", m.key())));
    }
    header.extend(["part_iou", "part_both"].map(str::to_owned));
    let mut rows = Vec::new();
    for result in results {
        let (across, down) = grid(result.size);
        for (method, map) in methods.iter().zip(&result.maps) {
            let found = &map.measured;
            let pixel =
                |at: usize, of: usize, whole: usize| ((at as f64 + 0.5) * whole as f64 / of as f64).floor().to_string();
            let (x, y) = found.point.map_or_else(Default::default, |(x, y)| {
                (pixel(x, across, result.size.0), pixel(y, down, result.size.1))
            });
            let mut row = vec![
                result.image.clone(),
                result.patient.clone(),
                result.finding.clone(),
                result.probability.to_string(),
                u8::from(result.says).to_string(),
                result.marks.to_string(),
                result.share.to_string(),
                method.key().to_owned(),
                u8::from(found.point.is_some()).to_string(),
                x,
                y,
                found.otsu.to_string(),
                found.area.to_string(),
                found.parts.to_string(),
                found.box_iou.to_string(),
                found.box_iobb.to_string(),
            ];
            row.extend([&map.map, &map.centred, &map.random].into_iter().flatten().map(f64::to_string));
            row.extend([found.part_iou, found.part_both].map(|share| share.to_string()));
            rows.push(row);
        }
    }
    csv_table::csv(header, rows)
}
