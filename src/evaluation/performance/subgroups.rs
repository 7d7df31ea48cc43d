//! Does the model serve everyone alike? The metrics of parts of a set: by age, sex, view, site, or
//! any other fact.
//!
//! Parts differ in difficulty and prevalence too; a difference asks a question, it does not answer
//! it.

use std::collections::BTreeMap;

use super::estimates::{MetricEstimate, SEED, estimates, known, remarks};
use super::shares::{Decisions, with_widths};
use crate::evaluation::age_bands::{BANDS, band};
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::evaluation::confusion::Binary;
use crate::evaluation::predictions::Predictions;
use crate::evaluation::{proportion, roc};

/// Name of the part whose images do not tell.
const UNKNOWN: &str = "unknown";

/// The images that share a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Subgroup {
    pub fact: String,
    pub value: String,
    pub n: usize,
    pub patients: usize,
    /// Of the called class (softmax) or of all decisions (sigmoid).
    pub accuracy: Estimate,
    pub targets: Vec<SubgroupTarget>,
}

/// One target in a part.
#[derive(Clone, Debug, PartialEq)]
pub struct SubgroupTarget {
    pub name: String,
    pub positives: usize,
    pub n: usize,
    /// `auroc`, `sensitivity`, `specificity`.
    pub metrics: Vec<MetricEstimate>,
    pub remarks: Vec<String>,
}

/// The parts of `set` by `fact`, in their natural order; none where no image tells.
#[must_use]
pub fn subgroups(set: &Predictions, thresholds: &[f64], fact: &str) -> Vec<Subgroup> {
    let mut parts: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (i, row) in set.rows.iter().enumerate() {
        let value = row.facts.iter().find(|(name, _)| name.eq_ignore_ascii_case(fact)).map(|(_, v)| v.trim());
        parts.entry(part(fact, value.unwrap_or_default())).or_default().push(i);
    }
    if parts.keys().all(|(_, name)| name == UNKNOWN) {
        return Vec::new();
    }
    parts.into_iter().map(|((_, value), rows)| of_rows(set, thresholds, fact, value, &rows)).collect()
}

/// Place and name of the part that a value belongs to.
fn part(fact: &str, value: &str) -> (usize, String) {
    let unknown = (usize::MAX, UNKNOWN.to_owned());
    if value.is_empty() {
        return unknown;
    }
    if !fact.eq_ignore_ascii_case("age") {
        return (0, value.to_owned());
    }
    band(value).map_or(unknown, |b| (b, BANDS[b].1.to_owned()))
}

fn of_rows(set: &Predictions, thresholds: &[f64], fact: &str, value: String, rows: &[usize]) -> Subgroup {
    let patients: Vec<&str> = rows.iter().map(|&i| set.rows[i].patient.as_str()).collect();
    let bootstrap = Bootstrap::new(&patients, SEED);
    let places: Vec<usize> = (0..rows.len()).collect();
    // A share of decisions in each image, or whether its class is right.
    let (right, whose): (Vec<f64>, Vec<&str>) =
        rows.iter().filter_map(|&i| Some((set.rows[i].right(set.head)?, set.rows[i].patient.as_str()))).unzip();
    let accuracy = proportion::of(&right, &whose).map(|p| Estimate(Some(p.value), Some(p.low), Some(p.high)));
    let target = |t: usize| {
        let own = known(set, t, rows);
        let positives = own.positive.iter().filter(|p| **p).count();
        let mut metrics = estimates(&bootstrap, &places, |drawn| {
            let drawn: Vec<usize> = drawn.iter().map(|&p| rows[p]).collect();
            let known = known(set, t, &drawn);
            let counts = Binary::at(thresholds[t], &known.scores, &known.positive);
            vec![
                ("auroc", roc::auroc(&known.scores, &known.positive)),
                ("sensitivity", counts.sensitivity()),
                ("specificity", counts.specificity()),
            ]
        });
        with_widths(metrics.iter_mut().map(MetricEstimate::named), &Decisions::at(thresholds[t], &own, set), "");
        let name = set.targets[t].name.clone();
        let remarks = remarks(&name, positives, own.rows.len() - positives);
        SubgroupTarget { name, positives, n: own.rows.len(), metrics, remarks }
    };
    Subgroup {
        fact: fact.to_owned(),
        value,
        n: rows.len(),
        patients: bootstrap.patients(),
        accuracy: accuracy.unwrap_or_default(),
        targets: (0..set.targets.len()).map(target).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    #[test]
    fn ages_are_parted_by_bands_and_other_facts_by_their_values() {
        assert_eq!(part("Age", "066Y"), (5, "65–79 years".to_owned()));
        assert_eq!(part("age", "old").1, UNKNOWN);
        assert_eq!(part("site", "066Y"), (0, "066Y".to_owned()));
        assert_eq!(part("site", "").1, UNKNOWN);
    }

    #[test]
    fn parts_are_judged_on_their_own_images() {
        let mut set = three();
        for (row, age) in set.rows.iter_mut().zip(["030Y", "070Y", ""]) {
            row.facts.insert("age".into(), age.into());
        }
        let parts = subgroups(&set, &[0.5; 3], "age");
        assert_eq!(
            parts.iter().map(|p| (p.value.as_str(), p.n)).collect::<Vec<_>>(),
            [("18–39 years", 1), ("65–79 years", 1), ("unknown", 1)]
        );
        assert_eq!(parts[0].accuracy.0, Some(1.0));
        // The class of the third image is not known.
        assert_eq!(parts[2].accuracy.0, None);
        assert!(parts[1].targets[0].remarks[0].contains("no image has it"));
    }

    #[test]
    fn a_fact_that_nobody_tells_makes_no_parts() {
        assert!(subgroups(&three(), &[0.5; 3], "site").is_empty());
        assert_eq!(subgroups(&three(), &[0.5; 3], "Sex").len(), 1);
    }
}
