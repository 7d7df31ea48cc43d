//! Selective prediction: how often a model is wrong where it answers only what it is sure of.
//!
//! A signal (confidence, entropy …) orders the decisions, the surest first. Answering only those up
//! to a threshold of the signal leaves a share of them, the *coverage*, and among them a share of
//! wrong ones, the *selective risk* (El-Yaniv and Wiener, JMLR 11 (2010) 1605; Geifman and
//! El-Yaniv, NIPS 2017). The area under that curve averages the selective risk over the thresholds
//! that the images themselves set (Geifman, Uziel and El-Yaniv, ICLR 2019):
//!
//! ```text
//! AURC = (1/n) Σ_i r(i),   r(i) = share of wrong decisions among those at least as sure as i
//! ```
//!
//! No order of `e` errors among `n` decisions has a smaller area than the one that puts all errors
//! last, `(1/n) Σ_{k > n−e} (k − (n − e)) / k`. What the area lies above that is the *excess*
//! (E-AURC): it judges the signal, where AURC also judges how often the model is wrong. The sum is
//! taken exactly; the paper's `r + (1 − r)·ln(1 − r)` is its limit for many images.
//!
//! Decisions of equal signal enter together: no threshold can part them, so a signal that says the
//! same of all images has one point, at full coverage.
//!
//! The *coverage at a stated risk* is the highest whose interval by patient
//! ([`super::proportion`]: Wilson's, its upper end at 97.5 %) reaches no higher than that risk. The
//! bound is that of one threshold: where many thresholds are tried on few images the best of them
//! flatters, so it belongs on validation images, as operating points do.
//!
//! What it does not do: it says nothing of images unlike these. A signal that finds the errors here
//! may miss those of another hospital.

use super::running_share::RunningShare;
use crate::model::calibration::Proportion;

/// Decisions in the order of their doubt, the surest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranked {
    /// Numbers of the decisions.
    order: Vec<usize>,
    /// Where each block of equal doubt ends in the order.
    ends: Vec<usize>,
    doubt: Vec<f64>,
    wrong: Vec<bool>,
}

/// What is left where decisions are made up to a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Selection {
    /// The greatest doubt at which a decision is made.
    pub doubt: f64,
    /// Decisions made, and the wrong ones of them.
    pub kept: usize,
    pub wrong: usize,
}

impl Selection {
    /// Share of wrong decisions among those that are made.
    pub(crate) fn risk(self) -> f64 {
        self.wrong as f64 / self.kept.max(1) as f64
    }
}

/// Area under the risk–coverage curve, and what it lies above the best possible one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Areas {
    pub aurc: f64,
    pub excess: f64,
}

impl Ranked {
    /// Orders decisions by their doubt (numbers, rising doubt meaning less sure).
    pub(crate) fn new(doubt: &[f64], wrong: &[bool]) -> Self {
        let mut order: Vec<usize> = (0..doubt.len()).collect();
        order.sort_by(|&a, &b| doubt[a].total_cmp(&doubt[b]));
        let last_of_block = |k: &usize| *k == order.len() || doubt[order[*k]] != doubt[order[*k - 1]];
        let ends = (1..=order.len()).filter(last_of_block).collect();
        Self { order, ends, doubt: doubt.to_vec(), wrong: wrong.to_vec() }
    }

    /// The curve: one selection a threshold, from the fewest decisions to all of them.
    pub(crate) fn curve(&self) -> Vec<Selection> {
        let mut wrong = 0;
        let mut from = 0;
        let selection = |&end: &usize| {
            wrong += self.order[from..end].iter().filter(|&&i| self.wrong[i]).count();
            from = end;
            Selection { doubt: self.doubt[self.order[end - 1]], kept: end, wrong }
        };
        self.ends.iter().map(selection).collect()
    }

    /// The areas of decisions drawn again, which may repeat or be missing; `None` where none was
    /// drawn.
    pub(crate) fn areas(&self, drawn: &[usize]) -> Option<Areas> {
        let mut times = vec![0_usize; self.order.len()];
        drawn.iter().for_each(|&i| times[i] += 1);
        let (mut kept, mut wrong, mut sum, mut from) = (0, 0, 0.0, 0);
        for &end in &self.ends {
            let before = kept;
            for &i in &self.order[from..end] {
                kept += times[i];
                wrong += if self.wrong[i] { times[i] } else { 0 };
            }
            if kept > before {
                sum += (kept - before) as f64 * wrong as f64 / kept as f64;
            }
            from = end;
        }
        (kept > 0).then(|| {
            let aurc = sum / kept as f64;
            // Rounding must not put the best order above itself.
            Areas { aurc, excess: (aurc - best_area(kept, wrong)).max(0.0) }
        })
    }

    /// The selection of highest coverage whose risk is at most `risk` by the upper end of its
    /// interval; `patients` numbers the patient of each decision, from 0. `None` where none is.
    pub(crate) fn at_risk(&self, risk: f64, patients: &[usize]) -> Option<(Selection, Proportion)> {
        let mut running = RunningShare::of(patients.iter().max().map_or(0, |last| last + 1));
        let (mut from, mut best) = (0, None);
        for &end in &self.ends {
            self.order[from..end].iter().for_each(|&i| running.push(patients[i], self.wrong[i]));
            from = end;
            if let Some(share) = running.proportion().filter(|share| share.high <= risk) {
                let (kept, wrong) = running.counts();
                best = Some((Selection { doubt: self.doubt[self.order[end - 1]], kept, wrong }, share));
            }
        }
        best
    }
}

/// The smallest area that `n` decisions with `errors` wrong ones can have: all errors last.
pub(crate) fn best_area(n: usize, errors: usize) -> f64 {
    let right = n - errors;
    (right + 1..=n).map(|k| (k - right) as f64 / k as f64).sum::<f64>() / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        sets: Vec<Set>,
    }

    /// What numpy makes of a set: `tests/golden/selective.py`.
    #[derive(Deserialize)]
    struct Set {
        doubt: Vec<f64>,
        wrong: Vec<bool>,
        patients: Vec<usize>,
        coverage: Vec<f64>,
        risk: Vec<f64>,
        aurc: f64,
        excess: f64,
        at: Vec<(f64, Option<usize>)>,
    }

    fn all(ranked: &Ranked) -> Areas {
        ranked.areas(&(0..ranked.order.len()).collect::<Vec<_>>()).unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn curves_and_areas_are_those_of_the_golden_file() {
        let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/selective.json")).unwrap();
        for set in golden.sets {
            let ranked = Ranked::new(&set.doubt, &set.wrong);
            let curve = ranked.curve();
            assert_eq!(curve.len(), set.coverage.len());
            for (point, (coverage, risk)) in curve.iter().zip(set.coverage.iter().zip(&set.risk)) {
                assert!(close(point.kept as f64 / set.doubt.len() as f64, *coverage) && close(point.risk(), *risk));
            }
            let areas = all(&ranked);
            assert!(close(areas.aurc, set.aurc) && close(areas.excess, set.excess), "{areas:?}");
            for (risk, kept) in set.at {
                assert_eq!(ranked.at_risk(risk, &set.patients).map(|(s, _)| s.kept), kept, "at {risk}");
            }
        }
    }

    #[test]
    fn four_decisions_are_counted_by_hand() {
        // From the surest: right, wrong, right, wrong. Risks 0, 1/2, 1/3, 1/2.
        let ranked = Ranked::new(&[0.1, 0.2, 0.3, 0.4], &[false, true, false, true]);
        let areas = all(&ranked);
        assert!(close(areas.aurc, (0.0 + 0.5 + 1.0 / 3.0 + 0.5) / 4.0));
        // Errors last: 0, 0, 1/3, 2/4.
        assert!(close(best_area(4, 2), (1.0 / 3.0 + 0.5) / 4.0));
        assert!(close(areas.excess, 0.125));
        let perfect = Ranked::new(&[0.1, 0.3, 0.2, 0.4], &[false, true, false, true]);
        assert!(close(all(&perfect).excess, 0.0));
    }

    #[test]
    fn decisions_of_equal_doubt_enter_together() {
        let ranked = Ranked::new(&[0.5, 0.5, 0.1, 0.5], &[true, false, false, false]);
        let kept: Vec<(usize, usize)> = ranked.curve().iter().map(|s| (s.kept, s.wrong)).collect();
        assert_eq!(kept, [(1, 0), (4, 1)]);
        // One decision at risk 0, three at 1/4.
        assert!(close(all(&ranked).aurc, 3.0 * 0.25 / 4.0));
        let alike = Ranked::new(&[0.5; 4], &[true, false, false, true]);
        assert!(close(all(&alike).aurc, 0.5), "a signal that says nothing has the risk of all");
    }

    #[test]
    fn drawing_each_decision_twice_changes_the_curve_in_nothing_but_the_best_order() {
        let ranked = Ranked::new(&[0.1, 0.2, 0.3, 0.4], &[false, true, false, true]);
        let twice = ranked.areas(&[0, 1, 2, 3, 3, 2, 1, 0]).unwrap();
        assert!(close(twice.aurc, all(&ranked).aurc));
        assert!(close(twice.excess, twice.aurc - best_area(8, 4)));
        assert_eq!(ranked.areas(&[]), None);
        assert_eq!(all(&Ranked::new(&[0.1], &[false])), Areas { aurc: 0.0, excess: 0.0 });
    }

    #[test]
    fn the_coverage_at_a_risk_holds_with_its_interval() {
        // A hundred right ones, then ten wrong ones, each of a patient of its own.
        let doubt: Vec<f64> = (0..110).map(f64::from).collect();
        let wrong: Vec<bool> = (0..110).map(|i| i >= 100).collect();
        let alone: Vec<usize> = (0..110).collect();
        let ranked = Ranked::new(&doubt, &wrong);
        let (selection, share) = ranked.at_risk(0.05, &alone).unwrap();
        // Wilson's upper end of 0 of 100 is 0.037, of 1 of 101 already 0.054.
        assert_eq!((selection.kept, selection.wrong), (100, 0));
        assert!((share.high - 3.841_458_8 / 103.841_458_8).abs() < 1e-6, "{share:?}");
        assert_eq!(ranked.at_risk(0.2, &alone).unwrap().0.kept, 110);
        assert_eq!(ranked.at_risk(0.01, &alone), None, "a hundred images cannot show one in a hundred");
        assert_eq!(ranked.at_risk(0.05, &[0; 110]), None, "and one patient shows nothing");
    }

    #[test]
    fn nothing_to_decide_has_no_curve() {
        let none = Ranked::new(&[], &[]);
        assert!(none.curve().is_empty() && none.at_risk(0.5, &[]).is_none());
        assert!(close(best_area(0, 0), 0.0));
    }
}
