//! Carries out effects, each as a [job](super::jobs). The interface never waits.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::engine::worker::Engine;
use crate::engine::{Event, Generation, Request};
use crate::network::registry;
use crate::network::shelf::Shelf;
use crate::panic_guard::guarded;
use crate::study::{Catalogue, ImageEntry};

use super::ViewerOptions;
use super::effect::{Effect, Message};
use super::jobs::{Jobs, Say};
use super::settings;
use super::sources;
use super::state::Settings;
use super::training::news::{News, Work};
use super::training::state::Folder;
use super::training::{prepare, records, runner};
use crate::training::control::Control;

/// A dialog that answers "nothing" sooner than this was never seen by anybody.
const NO_DIALOG: Duration = Duration::from_millis(400);
/// A run that is stopped with the window gets so long to put its files away.
const PARTING: Duration = Duration::from_secs(3);
/// Settings are written this long after the last change.
const SETTLED: Duration = Duration::from_secs(1);

/// A frame that somebody wants to see.
struct Wanted {
    generation: Generation,
    entry: Arc<ImageEntry>,
    index: u32,
}

/// The threads behind the interface.
pub struct Services {
    ctx: egui::Context,
    engine: Option<Engine>,
    loader: Sender<Wanted>,
    /// Set to stop listing files.
    scanning: Arc<AtomicBool>,
    jobs: Jobs,
    /// Where settings are kept; `None` while they are not to be kept.
    settings: Option<PathBuf>,
    changed: Option<Instant>,
    /// The run that goes on, or went on last.
    run: Option<(Arc<Control>, thread::JoinHandle<()>)>,
    leaving: bool,
}

impl Services {
    /// Starts the engine, which loads the model of `options` or, where none is named, chooses one for each image; and the loading
    /// thread.
    pub fn start(ctx: &egui::Context, options: &ViewerOptions, settings: Option<PathBuf>) -> Self {
        let (loader, wanted) = unbounded();
        let mut services = Self {
            ctx: ctx.clone(),
            engine: None,
            loader,
            scanning: Arc::default(),
            jobs: Jobs::new(ctx),
            settings,
            changed: None,
            run: None,
            leaving: false,
        };
        services.jobs.run("pellucid-load", Message::Failed, move |say| load_frames(&wanted, say));
        services.jobs.run("pellucid-models", Message::Failed, sources::tell_models);
        let wake = ctx.clone();
        let shelf = Shelf::new(options.device).with_ensemble(&options.ensemble).unwrap_or_else(|e| {
            services.say().tell(Message::Failed(format!("There is no ensemble: {e}")));
            Shelf::new(options.device)
        });
        match Engine::spawn(shelf, move || wake.request_repaint()) {
            Ok(engine) => {
                engine.send(match options.model.as_str() {
                    "" => Request::Automatic { first: registry::DEFAULT.to_owned() },
                    name => Request::LoadModel { name: name.to_owned() },
                });
                services.engine = Some(engine);
            }
            Err(e) => services.say().tell(Message::Failed(format!("The worker could not be started: {e}"))),
        }
        services
    }

    /// What the engine has said since the last call.
    pub fn events(&self) -> Vec<Event> {
        self.engine.as_ref().map(|e| e.events().try_iter().collect()).unwrap_or_default()
    }

    /// What the threads have said since the last call.
    pub fn messages(&self) -> Vec<Message> {
        self.jobs.messages()
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
                let answer = rfd::AsyncFileDialog::new().set_title("Open images").pick_files();
                self.dialog(
                    async move {
                        answer
                            .await
                            .map(|f| Message::FilesChosen(Some(f.iter().map(|f| f.path().to_owned()).collect())))
                    },
                    Message::FilesChosen(None),
                );
            }
            Effect::AskForFolder => {
                let answer = rfd::AsyncFileDialog::new().set_title("Open a folder of images").pick_folder();
                self.dialog(
                    async move { answer.await.map(|f| Message::FilesChosen(Some(vec![f.path().to_owned()]))) },
                    Message::FilesChosen(None),
                );
            }
            Effect::AskForReportFolder => {
                let answer = rfd::AsyncFileDialog::new().set_title("Folder for reports").pick_folder();
                self.dialog(
                    async move { answer.await.map(|f| Message::ReportFolderChosen(Some(f.path().to_owned()))) },
                    Message::ReportFolderChosen(None),
                );
            }
            Effect::AskForWeights => {
                let answer = rfd::AsyncFileDialog::new().set_title("Published weights").pick_file();
                self.dialog(
                    async move { answer.await.map(|f| Message::WeightsChosen(Some(f.path().to_owned()))) },
                    Message::WeightsChosen(None),
                );
            }
            Effect::Import(request) => {
                self.jobs.run(
                    "pellucid-import",
                    |why| Message::Imported(Err(why)),
                    move |say| {
                        say.tell(Message::Imported(sources::import(&request)));
                        sources::tell_models(say);
                    },
                );
            }
            Effect::Scan { paths, open } => {
                let cancel = self.scanning.clone();
                let work = move |say: &Say| say.scanned(&open, &paths.clone(), paths, &cancel);
                self.jobs.run("pellucid-scan", Message::ScanFailed, work);
            }
            Effect::CancelScan => {
                self.scanning.store(true, Ordering::Relaxed);
                self.scanning = Arc::default();
            }
            Effect::MakeDemo => {
                let cancel = self.scanning.clone();
                self.jobs.run("pellucid-demo", Message::DemoFailed, move |say| match sources::demo() {
                    // A computed image is no file of the reader's: it stays out of the recent list.
                    Ok(path) => say.scanned(&Catalogue::default(), &[path], Vec::new(), &cancel),
                    Err(reason) => say.tell(Message::DemoFailed(reason)),
                });
            }
            Effect::LoadFrame { generation, entry, index } => {
                // The thread lives as long as this sender: nothing is lost.
                let _ = self.loader.send(Wanted { generation, entry, index });
            }
            Effect::WriteReport { case, folder } => {
                self.jobs.run(
                    "pellucid-report",
                    |why| Message::ReportWritten(Err(why)),
                    move |say| {
                        say.tell(Message::ReportWritten(sources::export(&case, &folder)));
                    },
                );
            }
            Effect::OpenExternally(path) => self.jobs.run("pellucid-open", Message::Failed, move |say| {
                if let Err(e) = open::that_detached(&path) {
                    say.tell(Message::Failed(format!("The desktop could not open {}: {e}", path.display())));
                }
            }),
            Effect::SaveSettings => self.changed = Some(Instant::now()),
            Effect::ToggleFullscreen => {
                let full = self.ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                self.ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!full));
            }
            Effect::Train(work) => self.train(work),
            Effect::Quit => {
                self.leaving = true;
                self.ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    /// True once the window is to be closed whatever goes on.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    fn train(&mut self, work: Work) {
        let control = self.run.as_ref().map(|(control, _)| control.clone());
        match work {
            Work::AskForConfiguration => {
                let asked = rfd::AsyncFileDialog::new().set_title("Configuration of a training run");
                let answer = asked.add_filter("TOML", &["toml"]).pick_file();
                let chosen = |path| Message::Training(News::ConfigurationChosen(path));
                self.dialog(async move { answer.await.map(|f| chosen(Some(f.path().to_owned()))) }, chosen(None));
            }
            Work::AskForFolder(folder) => {
                let title = match folder {
                    Folder::Data => "Folder of the data",
                    Folder::Out => "Folder of the run",
                    Folder::Runs => "Folder of a run, or of several",
                };
                let answer = rfd::AsyncFileDialog::new().set_title(title).pick_folder();
                let chosen = move |path| Message::Training(News::FolderChosen(folder, path));
                self.dialog(async move { answer.await.map(|f| chosen(Some(f.path().to_owned()))) }, chosen(None));
            }
            Work::Read { number, path } => {
                let failed = move |why| Message::Training(News::Read { number, result: Err(why) });
                self.jobs.run("pellucid-configuration", failed, move |say| {
                    say.news(News::Read { number, result: prepare::plan(&path).map(Box::new) });
                });
            }
            Work::List { number, plan } => {
                let failed = move |why| Message::Training(News::Listed { number, result: Err(why) });
                self.jobs.run("pellucid-list", failed, move |say| {
                    say.news(News::Listed { number, result: prepare::list(&plan) });
                });
            }
            Work::ReadRuns(folders) => self.jobs.run("pellucid-runs", Message::Failed, move |say| {
                say.news(News::Runs(records::read_all(&prepare::runs_folder(), &folders)));
            }),
            Work::Start { plan, resume } => self.begin(plan, resume),
            Work::Pause => control.iter().for_each(|c| c.pause()),
            Work::Resume => control.iter().for_each(|c| c.resume()),
            Work::Stop => control.iter().for_each(|c| c.stop()),
        }
    }

    fn begin(&mut self, plan: Box<prepare::Plan>, resume: bool) {
        let (control, say) = (Arc::new(Control::default()), self.say());
        let own = control.clone();
        let work = move || {
            if let Err(fault) = guarded(|| runner::run(&plan, resume, &own, &|news| say.news(news))) {
                say.news(News::Over { result: Err(fault.to_string()), kept: None });
            }
        };
        match thread::Builder::new().name("pellucid-train".into()).spawn(work) {
            Ok(handle) => self.run = Some((control, handle)),
            Err(e) => {
                let result = Err(format!("the system gave no thread: {e}"));
                self.say().news(News::Over { result, kept: None });
            }
        }
    }

    /// Writes changed settings once they have settled; yields the time until then.
    pub fn keep_settings(&mut self, settings: &Settings) -> Option<Duration> {
        let left = SETTLED.saturating_sub(self.changed?.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        self.changed = None;
        if let Some(path) = self.settings.clone() {
            let settings = settings.clone();
            self.jobs.run("pellucid-settings", Message::Failed, move |say| {
                if let Err(e) = settings::write(&path, &settings) {
                    say.tell(Message::Failed(e.to_string()));
                }
            });
        }
        None
    }

    /// Ends a run after its step, and writes changed settings now, at the end.
    pub fn close(&mut self, settings: &Settings) {
        if let Some((control, handle)) = self.run.take() {
            control.stop();
            // A file that is being written is renamed when it is whole: what waits here is only tidier.
            let patience = Instant::now();
            while !handle.is_finished() && patience.elapsed() < PARTING {
                thread::sleep(Duration::from_millis(20));
            }
        }
        if let (Some(path), Some(_)) = (&self.settings, self.changed.take())
            && let Err(e) = settings::write(path, settings)
        {
            log::warn!("{e}");
        }
    }

    /// Where threads speak.
    pub fn say(&self) -> Say {
        self.jobs.say()
    }

    /// Waits for a dialog on a thread of its own.
    fn dialog(&self, answer: impl Future<Output = Option<Message>> + Send + 'static, unseen: Message) {
        // A dialog that fails was seen by nobody.
        let failed = {
            let unseen = unseen.clone();
            move |_| unseen.clone()
        };
        self.jobs.run("pellucid-dialog", failed, move |say| {
            let asked = Instant::now();
            let answer = wait_for(answer);
            let nothing = if asked.elapsed() < NO_DIALOG { unseen } else { Message::DialogCancelled };
            say.tell(answer.unwrap_or(nothing));
        });
    }
}

/// Loads what was asked for last; what was asked for in between is no longer wanted.
fn load_frames(wanted: &Receiver<Wanted>, say: &Say) {
    while let Ok(first) = wanted.recv() {
        let Wanted { generation, entry, index } = wanted.try_iter().last().unwrap_or(first);
        let result = guarded(|| sources::load(&entry, index)).unwrap_or_else(|fault| Err(fault.to_string()));
        say.tell(Message::FrameLoaded { generation, result });
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_is_woken_by_another_thread_ends() {
        let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
        thread::spawn(move || receiver.recv().unwrap().wake());
        let mut polled = false;
        let value = wait_for(std::future::poll_fn(|cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(7);
            }
            sender.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        assert_eq!(value, 7);
    }
}
