//! Numbers in place of what names images, patients and sites in the results of an evaluation.
//!
//! File names hold the patient's in many a folder, and a table of predictions is handed on. The
//! numbers follow the order of the names, so that the same folder gives the same numbers and two
//! models can be compared image by image; they tell nothing else. Ages from 90 years on are one
//! group.

use std::collections::{BTreeMap, BTreeSet};

use super::predictions::Predictions;
use super::scoring::POPULATION;
use super::signal::{DISTANCE, MUTUAL_INFORMATION, PREDICTIVE_ENTROPY};

/// Facts whose values name nobody.
const HARMLESS: [&str; 4] = ["sex", "view", "manufacturer", POPULATION];
/// The fact that is pooled.
const AGE: &str = "age";
const OLDEST: u32 = 90;

/// What stands for what.
#[derive(Clone, Debug, Default)]
pub struct Pseudonyms {
    images: BTreeMap<String, String>,
    patients: BTreeMap<String, String>,
    /// By fact.
    facts: BTreeMap<String, BTreeMap<String, String>>,
}

impl Pseudonyms {
    /// For images and patients by the names that they have in results; all images of the folder,
    /// those that will fail too, so that every run counts alike.
    #[must_use]
    pub fn of<'a>(images: impl Iterator<Item = &'a str>, patients: impl Iterator<Item = &'a str>) -> Self {
        let (images, patients) = (numbered("image", images), numbered("patient", patients));
        Self { images, patients, facts: BTreeMap::new() }
    }

    /// The same for images, and for the patients and facts of a set.
    #[must_use]
    pub fn of_set<'a>(images: impl Iterator<Item = &'a str>, set: &'a Predictions) -> Self {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (fact, value) in set.rows.iter().flat_map(|row| &row.facts).filter(|(fact, _)| !is_harmless(fact)) {
            values.entry(fact).or_default().insert(value);
        }
        let facts = values.into_iter().map(|(fact, values)| (fact.to_owned(), numbered(fact, values.into_iter())));
        let facts = facts.collect();
        Self { facts, ..Self::of(images, set.rows.iter().map(|row| row.patient.as_str())) }
    }

    /// What stands for an image.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        self.images.get(name).cloned().unwrap_or_else(|| "image".to_owned())
    }

    /// What stands for a patient; nothing for nobody.
    #[must_use]
    pub fn patient(&self, name: &str) -> String {
        if name.is_empty() {
            String::new()
        } else {
            self.patients.get(name).cloned().unwrap_or_else(|| "patient".to_owned())
        }
    }

    /// Puts them into a set.
    pub fn put(&self, set: &mut Predictions) {
        for row in &mut set.rows {
            row.image = self.image(&row.image);
            row.patient = self.patient(&row.patient);
            for (fact, value) in &mut row.facts {
                if fact == AGE {
                    *value = pooled(value);
                } else if let Some(number) = self.facts.get(fact).and_then(|values| values.get(value.as_str())) {
                    value.clone_from(number);
                }
            }
        }
    }
}

/// Whether a fact names nobody: what a scanner says, or a number of the model's doubt.
fn is_harmless(fact: &str) -> bool {
    let doubts = [DISTANCE, PREDICTIVE_ENTROPY, MUTUAL_INFORMATION];
    fact == AGE || HARMLESS.contains(&fact) || doubts.iter().any(|doubt| fact.starts_with(doubt))
}

/// `image-0001`, `image-0002` … in the order of the names.
fn numbered<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    names.into_iter().enumerate().map(|(i, name)| (name.to_owned(), format!("{what}-{:04}", i + 1))).collect()
}

/// An age of a header (`066Y`) or a table (`66`); what is neither is left out.
fn pooled(age: &str) -> String {
    let text = age.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let per_year = match unit.trim_start().chars().next().map(|c| c.to_ascii_lowercase()) {
        None | Some('y' | '.') => 1,
        Some('m') => 12,
        Some('w') => 52,
        Some('d') => 365,
        Some(_) => return String::new(),
    };
    match number.parse::<u32>() {
        Ok(number) if number / per_year >= OLDEST => format!("0{OLDEST}Y"),
        Ok(_) => age.to_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::three;
    use super::*;

    #[test]
    fn images_and_patients_are_numbers_in_the_order_of_their_names() {
        let mut set = three();
        set.rows[0].facts.extend([("site".to_owned(), "St Mary".to_owned()), (AGE.to_owned(), "104Y".to_owned())]);
        let names: Vec<String> =
            ["a/0.png"].into_iter().map(str::to_owned).chain(set.rows.iter().map(|r| r.image.clone())).collect();
        let known = Pseudonyms::of_set(names.iter().map(String::as_str), &set);
        known.put(&mut set);
        let images: Vec<&str> = set.rows.iter().map(|row| row.image.as_str()).collect();
        assert_eq!(images, ["image-0002", "image-0003", "image-0004"], "an image that failed has its number");
        assert_eq!(set.rows[0].patient, "patient-0001");
        assert_eq!((set.rows[0].facts["site"].as_str(), set.rows[0].facts[AGE].as_str()), ("site-0001", "090Y"));
        assert_eq!(set.rows[0].facts["sex"], "F");
        let text = String::from_utf8(set.to_csv().unwrap()).unwrap();
        assert!(!text.contains(".png") && !text.contains("Mary") && !text.contains("patient of"), "{text}");
    }

    #[test]
    fn ages_are_pooled_and_what_is_none_is_left_out() {
        for (age, shown) in
            [("089Y", "089Y"), ("95", "090Y"), ("1104M", "090Y"), ("66", "66"), ("Doe", ""), ("91.5", "090Y")]
        {
            assert_eq!(pooled(age), shown, "{age}");
        }
    }
}
