//! Images that are no frontal chest radiograph, made by computation: what the gate learns to refuse.
//!
//! Kinds, not copies: photographs are gradients, shapes and textures; limbs, skulls and pelves are balls and tubes seen
//! through; slices, scans and noise follow their own look. Real pictures of these kinds stay out of the training, so
//! that they can tell how far this carries.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, bell, between, happens};
use crate::imaging::Plane;

/// What a synthetic negative shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Photograph,
    Hand,
    Limb,
    Skull,
    Pelvis,
    LateralChest,
    Slice,
    Ultrasound,
    Vessels,
    Scintigram,
    Noise,
    Graphics,
    Text,
}

/// All kinds.
pub const KINDS: [Kind; 13] = [
    Kind::Photograph,
    Kind::Hand,
    Kind::Limb,
    Kind::Skull,
    Kind::Pelvis,
    Kind::LateralChest,
    Kind::Slice,
    Kind::Ultrasound,
    Kind::Vessels,
    Kind::Scintigram,
    Kind::Noise,
    Kind::Graphics,
    Kind::Text,
];

/// Draws one image of `kind`.
pub fn draw(kind: Kind, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let mut canvas = match kind {
        Kind::Photograph => photograph(side, rng),
        Kind::Hand => hand(side, rng),
        Kind::Limb => limb(side, rng),
        Kind::Skull => skull(side, rng),
        Kind::Pelvis => pelvis(side, rng),
        Kind::LateralChest => lateral_chest(side, rng),
        Kind::Slice => slice(side, rng),
        Kind::Ultrasound => ultrasound(side, rng),
        Kind::Vessels => vessels(side, rng),
        Kind::Scintigram => scintigram(side, rng),
        Kind::Noise => noise(side, rng),
        Kind::Graphics => graphics(side, rng),
        Kind::Text => text(side, rng),
    };
    if happens(rng, 0.35) {
        let sd = between(rng, 0.0, 0.05);
        canvas.grain(rng, sd);
    }
    if happens(rng, 0.1) {
        canvas.values.iter_mut().for_each(|v| *v = -*v);
    }
    canvas.plane()
}

fn spot(rng: &mut ChaCha8Rng) -> (f32, f32) {
    (rng.random(), rng.random())
}

fn photograph(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let (a, b, horizon) = (bell(rng), bell(rng), between(rng, 0.2, 0.9));
    c.each(|x, y, _| 0.5 + 0.3 * a * (x - 0.5) + 0.3 * b * (y - 0.5));
    if happens(rng, 0.5) {
        let (ground, slope) = (between(rng, -0.3, 1.2), 0.2 * bell(rng));
        c.each(|x, y, v| if y > horizon + slope * (x - 0.5) { ground + 0.2 * (y - horizon) } else { v });
    }
    for _ in 0..rng.random_range(1..12) {
        let value = between(rng, -0.2, 1.2);
        let (at, size) = (spot(rng), between(rng, 0.03, 0.4));
        match rng.random_range(0..4) {
            0 => {
                let n = rng.random_range(3..8);
                let turn = TAU * rng.random::<f32>();
                let corners: Vec<(f32, f32)> = (0..n)
                    .map(|i| {
                        let angle = turn + TAU * i as f32 / n as f32;
                        let r = size * between(rng, 0.5, 1.2);
                        (at.0 + r * angle.cos(), at.1 + r * angle.sin())
                    })
                    .collect();
                c.polygon(&corners, value);
            }
            1 => {
                let (ratio, tilt, soft) = (between(rng, 0.3, 2.0), PI * rng.random::<f32>(), between(rng, 0.02, 0.8));
                c.ellipse(at, (size, size * ratio), tilt, value, soft);
            }
            2 => {
                let to = spot(rng);
                let r = (between(rng, 0.005, 0.06), between(rng, 0.005, 0.06));
                c.tube(&[at, to], r, value - 0.5, 0.0);
            }
            _ => c.ball(at, (size, size * between(rng, 0.5, 1.5)), PI * rng.random::<f32>(), value - 0.4),
        }
    }
    let (size, octaves, persistence, amplitude) =
        (between(rng, 0.05, 0.5), rng.random_range(2..6), between(rng, 0.4, 0.9), between(rng, 0.02, 0.4));
    c.clouds(rng, size, octaves, persistence, amplitude);
    if happens(rng, 0.25) {
        let (f, g, depth) = (between(rng, 10.0, 120.0), between(rng, -60.0, 60.0), between(rng, 0.02, 0.3));
        let limit = between(rng, 0.0, 1.0);
        c.each(|x, y, v| if y > limit { v + depth * (f * x + g * y).sin() } else { v });
    }
    c
}

/// A bone between two points: shaft with a hollow core and thicker ends.
fn bone(c: &mut Canvas, a: (f32, f32), b: (f32, f32), r: f32, density: f32) {
    c.tube(&[a, b], (r, r), density, 0.65);
    for end in [a, b] {
        c.ball(end, (1.5 * r, 1.35 * r), 0.0, 0.5 * density);
    }
}

fn hand(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let size = between(rng, 0.7, 1.25);
    let turn = if happens(rng, 0.7) { 0.3 * bell(rng) } else { TAU * rng.random::<f32>() };
    let centre = (0.5 + 0.06 * bell(rng), 0.55 + 0.06 * bell(rng));
    let mirrored = if happens(rng, 0.5) { -1.0 } else { 1.0 };
    let place = |x: f32, y: f32| {
        let (x, y) = (mirrored * x * size, y * size);
        (centre.0 + x * turn.cos() - y * turn.sin(), centre.1 + x * turn.sin() + y * turn.cos())
    };
    let soft = between(rng, 0.3, 0.6);
    c.ball(place(0.0, 0.12), (0.20 * size, 0.24 * size), turn, soft);
    c.tube(&[place(0.0, 0.25), place(0.0, 0.9)], (0.12 * size, 0.13 * size), soft, 0.0);
    let spread = between(rng, 0.7, 1.4);
    for (i, length) in [0.30, 0.40, 0.44, 0.41, 0.33].into_iter().enumerate() {
        let angle = spread * (i as f32 - 2.2) * 0.2 - if i == 0 { 0.55 } else { 0.0 };
        let base = (0.055 * (i as f32 - 2.0), 0.20);
        let along = |t: f32| place(base.0 + t * angle.sin(), base.1 - t * angle.cos());
        c.tube(&[along(0.1), along(length + 0.05)], (0.045 * size, 0.035 * size), soft, 0.0);
        let r = between(rng, 0.013, 0.018) * size;
        for (from, to) in [(0.02, 0.42), (0.48, 0.68), (0.72, 0.86), (0.89, 0.99)] {
            bone(&mut c, along(from * length), along(to * length), r * (1.2 - 0.5 * to), 0.5);
        }
    }
    for _ in 0..8 {
        let at = place(0.06 * bell(rng), 0.25 + 0.03 * bell(rng));
        c.ball(at, (0.03 * size, 0.025 * size), 0.0, 0.35);
    }
    bone(&mut c, place(-0.045, 0.32), place(-0.05, 0.95), 0.032 * size, 0.6);
    bone(&mut c, place(0.05, 0.33), place(0.05, 0.95), 0.024 * size, 0.6);
    c
}

fn limb(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let angle = if happens(rng, 0.6) { 0.15 * bell(rng) } else { TAU * rng.random::<f32>() };
    let bend = if happens(rng, 0.4) { between(rng, -1.2, 1.2) } else { 0.1 * bell(rng) };
    let joint = (0.5 + 0.1 * bell(rng), 0.5 + 0.12 * bell(rng));
    let end = |angle: f32, length: f32, shift: f32| {
        (joint.0 + length * angle.sin() + shift * angle.cos(), joint.1 + length * angle.cos() - shift * angle.sin())
    };
    let (thick, soft) = (between(rng, 0.12, 0.33), between(rng, 0.3, 0.7));
    let (up, down) = (angle + PI, angle + bend);
    c.tube(&[end(up, 0.9, 0.0), joint, end(down, 0.9, 0.0)], (thick * 1.1, thick * 0.9), soft, 0.0);
    let r = thick * between(rng, 0.2, 0.42);
    let density = between(rng, 0.4, 0.8);
    bone(&mut c, end(up, 0.05, 0.0), end(up, 0.95, 0.0), r, density);
    c.ball(end(up, 0.06, 0.0), (1.9 * r, 1.3 * r), -angle, 0.5 * density);
    if happens(rng, 0.6) {
        bone(&mut c, end(down, 0.05, -0.5 * r), end(down, 0.95, -0.4 * r), 0.9 * r, density);
        bone(&mut c, end(down, 0.08, 1.3 * r), end(down, 0.95, 1.4 * r), 0.5 * r, density);
    } else {
        bone(&mut c, end(down, 0.05, 0.0), end(down, 0.95, 0.0), r, density);
    }
    c.ball(end(down, 0.06, 0.0), (1.7 * r, 1.1 * r), -down, 0.4 * density);
    if happens(rng, 0.4) {
        c.ball(joint, (1.1 * r, 1.2 * r), 0.0, 0.3);
    }
    if happens(rng, 0.15) {
        // A second limb beside it.
        let other = c.values.clone();
        let shift = side / 2;
        for (i, v) in c.values.iter_mut().enumerate() {
            let x = (i % side + shift) % side;
            *v = (*v).max(other[i / side * side + x]);
        }
    }
    c
}

fn skull(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let (centre, r) = ((0.5 + 0.05 * bell(rng), 0.43 + 0.05 * bell(rng)), between(rng, 0.28, 0.42));
    let lateral = happens(rng, 0.5);
    let ratio = if lateral { 0.82 } else { 1.2 };
    c.ball(centre, (r, r * ratio), 0.0, 0.5);
    c.ball(centre, (r * 1.03, r * 1.03 * ratio), 0.0, 0.9);
    c.ball(centre, (r * 0.93, r * 0.93 * ratio), 0.0, -0.75);
    let face = if lateral { -0.55 } else { 0.0 };
    c.ball((centre.0 + face * r, centre.1 + 0.85 * r), (0.6 * r, 0.55 * r), 0.0, 0.55);
    for sign in [-1.0, 1.0] {
        if !lateral || sign < 0.0 {
            let x = centre.0 + face * r + if lateral { 0.0 } else { sign * 0.4 * r };
            c.ball((x, centre.1 + 0.45 * r), (0.25 * r, 0.2 * r), 0.0, -0.35);
        }
    }
    c.ball((centre.0 + face * r, centre.1 + 0.75 * r), (0.12 * r, 0.25 * r), 0.0, -0.3);
    c.tube(&[(centre.0, centre.1 + r), (centre.0 + 0.05 * bell(rng), 1.1)], (0.4 * r, 0.45 * r), 0.4, 0.0);
    for i in 0..7 {
        let y = centre.1 + r + 0.07 * i as f32;
        c.ball((centre.0 + 0.1 * r, y), (0.13 * r, 0.03), 0.0, 0.35);
    }
    for i in 0..10 {
        let x = centre.0 + face * r + (i as f32 - 4.5) * 0.07 * r;
        c.ball((x, centre.1 + 1.15 * r), (0.03 * r, 0.12 * r), 0.0, 0.4);
    }
    c
}

fn pelvis(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let s = between(rng, 0.8, 1.2);
    let (x0, y0) = (0.5 + 0.03 * bell(rng), 0.5 + 0.05 * bell(rng));
    c.ball((x0, y0), (0.62 * s, 0.9 * s), 0.0, 0.9);
    if happens(rng, 0.5) {
        // Gas in the bowel: an abdomen film.
        for _ in 0..rng.random_range(3..14) {
            let at = (x0 + 0.2 * bell(rng), y0 + 0.2 * bell(rng));
            let r = between(rng, 0.02, 0.07);
            c.ball(at, (r, r * between(rng, 0.6, 1.8)), PI * rng.random::<f32>(), -0.25);
        }
    }
    for i in 0..9 {
        let y = y0 + 0.05 - 0.085 * s * i as f32;
        c.ball((x0, y), (0.065 * s, 0.036 * s), 0.0, 0.4);
        c.tube(&[(x0 - 0.1 * s, y), (x0 + 0.1 * s, y)], (0.01, 0.01), 0.15, 0.0);
    }
    let full = happens(rng, 0.7);
    for sign in [-1.0, 1.0] {
        let p = |x: f32, y: f32| (x0 + sign * x * s, y0 + y * s);
        let wing = [p(0.07, 0.08), p(0.2, -0.1), p(0.34, -0.08), p(0.36, 0.06), p(0.24, 0.22)];
        c.each(|x, y, v| v + if super::canvas::covers(&wing, x, y) { 0.22 } else { 0.0 });
        c.tube(&wing, (0.02, 0.02), 0.25, 0.0);
        if full {
            c.tube(&[p(0.24, 0.22), p(0.1, 0.26), p(0.02, 0.34), p(0.1, 0.44), p(0.2, 0.34)], (0.03, 0.025), 0.3, 0.4);
            c.ball(p(0.29, 0.26), (0.07 * s, 0.07 * s), 0.0, 0.4);
            c.tube(&[p(0.31, 0.27), p(0.39, 0.34), p(0.36, 0.8)], (0.05, 0.05), 0.5, 0.6);
        }
    }
    c
}

fn lateral_chest(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let s = between(rng, 0.85, 1.15);
    let facing = if happens(rng, 0.5) { -1.0 } else { 1.0 };
    let p = |x: f32, y: f32| (0.5 + facing * x * s, 0.5 + (y - 0.5) * s);
    c.ball(p(0.0, 0.6), (0.40 * s, 0.75 * s), 0.0, 1.0);
    c.ball(p(0.0, 0.5), (0.36 * s, 0.42 * s), 0.0, 0.2);
    // Air before and behind the heart, the heart, the great vessels.
    c.ball(p(0.06, 0.42), (0.27 * s, 0.36 * s), 0.1 * facing, -0.75);
    c.ball(p(-0.12, 0.58), (0.15 * s, 0.28 * s), 0.2 * facing, -0.35);
    c.ball(p(0.10, 0.60), (0.16 * s, 0.19 * s), 0.5 * facing, 0.5);
    c.tube(&[p(0.0, 0.1), p(0.0, 0.40)], (0.025, 0.025), -0.25, 0.0);
    c.ball(p(-0.01, 0.42), (0.08 * s, 0.12 * s), 0.0, 0.3);
    for i in 0..14 {
        let t = i as f32 / 13.0;
        let x = -0.24 - 0.07 * (PI * t).sin();
        c.ball(p(x, 0.08 + 0.9 * t), (0.05 * s, 0.028 * s), 0.0, 0.35);
    }
    for i in 0..9 {
        let y = 0.2 + 0.075 * i as f32;
        c.tube(&[p(-0.3, y), p(-0.05, y + 0.1), p(0.25, y + 0.16)], (0.012, 0.010), 0.14, 0.4);
    }
    // The domes overlap.
    for shift in [0.0, 0.04] {
        c.ball(p(0.02, 1.02 + shift), (0.42 * s, 0.27 * s), -0.15 * facing, 0.55);
    }
    c.tube(&[p(0.33, 0.25), p(0.37, 0.6)], (0.015, 0.015), 0.3, 0.0);
    if happens(rng, 0.6) {
        c.tube(&[p(0.05, 0.25), p(0.25, -0.1)], (0.1, 0.12), 0.35, 0.0);
    }
    c
}

/// An axial or sagittal slice: outlines in outlines.
fn slice(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let ground = if happens(rng, 0.8) { 0.0 } else { 0.3 };
    let mut c = Canvas::new(side, ground);
    let centre = (0.5 + 0.03 * bell(rng), 0.5 + 0.03 * bell(rng));
    let (rx, ry) = (between(rng, 0.3, 0.49), between(rng, 0.26, 0.49));
    let tilt = 0.1 * bell(rng);
    c.ellipse(centre, (rx, ry), tilt, between(rng, 0.25, 0.8), 0.03);
    c.ellipse(centre, (0.93 * rx, 0.92 * ry), tilt, between(rng, 0.3, 0.8), 0.03);
    let thorax = happens(rng, 0.35);
    if thorax {
        for sign in [-1.0, 1.0] {
            let at = (centre.0 + sign * 0.48 * rx, centre.1 - 0.05 * ry);
            c.ellipse(at, (0.36 * rx, 0.68 * ry), 0.1 * sign, 0.05, 0.06);
        }
        c.ellipse((centre.0 + 0.1 * rx, centre.1 - 0.2 * ry), (0.3 * rx, 0.35 * ry), 0.4, 0.65, 0.1);
    } else if happens(rng, 0.5) {
        // A head: bright skull, folded inside.
        c.ellipse(centre, (0.9 * rx, 0.9 * ry), tilt, 0.15, 0.02);
        c.ellipse(centre, (0.85 * rx, 0.85 * ry), tilt, between(rng, 0.35, 0.7), 0.02);
        c.clouds(rng, 0.09, 2, 0.6, 0.25);
        for sign in [-1.0, 1.0] {
            c.ellipse(
                (centre.0 + sign * 0.15 * rx, centre.1),
                (0.09 * rx, 0.25 * ry),
                0.3 * sign,
                between(rng, 0.0, 1.0),
                0.3,
            );
        }
    } else {
        for _ in 0..rng.random_range(3..14) {
            let at =
                (centre.0 + 0.45 * rx * bell(rng).clamp(-1.6, 1.6), centre.1 + 0.45 * ry * bell(rng).clamp(-1.6, 1.6));
            let r = between(rng, 0.03, 0.16);
            let ratio = between(rng, 0.4, 1.6);
            let value = between(rng, 0.0, 1.0);
            c.ellipse(at, (r, r * ratio), PI * rng.random::<f32>(), value, 0.1);
        }
    }
    if happens(rng, 0.7) {
        let y = centre.1 + 0.62 * ry;
        c.ellipse((centre.0, y), (0.13 * rx, 0.13 * ry), 0.0, 1.0, 0.2);
        c.ellipse((centre.0, y + 0.2 * ry), (0.06 * rx, 0.09 * ry), 0.0, 0.8, 0.2);
    }
    c.clouds(rng, 0.06, 2, 0.6, 0.06);
    if happens(rng, 0.3) {
        let outside = ground;
        c.each(|x, y, v| if (x - 0.5).hypot(y - 0.5) > 0.497 { outside } else { v });
    }
    c
}

fn ultrasound(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let (open, near, far) = (between(rng, 0.3, 0.8), between(rng, 0.0, 0.2), between(rng, 0.75, 1.1));
    let linear = happens(rng, 0.25);
    let mut tissue = Canvas::new(side, 0.35);
    let (size, amplitude) = (between(rng, 0.1, 0.4), between(rng, 0.1, 0.4));
    tissue.clouds(rng, size, 3, 0.6, amplitude);
    for _ in 0..rng.random_range(1..6) {
        let (at, r, value) = (spot(rng), between(rng, 0.03, 0.2), between(rng, 0.0, 0.8));
        tissue.ellipse(at, (r, r * between(rng, 0.5, 1.5)), PI * rng.random::<f32>(), value, 0.3);
    }
    let speckle: Vec<f32> = (0..side * side).map(|_| between(rng, 0.3, 1.7)).collect();
    for (v, s) in tissue.values.iter_mut().zip(speckle) {
        *v = v.max(0.0) * s;
    }
    for (i, v) in c.values.iter_mut().enumerate() {
        let (x, y) = ((i % side) as f32 / side as f32 - 0.5, (i / side) as f32 / side as f32 + 0.1);
        let shown = if linear {
            x.abs() < 0.35 && y > 0.18 && y < far
        } else {
            x.atan2(y).abs() < open && x.hypot(y) > near + 0.05 && x.hypot(y) < far
        };
        if shown {
            *v = tissue.values[i];
        }
    }
    c
}

/// An angiogram: dark or bright branches on an uneven ground.
fn vessels(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.5);
    c.clouds(rng, 0.5, 3, 0.5, 0.25);
    if happens(rng, 0.5) {
        let at = (rng.random::<f32>(), rng.random::<f32>());
        c.ball(at, (0.5, 0.6), 0.0, between(rng, -0.4, 0.4));
    }
    let tone = if happens(rng, 0.75) { -0.4 } else { 0.4 };
    for _ in 0..rng.random_range(2..7) {
        let mut at = spot(rng);
        let mut angle = TAU * rng.random::<f32>();
        let mut points = vec![at];
        for _ in 0..rng.random_range(4..14) {
            angle += 0.4 * bell(rng);
            at = (at.0 + 0.07 * angle.cos(), at.1 + 0.07 * angle.sin());
            points.push(at);
        }
        let r = between(rng, 0.008, 0.035);
        c.tube(&points, (r, 0.3 * r), tone, 0.0);
    }
    if happens(rng, 0.4) {
        let r = between(rng, 0.44, 0.52);
        c.each(|x, y, v| if (x - 0.5).hypot(y - 0.5) > r { 0.0 } else { v });
    }
    c
}

fn scintigram(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.01);
    for _ in 0..rng.random_range(1..9) {
        let at = (0.5 + 0.18 * bell(rng), 0.5 + 0.22 * bell(rng));
        let r = between(rng, 0.03, 0.2);
        c.ball(at, (r, r * between(rng, 0.6, 2.2)), PI * rng.random::<f32>(), between(rng, 0.1, 0.8));
    }
    c.blur(1 + side / 60);
    let counts = between(rng, 3.0, 60.0);
    for v in &mut c.values {
        let mean = (*v * counts).max(0.0);
        *v = (mean + mean.sqrt() * bell(rng)).round().max(0.0) / counts;
    }
    c
}

fn noise(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    match rng.random_range(0..7) {
        0 => c.grain(rng, 1.0),
        1 => c.values.iter_mut().for_each(|v| *v = rng.random()),
        2 => {
            let share = between(rng, 0.001, 0.3);
            c.values.iter_mut().for_each(|v| *v = f32::from(u8::from(happens(rng, share))));
        }
        3 => {
            c.grain(rng, 1.0);
            c.blur(rng.random_range(1..8));
        }
        4 => {
            let (size, persistence) = (between(rng, 0.05, 1.0), between(rng, 0.3, 1.0));
            c.clouds(rng, size, 7, persistence, 1.0);
        }
        5 => {
            // A nearly empty detector: flat or shaded, with a little noise.
            let (a, b, sd) = (bell(rng), bell(rng), between(rng, 0.001, 0.5));
            c.each(|x, y, _| a * x + b * y);
            c.grain(rng, sd);
        }
        _ => {
            // Rows or columns that differ.
            let rows: Vec<f32> = (0..side).map(|_| bell(rng)).collect();
            let upright = happens(rng, 0.5);
            let amount = between(rng, 0.05, 1.0);
            for (i, v) in c.values.iter_mut().enumerate() {
                *v = rows[if upright { i % side } else { i / side }] + amount * bell(rng);
            }
        }
    }
    c
}

fn graphics(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let f = between(rng, 1.0, 24.0);
    match rng.random_range(0..7) {
        0 => c.each(|x, y, _| f32::from(u8::from(((f * x) as i32 + (f * y) as i32) % 2 == 0))),
        1 => {
            let g = between(rng, -20.0, 20.0);
            c.each(|x, y, _| (f * x * 6.0 + g * y).sin());
        }
        2 => {
            let at = spot(rng);
            c.each(|x, y, _| (6.0 * f * (x - at.0).hypot(y - at.1)).sin());
        }
        3 => {
            let (a, b) = (bell(rng), bell(rng));
            c.each(|x, y, _| a * x + b * y);
        }
        4 => {
            let at = (0.5 + 0.15 * bell(rng), 0.5 + 0.15 * bell(rng));
            let r = (between(rng, 0.05, 0.5), between(rng, 0.05, 0.5));
            c.ball(at, r, 0.0, 1.0);
        }
        5 => {
            // A vertical band with shadows at both sides: the coarsest likeness of a chest.
            let (w, r) = (between(rng, 0.05, 0.2), between(rng, 0.1, 0.25));
            c.each(|x, _, _| if (x - 0.5).abs() < w { 0.9 } else { 0.6 });
            for sign in [-1.0, 1.0] {
                let tilt = 0.3 * bell(rng);
                c.ellipse(
                    (0.5 + sign * between(rng, 0.2, 0.3), between(rng, 0.35, 0.65)),
                    (r, between(rng, 0.1, 0.4)),
                    tilt,
                    0.1,
                    0.2,
                );
            }
        }
        _ => {
            for _ in 0..rng.random_range(3..30) {
                let (a, b) = (spot(rng), spot(rng));
                let value = rng.random();
                c.polygon(&[a, (b.0, a.1), b, (a.0, b.1)], value);
            }
        }
    }
    c
}

fn text(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let (paper, ink) = if happens(rng, 0.7) { (1.0, 0.0) } else { (0.0, 1.0) };
    let mut c = Canvas::new(side, paper);
    let line = between(rng, 0.02, 0.08);
    let mut y = between(rng, 0.02, 0.2);
    while y < 0.97 {
        let mut x = between(rng, 0.03, 0.15);
        let end = if happens(rng, 0.2) { between(rng, 0.2, 0.9) } else { 0.95 };
        while x < end {
            let w = line * between(rng, 0.2, 0.7);
            if !happens(rng, 0.17) {
                let h = line * between(rng, 0.35, 0.7);
                c.polygon(&[(x, y), (x + 0.6 * w, y), (x + 0.6 * w, y + h), (x, y + h)], ink);
            }
            x += w;
        }
        y += line * if happens(rng, 0.1) { 2.5 } else { 1.1 };
    }
    if happens(rng, 0.3) {
        let (a, b) = (spot(rng), spot(rng));
        c.polygon(&[a, (b.0, a.1), b, (a.0, b.1)], 0.5);
    }
    c
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_kind_draws_finite_and_varied_images() {
        for kind in KINDS {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let (one, other) = (draw(kind, 48, &mut rng), draw(kind, 48, &mut rng));
            assert!(one.values.iter().all(|v| v.is_finite()), "{kind:?}");
            assert_ne!(one, other, "{kind:?}");
            let spread = one.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(spread.1 > spread.0, "{kind:?}");
        }
    }

    #[test]
    fn a_seed_draws_the_same_image() {
        let image = || draw(Kind::Hand, 40, &mut ChaCha8Rng::seed_from_u64(9));
        assert_eq!(image(), image());
    }
}
