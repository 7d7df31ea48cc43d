//! How sure the model is: the verdict of the gate, predictive values, the spread of the samples.

use super::identity::joined;
use crate::engine::AnalysisOptions;
use crate::figures::layout::{BODY, Block, Ink, paragraph};
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::uncertainty::{SampleSource, entropy};

/// The verdict of the input gate.
pub(super) fn gate(case: &CaseReport, width: f32) -> Block {
    let Some(gate) = &case.analysis.gate else {
        return paragraph(
            "This model has no input gate: nothing has checked that the image is of its kind.",
            BODY.ink(Ink::Warning),
            width,
        );
    };
    let whole = case.frame.scorable().is_ok();
    let (word, ink) = match (gate.accepted, case.analysis.scored) {
        (true, _) => ("Input gate: accepted.", Ink::Text),
        (false, true) if !whole => ("The image is not all there. Scored because the reader insisted.", Ink::Warning),
        (false, false) if !whole => ("The image is not all there. There are no scores.", Ink::Warning),
        (false, true) => ("Input gate: refused. Scored because the reader insisted.", Ink::Warning),
        (false, false) => ("Input gate: refused. There are no scores.", Ink::Warning),
    };
    let mut block = paragraph(word, BODY.bold().ink(ink), width);
    // Of an image that no gate has looked at there are no numbers.
    let numbers = if gate.is_judged() {
        format!("Score {:.2}, let through from {:.2}.", gate.score, gate.threshold)
    } else {
        String::new()
    };
    let reason = redact::clean(case, &gate.reason);
    block.stack(0.0, &paragraph(&joined(" ", &[reason, numbers]), BODY, width));
    block
}

/// What the calls are worth at the prevalences that the reader stated.
pub(super) fn prevalence(case: &CaseReport, width: f32) -> Block {
    let mut block = Block::default();
    for at in case.at_prevalences() {
        let words = joined(" ", &[at.in_words(), at.ground().unwrap_or_default()]);
        block.stack(0.0, &paragraph(&words, BODY, width));
    }
    block
}

/// Uncertainty in words and numbers.
pub(super) fn uncertainty(case: &CaseReport, width: f32) -> Block {
    let analysis = &case.analysis;
    if !analysis.scored {
        return Block::default();
    }
    let Some(p) = &analysis.posterior else {
        let AnalysisOptions { source, samples, .. } = &analysis.options;
        let why = source.unavailable(analysis.stochastic, case.model.ensemble.len()).filter(|_| *samples > 0);
        let words = why.map_or_else(
            || {
                "No samples were asked for: the numbers are of a single pass, and nothing is known about their spread."
                    .to_owned()
            },
            |why| format!("{why} No interval can be given, and nothing is known about the spread of its numbers."),
        );
        return paragraph(&words, BODY.ink(Ink::Warning), width);
    };
    let mut block = paragraph(&entropy::words(p, &case.model.manifest), BODY.bold(), width);
    // In the order of the table above.
    let means: Vec<String> =
        case.findings().iter().filter_map(|f| f.summary.as_ref()).map(|s| format!("{:.2}", s.mean)).collect();
    let numbers = format!(
        "{}. {} {}, seed {}; means {}.",
        p.entropy_in_words(),
        if p.samples.is_empty() { analysis.options.samples } else { p.samples.len() },
        p.source.samples(),
        p.seed,
        means.join(", ")
    );
    block.stack(0.0, &paragraph(&numbers, BODY, width));
    if p.source == SampleSource::Ensemble {
        let others: Vec<&str> = case.model.ensemble.iter().map(|m| m.name.as_str()).collect();
        let words = format!("Asked beside {}: {}.", case.model.manifest.name, others.join(", "));
        block.stack(0.0, &paragraph(&words, BODY, width));
    }
    block
}
