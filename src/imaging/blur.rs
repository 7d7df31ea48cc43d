//! Gaussian blur of a plane.

use super::Plane;

/// Separable Gaussian blur with a standard deviation of `sigma` pixels, cut off at three of them,
/// edges repeated; below 0.2 pixels nothing is done.
#[must_use]
pub fn gaussian(plane: &Plane, sigma: f32) -> Plane {
    if sigma < 0.2 {
        return plane.clone();
    }
    let reach = (3.0 * sigma).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=2 * reach).map(|i| (-((i as f32 - reach as f32) / sigma).powi(2) / 2.0).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    for k in &mut kernel {
        *k /= sum;
    }
    let (w, h) = (plane.width, plane.height);
    let mut across = vec![0.0; w * h];
    for y in 0..h {
        let row = &plane.values[y * w..(y + 1) * w];
        for (x, out) in across[y * w..(y + 1) * w].iter_mut().enumerate() {
            *out = kernel.iter().enumerate().map(|(i, k)| k * row[(x + i).saturating_sub(reach).min(w - 1)]).sum();
        }
    }
    let mut values = vec![0.0; w * h];
    for y in 0..h {
        let out = &mut values[y * w..(y + 1) * w];
        for (i, k) in kernel.iter().enumerate() {
            let from = (y + i).saturating_sub(reach).min(h - 1);
            for (o, v) in out.iter_mut().zip(&across[from * w..(from + 1) * w]) {
                *o += k * v;
            }
        }
    }
    Plane { width: w, height: h, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blur_keeps_the_mean_and_lowers_the_contrast() {
        let mut plane = Plane::filled(33, 33, 0.0);
        plane.values[16 * 33 + 16] = 1.0;
        let soft = gaussian(&plane, 2.0);
        assert!((soft.values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        let expected = 1.0 / (2.0 * std::f32::consts::PI * 4.0);
        assert!((soft.at(16, 16) - expected).abs() < 0.002, "{}", soft.at(16, 16));
    }
}
