//! How far attributes of an image predict the score of a target, among images of the same truth.
//!
//! An attribute is whatever is known of the images: DICOM attributes, columns of a table, a part of
//! the file's name, and what is seen in the pixels (side marker, border strip). Groups of fewer
//! than [`LEAST`] images are left out. An attribute whose values are numbers is taken as ordered
//! where it has more than a few. Intervals are by patient.
//!
//! Many attributes are looked at, and of twenty intervals without any association one excludes
//! none by chance: the table is for questions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{LEAST, given_truth};
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::evaluation::predictions::{Prediction, Predictions};
use crate::evaluation::scoring::POPULATION;
use crate::model::population::age;

/// Groups of one attribute that are compared, the largest first.
const MOST_GROUPS: usize = 12;
/// An attribute of more different numbers than these has an order.
const FEW_VALUES: usize = 10;

/// How an association is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssociationKind {
    /// Stratified area under the ROC curve; 0.5 is none.
    Auroc,
    /// Stratified rank correlation; 0 is none.
    Spearman,
}

/// An attribute beside the score of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Association {
    pub target: String,
    pub attribute: String,
    /// The value of the group; empty for an attribute with an order.
    pub group: String,
    pub kind: AssociationKind,
    /// Images of the group; all that take part, for an attribute with an order.
    pub images: usize,
    /// Images of the others.
    pub others: usize,
    pub patients: usize,
    /// Whether images of the same truth were compared; else the truth is not known.
    pub given_truth: bool,
    pub estimate: Estimate,
}

impl Association {
    /// Whether the interval excludes that the score knows nothing of the attribute.
    #[must_use]
    pub fn is_found(&self) -> bool {
        let none = if self.kind == AssociationKind::Auroc { 0.5 } else { 0.0 };
        matches!(self.estimate, Estimate(_, Some(low), Some(high)) if low > none || high < none)
    }
}

/// An attribute that says nothing of the score, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Untold {
    pub attribute: String,
    pub reason: String,
}

/// What the attributes of a set say of the scores of some targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Associations {
    pub found: Vec<Association>,
    pub untold: Vec<Untold>,
}

impl Associations {
    /// Of each attribute that any image of `set` has, for each of these targets.
    #[must_use]
    pub fn of(set: &Predictions, targets: &[usize], seed: u64) -> Self {
        let mut names: Vec<&str> = set.rows.iter().flat_map(|row| row.facts.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        let mut all = Self::default();
        for name in names.into_iter().filter(|name| *name != POPULATION) {
            let mut untold = None;
            for target in targets {
                match (Asked { set, target: *target, name, seed }).attribute() {
                    Ok(found) => all.found.extend(found),
                    Err(reason) => untold = Some(reason),
                }
            }
            // One reason an attribute, for they hardly differ between targets.
            all.untold.extend(untold.map(|reason| Untold { attribute: name.to_owned(), reason }));
        }
        all
    }
}

/// An attribute and a target.
struct Asked<'a> {
    set: &'a Predictions,
    target: usize,
    name: &'a str,
    seed: u64,
}

/// An image that takes part.
struct Part<'a, T> {
    row: &'a Prediction,
    value: T,
    stratum: usize,
}

impl Asked<'_> {
    fn attribute(&self) -> Result<Vec<Association>, String> {
        let value = |row: &Prediction| row.facts.get(self.name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let told: Vec<(&Prediction, String)> =
            self.set.rows.iter().filter_map(|row| Some((row, value(row)?))).collect();
        if told.len() < LEAST {
            return Err(format!("known of {} images, and {LEAST} are needed", told.len()));
        }
        match ordered(self.name, &told) {
            Some(numbers) => self.order(numbers).map(|found| vec![found]),
            None => self.groups(&told),
        }
    }

    fn order(&self, told: Vec<(&Prediction, f64)>) -> Result<Association, String> {
        let (parts, given_truth) = self.parts(told, |parts| parts.len() >= LEAST);
        let (found, patients) = self.estimate(&parts, |drawn| {
            let values: Vec<f64> = drawn.iter().map(|part| part.value).collect();
            given_truth::spearman(&self.scores(drawn), &values, &strata(drawn))
        });
        let none = || format!("the score or the attribute is the same in all {} images of a truth", parts.len());
        Ok(Association {
            target: self.set.targets[self.target].name.clone(),
            attribute: self.name.to_owned(),
            group: String::new(),
            kind: AssociationKind::Spearman,
            images: parts.len(),
            others: 0,
            patients,
            given_truth,
            estimate: found.ok_or_else(none)?,
        })
    }

    fn groups(&self, told: &[(&Prediction, String)]) -> Result<Vec<Association>, String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        told.iter().for_each(|(_, value)| *counts.entry(value).or_default() += 1);
        let mut groups: Vec<(String, usize)> =
            counts.iter().filter(|(_, n)| **n >= LEAST).map(|(value, n)| ((*value).to_owned(), *n)).collect();
        if groups.len() < 2 {
            let values = counts.len();
            return Err(format!("of its {values} values {} have {LEAST} images or more, and two must", groups.len()));
        }
        groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        groups.truncate(MOST_GROUPS);
        // Of two groups, one is the mirror image of the other.
        let asked = if groups.len() == 2 { 1 } else { groups.len() };
        // The value that says that something is there, or comes last by its name.
        if groups.len() == 2 && groups[0].0 < groups[1].0 {
            groups.swap(0, 1);
        }
        let large: Vec<&str> = groups.iter().map(|(value, _)| value.as_str()).collect();
        let (mut found, mut reason) = (Vec::new(), String::new());
        for group in large.iter().take(asked) {
            let of_large = told.iter().filter(|(_, value)| large.contains(&value.as_str()));
            let members: Vec<(&Prediction, bool)> = of_large.map(|(row, value)| (*row, value == group)).collect();
            let enough = |parts: &[Part<'_, bool>]| {
                let inside = parts.iter().filter(|part| part.value).count();
                inside >= LEAST && parts.len() - inside >= LEAST
            };
            let (parts, given_truth) = self.parts(members, enough);
            let (estimate, patients) = self.estimate(&parts, |drawn| {
                let group: Vec<bool> = drawn.iter().map(|part| part.value).collect();
                given_truth::auroc(&self.scores(drawn), &group, &strata(drawn))
            });
            let images = parts.iter().filter(|part| part.value).count();
            let Some(estimate) = estimate else {
                reason = format!(
                    "whoever has \"{group}\" has another truth than the others, so it cannot be told from that"
                );
                continue;
            };
            found.push(Association {
                target: self.set.targets[self.target].name.clone(),
                attribute: self.name.to_owned(),
                group: (*group).to_owned(),
                kind: AssociationKind::Auroc,
                images,
                others: parts.len() - images,
                patients,
                given_truth,
                estimate,
            });
        }
        if found.is_empty() { Err(reason) } else { Ok(found) }
    }

    /// The images whose truth is known, each in its stratum, where those are `enough`; else all of
    /// them in one.
    fn parts<'a, T: Copy>(
        &self,
        told: Vec<(&'a Prediction, T)>,
        enough: impl Fn(&[Part<'a, T>]) -> bool,
    ) -> (Vec<Part<'a, T>>, bool) {
        let known = |&(row, value): &(&'a Prediction, T)| {
            Some(Part { row, value, stratum: usize::from(row.truth[self.target]?) })
        };
        let with_truth: Vec<Part<'a, T>> = told.iter().filter_map(known).collect();
        if enough(&with_truth) {
            return (with_truth, true);
        }
        (told.into_iter().map(|(row, value)| Part { row, value, stratum: 0 }).collect(), false)
    }

    fn scores<T>(&self, parts: &[&Part<'_, T>]) -> Vec<f64> {
        parts.iter().map(|part| part.row.probability[self.target]).collect()
    }

    /// The statistic with its interval by patient, `None` where it cannot be computed, and the
    /// number of patients.
    fn estimate<T>(
        &self,
        parts: &[Part<'_, T>],
        statistic: impl Fn(&[&Part<'_, T>]) -> Option<f64>,
    ) -> (Option<Estimate>, usize) {
        let patients: Vec<&str> = parts.iter().map(|part| part.row.patient.as_str()).collect();
        let bootstrap = Bootstrap::new(&patients, self.seed);
        let of = |drawn: &[usize]| statistic(&drawn.iter().map(|i| &parts[*i]).collect::<Vec<_>>());
        let all: Vec<usize> = (0..parts.len()).collect();
        let value = of(&all);
        let interval = value.and_then(|_| bootstrap.interval(of));
        let estimate = value.map(|value| Estimate(Some(value), interval.map(|i| i.0), interval.map(|i| i.1)));
        (estimate, bootstrap.patients())
    }
}

fn strata<T>(parts: &[&Part<'_, T>]) -> Vec<usize> {
    parts.iter().map(|part| part.stratum).collect()
}

/// The values as numbers, where they are numbers and more than a few.
fn ordered<'a>(name: &str, told: &[(&'a Prediction, String)]) -> Option<Vec<(&'a Prediction, f64)>> {
    let is_age = name.eq_ignore_ascii_case("age");
    let number = |value: &str| {
        let plain = value.parse::<f64>().ok().filter(|v| v.is_finite());
        plain.or_else(|| age::stated(value).filter(|_| is_age).map(|years| f64::from(years.0)))
    };
    let numbers: Vec<(&Prediction, f64)> =
        told.iter().filter_map(|(row, value)| Some((*row, number(value)?))).collect();
    // An age that cannot be read is no age; any other word makes the whole attribute one of words.
    if numbers.len() < LEAST || (numbers.len() < told.len() && !is_age) {
        return None;
    }
    let mut different: Vec<f64> = numbers.iter().map(|(_, v)| *v).collect();
    different.sort_by(f64::total_cmp);
    different.dedup();
    (is_age || different.len() > FEW_VALUES).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::Target;
    use crate::model::manifest::Head;

    /// 200 images of 100 patients, half of them positive; `score` and facts by number, truth and
    /// whether the image is of a portable machine.
    fn set(score: impl Fn(usize, bool, bool) -> f64) -> Predictions {
        let row = |i: usize| {
            let (positive, portable) = (i.is_multiple_of(2), (i / 2).is_multiple_of(3));
            let facts = [
                ("source", if portable { "portable" } else { "fixed" }.to_owned()),
                ("age", format!("{:03}Y", 20 + i % 50)),
                ("site", if i < 3 { "B" } else { "A" }.to_owned()),
                ("only the sick", if positive { "yes" } else { "no" }.to_owned()),
                (POPULATION, if i.is_multiple_of(5) { "outside" } else { "inside" }.to_owned()),
            ];
            Prediction {
                image: format!("{i}.png"),
                patient: format!("p{}", i / 2),
                truth: vec![Some(positive)],
                probability: vec![score(i, positive, portable)],
                says: vec![positive],
                logits: vec![0.0],
                facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            }
        };
        Predictions {
            head: Head::Sigmoid,
            targets: vec![Target { name: "Opacity".into(), group: false }],
            rows: (0..200).map(row).collect(),
        }
    }

    /// Between 0 and 1, as if by chance, from a number.
    fn noise(i: usize) -> f64 {
        let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f64 / 16_777_216.0
    }

    fn named<'a>(all: &'a Associations, attribute: &str) -> &'a Association {
        all.found.iter().find(|a| a.attribute == attribute).unwrap_or_else(|| panic!("{attribute}: {all:?}"))
    }

    #[test]
    fn a_score_that_knows_the_source_is_found_and_one_that_knows_the_truth_alone_is_not() {
        let shortcut = set(|i, _, portable| 0.6 * f64::from(u8::from(portable)) + 0.4 * noise(i));
        let found = Associations::of(&shortcut, &[0], 7);
        let source = named(&found, "source");
        assert_eq!(
            (source.group.as_str(), source.kind, source.given_truth),
            ("portable", AssociationKind::Auroc, true)
        );
        assert_eq!((source.images, source.others), (68, 132));
        assert!(source.is_found() && source.estimate.0.unwrap() > 0.99, "{source:?}");

        let honest = set(|i, positive, _| 0.6 * f64::from(u8::from(positive)) + 0.4 * noise(i));
        let found = Associations::of(&honest, &[0], 7);
        assert!(!named(&found, "source").is_found(), "{found:?}");
    }

    #[test]
    fn a_score_that_rises_with_age_is_found() {
        let with_age = set(|i, positive, _| 0.01 * (i % 50) as f64 + 0.4 * f64::from(u8::from(positive)));
        let found = Associations::of(&with_age, &[0], 7);
        let age = named(&found, "age");
        assert_eq!((age.kind, age.images, age.others), (AssociationKind::Spearman, 200, 0));
        assert!(age.is_found() && age.estimate.0.unwrap() > 0.99, "{age:?}");
    }

    #[test]
    fn what_cannot_be_told_says_why() {
        let found = Associations::of(&set(|i, _, _| noise(i)), &[0], 7);
        let reason = |name: &str| found.untold.iter().find(|u| u.attribute == name).map(|u| u.reason.as_str());
        assert!(reason("site").unwrap().contains("of its 2 values 1 have 20 images"), "{found:?}");
        assert!(reason("only the sick").unwrap().contains("another truth"), "{found:?}");
        assert!(found.found.iter().all(|a| a.attribute != POPULATION), "made of the images by the model itself");
    }

    #[test]
    fn without_a_truth_all_images_are_compared_and_it_is_said() {
        let mut unknown = set(|i, _, portable| 0.6 * f64::from(u8::from(portable)) + 0.4 * noise(i));
        unknown.rows.iter_mut().for_each(|row| row.truth = vec![None]);
        let found = Associations::of(&unknown, &[0], 7);
        assert!(!named(&found, "source").given_truth && named(&found, "source").is_found());
    }
}
