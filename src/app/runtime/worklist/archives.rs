//! Writes the list of archives, asks them whether they are there, and asks for files that secure
//! connections.

use std::sync::Arc;

use super::{answer, archive, refusal};
use crate::app::runtime::dialogs;
use crate::app::runtime::job_threads::JobThreads;
use crate::app::state::Reason;
use crate::app::state::worklist::archives::SecuringFile;
use crate::app::update::worklist_effect::{Called, KeptArchive, Refusal, WorklistMessage as M};
use crate::cancel::CancelToken;
use crate::language::text;
use crate::pacs::peers::Peer;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::keeping::{self, KeepingError, Kept};
use crate::pacs::peers::secret::Secret;

pub(super) fn save(jobs: &JobThreads, peer: Peer, instead_of: Option<String>, secret: Option<Secret>) {
    let failed = |why| answer(M::Saved(Err(why)));
    jobs.run("pellucid-peers", failed, move |sender| {
        let kept = Peers::path().map_err(KeepingError::from);
        let kept = kept.and_then(|path| keeping::save(&path, peer, instead_of.as_deref(), secret.as_ref()));
        sender.send(answer(M::Saved(told(kept))));
    });
}

pub(super) fn remove(jobs: &JobThreads, name: String) {
    let failed = |why| answer(M::RemovedArchive(Err(why)));
    jobs.run("pellucid-peers", failed, move |sender| {
        let kept = Peers::path().map_err(KeepingError::from).and_then(|path| keeping::remove(&path, &name));
        sender.send(answer(M::RemovedArchive(told(kept))));
    });
}

fn told(kept: Result<Kept, KeepingError>) -> Result<KeptArchive, Reason> {
    let Kept { peers, peer, secret } = kept.map_err(|error| Reason::of(&error))?;
    let secret = secret.map(|error| Reason::of(&error));
    Ok(KeptArchive { peers: Arc::new(peers), name: peer.name, secret })
}

pub(super) fn check(jobs: &JobThreads, called: Called, cancel: CancelToken) {
    let name = called.peer.name.clone();
    let of = name.clone();
    let failed = move |why| answer(M::Checked { name: of.clone(), result: Err(Refusal::Failed(why)) });
    jobs.run("pellucid-check", failed, move |sender| {
        let result = archive(&called).and_then(|archive| archive.echo(&cancel)).map_err(refusal);
        sender.send(answer(M::Checked { name, result }));
    });
}

pub(super) fn ask_for_file(jobs: &JobThreads, file: SecuringFile) {
    let title = match file {
        SecuringFile::Authorities => text!("Certificates of the authorities that are believed (PEM)"),
        SecuringFile::Certificate => text!("Our certificate (PEM)"),
        SecuringFile::Key => text!("The private key of our certificate (PEM)"),
    };
    let asked = rfd::AsyncFileDialog::new().set_title(title).pick_file();
    let chosen = move |path| answer(M::FileChosen { file, path });
    let told = async move { asked.await.map(|one| chosen(Some(one.path().to_owned()))) };
    dialogs::ask(jobs, told, chosen(None));
}
