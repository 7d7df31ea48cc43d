//! Carries out what is asked of published models, and takes in how a fetch goes on.

use std::path::PathBuf;

use super::effect::Effect;
use super::notices::notice;
use super::published_effect::{PublishedEffect, PublishedMessage};
use crate::app::command::PublishedCommand;
use crate::app::state::published::Fetching;
use crate::app::state::{Level, NoticeAction, State};
use crate::language::{text, tr};
use crate::model::catalogue::obtain::{Order, Origin};

pub(super) fn apply(state: &mut State, command: PublishedCommand) -> Vec<Effect> {
    use PublishedCommand as P;
    let published = &mut state.published;
    match command {
        P::Toggle => {
            published.open ^= true;
            // A catalogue of the user's own may have changed.
            if published.open {
                return vec![Effect::Published(PublishedEffect::Read)];
            }
        }
        P::Choose(name) => (published.chosen, published.refusal) = (Some(name), None),
        P::Fetch => return obtain(state, Origin::Publisher),
        P::ChooseFile if published.entry().is_some() && published.fetching.is_none() => {
            return vec![Effect::Published(PublishedEffect::AskForFile)];
        }
        P::ChooseFile => {}
        P::Stop => {
            if let Some(fetching) = &mut published.fetching {
                fetching.stopping = true;
                return vec![Effect::Published(PublishedEffect::Stop)];
            }
        }
        P::Close => published.open = false,
    }
    Vec::new()
}

/// One at a time: of two, one would wait for the network of the other.
fn obtain(state: &mut State, origin: Origin) -> Vec<Effect> {
    let published = &mut state.published;
    let Some(entry) = published.entry().filter(|_| published.fetching.is_none()).cloned() else { return Vec::new() };
    published.refusal = None;
    published.fetching = Some(Fetching { name: entry.name.clone(), step: None, stopping: false });
    let order = Order { name: entry.name.clone(), entry, origin, replace: false };
    vec![Effect::Published(PublishedEffect::Obtain(Box::new(order)))]
}

pub(super) fn on_message(state: &mut State, message: PublishedMessage) -> Vec<Effect> {
    match message {
        PublishedMessage::Read(catalogue) => state.published.catalogue = Some(catalogue),
        PublishedMessage::Step(step) => {
            if let Some(fetching) = &mut state.published.fetching {
                fetching.step = Some(step);
            }
        }
        PublishedMessage::FileChosen(Some(path)) => return take(state, path),
        PublishedMessage::FileChosen(None) => {
            let words =
                text!("This desktop offers no file dialog. On the command line: pellucid models get NAME --file FILE.");
            notice(state, Level::Warning, words, None);
        }
        PublishedMessage::Over(result) => {
            let stopped = state.published.fetching.take().is_some_and(|fetching| fetching.stopping);
            match result {
                Ok(name) => {
                    state.published.open = false;
                    let words = tr!(
                        "Imported as {name}. It gives no states until it is calibrated on labelled images of your own.",
                        name
                    );
                    notice(state, Level::Info, words, Some(NoticeAction::UseModel(name)));
                }
                // Whoever stopped it knows that.
                Err(_) if stopped => {}
                Err(reason) if state.published.open => state.published.refusal = Some(reason.capitalized()),
                Err(reason) => {
                    notice(state, Level::Error, tr!("The published model was not imported: {reason}", reason), None);
                }
            }
        }
    }
    Vec::new()
}

/// A file that was fetched otherwise.
fn take(state: &mut State, path: PathBuf) -> Vec<Effect> {
    obtain(state, Origin::File(path))
}
