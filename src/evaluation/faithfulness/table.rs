//! A table of every measured map for machines.

use super::{ImageResult, MapResult};
use crate::evaluation::csv_table;
use crate::explain::Method;

/// A row for each image, method and measure; sensitivity and the end of the randomisation check
/// have no control maps.
pub fn csv(results: &[ImageResult], methods: &[Method]) -> csv::Result<Vec<u8>> {
    let header = ["image", "patient", "class", "probability", "method", "measure", "map", "blob", "random"];
    let mut rows = Vec::new();
    for result in results {
        for (method, map) in methods.iter().zip(&result.maps) {
            let Some(map) = map else { continue };
            for (measure, values) in measured(map) {
                let head = [&result.image, &result.patient, &result.subject, &result.probability.to_string()];
                let head = head.into_iter().map(String::as_str).chain([method.key(), measure]).map(str::to_owned);
                let values = values.map(|v| v.map(|v| v.to_string()).unwrap_or_default());
                rows.push(head.chain(values).collect());
            }
        }
    }
    csv_table::csv(header, rows)
}

/// What is known of a map: names, and values of the map and its control maps.
fn measured(map: &MapResult) -> Vec<(&'static str, [Option<f64>; 3])> {
    let beside = map.measures.iter().map(|m| (m.measure.key(), [Some(m.map), Some(m.blob), Some(m.random)]));
    let alone = [
        ("sensitivity", map.sensitivity),
        ("randomization_spearman", map.randomization.and_then(|r| r.spearman)),
        ("randomization_ssim", map.randomization.and_then(|r| r.ssim)),
    ];
    let alone = alone.into_iter().filter(|(_, value)| value.is_some()).map(|(name, value)| (name, [value, None, None]));
    beside.chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::faithfulness::{MeasureReading, RandomizationEnd};
    use crate::explain::faithfulness::measure::{Better, Measure};
    use crate::explain::faithfulness::randomization::Outcome;

    fn result(number: usize) -> ImageResult {
        let reading = |measure: Measure| {
            let control = if measure.better() == Better::Lower { 0.75 } else { 0.25 };
            MeasureReading { measure, map: 0.5, blob: control, random: control, beats_both: true }
        };
        let randomization = Some(RandomizationEnd { outcome: Outcome::Passes, spearman: Some(0.125), ssim: None });
        let map = MapResult { measures: Measure::ALL.map(reading).to_vec(), sensitivity: Some(0.5), randomization };
        ImageResult {
            image: format!("{number}.png"),
            patient: "p, 1".into(),
            subject: "Mass".into(),
            probability: 0.5,
            checked: true,
            maps: vec![Some(map)],
        }
    }

    #[test]
    fn every_measure_is_a_row_and_what_is_not_known_an_empty_cell() {
        let table = String::from_utf8(csv(&[result(0)], &[Method::GradCam]).unwrap()).unwrap();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 1 + 4 + 2);
        assert_eq!(rows[1], "0.png,\"p, 1\",Mass,0.5,grad-cam,deletion,0.5,0.75,0.75");
        assert_eq!(rows[5], "0.png,\"p, 1\",Mass,0.5,grad-cam,sensitivity,0.5,,");
        assert_eq!(rows[6], "0.png,\"p, 1\",Mass,0.5,grad-cam,randomization_spearman,0.125,,");
    }
}
