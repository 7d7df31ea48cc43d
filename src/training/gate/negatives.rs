//! Images that are neither a frontal chest radiograph nor a slice of the brain, made by
//! computation: what a gate learns to refuse.
//!
//! Kinds, not copies: photographs are gradients, shapes and textures; limbs, skulls and pelves are
//! balls and tubes seen through; slices, scans and noise follow their own look. Real images of
//! these kinds stay out of the training, so that they can tell how far this carries.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::bones::{hand, lateral_chest, limb, pelvis, skull};
use super::{lookalikes, screens};
use crate::imaging::Plane;
use crate::training::gate::canvas::{Canvas, bell, between, happens};
use crate::training::gate::small_image::SmallImage;

/// What a synthetic negative shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NegativeKind {
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
    Screen,
    Page,
    Chart,
    Rounded,
    Scope,
    Heap,
}

/// All kinds.
pub(in crate::training) const KINDS: [NegativeKind; 19] = [
    NegativeKind::Photograph,
    NegativeKind::Hand,
    NegativeKind::Limb,
    NegativeKind::Skull,
    NegativeKind::Pelvis,
    NegativeKind::LateralChest,
    NegativeKind::Slice,
    NegativeKind::Ultrasound,
    NegativeKind::Vessels,
    NegativeKind::Scintigram,
    NegativeKind::Noise,
    NegativeKind::Graphics,
    NegativeKind::Text,
    NegativeKind::Screen,
    NegativeKind::Page,
    NegativeKind::Chart,
    NegativeKind::Rounded,
    NegativeKind::Scope,
    NegativeKind::Heap,
];

/// Draws one image of `kind`; slices of the head are among the slices where `heads` are to be
/// refused too, and an `image` may stand small on screens and pages.
pub(in crate::training) fn draw(
    kind: NegativeKind,
    side: usize,
    heads: bool,
    image: Option<&SmallImage>,
    rng: &mut ChaCha8Rng,
) -> Plane {
    let mut canvas = match kind {
        NegativeKind::Photograph => photograph(side, rng),
        NegativeKind::Hand => hand(side, rng),
        NegativeKind::Limb => limb(side, rng),
        NegativeKind::Skull => skull(side, rng),
        NegativeKind::Pelvis => pelvis(side, rng),
        NegativeKind::LateralChest => lateral_chest(side, rng),
        NegativeKind::Slice => slice(side, heads, rng),
        NegativeKind::Ultrasound => ultrasound(side, rng),
        NegativeKind::Vessels => vessels(side, rng),
        NegativeKind::Scintigram => scintigram(side, rng),
        NegativeKind::Noise => noise(side, rng),
        NegativeKind::Graphics => graphics(side, rng),
        NegativeKind::Text => text(side, rng),
        NegativeKind::Screen => screens::screen(side, image, rng),
        NegativeKind::Page => screens::page(side, image, rng),
        NegativeKind::Chart => screens::chart(side, rng),
        NegativeKind::Rounded => lookalikes::rounded(side, rng),
        NegativeKind::Scope => lookalikes::scope(side, rng),
        NegativeKind::Heap => lookalikes::heap(side, rng),
    };
    if happens(rng, 0.35) {
        let sd = between(rng, 0.0, 0.05);
        canvas.grain(rng, sd);
    } else if happens(rng, 0.3) {
        // Next to nothing; equalisation makes much of it.
        canvas.grain(rng, 0.003);
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

/// An axial or sagittal slice: outlines in outlines.
fn slice(side: usize, heads: bool, rng: &mut ChaCha8Rng) -> Canvas {
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
    } else if happens(rng, 0.5) && heads {
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
        let image = SmallImage { size: 8, greys: (0..64).map(|i| 4 * i).collect() };
        for kind in KINDS {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let (one, other) = (draw(kind, 48, true, None, &mut rng), draw(kind, 48, false, Some(&image), &mut rng));
            assert!(one.values.iter().all(|v| v.is_finite()), "{kind:?}");
            assert_ne!(one, other, "{kind:?}");
            let spread = one.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(spread.1 > spread.0, "{kind:?}");
        }
    }

    #[test]
    fn a_seed_draws_the_same_image() {
        let image = || draw(NegativeKind::Hand, 40, true, None, &mut ChaCha8Rng::seed_from_u64(9));
        assert_eq!(image(), image());
    }
}
