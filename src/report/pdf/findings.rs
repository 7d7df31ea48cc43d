//! The table of findings: each with its bar on one axis from 0 to 1, interval, threshold and logit.
//!
//! The mark and the number are the probability that threshold and states are about; samples make
//! the thick line. Below the threshold is grey and above is the accent: no red and green, and a
//! probability is no alarm. Outside the population that the model was measured on all is grey, and
//! one sentence stands in place of the states.

use crate::engine::conformal::{Conformal, NoStates, OUTSIDE};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, fitted, paragraph, wrapped};
use crate::language::{decimal, digits, said, text, tr, translated};
use crate::model::calibration::{CalibrationError, percent};
use crate::model::conformal::State;
use crate::report::case::{CaseReport, Finding};
use crate::report::redact;
use crate::report::threshold_position::ThresholdPosition;
use crate::uncertainty::SampleSource;

/// Head of the column of intervals.
const INTERVAL: &str = "5–95 %";
const ROW: f32 = 12.5;
const NAME: f32 = 100.0;
const INDENT: f32 = 9.0;
/// Least width of the words at the right end.
const WORDS: f32 = 38.0;
/// Least and greatest width of the conformal states behind them; what is longer takes two lines.
const STATES: [f32; 2] = [56.0, 70.0];
/// Widths of the columns of numbers, and what parts them from the words behind them.
const NUMBERS: [f32; 4] = [30.0, 50.0, 42.0, 34.0];
const GAP: f32 = 8.0;

/// Why there are no states of an image from elsewhere, before anything else is said; nothing where
/// there are.
pub(super) fn withheld(case: &CaseReport, width: f32) -> Option<Block> {
    let reason = redact::clean(case, case.outside()?);
    let words = text!("Outside the population that this model was measured on: states are withheld.");
    let mut block = paragraph(words, BODY.bold().ink(Ink::Warning), width);
    let marked = tr!("{reason} Scores and maps are shown, marked.", reason = said(&reason));
    block.stack(0.0, &paragraph(&marked, BODY, width));
    Some(block)
}

/// The table, `width` points wide.
pub(super) fn table(case: &CaseReport, width: f32) -> Block {
    let findings = case.findings();
    let states = case.conformal();
    let outside = case.outside().is_some();
    let bar_left = NAME + 8.0;
    let shown: Vec<Option<(State, String)>> = findings.iter().map(|finding| shown_state(finding, &states)).collect();
    let readings = findings.iter().map(|finding| BODY.width(translated(ThresholdPosition::of(finding).words())) + 4.0);
    let words = readings.fold(WORDS, f32::max);
    let widest = shown.iter().flatten().map(|(_, word)| BODY.width(word) + 1.0).fold(STATES[0], f32::max);
    let states_width = if states.is_ok() || outside { widest.min(STATES[1]) } else { 0.0 };
    let bar_width = width - bar_left - NUMBERS.iter().sum::<f32>() - GAP - words - states_width;
    // Right ends of the number columns.
    let mut end = bar_left + bar_width;
    let ends = NUMBERS.map(|w| {
        end += w;
        end
    });
    let right = ends[3] + GAP;

    let mut block = Block::space(CAPTION.line() + 1.0);
    let sampled = findings.iter().any(|f| f.summary.is_some());
    let heads = [text!("score"), INTERVAL, text!("threshold"), text!("logit")];
    for (word, x) in heads.into_iter().zip(ends) {
        if sampled || word != INTERVAL {
            block.text(x, 0.0, Align::Right, CAPTION, word);
        }
    }
    if !outside {
        block.text(right, 0.0, Align::Left, CAPTION, text!("reading"));
        if states.is_ok() {
            block.text(right + words, 0.0, Align::Left, CAPTION, &tr!("≤ {} wrong", decimal(percent(case.error_rate))));
        }
    }
    let first = block.height;
    for (finding, state) in findings.iter().zip(&shown) {
        let top = block.height;
        let mut row = row(finding, outside, bar_left, bar_width, ends);
        if let Some((state, word)) = state.as_ref().filter(|_| !outside) {
            let ink = if *state == State::Undecided { Ink::Muted } else { Ink::Text };
            let place = (ROW - BODY.line()) / 2.0;
            let lines = wrapped(word, BODY, states_width);
            for (i, line) in lines.iter().enumerate() {
                let y = place + i as f32 * BODY.line();
                row.text(right + words, y, Align::Left, BODY.ink(ink), line);
            }
            row.height += (lines.len() - 1) as f32 * BODY.line();
        }
        block.put(0.0, top, &row);
    }
    if outside {
        let lines = wrapped(translated(OUTSIDE), BODY.ink(Ink::Below), width - right);
        for (i, line) in lines.iter().enumerate() {
            block.text(right, first + i as f32 * BODY.line(), Align::Left, BODY.ink(Ink::Below), line);
        }
        block.height = block.height.max(first + lines.len() as f32 * BODY.line());
    }
    let top = block.height + 1.0;
    let middle = digits(0.5, 1);
    for (value, word) in [(0.0, "0"), (0.5, middle.as_str()), (1.0, "1")] {
        let x = bar_left + value * bar_width;
        block.line([x, top - 1.0], [x, top + 1.0], 0.5, Ink::Muted);
        block.text(x, top + 0.5, Align::Center, CAPTION, word);
    }
    block.height = top + CAPTION.line();
    let words = [key(case, outside), grounds(&states)];
    let words = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    block.stack(0.0, &paragraph(&words, CAPTION, width));
    block
}

/// The state of a finding and the words for it; the condition that it may hold under stands below the
/// table.
fn shown_state(finding: &Finding, states: &Result<Conformal, NoStates>) -> Option<(State, String)> {
    let states = states.as_ref().ok()?;
    let state = states.state(&finding.name)?.state;
    let word = translated(state.word());
    let conditional = state != State::Undecided && states.condition.is_some();
    Some((state, if conditional { tr!("{state}, if …", state = word) } else { word.to_owned() }))
}

/// How the table is read.
fn key(case: &CaseReport, outside: bool) -> String {
    let grey = if outside { text!("All grey: outside the population.") } else { text!("Grey: below it.") };
    let samples = case.analysis.posterior.as_ref().map(|posterior| match posterior.source {
        SampleSource::McDropout => text!("Thick line: 5–95 % of the dropout samples."),
        SampleSource::TestTime => text!("Thick line: 5–95 % of the varied copies of the image."),
        SampleSource::Ensemble => text!("Thick line: 5–95 % of the models of an ensemble."),
    });
    let mark = Some(text!("Mark: probability of the plain pass."));
    let all = [mark, samples, Some(text!("Tick: operating threshold.")), Some(grey)];
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What the states rest on and promise, or why there are none; nothing for a model that was never
/// calibrated.
fn grounds(states: &Result<Conformal, NoStates>) -> String {
    match states {
        Ok(states) if states.withheld() => String::new(),
        Ok(states) => {
            let set = tr!(
                "Conformal states at an error rate of {rate}; calibration set: {set}, {images} images of {patients} patients.",
                rate = decimal(percent(states.risk)),
                set = said(&states.set),
                images = states.images,
                patients = states.patients
            );
            let condition = states
                .condition
                .as_ref()
                .map(|condition| tr!("They hold if {condition}.", condition = said(condition)));
            let promise = text!(
                "At most about that share of either kind is called wrongly among images like those; nothing is promised of others."
            );
            std::iter::once(set).chain(condition).chain([promise.to_owned()]).collect::<Vec<_>>().join(" ")
        }
        Err(NoStates::Calibration(CalibrationError::Missing)) => String::new(),
        Err(why) => tr!("No conformal states. {reason}", reason = said(&why.to_string())),
    }
}

fn row(finding: &Finding, outside: bool, bar_left: f32, bar_width: f32, ends: [f32; 4]) -> Block {
    let mut row = Block::space(ROW);
    let top = (ROW - BODY.line()) / 2.0;
    let style = if finding.is_group { BODY.bold() } else { BODY };
    let indent = if finding.member { INDENT } else { 0.0 };
    row.text(indent, top, Align::Left, style, &fitted(&finding.name, style, NAME - indent));

    let reading = ThresholdPosition::of(finding);
    let ink = if finding.probability >= finding.threshold && !outside { Ink::Accent } else { Ink::Below };
    row.put(bar_left, 0.0, &bar(finding, ink, bar_width));

    row.text(ends[0], top, Align::Right, style, &digits(finding.probability, 2));
    if let Some(s) = &finding.summary {
        row.text(ends[1], top, Align::Right, BODY, &format!("{}–{}", digits(s.p05, 2), digits(s.p95, 2)));
    }
    row.text(ends[2], top, Align::Right, BODY.ink(Ink::Muted), &digits(finding.threshold, 2));
    if let Some(logit) = finding.logit {
        // The logit keeps its decimal point in line whatever its size.
        let sign = if logit < 0.0 { '−' } else { '+' };
        let point = ends[3] - BODY.width(".00");
        row.number(point, top, BODY.ink(Ink::Muted), &format!("{sign}{}", digits(logit.abs(), 2)));
    }
    if !outside {
        let words = if reading == ThresholdPosition::Undecided { BODY.ink(Ink::Warning) } else { BODY.ink(Ink::Muted) };
        row.text(ends[3] + GAP, top, Align::Left, words, translated(reading.words()));
    }
    row
}

/// One bar: the axis, the interval, the probability and the threshold.
fn bar(finding: &Finding, ink: Ink, width: f32) -> Block {
    let mut bar = Block::space(ROW);
    let middle = ROW / 2.0;
    let x = |p: f32| p.clamp(0.0, 1.0) * width;
    bar.fill(0.0, middle - 0.4, width, 0.8, Ink::Track);
    if let Some(s) = &finding.summary {
        bar.fill(x(s.p05), middle - 1.5, (x(s.p95) - x(s.p05)).max(0.6), 3.0, ink);
    }
    let tick = x(finding.threshold);
    bar.line([tick, middle - 5.0], [tick, middle + 5.0], 0.7, Ink::Text);
    let mark = x(finding.probability);
    bar.fill(mark - 1.6, middle - 4.2, 3.2, 8.4, Ink::White);
    bar.fill(mark - 1.1, middle - 3.8, 2.2, 7.6, ink);
    bar
}
