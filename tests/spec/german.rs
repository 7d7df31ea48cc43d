//! A reader who chose German meets no English words that the file of the language has in German.
//!
//! Words of rooms that stay English (what a model's file, a DICOM file or a measurement says of
//! itself) are in no file of languages, and so are not looked for.

use std::collections::BTreeMap;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::documents::root;
use super::training_room::running;
use super::viewer::common::Bench;
use super::viewer::screen;
use super::working::{measured, read_first};
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, KeysCommand, OverlayCommand, PaletteCommand, SessionCommand,
    StudyCommand, TagCommand, TrainingCommand, UncertaintyCommand, ViewCommand,
};
use pellucid::app::state::weights_form::WeightsForm;
use pellucid::app::state::{Layout, State};

/// Fewest letters that tell a text with places from a chance likeness.
const LETTERS: usize = 12;

/// English words that German has otherwise: those without places as they are, those with places by
/// the pieces between them.
struct English {
    whole: Vec<String>,
    pieces: Vec<Vec<String>>,
    /// What each text without a context is in German.
    german: BTreeMap<String, String>,
}

impl English {
    fn read() -> Self {
        let catalog = polib::po_file::parse(&root().join("assets/languages/de.po")).unwrap();
        let mut english = Self { whole: Vec::new(), pieces: Vec::new(), german: BTreeMap::new() };
        for message in catalog.messages().filter(|message| message.is_translated()) {
            let (words, german) = (message.msgid(), message.msgstr().unwrap_or_default());
            if message.msgctxt().is_none() {
                english.german.insert(words.to_owned(), german.to_owned());
            }
            // What both languages say alike says nothing.
            let same = words == german || words.chars().filter(|c| c.is_alphabetic()).count() < 2;
            for words in (!same).then_some(words).into_iter().chain(message.msgid_plural().ok()) {
                english.learn(words);
            }
        }
        // A word may be German for something else: “Text”, “Alt”.
        let german: Vec<String> = catalog.messages().filter_map(|m| m.msgstr().ok().map(str::to_owned)).collect();
        english.whole.retain(|words| !german.contains(words));
        english
    }

    fn learn(&mut self, words: &str) {
        if !words.contains('{') {
            return self.whole.push(words.to_owned());
        }
        let pieces = pieces(words);
        let letters = pieces.concat().chars().filter(|c| c.is_alphabetic()).count();
        self.pieces.extend((letters >= LETTERS).then_some(pieces));
    }

    fn says(&self, label: &str) -> bool {
        self.whole.iter().any(|words| words == label) || self.pieces.iter().any(|pieces| fits(label, pieces))
    }
}

/// What stands between the places of a text.
fn pieces(words: &str) -> Vec<String> {
    words
        .split('{')
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once('}').map_or("", |p| p.1) })
        .map(str::to_owned)
        .collect()
}

/// Whether a label is that text with its places filled.
fn fits(label: &str, pieces: &[String]) -> bool {
    let Some(mut rest) = label.strip_prefix(pieces[0].as_str()) else { return false };
    for piece in &pieces[1..] {
        let Some(at) = rest.find(piece.as_str()) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || pieces.last().is_some_and(String::is_empty)
}

/// The same bench, read in German.
fn german(mut bench: Bench) -> Bench {
    bench.state.preferences.language = "de".into();
    bench
}

fn with(bench: Bench, commands: &[Command]) -> Harness<'static, Bench> {
    let mut harness = screen(german(bench));
    for command in commands {
        harness.state_mut().command(command.clone());
    }
    harness.run_steps(3);
    harness
}

/// Every name and value on the screen that is known in German and stands there in English.
fn left_english(harness: &Harness<'_, Bench>, english: &English) -> Vec<String> {
    let said = harness.query_all_by(|_| true).flat_map(|node| {
        let node = node.accesskit_node();
        [node.label(), node.value(), node.placeholder().map(str::to_owned), node.description()]
    });
    said.flatten().filter(|words| english.says(words)).collect()
}

#[test]
fn nothing_that_german_has_stays_english_on_any_screen() {
    let english = English::read();
    assert!(english.whole.len() > 200 && english.pieces.len() > 50);
    let finished = Bench::finished;
    let mut fresh = Bench::new();
    fresh.state = State::new(pellucid::app::state::Preferences::default(), "test", "cpu");
    let mut weights = finished();
    weights.state.weights = Some(WeightsForm::new("weights.pth".into()));
    let (_folder, run) = running(3);
    let of = |layout| vec![Command::from(ViewCommand::SetLayout(layout))];
    let screens: Vec<(&str, Harness<'static, Bench>)> = vec![
        ("empty", with(fresh, &[])),
        ("finished", with(measured(), &[])),
        ("read first", with(read_first(), &[])),
        ("weights", with(weights, &[])),
        ("side by side", with(finished(), &of(Layout::SideBySide))),
        ("classes", with(finished(), &of(Layout::ClassGrid))),
        ("compare", with(finished(), &of(Layout::Compare))),
        ("methods", with(finished(), &of(Layout::MethodGrid))),
        ("what if", with(finished(), &of(Layout::WhatIf))),
        ("hanging", with(finished(), &of(Layout::Hanging))),
        ("keys", with(finished(), &[HelpCommand::ToggleKeys.into()])),
        ("key editor", with(finished(), &[KeysCommand::ToggleEditor.into()])),
        ("palette", with(finished(), &[PaletteCommand::Toggle.into()])),
        ("calibration", with(finished(), &[UncertaintyCommand::ToggleReliability.into()])),
        ("faithfulness", with(finished(), &[OverlayCommand::ToggleFaithfulness.into()])),
        ("tags", with(finished(), &[TagCommand::Toggle.into()])),
        ("tour", with(finished(), &[HelpCommand::Tour.into()])),
        ("notice", with(finished(), &[SessionCommand::Forget.into()])),
        ("cancelled", with(finished(), &[StudyCommand::Reload.into(), FindingsCommand::Cancel.into()])),
        ("closed", with(finished(), &[FileCommand::CloseAll.into()])),
        ("no configuration", with(finished(), &[TrainingCommand::Toggle.into()])),
        ("run", with(run, &[])),
    ];
    let mut left = Vec::new();
    for (name, harness) in &screens {
        left.extend(left_english(harness, &english).into_iter().map(|words| format!("{name}: {words}")));
    }
    for menu in ["Open", "View", "Display", "Measure"] {
        let mut harness = with(measured(), &[]);
        let name = english.german.get(menu).map_or(menu, String::as_str);
        let button = harness.query_all_by_label(name).next().unwrap_or_else(|| panic!("no menu {name}"));
        button.click();
        harness.run_steps(3);
        left.extend(left_english(&harness, &english).into_iter().map(|words| format!("menu {menu}: {words}")));
    }
    // Other tests share the thread where they run one by one.
    pellucid::language::enter(pellucid::language::ENGLISH);
    left.sort();
    left.dedup();
    assert!(left.is_empty(), "still English:\n{}", left.join("\n"));
}

#[test]
fn a_text_with_places_is_known_again_when_they_are_filled() {
    let text = pieces("Compare {} with {name}.");
    assert!(fits("Compare A with B.", &text));
    assert!(!fits("Compare A to B.", &text) && !fits("We compare A with B.", &text));
    assert!(fits("No states. Nobody knows.", &pieces("No states. {}")));
}
