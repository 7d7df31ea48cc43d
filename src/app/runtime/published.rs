//! Reads the catalogue of published models, and fetches one on a thread of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dialogs;
use super::job_threads::{JobThreads, MessageSender};
use super::jobs::list_models;
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::app::update::published_effect::{PublishedEffect, PublishedMessage};
use crate::cancel::CancelToken;
use crate::language::text;
use crate::model::catalogue::Catalogue;
use crate::model::catalogue::obtain::{ObtainError, Order, Places, Step, obtain};
use crate::model::fetch::Settings;

/// How often it is told how much has come.
const TOLD: Duration = Duration::from_millis(100);

/// Carries out what is asked of published models.
#[derive(Default)]
pub(super) struct PublishedRunner {
    /// Stops the fetch that goes on.
    cancel: CancelToken,
}

impl PublishedRunner {
    pub(super) fn carry_out(&mut self, jobs: &JobThreads, effect: PublishedEffect) {
        let answer = Message::Published;
        match effect {
            PublishedEffect::Read => {
                let failed = move |why| answer(PublishedMessage::Read(Err(why)));
                jobs.run("pellucid-catalogue", failed, move |sender| {
                    let read = Catalogue::read().map(Arc::new).map_err(|e| Reason::of(&e));
                    sender.send(answer(PublishedMessage::Read(read)));
                });
            }
            PublishedEffect::Obtain(order) => {
                self.cancel = CancelToken::default();
                let cancel = self.cancel.clone();
                let failed = move |why| answer(PublishedMessage::Over(Err(why)));
                jobs.run("pellucid-fetch", failed, move |sender| {
                    let made = obtained(&order, &cancel, sender).map_err(|e| Reason::of(&e));
                    sender.send(answer(PublishedMessage::Over(made)));
                    list_models(sender);
                });
            }
            PublishedEffect::AskForFile => {
                let asked = rfd::AsyncFileDialog::new().set_title(text!("File of a published model")).pick_file();
                let chosen = move |path| answer(PublishedMessage::FileChosen(path));
                let told = async move { asked.await.map(|file| chosen(Some(file.path().to_owned()))) };
                dialogs::ask(jobs, told, chosen(None));
            }
            PublishedEffect::Stop => self.cancel.cancel(),
        }
    }

    /// Stops what goes on; what has come is kept.
    pub(super) fn close(&self) {
        self.cancel.cancel();
    }
}

fn obtained(order: &Order, cancel: &CancelToken, sender: &MessageSender) -> Result<String, ObtainError> {
    let settings = Settings::from_environment()?;
    let mut told: Option<Instant> = None;
    let mut report = |step| {
        let soon = matches!(step, Step::Fetching(_)) && told.is_some_and(|at| at.elapsed() < TOLD);
        if !soon {
            told = Some(Instant::now());
            sender.send(Message::Published(PublishedMessage::Step(step)));
        }
    };
    Ok(obtain(order, &Places::of_account()?, &settings, cancel, &mut report)?.name)
}
