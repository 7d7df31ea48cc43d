//! How sure the model is: the verdict of the gate, predictive values, the spread of the samples.

use super::identity::joined;
use crate::engine::AnalysisOptions;
use crate::figures::layout::{BODY, Block, Ink, paragraph};
use crate::language::{digits, listed, said, text, tr, translated};
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::uncertainty::{SampleSource, entropy};
use crate::wording::{prevalence, spread};

/// The verdict of the input gate.
pub(super) fn gate(case: &CaseReport, width: f32) -> Block {
    let Some(gate) = &case.analysis.gate else {
        return paragraph(
            text!("This model has no input gate: nothing has checked that the image is of its kind."),
            BODY.ink(Ink::Warning),
            width,
        );
    };
    let whole = case.frame.scorable().is_ok();
    let (word, ink) = match (gate.accepted, case.analysis.scored) {
        (true, _) => (text!("Input gate: accepted."), Ink::Text),
        (false, true) if !whole => {
            (text!("The image is not all there. Scored because the reader insisted."), Ink::Warning)
        }
        (false, false) if !whole => (text!("The image is not all there. There are no scores."), Ink::Warning),
        (false, true) => (text!("Input gate: refused. Scored because the reader insisted."), Ink::Warning),
        (false, false) => (text!("Input gate: refused. There are no scores."), Ink::Warning),
    };
    let mut block = paragraph(word, BODY.bold().ink(ink), width);
    // Of an image that no gate's network has looked at there are no numbers.
    let numbers = gate.number().map_or_else(String::new, |score| {
        tr!("Score {}, let through from {}.", digits(score, 2), digits(gate.threshold, 2))
    });
    let reason = said(&redact::clean(case, &gate.reason));
    block.stack(0.0, &paragraph(&joined(" ", &[reason, numbers]), BODY, width));
    block
}

/// What the calls are worth at the prevalences that the reader stated.
pub(super) fn prevalence(case: &CaseReport, width: f32) -> Block {
    let mut block = Block::default();
    for at in case.at_prevalences() {
        let words = joined(" ", &[prevalence::in_words(&at), prevalence::ground(&at).unwrap_or_default()]);
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
                text!("No samples were asked for: the numbers are of a single pass, and nothing is known about their spread.")
                    .to_owned()
            },
            |why| {
                let why = translated(why);
                tr!("{why} No interval can be given, and nothing is known about the spread of its numbers.", why)
            },
        );
        return paragraph(&words, BODY.ink(Ink::Warning), width);
    };
    let mut block = paragraph(&said(&entropy::words(p, &case.model.manifest)), BODY.bold(), width);
    // In the order of the table above.
    let means: Vec<String> =
        case.findings().iter().filter_map(|f| f.summary.as_ref()).map(|s| digits(s.mean, 2)).collect();
    let count = if p.samples.is_empty() { analysis.options.samples } else { p.samples.len() };
    let numbers = tr!(
        "{entropy}. {samples}, seed {seed}; means {means}.",
        entropy = spread::entropy(p),
        samples = counted(p.source, count),
        seed = p.seed,
        means = listed(&means)
    );
    block.stack(0.0, &paragraph(&numbers, BODY, width));
    if p.source == SampleSource::Ensemble {
        let others: Vec<&str> = case.model.ensemble.iter().map(|m| m.name.as_str()).collect();
        let words = tr!("Asked beside {}: {}.", case.model.manifest.name, others.join(", "));
        block.stack(0.0, &paragraph(&words, BODY, width));
    }
    block
}

/// So many samples, as what they are.
fn counted(source: SampleSource, n: usize) -> String {
    match source {
        SampleSource::McDropout => tr!("1 dropout sample" | "{n} dropout samples" % n),
        SampleSource::TestTime => tr!("1 varied copy of the image" | "{n} varied copies of the image" % n),
        SampleSource::Ensemble => tr!("1 model of an ensemble" | "{n} models of an ensemble" % n),
    }
}
