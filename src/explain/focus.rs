//! How focused a map is: the entropy of its positive evidence.
//!
//! With `q = m / Σ m` over the `N` places of the map at its own resolution,
//!
//! ```text
//! H = −Σ q ln q / ln N
//! ```
//!
//! from 0 (all evidence in one place) to 1 (the same everywhere). Maps of layers of different
//! resolution are not to be compared by it.

use crate::imaging::Plane;

/// The normalised entropy of a raw map; `None` where there is no positive evidence, or one place.
#[must_use]
pub fn entropy(raw: &Plane) -> Option<f64> {
    let positive = raw.values.iter().map(|v| f64::from(v.max(0.0)));
    let all: f64 = positive.clone().sum();
    if !(all > 0.0 && all.is_finite()) || raw.values.len() < 2 {
        return None;
    }
    let sum: f64 = positive.map(|v| v / all).filter(|q| *q > 0.0).map(|q| q * q.ln()).sum();
    Some((-sum / (raw.values.len() as f64).ln()).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: [f32; 4]) -> Option<f64> {
        entropy(&Plane { width: 2, height: 2, values: values.to_vec() })
    }

    #[test]
    fn entropy_runs_from_one_place_to_all() {
        assert_eq!(of([0.0, 3.0, -1.0, 0.0]), Some(0.0));
        assert!((of([2.0; 4]).unwrap() - 1.0).abs() < 1e-12);
        // ln 2 / ln 4
        assert!((of([1.0, 1.0, 0.0, -5.0]).unwrap() - 0.5).abs() < 1e-12);
        // scipy.stats.entropy([1, 2, 3, 4]) / log(4)
        assert!((of([1.0, 2.0, 3.0, 4.0]).unwrap() - 0.923_219_672_335_507_8).abs() < 1e-6);
    }

    #[test]
    fn a_map_without_evidence_has_no_focus() {
        assert_eq!(of([-1.0; 4]), None);
        assert_eq!(entropy(&Plane::filled(1, 1, 2.0)), None);
    }
}
