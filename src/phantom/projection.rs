//! From tissue to image: Beer–Lambert, scatter, quantum noise, and the processing of a "for
//! presentation" image.
//!
//! `I = exp(−∫ μ ds)`; scatter adds a share of the widely blurred primary beam; the count of
//! photons is Poisson (as a normal: there are hundreds in the darkest pixel); the signal is
//! `−ln I`, its fine detail is lifted by an unsharp mask and its range is laid on 12 bits by a
//! logistic curve, as digital systems do.

use libm::{cosf, expf, logf, sinf};
use rayon::prelude::*;

use super::anatomy::{Torso, mu};
use super::opacity::Lesion;
use super::rng::{Chance, cloud, ease, pixel_bell};
use super::skeleton::Skeleton;
use super::tube::{CLEAR, Layer, Node, PlacedTube, Placement, Tube};
use super::{Age, MAX_SIZE, MIN_SIZE, Phantom, PhantomRecipe, vessels};
use crate::imaging::Plane;

/// The scene, laid out for one image.
struct Scene {
    torso: Torso,
    skeleton: Skeleton,
    lesions: Vec<Lesion>,
    placement: Placement,
    tubes: Vec<PlacedTube>,
    lesion_tubes: Vec<Vec<PlacedTube>>,
    seed: u64,
    size: usize,
}

/// One row of the projection.
struct Row {
    /// Line integrals of the attenuation.
    integral: Vec<f32>,
    /// Optical depth of the opacities alone.
    lesion: Vec<f32>,
}

/// Renders `recipe`.
pub(super) fn expose(recipe: &PhantomRecipe) -> Phantom {
    let size = recipe.size.clamp(MIN_SIZE, MAX_SIZE);
    let scene = Scene::new(recipe, size);
    let rows: Vec<Row> = (0..size).into_par_iter().map(|row| scene.project(row)).collect();
    let lesion: Vec<f32> = rows.iter().flat_map(|r| r.lesion.iter().copied()).collect();
    let integral: Vec<f32> = rows.into_iter().flat_map(|r| r.integral).collect();

    let mut chance = Chance::new(recipe.seed, 6);
    let intensity = scatter(&integral, size);
    let counts = recipe.dose.max(1.0) * (1024.0 / size as f32) * (1024.0 / size as f32);
    let signal = detect(&intensity, size, counts, recipe.seed);
    let values = present(&signal, size, recipe.variation, &mut chance);
    let mut plane = Plane { width: size, height: size, values };
    mark(&mut plane, recipe, &mut chance);

    let strongest = lesion.iter().copied().fold(0.0f32, f32::max);
    let mask = lesion.iter().map(|d| strongest > 0.02 && *d > 0.3 * strongest).collect();
    Phantom { plane, mask, spacing_mm: f64::from(10.0 * scene.torso.field_cm) / size as f64 }
}

/// How the torso lies in the image.
pub(super) fn placement(recipe: &PhantomRecipe, size: usize) -> Placement {
    let mut chance = Chance::new(recipe.seed, 7);
    let v = recipe.variation;
    let angle = 0.022 * v * chance.bell();
    let zoom = if recipe.age == Age::Child { 1.06 } else { 1.12 } + 0.03 * v * chance.bell();
    let side = size as f32;
    Placement {
        scale: side * zoom,
        cos: cosf(angle),
        sin: sinf(angle),
        centre: (side * (0.5 + 0.012 * v * chance.bell()), side * (0.5 + 0.012 * v * chance.bell())),
    }
}

impl Scene {
    fn new(recipe: &PhantomRecipe, size: usize) -> Self {
        let torso = Torso::new(recipe);
        let skeleton = Skeleton::new(&torso, recipe.seed, recipe.variation);
        let lesions: Vec<Lesion> =
            recipe.opacities.iter().enumerate().map(|(i, o)| Lesion::new(&torso, *o, recipe.seed, i)).collect();
        let placement = placement(recipe, size);
        let place = |tube: &Tube| PlacedTube::new(tube, placement, torso.field_cm);
        let mut tubes: Vec<PlacedTube> = skeleton.tubes.iter().map(place).collect();
        tubes.extend(vessels::grow(&torso, recipe.seed).iter().map(place));
        let lesion_tubes = lesions.iter().map(|l| l.tubes.iter().map(place).collect()).collect();
        Self { torso, skeleton, lesions, placement, tubes, lesion_tubes, seed: recipe.seed, size }
    }

    fn project(&self, row: usize) -> Row {
        let size = self.size;
        let mut layers = [vec![0.0; size], vec![0.0; size], vec![0.0; size]];
        let mut scratch = vec![CLEAR; size];
        let middle = row as f32;
        for tube in &self.tubes {
            tube.add_row(middle, &mut layers[layer_index(tube.layer)], &mut scratch);
        }
        let mut extra: Vec<Vec<f32>> = Vec::with_capacity(self.lesions.len());
        for tubes in &self.lesion_tubes {
            let mut sum = vec![0.0; size];
            tubes.iter().for_each(|t| t.add_row(middle, &mut sum, &mut scratch));
            extra.push(sum);
        }
        let mut integral = Vec::with_capacity(size);
        let mut lesion = vec![0.0; size];
        for column in 0..size {
            let (x, z) = self.placement.to_anatomy(column as f32, middle);
            let chords = self.torso.chords(x, z);
            if chords.body <= 0.0 {
                integral.push(0.0);
                continue;
            }
            let mut sum = mu::SOFT * (chords.body - chords.fat - chords.lung - chords.gas) + mu::FAT * chords.fat;
            // Fat planes between the muscles, and the grain of the parenchyma.
            sum *= 1.0
                + 0.03 * cloud(self.seed ^ 0xFA7, x * 11.0, z * 11.0)
                + 0.012 * cloud(self.seed ^ 0xFA8, x * 45.0, z * 30.0);
            let grain = cloud(self.seed ^ 0x6A, x * 85.0, z * 85.0);
            let aerated = chords.lung * (mu::SOFT - mu::LUNG);
            sum += mu::LUNG * chords.lung + 0.06 * grain * ease(chords.lung / 4.0);
            let mut air_left = 1.0;
            for (l, tubes) in self.lesions.iter().zip(&extra) {
                let filled = l.filled(x, z);
                if filled > 0.0 {
                    sum += filled * air_left * aerated;
                    air_left *= 1.0 - filled;
                    lesion[column] += l.optical_depth(x, z, chords.lung);
                    sum += tubes[column] * l.tube_weight(x, z) * ease(chords.lung / 3.0);
                }
            }
            sum += layers[1][column] * ease(chords.lung / 3.0) * (0.15 + 0.85 * air_left);
            sum += layers[0][column] + self.skeleton.spine_at(x, z) + layers[2][column];
            integral.push(sum.max(0.0));
        }
        Row { integral, lesion }
    }
}

fn layer_index(layer: Layer) -> usize {
    match layer {
        Layer::Bone => 0,
        Layer::InLung => 1,
        Layer::Airway => 2,
    }
}

/// Primary beam and scatter, as a part of the unattenuated beam.
fn scatter(integral: &[f32], size: usize) -> Vec<f32> {
    let primary: Vec<f32> = integral.par_iter().map(|s| expf(-s)).collect();
    // A grid leaves little of the scatter.
    let veil = blur(&primary, size, 0.05);
    primary.iter().zip(&veil).map(|(p, v)| p + 0.06 * v.min(0.5)).collect()
}

/// The detector: sharpness, quantum noise, and the logarithm.
fn detect(intensity: &[f32], size: usize, counts: f32, seed: u64) -> Vec<f32> {
    let sharp = blur(intensity, size, 0.0009);
    let noisy: Vec<f32> = sharp
        .par_iter()
        .enumerate()
        .map(|(i, v)| (v + (v / counts).sqrt() * pixel_bell(seed ^ 0x4015E, i as u64)).max(1e-5))
        .collect();
    noisy.par_iter().map(|v| -logf(*v)).collect()
}

/// The look of a processed image: 12 bits, bright = dense.
fn present(signal: &[f32], size: usize, variation: f32, chance: &mut Chance) -> Vec<f32> {
    // Exposure control: thick patients are shown like thin ones.
    let mut sorted: Vec<f32> = signal.iter().step_by(7).copied().collect();
    sorted.sort_by(f32::total_cmp);
    let dense = sorted[sorted.len() * 9 / 10].max(0.1);
    let signal: Vec<f32> = signal.iter().map(|s| s * 3.05 / dense).collect();
    let base = blur(&signal, size, 0.035);
    let gain = 0.62 + 0.10 * variation * chance.bell().clamp(-2.0, 2.0);
    let centre = 1.20 + 0.10 * variation * chance.bell();
    let width = 0.86 * (1.0 + 0.07 * variation * chance.bell());
    let white = 0.96 + 0.03 * variation * chance.bell().clamp(-2.0, 2.0);
    let black = 1.0 / (1.0 + expf(centre / width));
    signal
        .par_iter()
        .zip(&base)
        .map(|(s, b)| {
            let lifted = s + gain * (s - b) * ease(s / 0.8);
            let tone = (1.0 / (1.0 + expf((centre - lifted) / width)) - black) / (1.0 - black);
            (4095.0 * white * tone).round().clamp(0.0, 4095.0)
        })
        .collect()
}

/// The lead letter that tells the right side.
fn mark(plane: &mut Plane, recipe: &PhantomRecipe, chance: &mut Chance) {
    let size = plane.width;
    let side = size as f32;
    let v = recipe.variation;
    let height = 0.036 + 0.008 * v * (chance.unit() - 0.5);
    let (left, top) = if recipe.age == Age::Child { (0.10, 0.06) } else { (0.06, 0.03) };
    let at = (left + 0.1 * v * (chance.unit() - 0.5), top + 0.08 * v * chance.unit());
    let strokes: [&[(f32, f32)]; 2] = [
        &[(0.0, 1.0), (0.0, 0.0), (0.36, 0.0), (0.52, 0.08), (0.56, 0.25), (0.52, 0.42), (0.36, 0.5), (0.0, 0.5)],
        &[(0.3, 0.5), (0.58, 1.0)],
    ];
    let placement = Placement { scale: side, cos: 1.0, sin: 0.0, centre: (0.0, 0.5 * side) };
    for stroke in strokes {
        let nodes = stroke
            .iter()
            .map(|(x, z)| Node { x: at.0 + height * x, z: at.1 + height * z, r: 0.085 * height, stretch: 1.0 })
            .collect();
        let tube = Tube { nodes, wall: 1.0, wall_mu: 1.0, core_mu: 0.0, layer: Layer::Bone };
        let placed = PlacedTube::new(&tube, placement, 1.0);
        let (mut sum, mut scratch) = (vec![0.0; size], vec![CLEAR; size]);
        for row in 0..size {
            sum.fill(0.0);
            placed.add_row(row as f32, &mut sum, &mut scratch);
            for (value, lead) in plane.values[row * size..(row + 1) * size].iter_mut().zip(&sum) {
                let cover = (lead / (0.09 * height)).min(1.0);
                *value = (*value + cover * (3900.0 - *value)).round();
            }
        }
    }
}

/// Three box filters, close to a Gaussian whose standard deviation is `share` of the image's side.
fn blur(image: &[f32], size: usize, share: f32) -> Vec<f32> {
    let radius = (share * size as f32).round() as usize;
    if radius == 0 {
        return image.to_vec();
    }
    let mut work = image.to_vec();
    for _ in 0..2 {
        for _ in 0..3 {
            work.par_chunks_mut(size).for_each(|row| box_filter(row, radius));
        }
        let turned: Vec<f32> = (0..size * size).into_par_iter().map(|i| work[(i % size) * size + i / size]).collect();
        work = turned;
    }
    work
}

/// Running mean over `2 · radius + 1` values, the ends repeated.
fn box_filter(row: &mut [f32], radius: usize) {
    let n = row.len();
    let source = row.to_vec();
    let at = |i: isize| f64::from(source[i.clamp(0, n as isize - 1) as usize]);
    let r = radius as isize;
    let mut sum: f64 = (-r..=r).map(at).sum();
    let scale = 1.0 / (2 * radius + 1) as f64;
    for (i, value) in row.iter_mut().enumerate() {
        *value = (sum * scale) as f32;
        let i = i as isize;
        sum += at(i + r + 1) - at(i - r);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::{Lung, Opacity, OpacityKind, Zone, render};

    fn small(seed: u64) -> PhantomRecipe {
        PhantomRecipe { seed, size: 128, ..PhantomRecipe::default() }
    }

    #[test]
    fn a_slab_attenuates_by_beer_and_lambert() {
        // 10 cm of soft tissue without noise: the signal is μ·d, the scatter of an even field
        // known.
        let size = 32;
        let intensity = scatter(&vec![mu::SOFT * 10.0; size * size], size);
        let expected = expf(-mu::SOFT * 10.0) * 1.06;
        assert!(intensity.iter().all(|i| (i - expected).abs() < 1e-5));
        let signal = detect(&intensity, size, 1e12, 1);
        assert!(signal.iter().all(|s| (s - (mu::SOFT * 10.0 - logf(1.06))).abs() < 1e-3));
    }

    #[test]
    fn a_recipe_always_gives_the_same_film() {
        let one = render(&small(5));
        let again = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| render(&small(5)));
        assert_eq!(one, again);
        assert_ne!(one.plane, render(&small(6)).plane);
    }

    #[test]
    fn values_are_twelve_bits_and_lungs_are_darker_than_the_mediastinum() {
        let film = render(&small(2)).plane;
        assert!(film.values.iter().all(|v| (0.0..=4095.0).contains(v) && v.fract() == 0.0));
        let mean = |x: usize, y: usize| {
            (0..8).flat_map(|j| (0..8).map(move |i| (x + i, y + j))).map(|(i, j)| film.at(i, j)).sum::<f32>() / 64.0
        };
        assert!(mean(32, 60) + 600.0 < mean(64, 60));
        assert!(mean(60, 116) > mean(92, 60));
    }

    #[test]
    fn an_opacity_brightens_the_film_inside_its_mask_and_nowhere_else() {
        for (lung, kind) in [(Lung::Right, OpacityKind::Lobar), (Lung::Left, OpacityKind::Interstitial)] {
            let opacity = Opacity { lung, zone: Zone::Middle, kind, size: 1.0, density: 0.9 };
            let healthy = render(&small(3));
            let ill = render(&PhantomRecipe { opacities: vec![opacity], ..small(3) });
            assert!(healthy.mask.iter().all(|m| !m));
            let inside = ill.mask.iter().filter(|m| **m).count();
            assert!((150..3000).contains(&inside), "{inside} pixels");
            let column = |i: usize| i % 128;
            let in_lung = |i: usize| if lung == Lung::Right { column(i) < 64 } else { column(i) > 64 };
            assert!(ill.mask.iter().enumerate().all(|(i, m)| !m || in_lung(i)));
            let gain = |wanted: bool| {
                let (mut sum, mut n) = (0.0, 0.0);
                for i in 0..ill.mask.len() {
                    if ill.mask[i] == wanted {
                        sum += ill.plane.values[i] - healthy.plane.values[i];
                        n += 1.0;
                    }
                }
                sum / n
            };
            assert!(gain(true) > 150.0, "{}", gain(true));
            assert!(gain(false).abs() < 40.0, "{}", gain(false));
        }
    }

    #[test]
    fn the_box_filter_keeps_an_even_row() {
        let mut row = vec![3.0; 20];
        box_filter(&mut row, 4);
        assert!(row.iter().all(|v| (v - 3.0).abs() < 1e-6));
    }
}
