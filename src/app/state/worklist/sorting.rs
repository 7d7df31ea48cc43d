//! By what the studies of the worklist stand in order.
//!
//! The model's score is a column only when the reader asks for it: a list that is sorted by a model
//! decides what is read first.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::HighestScore;
use crate::language::named;
use crate::pacs::archive::ArchivedStudy;

/// A column of the worklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    Patient,
    PatientId,
    Date,
    Modality,
    BodyPart,
    Description,
    Images,
    /// The model's highest score.
    Score,
}

impl Column {
    /// Those that are always shown, in their order.
    pub const USUAL: [Self; 7] =
        [Self::Patient, Self::PatientId, Self::Date, Self::Modality, Self::BodyPart, Self::Description, Self::Images];

    /// Words of the heading; translated where they are shown.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Patient => named!("Patient"),
            Self::PatientId => named!("Patient ID"),
            Self::Date => named!("Date"),
            Self::Modality => named!("Modality"),
            Self::BodyPart => named!("Body part"),
            Self::Description => named!("Description"),
            Self::Images => named!("Images"),
            Self::Score => named!("Highest score"),
        }
    }
}

/// What the studies are sorted by: the newest first until the reader asks for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting {
    pub column: Column,
    pub descending: bool,
    /// The column of scores is shown.
    pub scores: bool,
}

impl Default for Sorting {
    fn default() -> Self {
        Self { column: Column::Date, descending: true, scores: false }
    }
}

impl Sorting {
    /// By this column; a second time the other way round.
    pub(in crate::app) fn by(&mut self, column: Column) {
        let again = self.column == column;
        // What is largest or newest comes first; texts begin with A.
        let usual = matches!(column, Column::Date | Column::Images | Column::Score);
        (self.column, self.descending) = (column, if again { !self.descending } else { usual });
    }

    /// Shows the column of scores and sorts by it, or takes it away again.
    pub(in crate::app) fn toggle_scores(&mut self) {
        self.scores ^= true;
        if self.scores {
            (self.column, self.descending) = (Column::Score, true);
        } else if self.column == Column::Score {
            *self = Self::default();
        }
    }

    /// Places of the studies in their order. What a study does not say comes last, either way round;
    /// what is the same stays as the archive had it.
    pub(in crate::app) fn order(self, studies: &[ArchivedStudy], scores: &HashMap<String, HighestScore>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..studies.len()).collect();
        let text = |a: &str, b: &str| self.told(word(a), word(b));
        let parts = |study: &ArchivedStudy| study.body_parts.as_deref().unwrap_or_default().join(" ");
        order.sort_by(|a, b| {
            let (a, b) = (&studies[*a], &studies[*b]);
            match self.column {
                Column::Patient => text(&a.patient_name, &b.patient_name),
                Column::PatientId => text(&a.patient_id, &b.patient_id),
                Column::Date => self.told(a.date, b.date).then_with(|| self.told(word(&a.time), word(&b.time))),
                Column::Modality => text(&a.modalities.join(" "), &b.modalities.join(" ")),
                Column::BodyPart => text(&parts(a), &parts(b)),
                Column::Description => text(&a.description, &b.description),
                Column::Images => self.told(a.images, b.images),
                Column::Score => {
                    let score = |study: &ArchivedStudy| {
                        scores.get(&study.study_uid).map(|score| (score.probability * 1e6) as u32)
                    };
                    self.told(score(a), score(b))
                }
            }
        });
        order
    }

    fn told<T: Ord>(self, a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

/// A text as it is sorted; nothing for none.
fn word(text: &str) -> Option<String> {
    Some(text.trim().to_lowercase()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(uid: &str, name: &str, day: Option<u32>, images: u32) -> ArchivedStudy {
        ArchivedStudy {
            study_uid: uid.into(),
            patient_name: name.into(),
            date: day.and_then(|day| chrono::NaiveDate::from_ymd_opt(2026, 11, day)),
            images: Some(images),
            ..ArchivedStudy::default()
        }
    }

    #[test]
    fn the_newest_comes_first_and_what_says_no_day_last() {
        let studies = [study("1", "b", Some(1), 2), study("2", "", None, 9), study("3", "A", Some(3), 1)];
        let none = HashMap::new();
        let mut sorting = Sorting::default();
        assert_eq!(sorting.order(&studies, &none), [2, 0, 1]);
        sorting.by(Column::Date);
        assert_eq!(sorting.order(&studies, &none), [0, 2, 1]);
        sorting.by(Column::Patient);
        assert_eq!(sorting.order(&studies, &none), [2, 0, 1], "whatever its capitals");
        sorting.by(Column::Images);
        assert_eq!(sorting.order(&studies, &none), [1, 0, 2]);
    }

    #[test]
    fn scores_are_a_column_only_when_they_are_asked_for() {
        let studies = [study("1", "", Some(3), 1), study("2", "", Some(2), 1), study("3", "", Some(1), 1)];
        let score = |p| HighestScore { label: "Pneumonia".into(), probability: p };
        let scores = HashMap::from([("3".to_owned(), score(0.9)), ("2".to_owned(), score(0.1))]);
        let mut sorting = Sorting::default();
        assert!(!sorting.scores);
        sorting.toggle_scores();
        assert_eq!(sorting.order(&studies, &scores), [2, 1, 0]);
        sorting.toggle_scores();
        assert_eq!(sorting, Sorting::default());
    }
}
