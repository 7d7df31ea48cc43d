//! What is said in a view in place of a map, or beside one that is not finished: which state it is in, why, and what can be done.

use super::command::Command;
use super::maps::STOPPED;
use super::maps::command::MapCommand;
use super::maps::looks::Stability;
use super::state::{Content, Explaining, Layout, Model, Phase, State};
use crate::explain::{INPUT, Method, Subject, scale};

/// Words and what can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub words: String,
    /// How far it is, 0–1.
    pub part: Option<f32>,
    pub buttons: Vec<(&'static str, Command)>,
    /// There is a map to look at: the words keep to the edge.
    pub beside: bool,
}

impl Said {
    /// Words alone.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), part: None, buttons: Vec::new(), beside: false }
    }

    /// With a button.
    #[must_use]
    pub fn with(self, label: &'static str, command: Command) -> Self {
        Self { buttons: [self.buttons, vec![(label, command)]].concat(), ..self }
    }

    fn beside(self) -> Self {
        Self { beside: true, ..self }
    }
}

/// What there is to say in a view of `content`; nothing where the map speaks for itself.
pub fn of(state: &State, content: Content) -> Option<Said> {
    let (subjects, method) = match content {
        Content::Film => return None,
        Content::Map(subject, method) => (vec![subject], method),
        Content::Difference(a, b) => (vec![Subject::class(a), Subject::class(b)], state.method),
    };
    if state.has_maps(content) {
        return if state.is_unfinished(content) { Some(unfinished(state, method)) } else { there(state, content) };
    }
    if let Model::Failed { reason, .. } = &state.model {
        return Some(Said::new(format!("The model could not be loaded.\n{reason}")).with("Retry", Command::Retry));
    }
    let again = |words: String| Said::new(words).with("Analyse again", Command::Retry);
    Some(match &state.results.phase {
        Phase::Idle => return None,
        Phase::Waiting if matches!(state.model, Model::Loading { .. }) => Said::new("Loading the model…"),
        Phase::Waiting | Phase::Running if method.is_instant() => Said::new("Computing the map…"),
        Phase::Waiting | Phase::Running => Said::new(format!("{} follows the analysis.", method.name())),
        Phase::Refused => {
            let why = state.results.gate.as_ref().map_or("The image was refused.", |g| g.reason.as_str());
            Said::new(format!("Not scored. {why}")).with("Show anyway", Command::ShowAnyway)
        }
        Phase::Unfit => {
            let why = state.choice.as_ref().map_or("No model fits the image.", |choice| &choice.because);
            Said::new(format!("Not scored: {why}"))
        }
        Phase::Finished => missing(state, &subjects, method),
        Phase::Cancelled => again("Cancelled before the map was ready.".into()),
        Phase::Failed(reason) => again(format!("The analysis failed.\n{reason}")),
    })
}

/// Of a map that is there: that it shows nothing, or how far its stability is known.
fn there(state: &State, content: Content) -> Option<Said> {
    let Content::Map(subject, method) = content else { return None };
    let map = state.map(subject, method)?;
    let place = if map.layer == INPUT { "the pixels".to_owned() } else { format!("the layer {}", map.layer) };
    let name = state.subject_name(subject);
    if map.is_flat() {
        return Some(Said::new(format!(
            "The score does not depend on {place}: the map of {name} by {} is zero everywhere.",
            method.name()
        )));
    }
    if !scale::shows_something(map) {
        return Some(Said::new(format!("No positive evidence for {name} in {place}: nothing here raised its score.")));
    }
    let running = state.results.explaining.as_ref()?;
    let sampled = running.wish.spread > 0
        && running.wish.methods.contains(&method)
        && running.wish.subjects.contains(&subject)
        && state.looks.stability != Stability::Off
        && !state.has_spread(subject, method);
    sampled.then(|| progress(running, "stability", "How stable it is").beside())
}

/// Of a map that is still being refined.
fn unfinished(state: &State, method: Method) -> Said {
    let said = match &state.results.explaining {
        Some(running) => progress(running, method.name(), "unfinished"),
        None => Said::new("unfinished"),
    };
    said.beside()
}

/// How far the running work is.
fn progress(running: &Explaining, what: &str, words: &str) -> Said {
    let said = match running.step.filter(|(step, ..)| *step == what) {
        Some((_, done, of)) => {
            Said { part: Some(done as f32 / of.max(1) as f32), ..Said::new(format!("{words}, {done} of {of}")) }
        }
        None => Said { part: Some(0.0), ..Said::new(words) },
    };
    said.with("Cancel", Command::Cancel)
}

/// Of a map that the analysis did not bring.
fn missing(state: &State, subjects: &[Subject], method: Method) -> Said {
    if let Some(reason) = state.unavailable(method) {
        let words = if reason == STOPPED { format!("{} was stopped.", method.name()) } else { reason.to_owned() };
        let said = Said::new(words).with("Try again", Command::Maps(MapCommand::TryAgain(method)));
        let target = state.model_info().map_or("", |info| info.manifest.target_layer.as_str());
        if method.has_layer() && state.layer() != target {
            return said.with("Take the model's layer", Command::SetLayer(target.to_owned()));
        }
        return match (state.layout, method) {
            (Layout::MethodGrid, _) => said.with("Leave out", Command::Maps(MapCommand::TickMethod(method))),
            (_, Method::GradCam) => said,
            _ => said.with("Take Grad-CAM", Command::SetMethod(Method::GradCam)),
        };
    }
    match &state.results.explaining {
        Some(running) if running.wish.methods.contains(&method) && running.wish.spread == 0 => {
            if subjects.iter().any(|s| running.wish.subjects.contains(s)) {
                progress(running, method.name(), method.name())
            } else {
                Said::new(format!("{} waits for its turn.", method.name()))
            }
        }
        Some(running) => {
            let before = running.wish.methods.first().map_or("another map", |m| m.name());
            Said::new(format!("{} waits for {before}.", method.name()))
        }
        None => Said::new(format!("There is no {} map of {}.", method.name(), method.place(state.layer())))
            .with("Analyse again", Command::Retry),
    }
}
