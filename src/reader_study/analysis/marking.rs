//! Figures of the marks: JAFROC.
//!
//! A mark that lies on a box is a mark on that lesion, of several the most confident one counts; a
//! mark on none is a false one. Cases with the finding whose lesions nobody has boxed say nothing of
//! places and take no part.

use serde::Serialize;

use super::crossed::Crossed;
use crate::evaluation::multi_reader::marks::{self, Marked, Weight};
use crate::evaluation::multi_reader::{self, Analysis, Figure, Method, MultiReaderError};
use crate::reader_study::lesion::Lesion;
use crate::reader_study::record::Record;

/// Figures of merit of the marks.
#[derive(Clone, Debug, Serialize)]
pub struct Marking {
    /// Cases with boxed lesions, their lesions, and cases without the finding.
    pub positives: usize,
    pub lesions: usize,
    pub negatives: usize,
    /// Every case counts once.
    pub wafroc: Analysis,
    /// Every lesion counts once.
    pub afroc: Analysis,
}

/// Of readings with marks; nothing where no boxes are known, or too few.
pub(super) fn of(crossed: &Crossed<'_>, method: Method, remarks: &mut Vec<String>) -> Option<Marking> {
    let boxed = |case: &usize| !crossed.positive[*case] || !crossed.lesions[*case].is_empty();
    let cases: Vec<usize> = (0..crossed.positive.len()).filter(boxed).collect();
    let positive: Vec<bool> = cases.iter().map(|c| crossed.positive[*c]).collect();
    let lost = crossed.positive.len() - cases.len();
    let figures = |weight: Weight| -> Result<Vec<Vec<Figure>>, MultiReaderError> {
        crossed.figures(|records| {
            let marked: Vec<Marked> = cases.iter().map(|c| marked(records[*c], crossed.lesions[*c])).collect();
            marks::figure(&marked, &positive, weight)
        })
    };
    let analysed = |weight: Weight| figures(weight).and_then(|f| multi_reader::analyse(&f, method));
    match (analysed(Weight::Case), analysed(Weight::Lesion)) {
        (Ok(wafroc), Ok(afroc)) => {
            if lost > 0 {
                remarks.push(format!("Marks are compared without {lost} cases with the finding that have no box."));
            }
            Some(Marking {
                positives: positive.iter().filter(|p| **p).count(),
                lesions: cases.iter().map(|c| crossed.lesions[*c].len()).sum(),
                negatives: positive.iter().filter(|p| !**p).count(),
                wafroc,
                afroc,
            })
        }
        (Err(error), _) | (_, Err(error)) => {
            remarks.push(format!("Marks are not compared: {error}."));
            None
        }
    }
}

/// The marks of a reading, by lesion and beside all of them.
pub(super) fn marked(record: &Record, lesions: &[Lesion]) -> Marked {
    let mut found = Marked { lesions: vec![None; lesions.len()], elsewhere: Vec::new() };
    for mark in &record.marks {
        let confidence = f64::from(mark.confidence);
        let on: Vec<usize> = (0..lesions.len()).filter(|l| lesions[*l].holds(mark.at)).collect();
        for lesion in &on {
            let best = found.lesions[*lesion].unwrap_or(f64::NEG_INFINITY);
            found.lesions[*lesion] = Some(best.max(confidence));
        }
        if on.is_empty() {
            found.elsewhere.push(confidence);
        }
    }
    found
}
