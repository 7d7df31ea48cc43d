//! Writes the audit journal, an entry after the other.

use std::path::Path;

use super::job_threads::{JobThreads, MessageSender};
use super::keeping_thread::KeepingThread;
use crate::app::state::Reason;
use crate::app::update::audit_effect::{AuditEffect, AuditMessage};
use crate::app::update::message::Message;
use crate::audit::{Entry, Event, Journal, What};
use crate::files::sha256_of_file;
use crate::limits;

/// Who writes.
const VIEWER: &str = "viewer";

/// Starts the thread; without a journal nothing is written. The first entry of a session says that it
/// began.
pub(super) fn start(jobs: &JobThreads, journal: Option<Journal>) -> KeepingThread<AuditEffect> {
    let failed = |reason| Message::Audit(AuditMessage::NotWritten(reason));
    let mut started = false;
    KeepingThread::start(
        jobs,
        "pellucid-audit",
        failed,
        |_| None,
        move |effect, messages| {
            let Some(journal) = &journal else { return };
            let Some(entry) = entry(effect) else {
                if std::mem::take(&mut started) {
                    append(journal, Entry::new(Event::Ended, VIEWER), messages);
                }
                return;
            };
            if !std::mem::replace(&mut started, true) {
                append(journal, Entry::new(Event::Started, VIEWER), messages);
            }
            append(journal, entry, messages);
        },
    )
}

fn append(journal: &Journal, entry: Entry, messages: &MessageSender) {
    match journal.append(entry) {
        Ok(appended) => {
            if let Some(bytes) = appended.mended {
                messages.send(Message::Audit(AuditMessage::Mended(bytes)));
            }
        }
        Err(error) => messages.send(Message::Audit(AuditMessage::NotWritten(Reason::of(&error)))),
    }
}

/// The entry of an effect; nothing at the end.
fn entry(effect: AuditEffect) -> Option<Entry> {
    match effect {
        AuditEffect::Write(entry) => Some(entry),
        AuditEffect::Exported { pdf, image, model } => {
            let file = |kind: &'static str, path: &Path| {
                let hash = sha256_of_file(path, limits::FILE_BYTES).unwrap_or_default();
                What::new(kind).with_sha256(&hash)
            };
            let what = vec![file("report-pdf", &pdf), file("report-json", &pdf.with_extension("json"))];
            Some(Entry { image, model, ..Entry::new(Event::Exported, VIEWER) }.with(what))
        }
        AuditEffect::End => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::verify::verify;

    #[test]
    fn a_session_begins_and_ends_in_the_journal_and_names_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("audit/journal.jsonl"));
        let jobs = JobThreads::new(&egui::Context::default());
        let mut thread = start(&jobs, Some(journal.clone()));
        let pdf = folder.path().join("case.pdf");
        std::fs::write(&pdf, b"abc").unwrap();
        let shown = Entry::new(Event::Shown, VIEWER).with(vec![What::new("scores")]);
        thread.carry_out(AuditEffect::Write(shown));
        thread.carry_out(AuditEffect::Exported { pdf, image: None, model: None });
        thread.carry_out(AuditEffect::End);
        thread.carry_out(AuditEffect::End);
        thread.close();
        let found = verify(journal.path()).unwrap();
        assert!(found.holds() && found.head.lines == 4);
        let text = std::fs::read_to_string(journal.path()).unwrap();
        let events: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone())
            .collect();
        assert_eq!(events, ["started", "shown", "exported", "ended"]);
        assert!(text.contains("ba7816bf8f01cfea"), "the hash of the PDF: {text}");
    }
}
