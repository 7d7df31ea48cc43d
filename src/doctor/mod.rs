//! What this machine gives the program: `pellucid doctor`.
//!
//! A fault that is reported from afar is half understood once it is known what works: the display
//! and its OpenGL, decoders, models, fonts, dialogs, keyring, folders. Each part is tried and not
//! asked for: images are decoded and compared with their pixels, networks are run, files are
//! written and removed.
//!
//! The page names no patient and no user: [`private`] goes over every text of it, and values of
//! variables that may hold names or passwords are left out. Names of the user's own models stand
//! there. Nothing goes to the network.

mod bus;
mod codecs;
mod folders;
mod models;
mod private;
mod screen;
mod system;
mod writing;

use std::fmt;

/// How a part of the machine was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    Works,
    /// The program does without it.
    Limited,
    Fails,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Works => "works",
            Self::Limited => "limited",
            Self::Fails => "fails",
        })
    }
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub part: &'static str,
    pub condition: Condition,
    /// What was seen, and what to do where it is not as it should be.
    pub text: String,
}

impl Finding {
    fn works(part: &'static str, text: impl Into<String>) -> Self {
        Self { part, condition: Condition::Works, text: text.into() }
    }

    fn limited(part: &'static str, text: impl Into<String>) -> Self {
        Self { part, condition: Condition::Limited, text: text.into() }
    }

    fn fails(part: &'static str, text: impl Into<String>) -> Self {
        Self { part, condition: Condition::Fails, text: text.into() }
    }
}

/// Tries every part; takes a few seconds. A window is opened, hidden and in a process of its own,
/// where there is a display.
#[must_use]
pub fn examine() -> Vec<Finding> {
    let parts: [fn() -> Vec<Finding>; 7] = [
        system::examine,
        screen::examine,
        models::examine,
        codecs::examine,
        writing::examine,
        bus::examine,
        folders::examine,
    ];
    let user = private::User::of_system();
    let hidden = |finding: Finding| Finding { text: user.hidden_in(&finding.text), ..finding };
    parts.into_iter().flat_map(|part| part()).map(hidden).collect()
}

/// The page for people: a line for each part, continued below its text.
#[must_use]
pub fn page(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.part.chars().count()).max().unwrap_or(0);
    let line = |finding: &Finding| {
        let Finding { part, condition, text } = finding;
        let text = text.replace('\n', &format!("\n{:indent$}", "", indent = width + 11));
        format!("{condition:<7}  {part:<width$}  {text}\n")
    };
    findings.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_under_each_other_and_texts_beside_them() {
        let page = page(&[Finding::works("Fonts", "of the program"), Finding::fails("Decoders", "one\ntwo")]);
        assert_eq!(page, "works    Fonts     of the program\nfails    Decoders  one\n                   two\n");
    }

    #[test]
    fn every_built_in_model_and_every_decoder_works_here() {
        for finding in models::built_in().into_iter().chain(codecs::examine()) {
            assert_eq!(finding.condition, Condition::Works, "{}: {}", finding.part, finding.text);
        }
    }
}
