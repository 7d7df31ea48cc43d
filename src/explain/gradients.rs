//! Maps from the gradient of the pixels: saliency, `SmoothGrad`, integrated gradients, guided
//! backpropagation.
//!
//! | method | map |
//! |---|---|
//! | Saliency (Simonyan et al. 2014) | `\|∂S/∂x\|` |
//! | `SmoothGrad` (Smilkov et al. 2017) | mean of `\|∂S/∂x\|` over copies with Gaussian noise, σ = 0.15 of the input's range |
//! | Integrated gradients (Sundararajan et al. 2017) | `(x − b) ⊙ ∫₀¹ ∂S/∂x(b + t(x − b)) dt` by Gauss–Legendre, `b` black |
//! | Guided backpropagation (Springenberg et al. 2015) | `∂S/∂x` where each ReLU passes on only what is positive |
//! | Guided Grad-CAM (Selvaraju et al. 2017) | guided backpropagation ⊙ `relu(Grad-CAM)`, enlarged to the input |
//!
//! Channels of the input are summed. Black is black in the image, not zero after normalisation.
//! Integrated gradients add up to `S(x) − S(b)`; what is missing is the residual, which every map
//! of that kind carries.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::cam::Target;
use super::quadrature::gauss_legendre;
use super::scene::{MethodSettings, Scene, Trials, Watch};
use super::score_gradients::ScoreGradients;
use super::subject::Subject;
use super::{Attribution, ExplainError, Method, Residual, cam};
use crate::imaging::Plane;
use crate::imaging::overlay::{Area, placed};
use crate::network::Mode;
use crate::network::layers::activation::Rule;

/// Noise of `SmoothGrad` as a part of the input's range.
const NOISE: f32 = 0.15;
/// Copies of `SmoothGrad` and steps of integrated gradients.
const COPIES: usize = 32;
const STEPS: usize = 50;
/// Rows that are differentiated at once: their graph holds every activation of the network.
pub(super) const ROWS: usize = 4;

/// `∂S/∂x` summed over the channels by `fold`, for each subject; several rows are averaged with
/// `weights`.
pub(super) struct Accumulated {
    /// One a subject, `H·W`.
    pub sums: Vec<Vec<f64>>,
}

impl Accumulated {
    pub(super) fn new(subjects: usize, area: usize) -> Self {
        Self { sums: vec![vec![0.0; area]; subjects] }
    }

    /// The maps so far, divided by `weight`.
    pub(super) fn planes(&self, weight: f64, width: usize, height: usize) -> Vec<Plane> {
        let plane = |sum: &Vec<f64>| Plane { width, height, values: sum.iter().map(|v| (v / weight) as f32).collect() };
        self.sums.iter().map(plane).collect()
    }
}

/// Saliency, or guided backpropagation (that of guided Grad-CAM, too): one pass.
pub(super) fn single(
    scene: &Scene<'_>,
    method: Method,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    watch.tick(method, 0, 1)?;
    let (_, height, width) = scene.shape()?;
    let mode = if method == Method::Saliency { Mode::Inference } else { Mode::Explaining(Rule::Guided) };
    let pass = ScoreGradients::run(scene.network, 0, scene.input, mode)?;
    let map = |subject: &Subject| {
        let gradient = row_gradients(scene, &pass, *subject)?;
        let values = summed(&gradient, height * width, |g| if method == Method::Saliency { g.abs() } else { g });
        let raw = Plane { width, height, values };
        Ok(attribution(scene, method, *subject, raw)?.evaluated(1))
    };
    subjects.iter().map(map).collect()
}

/// Guided Grad-CAM at the target's layer.
pub(super) fn guided_grad_cam(
    scene: &Scene<'_>,
    target: &Target<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let guided = single(scene, Method::GuidedGradCam, subjects, watch)?;
    let maps = cam::explain(target, subjects, &[Method::GradCam])?;
    let product = guided.into_iter().zip(maps).map(|(guided, map)| {
        let positive = map.raw.values.iter().map(|v| v.max(0.0)).collect();
        let positive = Plane { values: positive, ..map.raw };
        let Plane { width, height, values } = guided.raw;
        let mask = placed(&positive, Area::WHOLE, width, height);
        let values = values.iter().zip(&mask.values).map(|(g, m)| g * m).collect();
        let raw = Plane { width, height, values };
        Ok(target.attribution(Method::GuidedGradCam, guided.subject, raw)?.evaluated(1))
    });
    product.collect()
}

/// `SmoothGrad`.
pub(super) fn smooth_grad(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let pixels = scene.pixels()?;
    let (low, high) = pixels.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let sd = NOISE * (high - low);
    let copies = settings.evaluations.unwrap_or(COPIES).max(1);
    let noisy = |copy: usize| -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        random.set_stream(copy as u64);
        let noise = StandardNormal.sample_iter(&mut random);
        pixels.iter().zip(noise).map(|(x, n): (&f32, f32)| x + sd * n).collect()
    };
    mean_saliency(scene, subjects, copies, noisy, watch)
}

/// The mean of `|∂S/∂x|` over copies of the input.
pub(super) fn mean_saliency(
    scene: &Scene<'_>,
    subjects: &[Subject],
    copies: usize,
    copy: impl Fn(usize) -> Vec<f32>,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (channels, height, width) = scene.shape()?;
    let area = height * width;
    let mut total = Accumulated::new(subjects.len(), area);
    let maps = |total: &Accumulated, done: usize| -> Result<Vec<Attribution>, ExplainError> {
        let planes = total.planes(done as f64, width, height).into_iter().zip(subjects);
        planes.map(|(raw, s)| Ok(attribution(scene, Method::SmoothGrad, *s, raw)?.evaluated(done))).collect()
    };
    let mut done = 0;
    while done < copies {
        let rows = ROWS.min(copies - done);
        let x = scene.batch((done..done + rows).flat_map(&copy).collect())?;
        let pass = ScoreGradients::run(scene.network, 0, &x, Mode::Inference)?;
        for (sum, subject) in total.sums.iter_mut().zip(subjects) {
            for gradient in row_gradients(scene, &pass, *subject)?.chunks_exact(channels * area) {
                let values = summed(gradient, area, f32::abs);
                sum.iter_mut().zip(values).for_each(|(s, v)| *s += f64::from(v));
            }
        }
        done += rows;
        watch.step(Method::SmoothGrad, done, copies, || maps(&total, done))?;
    }
    maps(&total, copies)
}

/// Integrated gradients, from black.
pub(super) fn integrated(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    const METHOD: Method = Method::IntegratedGradients;
    let (channels, height, width) = scene.shape()?;
    let area = height * width;
    let (x, black) = (scene.pixels()?, scene.blackness()?);
    let nodes = gauss_legendre(settings.evaluations.unwrap_or(STEPS).clamp(1, 10_000));
    let base = Trials::new(scene).run(black.clone())?.concat();
    let mut total = Accumulated::new(subjects.len(), area);
    let mut done = 0;
    for nodes_now in nodes.chunks(ROWS) {
        let point = |t: f64| x.iter().zip(&black).map(move |(x, b)| (f64::from(*b) + t * f64::from(x - b)) as f32);
        let rows = scene.batch(nodes_now.iter().flat_map(|(t, _)| point(*t)).collect())?;
        let pass = ScoreGradients::run(scene.network, 0, &rows, Mode::Inference)?;
        for (sum, subject) in total.sums.iter_mut().zip(subjects) {
            let gradient = row_gradients(scene, &pass, *subject)?;
            for (gradient, (_, weight)) in gradient.chunks_exact(channels * area).zip(nodes_now) {
                for (c, plane) in gradient.chunks_exact(area).enumerate() {
                    let change = x[c * area..].iter().zip(&black[c * area..]).map(|(x, b)| f64::from(x - b));
                    sum.iter_mut()
                        .zip(plane.iter().zip(change))
                        .for_each(|(s, (g, d))| *s += weight * f64::from(*g) * d);
                }
            }
        }
        done += nodes_now.len();
        watch.tick(METHOD, done, nodes.len())?;
    }
    let planes = total.planes(1.0, width, height);
    let map = |((raw, sum), subject): ((Plane, &Vec<f64>), &Subject)| {
        let expected = f64::from(scene.score(*subject)) - scene.scoring.score(*subject, &base);
        let residual = Residual { expected, found: sum.iter().sum() };
        Ok(attribution(scene, METHOD, *subject, raw)?.evaluated(nodes.len() + 1).with_residual(residual))
    };
    planes.into_iter().zip(&total.sums).zip(subjects).map(map).collect()
}

/// The gradient of a subject's score for each row of a pass from the pixels; zeros where the score
/// does not depend on them.
pub(super) fn row_gradients(
    scene: &Scene<'_>,
    pass: &ScoreGradients,
    subject: Subject,
) -> Result<Vec<f32>, ExplainError> {
    let seeds: Vec<Vec<f32>> = pass.rows.iter().map(|logits| scene.scoring.slope(subject, logits)).collect();
    let (channels, height, width) = scene.shape()?;
    match pass.back(&seeds)? {
        Some(gradient) => Ok(gradient.flatten_all()?.to_vec1()?),
        None => Ok(vec![0.0; pass.rows.len() * channels * height * width]),
    }
}

/// The channels of one row, added up.
fn summed(gradient: &[f32], area: usize, each: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut map = vec![0f32; area];
    for plane in gradient.chunks_exact(area) {
        map.iter_mut().zip(plane).for_each(|(m, g)| *m += each(*g));
    }
    map
}

/// A map of the pixels.
pub(super) fn attribution(
    scene: &Scene<'_>,
    method: Method,
    subject: Subject,
    raw: Plane,
) -> Result<Attribution, ExplainError> {
    Attribution::new(method, subject, super::method::INPUT.into(), scene.score(subject), raw)
}
