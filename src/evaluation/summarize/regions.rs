//! What each region is worth to each target: mean size of its values, mean value, mean share of the
//! evidence; right calls, false positives and missed findings apart.
//!
//! The mean size `mean |φ|` says how much the score hangs on a region, whichever way; the mean value
//! whether what is seen there speaks for the target. Intervals are by drawing patients again; of
//! one patient there is none.

use serde_json::{Map, Value, json};

use super::{ExplainedTarget, SEED};
use crate::evaluation::anatomy::Call;
use crate::evaluation::bootstrap::{Bootstrap, Mean};
use crate::imaging::lung_fields::LungRegion;

/// One region.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionFigures {
    pub region: LungRegion,
    /// Images in which the region has a value.
    pub images: usize,
    /// Mean of the sizes of the values.
    pub size: Mean,
    pub value: Mean,
    /// Mean share of the positive evidence, over the maps that hold any.
    pub evidence: Mean,
    /// The values themselves.
    pub values: Vec<f64>,
}

/// One kind of call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRegions {
    pub call: Call,
    pub images: usize,
    /// As far as they can be told apart.
    pub patients: usize,
    /// In the order of [`LungRegion::ALL`].
    pub regions: Vec<RegionFigures>,
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRegions {
    pub name: String,
    /// Kinds of call without an image are left out.
    pub calls: Vec<CallRegions>,
}

/// Sums up every target of `names` (name, and whether it is a group); groups come first.
#[must_use]
pub fn summed(all: &[ExplainedTarget], names: &[(String, bool)]) -> Vec<TargetRegions> {
    let mut order: Vec<(usize, &(String, bool))> = names.iter().enumerate().collect();
    order.sort_by_key(|(_, (_, group))| !group);
    let target = |(number, (name, _)): (usize, &(String, bool))| {
        let of = |call: Call| {
            let own = all.iter().filter(|t| t.map.target == number && t.map.call == call);
            CallRegions::of(call, &own.collect::<Vec<_>>())
        };
        TargetRegions { name: name.clone(), calls: Call::TOLD.into_iter().filter_map(of).collect() }
    };
    order.into_iter().map(target).filter(|t| !t.calls.is_empty()).collect()
}

impl CallRegions {
    fn of(call: Call, own: &[&ExplainedTarget]) -> Option<Self> {
        if own.is_empty() {
            return None;
        }
        let owners: Vec<&str> = own.iter().map(|t| t.map.owner()).collect();
        let patients = Bootstrap::new(&owners, SEED).patients();
        let region = |(number, region): (usize, LungRegion)| {
            let valued: Vec<(&str, f64)> =
                own.iter().filter_map(|t| Some((t.map.owner(), t.values[number]?))).collect();
            let shares: Vec<(&str, f64)> =
                own.iter().filter_map(|t| Some((t.map.owner(), t.map.shares?.evidence.share(region)))).collect();
            let sizes: Vec<(&str, f64)> = valued.iter().map(|(owner, v)| (*owner, v.abs())).collect();
            RegionFigures {
                region,
                images: valued.len(),
                size: mean(&sizes),
                value: mean(&valued),
                evidence: mean(&shares),
                values: valued.into_iter().map(|(_, v)| v).collect(),
            }
        };
        let regions = LungRegion::ALL.into_iter().enumerate().map(region).collect();
        Some(Self { call, images: own.len(), patients, regions })
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let region = |r: &RegionFigures| {
            let figures = json!({
                "images": r.images, "mean_size": r.size, "mean_value": r.value, "mean_evidence": r.evidence,
            });
            (r.region.key().to_owned(), figures)
        };
        let regions: Map<String, Value> = self.regions.iter().map(region).collect();
        json!({"images": self.images, "patients": self.patients, "regions": regions})
    }
}

/// The mean of owned values; without an interval where one patient has them all.
fn mean(owned: &[(&str, f64)]) -> Mean {
    let (owners, values): (Vec<&str>, Vec<f64>) = owned.iter().copied().unzip();
    let bootstrap = Bootstrap::new(&owners, SEED);
    let mean = bootstrap.mean(&values);
    if bootstrap.patients() < 2 { Mean { low: None, high: None, ..mean } } else { mean }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::evaluation::anatomy::TargetMap;
    use crate::explain::evidence_shares::{EvidenceShares, RegionShares};

    /// A target of an image whose right lower zone is worth `value`.
    pub(crate) fn explained(number: usize, call: Call, value: f64, probability: f64) -> ExplainedTarget {
        let shares = RegionShares::of_regions([0.0, 0.0, 0.75, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0]);
        let (peak, peak_inside) = (LungRegion::RightLower, true);
        let shares = EvidenceShares { evidence: shares, area: shares, peak, peak_inside };
        let mut values = [Some(0.0); 9];
        values[LungRegion::RightLower as usize] = Some(value);
        values[LungRegion::Border as usize] = None;
        let map = TargetMap {
            image: format!("{number}.png"),
            patient: String::new(),
            target: 0,
            call,
            probability,
            shares: Some(shares),
        };
        ExplainedTarget { map, values, entropy: Some(0.5) }
    }

    #[test]
    fn sizes_add_up_where_values_cancel() {
        let all: Vec<ExplainedTarget> =
            (0..8).map(|i| explained(i, Call::Right, if i % 2 == 0 { 1.5 } else { -0.5 }, 0.9)).collect();
        let found = summed(&all, &[("Pneumonia".into(), false)]).remove(0);
        let call = &found.calls[0];
        assert_eq!((call.call, call.images, call.patients), (Call::Right, 8, 8));
        let lower = &call.regions[LungRegion::RightLower as usize];
        assert_eq!((lower.size.mean, lower.value.mean, lower.evidence.mean), (1.0, 0.5, 0.75));
        assert!(lower.size.low.unwrap() > 0.5 && lower.size.high.unwrap() < 1.5);
        let border = &call.regions[LungRegion::Border as usize];
        assert_eq!((border.images, border.value), (0, Mean::default()), "the network does not see it");
    }

    #[test]
    fn wrong_calls_stand_apart_and_one_patient_has_no_interval() {
        let all = [explained(0, Call::Right, 1.0, 0.9), explained(1, Call::FalsePositive, 3.0, 0.8)];
        let names = [("Pneumonia".to_owned(), false), ("Group".to_owned(), true)];
        let found = summed(&all, &names);
        assert_eq!(found.len(), 1, "a target without a call is left out");
        let calls: Vec<(Call, f64)> =
            found[0].calls.iter().map(|c| (c.call, c.regions[LungRegion::RightLower as usize].value.mean)).collect();
        assert_eq!(calls, [(Call::Right, 1.0), (Call::FalsePositive, 3.0)]);
        assert_eq!(found[0].calls[0].regions[2].value.low, None);
        assert_eq!(found[0].calls[0].to_json()["regions"]["right-lower"]["mean_value"]["mean"], 1.0);
    }
}
