//! A thread that keeps what the reader does: it reads and writes files, in the order in which it was
//! asked.
//!
//! Of several changes of one image that wait the last is carried out. At the end of the program what
//! waits is written first.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::measurement::identity::ImageIdentity;
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
    /// Starts the thread: `changes` names the image of which an effect keeps all that there is, so that
    /// an earlier one which waits is wanted no more; `carry_out` does it, and `failed` makes a message of
    /// a fault.
    pub(super) fn start(
        jobs: &JobThreads,
        name: &'static str,
        failed: fn(Reason) -> Message,
        changes: fn(&E) -> Option<&ImageIdentity>,
        mut carry_out: impl FnMut(E, &MessageSender) + Send + 'static,
    ) -> Self {
        let (sender, effects) = unbounded::<E>();
        let (end, ended) = unbounded();
        jobs.run(name, failed, move |messages| {
            let _end: Sender<()> = end;
            while let Ok(first) = effects.recv() {
                for effect in last_of_each(std::iter::once(first).chain(effects.try_iter()).collect(), changes) {
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

/// In their order, without those that change an image which a later one changes again.
fn last_of_each<E>(effects: Vec<E>, changes: fn(&E) -> Option<&ImageIdentity>) -> Vec<E> {
    let last: HashMap<ImageIdentity, usize> =
        effects.iter().enumerate().filter_map(|(i, effect)| Some((changes(effect)?.clone(), i))).collect();
    let is_wanted = |(i, effect): &(usize, E)| changes(effect).is_none_or(|image| last.get(image) == Some(i));
    effects.into_iter().enumerate().filter(is_wanted).map(|(_, effect)| effect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_image_the_last_change_stays_and_what_changes_none_stays_in_its_place() {
        let image = |uid: &str| ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: uid.into(), frame: 0 };
        let effects =
            vec![(Some(image("1")), 'a'), (None, 'b'), (Some(image("2")), 'c'), (Some(image("1")), 'd'), (None, 'e')];
        let left = last_of_each(effects, |(image, _)| image.as_ref());
        let left: String = left.into_iter().map(|(_, name)| name).collect();
        assert_eq!(left, "bcde");
    }
}
