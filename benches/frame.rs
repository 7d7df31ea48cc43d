//! Time of one frame of the viewer at 1920 × 1080 with a 3000 × 3000 image of 12 bits, while an
//! engine's events stream in and both cores are busy with something else; and of a mammogram of
//! 3,064 × 4,664 with nothing beside it. The real update code and the real screen run, tessellation
//! included; only the graphics card is missing. Budget: 33 ms.
//!
//! `cargo bench --bench frame`

#[path = "../tests/common/viewer.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Context, Pos2, RawInput, Rect, vec2};

use common::{Bench, events, frame};
use pellucid::app::command::{Command, OverlayCommand, ViewCommand};
use pellucid::app::state::Layout;

const BUDGET: Duration = Duration::from_millis(33);

/// A window without a window.
struct Window {
    ctx: Context,
    bench: Bench,
    time: f64,
}

impl Window {
    fn new(width: usize, height: usize) -> Self {
        let mut bench = Bench::with_image(frame(width, height));
        for event in events(bench.state.generation, 100) {
            bench.event(event);
        }
        let mut window = Self { ctx: Context::default(), bench, time: 0.0 };
        for _ in 0..4 {
            window.frame();
        }
        window
    }

    /// One frame: screen, commands, triangles.
    fn frame(&mut self) -> usize {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1920.0, 1080.0))),
            time: Some(self.time),
            ..RawInput::default()
        };
        let bench = &mut self.bench;
        let mut output = self.ctx.run_ui(input, |ui| bench.frame(ui));
        // There is no graphics card to send them to.
        output.textures_delta.clear();
        self.ctx.tessellate(output.shapes, output.pixels_per_point).len()
    }

    /// Events of an analysis, a few a frame, as they come from a worker; a new analysis when they
    /// end.
    fn stream(&mut self, at: usize) {
        let events = events(self.bench.state.generation, 100);
        let of = events.len();
        if let Some(event) = events.into_iter().nth(at % of) {
            self.bench.event(event);
        }
    }
}

/// Two threads that take what processor there is, as a network does.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for i in 0..2 {
            let stop = stop.clone();
            let work = move || {
                let mut x = 1.0_f64 + f64::from(i);
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..10_000 {
                        x = black_box(x * 1.000_001 % 7.0);
                    }
                }
            };
            std::thread::Builder::new().name("load".into()).spawn(work).expect("a thread");
        }
        Self(stop)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Move = fn(&mut Window, usize);

const CASES: [(&str, Move); 5] = [
    ("still, samples streaming", |_, _| {}),
    ("window drag", |w, i| {
        w.bench.command(Command::View(ViewCommand::DragWindow(0, [0.004, if i % 40 < 20 { 0.006 } else { -0.006 }])));
    }),
    ("pan", |w, i| {
        w.bench.command(Command::View(ViewCommand::Pan(
            0,
            [if i % 40 < 20 { 9.0 } else { -9.0 }, 3.0 * ((i % 3) as f32 - 1.0)],
        )));
    }),
    ("zoom", |w, i| {
        w.bench.command(Command::View(ViewCommand::Zoom(
            0,
            if i % 80 < 40 { 1.03 } else { 1.0 / 1.03 },
            [100.0, 50.0],
        )));
    }),
    ("opacity", |w, i| {
        w.bench.command(Command::Overlay(OverlayCommand::SetOpacity((i % 20) as f32 / 20.0)));
    }),
];

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    group.sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    let mut worst = Duration::ZERO;
    let busy = [Layout::SideBySide, Layout::ClassGrid, Layout::Compare].map(|layout| (layout, [3000, 3000], true));
    for (layout, [width, height], loaded) in busy.into_iter().chain([(Layout::Single, [3064, 4664], false)]) {
        for (name, act) in CASES {
            let mut window = Window::new(width, height);
            window.bench.command(Command::View(ViewCommand::SetLayout(layout)));
            let _load = loaded.then(Load::start);
            let mut times = Vec::new();
            let mut at = 0;
            group.bench_function(format!("{layout:?} of {width} × {height}, {name}"), |b| {
                b.iter(|| {
                    let start = Instant::now();
                    window.stream(at);
                    act(&mut window, at);
                    at += 1;
                    let triangles = window.frame();
                    times.push(start.elapsed());
                    triangles
                });
            });
            // A filter of the command line leaves this one out.
            if times.is_empty() {
                continue;
            }
            times.sort();
            let (p99, most) = (times[times.len() * 99 / 100], times[times.len() - 1]);
            println!("    99 % within {p99:.1?}, longest {most:.1?} of {} frames (budget {BUDGET:?})", times.len());
            worst = worst.max(p99);
        }
    }
    group.finish();
    println!(
        "the slowest 99 %: {worst:.1?}; {}",
        if worst <= BUDGET { "within the budget" } else { "OVER the budget" }
    );
}

criterion_group!(benches, frames);
criterion_main!(benches);
