//! Keeps what the reader says of findings.

use std::path::PathBuf;

use super::job_threads::{JobThreads, MessageSender};
use super::keeping_thread::KeepingThread;
use crate::app::state::Reason;
use crate::app::update::feedback_effect::{FeedbackEffect, FeedbackMessage};
use crate::app::update::message::Message;
use crate::feedback::store::FeedbackStore;
use crate::measurement::identity::ImageIdentity;

/// Starts the thread; without a folder nothing is kept.
pub(super) fn start(jobs: &JobThreads, folder: Option<PathBuf>) -> KeepingThread<FeedbackEffect> {
    let mut store = folder.map(FeedbackStore::new);
    let failed = |reason| Message::Feedback(FeedbackMessage::NotKept(reason));
    KeepingThread::start(jobs, "pellucid-feedback", failed, changes, move |effect, messages| {
        carry_out(store.as_mut(), effect, messages);
    })
}

/// The image of which it keeps all that there is.
fn changes(effect: &FeedbackEffect) -> Option<&ImageIdentity> {
    match effect {
        FeedbackEffect::Keep { image, .. } => Some(image),
        FeedbackEffect::Find(_) => None,
    }
}

fn carry_out(store: Option<&mut FeedbackStore>, effect: FeedbackEffect, messages: &MessageSender) {
    let message = match effect {
        FeedbackEffect::Find(image) => {
            let found = store.map_or(Ok(Vec::new()), |store| store.find(&image));
            FeedbackMessage::Found { image, result: found.map_err(|e| Reason::of(&e)) }
        }
        FeedbackEffect::Keep { image, said } => match store.map_or(Ok(()), |store| store.keep(&image, &said)) {
            Ok(()) => return,
            Err(e) => FeedbackMessage::NotKept(Reason::of(&e)),
        },
    };
    messages.send(Message::Feedback(message));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::kept::{AnsweredModel, ModelFeedback};
    use crate::feedback::{FreeRemark, kept};
    use crate::measurement::Words;

    #[test]
    fn what_waits_is_written_before_the_program_ends_and_the_last_change_wins() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = JobThreads::new(&egui::Context::default());
        let mut thread = start(&jobs, Some(folder.path().to_owned()));
        let image = ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: "1.2".into(), frame: 0 };
        let model = AnsweredModel { name: "chest".into(), version: "1".into(), sha256: "ff".into() };
        for words in ["a", "an", "an old scar"] {
            let remark = FreeRemark { text: Words(words.into()), at: chrono::Local::now(), before_result: false };
            let said = kept::ModelFeedback { remark: Some(remark), ..ModelFeedback::of(model.clone()) };
            thread.carry_out(FeedbackEffect::Keep { image: image.clone(), said: vec![said] });
        }
        thread.close();
        let found = FeedbackStore::new(folder.path().to_owned()).find(&image).unwrap();
        assert_eq!(found[0].remark.as_ref().unwrap().text.0, "an old scar");
        assert!(jobs.messages().is_empty());
    }
}
