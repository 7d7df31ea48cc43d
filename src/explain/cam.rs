//! Class activation maps: Grad-CAM and Grad-CAM++ at any stage that yields a feature map.
//!
//! `A` is the activation of the target stage (`C×h×w`), `g = ∂S_c/∂A`, `S_c` the logit of class `c`.
//!
//! | method | map |
//! |---|---|
//! | Grad-CAM (Selvaraju et al. 2017) | `w_k = mean_ij g`, `Σ_k w_k A_k` |
//! | Grad-CAM++ (Chattopadhyay et al. 2018) | `α = g² / (2g² + (Σ_ab A)·g³ + 1e-6)`, 0 where `g = 0`; `w_k = Σ_ij α·relu(g)`, `Σ_k w_k A_k` |
//!
//! As in the `grad-cam` package, Grad-CAM++ uses the gradient of the logit itself, without `exp(S)`. It is not invariant
//! to the scale of the score, so "the logit" is part of the contract.
//!
//! The forward pass up to the target is the caller's and is never repeated here: only the stages behind it
//! run, once for all classes and methods, with the activation repeated once a class so that a single backward pass yields
//! the gradient of every class. Post-processing is in [`super::scale`].

use candle_core::{Tensor, Var};

use super::{Attribution, Evidence, ExplainError, Method};
use crate::imaging::Plane;
use crate::network::{Mode, Network};

/// Added to the denominator of Grad-CAM++'s α, as in the `grad-cam` package.
const ALPHA_EPSILON: f32 = 1e-6;

/// What the maps of one image at one stage are made from.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub network: &'a Network,
    /// Number of the stage that yielded `activation`.
    pub stage: usize,
    /// Output of that stage, `(1, C, h, w)`.
    pub activation: &'a Tensor,
    /// Logits of the same forward pass, one a class.
    pub logits: &'a [f32],
}

impl Target<'_> {
    fn layer(&self) -> String {
        self.network.stages[self.stage].name.clone()
    }

    /// `(C, h, w)` of the activation.
    fn shape(&self) -> Result<(usize, usize, usize), ExplainError> {
        match *self.activation.dims() {
            [1, c, h, w] if self.network.stages[self.stage].is_spatial() => Ok((c, h, w)),
            _ => Err(ExplainError::NotSpatial { layer: self.layer() }),
        }
    }
}

/// Maps of `classes` by `methods`: all methods of the first class, then of the next.
///
/// # Errors
/// When the stage has no feature map, a class does not exist, or a map is not finite (never a NaN in a map).
pub fn explain(target: &Target<'_>, classes: &[usize], methods: &[Method]) -> Result<Vec<Attribution>, ExplainError> {
    let (channels, height, width) = target.shape()?;
    if classes.is_empty() || methods.is_empty() {
        return Ok(Vec::new());
    }
    let gradients = gradients(target, classes)?.flatten_from(1)?.to_vec2::<f32>()?;
    let activation = target.activation.flatten_all()?.to_vec1::<f32>()?;
    let area = height * width;
    let sums: Vec<f32> = activation.chunks_exact(area).map(sum).collect();

    let mut maps = Vec::with_capacity(classes.len() * methods.len());
    for (&class, gradient) in classes.iter().zip(&gradients) {
        for &method in methods {
            let weights: Vec<f32> = (0..channels)
                .map(|k| {
                    let g = &gradient[k * area..(k + 1) * area];
                    match method {
                        Method::GradCam => sum(g) / area as f32,
                        Method::GradCamPlusPlus => plus_plus_weight(g, sums[k]),
                    }
                })
                .collect();
            let raw = Plane { width, height, values: weighted_sum(&weights, &activation, area) };
            if raw.values.iter().any(|v| !v.is_finite()) {
                return Err(ExplainError::NotFinite { method: method.name(), layer: target.layer(), class });
            }
            let evidence =
                if raw.values.iter().any(|&v| v > 0.0) { Evidence::Positive } else { Evidence::NonePositive };
            maps.push(Attribution { method, class, layer: target.layer(), logit: target.logits[class], raw, evidence });
        }
    }
    Ok(maps)
}

/// `∂S_c/∂A` for each of `classes`: `(classes, C, h, w)`, from one pass of the stages behind the target.
pub fn gradients(target: &Target<'_>, classes: &[usize]) -> Result<Tensor, ExplainError> {
    let (channels, height, width) = target.shape()?;
    let known = target.logits.len();
    if let Some(&class) = classes.iter().find(|&&c| c >= known) {
        return Err(ExplainError::NoSuchClass { class, known });
    }
    let rows = classes.len();
    // A copy for each class: row i is scored for class i alone, so the sum of those scores has all gradients apart.
    let repeated = target.activation.detach().expand((rows, channels, height, width))?.contiguous()?;
    let variable = Var::from_tensor(&repeated)?;
    let stages = target.stage + 1..target.network.stages.len();
    let logits = target.network.forward_range(stages, variable.as_tensor(), Mode::Inference)?;
    let mut own = vec![0f32; rows * known];
    for (row, &class) in classes.iter().enumerate() {
        own[row * known + class] = 1.0;
    }
    let own = Tensor::from_vec(own, (rows, known), logits.device())?;
    let gradients = (logits * own)?.sum_all()?.backward()?;
    gradients.get(variable.as_tensor()).cloned().ok_or_else(|| ExplainError::NoGradient { layer: target.layer() })
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

/// `Σ_k w_k A_k`.
fn weighted_sum(weights: &[f32], activation: &[f32], area: usize) -> Vec<f32> {
    let mut map = vec![0f32; area];
    for (w, channel) in weights.iter().zip(activation.chunks_exact(area)) {
        for (m, a) in map.iter_mut().zip(channel) {
            *m += w * a;
        }
    }
    map
}

/// Sum in double precision: channels of early stages have tens of thousands of values.
fn sum(values: &[f32]) -> f32 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
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
        let stage = |name: &str, channels, layer| Stage { name: name.into(), channels, stochastic: false, layer };
        Network {
            stages: vec![
                stage("features", Some(2), Box::new(Identity)),
                stage("head", None, Box::new(Head { weights, squared })),
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
        let target = Target { network, stage: 0, activation: &image(), logits: &logits };
        explain(&target, classes, &[method])
    }

    #[test]
    fn grad_cam_weighs_channels_by_their_mean_gradient() {
        // S_0 = 2·mean(A_0) − mean(A_1): the gradients are 2/4 and −1/4 everywhere.
        let maps = maps(&network(&[[2., -1.], [-1., 0.]], false), &[0, 1], Method::GradCam).unwrap();
        assert_eq!(maps[0].raw.values, [0.5, 0.0, 1.5, 3.0]);
        assert_eq!(maps[0].logit, 5.0);
        assert_eq!(maps[0].evidence, Evidence::Positive);
        assert_eq!(maps[1].raw.values, [-0.25, -0.5, -0.75, -1.5]);
        assert_eq!(maps[1].class, 1);
        assert_eq!(maps[1].evidence, Evidence::NonePositive);
    }

    #[test]
    fn grad_cam_plus_plus_follows_the_closed_form() {
        // g = 0.5 in all four places of channel 0, ΣA = 12: α = 0.25 / (0.5 + 12·0.125 + 1e-6); channel 1 has g < 0.
        let maps = maps(&network(&[[2., -1.]], false), &[0], Method::GradCamPlusPlus).unwrap();
        let weight = 4.0 * 0.5 * 0.25 / (0.5 + 1.5 + 1e-6);
        for (value, a) in maps[0].raw.values.iter().zip([1f32, 2., 3., 6.]) {
            assert!((value - weight * a).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn a_map_without_gradient_is_no_positive_evidence_and_no_nan() {
        for method in Method::ALL {
            let maps = maps(&network(&[[0., 0.]], false), &[0], method).unwrap();
            assert_eq!(maps[0].evidence, Evidence::NonePositive);
            assert!(maps[0].raw.values.iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn not_finite_numbers_are_an_error() {
        let error = maps(&network(&[[f32::NAN, 0.]], false), &[0], Method::GradCam).unwrap_err();
        assert!(matches!(error, ExplainError::NotFinite { .. }), "{error}");
    }

    #[test]
    fn a_layer_behind_the_pooling_is_refused_by_name() {
        let network = network(&[[1., 1.]], false);
        let logits = network.forward(&image(), Mode::Inference).unwrap();
        let target = Target { network: &network, stage: 1, activation: &logits, logits: &[0.0] };
        let error = explain(&target, &[0], &Method::ALL).unwrap_err();
        assert!(error.to_string().contains("head"), "{error}");
        let target = Target { network: &network, stage: 0, activation: &image(), logits: &[0.0] };
        assert!(matches!(explain(&target, &[1], &Method::ALL), Err(ExplainError::NoSuchClass { class: 1, known: 1 })));
    }

    #[test]
    fn gradients_match_finite_differences_and_classes_do_not_mix() {
        let network = network(&[[2., -1.], [0.5, 3.]], true);
        let logits = |x: &Tensor| network.forward_range(1..2, x, Mode::Inference).unwrap().to_vec2::<f32>().unwrap();
        let target = Target { network: &network, stage: 0, activation: &image(), logits: &[0.0; 2] };
        let gradients = gradients(&target, &[1, 0]).unwrap().flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
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
