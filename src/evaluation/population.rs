//! How many images of a set lie outside the population of the model.

use serde::Serialize;

use super::predictions::Predictions;
use super::scoring::{INSIDE, OUTSIDE, POPULATION};

/// Images inside and outside; `null` in JSON where nothing is known of the model's population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PopulationCounts(Option<Counts>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    inside: usize,
    outside: usize,
}

impl PopulationCounts {
    /// Counts the images of a set.
    #[must_use]
    pub fn of(set: &Predictions) -> Self {
        let words = || set.rows.iter().filter_map(|row| row.facts.get(POPULATION).map(String::as_str));
        let count = |word: &str| words().filter(|w| *w == word).count();
        Self(words().next().map(|_| Counts { inside: count(INSIDE), outside: count(OUTSIDE) }))
    }

    /// The fact by which images inside and outside are evaluated apart, where there are any
    /// outside.
    #[must_use]
    pub fn apart(self) -> Option<String> {
        self.0.filter(|counts| counts.outside > 0).map(|_| POPULATION.to_owned())
    }

    /// What metrics over all images are worth, in a sentence.
    #[must_use]
    pub fn remark(self) -> Option<String> {
        let Counts { inside, outside } = self.0.filter(|counts| counts.outside > 0)?;
        Some(format!(
            "note: {outside} of {} images are outside the population that the model was measured on; the figures above are over all \
             images, those by population judge them apart.",
            inside + outside
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluation::predictions::Prediction;
    use crate::model::manifest::Head;

    fn set(words: &[Option<&str>]) -> Predictions {
        let row = |word: Option<&str>| Prediction {
            image: String::new(),
            patient: String::new(),
            truth: Vec::new(),
            probability: Vec::new(),
            says: Vec::new(),
            logits: Vec::new(),
            facts: word.iter().map(|w| (POPULATION.to_owned(), (*w).to_owned())).collect::<BTreeMap<_, _>>(),
        };
        Predictions { head: Head::Softmax, targets: Vec::new(), rows: words.iter().copied().map(row).collect() }
    }

    #[test]
    fn images_outside_are_counted_and_apart() {
        let population = PopulationCounts::of(&set(&[Some(INSIDE), Some(OUTSIDE), Some(OUTSIDE)]));
        assert_eq!(serde_json::to_string(&population).unwrap(), r#"{"inside":1,"outside":2}"#);
        assert_eq!(population.apart().as_deref(), Some("population"));
        assert!(population.remark().unwrap().contains("2 of 3 images are outside"));
    }

    #[test]
    fn a_set_inside_and_a_model_without_a_population_need_no_parts() {
        let inside = PopulationCounts::of(&set(&[Some(INSIDE)]));
        assert_eq!((inside.apart(), inside.remark()), (None, None));
        assert_eq!(serde_json::to_string(&PopulationCounts::of(&set(&[None]))).unwrap(), "null");
    }
}
