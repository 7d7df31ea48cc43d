//! Shapes that share the outline of an anatomy and none of its inside: rounded rectangles and ovals
//! with soft shading, fields of an endoscope or a fundus camera, heaps of grains.
//!
//! A network that has only seen heads and noise takes every bright shape in the dark for a head.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::training::gate::canvas::{Canvas, bell, between, happens};

/// A closed outline between an ellipse and a rectangle: `|u|ⁿ + |v|ⁿ ≤ 1` (a superellipse).
struct Outline {
    centre: (f32, f32),
    radii: (f32, f32),
    tilt: f32,
    power: f32,
    /// Width of the edge as a part of the radius.
    soft: f32,
}

impl Outline {
    fn drawn(rng: &mut ChaCha8Rng) -> Self {
        Self {
            centre: (0.5 + 0.05 * bell(rng), 0.5 + 0.05 * bell(rng)),
            radii: (between(rng, 0.18, 0.49), between(rng, 0.18, 0.49)),
            tilt: if happens(rng, 0.6) { 0.0 } else { 0.3 * bell(rng) },
            power: if happens(rng, 0.3) { 2.0 } else { between(rng, 2.0, 14.0) },
            soft: if happens(rng, 0.4) { 0.01 } else { between(rng, 0.02, 0.5) },
        }
    }

    fn within(&self, part: f32) -> Self {
        Self { radii: (self.radii.0 * part, self.radii.1 * part), ..*self }
    }

    fn cover(&self, x: f32, y: f32) -> f32 {
        let (sin, cos) = self.tilt.sin_cos();
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let (u, v) = ((cos * dx + sin * dy) / self.radii.0, (cos * dy - sin * dx) / self.radii.1);
        let radius = (u.abs().powf(self.power) + v.abs().powf(self.power)).powf(1.0 / self.power);
        ((1.0 - radius) / self.soft).clamp(0.0, 1.0)
    }
}

/// A rounded shape on an even ground: shaded, rimmed, or with smaller ones inside.
pub(super) fn rounded(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let ground = if happens(rng, 0.75) { between(rng, 0.0, 0.1) } else { rng.random() };
    let mut c = Canvas::new(side, ground);
    let outline = Outline::drawn(rng);
    let mut inside = Canvas::new(side, between(rng, 0.3, 1.0));
    if happens(rng, 0.75) {
        let (a, b, deep) = (0.5 * bell(rng), 0.5 * bell(rng), between(rng, -0.8, 0.8));
        let (x0, y0) = outline.centre;
        inside.each(|x, y, v| v + a * (x - x0) + b * (y - y0) - deep * ((x - x0).powi(2) + (y - y0).powi(2)) * 2.0);
    }
    if happens(rng, 0.35) {
        let (size, depth) = (between(rng, 0.1, 0.6), between(rng, 0.03, 0.25));
        inside.clouds(rng, size, 3, 0.6, depth);
    }
    if happens(rng, 0.4) {
        // A rim, as of a skull, or shells in shells.
        let mut part = 1.0;
        for _ in 0..rng.random_range(1..4) {
            part *= between(rng, 0.7, 0.95);
            let (shell, value) = (outline.within(part), between(rng, 0.0, 1.0));
            let old = inside.values.clone();
            let keep = happens(rng, 0.3);
            inside.each(|x, y, v| v + shell.cover(x, y) * (value - v));
            if keep {
                inside.values.iter_mut().zip(old).for_each(|(v, o)| *v = f32::midpoint(*v, o));
            }
        }
    }
    for _ in 0..if happens(rng, 0.4) { rng.random_range(1..6) } else { 0 } {
        let mut small = Outline::drawn(rng).within(between(rng, 0.15, 0.45));
        small.centre = (outline.centre.0 + 0.12 * bell(rng), outline.centre.1 + 0.12 * bell(rng));
        let value = rng.random::<f32>();
        inside.each(|x, y, v| v + small.cover(x, y) * (value - v));
    }
    let shown = inside.values;
    c.each(|x, y, v| {
        let place = (y * side as f32) as usize * side + (x * side as f32) as usize;
        v + outline.cover(x, y) * (shown[place] - v)
    });
    c
}

/// A lit field in a dark frame: the hollow that an endoscope sees, or the back of an eye.
pub(super) fn scope(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut inside = Canvas::new(side, between(rng, 0.4, 0.7));
    let lumen = (0.5 + 0.15 * bell(rng), 0.5 + 0.15 * bell(rng));
    if happens(rng, 0.65) {
        let (deep, wide) = (between(rng, 0.2, 0.7), between(rng, 0.08, 0.4));
        let (folds, height, phase) = (between(rng, 12.0, 60.0), between(rng, 0.0, 0.15), TAU * rng.random::<f32>());
        let (lobes, uneven) = (rng.random_range(2..7) as f32, between(rng, 0.0, 0.06));
        inside.each(|x, y, v| {
            let (dx, dy) = (x - lumen.0, y - lumen.1);
            let r = dx.hypot(dy) + uneven * (lobes * dy.atan2(dx) + phase).sin();
            v - deep * (-(r / wide).powi(2)).exp() + height * (folds * r).sin() * (1.0 - r).max(0.0)
        });
        for _ in 0..rng.random_range(0..15) {
            let at = (rng.random(), rng.random());
            let r = between(rng, 0.004, 0.025);
            inside.ellipse(at, (r, r * between(rng, 0.4, 1.6)), PI * rng.random::<f32>(), 1.1, 0.5);
        }
    } else {
        // Optic disc, macula, and vessels that leave the disc.
        let disc = between(rng, 0.05, 0.1);
        inside.ellipse(lumen, (disc, disc * 1.1), 0.0, 0.95, 0.4);
        inside.ball((1.0 - lumen.0, lumen.1), (0.12, 0.12), 0.0, -0.15);
        for i in 0..rng.random_range(4..10) {
            let mut angle = TAU * i as f32 / 7.0 + 0.2 * bell(rng);
            let mut at = lumen;
            let mut points = vec![at];
            for _ in 0..8 {
                angle += 0.2 * bell(rng);
                at = (at.0 + 0.06 * angle.cos(), at.1 + 0.06 * angle.sin());
                points.push(at);
            }
            let r = between(rng, 0.005, 0.012);
            inside.tube(&points, (r, 0.4 * r), -0.22, 0.0);
        }
    }
    let (size, depth) = (between(rng, 0.1, 0.5), between(rng, 0.02, 0.2));
    inside.clouds(rng, size, 4, 0.6, depth);
    let frame = Outline {
        centre: (0.5 + 0.02 * bell(rng), 0.5),
        radii: (between(rng, 0.36, 0.62), between(rng, 0.36, 0.62)),
        tilt: 0.0,
        power: if happens(rng, 0.6) { 2.0 } else { between(rng, 4.0, 14.0) },
        soft: between(rng, 0.01, 0.2),
    };
    let vignette = between(rng, 0.0, 1.2);
    inside.each(|x, y, v| frame.cover(x, y) * (v - vignette * ((x - 0.5).powi(2) + (y - 0.5).powi(2))).max(0.0));
    inside
}

/// Many of a kind: grains, coins, cells, bricks.
pub(super) fn heap(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, rng.random());
    let (size, lit) = (between(rng, 0.01, 0.12), between(rng, -1.0, 1.0));
    let tone = between(rng, 0.2, 0.9);
    let round = happens(rng, 0.6);
    let count = (between(rng, 0.4, 2.0) / (size * size)) as usize;
    for _ in 0..count.min(600) {
        let (at, r) = ((rng.random(), rng.random()), size * between(rng, 0.6, 1.4));
        let value = tone + 0.25 * bell(rng);
        if round {
            c.ellipse(at, (r, r * between(rng, 0.7, 1.3)), PI * rng.random::<f32>(), value, 0.3);
            c.ball((at.0 + 0.2 * r, at.1 + 0.2 * r), (0.7 * r, 0.7 * r), 0.0, 0.3 * lit);
        } else {
            let (w, h) = (r, r * between(rng, 0.3, 0.6));
            c.polygon(&[at, (at.0 + w, at.1), (at.0 + w, at.1 + h), (at.0, at.1 + h)], value);
        }
    }
    c
}
