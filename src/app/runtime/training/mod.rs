//! Training beside the reading room: configurations are read, images listed, runs started, paused,
//! stopped and compared.
//!
//! The trainer runs on a thread of its own at a lower priority than the window ([`runner`]), so
//! that reading goes on undisturbed while it works.

mod judge;
pub mod prepare;
pub mod records;
pub mod runner;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::dialogs;
use super::job_threads::JobThreads;
use crate::app::state::Reason;
use crate::app::state::training::Folder;
use crate::app::state::training::plan::Plan;
use crate::app::state::training::verdict::Verdict;
use crate::app::update::message::Message;
use crate::app::update::training_effect::{TrainingEffect, TrainingMessage};
use crate::language::text;
use crate::panic_guard::guarded;
use crate::training::run::control::Control;

/// A run that is stopped with the window gets so long to put its files away.
const PARTING: Duration = Duration::from_secs(3);

/// Carries out what the training room asks for.
#[derive(Default)]
pub struct TrainingRunner {
    /// The run that goes on, or went on last.
    run: Option<(Arc<Control>, JoinHandle<()>)>,
}

impl TrainingRunner {
    /// Carries out an effect.
    pub fn carry_out(&mut self, jobs: &JobThreads, effect: TrainingEffect) {
        let control = self.run.as_ref().map(|(control, _)| control.clone());
        match effect {
            TrainingEffect::AskForConfiguration => {
                let asked = rfd::AsyncFileDialog::new().set_title(text!("Configuration of a training run"));
                let answer = asked.add_filter("TOML", &["toml"]).pick_file();
                let chosen = |path| Message::Training(TrainingMessage::ConfigurationChosen(path));
                let answer = async move { answer.await.map(|f| chosen(Some(f.path().to_owned()))) };
                dialogs::ask(jobs, answer, chosen(None));
            }
            TrainingEffect::AskForFolder(folder) => {
                let title = match folder {
                    Folder::Data => text!("Folder of the data"),
                    Folder::Out => text!("Folder of the run"),
                    Folder::Runs => text!("Folder of a run, or of several"),
                    Folder::Images => text!("Folder of images"),
                    Folder::OfConfiguration => text!("Folder of the configuration"),
                };
                let answer = rfd::AsyncFileDialog::new().set_title(title).pick_folder();
                let chosen = move |path| Message::Training(TrainingMessage::FolderChosen(folder, path));
                let answer = async move { answer.await.map(|f| chosen(Some(f.path().to_owned()))) };
                dialogs::ask(jobs, answer, chosen(None));
            }
            TrainingEffect::New { images, family, file } => {
                let answer = |result| Message::Training(TrainingMessage::Made(result));
                jobs.run(
                    "pellucid-new",
                    move |why| answer(Err(why)),
                    move |sender| {
                        let made = prepare::new(&images, family, &file).map(|()| file);
                        sender.send(answer(made.map_err(|e| e.to_string().into())));
                    },
                );
            }
            TrainingEffect::Read { number, path } => {
                let answer = move |result| Message::Training(TrainingMessage::Read { number, result });
                jobs.run(
                    "pellucid-configuration",
                    move |why| answer(Err(why)),
                    move |sender| {
                        let plan = prepare::plan(&path).map(Box::new);
                        sender.send(answer(plan.map_err(|e| e.to_string().into())));
                    },
                );
            }
            TrainingEffect::List { number, plan } => {
                let answer = move |result| Message::Training(TrainingMessage::Listed { number, result });
                jobs.run(
                    "pellucid-list",
                    move |why| answer(Err(why)),
                    move |sender| {
                        sender.send(answer(prepare::list(&plan).map_err(|e| e.to_string().into())));
                    },
                );
            }
            TrainingEffect::ReadRuns(folders) => jobs.run("pellucid-runs", Message::Failed, move |sender| {
                let records = records::read_all(&prepare::runs_folder(), &folders);
                sender.send(Message::Training(TrainingMessage::Runs(records)));
            }),
            TrainingEffect::Judge { plan } => jobs.run(
                "pellucid-verdict",
                |why| Message::Training(TrainingMessage::Judged(Verdict::Failed(why))),
                move |sender| judge::run(&plan, &|message| sender.send(Message::Training(message))),
            ),
            TrainingEffect::Start { plan, resume } => self.begin(jobs, plan, resume),
            TrainingEffect::Pause => control.iter().for_each(|c| c.pause()),
            TrainingEffect::Resume => control.iter().for_each(|c| c.resume()),
            TrainingEffect::Stop => control.iter().for_each(|c| c.stop()),
        }
    }

    fn begin(&mut self, jobs: &JobThreads, plan: Box<Plan>, resume: bool) {
        let (control, sender) = (Arc::new(Control::default()), jobs.sender());
        let own = control.clone();
        let work = move || {
            let send = |message| sender.send(Message::Training(message));
            if let Err(fault) = guarded(|| runner::run(&plan, resume, &own, &send)) {
                send(TrainingMessage::Over { result: Err(Reason::of(&fault)), kept: None });
            }
        };
        match thread::Builder::new().name("pellucid-train".into()).spawn(work) {
            Ok(handle) => self.run = Some((control, handle)),
            Err(e) => {
                let result = Err(format!("the system gave no thread: {e}").into());
                jobs.sender().send(Message::Training(TrainingMessage::Over { result, kept: None }));
            }
        }
    }

    /// Ends a run after its step.
    pub fn close(&mut self) {
        let Some((control, handle)) = self.run.take() else { return };
        control.stop();
        // A file that is being written is renamed when it is whole: what waits here is only tidier.
        let patience = Instant::now();
        while !handle.is_finished() && patience.elapsed() < PARTING {
            thread::sleep(Duration::from_millis(20));
        }
    }
}
