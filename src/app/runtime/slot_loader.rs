//! Decoding frames for the places beside the active one: one thread, and of each place the latest
//! request wins.

use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use super::jobs;
use crate::app::state::{LoadedImage, Reason};
use crate::app::update::effect::WantedFrame;
use crate::app::update::message::Message;
use crate::panic_guard::guarded;
use crate::study::lung_masks::LungMasks;
use crate::study::{FrameReader, StudyError};

/// A frame for a place.
pub(super) struct SlotRequest {
    pub slot: usize,
    pub serial: u64,
    pub wanted: WantedFrame,
}

/// Starts the thread, which takes lung masks from a folder where one is given; it ends when the
/// sender is gone.
pub(super) fn start(jobs: &JobThreads, masks: Option<PathBuf>) -> Sender<SlotRequest> {
    let (sender, requests) = unbounded();
    jobs.run("pellucid-slots", Message::Failed, move |messages| load(&requests, masks.as_deref(), messages));
    sender
}

fn load(requests: &Receiver<SlotRequest>, masks: Option<&Path>, messages: &MessageSender) {
    // What is wrong with the folder, the loading thread says.
    let masks = masks.and_then(|folder| LungMasks::below(folder).ok());
    let mut reader = FrameReader::default();
    let mut waiting: Vec<SlotRequest> = Vec::new();
    loop {
        if waiting.is_empty() {
            match requests.recv() {
                Ok(first) => waiting.push(first),
                Err(_) => return,
            }
        }
        for request in requests.try_iter() {
            waiting.retain(|other| other.slot != request.slot);
            waiting.push(request);
        }
        let SlotRequest { serial, wanted, .. } = waiting.remove(0);
        let WantedFrame { entry, index, presentations } = wanted;
        let load = || {
            let loaded = jobs::load(&mut reader, &entry, index, &presentations, masks.as_ref())?;
            // Its lungs are shown, too.
            Ok::<_, StudyError>(LoadedImage { lungs: jobs::find_lungs(&loaded.frame, masks.as_ref()), ..loaded })
        };
        let result = match guarded(load) {
            Ok(loaded) => loaded.map(Box::new).map_err(|error| Reason::of(&error)),
            Err(fault) => Err(Reason::of(&fault)),
        };
        messages.send(Message::SlotLoaded { serial, entry, result });
    }
}
