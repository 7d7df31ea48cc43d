//! What was met on the way through a table, and what is said of it at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::columns::{Columns, Labels, Met, Schema};
use crate::evaluation::vocabulary::may_include;
use crate::study::Warning;
use crate::training::config::{Ambiguous, Table};
use crate::training::data::listed::{Gathered, label_called, quoted};
use crate::training::{Error, Result};

/// Most rows with the same fault that are named one by one.
const NAMED: usize = 20;

/// What was met on the way through a table.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) met: Met,
    faults: usize,
    first: String,
    pub(super) views: usize,
    /// Images whose findings may include a label that they do not have, those findings, and these
    /// labels.
    ambiguous: usize,
    vague: BTreeMap<String, usize>,
    included: BTreeSet<usize>,
}

impl Tally {
    pub(super) fn fault(&mut self, warnings: &mut Vec<Warning>, warning: Warning) {
        if self.faults == 0 {
            self.first = format!("{}: {}", warning.path.display(), warning.reason);
        }
        self.faults += 1;
        if self.faults <= NAMED {
            warnings.push(warning);
        }
    }

    /// Whether one of `findings` may include a label that the image does not have, nor any other
    /// that it may include.
    pub(super) fn is_ambiguous(&mut self, schema: Schema<'_>, findings: Vec<&str>, truth: &[f32]) -> bool {
        let mut ambiguous = false;
        for word in findings.into_iter().filter(|w| label_called(schema.labels, w).is_none()) {
            let included: Vec<usize> =
                (0..truth.len()).filter(|&k| may_include(word, &schema.labels[k].name)).collect();
            if included.iter().any(|&k| truth[k] == 0.0) && !included.iter().any(|&k| truth[k] > 0.5) {
                *self.vague.entry(word.to_owned()).or_default() += 1;
                self.included.extend(included);
                ambiguous = true;
            }
        }
        self.ambiguous += usize::from(ambiguous);
        ambiguous
    }

    /// What is to be said of images whose findings may include a label.
    fn vagueness(&self, schema: Schema<'_>, policy: Ambiguous) -> Option<String> {
        let names: Vec<&str> = self.included.iter().map(|&k| schema.labels[k].name.as_str()).collect();
        // Of "Bacterial pneumonia" and "Pneumonia" the latter says it.
        let whole = |n: &&&str| !names.iter().any(|o| o != *n && n.to_lowercase().contains(&o.to_lowercase()));
        let included = quoted(names.iter().filter(whole));
        let list: Vec<String> = self.vague.iter().map(|(word, n)| format!("{word} {n}")).collect();
        let fate = match policy {
            Ambiguous::Keep => "they count as without it; ambiguous = leave-out leaves them out",
            Ambiguous::LeaveOut => "they were left out",
        };
        let (n, list) = (self.ambiguous, list.join(", "));
        (n > 0)
            .then(|| format!("{n} images have findings that may include {included} without saying so ({list}): {fate}"))
    }

    pub(super) fn conclude(
        self,
        schema: Schema<'_>,
        table: &Table,
        path: &Path,
        columns: &Columns,
        images: usize,
        found: &mut Gathered,
    ) -> Result<()> {
        found.foreign.extend(self.met.foreign.keys().cloned());
        if matches!(columns.labels, Labels::Each(_)) {
            found.foreign.extend(columns.others.iter().map(|(_, name)| name.clone()));
        }
        let warnings = &mut found.warnings;
        let there = quoted(self.met.foreign.keys());
        if self.met.seen.is_empty() && !self.met.foreign.is_empty() && matches!(columns.labels, Labels::Text(_)) {
            let wanted = quoted(schema.labels.iter().map(|l| &l.name));
            let path = path.display();
            return Err(Error::Data(format!("the table {path} names none of the labels {wanted}; it names {there}")));
        }
        if images == 0 {
            let path = path.display();
            let why = if self.faults == 0 { "it has no rows".to_owned() } else { self.first };
            let views =
                if self.views > 0 { format!(" ({} rows are of other views)", self.views) } else { String::new() };
            return Err(Error::NoImages(format!("the table {path} yields nothing; {why}{views}")));
        }
        let vague = self.vagueness(schema, table.ambiguous);
        let mut say = |reason: String| warnings.push(Warning { path: path.into(), reason });
        if self.faults > NAMED {
            say(format!("{} rows were left out in all", self.faults));
        }
        let absent = schema.labels.iter().enumerate().filter(|(k, _)| !self.met.seen.contains(k));
        let absent: Vec<&str> = absent.map(|(_, l)| l.name.as_str()).collect();
        if !absent.is_empty() {
            let other = if there.is_empty() { String::new() } else { format!("; it also names {there}") };
            say(format!("no image of it has {}{other}", quoted(absent)));
        } else if !there.is_empty() {
            say(format!("it also names {there}: no labels here, so they count as absent"));
        }
        vague.into_iter().for_each(say);
        Ok(())
    }
}
