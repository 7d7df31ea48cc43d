//! The readings that can be compared: of the same readers and cases in every arm.

use std::collections::HashMap;

use super::Readings;
use crate::reader_study::errors::StudyError;
use crate::reader_study::lesion::Lesion;
use crate::reader_study::plan::Plan;
use crate::reader_study::record::Record;
use crate::reader_study::truth::CaseTruth;

/// Readings by arm, reader and case, all in one order.
pub(super) struct Crossed<'a> {
    /// Numbers of the readers in the plan.
    pub readers: Vec<usize>,
    pub arms: Vec<Vec<Vec<&'a Record>>>,
    pub positive: Vec<bool>,
    pub lesions: Vec<&'a [Lesion]>,
}

impl<'a> Crossed<'a> {
    /// Of those who have finished; where nobody has, of all who have read in every arm, on the cases
    /// that all of them have read in every arm.
    pub(super) fn of(
        plan: &Plan,
        truth: &'a [CaseTruth],
        readings: &'a Readings,
        planned: usize,
        remarks: &mut Vec<String>,
    ) -> Result<Self, StudyError> {
        let finished: Vec<usize> = readings.iter().filter(|(_, r)| r.len() == planned).map(|(n, _)| *n).collect();
        let begun: Vec<usize> = readings.keys().copied().collect();
        let readers = if finished.is_empty() { begun.clone() } else { finished.clone() };
        for reader in begun.iter().filter(|r| !readers.contains(r)) {
            remarks.push(format!(
                "{} has read {} of {planned} and is left out.",
                plan.readers[*reader],
                readings[reader].len()
            ));
        }
        let absent: Vec<&str> = (plan.readers.iter().enumerate())
            .filter(|(number, _)| !readings.contains_key(number))
            .map(|(_, code)| code.as_str())
            .collect();
        if !absent.is_empty() {
            remarks.push(format!("Not begun: {}.", absent.join(", ")));
        }
        let by_name: HashMap<&str, usize> = plan.cases.iter().enumerate().map(|(i, c)| (c.id.as_str(), i)).collect();
        // A place for each reading, by arm, reader and case of the plan.
        let mut places = vec![vec![vec![None; plan.cases.len()]; readers.len()]; plan.arms.len()];
        for (row, reader) in readers.iter().enumerate() {
            for record in &readings[reader] {
                let arm = plan.arms.iter().position(|a| a.name == record.arm);
                if let (Some(arm), Some(case)) = (arm, by_name.get(record.case.as_str())) {
                    places[arm][row][*case] = Some(record);
                }
            }
        }
        let everywhere = |case: &usize| places.iter().flatten().all(|row| row[*case].is_some());
        let cases: Vec<usize> = (0..plan.cases.len()).filter(everywhere).collect();
        if cases.is_empty() {
            return Err(StudyError::NothingCrossed);
        }
        if finished.is_empty() {
            remarks.push(format!(
                "Nobody has finished: this is of the {} cases that all of {} readers have read in every arm so far, \
                 and no result of the study.",
                cases.len(),
                readers.len()
            ));
        }
        let of_row = |row: &Vec<Option<&'a Record>>| cases.iter().filter_map(|c| row[*c]).collect();
        Ok(Self {
            arms: places.iter().map(|arm| arm.iter().map(of_row).collect()).collect(),
            positive: cases.iter().map(|c| truth[*c].positive).collect(),
            lesions: cases.iter().map(|c| truth[*c].lesions.as_slice()).collect(),
            readers,
        })
    }
}
