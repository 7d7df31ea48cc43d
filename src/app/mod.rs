//! The viewer, on five floors. A floor sees those below it and none above.
//!
//! ```text
//!   ui/       panels, viewport, widgets: egui       runtime/  effects, jobs, capture: threads
//!        │ reads State, yields Commands                  │ carries out Effects, yields Events and Messages
//!        ▼                                               ▼
//!   update/   the only place that changes the state: Command, Event, Message ──► &mut State ──► Effects
//!   command/  what a reader can ask for, each with its words and its key
//!   state/    the nouns
//! ```
//!
//! `state/`, `command/` and `update/` know no egui and are tested without a window. `ui/` and
//! `runtime/` do not know each other; this file ties them together. Effects are carried out on
//! threads of their own, so no frame waits on anything.

pub mod command;
pub mod runtime;
pub mod state;
pub mod ui;
pub mod update;

use std::path::PathBuf;
use std::time::Instant;

use command::{Command, FileCommand};
use runtime::capture::Capture;
use runtime::effect_runner::EffectRunner;
use runtime::{settings_file, thumbnails};
use state::reading::ReadingRoom;
use state::session::{LEAST_WINDOW, WindowPlace, back_on_screen};
use state::{Preferences, State};
use ui::caches::Caches;
use ui::thumbnails::Thumbnails;
use update::effect::Effect;

use crate::language::{self, tr};
use crate::reader_study::journal::Journal;
use crate::reader_study::plan::PlacedPlan;
use crate::reader_study::record::Record;
use crate::reader_study::{order, standing};

pub use runtime::options::ViewerOptions;
pub use runtime::window_trial::first_frame;

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display, when the window cannot be opened, or when a run for one result ends
/// without it.
pub fn run(options: ViewerOptions) -> anyhow::Result<()> {
    refuse_without_display()?;
    let capture = Capture::of(&options);
    // A run for a screenshot or a test neither depends on the reader's settings nor changes them.
    let path = if capture.is_some() { None } else { settings_file::path() };
    let (preferences, sentence) = path.as_deref().map_or((Preferences::default(), None), settings_file::read);
    let settings = Settings { path, preferences, sentence };
    let native = eframe::NativeOptions {
        viewport: viewport(&options, settings.preferences.window),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    let outcome = capture.as_ref().map(Capture::outcome);
    eframe::run_native(
        "pellucid",
        native,
        Box::new(|cc| Ok(Box::new(App::new(&cc.egui_ctx, options, capture, settings)))),
    )
    .map_err(|e| {
        anyhow::anyhow!(
            "the window could not be opened ({e}); `pellucid predict` and `pellucid report` work without one"
        )
    })?;
    outcome.map_or(Ok(()), |outcome| outcome.take())
}

/// A reader study to be opened: its plan, who reads, and what is read already.
pub struct StudyRun {
    pub study: PlacedPlan,
    pub reader: String,
    pub journal: Journal,
    pub records: Vec<Record>,
}

/// Opens the window of a reader study and returns when it is closed. Of the reader's settings only
/// colours, scale and language are taken, and none are changed.
///
/// # Errors
/// When there is no display, or the window cannot be opened.
pub fn run_study(options: ViewerOptions, run: StudyRun) -> anyhow::Result<()> {
    refuse_without_display()?;
    let (kept, _) = settings_file::path().map_or((Preferences::default(), None), |path| settings_file::read(&path));
    let Preferences { theme, scale, language, .. } = kept;
    let preferences = Preferences { scale, theme, language, ..Preferences::default() };
    let native = eframe::NativeOptions {
        viewport: viewport(&options, None),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    let settings = Settings { path: None, preferences, sentence: None };
    let start = move |cc: &eframe::CreationContext<'_>| {
        let mut app = App::new(&cc.egui_ctx, options, None, settings);
        app.begin_study(run);
        Box::new(app) as Box<dyn eframe::App>
    };
    eframe::run_native("pellucid", native, Box::new(|cc| Ok(start(cc))))
        .map_err(|e| anyhow::anyhow!("the window could not be opened ({e}); readings need one"))
}

/// The window as it was, or as the options ask for.
fn viewport(options: &ViewerOptions, before: Option<WindowPlace>) -> egui::ViewportBuilder {
    let window = egui::ViewportBuilder::default()
        .with_title("Pellucid")
        .with_app_id("pellucid")
        .with_icon(icon())
        .with_min_inner_size(LEAST_WINDOW);
    let place = before.and_then(WindowPlace::restorable).filter(|_| options.size.is_none());
    let Some(place) = place else { return window.with_inner_size(options.size.unwrap_or([1280.0, 800.0])) };
    let window = window.with_inner_size(place.size).with_maximized(place.maximized);
    match place.position {
        Some(position) => window.with_position(position),
        None => window,
    }
}

/// The mark of the program beside its title and in the bar of the desktop.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/packaging/pellucid.png")).unwrap_or_default()
}

/// Whether there is a display to open a window on.
pub fn has_display() -> bool {
    let has = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let unix = cfg!(all(unix, not(target_os = "macos")));
    !unix || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(has)
}

/// A system without a display says so in a sentence instead of in the words of a toolkit.
fn refuse_without_display() -> anyhow::Result<()> {
    if !has_display() {
        anyhow::bail!(
            "there is no display to open a window on; `pellucid predict` and `pellucid report` work without one"
        );
    }
    Ok(())
}

/// The settings as they were read.
struct Settings {
    /// Where they are kept; nothing while they are not to be kept.
    path: Option<PathBuf>,
    preferences: Preferences,
    /// What was wrong with them.
    sentence: Option<String>,
}

/// The application: state, threads, textures.
struct App {
    state: State,
    effects: EffectRunner,
    caches: Caches,
    thumbnails: Thumbnails,
    capture: Option<Capture>,
    /// An image was drawn: said once, so that the time from the start to it can be measured.
    drawn: bool,
    /// The window was looked for on the monitors.
    placed: bool,
}

impl App {
    fn new(ctx: &egui::Context, options: ViewerOptions, capture: Option<Capture>, settings: Settings) -> Self {
        let Settings { path, mut preferences, sentence } = settings;
        let effects = EffectRunner::start(ctx, &options, path.map(|path| (path, &preferences)));
        preferences.scale = options.scale.unwrap_or(preferences.scale);
        preferences.theme = options.theme.unwrap_or(preferences.theme);
        let strange = language::users_folder().map_or_else(Vec::new, |folder| language::add_folder(&folder));
        if let Some(code) = options.language {
            code.clone_into(&mut preferences.language);
        } else if preferences.language.is_empty() && capture.is_none() {
            language::of_system().clone_into(&mut preferences.language);
        }
        language::enter(&preferences.language);
        if let Some(folder) = &options.smoke {
            preferences.report_folder = Some(folder.clone());
        }
        let mut state = State::new(preferences, &options.model, &options.device.to_string());
        if !options.ensemble.is_empty() {
            state.options.source = crate::uncertainty::SampleSource::Ensemble;
        }
        if let Some(sentence) = sentence {
            effects.fail(sentence);
        }
        for (path, error) in strange {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            effects.fail(tr!("The language file {} is not used: {}.", name, error));
        }
        let wake = ctx.clone();
        let thumbnails = Thumbnails::new(thumbnails::start(effects.precedence(), move || wake.request_repaint()));
        let mut app =
            Self { state, effects, caches: Caches::default(), thumbnails, capture, drawn: false, placed: false };
        if options.demo || options.smoke.is_some() {
            app.carry_out(FileCommand::OpenDemo);
        }
        if !options.paths.is_empty() {
            update::offer_last(&mut app.state, &options.paths);
        }
        app.carry_out(FileCommand::OpenPaths(options.paths));
        app
    }

    fn begin_study(&mut self, run: StudyRun) {
        let StudyRun { study, reader, journal, records } = run;
        let images = (0..study.plan.cases.len()).map(|case| study.image(case)).collect();
        let number = study.plan.reader(&reader).unwrap_or_default();
        let schedule = order::schedule(&study.plan, number);
        let last = standing::last(&records);
        let room = ReadingRoom::new(study.plan, images, (reader, schedule), records.len(), last);
        self.effects.keep_readings(journal);
        let effects = update::begin_reading(&mut self.state, room);
        self.run(effects);
    }

    fn carry_out(&mut self, command: impl Into<Command>) {
        let effects = update::apply(&mut self.state, command);
        self.run(effects);
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.effects.carry_out(effect);
        }
    }
}

/// Where the window is, in points at a scale of 1; nothing while it is minimized or has the whole
/// screen.
fn place(ctx: &egui::Context) -> Option<WindowPlace> {
    let scale = ctx.zoom_factor();
    ctx.input(|input| {
        let window = input.viewport();
        if window.minimized == Some(true) || window.fullscreen == Some(true) {
            return None;
        }
        let size = window.inner_rect?.size() * scale;
        let position = window.outer_rect.map(|rect| [rect.left() * scale, rect.top() * scale].map(f32::round));
        let maximized = window.maximized == Some(true);
        WindowPlace { size: [size.x.round(), size.y.round()], position, maximized }.restorable()
    })
}

/// Brings a window back that stands where no monitor is: its place was kept when there was another
/// one. Yields whether it could be looked for.
fn bring_back(ctx: &egui::Context, frame: &eframe::Frame) -> bool {
    let Some(window) = frame.winit_window() else { return false };
    // Where a system does not tell where a window is it does not let it be moved either.
    let Ok(at) = window.outer_position() else { return true };
    let size = window.outer_size();
    let monitors: Vec<_> = window
        .available_monitors()
        .map(|monitor| {
            let (at, size) = (monitor.position(), monitor.size());
            [at.x as f32, at.y as f32, size.width as f32, size.height as f32]
        })
        .collect();
    let place = [at.x as f32, at.y as f32, size.width as f32, size.height as f32];
    if let Some([left, top]) = back_on_screen(place, &monitors) {
        let scale = ctx.pixels_per_point();
        ctx.send_viewport_cmd(egui::ViewportCommand::OuterPosition(egui::pos2(left / scale, top / scale)));
    }
    true
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.placed = self.placed || bring_back(ctx, frame);
        for event in self.effects.events() {
            let effects = update::on_event(&mut self.state, event);
            self.run(effects);
        }
        for message in self.effects.messages() {
            let effects = update::on_message(&mut self.state, message);
            self.run(effects);
        }
        let leaving = ctx.input(|i| i.viewport().close_requested());
        if leaving && !self.effects.is_leaving() && !update::may_close(&mut self.state) {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
        }
        self.thumbnails.receive(ctx);
        if let Some(place) = place(ctx).filter(|_| self.capture.is_none()) {
            let effects = update::on_window(&mut self.state, place);
            self.run(effects);
        }
        let (effects, tick) = update::on_tick(&mut self.state, Instant::now());
        self.run(effects);
        let notices = update::on_time(&mut self.state, Instant::now());
        let waits = [tick, notices, self.effects.keep_preferences(&self.state.preferences)];
        if let Some(wait) = waits.into_iter().flatten().min() {
            ctx.request_repaint_after(wait);
        }
        let commands = self.capture.as_mut().map_or(Vec::new(), |capture| capture.step(ctx, &self.state));
        for command in commands {
            self.carry_out(command);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let commands = ui::screen(ui, &self.state, &mut self.caches, &self.thumbnails);
        if !self.drawn && self.state.drawn().is_some() {
            self.drawn = true;
            log::info!("the first image is drawn");
        }
        if !commands.is_empty() {
            // What was drawn is the state before them.
            ui.ctx().request_repaint();
        }
        for command in commands {
            self.carry_out(command);
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.effects.close(&self.state.preferences);
    }
}
