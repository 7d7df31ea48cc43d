//! Sampling the film for the screen on a thread of its own, the latest wish of each view first.
//!
//! Sampling a large part of a large image takes longer than a frame may take on a busy machine. Until the sample is there
//! a view shows the whole film coarsely, and what it showed last over that.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::imaging::Plane;
use crate::panic_guard::guarded;

use super::super::pyramid::Pyramid;
use super::super::state::PaneIndex;
use super::film::SampleKey;

/// A part of the film that a view wants.
struct Wish {
    pane: PaneIndex,
    key: SampleKey,
    pyramid: Arc<Pyramid>,
    ctx: egui::Context,
}

/// The thread, once somebody wished for something.
#[derive(Default)]
pub struct Sampler {
    thread: Option<(Sender<Wish>, Receiver<Sampled>)>,
    /// What each view waits for.
    asked: HashMap<PaneIndex, SampleKey>,
}

type Sampled = (SampleKey, Arc<Plane>);

impl Sampler {
    /// Wishes for a sample; false when there is no thread to make it.
    pub fn ask(&mut self, ctx: &egui::Context, pane: PaneIndex, key: &SampleKey, pyramid: &Arc<Pyramid>) -> bool {
        if self.thread.is_none() {
            let (ask, wishes) = unbounded();
            let (tell, made) = unbounded();
            let work = move || work(&wishes, &tell);
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
        ask.send(Wish { pane, key: key.clone(), pyramid: pyramid.clone(), ctx: ctx.clone() }).is_ok()
    }

    /// What was made since the last call.
    pub fn receive(&mut self) -> Vec<Sampled> {
        let Some((_, made)) = &self.thread else { return Vec::new() };
        let made: Vec<Sampled> = made.try_iter().collect();
        self.asked.retain(|_, asked| made.iter().all(|(key, _)| key != asked));
        made
    }
}

fn work(wishes: &Receiver<Wish>, tell: &Sender<Sampled>) {
    // Threads of its own: neither the network's work nor the display's stands in the way.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(|i| format!("pellucid-sample-{i}")).build();
    while let Ok(first) = wishes.recv() {
        let mut latest: HashMap<PaneIndex, Wish> = HashMap::new();
        for wish in std::iter::once(first).chain(wishes.try_iter()) {
            latest.insert(wish.pane, wish);
        }
        for wish in latest.into_values() {
            let sample = || wish.key.sample(&wish.pyramid);
            // Without its sample a view stays coarse; the thread goes on with the others.
            let sampled = guarded(|| match &pool {
                Ok(pool) => pool.install(sample),
                Err(_) => sample(),
            });
            let Ok(plane) = sampled else { continue };
            if tell.send((wish.key.clone(), Arc::new(plane))).is_err() {
                return;
            }
            wish.ctx.request_repaint();
        }
    }
}
