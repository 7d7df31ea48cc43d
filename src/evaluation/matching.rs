//! Tables of predictions brought to the images that all of them hold, in one order, with the
//! targets of the first.

use std::collections::{BTreeMap, BTreeSet};

use super::predictions::{Prediction, Predictions};

/// Tables that do not belong together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Mismatch {
    #[error(
        "{first} predicts {of_first}, and {second} predicts {of_second}; only evaluations of the same labels can be compared"
    )]
    Labels { first: String, of_first: String, second: String, of_second: String },
    #[error(
        "{first} and {second} do not agree on what is known of {images} images, \"{example}\" among them; judge both with the \
         same labels and rules"
    )]
    Truth { first: String, second: String, images: usize, example: String },
    #[error("\"{image}\" stands twice in {run}, so images cannot be matched by their names")]
    Twice { run: String, image: String },
    #[error(
        "{first} and {second} have no image in common: the first names \"{of_first}\", the second \"{of_second}\"; judge both \
         on the same folder"
    )]
    Apart { first: String, second: String, of_first: String, of_second: String },
}

/// Keeps the images that stand in every run, in the order of their names; says what was left out.
pub fn align(runs: &[(String, Predictions)]) -> Result<(Vec<Predictions>, Vec<String>), Mismatch> {
    let Some((first, lead)) = runs.first() else { return Ok((Vec::new(), Vec::new())) };
    let mut remarks = Vec::new();
    for (name, run) in &runs[1..] {
        let (ours, theirs) = (lead.labels().collect::<BTreeSet<_>>(), run.labels().collect::<BTreeSet<_>>());
        if ours != theirs {
            let list = |p: &Predictions| p.labels().collect::<Vec<_>>().join(", ");
            return Err(Mismatch::Labels {
                first: first.clone(),
                of_first: list(lead),
                second: name.clone(),
                of_second: list(run),
            });
        }
    }
    let tables: Vec<BTreeMap<&str, &Prediction>> = runs.iter().map(by_name).collect::<Result<_, _>>()?;
    let in_all = |image: &&str| tables.iter().all(|t| t.contains_key(image));
    let common: Vec<&str> = tables[0].keys().copied().filter(in_all).collect();
    if common.is_empty() {
        let other = (1..runs.len()).find(|&i| !tables[0].keys().any(|k| tables[i].contains_key(k))).unwrap_or(1);
        let example = |i: usize| tables[i].keys().next().copied().unwrap_or_default().to_owned();
        let second = runs.get(other).map_or_else(String::new, |r| r.0.clone());
        return Err(Mismatch::Apart { first: first.clone(), second, of_first: example(0), of_second: example(other) });
    }
    for ((name, _), table) in runs.iter().zip(&tables) {
        let left = table.keys().filter(|k| !in_all(k)).collect::<Vec<_>>();
        if let Some(example) = left.first() {
            remarks.push(format!(
                "{} of the {} images of {name} are not in every run and take no part, \"{example}\" among them",
                left.len(),
                table.len()
            ));
        }
    }
    // Groups that not all of them have cannot be compared.
    let shared = |name: &str| runs.iter().all(|(_, r)| r.targets.iter().any(|t| t.name == name));
    let kept: Vec<_> = lead.targets.iter().filter(|t| shared(&t.name)).cloned().collect();
    if kept.len() < lead.targets.len() {
        remarks.push(format!(
            "{} groups of {first} are not in every run and take no part",
            lead.targets.len() - kept.len()
        ));
    }
    let of = |(i, (_, run)): (usize, &(String, Predictions))| {
        let place = |name: &str| run.targets.iter().position(|t| t.name == name).unwrap_or_default();
        let places: Vec<usize> = kept.iter().map(|t| place(&t.name)).collect();
        let rows = common.iter().map(|image| turned(tables[i][image], &places)).collect();
        Predictions { head: run.head, targets: kept.clone(), rows }
    };
    let aligned: Vec<Predictions> = runs.iter().enumerate().map(of).collect();
    for ((name, _), run) in runs.iter().zip(&aligned).skip(1) {
        let other: Vec<&Prediction> =
            aligned[0].rows.iter().zip(&run.rows).filter(|(a, b)| a.truth != b.truth).map(|(a, _)| a).collect();
        if let Some(example) = other.first() {
            let (images, example) = (other.len(), example.image.clone());
            return Err(Mismatch::Truth { first: first.clone(), second: name.clone(), images, example });
        }
    }
    Ok((aligned, remarks))
}

fn by_name((run, table): &(String, Predictions)) -> Result<BTreeMap<&str, &Prediction>, Mismatch> {
    let mut found = BTreeMap::new();
    for row in &table.rows {
        if found.insert(row.image.as_str(), row).is_some() {
            return Err(Mismatch::Twice { run: run.clone(), image: row.image.clone() });
        }
    }
    Ok(found)
}

/// The row with its targets in the order `places`; labels come before groups in both.
fn turned(row: &Prediction, places: &[usize]) -> Prediction {
    Prediction {
        truth: places.iter().map(|&p| row.truth[p]).collect(),
        probability: places.iter().map(|&p| row.probability[p]).collect(),
        says: places.iter().map(|&p| row.says[p]).collect(),
        logits: places.iter().filter_map(|&p| row.logits.get(p)).copied().collect(),
        ..row.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    fn runs(change: impl Fn(&mut Predictions)) -> [(String, Predictions); 2] {
        let mut other = three();
        change(&mut other);
        [("a".to_owned(), three()), ("b".to_owned(), other)]
    }

    #[test]
    fn images_are_matched_by_name_and_the_rest_is_said() {
        let (aligned, remarks) = align(&runs(|b| {
            b.rows.reverse();
            b.rows.remove(0);
        }))
        .unwrap();
        let names = |p: &Predictions| p.rows.iter().map(|r| r.image.clone()).collect::<Vec<_>>();
        assert_eq!(names(&aligned[0]), ["a/1.png", "b/2.png"]);
        assert_eq!(names(&aligned[0]), names(&aligned[1]));
        assert_eq!(remarks.len(), 1);
        assert!(remarks[0].starts_with("1 of the 3 images of a are not in every run"), "{remarks:?}");
    }

    #[test]
    fn labels_in_another_order_are_turned_round() {
        let turn = |b: &mut Predictions| {
            b.targets.swap(0, 1);
            for row in &mut b.rows {
                row.truth.swap(0, 1);
                row.probability.swap(0, 1);
                row.says.swap(0, 1);
                row.logits.swap(0, 1);
            }
        };
        let (aligned, _) = align(&runs(turn)).unwrap();
        assert_eq!(aligned[0], aligned[1]);
    }

    #[test]
    fn what_does_not_belong_together_is_refused_in_words() {
        let said = |change: &dyn Fn(&mut Predictions)| align(&runs(change)).unwrap_err().to_string();
        assert!(said(&|b| b.targets[0].name = "Healthy".into()).contains("b predicts Healthy, Nodule, solid"));
        assert!(said(&|b| b.rows[1].truth[2] = None).contains("what is known of 1 images, \"b/2.png\" among them"));
        assert!(said(&|b| b.rows[1].image = "a/1.png".into()).contains("\"a/1.png\" stands twice in b"));
        assert!(said(&|b| b.rows.iter_mut().for_each(|r| r.image.push('x'))).contains("the second \"a/1.pngx\""));
    }
}
