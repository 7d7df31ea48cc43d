//! What is minimised: binary cross-entropy plus one minus soft Dice, of the pixels that are known.
//!
//! With probabilities `p = σ(z)`, coverage `t` of each pixel by lung (0–1) and weights `w` (1 where
//! the mask is known, else 0), for each image
//!
//! ```text
//! loss = Σ w·H(t, p) / Σ w  +  1 − (2 Σ w·p·t + s) / (Σ w·(p + t) + s)
//! ```
//!
//! (soft Dice: Milletari et al., 3DV 2016), and the mean over the batch. `s` keeps images without
//! lungs in play: with nothing to find, the second term falls as the network finds nothing. The
//! gradient is written by hand and held against PyTorch.

use candle_core::Tensor;
use rayon::prelude::*;

use crate::training::optim::parameters::read;

/// Loss of a batch, and the gradient of its logits.
pub(super) struct BatchLoss {
    pub value: f32,
    pub gradient: Tensor,
}

/// `smooth` is in pixels; `target` and `known` are as many values as `logits` `(N, 1, H, W)`.
///
/// # Errors
/// When the logits cannot be read.
pub(super) fn loss(logits: &Tensor, target: &[f32], known: &[f32], smooth: f32) -> candle_core::Result<BatchLoss> {
    let n = logits.dim(0)?.max(1);
    let pixels = (logits.elem_count() / n).max(1);
    let (losses, gradient) = read(&logits.contiguous()?, |z| {
        let mut gradient = vec![0.0f32; z.len()];
        let images = gradient.par_chunks_exact_mut(pixels).zip(z.par_chunks_exact(pixels));
        let truths = target.par_chunks_exact(pixels).zip(known.par_chunks_exact(pixels));
        let losses: Vec<f64> = images
            .zip(truths)
            .map(|((g, z), (t, w))| of_image(z, t, w, f64::from(smooth), 1.0 / n as f64, g))
            .collect();
        (losses, gradient)
    })?;
    let value = (losses.iter().sum::<f64>() / n as f64) as f32;
    Ok(BatchLoss { value, gradient: Tensor::from_vec(gradient, logits.shape(), logits.device())? })
}

fn of_image(z: &[f32], t: &[f32], w: &[f32], smooth: f64, share: f64, gradient: &mut [f32]) -> f64 {
    let known = w.iter().map(|w| f64::from(*w)).sum::<f64>().max(1.0);
    let p: Vec<f64> = z.iter().map(|z| 1.0 / (1.0 + (-f64::from(*z)).exp())).collect();
    let (mut entropy, mut shared, mut both) = (0.0, 0.0, 0.0);
    for (((z, p), t), w) in z.iter().zip(&p).zip(t).zip(w) {
        let (z, t, w) = (f64::from(*z), f64::from(*t), f64::from(*w));
        // log(1 + exp(z)) − t·z, without overflow.
        entropy += w * (z.max(0.0) - t * z + (-z.abs()).exp().ln_1p());
        shared += w * p * t;
        both += w * (p + t);
    }
    let (above, below) = (2.0 * shared + smooth, both + smooth);
    for (((g, p), t), w) in gradient.iter_mut().zip(&p).zip(t).zip(w) {
        let (t, w) = (f64::from(*t), f64::from(*w));
        let of_dice = (2.0 * t * below - above) / (below * below);
        *g = (share * w * ((p - t) / known - of_dice * p * (1.0 - p))) as f32;
    }
    entropy / known + 1.0 - above / below
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn loss_and_gradient_are_those_of_pytorch() {
        let bytes = include_bytes!("../../../tests/golden/segmentation.safetensors");
        let golden = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap();
        let values = |name: &str| golden[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let found = loss(&golden["loss.logits"], &values("loss.target"), &values("loss.known"), 0.3).unwrap();
        assert!((found.value - values("loss.value")[0]).abs() < 1e-5, "{}", found.value);
        let gradient = found.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected = values("loss.gradient");
        assert_eq!(gradient.len(), expected.len());
        assert!(gradient.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{gradient:?}");
    }

    #[test]
    fn certain_and_right_costs_nothing() {
        let z = Tensor::new(&[[[[40f32, -40.0]]]], &Device::Cpu).unwrap();
        let found = loss(&z, &[1.0, 0.0], &[1.0, 1.0], 0.01).unwrap();
        assert!(found.value.abs() < 1e-6);
        // What is not known is not looked at.
        let wrong = loss(&z, &[1.0, 1.0], &[1.0, 0.0], 0.01).unwrap();
        assert!(wrong.value.abs() < 1e-6);
    }
}
