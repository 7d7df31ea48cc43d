//! Decoding the frame that somebody wants to see: one thread, and the latest request wins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use super::jobs;
use super::precedence::Awaited;
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::engine::Generation;
use crate::panic_guard::guarded;
use crate::study::lung_masks::LungMasks;
use crate::study::{FrameReader, ImageEntry};

/// A frame that somebody wants to see.
pub(super) struct FrameRequest {
    pub generation: Generation,
    pub entry: Arc<ImageEntry>,
    pub index: u32,
    pub presentations: Vec<PathBuf>,
    /// Work ahead waits for as long as the request stands.
    pub awaited: Awaited,
}

/// Starts the thread, which takes lung masks from a folder where one is given; it ends when the
/// sender is gone.
pub(super) fn start(jobs: &JobThreads, masks: Option<PathBuf>) -> Sender<FrameRequest> {
    let (sender, requests) = unbounded();
    jobs.run("pellucid-load", Message::Failed, move |messages| load(&requests, masks.as_deref(), messages));
    sender
}

/// Loads what was asked for last; what was asked for in between is no longer wanted.
fn load(requests: &Receiver<FrameRequest>, masks: Option<&Path>, messages: &MessageSender) {
    let masks = match masks.map(LungMasks::below).transpose() {
        Ok(masks) => masks,
        Err(error) => {
            messages.send(Message::Failed(Reason::of(&error)));
            None
        }
    };
    let mut reader = FrameReader::default();
    while let Ok(first) = requests.recv() {
        let FrameRequest { generation, entry, index, presentations, awaited } =
            requests.try_iter().last().unwrap_or(first);
        let result = match guarded(|| jobs::load(&mut reader, &entry, index, &presentations, masks.as_ref())) {
            Ok(loaded) => loaded.map_err(|error| Reason::of(&error)),
            Err(fault) => Err(Reason::of(&fault)),
        };
        messages.send(Message::FrameLoaded { generation, result });
        drop(awaited);
    }
}
