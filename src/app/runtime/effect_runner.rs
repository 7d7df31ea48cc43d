//! Carries out effects, each as a job on a thread. The interface never waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::frame_loader::{self, FrameRequest};
use super::job_threads::{JobThreads, MessageSender};
use super::keeping_thread::KeepingThread;
use super::measuring::MeasuringRunner;
use super::options::ViewerOptions;
use super::precedence::Precedence;
use super::prefetcher::Prefetcher;
use super::published::PublishedRunner;
use super::results::ResultRunner;
use super::settings_keeper::SettingsKeeper;
use super::slot_loader::{self, SlotRequest};
use super::training::TrainingRunner;
use super::worklist::WorklistRunner;
use super::{
    audit, comparing, dialogs, dicom_export, feedback, hanging_file, impressions, jobs, lung_finder, parts_of_image,
    screenshot, settings_file,
};
use crate::app::state::{Preferences, Reason};
use crate::app::update::audit_effect::AuditEffect;
use crate::app::update::effect::Effect;
use crate::app::update::feedback_effect::FeedbackEffect;
use crate::app::update::impression_effect::ImpressionEffect;
use crate::app::update::message::Message;
use crate::app::update::what_if_effect::{PartsFound, WhatIfEffect};
use crate::audit::journal::of_this_account;
use crate::cancel::CancelToken;
use crate::engine::worker::Engine;
use crate::engine::{Event, Request};
use crate::language::{text, tr};
use crate::measurement::store;
use crate::model::cache::ModelCache;
use crate::model::registry;
use crate::reader_study::journal::Journal;
use crate::reader_study::record::Record;
use crate::report::impression_store;
use crate::study::{Catalogue, Frame, tag_list};

/// Changed preferences are written this long after the first change that is not written yet.
const SOON: Duration = Duration::from_millis(500);

/// The threads behind the interface.
pub struct EffectRunner {
    ctx: egui::Context,
    engine: Option<Engine>,
    loader: Sender<FrameRequest>,
    slots: Sender<SlotRequest>,
    lungs: Sender<Arc<Frame>>,
    prefetcher: Prefetcher,
    precedence: Precedence,
    /// Stops the listing of files.
    scanning: CancelToken,
    jobs: JobThreads,
    /// Keeps preferences; `None` while they are not to be kept.
    settings: Option<SettingsKeeper>,
    changed: Option<Instant>,
    measuring: MeasuringRunner,
    impressions: KeepingThread<ImpressionEffect>,
    feedback: KeepingThread<FeedbackEffect>,
    audit: KeepingThread<AuditEffect>,
    /// Stops a comparison of models.
    comparing: CancelToken,
    training: TrainingRunner,
    published: PublishedRunner,
    worklist: WorklistRunner,
    results: ResultRunner,
    /// The results of a reader, while a study is read.
    journal: Option<Arc<Mutex<Journal>>>,
    leaving: bool,
}

impl EffectRunner {
    /// What work ahead gives way to.
    #[must_use]
    pub fn precedence(&self) -> Precedence {
        self.precedence.clone()
    }

    /// Starts the engine, which loads the model of `options` or, where none is named, chooses one
    /// for each image; and the loading thread.
    ///
    /// `settings` is where preferences are kept, and what was read from there.
    pub fn start(ctx: &egui::Context, options: &ViewerOptions, settings: Option<(PathBuf, &Preferences)>) -> Self {
        let (jobs, precedence) = (JobThreads::new(ctx), Precedence::default());
        // What a run for a screenshot measures is not kept either.
        let measurements = settings.as_ref().and_then(|_| store::folder());
        let written = settings.as_ref().and_then(|_| impression_store::folder());
        let answers = settings.as_ref().and_then(|_| crate::feedback::store::folder());
        let journal = settings.as_ref().and_then(|_| of_this_account());
        let rules = settings.as_ref().map(|(path, _)| hanging_file::beside(path));
        let settings = settings.map(|(path, read)| SettingsKeeper::start(&jobs, path, read));
        let mut runner = Self {
            ctx: ctx.clone(),
            engine: None,
            loader: frame_loader::start(&jobs, options.masks.clone()),
            slots: slot_loader::start(&jobs, options.masks.clone()),
            lungs: lung_finder::start(&jobs, options.masks.clone(), precedence.clone()),
            prefetcher: Prefetcher::start(&jobs, options.masks.as_deref(), &precedence),
            precedence,
            scanning: CancelToken::default(),
            measuring: MeasuringRunner::start(&jobs, measurements),
            results: ResultRunner::start(&jobs),
            impressions: impressions::start(&jobs, written),
            feedback: feedback::start(&jobs, answers),
            audit: audit::start(&jobs, journal),
            comparing: CancelToken::default(),
            jobs,
            settings,
            changed: None,
            training: TrainingRunner::default(),
            published: PublishedRunner::default(),
            journal: None,
            worklist: WorklistRunner::default(),
            leaving: false,
        };
        if let Some(message) = rules.as_deref().and_then(hanging_file::read) {
            runner.jobs.sender().send(message);
        }
        runner.jobs.run("pellucid-models", Message::Failed, jobs::list_models);
        let wake = ctx.clone();
        let models = ModelCache::new(options.device).with_ensemble(&options.ensemble).unwrap_or_else(|e| {
            runner.fail(tr!("There is no ensemble: {}", e));
            ModelCache::new(options.device)
        });
        match Engine::spawn(models, move || wake.request_repaint()) {
            Ok(engine) => {
                engine.send(match options.model.as_str() {
                    "" => Request::Automatic { first: registry::DEFAULT.to_owned() },
                    name => Request::LoadModel { name: name.to_owned() },
                });
                runner.engine = Some(engine);
            }
            Err(e) => runner.fail(tr!("The worker could not be started: {}", e)),
        }
        runner
    }

    /// What the engine has reported since the last call.
    pub fn events(&self) -> Vec<Event> {
        self.engine.as_ref().map(|e| e.events().try_iter().collect()).unwrap_or_default()
    }

    /// What the threads have reported since the last call.
    pub fn messages(&self) -> Vec<Message> {
        self.jobs.messages()
    }

    /// Reports that something failed.
    pub fn fail(&self, words: impl Into<Reason>) {
        self.jobs.sender().send(Message::Failed(words.into()));
    }

    /// Carries out an effect.
    pub fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(request) => {
                if let Some(engine) = &self.engine {
                    engine.send(request);
                }
            }
            Effect::CancelAnalysis => {
                if let Some(engine) = &self.engine {
                    engine.cancel();
                }
            }
            Effect::AskForFiles => {
                let answer = rfd::AsyncFileDialog::new().set_title(text!("Open images")).pick_files();
                let chosen = |files: Vec<rfd::FileHandle>| files.iter().map(|f| f.path().to_owned()).collect();
                let answer = async move { answer.await.map(|files| Message::FilesChosen(Some(chosen(files)))) };
                dialogs::ask(&self.jobs, answer, Message::FilesChosen(None));
            }
            Effect::AskForFolder => {
                let answer = rfd::AsyncFileDialog::new().set_title(text!("Open a folder of images")).pick_folder();
                let answer = async move { answer.await.map(|f| Message::FilesChosen(Some(vec![f.path().to_owned()]))) };
                dialogs::ask(&self.jobs, answer, Message::FilesChosen(None));
            }
            Effect::AskForReportFolder => {
                let answer = rfd::AsyncFileDialog::new().set_title(text!("Folder for reports")).pick_folder();
                let answer =
                    async move { answer.await.map(|f| Message::ReportFolderChosen(Some(f.path().to_owned()))) };
                let usual = settings_file::default_report_folder();
                dialogs::ask(&self.jobs, answer, Message::ReportFolderChosen(usual));
            }
            Effect::AskForWeights => {
                let answer = rfd::AsyncFileDialog::new().set_title(text!("Published weights")).pick_file();
                let answer = async move { answer.await.map(|f| Message::WeightsChosen(Some(f.path().to_owned()))) };
                dialogs::ask(&self.jobs, answer, Message::WeightsChosen(None));
            }
            Effect::Import(request) => {
                let failed = |why| Message::Imported(Err(why));
                self.jobs.run("pellucid-import", failed, move |sender| {
                    sender.send(Message::Imported(jobs::import(&request).map_err(|e| e.to_string().into())));
                    jobs::list_models(sender);
                });
            }
            Effect::Published(effect) => self.published.carry_out(&self.jobs, effect),
            Effect::Worklist(effect) => self.worklist.carry_out(&self.jobs, effect),
            Effect::Scan { paths, open } => {
                let cancel = self.scanning.clone();
                let work = move |sender: &MessageSender| jobs::scan(&open, &paths.clone(), paths, &cancel, sender);
                self.jobs.run("pellucid-scan", Message::ScanFailed, work);
            }
            Effect::CancelScan => {
                self.scanning.cancel();
                self.scanning = CancelToken::default();
            }
            Effect::MakeDemo => {
                let cancel = self.scanning.clone();
                self.jobs.run("pellucid-demo", Message::DemoFailed, move |sender| match jobs::demo() {
                    // A computed image is no file of the reader's: it stays out of the recent list.
                    Ok(path) => jobs::scan(&Catalogue::default(), &[path], Vec::new(), &cancel, sender),
                    Err(error) => sender.send(Message::DemoFailed(Reason::of(&error))),
                });
            }
            Effect::LoadFrame { generation, entry, index, presentations } => {
                // The thread lives as long as this sender: nothing is lost.
                let awaited = self.precedence.awaited();
                let _ = self.loader.send(FrameRequest { generation, entry, index, presentations, awaited });
            }
            Effect::FindLungs(frame) => {
                let _ = self.lungs.send(frame);
            }
            Effect::LoadSlot { slot, serial, wanted } => {
                let _ = self.slots.send(SlotRequest { slot, serial, wanted });
            }
            Effect::Prefetch(frames) => self.prefetcher.plan(frames),
            Effect::ReadTags(path) => {
                let asked = path.clone();
                let failed = move |why| Message::TagsRead(asked.clone(), Err(why));
                self.jobs.run("pellucid-tags", failed, move |sender| {
                    let list = tag_list(&path).map(Arc::new).map_err(|e| Reason::of(&e));
                    sender.send(Message::TagsRead(path, list));
                });
            }
            Effect::WriteReport { case, folder } => {
                let failed = |why| Message::ReportWritten(Err(why));
                self.jobs.run("pellucid-report", failed, move |sender| {
                    sender.send(Message::ReportWritten(jobs::export(&case, &folder).map_err(|e| Reason::of(&e))));
                });
            }
            Effect::CaptureView { folder } => {
                let ctx = self.ctx.clone();
                self.jobs.run(
                    "pellucid-view",
                    |why| Message::ViewSaved(Err(why)),
                    move |sender| {
                        let saved = screenshot::views(&ctx, &folder);
                        sender.send(Message::ViewSaved(saved.map_err(|e| format!("{e:#}").into())));
                    },
                );
            }
            Effect::WriteDicom { case, folder } => {
                let failed = |why| Message::DicomWritten(Err(why));
                self.jobs.run("pellucid-dicom", failed, move |sender| {
                    let written = dicom_export::export(&case, &folder);
                    sender.send(Message::DicomWritten(written.map_err(|e| Reason::of(&e))));
                });
            }
            Effect::OpenExternally(path) => self.jobs.run("pellucid-open", Message::Failed, move |sender| {
                if let Err(e) = open::that_detached(&path) {
                    let words = tr!("The desktop could not open {}: {}", path.display(), e);
                    sender.send(Message::Failed(words.into()));
                }
            }),
            Effect::Results(effect) => self.results.carry_out(&self.jobs, effect),
            Effect::Measure(effect) => self.measuring.carry_out(&self.jobs, effect),
            Effect::WhatIf(WhatIfEffect::FindParts { generation, frame }) => {
                let failed = move |_| Message::PartsFound(PartsFound { generation, parts: None });
                self.jobs.run("pellucid-parts", failed, move |sender| {
                    let parts = Some(Arc::new(parts_of_image::found(&frame)));
                    sender.send(Message::PartsFound(PartsFound { generation, parts }));
                });
            }
            Effect::Audit(effect) => self.audit.carry_out(effect),
            Effect::CompareModels(request) => {
                self.comparing.cancel();
                self.comparing = CancelToken::default();
                let cancel = self.comparing.clone();
                let failed = |why| Message::ModelsCompared(Err(why));
                self.jobs.run("pellucid-compare", failed, move |sender| {
                    comparing::compare(&request, &cancel, sender);
                });
            }
            Effect::StopComparing => self.comparing.cancel(),
            Effect::Feedback(effect) => self.feedback.carry_out(effect),
            Effect::Impression(effect) => self.impressions.carry_out(effect),
            Effect::KeepReading(record) => self.keep_reading(*record),
            Effect::Train(effect) => self.training.carry_out(&self.jobs, effect),
            Effect::SavePreferences => drop(self.changed.get_or_insert_with(Instant::now)),
            Effect::ToggleFullscreen => {
                let full = self.ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                self.ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!full));
            }
            Effect::Quit => {
                self.leaving = true;
                self.ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    /// Results of a reader are kept here from now on.
    pub fn keep_readings(&mut self, journal: Journal) {
        self.journal = Some(Arc::new(Mutex::new(journal)));
    }

    /// Has a reading brought to the disk, and says when it is there.
    fn keep_reading(&self, record: Record) {
        let Some(journal) = self.journal.clone() else { return };
        let failed = |why| Message::ReadingKept(Err(why));
        self.jobs.run("pellucid-reading", failed, move |sender| {
            let kept = journal.lock().unwrap_or_else(PoisonError::into_inner).append(&record);
            sender.send(Message::ReadingKept(kept.map(|()| record.read_at).map_err(|e| Reason::of(&e))));
        });
    }

    /// True once the window is to be closed whatever goes on.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Has changed preferences written; yields the time until then.
    pub fn keep_preferences(&mut self, preferences: &Preferences) -> Option<Duration> {
        let left = SOON.saturating_sub(self.changed?.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        self.changed = None;
        if let Some(keeper) = &self.settings {
            keeper.keep(preferences);
        }
        None
    }

    /// Ends a training run after its step, and writes changed measurements, impressions, answers and
    /// preferences now, at the end.
    pub fn close(&mut self, preferences: &Preferences) {
        self.measuring.close();
        self.impressions.close();
        self.feedback.close();
        self.audit.carry_out(AuditEffect::End);
        self.audit.close();
        self.training.close();
        self.published.close();
        self.worklist.close();
        if let Some(keeper) = &mut self.settings {
            if self.changed.take().is_some() {
                keeper.keep(preferences);
            }
            keeper.close();
        }
    }
}
