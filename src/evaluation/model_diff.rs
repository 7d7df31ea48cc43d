//! Two models, or two versions of one, on the same images: what changes for whoever uses them.
//!
//! Of each image the probability, the call by the threshold and the conformal state of both; of each
//! label and group how often the calls and the states agree, which way they turned, and how far the
//! probability moved. Nothing is known of what is true: which of two is better says
//! [`super::comparison`], on images with truths.
//!
//! States are those of images that the gate accepts: it is not asked here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::matching::{Mismatch, align};
use super::predictions::{Prediction, Predictions};
use super::result_table::{Column, ResultTable};
use super::scoring::{OUTSIDE, POPULATION};
use crate::engine::Score;
use crate::engine::conformal::Conformal;
use crate::model::calibration::{Calibration, CalibrationError};
use crate::model::conformal::State;
use crate::model::manifest::Manifest;
use crate::model::population::PopulationVerdict;

/// A model with what it says of the images.
pub struct Side<'a> {
    pub name: String,
    pub manifest: &'a Manifest,
    pub calibration: &'a Result<Calibration, CalibrationError>,
    pub set: Predictions,
}

/// What two models say of the same images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelDiff {
    pub models: [String; 2],
    pub targets: Vec<TargetDiff>,
    /// By the largest change of a probability, the largest first.
    pub images: Vec<ImageDiff>,
    /// What was left out, a sentence each.
    pub remarks: Vec<String>,
}

/// One label or group over all images.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TargetDiff {
    pub name: String,
    pub group: bool,
    pub thresholds: [f64; 2],
    pub images: usize,
    /// Images that both call alike by their thresholds.
    pub same_call: usize,
    /// Called absent by the first and present by the second.
    pub turned_present: usize,
    pub turned_absent: usize,
    /// Images with a state by both models, and those whose state is the same.
    pub with_states: usize,
    pub same_state: usize,
    /// Of the probability, second minus first.
    pub mean_change: f64,
    pub mean_absolute_change: f64,
    pub largest_change: f64,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageDiff {
    pub image: String,
    /// Of the probability of any label or group, without sign.
    pub largest_change: f64,
    pub targets: Vec<ImageTarget>,
}

/// A label or group of one image, by both models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageTarget {
    pub name: String,
    pub probability: [f64; 2],
    pub present: [bool; 2],
    /// Nothing where the model has no states, or the image lies outside its population.
    pub state: [Option<&'static str>; 2],
}

/// The states of one image by name of label or group.
type States = BTreeMap<String, State>;

/// Compares two models at an error rate of their states.
///
/// # Errors
/// Where they have not the same labels, or no image in common.
pub fn diff(sides: [Side<'_>; 2], error_rate: f64) -> Result<ModelDiff, Mismatch> {
    let states = [0, 1].map(|i| {
        let side = &sides[i];
        let of = |row: &Prediction| (row.image.clone(), states(side, row, error_rate));
        side.set.rows.iter().map(of).collect::<BTreeMap<String, States>>()
    });
    let thresholds = [0, 1].map(|i| thresholds(sides[i].manifest));
    let models = [0, 1].map(|i| sides[i].name.clone());
    let runs: Vec<(String, Predictions)> = sides.into_iter().map(|side| (side.name, side.set)).collect();
    let (tables, remarks) = align(&runs)?;
    let [first, second] = tables.as_slice() else { return Ok(empty(models, remarks)) };
    let mut images: Vec<ImageDiff> = Vec::new();
    for (a, b) in first.rows.iter().zip(&second.rows) {
        let target = |(t, target): (usize, &super::predictions::Target)| ImageTarget {
            name: target.name.clone(),
            probability: [a.probability[t], b.probability[t]],
            present: [a.says[t], b.says[t]],
            state: [0, 1].map(|i| states[i].get(&a.image).and_then(|of| of.get(&target.name)).map(|s| s.word())),
        };
        let targets: Vec<ImageTarget> = first.targets.iter().enumerate().map(target).collect();
        let largest_change = targets.iter().map(|t| t.change().abs()).fold(0.0, f64::max);
        images.push(ImageDiff { image: a.image.clone(), largest_change, targets });
    }
    let targets = first.targets.iter().enumerate().map(|(t, target)| {
        let thresholds = [0, 1].map(|i| thresholds[i].get(&target.name).copied().unwrap_or(f64::NAN));
        TargetDiff { name: target.name.clone(), group: target.group, thresholds, ..summary(&images, t) }
    });
    let targets = targets.collect();
    images.sort_by(|a, b| b.largest_change.total_cmp(&a.largest_change).then_with(|| a.image.cmp(&b.image)));
    Ok(ModelDiff { models, targets, images, remarks })
}

fn empty(models: [String; 2], remarks: Vec<String>) -> ModelDiff {
    ModelDiff { models, targets: Vec::new(), images: Vec::new(), remarks }
}

/// The same predictions called by other thresholds, by name of label or group.
#[must_use]
pub fn called_by(set: &Predictions, thresholds: &BTreeMap<String, f64>) -> Predictions {
    let mut set = set.clone();
    let known: Vec<Option<f64>> = set.targets.iter().map(|target| thresholds.get(&target.name).copied()).collect();
    for row in &mut set.rows {
        for (t, threshold) in known.iter().enumerate() {
            if let Some(threshold) = threshold {
                row.says[t] = row.probability[t] >= *threshold;
            }
        }
    }
    set
}

/// Thresholds of labels and groups by name.
#[must_use]
pub fn thresholds(manifest: &Manifest) -> BTreeMap<String, f64> {
    let labels = manifest.labels.iter().map(|label| (label.name.clone(), f64::from(label.threshold)));
    let groups = manifest.groups.iter().map(|group| (group.name.clone(), f64::from(group.threshold)));
    labels.chain(groups).collect()
}

/// The states of one image by one model; none where it has none.
fn states(side: &Side<'_>, row: &Prediction, error_rate: f64) -> States {
    let manifest = side.manifest;
    let score = |name: &str, threshold: f32| {
        let at = side.set.targets.iter().position(|target| target.name == name)?;
        let probability = row.probability[at] as f32;
        Some(Score { label: name.to_owned(), logit: None, probability, threshold })
    };
    let labels: Option<Vec<Score>> = manifest.labels.iter().map(|l| score(&l.name, l.threshold)).collect();
    let groups: Option<Vec<Score>> = manifest.groups.iter().map(|g| score(&g.name, g.threshold)).collect();
    let (Some(labels), Some(groups)) = (labels, groups) else { return States::new() };
    let population = row.facts.get(POPULATION).map(|place| PopulationVerdict {
        inside: place != OUTSIDE,
        reason: String::new(),
        condition: None,
        distance: None,
        threshold: None,
    });
    let found = Conformal::of(manifest, side.calibration, None, population.as_ref(), &labels, &groups, error_rate).ok();
    found.map_or_else(States::new, |found| found.states.into_iter().map(|one| (one.label, one.state)).collect())
}

impl ImageTarget {
    fn change(&self) -> f64 {
        self.probability[1] - self.probability[0]
    }
}

/// Everything of a target but its names.
fn summary(images: &[ImageDiff], target: usize) -> TargetDiff {
    let of: Vec<&ImageTarget> = images.iter().filter_map(|image| image.targets.get(target)).collect();
    let n = of.len().max(1) as f64;
    let count = |held: &dyn Fn(&ImageTarget) -> bool| of.iter().filter(|one| held(one)).count();
    let largest = of.iter().map(|one| one.change()).fold(
        0.0,
        |most: f64, change| {
            if change.abs() > most.abs() { change } else { most }
        },
    );
    TargetDiff {
        images: of.len(),
        same_call: count(&|one| one.present[0] == one.present[1]),
        turned_present: count(&|one| !one.present[0] && one.present[1]),
        turned_absent: count(&|one| one.present[0] && !one.present[1]),
        with_states: count(&|one| one.state.iter().all(Option::is_some)),
        same_state: count(&|one| one.state[0].is_some() && one.state[0] == one.state[1]),
        mean_change: of.iter().map(|one| one.change()).sum::<f64>() / n,
        mean_absolute_change: of.iter().map(|one| one.change().abs()).sum::<f64>() / n,
        largest_change: largest,
        ..TargetDiff::default()
    }
}

impl ModelDiff {
    /// A row an image, with the columns of both models behind `a` and `b`.
    #[must_use]
    pub fn table(&self) -> ResultTable {
        let mut table = ResultTable::default();
        let images = &self.images;
        table.push("image", Column::Text(images.iter().map(|image| Some(image.image.clone())).collect()));
        table.push("largest change", Column::Number(images.iter().map(|image| Some(image.largest_change)).collect()));
        for (t, target) in self.targets.iter().enumerate() {
            let of = |i: usize| images.iter().map(move |image| (&image.targets[t], i));
            let name = &target.name;
            for (i, side) in ["a", "b"].into_iter().enumerate() {
                let column = Column::Number(of(i).map(|(one, i)| Some(one.probability[i])).collect());
                table.push(&format!("{side} p {name}"), column);
                let column = Column::Truth(of(i).map(|(one, i)| Some(one.present[i])).collect());
                table.push(&format!("{side} says {name}"), column);
                let column = Column::Text(of(i).map(|(one, i)| one.state[i].map(str::to_owned)).collect());
                table.push(&format!("{side} state {name}"), column);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::Target;
    use super::super::truth::tests::chest;
    use super::*;

    fn set(rows: &[(&str, [f64; 4])], threshold: f64) -> Predictions {
        let targets =
            [("Normal", false), ("Bacterial pneumonia", false), ("Viral pneumonia", false), ("Pneumonia", true)];
        let targets = targets.map(|(name, group)| Target { name: name.into(), group }).to_vec();
        let row = |(image, p): &(&str, [f64; 4])| Prediction {
            image: (*image).into(),
            patient: String::new(),
            truth: vec![None; 4],
            probability: p.to_vec(),
            says: p.iter().map(|p| *p >= threshold).collect(),
            logits: vec![0.0; 3],
            facts: BTreeMap::new(),
        };
        Predictions { head: crate::model::manifest::Head::Softmax, targets, rows: rows.iter().map(row).collect() }
    }

    #[test]
    fn calls_that_turn_are_counted_by_their_way_and_the_largest_change_comes_first() {
        let manifest = chest();
        let none = Err(CalibrationError::Missing);
        let side = |name: &str, rows: &[(&str, [f64; 4])]| Side {
            name: name.into(),
            manifest: &manifest,
            calibration: &none,
            set: set(rows, 0.5),
        };
        let old = side("old", &[("a", [0.9, 0.1, 0.0, 0.1]), ("b", [0.2, 0.7, 0.1, 0.8]), ("c", [0.5, 0.3, 0.2, 0.5])]);
        let new = side("new", &[("a", [0.4, 0.6, 0.0, 0.6]), ("b", [0.6, 0.3, 0.1, 0.4]), ("x", [0.5, 0.3, 0.2, 0.5])]);
        let found = diff([old, new], 0.1).unwrap();
        assert_eq!(found.models, ["old", "new"]);
        let group = found.targets.iter().find(|target| target.name == "Pneumonia").unwrap();
        assert_eq!((group.images, group.same_call, group.turned_present, group.turned_absent), (2, 0, 1, 1));
        assert!((group.mean_change - 0.05).abs() < 1e-9 && (group.largest_change - 0.5).abs() < 1e-9);
        assert_eq!((group.with_states, group.same_state), (0, 0));
        assert_eq!(found.images.iter().map(|image| image.image.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found.remarks.len(), 2, "an image of each is not in both: {:?}", found.remarks);
        let table = found.table().of_kind(std::path::Path::new("d.csv")).unwrap();
        let text = String::from_utf8(table).unwrap();
        assert!(text.starts_with("image,largest change,a p Normal,a says Normal,a state Normal,b p Normal"), "{text}");
    }

    #[test]
    fn other_thresholds_call_the_same_probabilities_otherwise() {
        let before = set(&[("a", [0.4, 0.6, 0.0, 0.6])], 0.5);
        let after = called_by(&before, &BTreeMap::from([("Pneumonia".to_owned(), 0.7)]));
        assert_eq!((before.rows[0].says[3], after.rows[0].says[3], after.rows[0].says[1]), (true, false, true));
    }
}
