//! Bones: ribs as tilted arcs, the spine, clavicles, scapulae, humeri, jaw.
//!
//! A rib is an ellipse in space, tilted forwards: `x = W sin θ`, depth `= D cos θ`,
//! `z = z₀ + T (1 − cos θ) / 2`, from the spine (θ ≈ 0) round the side to the cartilage (θ ≈ 145°).
//! On the image it crosses its own front half and its neighbours; at the side the beam runs along
//! it, which makes the chest wall bright.

use libm::{cosf, sinf};

use super::anatomy::{Torso, mu};
use super::rng::{Chance, cloud, ease};
use super::tube::{Layer, Node, Tube};

/// One vertebra as the beam sees it.
struct Vertebra {
    z: f32,
    half_width: f32,
    half_height: f32,
}

/// The bones of a torso.
pub(super) struct Skeleton {
    pub tubes: Vec<Tube>,
    vertebrae: Vec<Vertebra>,
    seed: u64,
    field_cm: f32,
    turn: f32,
}

const RIBS: usize = 12;

impl Skeleton {
    /// Builds the bones around the lungs of `torso`.
    pub(super) fn new(torso: &Torso, seed: u64, variation: f32) -> Self {
        let mut chance = Chance::new(seed, 2);
        let vertebrae = spine(torso);
        let first_thoracic = torso.apex - 0.012;
        let levels = thoracic_levels(first_thoracic, torso.adult);
        let mut tubes = Vec::new();
        let tilt = 1.0 + 0.12 * variation * chance.bell();
        for (i, z) in levels.iter().enumerate() {
            for sign in [-1.0, 1.0] {
                let own = 0.004 * variation * chance.bell();
                rib(torso, i, z + own, sign, tilt, &mut tubes);
            }
        }
        for sign in [-1.0, 1.0] {
            clavicle(torso, sign, 0.012 * variation * chance.bell(), &mut tubes);
            scapula(torso, sign, &mut tubes);
            humerus(torso, sign, &mut tubes);
        }
        jaw(torso, &mut tubes);
        Self { tubes, vertebrae, seed, field_cm: torso.field_cm, turn: torso.turn }
    }

    /// Extra attenuation (line integral) of the vertebrae at (`x`, `z`).
    pub(super) fn spine_at(&self, x: f32, z: f32) -> f32 {
        if x.abs() > 0.12 {
            return 0.0;
        }
        let mut sum = 0.0;
        for v in &self.vertebrae {
            let dz = (z - v.z) / v.half_height;
            if dz.abs() > 2.2 {
                continue;
            }
            sum += v.attenuation(x, dz, self.turn) * self.field_cm;
        }
        if sum > 0.0 {
            sum *= 1.0 + 0.10 * cloud(self.seed ^ 0xB0, x * 110.0, z * 110.0);
        }
        sum
    }
}

impl Vertebra {
    /// Attenuation times depth in units; `dz` is the height within the body, −1 to 1.
    fn attenuation(&self, x: f32, dz: f32, turn: f32) -> f32 {
        let soft = 0.62 * (mu::SPONGY - mu::SOFT);
        let depth = 2.2 * self.half_width;
        let u = x / self.half_width;
        // The body is waisted.
        let waist = 1.0 - 0.10 * (1.0 - dz * dz).max(0.0);
        let w = u / waist;
        let (u4, v4) = (w * w * w * w, dz * dz * dz * dz);
        let mut sum = 0.0;
        let rest = 1.0 - u4 * w * w - v4 * v4;
        if rest > 0.0 {
            sum += soft * depth * rest.sqrt();
            // End plates and side walls.
            sum += 0.0045 * (ease((dz.abs() - 0.72) / 0.2) + 0.6 * ease((w.abs() - 0.82) / 0.13)) * rest.sqrt();
        }
        // Pedicles, seen end on as rings; they lie behind the middle of the body.
        for sign in [-1.0, 1.0] {
            let (px, pz) = ((u - sign * 0.62 + 2.0 * turn) / 0.2, (dz + 0.22) / 0.34);
            let d = (px * px + pz * pz).sqrt();
            if d < 1.0 {
                sum += 0.008 * ease((1.0 - d) / 0.35) * (0.55 + 0.45 * ease((d - 0.4) / 0.3));
            }
        }
        // Spinous process and laminae.
        let (sx, sz) = ((u + 3.0 * turn) / 0.13, (dz - 0.75) / 0.55);
        let rest = 1.0 - sx * sx - sz * sz;
        if rest > 0.0 {
            sum += 0.011 * rest.sqrt();
        }
        sum
    }
}

/// Vertebrae from the neck to the lower edge, growing downwards.
fn spine(torso: &Torso) -> Vec<Vertebra> {
    let mut z = -0.06f32;
    let mut list = Vec::new();
    while z < 1.08 {
        let grown = ((z - 0.1) / 0.9).clamp(-0.15, 1.0);
        let (height, width) = if torso.adult {
            (0.042 + 0.017 * grown, 0.037 + 0.014 * grown)
        } else {
            (0.045 + 0.018 * grown, 0.043 + 0.010 * grown)
        };
        list.push(Vertebra { z, half_width: width, half_height: 0.43 * height });
        z += height;
    }
    list
}

/// Heights of the heads of the ribs.
fn thoracic_levels(first: f32, adult: bool) -> [f32; RIBS] {
    let mut levels = [0.0; RIBS];
    let mut z = first;
    for (i, level) in levels.iter_mut().enumerate() {
        *level = z;
        z += if adult { 0.043 + 0.0022 * i as f32 } else { 0.049 + 0.0016 * i as f32 };
    }
    levels
}

fn rib(torso: &Torso, number: usize, head: f32, sign: f32, tilt: f32, tubes: &mut Vec<Tube>) {
    let n = number as f32;
    let drop = tilt * (if torso.adult { 0.24 } else { 0.19 }) * (0.42 + 0.58 * ease(n / 4.0));
    let lateral_z = head + 0.5 * drop;
    let width = torso.lung_lateral.at(lateral_z) + 0.006;
    let depth = 0.25 * (0.35 + 0.65 * ease(n / 5.0));
    let radius = (if torso.adult { 0.0088 } else { 0.0102 }) * (0.8 + 0.2 * ease(n / 3.0));
    let end = match number {
        0 => 130.0,
        1..=6 => 150.0,
        7..=9 => 132.0 - 9.0 * (n - 7.0),
        10 => 84.0,
        _ => 46.0,
    } / 57.295_78;
    let start = 0.13;
    let node = |angle: f32| {
        let (s, c) = (sinf(angle), cosf(angle));
        // The neck of the rib rises a little from the spine before the arc falls.
        let neck = 0.012 * ease(1.0 - (angle - start) / 0.5);
        // The last ribs float: they fall away at once.
        let float = 0.03 * (n - 8.0).max(0.0) * s * s;
        // Narrower in front than the ellipse would be; the front half moves with the patient's
        // turn.
        let front = (-c).max(0.0);
        let x = sign * width * s * (1.0 + 0.06 * front) + torso.turn * -c * depth;
        let z = head + 0.5 * drop * (1.0 - c) + neck + float + 0.10 * drop * front;
        let in_plane = ((width * c) * (width * c) + (0.5 * drop * s) * (0.5 * drop * s)).sqrt();
        let along = depth * s;
        let stretch = ((in_plane * in_plane + along * along).sqrt() / in_plane.max(1e-3)).min(2.4);
        // The bone ends in cartilage, which the beam hardly sees.
        let fade = 1.0 - 0.6 * ease((angle - end + 0.2) / 0.2);
        let swell = 1.0 + 0.12 * ease((angle - end + 0.25) / 0.25);
        Node { x, z, r: radius * swell * (1.0 - 0.08 * front), stretch: stretch * (1.0 - 0.35 * front) * fade }
    };
    let steps = 40;
    let nodes = (0..=steps).map(|i| node(start + (end - start) * i as f32 / steps as f32)).collect();
    tubes.push(Tube { nodes, wall: 0.32, wall_mu: 0.74, core_mu: 0.30, layer: Layer::Bone });
}

fn path(points: &[(f32, f32, f32)], stretch: f32) -> Vec<Node> {
    // Catmull–Rom through the points, eight steps a piece.
    let last = points.len() - 1;
    let mut nodes = Vec::new();
    for i in 0..last {
        let (p0, p1, p2, p3) = (points[i.saturating_sub(1)], points[i], points[i + 1], points[(i + 2).min(last)]);
        for step in 0..8 {
            let t = step as f32 / 8.0;
            let blend = |a: f32, b: f32, c: f32, d: f32| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            };
            nodes.push(Node {
                x: blend(p0.0, p1.0, p2.0, p3.0),
                z: blend(p0.1, p1.1, p2.1, p3.1),
                r: blend(p0.2, p1.2, p2.2, p3.2),
                stretch,
            });
        }
    }
    let end = points[last];
    nodes.push(Node { x: end.0, z: end.1, r: end.2, stretch });
    nodes
}

fn bone(tubes: &mut Vec<Tube>, points: &[(f32, f32, f32)], wall: f32, wall_mu: f32, core_mu: f32) {
    tubes.push(Tube { nodes: path(points, 1.0), wall, wall_mu, core_mu, layer: Layer::Bone });
}

fn clavicle(torso: &Torso, sign: f32, lift: f32, tubes: &mut Vec<Tube>) {
    let z = torso.apex + lift;
    let out = if torso.adult { 0.36 } else { 0.28 };
    let rise = if torso.adult { 0.075 } else { 0.03 + 0.03 * torso.raised };
    let s = |x: f32| sign * x + 0.2 * torso.turn;
    let r = 0.0135;
    bone(
        tubes,
        &[
            (s(0.048), z + 0.018, 1.25 * r),
            (s(0.28 * out), z + 0.004, 1.0 * r),
            (s(0.50 * out), z - 0.020, 0.85 * r),
            (s(0.70 * out), z - 0.55 * rise - 0.012, 0.85 * r),
            (s(0.86 * out), z - rise - 0.004, 1.0 * r),
            (s(out), z - rise - 0.004, 1.15 * r),
        ],
        0.30,
        0.85,
        0.30,
    );
}

fn scapula(torso: &Torso, sign: f32, tubes: &mut Vec<Tube>) {
    let z = torso.apex;
    let out = if torso.adult { 1.13 } else { 1.0 };
    let s = |x: f32| sign * x * out;
    // Lateral border, medial border, spine with the acromion, coracoid, and the thin plate between
    // them.
    bone(
        tubes,
        &[
            (s(0.325), z + 0.035, 0.014),
            (s(0.332), z + 0.12, 0.009),
            (s(0.317), z + 0.225, 0.008),
            (s(0.30), z + 0.27, 0.006),
        ],
        0.5,
        0.75,
        0.3,
    );
    bone(
        tubes,
        &[
            (s(0.30), z + 0.27, 0.006),
            (s(0.262), z + 0.18, 0.004),
            (s(0.235), z + 0.06, 0.004),
            (s(0.245), z - 0.005, 0.004),
        ],
        1.0,
        0.5,
        0.4,
    );
    bone(
        tubes,
        &[
            (s(0.238), z + 0.045, 0.005),
            (s(0.29), z + 0.005, 0.009),
            (s(0.322), z - 0.018, 0.012),
            (s(0.336), z - 0.012, 0.010),
        ],
        0.4,
        0.7,
        0.3,
    );
    bone(
        tubes,
        &[(s(0.315), z + 0.02, 0.012), (s(0.29), z - 0.012, 0.010), (s(0.30), z - 0.03, 0.008)],
        0.4,
        0.7,
        0.35,
    );
    bone(
        tubes,
        &[(s(0.285), z + 0.05, 0.034), (s(0.292), z + 0.14, 0.032), (s(0.30), z + 0.23, 0.016)],
        1.0,
        0.05,
        0.05,
    );
}

fn humerus(torso: &Torso, sign: f32, tubes: &mut Vec<Tube>) {
    let ((x0, z0), (x1, z1)) = torso.arm(sign);
    let at = |t: f32| (x0 + t * (x1 - x0), z0 + t * (z1 - z0));
    let lift = -0.055 - 0.01 * torso.raised;
    let (a, b, c, d) = (at(0.10), at(0.32), at(0.7), at(1.5));
    let out = 0.028 * sign;
    bone(
        tubes,
        &[
            (a.0 + out, a.1 + lift, 0.030),
            (b.0 + 0.6 * out, b.1 + 0.7 * lift, 0.026),
            (c.0 + 0.1 * out, c.1 + 0.2 * lift, 0.018),
            (d.0, d.1, 0.017),
        ],
        0.26,
        0.70,
        0.22,
    );
    // The growth plate leaves the head a cap of its own in children.
    bone(
        tubes,
        &[(a.0 + 0.4 * out, a.1 + lift + 0.020, 0.026), (a.0 + 0.9 * out, a.1 + lift + 0.012, 0.027)],
        0.14,
        0.7,
        0.18,
    );
}

fn jaw(torso: &Torso, tubes: &mut Vec<Tube>) {
    if torso.adult {
        return;
    }
    let x = 0.03 * torso.turn;
    bone(
        tubes,
        &[
            (x - 0.135, -0.10, 0.02),
            (x - 0.11, -0.015, 0.02),
            (x - 0.05, 0.026, 0.017),
            (x, 0.036, 0.019),
            (x + 0.05, 0.026, 0.017),
            (x + 0.11, -0.015, 0.02),
            (x + 0.135, -0.10, 0.02),
        ],
        0.30,
        0.45,
        0.28,
    );
    bone(tubes, &[(x - 0.08, -0.03, 0.03), (x, -0.01, 0.034), (x + 0.08, -0.03, 0.03)], 1.0, 0.2, 0.2);
}
