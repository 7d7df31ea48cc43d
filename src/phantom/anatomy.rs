//! The soft parts of the torso as chords: how many centimetres of each tissue a ray crosses.
//!
//! Coordinates are fractions of the image: `x` from the midline to the right of the image (the
//! patient's left), `z` from the top down, depths in the same unit. [`Torso::chords`] is analytic:
//! ellipses, superellipses and profiles.

use libm::{cosf, powf, sinf};

use super::rng::{Chance, ease};
use super::{Age, Lung, PhantomRecipe};

/// Linear attenuation at about 45 keV, 1/cm (NIST XCOM, rounded).
pub(super) mod mu {
    pub(crate) const SOFT: f32 = 0.235;
    pub(crate) const FAT: f32 = 0.205;
    /// Inflated lung, a quarter of the density of soft tissue.
    pub(crate) const LUNG: f32 = 0.055;
    pub(crate) const SPONGY: f32 = 0.47;
}

/// A smooth curve through given points.
pub(super) struct Profile(Vec<(f32, f32)>);

impl Profile {
    /// Points in rising order of their first number.
    pub(super) fn new(points: &[(f32, f32)]) -> Self {
        Self(points.to_vec())
    }

    /// The same curve with its values multiplied.
    pub(super) fn scaled(&self, factor: f32) -> Self {
        Self(self.0.iter().map(|(z, v)| (*z, v * factor)).collect())
    }

    /// Cubic Hermite interpolation with the slopes of Catmull and Rom; constant beyond the ends.
    pub(super) fn at(&self, z: f32) -> f32 {
        let p = &self.0;
        let last = p.len() - 1;
        if z <= p[0].0 {
            return p[0].1;
        }
        if z >= p[last].0 {
            return p[last].1;
        }
        let i = p.partition_point(|(at, _)| *at <= z) - 1;
        let slope = |k: usize| {
            let (a, b) = (p[k.saturating_sub(1)], p[(k + 1).min(last)]);
            (b.1 - a.1) / (b.0 - a.0)
        };
        let h = p[i + 1].0 - p[i].0;
        let t = (z - p[i].0) / h;
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * p[i].1
            + (t3 - 2.0 * t2 + t) * h * slope(i)
            + (3.0 * t2 - 2.0 * t3) * p[i + 1].1
            + (t3 - t2) * h * slope(i + 1)
    }
}

/// An ellipsoid, its long axes tilted in the plane of the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipsoid {
    pub x: f32,
    pub z: f32,
    pub rx: f32,
    pub rz: f32,
    /// Half-axis along the beam.
    pub depth: f32,
    pub cos: f32,
    pub sin: f32,
}

impl Ellipsoid {
    pub(super) fn new(x: f32, z: f32, rx: f32, rz: f32, depth: f32, tilt: f32) -> Self {
        Self { x, z, rx, rz, depth, cos: cosf(tilt), sin: sinf(tilt) }
    }

    /// Length of the ray at (`x`, `z`) inside.
    pub(super) fn chord(&self, x: f32, z: f32) -> f32 {
        let (dx, dz) = (x - self.x, z - self.z);
        let (u, v) = ((self.cos * dx + self.sin * dz) / self.rx, (self.cos * dz - self.sin * dx) / self.rz);
        let rest = 1.0 - u * u - v * v;
        if rest > 0.0 { 2.0 * self.depth * rest.sqrt() } else { 0.0 }
    }
}

/// One dome of the diaphragm.
struct Dome {
    x: f32,
    top: f32,
    /// Half-axes towards the middle, towards the side, downwards, along the beam.
    medial: f32,
    lateral: f32,
    height: f32,
    depth: f32,
}

impl Dome {
    /// Half of the beam's way through the dome at (`x`, `z`): 0 above it.
    fn half_chord(&self, x: f32, z: f32) -> f32 {
        let toward_middle = (x - self.x) * self.x < 0.0;
        let a = if toward_middle { self.medial } else { self.lateral };
        let u = (x - self.x) / a;
        let v = 1.0 - (z - self.top) / self.height;
        let v = v.max(0.0);
        let rest = 1.0 - u * u - v * v;
        if rest > 0.0 && z > self.top { self.depth * rest.sqrt() } else { 0.0 }
    }
}

/// Centimetres of tissue along a ray.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chords {
    /// The whole body, fat and air included.
    pub body: f32,
    pub fat: f32,
    /// Inflated lung.
    pub lung: f32,
    /// Gas in stomach and bowel.
    pub gas: f32,
}

/// A torso with the dimensions that the seed gave it.
pub(super) struct Torso {
    /// Length of one unit in centimetres.
    pub field_cm: f32,
    pub adult: bool,
    /// Sideways shift of what lies in front, for one unit of depth (the patient turned about the
    /// long axis).
    pub turn: f32,
    /// Arms: 0 hanging out sideways, 1 raised.
    pub raised: f32,
    /// Level of the right dome.
    pub dome_level: f32,
    /// Lateral border of the lung at a level; 0 above the apex.
    pub lung_lateral: Profile,
    lung_medial: Profile,
    lung_depth: Profile,
    /// Height of the lung's apex.
    pub apex: f32,
    outline: Profile,
    thickness: Profile,
    fat_skin: f32,
    domes: [Dome; 2],
    heart: Vec<Ellipsoid>,
    head: Ellipsoid,
    arms: [(f32, f32, f32, f32); 2],
    gas: Vec<Ellipsoid>,
    breasts: Vec<Ellipsoid>,
}

/// Lobes, spine and vessels ask for a side as a sign: the right lung lies at negative x.
pub(super) fn side(lung: Lung) -> f32 {
    match lung {
        Lung::Right => -1.0,
        Lung::Left => 1.0,
    }
}

impl Torso {
    /// Draws a torso from the recipe's seed.
    pub(super) fn new(recipe: &PhantomRecipe) -> Self {
        let mut chance = Chance::new(recipe.seed, 1);
        let amount = recipe.variation;
        let adult = recipe.age == Age::Adult;
        let mut vary = |sd: f32| 1.0 + sd * amount * chance.bell().clamp(-2.0, 2.0);
        let wide = vary(0.035);
        let heart_size = vary(0.06) * if adult { 0.86 } else { 1.0 };
        let thick = vary(0.06);
        let fat = vary(0.3);
        let breath = (vary(0.018) - 1.0) + if adult { 0.03 } else { 0.0 };
        let turn = vary(0.05) - 1.0;
        let stomach = vary(0.3);
        let raised = (0.75 + 0.3 * (vary(1.0) - 1.0)).clamp(0.0, 1.0);
        let thymus = vary(0.12);
        let female = chance.unit() < 0.5;
        let head_low = chance.between(-0.02, 0.03) * amount;

        let stretch = if adult { 1.08 } else { 1.0 };
        let apex = if adult { 0.105 } else { 0.18 };
        let lateral: Vec<(f32, f32)> = [
            (0.0, 0.125),
            (0.012, 0.165),
            (0.04, 0.205),
            (0.08, 0.24),
            (0.13, 0.272),
            (0.22, 0.312),
            (0.32, 0.337),
            (0.42, 0.352),
            (0.52, 0.362),
            (0.62, 0.372),
            (0.72, 0.378),
            (0.84, 0.376),
        ]
        .iter()
        .map(|(dz, v)| (apex + dz * stretch, v * wide))
        .collect();
        let dome = 0.755 + breath;
        let field_cm = if adult { 36.0 } else { 22.5 };
        let depth_scale = if adult { 0.9 } else { 1.0 };
        let arm = |sign: f32| {
            if adult {
                // Shoulders rolled forwards, hands on the hips.
                return (sign * 0.375, 0.195, sign * 0.50, 0.60);
            }
            let reach = 0.47 - 0.03 * raised;
            (sign * 0.33, 0.235, sign * (reach + 0.16 * (1.0 - raised)), 0.235 - 0.36 * raised - 0.04)
        };
        let h = heart_size;
        let shift = 0.12 * turn;
        let mid = dome - 0.135;
        let mut heart = vec![
            // Left ventricle, right ventricle on the diaphragm, right atrium, outflow, great
            // vessels of both sides.
            Ellipsoid::new(0.110 + shift, mid + 0.020, 0.118 * h, 0.198 * h, 0.17, -0.68),
            Ellipsoid::new(0.055 + shift, mid + 0.075, 0.165 * h, 0.115 * h, 0.17, 0.12),
            Ellipsoid::new(-0.026 + shift, mid + 0.025, 0.080 * h, 0.135 * h, 0.15, 0.12),
            Ellipsoid::new(0.040 + shift, mid - 0.15, 0.060 * h, 0.13, 0.12, -0.22),
            Ellipsoid::new(-0.014, 0.36, 0.058 * thymus, 0.27, 0.17, 0.05),
            Ellipsoid::new(0.014, 0.36, 0.054 * thymus, 0.28, 0.17, -0.07),
        ];
        if adult {
            heart.push(Ellipsoid::new(0.058, 0.325, 0.042, 0.05, 0.11, 0.0));
            heart.push(Ellipsoid::new(0.045, 0.55, 0.035, 0.3, 0.05, 0.0));
        } else {
            heart.push(Ellipsoid::new(0.045, 0.36, 0.036, 0.042, 0.1, 0.0));
        }
        let gas = vec![
            Ellipsoid::new(0.19, dome + 0.115, 0.075 * stomach, 0.038 * stomach, 0.12, 0.1),
            Ellipsoid::new(0.235, dome + 0.15, 0.05 * stomach, 0.04, 0.08, 0.6),
        ];
        let breasts = if adult && female {
            [-1.0, 1.0].iter().map(|s| Ellipsoid::new(s * 0.22, dome - 0.03, 0.16, 0.14, 0.045, 0.0)).collect()
        } else {
            Vec::new()
        };
        let outline = if adult {
            Profile::new(&[
                (-0.1, 0.13),
                (0.0, 0.13),
                (0.04, 0.16),
                (0.075, 0.26),
                (0.12, 0.36),
                (0.18, 0.43),
                (0.26, 0.435),
                (0.4, 0.425),
                (0.6, 0.42),
                (0.8, 0.415),
                (1.1, 0.42),
            ])
        } else {
            Profile::new(&[
                (-0.1, 0.13),
                (0.03, 0.128),
                (0.07, 0.15),
                (0.10, 0.215),
                (0.14, 0.30),
                (0.19, 0.345),
                (0.24, 0.375),
                (0.32, 0.395),
                (0.45, 0.405),
                (0.65, 0.412),
                (0.85, 0.42),
                (1.1, 0.43),
            ])
        };
        let thickness = Profile::new(&[
            (-0.1, 0.36),
            (0.06, 0.36),
            (0.14, 0.38),
            (0.22, 0.47),
            (0.35, 0.55),
            (0.55, 0.6),
            (0.8, 0.6),
            (1.1, 0.57),
        ]);
        Self {
            field_cm,
            adult,
            turn,
            raised,
            dome_level: dome,
            lung_lateral: Profile::new(&lateral),
            lung_medial: Profile::new(&[
                (apex, 0.115),
                (apex + 0.02, 0.085),
                (apex + 0.06, 0.062),
                (apex + 0.15, 0.05),
                (0.5, 0.046),
                (1.1, 0.046),
            ]),
            lung_depth: Profile::new(&[
                (apex, 0.03),
                (apex + 0.025, 0.10),
                (apex + 0.07, 0.155),
                (apex + 0.15, 0.2),
                (apex + 0.3, 0.235),
                (0.7, 0.25),
                (1.1, 0.25),
            ])
            .scaled(depth_scale * thick),
            apex,
            outline: outline.scaled(wide),
            thickness: thickness.scaled(thick * depth_scale * if adult { 0.96 } else { 1.0 }),
            fat_skin: 0.011 * fat.clamp(0.5, 2.0) * if adult { 1.5 } else { 1.0 },
            domes: [
                Dome { x: -0.17, top: dome, medial: 0.3, lateral: 0.235, height: 0.3, depth: 0.27 },
                Dome { x: 0.185, top: dome + 0.03, medial: 0.3, lateral: 0.225, height: 0.3, depth: 0.27 },
            ],
            heart,
            head: Ellipsoid::new(0.03 * turn, -0.09 + head_low, 0.15, 0.145, 0.3, 0.0),
            arms: [arm(-1.0), arm(1.0)],
            gas,
            breasts,
        }
    }

    /// Start and end of the upper arm's axis on a side (sign of x).
    pub(super) fn arm(&self, sign: f32) -> ((f32, f32), (f32, f32)) {
        let (x0, z0, x1, z1) = self.arms[usize::from(sign > 0.0)];
        ((x0, z0), (x1, z1))
    }

    /// Depth of the heart and great vessels along the ray, in units.
    fn heart_chord(&self, x: f32, z: f32) -> f32 {
        // A soft maximum: borders stay sharp, seams between the chambers do not show.
        let sum: f32 = self.heart.iter().map(|e| e.chord(x, z)).map(|c| c * c * c).sum();
        libm::cbrtf(sum)
    }

    /// Inflated lung along the ray on the side of `x`, before the heart displaces it, in units.
    fn pleural_chord(&self, x: f32, z: f32) -> f32 {
        if z < self.apex {
            return 0.0;
        }
        let (lateral, medial) = (self.lung_lateral.at(z), self.lung_medial.at(z));
        let s = (x.abs() - medial) / (lateral - medial).max(1e-4);
        if !(0.0..1.0).contains(&s) {
            return 0.0;
        }
        let rise = ease(s / 0.24 + 0.05);
        let half = self.lung_depth.at(z) * (1.0 - s * s * s.sqrt()).sqrt() * rise;
        let dome = self.domes[usize::from(x > 0.0)].half_chord(x, z);
        2.0 * (half - dome).max(0.0)
    }

    /// The lung whose field (`x`, `z`) lies in: between its borders and above the outline of its
    /// dome, whatever the heart hides.
    pub(super) fn lung_field(&self, x: f32, z: f32) -> Option<Lung> {
        let dome = self.domes[usize::from(x > 0.0)].half_chord(x, z);
        let inside = dome <= 0.0 && self.pleural_chord(x, z) > 0.0;
        inside.then_some(if x > 0.0 { Lung::Left } else { Lung::Right })
    }

    /// Tissue along the ray at (`x`, `z`).
    pub(super) fn chords(&self, x: f32, z: f32) -> Chords {
        let body = self.body_chord(x, z, 0.0);
        if body <= 0.0 {
            return Chords::default();
        }
        let inner = self.body_chord(x, z, self.fat_skin);
        let lung = (self.pleural_chord(x, z) - self.heart_chord(x, z)).max(0.0).min(0.9 * inner);
        let mut gas = 0.0f32;
        if z > self.domes[1].top + 0.02 {
            gas = self.gas.iter().map(|e| e.chord(x, z)).fold(0.0, f32::max);
        }
        let breast: f32 = self.breasts.iter().map(|e| e.chord(x, z)).sum();
        let cm = self.field_cm;
        Chords {
            body: (body + breast) * cm,
            fat: (body - inner + 0.7 * breast).max(0.0) * cm,
            lung: lung * cm,
            gas: gas.min(inner) * cm,
        }
    }

    /// Body along the ray in units, `skin` below the surface.
    fn body_chord(&self, x: f32, z: f32, skin: f32) -> f32 {
        let half = self.outline.at(z) - skin;
        let u = x.abs() / half;
        let trunk = if u < 1.0 {
            // Shoulders are thinner than the chest between them.
            (self.thickness.at(z) - 2.0 * skin) * powf(1.0 - powf(u, 2.4), 0.55)
        } else {
            0.0
        };
        let head = {
            let e = &self.head;
            Ellipsoid { rx: e.rx - skin, rz: e.rz - skin, depth: e.depth - skin, ..*e }.chord(x, z)
        };
        let (x0, z0, x1, z1) = self.arms[usize::from(x > 0.0)];
        let (dx, dz) = (x1 - x0, z1 - z0);
        let t = (((x - x0) * dx + (z - z0) * dz) / (dx * dx + dz * dz)).clamp(0.0, 1.6);
        let (ex, ez) = (x - x0 - t * dx, z - z0 - t * dz);
        let radius = 0.105 - 0.035 * t.min(1.0) - skin;
        let rest = radius * radius - ex * ex - ez * ez;
        let arm = if rest > 0.0 { 2.0 * rest.sqrt() } else { 0.0 };
        libm::cbrtf(trunk * trunk * trunk + head * head * head + arm * arm * arm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_through_the_middle_of_an_ellipsoid_is_as_long_as_its_axis() {
        let e = Ellipsoid::new(0.1, 0.5, 0.2, 0.1, 0.15, 0.7);
        assert!((e.chord(0.1, 0.5) - 0.3).abs() < 1e-6);
        assert_eq!(e.chord(0.5, 0.5), 0.0);
    }

    #[test]
    fn the_right_dome_stands_higher_than_the_left() {
        let torso = Torso::new(&PhantomRecipe { variation: 0.0, ..PhantomRecipe::default() });
        assert!(torso.domes[0].top < torso.domes[1].top);
    }
}
