//! `truth.csv`: what is true of the cases of a study. Only the analysis reads it.

use std::collections::HashMap;
use std::path::Path;

use super::errors::StudyError;
use super::lesion::{Lesion, answer, lesion};
use super::plan::Plan;
use super::{CASES, LESIONS};
use crate::evaluation::csv_table::csv;
use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::limits;

const HEADER: [&str; 7] = ["case", "truth", "x", "y", "width", "height", "salt"];

/// What is true of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseTruth {
    pub positive: bool,
    pub lesions: Vec<Lesion>,
    /// Keeps the hash of the truth, which is in the plan, from being guessed.
    pub salt: String,
}

/// The table of what is true of cases with these codes.
pub(super) fn table<'a>(cases: impl Iterator<Item = (&'a str, &'a CaseTruth)>) -> csv::Result<Vec<u8>> {
    let mut rows = Vec::new();
    for (id, truth) in cases {
        let first = [id.to_owned(), u8::from(truth.positive).to_string()];
        let boxes: Vec<[String; 4]> =
            (truth.lesions.iter()).map(|l| [l.x, l.y, l.width, l.height].map(|v| v.to_string())).collect();
        let boxes = if boxes.is_empty() { vec![<[String; 4]>::default()] } else { boxes };
        rows.extend(
            boxes
                .into_iter()
                .map(|sides| first.iter().cloned().chain(sides).chain([truth.salt.clone()]).collect::<Vec<_>>()),
        );
    }
    csv(HEADER, rows)
}

/// Reads what is true of the cases of a plan, in its order.
///
/// # Errors
/// When the table cannot be read or a case of the plan is not in it.
pub fn read(path: &Path, plan: &Plan) -> Result<Vec<CaseTruth>, StudyError> {
    let unfit = |reason: String| StudyError::Table { path: path.to_owned(), reason };
    let bytes =
        read_regular(path, limits::TABLE_BYTES).map_err(|source| StudyError::Read { path: path.to_owned(), source })?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(BoundedLines::new(bytes.as_slice()));
    if reader.headers().map_err(|e| unfit(e.to_string()))?.iter().ne(HEADER) {
        return Err(unfit(format!("its columns must be {}", HEADER.join(","))));
    }
    let mut known: HashMap<String, CaseTruth> = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|e| unfit(e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let fault = |reason: String| StudyError::Row { path: path.to_owned(), line, reason };
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let positive = answer(cell(1)).map_err(&fault)?;
        let lesion = lesion(&[2, 3, 4, 5], &cell).map_err(&fault)?;
        if known.len() == CASES && !known.contains_key(cell(0)) {
            return Err(unfit(format!("it has more than {CASES} cases")));
        }
        let truth = known.entry(cell(0).to_owned()).or_insert_with(|| CaseTruth {
            positive,
            lesions: Vec::new(),
            salt: cell(6).to_owned(),
        });
        if truth.positive != positive || (lesion.is_some() && !positive) {
            return Err(fault("it says another truth than its boxes or a line above".into()));
        }
        if truth.lesions.len() == LESIONS && lesion.is_some() {
            return Err(fault(format!("the case has more than {LESIONS} boxes")));
        }
        truth.lesions.extend(lesion);
    }
    let of = |case: &super::Case| {
        known.remove(&case.id).ok_or_else(|| unfit(format!("it does not tell the truth of case {}", case.id)))
    };
    plan.cases.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::plan::Design;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn what_is_true_is_read_as_it_was_written() {
        let plan = plan(Design::Crossover);
        let boxes = vec![
            Lesion { x: 1.5, y: 2.0, width: 3.0, height: 4.0 },
            Lesion { x: 10.0, y: 20.0, width: 30.0, height: 40.0 },
        ];
        let truth: Vec<CaseTruth> = (0..6)
            .map(|i| CaseTruth {
                positive: i % 2 == 0,
                lesions: if i == 0 { boxes.clone() } else { Vec::new() },
                salt: i.to_string(),
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("truth.csv");
        std::fs::write(&path, table(plan.cases.iter().map(|c| c.id.as_str()).zip(&truth)).unwrap()).unwrap();
        assert_eq!(read(&path, &plan).unwrap(), truth);
        std::fs::write(&path, "case,truth,x,y,width,height,salt\nc1,1,,,,,\n").unwrap();
        assert!(read(&path, &plan).unwrap_err().to_string().contains("the truth of case c2"));
        assert!(boxes[0].holds([1.5, 6.0]) && !boxes[0].holds([1.4, 6.0]));
    }
}
