//! The viewer without a window: its own threads, update and screen, triangles included. Only the
//! graphics card is missing.
//!
//! Shared by `stack.rs` and `reading.rs`. A frame takes its time and sleeps for the rest of that of a
//! screen of 60 Hz; or ([`Window::as_asked`]) frames are drawn only when somebody asks for one, as
//! the program draws them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pellucid::app::command::{Command, FileCommand};
use pellucid::app::runtime::effect_runner::EffectRunner;
use pellucid::app::runtime::options::ViewerOptions;
use pellucid::app::runtime::thumbnails;
use pellucid::app::state::{Preferences, ShownImage, State};
use pellucid::app::ui;
use pellucid::app::ui::caches::Caches;
use pellucid::app::ui::thumbnails::Thumbnails;
use pellucid::app::update;

/// A frame of a screen of 60 Hz.
const FRAME: Duration = Duration::from_micros(16_667);
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_mins(4);

/// The viewer without a window.
pub(crate) struct Window {
    pub(crate) state: State,
    pub(crate) caches: Caches,
    ctx: egui::Context,
    effects: EffectRunner,
    thumbnails: Thumbnails,
    began: Instant,
    times: Vec<Duration>,
    /// When the next frame is asked for.
    due: Arc<Mutex<Option<Instant>>>,
}

impl Window {
    /// Opens files and folders, as the command line does.
    pub(crate) fn open(paths: Vec<PathBuf>) -> Self {
        let ctx = egui::Context::default();
        let due: Arc<Mutex<Option<Instant>>> = Arc::default();
        let asked = due.clone();
        ctx.set_request_repaint_callback(move |info| sooner(&asked, info.delay));
        let wake = ctx.clone();
        let options = ViewerOptions::default();
        let effects = EffectRunner::start(&ctx, &options, None);
        let mut window = Self {
            thumbnails: Thumbnails::new(thumbnails::start(effects.precedence(), move || wake.request_repaint())),
            effects,
            ctx,
            state: State::new(Preferences::default(), "", "cpu"),
            caches: Caches::default(),
            began: Instant::now(),
            times: Vec::new(),
            due,
        };
        window.command(FileCommand::OpenPaths(paths));
        window
    }

    pub(crate) fn command(&mut self, command: impl Into<Command>) {
        for effect in update::apply(&mut self.state, command) {
            self.effects.carry_out(effect);
        }
    }

    /// One frame as the program makes it, and the rest of its time asleep.
    pub(crate) fn frame(&mut self) {
        let start = Instant::now();
        self.draw();
        std::thread::sleep(FRAME.saturating_sub(start.elapsed()));
    }

    /// One frame as the program makes it.
    fn draw(&mut self) {
        let start = Instant::now();
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut effects = Vec::new();
        for event in self.effects.events() {
            effects.extend(update::on_event(&mut self.state, event));
        }
        for message in self.effects.messages() {
            effects.extend(update::on_message(&mut self.state, message));
        }
        self.thumbnails.receive(&self.ctx);
        let (ticked, tick) = update::on_tick(&mut self.state, Instant::now());
        effects.extend(ticked);
        let notices = update::on_time(&mut self.state, Instant::now());
        effects.into_iter().for_each(|effect| self.effects.carry_out(effect));
        if let Some(wait) = [tick, notices].into_iter().flatten().min() {
            self.ctx.request_repaint_after(wait);
        }
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1920.0, 1080.0))),
            time: Some(self.began.elapsed().as_secs_f64()),
            ..Default::default()
        };
        let (state, caches, thumbnails) = (&self.state, &mut self.caches, &self.thumbnails);
        let mut commands = Vec::new();
        let mut output = self.ctx.run_ui(input, |root| commands.extend(ui::screen(root, state, caches, thumbnails)));
        output.textures_delta.clear();
        if let Some(root) = output.viewport_output.get(&egui::ViewportId::ROOT) {
            sooner(&self.due, root.repaint_delay);
        }
        let _ = self.ctx.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        if !commands.is_empty() {
            sooner(&self.due, Duration::ZERO);
        }
        commands.into_iter().for_each(|command| self.command(command));
        self.times.push(start.elapsed());
    }

    /// Frames that are asked for within `time`, none of them sooner than the screen shows it.
    pub(crate) fn as_asked(&mut self, time: Duration) -> usize {
        let (start, mut drawn) = (Instant::now(), 0);
        while start.elapsed() < time {
            let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
            if due.is_some_and(|due| due <= Instant::now()) {
                self.frame();
                drawn += 1;
            } else {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        drawn
    }

    /// Frames as they are asked for, until for two seconds nobody asks for one; false where that never
    /// comes.
    pub(crate) fn rest(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.as_asked(Duration::from_secs(2)) == 0 {
                return true;
            }
        }
        false
    }

    pub(crate) fn is_shown(&self) -> bool {
        matches!(self.state.image, ShownImage::Ready(_))
    }

    /// Frames until something holds; `None` where it never does.
    pub(crate) fn until(&mut self, holds: impl Fn(&Self) -> bool) -> Option<Duration> {
        let start = Instant::now();
        while !holds(self) {
            if start.elapsed() > PATIENCE {
                return None;
            }
            self.frame();
        }
        Some(start.elapsed())
    }

    /// Times of the frames since the last call.
    pub(crate) fn times(&mut self) -> String {
        let mut times = std::mem::take(&mut self.times);
        times.sort();
        let at = |part: usize| times.get(times.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
        format!("frame {:.1?} in the middle, 99 % within {:.1?}, longest {:.1?}", at(50), at(99), at(100))
    }

    /// What is kept of images.
    pub(crate) fn memory(&self) -> String {
        let cache = &self.state.stack.cache;
        format!("{} frames, {} of {} MiB", cache.len(), cache.bytes() >> 20, cache.budget() >> 20)
    }
}

/// A frame is asked for after `delay`, unless one is asked for sooner.
fn sooner(due: &Mutex<Option<Instant>>, delay: Duration) {
    let Some(at) = Instant::now().checked_add(delay) else { return };
    let mut due = due.lock().unwrap_or_else(PoisonError::into_inner);
    *due = Some(due.map_or(at, |before| before.min(at)));
}
