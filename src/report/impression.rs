//! What the reader saw, in the reader's own words, and whether the model's result was known by
//! then.
//!
//! Who has seen what a model says reads the image differently: readers of every experience followed
//! wrong suggestions (Dratsch et al. 2023, "Automation bias in mammography", Radiology 307(4):
//! e222176). An impression that was written before is the one figure of a case that the model
//! cannot have moved, so it is kept beside the model's result, with the time, and cannot be changed
//! afterwards; what is added later stands apart as a remark.
//!
//! No number can be computed from it again: verification carries it along and compares nothing.

use std::fmt;

use chrono::{DateTime, Local, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::feedback::rfc3339;
use crate::language::{named, time_or_date, tr};

/// What is written for the reader who sees nothing.
pub const NOTHING: &str = named!("I see nothing to report.");
/// Most characters of an impression, and of a remark.
pub const MOST: usize = 4000;

/// What the reader saw.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Impression {
    pub text: String,
    /// RFC 3339 in files.
    #[serde(with = "rfc3339")]
    pub written_at: DateTime<Local>,
    /// True where nothing of the model's result had been on screen for this image.
    pub before_result: bool,
    /// In the order in which they were added; each with the model's result in sight.
    pub remarks: Vec<Remark>,
}

/// What the reader added with the model's result in sight.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    pub text: String,
    #[serde(with = "rfc3339")]
    pub written_at: DateTime<Local>,
}

impl Impression {
    /// When it was written, as a part of a sentence; the date only where it is not `day`.
    #[must_use]
    pub fn when(&self, day: NaiveDate) -> String {
        let time = time_or_date(self.written_at, day);
        if self.before_result {
            tr!("written before the model's result was shown, {}", time)
        } else {
            tr!("written after the model's result was shown, {}", time)
        }
    }
}

impl Remark {
    /// When it was written, as a part of a sentence; the date only where it is not `day`.
    #[must_use]
    pub fn when(&self, day: NaiveDate) -> String {
        tr!("written after the model's result was shown, {}", time_or_date(self.written_at, day))
    }
}

// Words about a patient belong into no log, whatever is printed there for finding faults.
impl fmt::Debug for Impression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, remarks) = (self.before_result, self.remarks.len());
        write!(f, "Impression({} characters, before {before}, {remarks} remarks)", self.text.chars().count())
    }
}

impl fmt::Debug for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remark({} characters)", self.text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn it_says_whether_the_result_was_known_and_names_the_day_only_where_it_is_another() {
        let written_at = Local.with_ymd_and_hms(2026, 11, 20, 14, 32, 7).unwrap();
        let mut impression =
            Impression { text: "A nodule.".into(), written_at, before_result: true, remarks: Vec::new() };
        let day = written_at.date_naive();
        assert_eq!(impression.when(day), "written before the model's result was shown, 14:32");
        impression.before_result = false;
        let next = day.succ_opt().unwrap();
        assert_eq!(impression.when(next), "written after the model's result was shown, 2026-11-20 14:32");
    }

    #[test]
    fn a_log_never_holds_its_words() {
        let remarks = vec![Remark { text: "Jane's old scar".into(), written_at: Local::now() }];
        let impression =
            Impression { text: "Jane has a nodule".into(), written_at: Local::now(), before_result: true, remarks };
        let said = format!("{impression:?} {:?}", impression.remarks);
        assert!(!said.contains("Jane") && !said.contains("nodule") && said.contains("17 characters"), "{said}");
    }

    #[test]
    fn times_are_read_again_as_they_were_written() {
        let impression =
            Impression { text: NOTHING.into(), written_at: Local::now(), before_result: true, remarks: Vec::new() };
        let text = serde_json::to_string(&impression).unwrap();
        assert_eq!(serde_json::from_str::<Impression>(&text).unwrap(), impression);
        assert!(serde_json::from_str::<Impression>(&text.replace("20", "xx")).is_err());
    }
}
