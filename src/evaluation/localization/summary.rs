//! The measures of many regions: means with intervals by patient, for each method beside its two
//! control maps.
//!
//! A method is compared with a blob in the centre of the image
//! ([`crate::explain::faithfulness::control_maps`]) region by region, so the interval is that of
//! the difference. Where it reaches down to 0, the map is called no better than the blob.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Measure, Measured};
use crate::evaluation::bootstrap::{Bootstrap, Mean};
use crate::evaluation::bounded_mean::bounded_mean;
use crate::explain::Method;

/// Seed of the intervals.
const SEED: u64 = 7;
/// Patients below whose number nothing is concluded.
pub const FEW: usize = 5;
/// Measures on which a method is called better than the centred blob or not.
const DECISIVE: [Measure; 3] = [Measure::Pointing, Measure::IouOtsu, Measure::PixelAp];

/// One method's map of one region, beside its control maps: values of the yardstick's measures.
#[derive(Clone, Debug, PartialEq)]
pub struct MapResult {
    pub measured: Measured,
    pub map: Vec<f64>,
    /// The blob in the centre of the image.
    pub centred: Vec<f64>,
    /// The mean of blobs at random places.
    pub random: Vec<f64>,
}

/// One region: a finding in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionResult {
    /// The image's path below the set's folder.
    pub image: String,
    /// Empty where nobody knows.
    pub patient: String,
    /// The label or group that was marked.
    pub finding: String,
    /// What the model says of the finding, after temperature, and whether that reaches its
    /// threshold.
    pub probability: f64,
    pub says: bool,
    /// Width and height of the image.
    pub size: (usize, usize),
    /// Marked boxes, or connected parts of the mask.
    pub marks: usize,
    /// Share of the image that is marked.
    pub share: f64,
    /// One a method.
    pub maps: Vec<MapResult>,
}

/// One measure of one method.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureSummary {
    pub measure: Measure,
    pub map: Mean,
    pub centred: Mean,
    pub random: Mean,
    /// Map minus centred blob.
    pub gain: Mean,
}

/// One method over a set of regions.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSummary {
    pub method: Method,
    pub regions: usize,
    pub patients: usize,
    /// Maps that show nothing.
    pub silent: usize,
    pub measures: Vec<MeasureSummary>,
}

/// All methods over a set of regions, and over parts of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalizationSummary {
    pub regions: usize,
    pub images: usize,
    pub patients: usize,
    pub all: Vec<MethodSummary>,
    /// Regions whose finding the model says; empty when that is all or none.
    pub where_said: Vec<MethodSummary>,
    /// By finding, where there are several.
    pub findings: Vec<(String, Vec<MethodSummary>)>,
}

impl LocalizationSummary {
    /// Sums up `cases`, whose maps are those of `methods` and whose values those of `measures`, in
    /// this order.
    #[must_use]
    pub fn of(cases: &[RegionResult], methods: &[Method], measures: &[Measure]) -> Self {
        let standings = |part: &[&RegionResult]| {
            let standing = |(number, method): (usize, &Method)| MethodSummary::of(part, number, *method, measures);
            if part.is_empty() { Vec::new() } else { methods.iter().enumerate().map(standing).collect() }
        };
        let everything: Vec<&RegionResult> = cases.iter().collect();
        let where_said: Vec<&RegionResult> = cases.iter().filter(|c| c.says).collect();
        let mut findings: BTreeMap<&str, Vec<&RegionResult>> = BTreeMap::new();
        for case in cases {
            findings.entry(&case.finding).or_default().push(case);
        }
        let images: std::collections::BTreeSet<&str> = cases.iter().map(|c| c.image.as_str()).collect();
        let several = findings.len() > 1;
        Self {
            regions: cases.len(),
            images: images.len(),
            patients: bootstrap(&everything).patients(),
            all: standings(&everything),
            where_said: if where_said.len() < cases.len() { standings(&where_said) } else { Vec::new() },
            findings: findings
                .into_iter()
                .filter(|_| several)
                .map(|(name, part)| (name.to_owned(), standings(&part)))
                .collect(),
        }
    }

    /// Everything as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let standings = |all: &[MethodSummary]| Value::Array(all.iter().map(MethodSummary::to_json).collect());
        let findings: Map<String, Value> = self.findings.iter().map(|(n, s)| (n.clone(), standings(s))).collect();
        json!({
            "regions": self.regions,
            "images": self.images,
            "patients": self.patients,
            "methods": standings(&self.all),
            "where_the_model_says_so": standings(&self.where_said),
            "findings": findings,
        })
    }
}

/// Images of one patient are drawn together, and so are several findings of an image whose patient
/// nobody knows.
fn bootstrap(cases: &[&RegionResult]) -> Bootstrap {
    let names: Vec<&str> =
        cases.iter().map(|c| if c.patient.is_empty() { &c.image } else { &c.patient }.as_str()).collect();
    Bootstrap::new(&names, SEED)
}

impl MethodSummary {
    fn of(cases: &[&RegionResult], number: usize, method: Method, measures: &[Measure]) -> Self {
        let bootstrap = bootstrap(cases);
        let maps: Vec<&MapResult> = cases.iter().filter_map(|c| c.maps.get(number)).collect();
        let figure = |range: [f64; 2], value: &dyn Fn(&MapResult) -> f64| {
            bounded_mean(&maps.iter().map(|t| value(t)).collect::<Vec<f64>>(), range, &bootstrap)
        };
        let line = |(m, measure): (usize, &Measure)| MeasureSummary {
            measure: *measure,
            map: figure([0.0, 1.0], &|t| t.map[m]),
            centred: figure([0.0, 1.0], &|t| t.centred[m]),
            random: figure([0.0, 1.0], &|t| t.random[m]),
            gain: figure([-1.0, 1.0], &|t| t.map[m] - t.centred[m]),
        };
        Self {
            method,
            regions: maps.len(),
            patients: bootstrap.patients(),
            silent: maps.iter().filter(|t| t.measured.point.is_none()).count(),
            measures: measures.iter().enumerate().map(line).collect(),
        }
    }

    /// One sentence: whether the maps lie better on the regions than a blob that knows nothing of
    /// the image.
    #[must_use]
    pub fn verdict(&self) -> String {
        let name = self.method.name();
        if self.patients < FEW {
            let whose =
                if self.patients == 1 { "one patient".to_owned() } else { format!("{} patients", self.patients) };
            return format!("{whose} cannot tell whether {name} lies better on the regions than a centred blob.");
        }
        let decisive = self.measures.iter().filter(|l| DECISIVE.contains(&l.measure));
        let (better, rest): (Vec<&MeasureSummary>, Vec<&MeasureSummary>) =
            decisive.partition(|l| l.gain.low.is_some_and(|low| low > 0.0));
        let listed = |measures: &[&MeasureSummary]| {
            let one =
                |l: &&MeasureSummary| format!("{} {:.3} against {:.3}", l.measure.name(), l.map.mean, l.centred.mean);
            measures.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let blob = "a blob of its size in the centre of the image, which knows nothing of the image";
        match (better.is_empty(), rest.is_empty()) {
            (true, _) => format!("{name} lies no better on the regions than {blob} ({}).", listed(&rest)),
            (false, true) => format!("{name} lies better on the regions than {blob} ({}).", listed(&better)),
            (false, false) => {
                format!("{name} is better than {blob}, in {}, but no better in {}.", listed(&better), listed(&rest))
            }
        }
    }

    fn to_json(&self) -> Value {
        let measures: Map<String, Value> = self
            .measures
            .iter()
            .map(|l| {
                let figures =
                    json!({ "map": l.map, "centred_blob": l.centred, "random_blob": l.random, "map_minus_centred": l.gain });
                (l.measure.key(), figures)
            })
            .collect();
        json!({
            "method": self.method.key(),
            "regions": self.regions,
            "patients": self.patients,
            "maps_without_evidence": self.silent,
            "verdict": self.verdict(),
            "measures": measures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::localization::rectangle::Rectangle;
    use crate::evaluation::localization::region::Region;
    use crate::evaluation::localization::{Yardstick, measure};
    use crate::explain::faithfulness::control_maps;
    use crate::imaging::Plane;

    /// A region at `x` and a map that lies on it, or shows nothing.
    fn case(number: usize, x: f64, lies: bool, finding: &str) -> RegionResult {
        let yardstick = Yardstick::default();
        let region = Region::of_boxes(40, 40, &[Rectangle { x, y: 14.0, width: 8.0, height: 8.0 }]).unwrap();
        let map =
            if lies { control_maps::blob(40, 40, ((x + 4.0) / 40.0, 0.45), 0.05) } else { Plane::filled(40, 40, 0.0) };
        let measured = measure(&map, &region, &yardstick);
        let centred = measure(&control_maps::blob(40, 40, (0.5, 0.5), 0.05), &region, &yardstick).values(&yardstick);
        let map = measured.values(&yardstick);
        RegionResult {
            image: format!("{number}.png"),
            patient: String::new(),
            finding: finding.into(),
            probability: 0.9,
            says: number.is_multiple_of(2),
            size: (40, 40),
            marks: 1,
            share: region.share(),
            maps: vec![MapResult { measured, map, random: vec![0.0; centred.len()], centred }],
        }
    }

    fn summed(cases: &[RegionResult]) -> LocalizationSummary {
        LocalizationSummary::of(cases, &[Method::GradCam], &Yardstick::default().measures())
    }

    #[test]
    fn maps_on_the_regions_are_better_than_the_centre() {
        let cases: Vec<RegionResult> = (0..12).map(|i| case(i, (i % 3) as f64 * 2.0, true, "Mass")).collect();
        let summary = summed(&cases);
        let standing = &summary.all[0];
        assert_eq!((summary.regions, summary.patients, standing.silent), (12, 12, 0));
        let pointing = &standing.measures[0];
        assert_eq!((pointing.map.mean, pointing.centred.mean, pointing.gain.mean), (1.0, 0.0, 1.0));
        // Twelve hits of twelve prove no certainty.
        let low = 12.0 / (12.0 + 1.959_963_984_540_054_f64.powi(2));
        assert!((pointing.map.low.unwrap() - low).abs() < 1e-12 && pointing.map.high == Some(1.0));
        assert!((pointing.gain.low.unwrap() - (2.0 * low - 1.0)).abs() < 1e-12);
        assert!(
            standing.verdict().starts_with("Grad-CAM lies better on the regions than a blob"),
            "{}",
            standing.verdict()
        );
        assert_eq!(summary.where_said[0].regions, 6);
    }

    #[test]
    fn maps_that_are_no_better_than_the_centre_are_said_to_be_so() {
        let cases: Vec<RegionResult> = (0..12).map(|i| case(i, 16.0, i % 2 == 0, "Mass")).collect();
        let standing = &summed(&cases).all[0];
        assert_eq!(standing.silent, 6);
        assert!(standing.verdict().contains("lies no better on the regions"), "{}", standing.verdict());
        assert!(standing.verdict().contains("pointing game 0.500 against 1.000"), "{}", standing.verdict());
    }

    #[test]
    fn findings_of_one_image_are_drawn_together_and_told_apart() {
        let mut cases: Vec<RegionResult> =
            (0..6).map(|i| case(i / 2, 4.0, true, if i % 2 == 0 { "Mass" } else { "Nodule" })).collect();
        let summary = summed(&cases);
        assert_eq!((summary.regions, summary.images, summary.patients), (6, 3, 3));
        assert_eq!(
            summary.findings.iter().map(|(n, s)| (n.as_str(), s[0].regions)).collect::<Vec<_>>(),
            [("Mass", 3), ("Nodule", 3)]
        );
        cases.iter_mut().for_each(|c| c.patient = "p".into());
        let alone = &summed(&cases).all[0];
        assert!(alone.verdict().starts_with("one patient cannot tell"), "{}", alone.verdict());
        let json = summed(&cases).to_json();
        assert_eq!(json["methods"][0]["measures"]["pointing"]["map"]["mean"], 1.0);
        assert_eq!(json["findings"]["Nodule"][0]["regions"], 3);
    }

    #[test]
    fn no_regions_give_no_standing() {
        assert!(summed(&[]).all.is_empty());
    }
}
