//! Whether the surer calls have the more focused maps: Spearman's ρ of the probability of a call
//! and the entropy of its map, over the images that are called.
//!
//! ρ below 0: the surer, the more focused. It says nothing of whether either is right.

use serde::Serialize;

use super::{ExplainedTarget, FEW, SEED};
use crate::evaluation::anatomy::Call;
use crate::evaluation::bootstrap::Bootstrap;
use crate::explain::faithfulness::rank::spearman;

/// Of one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Focus {
    pub target: String,
    /// Calls whose map holds evidence, and their patients.
    pub calls: usize,
    pub patients: usize,
    /// `None` where there are too few patients.
    pub rho: Option<f64>,
    /// 95 % interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Focus {
    /// In a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { target, calls, patients, .. } = self;
        let on = format!("{calls} calls of {patients} patients");
        let (Some(rho), Some(low), Some(high)) = (self.rho, self.low, self.high) else {
            return format!("{target}: {on} are too few to say whether surer calls have more focused maps.");
        };
        let verdict = if high < 0.0 {
            "surer calls have more focused maps"
        } else if low > 0.0 {
            "surer calls have less focused maps"
        } else {
            "it is not clear whether surer calls have more focused maps"
        };
        format!("{target}: {verdict} (Spearman {rho:.2}, {low:.2} to {high:.2}, {on}).")
    }
}

/// Of every target with a call, in the order of `names`.
#[must_use]
pub fn focus(all: &[ExplainedTarget], names: &[(String, bool)]) -> Vec<Focus> {
    let of = |(number, (name, _)): (usize, &(String, bool))| {
        let called: Vec<(&str, f32, f32)> = all
            .iter()
            .filter(|t| t.map.target == number && matches!(t.map.call, Call::Right | Call::FalsePositive))
            .filter_map(|t| Some((t.map.owner(), t.map.probability as f32, t.entropy? as f32)))
            .collect();
        if called.is_empty() {
            return None;
        }
        let owners: Vec<&str> = called.iter().map(|c| c.0).collect();
        let bootstrap = Bootstrap::new(&owners, SEED);
        let rho = |drawn: &[usize]| {
            let (sure, wide): (Vec<f32>, Vec<f32>) = drawn.iter().map(|i| (called[*i].1, called[*i].2)).unzip();
            spearman(&sure, &wide)
        };
        let enough = bootstrap.patients() >= FEW;
        let interval = if enough { bootstrap.interval(|drawn| Some(rho(drawn))) } else { None };
        let all: Vec<usize> = (0..called.len()).collect();
        Some(Focus {
            target: name.clone(),
            calls: called.len(),
            patients: bootstrap.patients(),
            rho: enough.then(|| rho(&all)),
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
        })
    };
    names.iter().enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::summarize::regions::tests::explained;

    fn all(entropy: impl Fn(usize) -> f64, n: usize) -> Vec<ExplainedTarget> {
        let one = |i: usize| ExplainedTarget {
            entropy: Some(entropy(i)),
            ..explained(i, Call::Right, 1.0, 0.5 + 0.02 * i as f64)
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn focus_that_rises_with_confidence_is_found_and_said() {
        let names = [("Pneumonia".to_owned(), false)];
        let found = focus(&all(|i| 0.9 - 0.02 * i as f64, 20), &names).remove(0);
        assert_eq!((found.rho, found.calls), (Some(-1.0), 20));
        assert!(found.in_words().starts_with("Pneumonia: surer calls have more focused maps (Spearman -1.00"));
        let mixed = focus(&all(|i| 0.5 + 0.1 * f64::from(u8::from(i % 2 == 0)), 20), &names).remove(0);
        assert!(mixed.in_words().contains("it is not clear"), "{}", mixed.in_words());
    }

    #[test]
    fn few_patients_and_images_that_are_not_called_say_nothing() {
        let names = [("Pneumonia".to_owned(), false)];
        let few = focus(&all(|i| i as f64 / 10.0, 4), &names).remove(0);
        assert_eq!((few.rho, few.low), (None, None));
        assert!(few.in_words().contains("4 calls of 4 patients are too few"));
        assert!(focus(&[explained(0, Call::Missed, 1.0, 0.2)], &names).is_empty());
    }
}
