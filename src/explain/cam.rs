//! Class activation maps from one pass back, at any stage that yields a feature map.
//!
//! `A` is the activation of the target stage (`C×h×w`), `g = ∂S/∂A`, `S` the score of the subject
//! (see [`super::subject`]).
//!
//! | method | map |
//! |---|---|
//! | CAM (Zhou et al. 2016) | `Σ_k W_k A_k`, where the stage is followed by a global average and one linear layer alone |
//! | Grad-CAM (Selvaraju et al. 2017) | `w_k = mean_ij g`, `Σ_k w_k A_k` |
//! | Grad-CAM++ (Chattopadhyay et al. 2018) | `α = g² / (2g² + (Σ_ab A)·g³ + 1e-6)`, 0 where `g = 0`; `w_k = Σ_ij α·relu(g)`, `Σ_k w_k A_k` |
//! | `HiResCAM` (Draelos and Carin 2020) | `Σ_k g ⊙ A` |
//! | `LayerCAM` (Jiang et al. 2021) | `Σ_k relu(g) ⊙ A` |
//! | `XGrad-CAM` (Fu et al. 2020) | `w_k = Σ_ij g·A / (Σ_ij A + 1e-7)`, `Σ_k w_k A_k` |
//! | Finer-CAM (Zhang et al. 2025) | Grad-CAM of `Σ_d p_d (S − S_d) / (Σ_d p_d + 1e-9)` over the three classes `d` that score nearest, `p` their softmax |
//! | Eigen-CAM (Muhammad and Yeasin 2020) | see [`super::eigen`] |
//!
//! Conventions are those of the `grad-cam` package (Grad-CAM++ uses the gradient of the score
//! itself, without `exp(S)`; in Finer-CAM the gradient flows through the `p_d` too). Where a stage
//! [rectifies in place](crate::network::Layer::rectifies_in_place), `g` is taken before the ReLU
//! and `A` behind it.
//!
//! The forward pass up to the target is the caller's and is never repeated here: only the stages
//! behind it run, once for all subjects and methods, with the activation repeated once a subject so
//! that a single backward pass yields the gradient of every one. Post-processing is in
//! [`super::scale`].

use candle_core::Tensor;

use super::score_gradients::ScoreGradients;
use super::subject::{Scoring, Subject};
use super::{Attribution, ExplainError, Method, eigen};
use crate::imaging::Plane;
use crate::network::{Mode, Network};

/// Added to the denominator of Grad-CAM++'s α, as in the `grad-cam` package.
const ALPHA_EPSILON: f32 = 1e-6;
/// Added to the denominator of `XGrad-CAM`'s weights.
const SUM_EPSILON: f32 = 1e-7;
/// Classes that Finer-CAM compares with.
const REFERENCE_CLASSES: usize = 3;
/// Added to the sum of their probabilities.
const SHARE_EPSILON: f64 = 1e-9;
/// By how much of the score a network may differ from "average and one linear layer" to have a CAM.
const LINEAR: f64 = 1e-3;
/// Most activation values that are differentiated at once.
///
/// Small enough that a request to stop is seen between two classes even at an early stage, and that
/// candle does not share element-wise work out: from 64 × 1024 values on its threads meet at a
/// spinning barrier, which on a busy machine costs milliseconds an operation where one thread needs
/// a tenth of one.
pub const VALUES_AT_ONCE: usize = 64 * 1024 - 1;

/// Channels, rows and columns of maps.
pub(super) type Shape = (usize, usize, usize);

/// What the maps of one image at one stage are made from.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub network: &'a Network,
    /// Number of the stage that yielded `activation`.
    pub stage: usize,
    /// Output of that stage, as [`Network::forward_range`] hands it out: also what has no place, for
    /// the rest of the network reads it.
    pub activation: &'a Tensor,
    /// Width and height of what the network was run on.
    pub size: (usize, usize),
    /// Logits of the same forward pass, one a class.
    pub logits: &'a [f32],
    pub scoring: &'a Scoring,
}

impl Target<'_> {
    pub(super) fn layer(&self) -> String {
        self.network.stages[self.stage].name.clone()
    }

    /// The places of an output of the stage, or of a gradient for one, `(N, C, h, w)`.
    pub(super) fn planes(&self, output: &Tensor) -> Result<Tensor, ExplainError> {
        let not_spatial = || ExplainError::NotSpatial { layer: self.layer() };
        if !self.network.stages[self.stage].is_spatial() {
            return Err(not_spatial());
        }
        let planes = self.network.planes(self.stage, output, self.size)?;
        if planes.rank() == 4 { Ok(planes) } else { Err(not_spatial()) }
    }

    /// The places of the activation: `(C, h, w)`, and the values, channel by channel.
    pub(super) fn maps(&self) -> Result<(Shape, Vec<f32>), ExplainError> {
        let planes = self.planes(self.activation)?;
        let (_, channels, height, width) = planes.dims4()?;
        Ok(((channels, height, width), planes.flatten_all()?.to_vec1()?))
    }

    fn check(&self, subjects: &[Subject]) -> Result<(), ExplainError> {
        let known = self.logits.len();
        match subjects.iter().find(|s| !self.scoring.knows(**s, known)) {
            Some(_) => Err(ExplainError::NoSuchSubject { known }),
            None => Ok(()),
        }
    }

    pub(super) fn attribution(
        &self,
        method: Method,
        subject: Subject,
        raw: Plane,
    ) -> Result<Attribution, ExplainError> {
        let score = self.scoring.score(subject, self.logits) as f32;
        Attribution::new(method, subject, self.layer(), score, raw)
    }
}

/// How many subjects are explained in one pass at this stage.
#[must_use]
pub fn at_once(activation: &Tensor) -> usize {
    (VALUES_AT_ONCE / activation.elem_count().max(1)).max(1)
}

/// Maps of `subjects` by `methods`, which are [instant](Method::is_instant): all methods of the
/// first subject, then of the next.
///
/// # Errors
/// When the stage has no feature map, a subject or a CAM of the network does not exist, or a map is
/// not finite (never a NaN in a map).
pub fn explain(
    target: &Target<'_>,
    subjects: &[Subject],
    methods: &[Method],
) -> Result<Vec<Attribution>, ExplainError> {
    let ((_, height, width), activation) = target.maps()?;
    target.check(subjects)?;
    if subjects.is_empty() || methods.is_empty() {
        return Ok(Vec::new());
    }
    let needs = |wanted: fn(Method) -> bool| methods.iter().any(|m| wanted(*m));
    let plain = needs(|m| !matches!(m, Method::EigenCam | Method::FinerCam));
    let slopes = subjects.iter().map(|s| target.scoring.slope(*s, target.logits));
    let gradients = if plain { Some(gradients(target, &slopes.collect::<Vec<_>>())?) } else { None };
    let finer = if methods.contains(&Method::FinerCam) {
        let slopes: Result<Vec<_>, _> = subjects.iter().map(|s| finer_slope(target, *s)).collect();
        Some(self::gradients(target, &slopes?)?)
    } else {
        None
    };
    let area = height * width;
    if methods.contains(&Method::Cam) {
        is_linear_behind(target, gradients.as_ref(), area)?;
    }
    let mut eigen: Option<Vec<f32>> = None;
    let mut maps = Vec::with_capacity(subjects.len() * methods.len());
    for (row, &subject) in subjects.iter().enumerate() {
        for &method in methods {
            let values = match method {
                Method::EigenCam => {
                    if eigen.is_none() {
                        eigen = Some(eigen::projection(&activation, area));
                    }
                    eigen.clone().unwrap_or_default()
                }
                Method::FinerCam => map(Method::GradCam, row_of(finer.as_ref(), row), &activation, area),
                _ => map(method, row_of(gradients.as_ref(), row), &activation, area),
            };
            maps.push(target.attribution(method, subject, Plane { width, height, values })?);
        }
    }
    Ok(maps)
}

fn row_of(gradients: Option<&Vec<Vec<f32>>>, row: usize) -> &[f32] {
    gradients.and_then(|g| g.get(row)).map_or(&[], Vec::as_slice)
}

/// The map of one subject from the gradient of its score.
pub(super) fn map(method: Method, gradient: &[f32], activation: &[f32], area: usize) -> Vec<f32> {
    let channels = gradient.chunks_exact(area).zip(activation.chunks_exact(area));
    let mut map = vec![0f32; area];
    for (g, a) in channels {
        match method {
            Method::HiResCam => map.iter_mut().zip(g.iter().zip(a)).for_each(|(m, (g, a))| *m += g * a),
            Method::LayerCam => map.iter_mut().zip(g.iter().zip(a)).for_each(|(m, (g, a))| *m += g.max(0.0) * a),
            _ => {
                let weight = match method {
                    // The same all over the channel, but for places that a ReLU in place has
                    // closed.
                    Method::Cam => {
                        area as f32 * g.iter().fold(0.0, |top: f32, v| if v.abs() > top.abs() { *v } else { top })
                    }
                    Method::GradCamPlusPlus => plus_plus_weight(g, sum(a.iter().copied())),
                    Method::XGradCam => {
                        sum(g.iter().zip(a).map(|(g, a)| g * a)) / (sum(a.iter().copied()) + SUM_EPSILON)
                    }
                    _ => sum(g.iter().copied()) / area as f32,
                };
                map.iter_mut().zip(a).for_each(|(m, a)| *m += weight * a);
            }
        }
    }
    map
}

/// `∂S/∂A` for scores whose derivatives for the logits are `slopes`: a row of `C·h·w` for each,
/// from one pass of the stages behind the target, which are given all that the target yields.
///
/// # Errors
/// When the stage has no feature map, or no score depends on it.
pub fn gradients(target: &Target<'_>, slopes: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, ExplainError> {
    let (_, activation) = target.maps()?;
    // A copy for each subject: row i is scored for subject i alone, so the sum of those scores has
    // all gradients apart.
    let mut shape = target.activation.dims().to_vec();
    shape[0] = slopes.len();
    let repeated = target.activation.detach().expand(shape)?;
    let pass = ScoreGradients::run(target.network, target.stage + 1, &repeated, Mode::Inference)?;
    let found = pass.back(slopes)?.ok_or_else(|| ExplainError::NoGradient { layer: target.layer() })?;
    let mut rows = target.planes(&found)?.flatten_from(1)?.to_vec2::<f32>()?;
    if target.network.stages[target.stage].layer.rectifies_in_place() {
        close_where_rectified(&mut rows, &activation);
    }
    Ok(rows)
}

/// Gradients behind a ReLU become those before it.
pub(super) fn close_where_rectified(rows: &mut [Vec<f32>], activation: &[f32]) {
    for row in rows {
        row.iter_mut().zip(activation).for_each(|(g, a)| *g = if *a > 0.0 { *g } else { 0.0 });
    }
}

/// The derivative of Finer-CAM's score for each logit.
fn finer_slope(target: &Target<'_>, subject: Subject) -> Result<Vec<f32>, ExplainError> {
    let logits = target.logits;
    let score = target.scoring.score(subject, logits);
    let own = target.scoring.slope(subject, logits);
    // The subject's own classes are not compared with it.
    let mut references: Vec<usize> = (0..logits.len()).filter(|&k| own[k] <= 0.0).collect();
    if references.is_empty() {
        return Err(ExplainError::NoRival);
    }
    let apart = |k: usize| (f64::from(logits[k]) - score).abs();
    references.sort_by(|&a, &b| apart(a).total_cmp(&apart(b)));
    references.truncate(REFERENCE_CLASSES);
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|l| f64::from(l - top).exp()).collect();
    let total: f64 = powers.iter().sum();
    let p: Vec<f64> = powers.iter().map(|v| v / total).collect();
    let mass: f64 = references.iter().map(|&d| p[d]).sum();
    let (mut above, mut below) = (vec![0.0; p.len()], vec![0.0; p.len()]);
    for &d in &references {
        let lead = score - f64::from(logits[d]);
        for k in 0..p.len() {
            let moved = p[d] * (f64::from(u8::from(d == k)) - p[k]);
            above[k] += moved * lead + p[d] * (f64::from(own[k]) - f64::from(u8::from(d == k)));
            below[k] += moved;
        }
    }
    let mass = mass + SHARE_EPSILON;
    let value: f64 = references.iter().map(|&d| p[d] * (score - f64::from(logits[d]))).sum::<f64>() / mass;
    Ok(above.iter().zip(&below).map(|(a, b)| ((a - value * b) / mass) as f32).collect())
}

/// Refuses networks that do not end, behind the target, in a global average and one linear layer:
/// there the gradient of a score is the same all over a channel, and the score is a linear function
/// of the activation, the whole way down to an empty one.
fn is_linear_behind(target: &Target<'_>, gradients: Option<&Vec<Vec<f32>>>, area: usize) -> Result<(), ExplainError> {
    let refused = || ExplainError::NotLinear { layer: target.layer() };
    let rows = gradients.ok_or_else(refused)?;
    let flat = rows.iter().flat_map(|row| row.chunks_exact(area)).all(|g| {
        let size = g.iter().fold(0f32, |top, v| top.max(v.abs()));
        g.iter().all(|v| (v - g[0]).abs() <= 1e-4 * size)
    });
    // A layer that rectifies in place closes gradients; what counts is the part behind it.
    let closed = target.network.stages[target.stage].layer.rectifies_in_place();
    let from = target.stage + 1..target.network.stages.len();
    let run = |factor: f64| -> Result<Vec<f32>, ExplainError> {
        let x = (target.activation.detach() * factor)?;
        Ok(target.network.forward_range(from.clone(), &x, Mode::Inference)?.flatten_all()?.to_vec1()?)
    };
    let (none, half, whole) = (run(0.0)?, run(0.5)?, run(1.0)?);
    let size = whole.iter().fold(0f64, |top, v| top.max(f64::from(v.abs()))).max(1e-6);
    let middle = |k: usize| 0.5 * (f64::from(none[k]) + f64::from(whole[k]));
    let linear = (0..whole.len()).all(|k| (f64::from(half[k]) - middle(k)).abs() <= LINEAR * size);
    if linear && (flat || closed) { Ok(()) } else { Err(refused()) }
}

/// The weight of a channel in Grad-CAM++ from its gradients and the sum of its activation.
fn plus_plus_weight(gradients: &[f32], activation_sum: f32) -> f32 {
    let terms = gradients.iter().filter(|&&g| g > 0.0).map(|&g| {
        let g2 = g * g;
        let alpha = g2 / (2.0 * g2 + activation_sum * g2 * g + ALPHA_EPSILON);
        f64::from(alpha * g)
    });
    terms.sum::<f64>() as f32
}

/// Sum in double precision: channels of early stages have tens of thousands of values.
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    values.map(f64::from).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::explain::Evidence;
    use crate::network::layout::Layout;
    use crate::network::{Layer, Result, Stage};

    /// Passes its input on.
    struct Identity;
    impl Layer for Identity {
        fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
            x.affine(1.0, 0.0)
        }
    }

    /// Global average pooling of `x^power`, then a linear head.
    struct Head {
        weights: Tensor,
        squared: bool,
    }
    impl Layer for Head {
        fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
            let x = if self.squared { x.sqr()? } else { x.clone() };
            x.mean((2, 3))?.matmul(&self.weights.t()?)
        }
    }

    fn network(weights: &[[f32; 2]], squared: bool) -> Network {
        let weights = Tensor::from_vec(weights.concat(), (weights.len(), 2), &Device::Cpu).unwrap();
        let stage = |name: &str, layout, layer| Stage { name: name.into(), layout, stochastic: false, layer };
        Network {
            stages: vec![
                stage("features", Layout::Maps { channels: 2 }, Box::new(Identity)),
                stage("head", Layout::Vector, Box::new(Head { weights, squared })),
            ],
        }
    }

    fn image() -> Tensor {
        Tensor::new(&[[[[1f32, 2.], [3., 6.]], [[0., 4.], [0., 0.]]]], &Device::Cpu).unwrap()
    }

    fn maps(
        network: &Network,
        classes: &[usize],
        method: Method,
    ) -> std::result::Result<Vec<Attribution>, ExplainError> {
        let logits = network.forward(&image(), Mode::Inference).unwrap().to_vec2::<f32>().unwrap().remove(0);
        let scoring = Scoring::of_classes();
        let target =
            Target { network, stage: 0, activation: &image(), size: (2, 2), logits: &logits, scoring: &scoring };
        let subjects: Vec<Subject> = classes.iter().map(|k| Subject::class(*k)).collect();
        explain(&target, &subjects, &[method])
    }

    #[test]
    fn grad_cam_weighs_channels_by_their_mean_gradient() {
        // S_0 = 2·mean(A_0) − mean(A_1): the gradients are 2/4 and −1/4 everywhere.
        let maps = maps(&network(&[[2., -1.], [-1., 0.]], false), &[0, 1], Method::GradCam).unwrap();
        assert_eq!(maps[0].raw.values, [0.5, 0.0, 1.5, 3.0]);
        assert_eq!(maps[0].logit, 5.0);
        assert_eq!(maps[0].evidence, Evidence::Positive);
        assert_eq!(maps[1].raw.values, [-0.25, -0.5, -0.75, -1.5]);
        assert_eq!(maps[1].class(), Some(1));
        assert_eq!(maps[1].evidence, Evidence::NonePositive);
    }

    #[test]
    fn grad_cam_plus_plus_follows_the_closed_form() {
        // g = 0.5 in all four places of channel 0, ΣA = 12: α = 0.25 / (0.5 + 12·0.125 + 1e-6);
        // channel 1 has g < 0.
        let maps = maps(&network(&[[2., -1.]], false), &[0], Method::GradCamPlusPlus).unwrap();
        let weight = 4.0 * 0.5 * 0.25 / (0.5 + 1.5 + 1e-6);
        for (value, a) in maps[0].raw.values.iter().zip([1f32, 2., 3., 6.]) {
            assert!((value - weight * a).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn a_map_without_gradient_is_no_positive_evidence_and_no_nan() {
        for method in [Method::GradCam, Method::GradCamPlusPlus, Method::HiResCam, Method::LayerCam, Method::XGradCam] {
            let maps = maps(&network(&[[0., 0.]], false), &[0], method).unwrap();
            assert_eq!(maps[0].evidence, Evidence::NonePositive);
            assert!(maps[0].raw.values.iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn not_finite_numbers_are_an_error() {
        let error = maps(&network(&[[f32::NAN, 0.]], false), &[0], Method::GradCam).unwrap_err();
        assert!(matches!(error, ExplainError::ScoreNotFinite), "{error}");
    }

    #[test]
    fn a_layer_behind_the_pooling_is_refused_by_name() {
        let network = network(&[[1., 1.]], false);
        let logits = network.forward(&image(), Mode::Inference).unwrap();
        let scoring = Scoring::of_classes();
        let target = Target {
            network: &network,
            stage: 1,
            activation: &logits,
            size: (2, 2),
            logits: &[0.0],
            scoring: &scoring,
        };
        let error = explain(&target, &[Subject::class(0)], &Method::ALWAYS).unwrap_err();
        assert!(error.to_string().contains("head"), "{error}");
        let target = Target {
            network: &network,
            stage: 0,
            activation: &image(),
            size: (2, 2),
            logits: &[0.0],
            scoring: &scoring,
        };
        let found = explain(&target, &[Subject::class(1)], &Method::ALWAYS);
        assert!(matches!(found, Err(ExplainError::NoSuchSubject { known: 1 })));
    }

    #[test]
    fn gradients_match_finite_differences_and_classes_do_not_mix() {
        let network = network(&[[2., -1.], [0.5, 3.]], true);
        let logits = |x: &Tensor| network.forward_range(1..2, x, Mode::Inference).unwrap().to_vec2::<f32>().unwrap();
        let scoring = Scoring::of_classes();
        let target = Target {
            network: &network,
            stage: 0,
            activation: &image(),
            size: (2, 2),
            logits: &[0.0; 2],
            scoring: &scoring,
        };
        let gradients = gradients(&target, &[vec![0.0, 1.0], vec![1.0, 0.0]]).unwrap();
        let values = image().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in 0..values.len() {
            let moved = |by: f32| {
                let mut v = values.clone();
                v[i] += by;
                logits(&Tensor::from_vec(v, (1, 2, 2, 2), &Device::Cpu).unwrap()).remove(0)
            };
            let (up, down) = (moved(0.01), moved(-0.01));
            for (row, class) in [(0, 1), (1, 0)] {
                let numeric = (up[class] - down[class]) / 0.02;
                assert!((gradients[row][i] - numeric).abs() < 1e-2, "{i} {class}");
            }
        }
    }
}
