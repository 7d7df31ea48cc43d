//! Work that the interface does not wait for: each piece on a named thread, what it yields brought
//! back as messages.
//!
//! Whoever starts a job says with which message it fails. It comes when the job panics or the
//! system gives no thread, so that whatever waits for the job stops waiting: a state that runs
//! until a message ends it would run for ever.

use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::language;
use crate::panic_guard::guarded;

/// Where jobs are started, and where their messages come together.
pub struct JobThreads {
    sender: MessageSender,
    receiver: Receiver<Message>,
}

impl JobThreads {
    /// Nothing runs yet; `ctx` is woken when a job sends something.
    pub fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = unbounded();
        Self { sender: MessageSender { sender, ctx: ctx.clone() }, receiver }
    }

    /// What the jobs have sent since the last call.
    pub fn messages(&self) -> Vec<Message> {
        self.receiver.try_iter().collect()
    }

    /// Where jobs send their messages.
    pub fn sender(&self) -> MessageSender {
        self.sender.clone()
    }

    /// Runs `work` on a thread called `name`; `failed` makes the message that ends it when it
    /// cannot end by itself.
    pub fn run(
        &self,
        name: &str,
        failed: impl Fn(Reason) -> Message + Clone + Send + 'static,
        work: impl FnOnce(&MessageSender) + Send + 'static,
    ) {
        let (sender, panicked) = (self.sender(), failed.clone());
        let language = language::current();
        let job = move || {
            language::enter(language);
            if let Err(fault) = guarded(|| work(&sender)) {
                sender.send(panicked(Reason::of(&fault)));
            }
        };
        if let Err(e) = thread::Builder::new().name(name.into()).spawn(job) {
            self.sender.send(failed(format!("The system gave no thread: {e}.").into()));
        }
    }
}

/// Sends messages to the interface and wakes it.
#[derive(Clone)]
pub struct MessageSender {
    sender: Sender<Message>,
    ctx: egui::Context,
}

impl MessageSender {
    /// Sends a message; once the window is closed nobody listens.
    pub fn send(&self, message: Message) {
        let _ = self.sender.send(message);
        self.ctx.request_repaint();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::state::weights_form::WeightsForm;
    use crate::app::state::{Level, Preferences, State};
    use crate::app::update::on_message;

    /// The state after everything that the job has sent was taken in.
    fn after(mut state: State, failed: fn(Reason) -> Message, work: fn(&MessageSender)) -> State {
        let jobs = JobThreads::new(&egui::Context::default());
        jobs.run("pellucid-test", failed, work);
        let message = jobs.receiver.recv_timeout(Duration::from_secs(10)).expect("a job always reports how it ended");
        on_message(&mut state, message);
        state
    }

    fn viewer() -> State {
        State::new(Preferences::default(), "test", "cpu")
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
    fn a_job_that_ends_by_itself_sends_only_its_own_messages() {
        let state = after(viewer(), Message::Failed, |sender| sender.send(Message::Models(vec!["mine".into()])));
        assert_eq!(state.models, ["mine"]);
        assert!(state.notices.is_empty());
    }
}
