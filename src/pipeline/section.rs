//! What a step says on the page: sentences, tables, charts, and the files that it left.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Result;
use super::files::{read_json, write_json};
use super::step::Step;
use crate::report::evaluation::Table;

/// Name of the file in the folder of a step.
const FILE: &str = "section.json";

/// A part of the page. Paths are relative to the folder of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    /// What stands at the top of the page, sentences.
    pub verdict: Vec<String>,
    pub sentences: Vec<String>,
    pub tables: Vec<Table>,
    /// Its tables stand in the model's card, too.
    #[serde(default)]
    pub in_card: bool,
    /// SVG files that are put into the page.
    pub charts: Vec<String>,
    /// Files that are linked: what they are, and where they lie.
    pub links: Vec<(String, String)>,
    /// What makes figures weak, sentences.
    pub remarks: Vec<String>,
}

impl Section {
    pub(super) fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    pub(super) fn link(&mut self, what: &str, step: Step, file: &str) {
        self.links.push((what.to_owned(), format!("{}/{file}", step.folder())));
    }

    /// The section that a step left; `None` where it left none.
    pub(super) fn read(out: &Path, step: Step) -> Result<Option<Self>> {
        read_json(&out.join(step.folder()).join(FILE))
    }

    pub(super) fn write(&self, out: &Path, step: Step) -> Result<()> {
        write_json(&out.join(step.folder()).join(FILE), self)
    }
}
