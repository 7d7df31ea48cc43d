//! Sampling the image for the screen on a thread of its own, the latest request of each view first.
//!
//! Sampling a large part of a large image takes longer than a frame may take on a busy machine.
//! Until the sample is there a view shows the whole image coarsely, and what it showed last over
//! that.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::sample::SampleKey;
use crate::app::state::PaneIndex;
use crate::app::state::pyramid::Pyramid;
use crate::imaging::Plane;
use crate::panic_guard::guarded;

/// A part of the image that a view wants.
struct SampleRequest {
    pane: PaneIndex,
    key: SampleKey,
    pyramid: Arc<Pyramid>,
    ctx: egui::Context,
}

/// The thread, once somebody asked for something.
#[derive(Default)]
pub(super) struct ImageSampler {
    thread: Option<(Sender<SampleRequest>, Receiver<Sampled>)>,
    /// What each view waits for.
    asked: HashMap<PaneIndex, SampleKey>,
}

type Sampled = (SampleKey, Arc<Plane>);

impl ImageSampler {
    /// Asks for a sample; false when there is no thread to make it.
    pub(super) fn ask(
        &mut self,
        ctx: &egui::Context,
        pane: PaneIndex,
        key: &SampleKey,
        pyramid: &Arc<Pyramid>,
    ) -> bool {
        if self.thread.is_none() {
            let (ask, requests) = unbounded();
            let (sender, made) = unbounded();
            let work = move || work(&requests, &sender);
            if std::thread::Builder::new().name("pellucid-sample".into()).spawn(work).is_err() {
                return false;
            }
            self.thread = Some((ask, made));
        }
        let Some((ask, _)) = &self.thread else { return false };
        // Linked views of one size want the same.
        if self.asked.values().any(|asked| asked == key) {
            return true;
        }
        self.asked.insert(pane, key.clone());
        ask.send(SampleRequest { pane, key: key.clone(), pyramid: pyramid.clone(), ctx: ctx.clone() }).is_ok()
    }

    /// What was made since the last call.
    pub(super) fn receive(&mut self) -> Vec<Sampled> {
        let Some((_, made)) = &self.thread else { return Vec::new() };
        let made: Vec<Sampled> = made.try_iter().collect();
        self.asked.retain(|_, asked| made.iter().all(|(key, _)| key != asked));
        made
    }
}

fn work(requests: &Receiver<SampleRequest>, sender: &Sender<Sampled>) {
    // Threads of its own: neither the network's work nor the display's stands in the way.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(|i| format!("pellucid-sample-{i}")).build();
    while let Ok(first) = requests.recv() {
        let mut latest: HashMap<PaneIndex, SampleRequest> = HashMap::new();
        for request in std::iter::once(first).chain(requests.try_iter()) {
            latest.insert(request.pane, request);
        }
        for request in latest.into_values() {
            let sample = || request.key.sample(&request.pyramid);
            // Without its sample a view stays coarse; the thread goes on with the others.
            let sampled = guarded(|| match &pool {
                Ok(pool) => pool.install(sample),
                Err(_) => sample(),
            });
            let Ok(plane) = sampled else { continue };
            if sender.send((request.key.clone(), Arc::new(plane))).is_err() {
                return;
            }
            request.ctx.request_repaint();
        }
    }
}
