//! Gauss–Legendre nodes and weights on 0–1: the mean of a smooth function along a path from few of
//! its values.
//!
//! The nodes are the roots of the Legendre polynomial `P_n`, found by Newton's method from
//! `cos(π (i − 1/4) / (n + 1/2))` (Press et al., Numerical Recipes, 4.6); the weights are
//! `2 / ((1 − x²) P'_n(x)²)`, halved for the unit interval.

use std::f64::consts::PI;

/// Pairs of node and weight, first to last; the weights add up to 1.
pub(super) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let mut nodes: Vec<(f64, f64)> = (1..=n)
        .map(|i| {
            let mut x = (PI * (i as f64 - 0.25) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..64 {
                let (mut before, mut value) = (0.0, 1.0);
                for k in 1..=n {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = n as f64 * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect();
    nodes.reverse();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_nodes_integrate_polynomials_up_to_degree_2n_minus_1() {
        for n in [1, 2, 5, 50] {
            let nodes = gauss_legendre(n);
            for degree in 0..(2 * n).min(40) {
                let found: f64 = nodes.iter().map(|(x, w)| w * x.powi(degree as i32)).sum();
                assert!((found - 1.0 / (degree + 1) as f64).abs() < 1e-12, "{n} {degree}: {found}");
            }
            assert!(nodes.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
