//! What stands on a desk: windows on a screen, pages, terminals, tables, charts. Some hold a small
//! copy of a wanted image, as a viewer, a paper or a file manager would; the whole is none all the
//! same.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::training::gate::canvas::{Canvas, between, happens};
use crate::training::gate::small_image::SmallImage;

/// A rectangle in fractions of the side: left, top, width, height.
type Area = (f32, f32, f32, f32);

/// Paper and ink of one theme.
#[derive(Clone, Copy)]
struct Theme {
    ground: f32,
    ink: f32,
}

impl Theme {
    fn drawn(rng: &mut ChaCha8Rng) -> Self {
        if happens(rng, 0.5) {
            Self { ground: between(rng, 0.85, 1.0), ink: between(rng, 0.0, 0.25) }
        } else {
            Self { ground: between(rng, 0.0, 0.25), ink: between(rng, 0.7, 1.0) }
        }
    }

    /// A grey near the ground, for bars and buttons.
    fn shade(self, rng: &mut ChaCha8Rng) -> f32 {
        self.ground + (self.ink - self.ground) * between(rng, 0.05, 0.35)
    }
}

fn fill(c: &mut Canvas, (x, y, w, h): Area, value: f32) {
    c.polygon(&[(x, y), (x + w, y), (x + w, y + h), (x, y + h)], value);
}

/// Lines of words; each line `height` high.
fn lines(c: &mut Canvas, (x0, y0, w, h): Area, height: f32, ink: f32, rng: &mut ChaCha8Rng) {
    let mut y = y0;
    while y + height < y0 + h {
        let end = x0 + w * if happens(rng, 0.25) { between(rng, 0.2, 0.9) } else { 1.0 };
        let mut x = x0 + if happens(rng, 0.15) { 2.0 * height } else { 0.0 };
        while x < end {
            let word = height * between(rng, 0.4, 3.0);
            fill(c, (x, y, word.min(end - x), height * between(rng, 0.35, 0.6)), ink);
            x += word + 0.4 * height;
        }
        y += height * if happens(rng, 0.1) { 2.2 } else { 1.15 };
    }
}

/// An image within a window.
fn inset(c: &mut Canvas, (x0, y0, w, h): Area, image: &SmallImage) {
    let n = image.size;
    c.each(|x, y, v| {
        let (u, t) = ((x - x0) / w, (y - y0) / h);
        if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&t) {
            let at = |part: f32| ((part * n as f32) as usize).min(n - 1);
            f32::from(image.greys[at(t) * n + at(u)]) / 255.0
        } else {
            v
        }
    });
}

fn table(c: &mut Canvas, (x0, y0, w, h): Area, theme: Theme, rng: &mut ChaCha8Rng) {
    let (row, column) = (between(rng, 0.025, 0.06), between(rng, 0.06, 0.2));
    let rule = theme.shade(rng);
    let mut y = y0;
    while y < y0 + h {
        fill(c, (x0, y, w, 0.003), rule);
        let mut x = x0;
        while x < x0 + w {
            if happens(rng, 0.8) {
                let number = (0.8 * column * rng.random::<f32>()).min(x0 + w - x);
                fill(c, (x + 0.1 * column, y + 0.3 * row, number, 0.4 * row), theme.ink);
            }
            x += column;
        }
        y += row;
    }
    for i in 0..=(w / column) as usize {
        fill(c, (x0 + i as f32 * column, y0, 0.003, h), rule);
    }
}

/// Bars, a curve or dots between axes.
fn plot(c: &mut Canvas, (x0, y0, w, h): Area, theme: Theme, rng: &mut ChaCha8Rng) {
    fill(c, (x0, y0, w, h), theme.ground);
    let ink = theme.ground + (theme.ink - theme.ground) * between(rng, 0.4, 1.0);
    let count = rng.random_range(4..20);
    match rng.random_range(0..3) {
        0 => {
            let wide = w / count as f32;
            for i in 0..count {
                let high = h * rng.random::<f32>();
                fill(c, (x0 + i as f32 * wide, y0 + h - high, 0.7 * wide, high), ink);
            }
        }
        1 => {
            let step = |i: usize| x0 + w * i as f32 / count as f32;
            let points: Vec<(f32, f32)> = (0..=count).map(|i| (step(i), y0 + h * rng.random::<f32>())).collect();
            c.tube(&points, (0.006, 0.006), ink - theme.ground, 0.0);
        }
        _ => {
            for _ in 0..6 * count {
                let at = (x0 + w * rng.random::<f32>(), y0 + h * rng.random::<f32>());
                fill(c, (at.0, at.1, 0.012, 0.012), ink);
            }
        }
    }
    fill(c, (x0, y0, 0.006, h), theme.ink);
    fill(c, (x0, y0 + h, w, 0.006), theme.ink);
}

fn window(c: &mut Canvas, area: Area, theme: Theme, image: Option<&SmallImage>, rng: &mut ChaCha8Rng) {
    let (x, y, w, h) = area;
    let bar = between(rng, 0.025, 0.05);
    fill(c, area, theme.ground);
    let shade = theme.shade(rng);
    fill(c, (x, y, w, bar), shade);
    let inner = (x + 0.02, y + bar + 0.02, (w - 0.04).max(0.02), (h - bar - 0.04).max(0.02));
    let height = between(rng, 0.016, 0.035);
    match (image, rng.random_range(0..6)) {
        (Some(image), 0..4) => {
            // The image beside a column of words.
            let side = between(rng, 0.5, 0.95) * inner.2.min(inner.3);
            inset(c, (inner.0 + inner.2 - side, inner.1, side, side * between(rng, 0.85, 1.0)), image);
            lines(c, (inner.0, inner.1, (inner.2 - side - 0.02).max(0.0), inner.3), height, theme.ink, rng);
        }
        (_, 4) => table(c, inner, theme, rng),
        (_, 5) => plot(c, inner, theme, rng),
        (_, 3) => {
            let button = theme.shade(rng);
            for i in 0..rng.random_range(2..12) {
                let (column, row) = ((i % 3) as f32, (i / 3) as f32);
                fill(c, (inner.0 + 0.14 * column, inner.1 + 0.07 * row, 0.11, 0.045), button);
                fill(c, (inner.0 + 0.14 * column + 0.02, inner.1 + 0.07 * row + 0.018, 0.06, 0.01), theme.ink);
            }
        }
        _ => lines(c, inner, height, theme.ink, rng),
    }
}

/// A screen with its windows.
pub(super) fn screen(side: usize, image: Option<&SmallImage>, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, between(rng, 0.05, 0.95));
    if happens(rng, 0.3) {
        let (size, depth) = (between(rng, 0.3, 1.0), between(rng, 0.05, 0.4));
        c.clouds(rng, size, 3, 0.5, depth);
    }
    let theme = Theme::drawn(rng);
    for i in 0..rng.random_range(1..6) {
        let (w, h) = (between(rng, 0.25, 1.0), between(rng, 0.25, 1.0));
        let area = ((1.0 - w) * rng.random::<f32>(), (1.0 - h) * rng.random::<f32>(), w, h);
        let own = if happens(rng, 0.8) { theme } else { Theme::drawn(rng) };
        window(&mut c, area, own, image.filter(|_| i == 0 || happens(rng, 0.3)), rng);
    }
    let bar = between(rng, 0.03, 0.07);
    let top = if happens(rng, 0.6) { 1.0 - bar } else { 0.0 };
    let shade = theme.shade(rng);
    fill(&mut c, (0.0, top, 1.0, bar), shade);
    for i in 0..rng.random_range(2..9) {
        fill(&mut c, (0.02 + 0.06 * i as f32, top + 0.2 * bar, 0.035, 0.6 * bar), theme.ink);
    }
    c
}

/// A page of words, in columns, with an image, a table or a chart now and then; or a terminal.
pub(super) fn page(side: usize, image: Option<&SmallImage>, rng: &mut ChaCha8Rng) -> Canvas {
    let theme = Theme::drawn(rng);
    let mut c = Canvas::new(side, theme.ground);
    let (margin, height) = (between(rng, 0.02, 0.12), between(rng, 0.014, 0.05));
    let columns = rng.random_range(1..4);
    let wide = (1.0 - 2.0 * margin) / columns as f32;
    for i in 0..columns {
        let end = if happens(rng, 0.8) { 1.0 } else { between(rng, 0.3, 1.0) };
        let area = (margin + i as f32 * wide, margin, wide - 0.02, (1.0 - 2.0 * margin) * end);
        lines(&mut c, area, height, theme.ink, rng);
    }
    let (w, h) = (between(rng, 0.2, 0.6), between(rng, 0.2, 0.5));
    let area = (between(rng, 0.0, 1.0 - w), between(rng, 0.0, 1.0 - h), w, h);
    match (image, rng.random_range(0..8)) {
        (Some(image), 0..4) => inset(&mut c, area, image),
        (_, 4) => table(&mut c, area, theme, rng),
        (_, 5) => plot(&mut c, area, theme, rng),
        _ => {}
    }
    c
}

/// One chart, or four.
pub(super) fn chart(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let theme = Theme::drawn(rng);
    let mut c = Canvas::new(side, theme.shade(rng));
    let parts = if happens(rng, 0.6) { 1 } else { 2 };
    let size = 1.0 / parts as f32;
    for i in 0..parts * parts {
        let at = ((i % parts) as f32 * size, (i / parts) as f32 * size);
        plot(&mut c, (at.0 + 0.12 * size, at.1 + 0.1 * size, 0.8 * size, 0.75 * size), theme, rng);
        fill(&mut c, (at.0 + 0.3 * size, at.1 + 0.03 * size, 0.4 * size, 0.03 * size), theme.ink);
    }
    c
}
