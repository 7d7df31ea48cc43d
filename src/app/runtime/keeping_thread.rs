//! A thread that keeps what the reader does: it reads and writes files, in the order in which it was
//! asked.
//!
//! Of several changes that wait only those are carried out that are still wanted. At the end of the
//! program what waits is written first.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::panic_guard::guarded;

/// The end of the program waits so long for the last writes at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Such a thread.
pub(super) struct KeepingThread<E> {
    sender: Option<Sender<E>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl<E: Send + 'static> KeepingThread<E> {
    /// Starts the thread: `wanted` says what of the effects that wait is still to be carried out,
    /// `carry_out` does it, and `failed` makes a message of a fault.
    pub(super) fn start(
        jobs: &JobThreads,
        name: &'static str,
        failed: fn(Reason) -> Message,
        wanted: fn(Vec<E>) -> Vec<E>,
        mut carry_out: impl FnMut(E, &MessageSender) + Send + 'static,
    ) -> Self {
        let (sender, effects) = unbounded::<E>();
        let (end, ended) = unbounded();
        jobs.run(name, failed, move |messages| {
            let _end: Sender<()> = end;
            while let Ok(first) = effects.recv() {
                for effect in wanted(std::iter::once(first).chain(effects.try_iter()).collect()) {
                    // One that fails by a fault of ours ends no other.
                    if let Err(fault) = guarded(|| carry_out(effect, messages)) {
                        messages.send(failed(Reason::of(&fault)));
                    }
                }
            }
        });
        Self { sender: Some(sender), ended }
    }

    /// Carries out an effect.
    pub(super) fn carry_out(&self, effect: E) {
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
