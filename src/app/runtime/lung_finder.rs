//! Looking for the lungs of the image on screen, once it is there: one thread, which gives way to
//! frames that somebody waits for, and the latest request wins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use super::jobs;
use super::precedence::Precedence;
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::panic_guard::guarded;
use crate::study::Frame;
use crate::study::lung_masks::LungMasks;

/// Starts the thread, which takes lung masks from a folder where one is given; it ends when the
/// sender is gone.
pub(super) fn start(jobs: &JobThreads, masks: Option<PathBuf>, precedence: Precedence) -> Sender<Arc<Frame>> {
    let (sender, frames) = unbounded();
    jobs.run("pellucid-lungs", Message::Failed, move |messages| find(&frames, masks.as_deref(), &precedence, messages));
    sender
}

/// Those of the frame that was asked for last; the ones between were passed by.
fn find(frames: &Receiver<Arc<Frame>>, masks: Option<&Path>, precedence: &Precedence, messages: &MessageSender) {
    // What is wrong with the folder, the loading thread says.
    let masks = masks.and_then(|folder| LungMasks::below(folder).ok());
    while let Ok(first) = frames.recv() {
        precedence.give_way();
        let frame = frames.try_iter().last().unwrap_or(first);
        let result = match guarded(|| jobs::find_lungs(&frame, masks.as_ref())) {
            Ok(result) => result,
            Err(fault) => Err(Reason::of(&fault)),
        };
        messages.send(Message::LungsFound { frame, result });
    }
}
