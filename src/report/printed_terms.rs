//! Fixed words and sentences of the rooms below that a printed report shows, so that every language's
//! file has them.
//!
//! Built for tests alone: the program looks words up by themselves, and knows sentences by their form
//! ([`said`](crate::language::said)).

use crate::engine::conformal::OUTSIDE;
use crate::engine::what_if::filling::Filling;
use crate::feedback::{Answer, Opinion};
use crate::imaging::lung_fields::LungRegion;
use crate::imaging::missing::Missing;
use crate::language::{form, named, said, translated, within};
use crate::study::unit::{GroupedBy, Unit, UnitKey};

/// Of regions, fillings, answers and headings of studies.
const TERMS: &[&str] = &[
    named!("right upper zone"),
    named!("right middle zone"),
    named!("right lower zone"),
    named!("left upper zone"),
    named!("left middle zone"),
    named!("left lower zone"),
    named!("border of the image"),
    named!("its surroundings (ROAD)"),
    named!("the mean around it"),
    named!("its own blur"),
    named!("the other side"),
    named!("agree"),
    named!("disagree"),
    named!("not looked at"),
    named!("Whole study"),
    named!("Whole series"),
    named!("All images of the patient"),
    named!("This image"),
    named!("No data: the file ends early"),
    named!("Detail is missing: the file ends early"),
    named!("lossy compression"),
    named!("the image"),
    named!("the prior"),
];

/// Of compression, of priors that are not compared, of the file, and of characters.
const FORMS: &[&str] = &[
    form!("lossy compression {ratio}:1"),
    form!("The input gate refused {name}: {reason}"),
    form!("There are no scores of {name}."),
    form!("Not compared: {name} is {where}."),
    form!("The image file could not be read again ({reason}), so this report cannot be verified."),
    form!("no installed font has {n} of the characters: {codes}"),
];

fn is_german(words: &str) {
    let german = within("de", || said(words));
    assert_ne!(german, words, "not named for the languages");
}

#[test]
fn words_of_the_rooms_below_that_reports_print_are_named() {
    let regions = LungRegion::ALL.map(LungRegion::name);
    let fillings = Filling::ALL.map(Filling::name);
    let answers = [Answer::Agree, Answer::Disagree, Answer::Unsure, Answer::NotLookedAt].map(Answer::name);
    let opinions = [Opinion::Present, Opinion::Absent, Opinion::Unsure].map(Opinion::name);
    let key = |by| UnitKey { by, name: String::new() };
    let wholes = [GroupedBy::Uid, GroupedBy::Patient, GroupedBy::Nothing].map(|by| key(by).whole(Unit::Study));
    let series = key(GroupedBy::Uid).whole(Unit::Series);
    let missing = [Missing::Rows { from: 1 }, Missing::Detail].map(Missing::mark);
    let all = regions.into_iter().chain(fillings).chain(answers).chain(opinions).chain(wholes);
    for words in all.chain([series]).chain(missing).chain(TERMS.iter().copied()) {
        assert_ne!(within("de", || translated(words)), words, "not named for the languages: “{words}”");
    }
}

#[test]
fn sentences_of_the_rooms_below_that_reports_print_are_known_by_their_form() {
    is_german("lossy compression 10:1");
    is_german("There are no scores of the prior.");
    is_german(&format!("Not compared: the prior is {OUTSIDE}."));
    is_german("no installed font has 2 of the characters: U+53F3, U+80BA");
    assert_eq!(
        within("de", || said("The input gate refused the prior: This does not resemble a frontal chest radiograph.")),
        "Die Eingangsprüfung hat die Voraufnahme abgelehnt: Das Bild gleicht einer frontalen Röntgenaufnahme des Thorax nicht."
    );
    assert_eq!(FORMS.len(), 6);
}
