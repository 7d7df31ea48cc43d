//! Keeps measurements: one thread that hashes pixels, reads and writes files, in the order in which
//! it was asked.
//!
//! Of several changes of one image that wait the last is written; of several images that were asked
//! for meanwhile only the last one's measurements are looked for. At the end of the program what
//! waits is written first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::dialogs;
use super::job_threads::{JobThreads, MessageSender};
use crate::app::state::Reason;
use crate::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use crate::app::update::message::Message;
use crate::language::text;
use crate::measurement::Measurement;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::kept::MeasurementFile;
use crate::measurement::store::Store;
use crate::panic_guard::guarded;

/// The end of the program waits so long for the last writes at most.
const PATIENCE: Duration = Duration::from_secs(10);
/// Name that the dialog proposes.
const NAME: &str = "measurements.json";

/// The thread that keeps measurements.
pub(super) struct MeasuringRunner {
    sender: Option<Sender<MeasuringEffect>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl MeasuringRunner {
    /// Starts the thread; without a folder nothing is kept.
    pub(super) fn start(jobs: &JobThreads, folder: Option<PathBuf>) -> Self {
        let (sender, effects) = unbounded();
        let (end, ended) = unbounded();
        let failed = |reason| Message::Measuring(MeasuringMessage::NotKept(reason));
        jobs.run("pellucid-measurements", failed, move |messages| {
            let _end: Sender<()> = end;
            let mut store = folder.map(Store::new);
            let marked = store.as_ref().map_or_else(Vec::new, Store::key_images);
            if !marked.is_empty() {
                messages.send(Message::Measuring(MeasuringMessage::MarkedBefore(marked)));
            }
            while let Ok(first) = effects.recv() {
                for effect in wanted(std::iter::once(first).chain(effects.try_iter()).collect()) {
                    // One that fails by a fault of ours ends no other.
                    if let Err(fault) = guarded(|| carry_out(&mut store, effect, messages)) {
                        messages.send(Message::Measuring(MeasuringMessage::NotKept(Reason::of(&fault))));
                    }
                }
            }
        });
        Self { sender: Some(sender), ended }
    }

    /// Carries out an effect.
    pub(super) fn carry_out(&self, jobs: &JobThreads, effect: MeasuringEffect) {
        match effect {
            MeasuringEffect::AskWhereToExport => {
                let dialog = rfd::AsyncFileDialog::new().set_title(text!("Export measurements")).set_file_name(NAME);
                let answer = dialog.save_file();
                let chosen = |path: PathBuf| Message::Measuring(MeasuringMessage::ExportTo(Some(path)));
                let answer = async move { answer.await.map(|file| chosen(file.path().to_owned())) };
                dialogs::ask(jobs, answer, Message::Measuring(MeasuringMessage::ExportTo(None)));
            }
            MeasuringEffect::AskWhatToImport => {
                let answer = rfd::AsyncFileDialog::new().set_title(text!("Import measurements")).pick_file();
                let chosen = |path: PathBuf| Message::Measuring(MeasuringMessage::ImportFrom(Some(path)));
                let answer = async move { answer.await.map(|file| chosen(file.path().to_owned())) };
                dialogs::ask(jobs, answer, Message::Measuring(MeasuringMessage::ImportFrom(None)));
            }
            effect => {
                if let Some(sender) = &self.sender {
                    // The thread lives as long as this sender.
                    let _ = sender.send(effect);
                }
            }
        }
    }

    /// Has everything written that waits.
    pub(super) fn close(&mut self) {
        self.sender = None;
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// What of the effects that wait is still wanted, in their order.
fn wanted(effects: Vec<MeasuringEffect>) -> Vec<MeasuringEffect> {
    let mut last_find = None;
    let mut last_keep: HashMap<ImageIdentity, usize> = HashMap::new();
    let mut last_mark: HashMap<ImageIdentity, usize> = HashMap::new();
    for (i, effect) in effects.iter().enumerate() {
        match effect {
            MeasuringEffect::Find { .. } => last_find = Some(i),
            MeasuringEffect::Keep { identity, .. } => drop(last_keep.insert(identity.clone(), i)),
            MeasuringEffect::Mark { identity, .. } => drop(last_mark.insert(identity.clone(), i)),
            _ => {}
        }
    }
    let is_wanted = |(i, effect): &(usize, MeasuringEffect)| match effect {
        MeasuringEffect::Find { .. } => last_find == Some(*i),
        MeasuringEffect::Keep { identity, .. } => last_keep.get(identity) == Some(i),
        MeasuringEffect::Mark { identity, .. } => last_mark.get(identity) == Some(i),
        _ => true,
    };
    effects.into_iter().enumerate().filter(is_wanted).map(|(_, effect)| effect).collect()
}

fn carry_out(store: &mut Option<Store>, effect: MeasuringEffect, messages: &MessageSender) {
    let message = match effect {
        MeasuringEffect::Find { image, frame } | MeasuringEffect::FindBeside { image, frame } => {
            let identity = ImageIdentity::of(&frame);
            let size = [frame.pixels.plane.width, frame.pixels.plane.height];
            let found = store.as_mut().map_or(Ok(Vec::new()), |store| store.find(&identity, size));
            if let Ok(key_image) = store.as_ref().map_or(Ok(false), |store| store.is_key_image(&identity, size)) {
                let (image, identity) = (image.clone(), identity.clone());
                messages.send(Message::Measuring(MeasuringMessage::Marked { image, identity, key_image }));
            }
            MeasuringMessage::Found { image, identity, result: found.map_err(|e| Reason::of(&e)) }
        }
        MeasuringEffect::Keep { identity, size, list } => match keep(store, &identity, size, &list) {
            Ok(()) => return,
            Err(reason) => MeasuringMessage::NotKept(reason),
        },
        MeasuringEffect::Mark { identity, size, key_image } => {
            match store.as_ref().map_or(Ok(()), |store| store.mark(&identity, size, key_image)) {
                Ok(()) => return,
                Err(error) => MeasuringMessage::NotKept(Reason::of(&error)),
            }
        }
        MeasuringEffect::Export { path, identity, frame, list, anonymized } => {
            let file = MeasurementFile::exported(identity, &frame, &list, anonymized);
            MeasuringMessage::Exported(file.write(&path).map(|()| path).map_err(|e| Reason::of(&e)))
        }
        MeasuringEffect::Import { path, identity, size } => {
            let read = MeasurementFile::read(&path).and_then(|file| file.for_image(&path, &identity, size));
            MeasuringMessage::Imported { identity, result: read.map_err(|e| Reason::of(&e)) }
        }
        MeasuringEffect::AskWhereToExport | MeasuringEffect::AskWhatToImport => return,
    };
    messages.send(Message::Measuring(message));
}

fn keep(
    store: &mut Option<Store>,
    identity: &ImageIdentity,
    size: [usize; 2],
    list: &[Measurement],
) -> Result<(), Reason> {
    store.as_mut().map_or(Ok(()), |store| store.keep(identity, size, list)).map_err(|e| Reason::of(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::{Kind, Words};

    fn keep_of(uid: &str, id: u64) -> MeasuringEffect {
        let identity = ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: uid.into(), frame: 0 };
        let points = vec![[1.0, 1.0]];
        let list = vec![Measurement {
            id,
            kind: Kind::Probe,
            points,
            name: Words::default(),
            thorax_proposed: false,
            known_mm: None,
        }];
        MeasuringEffect::Keep { identity, size: [4, 4], list }
    }

    #[test]
    fn of_several_changes_of_one_image_the_last_is_written() {
        let left = wanted(vec![keep_of("a", 1), keep_of("b", 2), keep_of("a", 3)]);
        let ids: Vec<u64> = left
            .iter()
            .map(|effect| match effect {
                MeasuringEffect::Keep { list, .. } => list[0].id,
                _ => 0,
            })
            .collect();
        assert_eq!(ids, [2, 3]);
    }

    #[test]
    fn what_waits_is_written_before_the_program_ends() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = JobThreads::new(&egui::Context::default());
        let mut runner = MeasuringRunner::start(&jobs, Some(folder.path().to_owned()));
        for (uid, id) in [("a", 1), ("b", 2), ("c", 3)] {
            runner.carry_out(&jobs, keep_of(uid, id));
        }
        runner.close();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        assert!(jobs.messages().is_empty());
    }
}
