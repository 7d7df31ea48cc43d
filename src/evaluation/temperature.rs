//! Temperature scaling (Guo et al., ICML 2017): one number that logits are divided by, so that probabilities mean what they
//! say. It changes no order and no call, and must be fitted on images that nobody judges by.

use super::predictions::Predictions;
use crate::network::manifest::Head;

/// The temperature that gives the lowest `loss`, between 1/20 and 20.
///
/// Golden-section search over its logarithm, in which the likelihood has one minimum.
pub fn lowest(loss: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05_f64.ln(), 20_f64.ln());
    for _ in 0..40 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a.exp()) < loss(b.exp()) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high).exp()
}

/// The temperature of the lowest mean negative log likelihood of what is known of `set`; `None` where nothing is.
#[must_use]
pub fn fit(set: &Predictions) -> Option<f64> {
    nll(set, 1.0)?;
    Some(lowest(|t| nll(set, t).unwrap_or(f64::INFINITY)))
}

/// Mean negative log likelihood at a temperature, nats, from the logits: of the classes (softmax), or of all known answers
/// (sigmoid).
#[must_use]
pub fn nll(set: &Predictions, temperature: f64) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_usize);
    for row in &set.rows {
        match set.head {
            Head::Softmax => {
                let Some(class) = row.class() else { continue };
                let top = row.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = row.logits.iter().map(|z| ((z - top) / temperature).exp()).sum();
                sum += total.ln() - (row.logits[class] - top) / temperature;
                n += 1;
            }
            Head::Sigmoid => {
                for (z, truth) in row.logits.iter().zip(&row.truth) {
                    let Some(present) = truth else { continue };
                    let against = if *present { -z } else { *z } / temperature;
                    // ln(1 + eˣ) without overflow.
                    sum += against.max(0.0) + (-against.abs()).exp().ln_1p();
                    n += 1;
                }
            }
        }
    }
    (n > 0).then(|| sum / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    /// Of 100 images with odds 3 : 1, 75 are as the logits say, which claim thrice as much in logarithms.
    fn overconfident(head: Head) -> Predictions {
        let mut set = three();
        set.head = head;
        let z = 3.0 * 3.0_f64.ln();
        let sample = set.rows[0].clone();
        set.rows = (0..100)
            .map(|i| {
                let mut row = sample.clone();
                row.logits = if head == Head::Softmax { vec![z, 0.0] } else { vec![z, -z] };
                row.truth = vec![Some(i < 75), Some(i >= 75), None];
                row
            })
            .collect();
        set
    }

    #[test]
    fn the_temperature_undoes_a_known_sharpening() {
        for head in [Head::Softmax, Head::Sigmoid] {
            let temperature = fit(&overconfident(head)).unwrap();
            assert!((temperature - 3.0).abs() < 1e-3, "{head:?}: {temperature}");
        }
    }

    #[test]
    fn the_likelihood_is_that_of_the_probabilities() {
        let set = three();
        let expected = -(0.9_f64.ln() + 0.8_f64.ln()) / 2.0;
        assert!((nll(&set, 1.0).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn without_truth_there_is_no_temperature() {
        let mut set = three();
        set.rows.iter_mut().for_each(|r| r.truth = vec![None; 3]);
        assert_eq!(fit(&set), None);
    }
}
