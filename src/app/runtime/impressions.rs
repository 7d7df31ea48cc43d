//! Keeps impressions. Of several changes of one image that wait the last is written.

use std::path::PathBuf;

use super::job_threads::{JobThreads, MessageSender};
use super::keeping_thread::KeepingThread;
use crate::app::state::Reason;
use crate::app::update::impression_effect::{ImpressionEffect, ImpressionMessage};
use crate::app::update::message::Message;
use crate::measurement::identity::ImageIdentity;
use crate::report::impression_store::ImpressionStore;

/// Starts the thread; without a folder nothing is kept.
pub(super) fn start(jobs: &JobThreads, folder: Option<PathBuf>) -> KeepingThread<ImpressionEffect> {
    let store = folder.map(ImpressionStore::new);
    let failed = |reason| Message::Impression(ImpressionMessage::NotKept(reason));
    KeepingThread::start(jobs, "pellucid-impressions", failed, changes, move |effect, messages| {
        carry_out(store.as_ref(), effect, messages);
    })
}

/// The image of which it keeps all that there is.
fn changes(effect: &ImpressionEffect) -> Option<&ImageIdentity> {
    match effect {
        ImpressionEffect::Keep { identity, .. } => Some(identity),
        ImpressionEffect::Find { .. } => None,
    }
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
        let mut runner = start(&jobs, Some(folder.path().to_owned()));
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
