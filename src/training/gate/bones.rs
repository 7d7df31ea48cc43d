//! Radiographs of other parts of the body, drawn as balls and tubes that X-rays pass through.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::training::gate::canvas::{Canvas, bell, between, covers, happens};

/// A bone between two points: shaft with a hollow core and thicker ends.
fn bone(c: &mut Canvas, a: (f32, f32), b: (f32, f32), r: f32, density: f32) {
    c.tube(&[a, b], (r, r), density, 0.65);
    for end in [a, b] {
        c.ball(end, (1.5 * r, 1.35 * r), 0.0, 0.5 * density);
    }
}

pub(super) fn hand(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
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

pub(super) fn limb(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
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

pub(super) fn skull(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
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

pub(super) fn pelvis(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let mut c = Canvas::new(side, 0.0);
    let s = between(rng, 0.8, 1.2);
    let (x0, y0) = (0.5 + 0.03 * bell(rng), 0.5 + 0.05 * bell(rng));
    c.ball((x0, y0), (0.62 * s, 0.9 * s), 0.0, 0.9);
    if happens(rng, 0.5) {
        // Gas in the bowel: an abdomen radiograph.
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
        c.each(|x, y, v| v + if covers(&wing, x, y) { 0.22 } else { 0.0 });
        c.tube(&wing, (0.02, 0.02), 0.25, 0.0);
        if full {
            c.tube(&[p(0.24, 0.22), p(0.1, 0.26), p(0.02, 0.34), p(0.1, 0.44), p(0.2, 0.34)], (0.03, 0.025), 0.3, 0.4);
            c.ball(p(0.29, 0.26), (0.07 * s, 0.07 * s), 0.0, 0.4);
            c.tube(&[p(0.31, 0.27), p(0.39, 0.34), p(0.36, 0.8)], (0.05, 0.05), 0.5, 0.6);
        }
    }
    c
}

pub(super) fn lateral_chest(side: usize, rng: &mut ChaCha8Rng) -> Canvas {
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
