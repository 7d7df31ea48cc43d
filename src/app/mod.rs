//! The viewer.
//!
//! ```text
//! ui(&State) ──► Vec<Command> ──► update::apply(&mut State) ──► Vec<Effect> ──► services (threads)
//!                                 events::on_event, on_message ◄──── Event, Message ────┘
//! ```
//!
//! Panels only read; [`update`] and [`events`] are the only places that change [`state::State`] and know no egui; effects are
//! carried out on threads of their own, so no frame waits on anything.

pub mod catalogue;
pub mod command;
pub mod effect;
pub mod events;
pub mod impression;
pub mod jobs;
pub mod keymap;
pub mod layout;
mod lettering;
pub mod maps;
mod once;
pub mod panels;
pub mod pyramid;
pub mod said;
mod services;
pub mod settings;
mod sources;
pub mod state;
pub mod sure;
pub mod theme;
pub mod thumbnails;
pub mod training;
pub mod trust;
pub mod ui;
pub mod update;
pub mod view;
pub mod viewport;
mod views;
pub mod weights;
pub mod widgets;

use std::path::PathBuf;
use std::time::Instant;

use crate::network::device::DeviceChoice;
use command::Command;
use effect::Effect;
use once::Once;
use services::Services;
use state::{Settings, State};
use thumbnails::Thumbnails;
use viewport::pictures::Pictures;

/// How the viewer starts.
#[derive(Clone, Debug, Default)]
pub struct ViewerOptions {
    /// Files and folders to open.
    pub paths: Vec<PathBuf>,
    /// Open the computed phantom.
    pub demo: bool,
    /// Write a picture of the window here once the first result stands, and exit.
    pub screenshot: Option<PathBuf>,
    /// Write the report into this folder once the first result stands, and exit.
    pub smoke: Option<PathBuf>,
    /// Further models, by name or folder, that are asked beside each one with their labels.
    pub ensemble: Vec<String>,
    /// Name of the model, or its folder; empty to have the one that fits chosen for each image.
    pub model: String,
    pub device: DeviceChoice,
    /// Size of the window in points; `None` for the usual one.
    pub size: Option<[f32; 2]>,
}

/// Opens the window and returns when it is closed.
pub fn run(options: ViewerOptions) -> anyhow::Result<()> {
    refuse_without_display()?;
    let size = options.size.unwrap_or([1280.0, 800.0]);
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Pellucid")
            .with_app_id("pellucid")
            .with_inner_size(size)
            .with_min_inner_size([800.0, 500.0]),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    let once = Once::of(&options);
    let outcome = once.as_ref().map(Once::outcome);
    eframe::run_native("pellucid", native, Box::new(|cc| Ok(Box::new(App::new(&cc.egui_ctx, options, once)))))
        .map_err(|e| {
            anyhow::anyhow!(
                "the window could not be opened ({e}); `pellucid predict` and `pellucid report` work without one"
            )
        })?;
    outcome.map_or(Ok(()), |outcome| outcome.take())
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

/// The application: state, threads, textures.
struct App {
    state: State,
    services: Services,
    pictures: Pictures,
    thumbnails: Thumbnails,
    once: Option<Once>,
}

impl App {
    fn new(ctx: &egui::Context, options: ViewerOptions, once: Option<Once>) -> Self {
        // A run for a picture or a test neither depends on the reader's settings nor changes them.
        let path = if once.is_some() { None } else { settings::path() };
        let (settings, sentence) = path.as_deref().map_or((Settings::default(), None), settings::read);
        let mut state = State::new(settings, &options.model, &options.device.to_string());
        if let Some(folder) = &options.smoke {
            state.settings.report_folder = Some(folder.clone());
        }
        if !options.ensemble.is_empty() {
            state.options.source = crate::uncertainty::Source::Ensemble;
        }
        let services = Services::start(ctx, &options, path);
        if let Some(sentence) = sentence {
            services.say().tell(effect::Message::Failed(sentence));
        }
        let mut app = Self { state, services, pictures: Pictures::default(), thumbnails: Thumbnails::start(ctx), once };
        if options.demo || options.smoke.is_some() {
            app.carry_out(Command::OpenDemo);
        }
        app.carry_out(Command::OpenPaths(options.paths));
        app
    }

    fn carry_out(&mut self, command: Command) {
        let effects = update::apply(&mut self.state, command);
        self.all(effects);
    }

    fn all(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.services.carry_out(effect);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        for event in self.services.events() {
            let effects = events::on_event(&mut self.state, event);
            self.all(effects);
        }
        for message in self.services.messages() {
            let effects = events::on_message(&mut self.state, message);
            self.all(effects);
        }
        let leaving = ctx.input(|i| i.viewport().close_requested());
        if leaving && !self.services.is_leaving() && !training::update::may_close(&mut self.state) {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
        }
        self.thumbnails.receive(ctx);
        let waits =
            [events::on_time(&mut self.state, Instant::now()), self.services.keep_settings(&self.state.settings)];
        if let Some(wait) = waits.into_iter().flatten().min() {
            ctx.request_repaint_after(wait);
        }
        let commands = self.once.as_mut().map_or(Vec::new(), |once| once.step(ctx, &self.state));
        for command in commands {
            self.carry_out(command);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let commands = ui::screen(ui, &self.state, &mut self.pictures, &self.thumbnails);
        if !commands.is_empty() {
            // What was drawn is the state before them.
            ui.ctx().request_repaint();
        }
        for command in commands {
            self.carry_out(command);
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.services.close(&self.state.settings);
    }
}
