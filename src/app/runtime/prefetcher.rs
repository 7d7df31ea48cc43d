//! Decodes frames ahead on threads of their own, in the order of a plan; a new plan takes the place
//! of the one before.
//!
//! What cannot be decoded is passed over: whoever asks for it hears why.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::job_threads::{JobThreads, MessageSender};
use super::jobs;
use super::precedence::Precedence;
use crate::app::update::effect::WantedFrame;
use crate::app::update::message::Message;
use crate::panic_guard::guarded;
use crate::study::FrameReader;
use crate::study::lung_masks::LungMasks;

/// Threads that decode.
const THREADS: usize = 2;

/// The threads and their plan; they end with it.
pub(super) struct Prefetcher(Arc<Plan>);

#[derive(Default)]
struct Plan {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Default)]
struct Wanted {
    frames: VecDeque<WantedFrame>,
    ended: bool,
}

impl Prefetcher {
    /// Starts the threads, which take lung masks from a folder where one is given.
    pub(super) fn start(jobs: &JobThreads, masks: Option<&Path>, precedence: &Precedence) -> Self {
        let plan = Arc::new(Plan::default());
        for _ in 0..THREADS {
            let (plan, masks, precedence) = (plan.clone(), masks.map(Path::to_owned), precedence.clone());
            jobs.run("pellucid-prefetch", Message::Failed, move |sender| {
                // What is wrong with the folder, the loading thread says.
                let masks = masks.and_then(|folder| LungMasks::below(&folder).ok());
                work(&plan, masks.as_ref(), &precedence, sender);
            });
        }
        Self(plan)
    }

    /// Decodes these, the first one first; what was planned before is dropped.
    pub(super) fn plan(&self, frames: Vec<WantedFrame>) {
        self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner).frames = frames.into();
        self.0.changed.notify_all();
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.0.changed.notify_all();
    }
}

impl Plan {
    /// The next frame, once there is one and nobody waits for another; nothing at the end.
    fn next(&self, precedence: &Precedence) -> Option<WantedFrame> {
        let waits = |wanted: &mut Wanted| wanted.frames.is_empty() && !wanted.ended;
        loop {
            let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.changed.wait_while(wanted, waits).unwrap_or_else(PoisonError::into_inner));
            precedence.give_way();
            // Another plan may stand by now.
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted.ended {
                return None;
            }
            if let Some(frame) = wanted.frames.pop_front() {
                return Some(frame);
            }
        }
    }
}

fn work(plan: &Plan, masks: Option<&LungMasks>, precedence: &Precedence, sender: &MessageSender) {
    let mut reader = FrameReader::default();
    while let Some(WantedFrame { entry, index, presentations }) = plan.next(precedence) {
        if let Ok(Ok(loaded)) = guarded(|| jobs::load(&mut reader, &entry, index, &presentations, masks)) {
            sender.send(Message::Prefetched { entry, loaded: Box::new(loaded) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::cancel::CancelToken;
    use crate::study::scan;

    #[test]
    fn what_is_planned_is_decoded_and_what_cannot_be_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.png", "c.png"] {
            let shade = name.as_bytes()[0];
            image::GrayImage::from_pixel(4, 4, image::Luma([shade])).save(folder.path().join(name)).unwrap();
        }
        let found = scan(&[folder.path().to_owned()], &CancelToken::default(), &mut |_, _| ());
        let images: Vec<_> = found.images().cloned().collect();
        std::fs::write(&images[1].path, "no image any more").unwrap();
        let jobs = JobThreads::new(&egui::Context::default());
        let prefetcher = Prefetcher::start(&jobs, None, &Precedence::default());
        let presentations: Arc<[std::path::PathBuf]> = Vec::new().into();
        let wanted =
            |entry: &Arc<_>| WantedFrame { entry: Arc::clone(entry), index: 0, presentations: presentations.clone() };
        prefetcher.plan(images.iter().map(wanted).collect());
        let (mut made, start) = (Vec::new(), Instant::now());
        while made.len() < 2 && start.elapsed() < Duration::from_secs(20) {
            made.extend(jobs.messages().into_iter().map(|message| match message {
                Message::Prefetched { entry, loaded } => (entry.title.clone(), loaded.frame.pixels.plane.values[0]),
                _ => panic!("nothing else is said"),
            }));
            std::thread::sleep(Duration::from_millis(5));
        }
        made.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(made, [("a.png".to_owned(), 97.0), ("c.png".to_owned(), 99.0)]);
        let plan = Arc::downgrade(&prefetcher.0);
        drop(prefetcher);
        let start = Instant::now();
        while plan.strong_count() > 0 && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(plan.strong_count(), 0, "the threads end with it");
    }
}
