//! The shares of many maps: means with intervals by patient, medians, histograms; by target, and
//! right calls, false positives and missed findings apart.
//!
//! Maps without positive evidence lie nowhere; they are counted and take no part in the means.

use serde_json::{Map, Value, json};

use super::{Call, TargetMap};
use crate::evaluation::bootstrap::{Bootstrap, Mean};
use crate::evaluation::bounded_mean::bounded_mean;
use crate::explain::evidence_shares::EvidenceShares;
use crate::stats::{mean, quantile};

/// Seed of the intervals.
const SEED: u64 = 7;
/// Patients below whose number nothing is concluded.
pub const FEW: usize = 5;
/// Bars of a histogram, of equal width from 0 to 1.
pub const BINS: usize = 20;

/// One figure of a map, 0–1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Inside,
    Right,
    Left,
    Between,
    Border,
    Elsewhere,
    /// 1 where the map's peak lies in a lung.
    PeakInside,
    /// 1 where less than half of the evidence lies in the lungs.
    MostOutside,
}

impl Figure {
    /// In the order of tables.
    pub const ALL: [Self; 8] = [
        Self::Inside,
        Self::Right,
        Self::Left,
        Self::Between,
        Self::Border,
        Self::Elsewhere,
        Self::PeakInside,
        Self::MostOutside,
    ];

    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Right => "right",
            Self::Left => "left",
            Self::Between => "between",
            Self::Border => "border",
            Self::Elsewhere => "elsewhere",
            Self::PeakInside => "peak_inside",
            Self::MostOutside => "most_outside",
        }
    }

    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inside => "in the lungs",
            Self::Right => "right lung",
            Self::Left => "left lung",
            Self::Between => "between them",
            Self::Border => "border",
            Self::Elsewhere => "elsewhere",
            Self::PeakInside => "peak in a lung",
            Self::MostOutside => "most outside",
        }
    }

    /// Of a map.
    #[must_use]
    pub fn of(self, shares: &EvidenceShares) -> f64 {
        let e = &shares.evidence;
        match self {
            Self::Inside => e.inside,
            Self::Right => e.right,
            Self::Left => e.left,
            Self::Between => e.between,
            Self::Border => e.border,
            Self::Elsewhere => e.elsewhere,
            Self::PeakInside => f64::from(u8::from(shares.peak_inside)),
            Self::MostOutside => f64::from(u8::from(shares.caution().is_some())),
        }
    }

    /// What a map has there that knows nothing; `None` where that is not defined.
    #[must_use]
    pub fn even(self, shares: &EvidenceShares) -> Option<f64> {
        match self {
            Self::MostOutside => None,
            // A peak at a random place.
            Self::PeakInside => Some(shares.area.inside),
            share => Some(share.of(&EvidenceShares { evidence: shares.area, ..*shares })),
        }
    }
}

/// One figure of a set of maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureSummary {
    pub figure: Figure,
    pub mean: Mean,
    pub median: f64,
    /// Mean of what maps have that know nothing.
    pub even: Option<f64>,
}

/// The maps of one kind of call of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct CallSummary {
    pub call: Call,
    /// Maps with evidence, and of how many patients they are, as far as told apart.
    pub maps: usize,
    pub patients: usize,
    /// Maps without evidence, which take no part.
    pub silent: usize,
    pub figures: Vec<FigureSummary>,
    /// Shares in the lungs, one a map.
    pub inside: Vec<f64>,
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetSummary {
    pub name: String,
    /// In the order of [`Call::TOLD`]; kinds without a map are left out.
    pub calls: Vec<CallSummary>,
}

/// All targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnatomySummary {
    pub targets: Vec<TargetSummary>,
}

impl AnatomySummary {
    /// Sums up maps of the targets called `names`; groups, which come last there, come first here.
    #[must_use]
    pub fn of(maps: &[TargetMap], names: &[(String, bool)]) -> Self {
        let target = |(number, (name, _)): (usize, &(String, bool))| {
            let own: Vec<&TargetMap> = maps.iter().filter(|m| m.target == number).collect();
            let calls = Call::TOLD.into_iter().filter_map(|call| CallSummary::of(&own, call));
            TargetSummary { name: name.clone(), calls: calls.collect() }
        };
        let mut order: Vec<(usize, &(String, bool))> = names.iter().enumerate().collect();
        order.sort_by_key(|(_, (_, group))| !group);
        Self { targets: order.into_iter().map(target).filter(|t| !t.calls.is_empty()).collect() }
    }

    /// Sentences on what stands out, and on where there is too little.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.targets.iter().flat_map(|t| t.calls.iter().filter_map(|call| call.remark(&t.name))).collect()
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let calls = |t: &TargetSummary| -> Map<String, Value> {
            t.calls.iter().map(|call| (call.call.key().to_owned(), call.to_json())).collect()
        };
        let targets: Map<String, Value> =
            self.targets.iter().map(|t| (t.name.clone(), Value::Object(calls(t)))).collect();
        Value::Object(targets)
    }
}

impl CallSummary {
    /// `None` where there is no such call.
    #[must_use]
    pub fn of(maps: &[&TargetMap], call: Call) -> Option<Self> {
        let own: Vec<&&TargetMap> = maps.iter().filter(|m| m.call == call).collect();
        let shown: Vec<(&str, EvidenceShares)> = own.iter().filter_map(|m| Some((m.owner(), m.shares?))).collect();
        if own.is_empty() {
            return None;
        }
        let owners: Vec<&str> = shown.iter().map(|(owner, _)| *owner).collect();
        let bootstrap = Bootstrap::new(&owners, SEED);
        let figure = |figure: Figure| {
            let mut values: Vec<f64> = shown.iter().map(|(_, shares)| figure.of(shares)).collect();
            let mut summed = bounded_mean(&values, [0.0, 1.0], &bootstrap);
            if bootstrap.patients() < 2 {
                // One patient drawn again is the same patient.
                (summed.low, summed.high) = (None, None);
            }
            values.sort_unstable_by(f64::total_cmp);
            let even = shown.iter().filter_map(|(_, shares)| figure.even(shares));
            FigureSummary { figure, mean: summed, median: quantile(&values, 0.5), even: mean(even) }
        };
        Some(Self {
            call,
            maps: shown.len(),
            patients: bootstrap.patients(),
            silent: own.len() - shown.len(),
            figures: if shown.is_empty() { Vec::new() } else { Figure::ALL.map(figure).to_vec() },
            inside: shown.iter().map(|(_, shares)| shares.evidence.inside).collect(),
        })
    }

    /// One figure, if there is a map with evidence.
    #[must_use]
    pub fn figure(&self, figure: Figure) -> Option<&FigureSummary> {
        self.figures.iter().find(|f| f.figure == figure)
    }

    /// Counts of [`BINS`] bins of the share in the lungs.
    #[must_use]
    pub fn histogram(&self) -> [usize; BINS] {
        let mut counts = [0; BINS];
        self.inside.iter().for_each(|share| counts[((share * BINS as f64) as usize).min(BINS - 1)] += 1);
        counts
    }

    fn remark(&self, target: &str) -> Option<String> {
        let inside = self.figure(Figure::Inside)?;
        let (call, maps, patients) = (self.call.name(), self.maps, self.patients);
        if patients < FEW {
            return Some(format!(
                "{target}, {call}: {maps} maps of {patients} patients are too few to say where the evidence lies"
            ));
        }
        let even = inside.even?;
        if inside.mean.high.is_some_and(|high| high < 0.5) {
            Some(format!("{target}, {call}: most of the evidence lies outside the lungs ({} inside)", inside.mean))
        } else if inside.mean.low.is_some_and(|low| low <= even) {
            Some(format!(
                "{target}, {call}: no more of the evidence lies in the lungs than of a map that knows nothing ({} against \
                 {even:.3})",
                inside.mean
            ))
        } else {
            None
        }
    }

    fn to_json(&self) -> Value {
        let figure = |f: &FigureSummary| {
            let value = json!({
                "mean": f.mean.mean, "low": f.mean.low, "high": f.mean.high, "median": f.median, "even_map": f.even,
            });
            (f.figure.key().to_owned(), value)
        };
        let figures: Map<String, Value> = self.figures.iter().map(figure).collect();
        json!({
            "maps": self.maps,
            "patients": self.patients,
            "without_evidence": self.silent,
            "figures": figures,
            "histogram_inside": self.histogram(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::evidence_shares::RegionShares;
    use crate::imaging::lung_fields::LungRegion;

    /// A map with so much of its evidence in the right lower zone and the rest at the border.
    fn map(number: usize, call: Call, inside: f64) -> TargetMap {
        let evidence = RegionShares::of_regions([0.0, 0.0, inside, 0.0, 0.0, 0.0, 0.0, 1.0 - inside, 0.0]);
        let area = RegionShares::of_regions([0.05, 0.05, 0.1, 0.05, 0.05, 0.1, 0.1, 0.2, 0.3]);
        let peak = if inside > 0.5 { LungRegion::RightLower } else { LungRegion::Border };
        TargetMap {
            image: format!("{number}.png"),
            patient: String::new(),
            target: 0,
            call,
            probability: 0.9,
            shares: Some(EvidenceShares { evidence, area, peak, peak_inside: peak.is_lung() }),
        }
    }

    fn summed(maps: &[TargetMap]) -> TargetSummary {
        AnatomySummary::of(maps, &[("Pneumonia".into(), false)]).targets.remove(0)
    }

    #[test]
    fn right_calls_and_false_positives_are_told_apart() {
        let mut maps: Vec<TargetMap> = (0..8).map(|i| map(i, Call::Right, 0.7 + 0.02 * i as f64)).collect();
        maps.extend((8..16).map(|i| map(i, Call::FalsePositive, 0.1 + 0.02 * (i - 8) as f64)));
        maps.push(TargetMap { shares: None, ..map(16, Call::Right, 0.0) });
        maps.push(map(17, Call::Absent, 0.9));
        let target = summed(&maps);
        assert_eq!(target.calls.iter().map(|c| c.call).collect::<Vec<_>>(), [Call::Right, Call::FalsePositive]);
        let [right, wrong] = &target.calls[..] else { panic!() };
        assert_eq!((right.maps, right.silent, right.patients, wrong.maps), (8, 1, 8, 8));
        let inside = right.figure(Figure::Inside).unwrap();
        assert!((inside.mean.mean - 0.77).abs() < 1e-12 && (inside.median - 0.77).abs() < 1e-12);
        assert!((inside.even.unwrap() - 0.4).abs() < 1e-12);
        let (low, high) = (inside.mean.low.unwrap(), inside.mean.high.unwrap());
        assert!(0.70 < low && low < 0.77 && 0.77 < high && high < 0.84, "{low} {high}");
        assert_eq!(wrong.figure(Figure::PeakInside).unwrap().mean.mean, 0.0);
        assert!(wrong.figure(Figure::PeakInside).unwrap().mean.high.unwrap() > 0.1, "eight misses prove no certainty");
        assert_eq!(wrong.figure(Figure::MostOutside).unwrap().mean.mean, 1.0);
        let remarks = AnatomySummary { targets: vec![target] }.remarks();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(remarks[0].starts_with("Pneumonia, false positives: most of the evidence lies outside"), "{remarks:?}");
    }

    #[test]
    fn images_of_one_patient_give_no_interval_and_few_no_conclusion() {
        let maps: Vec<TargetMap> =
            (0..6).map(|i| TargetMap { patient: "p".into(), ..map(i, Call::Right, 0.1 * i as f64) }).collect();
        let target = summed(&maps);
        let inside = target.calls[0].figure(Figure::Inside).unwrap();
        assert_eq!((inside.mean.low, inside.mean.high, target.calls[0].patients), (None, None, 1));
        let remarks = AnatomySummary { targets: vec![target] }.remarks();
        assert!(remarks[0].ends_with("6 maps of 1 patients are too few to say where the evidence lies"), "{remarks:?}");
    }

    #[test]
    fn what_a_map_that_knows_nothing_has_is_not_surpassed_by_being_like_it() {
        let maps: Vec<TargetMap> = (0..12).map(|i| map(i, Call::Right, if i % 2 == 0 { 0.25 } else { 0.7 })).collect();
        let remarks = AnatomySummary { targets: vec![summed(&maps)] }.remarks();
        assert!(remarks[0].contains("than of a map that knows nothing"), "{remarks:?}");
    }

    #[test]
    fn a_histogram_counts_every_map_once() {
        let maps: Vec<TargetMap> = [0.0, 0.04, 0.05, 0.5, 1.0].iter().map(|s| map(0, Call::Right, *s)).collect();
        let histogram = summed(&maps).calls[0].histogram();
        assert_eq!((histogram[0], histogram[1], histogram[10], histogram[19]), (2, 1, 1, 1));
        assert_eq!(histogram.iter().sum::<usize>(), 5);
    }

    #[test]
    fn the_object_names_targets_calls_and_figures() {
        let maps: Vec<TargetMap> = (0..3).map(|i| map(i, Call::FalsePositive, 0.25)).collect();
        let json = AnatomySummary::of(&maps, &[("Pneumonia".into(), true)]).to_json();
        let found = &json["Pneumonia"]["false-positive"];
        assert_eq!((found["maps"].as_u64(), found["figures"]["inside"]["mean"].as_f64()), (Some(3), Some(0.25)));
        assert_eq!(found["histogram_inside"][5], 3);
    }
}
