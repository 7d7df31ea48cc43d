//! Reads results in files: what lies over the frame on screen on a thread that keeps what it has read
//! of the objects, the rest as jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job_threads::{JobThreads, MessageSender};
use super::{dialogs, settings_file};
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::app::update::result_effect::{ResultEffect, ResultMessage};
use crate::files::{self, writing};
use crate::language::{text, tr};
use crate::panic_guard::guarded;
use crate::results::read::layers::LayerReader;
use crate::results::read::{self, ReadObject, document_bytes};
use crate::study::{Frame, ImageEntry};

/// Documents that the desktop was asked to open are removed after this time, when the next one is
/// opened.
const KEPT: Duration = Duration::from_hours(24);

/// Why a document was not taken out.
#[derive(Debug, thiserror::Error)]
enum DocumentError {
    #[error(transparent)]
    Read(#[from] read::ReadError),
    #[error("{} could not be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the desktop could not open it: {0}")]
    Desktop(std::io::Error),
}

/// The frame and the objects that may lie over it.
type Laying = (Arc<Frame>, Vec<Arc<ImageEntry>>);

/// The thread behind what lies over images.
pub(super) struct ResultRunner {
    laying: Sender<Laying>,
}

impl ResultRunner {
    /// Starts the thread; it ends when the runner is gone.
    pub(super) fn start(jobs: &JobThreads) -> Self {
        let (laying, requests) = unbounded();
        jobs.run("pellucid-results", Message::Failed, move |messages| lay(&requests, messages));
        Self { laying }
    }

    /// Carries out an effect.
    pub(super) fn carry_out(&self, jobs: &JobThreads, effect: ResultEffect) {
        let saved = |why| Message::Results(ResultMessage::Saved(Err(why)));
        match effect {
            // The thread lives as long as this sender: nothing is lost.
            ResultEffect::LayOver { frame, objects } => drop(self.laying.send((frame, objects))),
            ResultEffect::Read(path) => {
                let asked = path.clone();
                let failed = move |why| Message::Results(ResultMessage::Read(asked.clone(), Err(why)));
                jobs.run("pellucid-read", failed, move |sender| {
                    let object = read::read(&path).map(Arc::new).map_err(|error| Reason::of(&error));
                    sender.send(Message::Results(ResultMessage::Read(path, object)));
                });
            }
            ResultEffect::OpenDocument(path) => jobs.run("pellucid-document", saved, move |sender| {
                if let Err(error) = open_document(&path) {
                    sender.send(Message::Results(ResultMessage::Saved(Err(Reason::of(&error)))));
                }
            }),
            ResultEffect::AskWhereToSave { object, name } => {
                let dialog = rfd::AsyncFileDialog::new().set_title(text!("Save document")).set_file_name(&name);
                let answer = dialog.save_file();
                let usual = settings_file::default_report_folder().map(|folder| folder.join(&name));
                let unseen = Message::Results(ResultMessage::SaveTo { object: object.clone(), to: usual });
                let chosen = move |to: PathBuf| Message::Results(ResultMessage::SaveTo { object, to: Some(to) });
                let answer = async move { answer.await.map(|file| chosen(file.path().to_owned())) };
                dialogs::ask(jobs, answer, unseen);
            }
            ResultEffect::SaveDocument { object, to } => jobs.run("pellucid-document", saved, move |sender| {
                let outcome = save(&object, &to).map(|()| to).map_err(|error| Reason::of(&error));
                sender.send(Message::Results(ResultMessage::Saved(outcome)));
            }),
        }
    }
}

/// Reads what was asked for last; what was asked for in between is no longer on screen.
fn lay(requests: &Receiver<Laying>, messages: &MessageSender) {
    let mut reader = LayerReader::default();
    while let Ok(first) = requests.recv() {
        let (frame, objects) = requests.try_iter().last().unwrap_or(first);
        match guarded(|| reader.read(&frame, &objects)) {
            Ok(laid) => {
                messages.send(Message::Results(ResultMessage::LaidOver { frame, laid: Arc::new(laid) }));
            }
            Err(fault) => {
                reader = LayerReader::default();
                let words = tr!("What lies over the image could not be read: {}", Reason::of(&fault));
                messages.send(Message::Failed(words.into()));
            }
        }
    }
}

fn save(object: &Path, to: &Path) -> Result<(), DocumentError> {
    let bytes = document_bytes(object)?;
    let written = to.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| writing::private(to, &bytes));
    written.map_err(|source| DocumentError::Write { path: to.to_owned(), source })
}

/// Takes a document out into the cache folder, where its owner alone may read it, and has the desktop
/// open it. What was put there a day ago is removed.
fn open_document(object: &Path) -> Result<(), DocumentError> {
    let folder = directories::ProjectDirs::from("", "", "pellucid")
        .map_or_else(std::env::temp_dir, |d| d.cache_dir().to_owned())
        .join("documents");
    remove_old(&folder);
    let ending = match read::read(object)? {
        ReadObject::Document(document) => document.ending(),
        _ => return Err(read::ReadError::NoDocument.into()),
    };
    let name = files::sha256(object.as_os_str().as_encoded_bytes());
    let to = folder.join(format!("{}.{ending}", &name[..16]));
    save(object, &to)?;
    open::that_detached(&to).map_err(DocumentError::Desktop)
}

fn remove_old(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|file| file.modified()).ok();
        let age = age.and_then(|time| SystemTime::now().duration_since(time).ok());
        if age.is_some_and(|age| age > KEPT) {
            // One that is open elsewhere is removed the next time.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
