//! One reading as a line of a reader's results.
//!
//! ```text
//! study,plan,reader,session,case,arm,confidence,seconds,read_at,marks,score,threshold,model,previous
//! 9f…,4c…,R1,1,c007,score and map,80,14.250,2026-11-30T21:04:05.000Z,412.5 300.0 80,0.731,0.5,toy 1.0,e0…
//! ```
//!
//! `study` is the fingerprint of what decides what is shown, `plan` the hash of the whole plan as it was
//! when the case was read. `seconds` run from the moment at which the image, and what the arm shows of the model, was on
//! screen. Marks are columns, rows (pixels of the image, from its upper left corner) and confidences,
//! parted by semicolons. `score` and `threshold` are the model's of the finding, where the arm shows
//! them. `previous` is the hash of the line before ([`super::chain`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use super::MARKS;
use super::plan::{is_code, is_hash};

/// Names of the columns.
pub(super) const HEADER: [&str; 13] = [
    "study",
    "plan",
    "reader",
    "session",
    "case",
    "arm",
    "confidence",
    "seconds",
    "read_at",
    "marks",
    "score",
    "threshold",
    "model",
];

/// What a reader said of a case in an arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Fingerprint of the plan.
    pub study: String,
    /// Hash of the plan.
    pub plan: String,
    pub reader: String,
    /// From 1.
    pub session: usize,
    pub case: String,
    /// Name of the arm.
    pub arm: String,
    /// 0 (surely not) to 100 (surely).
    pub confidence: u8,
    pub seconds: f64,
    pub read_at: DateTime<Utc>,
    pub marks: Vec<Mark>,
    /// What the model said, where it was shown and had an answer.
    pub answer: Option<Answer>,
}

/// The readings of a study: by reader of the plan.
pub type Readings = BTreeMap<usize, Vec<Record>>;

/// A place that a reader marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Column and row in pixels of the image.
    pub at: [f64; 2],
    pub confidence: u8,
}

/// The model's score of the finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub score: f64,
    /// From which on it says that the finding is there.
    pub threshold: f64,
    /// Name and version.
    pub model: String,
}

impl Answer {
    /// Whether the model says that the finding is there.
    #[must_use]
    pub fn says_yes(&self) -> bool {
        self.score >= self.threshold
    }
}

impl Record {
    /// The cells of the line.
    pub(super) fn cells(&self) -> [String; 13] {
        let mut marks = String::new();
        for (i, mark) in self.marks.iter().enumerate() {
            let gap = if i == 0 { "" } else { "; " };
            let _ = write!(marks, "{gap}{:.1} {:.1} {}", mark.at[0], mark.at[1], mark.confidence);
        }
        let answer = |of: fn(&Answer) -> String| self.answer.as_ref().map(of).unwrap_or_default();
        [
            self.study.clone(),
            self.plan.clone(),
            self.reader.clone(),
            self.session.to_string(),
            self.case.clone(),
            self.arm.clone(),
            self.confidence.to_string(),
            format!("{:.3}", self.seconds),
            self.read_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            marks,
            answer(|a| a.score.to_string()),
            answer(|a| a.threshold.to_string()),
            answer(|a| a.model.clone()),
        ]
    }

    /// From the cells of a line; what is wrong with them otherwise.
    pub(super) fn of(cells: &csv::StringRecord, is_chained: bool) -> Result<Self, String> {
        let wanted = HEADER.len() + usize::from(is_chained);
        if cells.len() != wanted {
            return Err(format!("it has {} cells and not {wanted}", cells.len()));
        }
        let number = |at: usize| {
            let value = cells[at].parse::<f64>().ok().filter(|v| v.is_finite());
            value.ok_or_else(|| format!("\"{}\" is no {}", cells[at].escape_debug(), HEADER[at]))
        };
        let code = |at: usize| match &cells[at] {
            text if is_code(text) => Ok(text.to_owned()),
            text => Err(format!("\"{}\" is no code of a {}", text.escape_debug(), HEADER[at])),
        };
        let plan = &cells[1];
        if !is_hash(plan) {
            return Err(format!("\"{}\" is not the hash of a plan", plan.escape_debug()));
        }
        let seconds = number(7)?;
        if seconds < 0.0 {
            return Err("it took less than no time".into());
        }
        let answer = match (&cells[10], &cells[11]) {
            ("", "") => None,
            _ => Some(Answer { score: number(10)?, threshold: number(11)?, model: cells[12].to_owned() }),
        };
        Ok(Self {
            study: cells[0].to_owned(),
            plan: plan.to_owned(),
            reader: code(2)?,
            session: cells[3].parse().map_err(|_| "its session is no number".to_owned())?,
            case: code(4)?,
            arm: cells[5].to_owned(),
            confidence: confidence(&cells[6])?,
            seconds,
            read_at: DateTime::parse_from_rfc3339(&cells[8])
                .map_err(|_| format!("\"{}\" is no time", cells[8].escape_debug()))?
                .to_utc(),
            marks: marks(&cells[9])?,
            answer,
        })
    }
}

fn confidence(text: &str) -> Result<u8, String> {
    let value = text.parse::<u8>().ok().filter(|v| *v <= 100);
    value.ok_or_else(|| format!("\"{}\" is no confidence from 0 to 100", text.escape_debug()))
}

fn marks(text: &str) -> Result<Vec<Mark>, String> {
    let parts: Vec<&str> = text.split(';').map(str::trim).filter(|p| !p.is_empty()).collect();
    if parts.len() > MARKS {
        return Err(format!("it has {} marks, and {MARKS} are the most", parts.len()));
    }
    let mark = |part: &&str| {
        let fail = || format!("\"{}\" is no mark", part.escape_debug());
        let words: Vec<&str> = part.split_whitespace().collect();
        let [x, y, c] = words[..] else { return Err(fail()) };
        let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
        let (Some(x), Some(y)) = (number(x), number(y)) else { return Err(fail()) };
        Ok(Mark { at: [x, y], confidence: confidence(c)? })
    };
    parts.iter().map(mark).collect()
}
