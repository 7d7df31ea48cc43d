//! A record as a row of a table: of `predict --out` and of a batch.

use super::{Record, ScoreRow};
use crate::batch::row::{ClassRow, JudgedBy, Row};

impl Record<'_> {
    /// What is known of the image, but for its file.
    pub(in crate::cli) fn row(&self) -> Row {
        let state = |label: &str| {
            let states = self.conformal.iter().flat_map(|conformal| &conformal.states);
            states.into_iter().find(|state| state.label == label).map(|state| state.state.word().to_owned())
        };
        let class = |row: &ScoreRow<'_>| {
            let figures = [Some(row.probability), row.logit, row.mean, row.sd, row.p05, row.p95];
            ClassRow {
                name: row.label.to_owned(),
                figures: figures.map(|figure| figure.map(f64::from)),
                state: state(row.label),
            }
        };
        let is_scored = !self.predictions.is_empty();
        Row {
            sop_instance_uid: self.sop_instance_uid.to_owned(),
            frame: self.frame,
            model: self
                .model
                .as_ref()
                .map(|model| JudgedBy { name: model.name.to_owned(), sha256: model.sha256.to_owned() }),
            accepted: self.gate.accepted,
            reason: if is_scored { String::new() } else { self.gate.reason.clone().into_owned() },
            is_damaged: !is_scored && self.analyzed.frame.scorable().is_err(),
            classes: self.predictions.iter().chain(&self.groups).map(class).collect(),
            inside_population: self.population.map(|population| population.inside),
            warnings: self.warnings.join(" "),
        }
    }

    /// Names and values of what is known of the image.
    pub(in crate::cli) fn cells(&self) -> crate::batch::row::Cells {
        self.row().cells(&self.image, self.copy_of.as_deref())
    }
}
