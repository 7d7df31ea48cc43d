//! A report of any kind, from parts that are there already: facts, sentences, charts, tables.
//!
//! For rooms that print what they have computed and have no pages of their own to draw. The case
//! report and the evaluation report lay out theirs themselves. They are in English.

use std::path::Path;

use chrono::{DateTime, Local};

use super::case::Paper;
use super::evaluation::Table;
use super::pages::{Flow, Sheet, section, title};
use super::pdf::document::{Imprint, printed};
use super::{NOT_A_DEVICE, ReportError, file};
use crate::figures::charts::Chart;
use crate::figures::layout::{BODY, Block, list, pairs, paragraph};
use crate::language::{ENGLISH, within};

const COLUMN: f32 = 84.0;
/// Room for the names of facts.
const NAMES: f32 = 62.0;

/// A part of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Names and what they stand for, below a heading.
    Facts(&'static str, Vec<(&'static str, String)>),
    /// Running text below a heading.
    Text(&'static str, String),
    /// Sentences below a heading, each behind a dash.
    Sentences(&'static str, Vec<String>),
    Chart(Chart),
    Table(Table),
}

/// A report from parts.
#[derive(Clone, Debug, PartialEq)]
pub struct ComposedReport {
    pub title: &'static str,
    /// A line on what it is.
    pub about: &'static str,
    /// What it is of; in the document information, so it names no patient.
    pub subject: String,
    pub created: DateTime<Local>,
    pub parts: Vec<Part>,
}

impl ComposedReport {
    /// The report as the bytes of a PDF.
    ///
    /// # Errors
    /// When a font cannot be embedded.
    pub fn pdf(&self) -> Result<Vec<u8>, ReportError> {
        let imprint = Imprint {
            title: self.title,
            subject: format!("Research use: {}", self.subject),
            created: self.created,
            paper: Paper::A4,
        };
        within(ENGLISH, || printed(&imprint, &self.pages(), Vec::new()))
    }

    /// Writes the report as a PDF; a file of this name is replaced.
    ///
    /// # Errors
    /// As [`Self::pdf`], and when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        file::write(path, &self.pdf()?)
    }

    fn pages(&self) -> Vec<Block> {
        let sheet = Sheet::of(Paper::A4);
        let (width, inner) = (sheet.width, sheet.width - COLUMN);
        let mut flow = Flow::new(sheet);
        flow.add(&title(self.title, self.about, self.created, width), false);
        for part in &self.parts {
            match part {
                Part::Facts(heading, facts) => {
                    let facts: Vec<_> = facts.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
                    flow.add(&section(heading, &pairs(&facts, NAMES, inner), COLUMN), true);
                }
                Part::Text(heading, text) => flow.add(&section(heading, &paragraph(text, BODY, inner), COLUMN), true),
                Part::Sentences(_, sentences) if sentences.is_empty() => {}
                Part::Sentences(heading, sentences) => {
                    let sentences = list(sentences.iter().map(String::as_str), BODY, inner);
                    flow.add(&section(heading, &sentences, COLUMN), true);
                }
                Part::Chart(chart) => flow.add(chart.block(), true),
                Part::Table(table) if table.rows.is_empty() => {}
                Part::Table(table) => {
                    table.parts(width).iter().for_each(|part| flow.add_rows(&part.head, &part.rows));
                }
            }
        }
        flow.add(&paragraph(NOT_A_DEVICE, BODY, width), true);
        let made = self.created.format("%Y-%m-%d %H:%M");
        flow.framed(&self.subject, &format!("{} · {} · {made}", self.title, self.subject))
    }
}
