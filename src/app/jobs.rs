//! Work that the interface does not wait for: each piece on a named thread, what it yields brought back as messages.
//!
//! Whoever starts a job says with which message it fails. It comes when the job panics or the system gives no thread, so that
//! whatever waits for the job stops waiting: a state that runs until a message ends it would run for ever.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::panic_guard::guarded;
use crate::study::Catalogue;

use super::effect::Message;
use super::sources;
use super::training::news::News;

/// How often the progress of a scan is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// Where jobs are started, and where what they say comes together.
pub struct Jobs {
    say: Say,
    receiver: Receiver<Message>,
}

impl Jobs {
    /// Nothing runs yet; `ctx` is woken when a job says something.
    pub fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = unbounded();
        Self { say: Say { sender, ctx: ctx.clone() }, receiver }
    }

    /// What the jobs have said since the last call.
    pub fn messages(&self) -> Vec<Message> {
        self.receiver.try_iter().collect()
    }

    /// Where jobs speak.
    pub fn say(&self) -> Say {
        self.say.clone()
    }

    /// Runs `work` on a thread called `name`; `failed` makes the message that ends it when it cannot end by itself.
    pub fn run(
        &self,
        name: &str,
        failed: impl Fn(String) -> Message + Clone + Send + 'static,
        work: impl FnOnce(&Say) + Send + 'static,
    ) {
        let (say, panicked) = (self.say(), failed.clone());
        let job = move || {
            if let Err(fault) = guarded(|| work(&say)) {
                say.tell(panicked(fault.to_string()));
            }
        };
        if let Err(e) = thread::Builder::new().name(name.into()).spawn(job) {
            self.say.tell(failed(format!("The system gave no thread: {e}.")));
        }
    }
}

/// Speaks to the interface and wakes it.
#[derive(Clone)]
pub struct Say {
    sender: Sender<Message>,
    ctx: egui::Context,
}

impl Say {
    pub fn tell(&self, message: Message) {
        // Nobody listens once the window is closed.
        let _ = self.sender.send(message);
        self.ctx.request_repaint();
    }

    pub(super) fn news(&self, news: News) {
        self.tell(Message::Training(news));
    }

    /// Lists `paths`, says how far it is, and what was found unless it was cancelled; `recent` joins the recent list.
    pub(super) fn scanned(&self, open: &Catalogue, paths: &[PathBuf], recent: Vec<PathBuf>, cancel: &AtomicBool) {
        let mut told = Instant::now();
        let catalogue = sources::scan(open, paths, cancel, |found, read| {
            if told.elapsed() > PROGRESS {
                told = Instant::now();
                self.tell(Message::Scanning { found, read });
            }
        });
        if !cancel.load(Ordering::Relaxed) {
            self.tell(Message::Scanned { paths: recent, catalogue: Box::new(catalogue) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::events::on_message;
    use crate::app::state::{Level, Settings, State};
    use crate::app::weights::WeightsForm;

    /// The state after everything that the job said was taken in.
    fn after(mut state: State, failed: fn(String) -> Message, work: fn(&Say)) -> State {
        let jobs = Jobs::new(&egui::Context::default());
        jobs.run("pellucid-test", failed, work);
        let said = jobs.receiver.recv_timeout(Duration::from_secs(10)).expect("a job always says how it ended");
        on_message(&mut state, said);
        state
    }

    fn viewer() -> State {
        State::new(Settings::default(), "test", "cpu")
    }

    #[test]
    fn an_import_that_panics_is_a_refusal_and_can_be_tried_again() {
        let mut state = viewer();
        state.weights = Some(WeightsForm { running: true, ..WeightsForm::new("weights.pth".into()) });
        let state = after(state, |why| Message::Imported(Err(why)), |_| panic!("patient 17 in the panic's own words"));
        let form = state.weights.expect("the dialog stays open");
        assert!(!form.running, "the button can be pressed again");
        let refusal = form.refusal.expect("it says why");
        assert!(refusal.contains("fault of Pellucid") && !refusal.contains("patient 17"), "{refusal}");
    }

    #[test]
    fn an_export_that_panics_is_an_error_and_not_a_spinner_for_ever() {
        let state = State { exporting: true, ..viewer() };
        let state = after(state, |why| Message::ReportWritten(Err(why)), |_| panic!("in a font"));
        assert!(!state.exporting);
        let notice = state.notices.last().expect("a notice");
        assert!(notice.level == Level::Error && notice.text.contains("fault of Pellucid"), "{}", notice.text);
    }

    #[test]
    fn a_listing_that_panics_ends_the_scan() {
        let state = after(State { scanning: true, ..viewer() }, Message::ScanFailed, |_| panic!("in a header"));
        assert!(!state.scanning && state.notices.iter().any(|n| n.text.contains("could not be listed")));
    }

    #[test]
    fn a_job_that_ends_by_itself_says_only_what_it_says() {
        let state = after(viewer(), Message::Failed, |say| say.tell(Message::Models(vec!["mine".into()])));
        assert_eq!(state.models, ["mine"]);
        assert!(state.notices.is_empty());
    }
}
