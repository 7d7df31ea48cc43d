//! Keeps impressions: one thread that reads and writes files, in the order in which it was asked.
//!
//! Of several changes of one image that wait the last is written. At the end of the program what
//! waits is written first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use crate::app::state::Reason;
use crate::app::update::impression_effect::{ImpressionEffect, ImpressionMessage};
use crate::app::update::message::Message;
use crate::measurement::identity::ImageIdentity;
use crate::panic_guard::guarded;
use crate::report::impression_store::ImpressionStore;

/// The end of the program waits so long for the last writes at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// The thread that keeps impressions.
pub(super) struct ImpressionRunner {
    sender: Option<Sender<ImpressionEffect>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl ImpressionRunner {
    /// Starts the thread; without a folder nothing is kept.
    pub(super) fn start(jobs: &JobThreads, folder: Option<PathBuf>) -> Self {
        let (sender, effects) = unbounded();
        let (end, ended) = unbounded();
        let failed = |reason| Message::Impression(ImpressionMessage::NotKept(reason));
        jobs.run("pellucid-impressions", failed, move |messages| {
            let _end: Sender<()> = end;
            let store = folder.map(ImpressionStore::new);
            while let Ok(first) = effects.recv() {
                for effect in wanted(std::iter::once(first).chain(effects.try_iter()).collect()) {
                    if let Err(fault) = guarded(|| carry_out(store.as_ref(), effect, messages)) {
                        messages.send(failed(Reason::of(&fault)));
                    }
                }
            }
        });
        Self { sender: Some(sender), ended }
    }

    /// Carries out an effect.
    pub(super) fn carry_out(&self, effect: ImpressionEffect) {
        if let Some(sender) = &self.sender {
            // The thread lives as long as this sender.
            let _ = sender.send(effect);
        }
    }

    /// Has everything written that waits.
    pub(super) fn close(&mut self) {
        self.sender = None;
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// What of the effects that wait is still wanted, in their order: every search, and of each image the
/// last change.
fn wanted(effects: Vec<ImpressionEffect>) -> Vec<ImpressionEffect> {
    let mut last: HashMap<ImageIdentity, usize> = HashMap::new();
    for (i, effect) in effects.iter().enumerate() {
        if let ImpressionEffect::Keep { identity, .. } = effect {
            last.insert(identity.clone(), i);
        }
    }
    let is_wanted = |(i, effect): &(usize, ImpressionEffect)| match effect {
        ImpressionEffect::Keep { identity, .. } => last.get(identity) == Some(i),
        ImpressionEffect::Find { .. } => true,
    };
    effects.into_iter().enumerate().filter(is_wanted).map(|(_, effect)| effect).collect()
}

fn carry_out(store: Option<&ImpressionStore>, effect: ImpressionEffect, messages: &MessageSender) {
    let message = match effect {
        ImpressionEffect::Find { image, identity } => {
            let found = store.map_or(Ok(None), |store| store.find(&identity));
            ImpressionMessage::Found { image, identity, result: found.map_err(|e| Reason::of(&e)) }
        }
        ImpressionEffect::Keep { identity, written } => match store.map_or(Ok(()), |s| s.keep(&identity, written)) {
            Ok(()) => return,
            Err(e) => ImpressionMessage::NotKept(Reason::of(&e)),
        },
    };
    messages.send(Message::Impression(message));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::impression_store::KeptImpression;

    #[test]
    fn what_waits_is_written_before_the_program_ends_and_the_last_change_wins() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = JobThreads::new(&egui::Context::default());
        let mut runner = ImpressionRunner::start(&jobs, Some(folder.path().to_owned()));
        let identity = ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: "1.2".into(), frame: 0 };
        for draft in ["A", "A nod", "A nodule."] {
            let written = KeptImpression { draft: draft.into(), ..KeptImpression::default() };
            runner.carry_out(ImpressionEffect::Keep { identity: identity.clone(), written });
        }
        runner.close();
        let found = ImpressionStore::new(folder.path().to_owned()).find(&identity).unwrap().unwrap();
        assert_eq!(found.draft, "A nodule.");
        assert!(jobs.messages().is_empty());
    }
}
