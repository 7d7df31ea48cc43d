//! What branches in the lung: vessels from the hilum outwards, and the airways.

use libm::{atan2f, cosf, sinf};

use super::anatomy::{Torso, mu};
use super::rng::Chance;
use super::tube::{Layer, Node, Tube};

/// Vessels of both lungs, trachea and main bronchi.
pub(super) fn grow(torso: &Torso, seed: u64) -> Vec<Tube> {
    let mut tubes = airways(torso);
    for sign in [-1.0, 1.0] {
        let mut chance = Chance::new(seed, if sign < 0.0 { 3 } else { 4 });
        let hilum = hilum(torso, sign);
        let mut tree = Tree { torso, sign, tubes: Vec::new(), chance: &mut chance };
        // Angles from straight up, outwards: more and larger vessels go down.
        for (angle, radius) in [
            (0.35, 0.0062),
            (0.8, 0.0062),
            (1.2, 0.0058),
            (1.55, 0.0060),
            (1.85, 0.0066),
            (2.15, 0.0078),
            (2.45, 0.0085),
            (2.75, 0.0088),
            (2.95, 0.0080),
            (2.3, 0.0064),
            (0.6, 0.0055),
        ] {
            let turn = 0.15 * tree.chance.bell();
            let (dx, dz) = (0.012 * tree.chance.bell(), 0.022 * tree.chance.bell());
            let stem = 0.9 + 0.2 * tree.chance.unit();
            tree.branch((hilum.0 + dx, hilum.1 + dz + 0.02 * (angle - 1.5)), angle + turn, 1.3 * radius * stem, 0);
        }
        tubes.append(&mut tree.tubes);
        tubes.extend(hilar_mass(hilum, sign, &mut chance));
    }
    tubes
}

/// Middle of the hilum on a side.
pub(super) fn hilum(torso: &Torso, sign: f32) -> (f32, f32) {
    let z = torso.apex + (torso.dome_level - torso.apex) * if sign < 0.0 { 0.50 } else { 0.46 };
    (sign * if sign < 0.0 { 0.082 } else { 0.10 }, z)
}

/// The thick vessels of the hilum itself: short, overlapping, pointing outwards and down.
fn hilar_mass(hilum: (f32, f32), sign: f32, chance: &mut Chance) -> Vec<Tube> {
    (0..7)
        .map(|i| {
            let from = (hilum.0 - sign * 0.01, hilum.1 + 0.018 * (i as f32 - 3.0));
            let angle = 0.5 + 0.38 * i as f32 + 0.2 * chance.bell();
            let length = 0.05 + 0.02 * chance.unit();
            let nodes = (0..=6)
                .map(|k| {
                    let t = k as f32 / 6.0;
                    Node {
                        x: from.0 + sign * t * length * sinf(angle),
                        z: from.1 - t * length * cosf(angle),
                        r: 0.0125 * (1.0 - 0.55 * t),
                        stretch: 0.8,
                    }
                })
                .collect();
            vessel(nodes)
        })
        .collect()
}

fn vessel(nodes: Vec<Node>) -> Tube {
    Tube { nodes, wall: 1.0, wall_mu: mu::SOFT - mu::LUNG, core_mu: 0.0, layer: Layer::InLung }
}

struct Tree<'a> {
    torso: &'a Torso,
    sign: f32,
    tubes: Vec<Tube>,
    chance: &'a mut Chance,
}

impl Tree<'_> {
    /// Grows one branch from `start` and, on its way, its daughters.
    fn branch(&mut self, start: (f32, f32), mut angle: f32, mut radius: f32, order: u32) {
        let (mut x, mut z) = start;
        let mut nodes = vec![Node { x, z, r: radius, stretch: 1.0 }];
        let mut since = 0.0;
        let step = 0.008;
        let mut bend = 0.0;
        for _ in 0..70 {
            bend = 0.75 * bend + 0.05 * self.chance.bell();
            // Vessels turn slowly towards the straight way out from the hilum.
            let outward = atan2f(self.sign * x, hilum(self.torso, self.sign).1 - z).clamp(0.2, 3.0);
            angle += bend + 0.02 * (outward - angle);
            x += self.sign * step * sinf(angle);
            z -= step * cosf(angle);
            radius *= 0.972;
            since += step;
            nodes.push(Node { x, z, r: radius, stretch: 1.25 });
            let inside = self.torso.lung_lateral.at(z) - x.abs();
            if radius < 0.0011 || inside < 0.012 || z < self.torso.apex + 0.015 || z > self.torso.dome_level + 0.1 {
                break;
            }
            if since > 0.022 + 0.03 * self.chance.unit() && order < 4 {
                since = 0.0;
                let way = if self.chance.unit() < 0.5 { -1.0 } else { 1.0 };
                let split = 0.45 + 0.4 * self.chance.unit();
                let daughter = radius * (0.6 + 0.2 * self.chance.unit());
                self.branch((x, z), angle + way * split, daughter, order + 1);
                angle -= 0.25 * way * split;
                radius *= 0.94;
            }
        }
        if nodes.len() > 2 {
            self.tubes.push(vessel(nodes));
        }
    }
}

fn airways(torso: &Torso) -> Vec<Tube> {
    let carina = torso.apex + 0.20;
    let lean = -0.012 - 0.1 * torso.turn;
    let r = if torso.adult { 0.020 } else { 0.0175 };
    let tube = |points: &[(f32, f32, f32)]| Tube {
        nodes: points.iter().map(|(x, z, r)| Node { x: *x, z: *z, r: *r, stretch: 1.0 }).collect(),
        wall: 1.0,
        wall_mu: -0.8 * mu::SOFT,
        core_mu: 0.0,
        layer: Layer::Airway,
    };
    vec![
        tube(&[
            (0.0, torso.apex - 0.13, 0.9 * r),
            (0.4 * lean, torso.apex, r),
            (lean, carina - 0.06, r),
            (lean, carina, 1.05 * r),
        ]),
        tube(&[
            (lean, carina, 0.8 * r),
            (lean - 0.03, carina + 0.035, 0.72 * r),
            (lean - 0.065, carina + 0.075, 0.55 * r),
        ]),
        tube(&[
            (lean, carina, 0.75 * r),
            (lean + 0.04, carina + 0.035, 0.65 * r),
            (lean + 0.095, carina + 0.07, 0.5 * r),
        ]),
    ]
}
