//! The message in a view in place of a map, or beside one that is not finished: which state it is
//! in, why, and what can be done.

use crate::app::command::{Command, FindingsCommand, MapCommand, OverlayCommand};
use crate::app::state::display_options::Stability;
use crate::app::state::results::STOPPED;
use crate::app::state::session::Section;
use crate::app::state::{Content, Explaining, Layout, Model, Phase, State};
use crate::explain::{INPUT, Method, Subject, scale};
use crate::language::{text, tr};

/// Words and what can be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ViewMessage {
    pub words: String,
    /// How far it is, 0–1.
    pub part: Option<f32>,
    pub buttons: Vec<(&'static str, Command)>,
    /// There is a map to look at: the words keep to the edge.
    pub beside: bool,
}

impl ViewMessage {
    /// Words alone.
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), part: None, buttons: Vec::new(), beside: false }
    }

    /// With a button.
    #[must_use]
    pub(super) fn with(self, label: &'static str, command: impl Into<Command>) -> Self {
        Self { buttons: [self.buttons, vec![(label, command.into())]].concat(), ..self }
    }

    fn beside(self) -> Self {
        Self { beside: true, ..self }
    }
}

/// The message in a view of `content`; nothing where the map speaks for itself.
pub(super) fn of(state: &State, content: Content) -> Option<ViewMessage> {
    let (subjects, method) = match content {
        Content::Image => return without_findings(state),
        Content::Changed(_, method) => return changed(state, content, method),
        Content::Map(subject, method) => (vec![subject], method),
        Content::Difference(a, b) => (vec![Subject::class(a), Subject::class(b)], state.method),
    };
    if state.has_maps(content) {
        return if state.is_unfinished(content) { Some(unfinished(state, method)) } else { there(state, content) };
    }
    if let Model::Failed { reason, .. } = &state.model {
        return Some(
            ViewMessage::new(tr!("The model could not be loaded.\n{reason}", reason))
                .with(text!("Retry"), FindingsCommand::Retry),
        );
    }
    let again = |words: String| ViewMessage::new(words).with(text!("Analyse again"), FindingsCommand::Retry);
    Some(match &state.results.phase {
        // The image has all the room then, and the reason stands among the findings.
        Phase::Idle | Phase::Refused | Phase::Unfit => return None,
        Phase::Waiting if matches!(state.model, Model::Loading { .. }) => ViewMessage::new(text!("Loading the model…")),
        Phase::Waiting | Phase::Running if method.is_instant() => ViewMessage::new(text!("Computing the map…")),
        Phase::Waiting | Phase::Running => ViewMessage::new(tr!("{} follows the analysis.", method.name())),
        Phase::Finished => missing(state, &subjects, method),
        Phase::Cancelled => again(text!("Cancelled before the map was ready.").to_owned()),
        Phase::Failed(reason) => again(tr!("The analysis failed.\n{reason}", reason)),
    })
}

/// In the view of the changed image: where to begin, how far the answer is, and why there is none.
fn changed(state: &State, content: Content, method: Method) -> Option<ViewMessage> {
    if state.what_if.changed.is_nothing() && state.what_if.mask.is_none() {
        return Some(ViewMessage::new(text!("Mark what is to be taken away")).beside());
    }
    if let Some(failure) = &state.what_if.failure {
        return Some(ViewMessage::new(failure.as_str()));
    }
    let Some(answer) = state.changed_answer() else {
        return Some(match &state.results.phase {
            Phase::Finished => ViewMessage::new(text!("Asking the model…")).beside(),
            Phase::Waiting | Phase::Running => {
                ViewMessage::new(text!("The model is asked once the analysis of the image is finished."))
            }
            _ => ViewMessage::new(text!("The image was not scored, so there is no score that could change.")),
        });
    };
    let analysis = &answer.found.analysis;
    if !analysis.scored {
        // The reason stands in the panel, unless that is put away.
        let gate = analysis.gate.as_ref().filter(|_| !state.preferences.findings_open)?;
        return Some(ViewMessage::new(tr!("The input gate refuses the changed image: {}", gate.reason)));
    }
    if state.heat_map && !method.is_instant() && state.changed_map(content).is_none() {
        let words = tr!("No map: {} takes too long", method.name());
        let message = ViewMessage::new(words).with(text!("Take Grad-CAM"), OverlayCommand::SetMethod(Method::GradCam));
        return Some(message.beside());
    }
    None
}

/// Beside an image without a map: why it was not scored, where the findings that say so are put
/// away.
fn without_findings(state: &State) -> Option<ViewMessage> {
    if state.preferences.findings_open && !state.preferences.closed.contains(&Section::Findings) {
        return None;
    }
    let message = match &state.results.phase {
        Phase::Refused => {
            let why = state.results.gate.as_ref().map_or(text!("The image was refused."), |g| g.reason.as_str());
            ViewMessage::new(tr!("Not scored. {}", why)).with(text!("Show anyway"), FindingsCommand::ShowAnyway)
        }
        Phase::Unfit => {
            let why = state.choice.as_ref().map_or(text!("No model fits the image."), |choice| &choice.because);
            ViewMessage::new(tr!("Not scored: {why}", why))
        }
        _ => return None,
    };
    Some(message.beside())
}

/// Of a map that is there: that it shows nothing, or how far its stability is known.
fn there(state: &State, content: Content) -> Option<ViewMessage> {
    let Content::Map(subject, method) = content else { return None };
    let map = state.map(subject, method)?;
    let place = if map.layer == INPUT { text!("the pixels").to_owned() } else { tr!("the layer {}", map.layer) };
    let name = state.subject_name(subject);
    if map.is_flat() {
        return Some(ViewMessage::new(tr!(
            "The score does not depend on {place}: the map of {name} by {} is zero everywhere.",
            method.name(),
            place,
            name
        )));
    }
    if !scale::shows_something(map) {
        return Some(ViewMessage::new(tr!(
            "No positive evidence for {name} in {place}: nothing here raised its score.",
            name,
            place
        )));
    }
    let running = state.results.explaining.as_ref()?;
    let sampled = running.request.stability_samples > 0
        && running.request.methods.contains(&method)
        && running.request.subjects.contains(&subject)
        && state.display.stability != Stability::Off
        && !state.has_stability(subject, method);
    sampled.then(|| progress(running, "stability", text!("How stable it is")).beside())
}

/// Of a map that is still being refined.
fn unfinished(state: &State, method: Method) -> ViewMessage {
    let message = match &state.results.explaining {
        Some(running) => progress(running, method.name(), text!("unfinished")),
        None => ViewMessage::new(text!("unfinished")),
    };
    message.beside()
}

/// How far the running work is.
fn progress(running: &Explaining, what: &str, words: &str) -> ViewMessage {
    let message = match running.step.filter(|(step, ..)| *step == what) {
        Some((_, done, of)) => ViewMessage {
            part: Some(done as f32 / of.max(1) as f32),
            ..ViewMessage::new(tr!("{words}, {done} of {of}", words, done, of))
        },
        None => ViewMessage { part: Some(0.0), ..ViewMessage::new(words) },
    };
    message.with(text!("Cancel"), FindingsCommand::Cancel)
}

/// Of a map that the analysis did not bring.
fn missing(state: &State, subjects: &[Subject], method: Method) -> ViewMessage {
    if let Some(reason) = state.unavailable(method) {
        let words = if reason == STOPPED { tr!("{} was stopped.", method.name()) } else { reason.to_owned() };
        let message = ViewMessage::new(words).with(text!("Try again"), MapCommand::TryAgain(method));
        let target = state.model_info().map_or("", |info| info.manifest.target_layer.as_str());
        if method.has_layer() && state.layer() != target {
            return message.with(text!("Take the model's layer"), OverlayCommand::SetLayer(target.to_owned()));
        }
        return match (state.layout, method) {
            (Layout::MethodGrid, _) => message.with(text!("Leave out"), MapCommand::TickMethod(method)),
            (_, Method::GradCam) => message,
            _ => message.with(text!("Take Grad-CAM"), OverlayCommand::SetMethod(Method::GradCam)),
        };
    }
    match &state.results.explaining {
        Some(running) if running.request.methods.contains(&method) && running.request.stability_samples == 0 => {
            if subjects.iter().any(|s| running.request.subjects.contains(s)) {
                progress(running, method.name(), method.name())
            } else {
                ViewMessage::new(tr!("{} waits for its turn.", method.name()))
            }
        }
        Some(running) => {
            let before = running.request.methods.first().map_or(text!("another map"), |m| m.name());
            ViewMessage::new(tr!("{} waits for {before}.", method.name(), before))
        }
        None => ViewMessage::new(tr!("There is no {} map of {}.", method.name(), method.place(state.layer())))
            .with(text!("Analyse again"), FindingsCommand::Retry),
    }
}
