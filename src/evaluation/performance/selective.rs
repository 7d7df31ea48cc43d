//! Risk and coverage of an evaluated set: how often the model is wrong where it answers only what
//! it is sure of, by each signal of how sure it is.
//!
//! Of exclusive classes the question is whether the called class is right, over the images whose
//! class is known; of each group, and of each independent finding, whether the decision at the
//! threshold is. Areas have bootstrap intervals by patient. Thresholds at a stated risk are chosen
//! on the tuning images where there are some, and judged on the evaluated ones.

use rayon::prelude::*;

use super::EvaluationRequest;
use super::estimates::SEED;
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::proportion;
use crate::evaluation::selective::{Ranked, best_area};
use crate::evaluation::signal::{Question, Signal};
use crate::model::calibration::Proportion;
use crate::model::manifest::Head;

/// Fewer wrong decisions than these make a remark: the curve hangs on each of them.
const FEW: usize = 10;
/// What the question about exclusive classes is called.
pub const CALLED_CLASS: &str = "Called class";

/// Risk and coverage of one question.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectiveEvaluation {
    /// [`CALLED_CLASS`], or a label or group.
    pub name: String,
    /// Decisions whose truth is known, and the wrong ones.
    pub n: usize,
    pub wrong: usize,
    /// Share of wrong decisions where all are made.
    pub risk: Estimate,
    /// The area of an order that puts all errors last.
    pub best_aurc: f64,
    pub signals: Vec<SignalEvaluation>,
    /// What makes it weak.
    pub remarks: Vec<String>,
}

/// One signal of one question.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalEvaluation {
    pub signal: Signal,
    /// Decisions of which it is known.
    pub n: usize,
    pub aurc: Estimate,
    /// The area above that of the best order.
    pub e_aurc: Estimate,
    /// Coverage and risk at each threshold, from the surest on.
    pub curve: Vec<[f64; 2]>,
    pub at_risk: Vec<CoverageAtRisk>,
}

/// How much is answered at a stated risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoverageAtRisk {
    pub risk: f64,
    /// The signal's value up to which (confidence: from which) a decision is made; `None` where no
    /// threshold keeps to the risk.
    pub threshold: Option<f64>,
    /// Share of the evaluated decisions that are made at it.
    pub coverage: Estimate,
    /// Share of wrong ones among those.
    pub found: Estimate,
}

impl SelectiveEvaluation {
    /// Coverage and risk of an order that puts all errors last, from where its risk is above 0.
    #[must_use]
    pub fn best_curve(&self) -> Vec<[f64; 2]> {
        let right = self.n - self.wrong;
        let point = |kept: usize| [kept as f64 / self.n as f64, (kept - right) as f64 / kept.max(1) as f64];
        (right..=self.n).map(point).collect()
    }
}

/// The decisions of a set about one question, as one signal orders them.
struct Decisions<'a> {
    doubt: Vec<f64>,
    wrong: Vec<bool>,
    patients: Vec<&'a str>,
}

impl<'a> Decisions<'a> {
    fn of(set: &'a Predictions, question: Question, signal: Option<Signal>) -> Self {
        let mut all = Self { doubt: Vec::new(), wrong: Vec::new(), patients: Vec::new() };
        for row in &set.rows {
            let wrong = match question {
                Question::CalledClass => row.class().map(|class| class != row.called()),
                Question::Finding { target, threshold } => {
                    row.truth[target].map(|truth| truth != (row.probability[target] >= threshold))
                }
            };
            let doubt = match signal {
                Some(signal) => signal.of(set, row, question).map(|value| signal.doubt(value)),
                None => Some(0.0),
            };
            if let Some((wrong, doubt)) = wrong.zip(doubt) {
                all.doubt.push(doubt);
                all.wrong.push(wrong);
                all.patients.push(&row.patient);
            }
        }
        all
    }
}

/// Risk and coverage of every question of `set`; no question without a known truth is among them.
pub(super) fn selective(
    set: &Predictions,
    request: &EvaluationRequest<'_>,
    classes_are_known: bool,
) -> Vec<SelectiveEvaluation> {
    let finding = |target: usize| Question::Finding { target, threshold: request.thresholds[target] };
    let called = (set.head == Head::Softmax && classes_are_known).then_some(Question::CalledClass);
    let findings = (0..set.targets.len()).filter(|&t| set.targets[t].group || set.head == Head::Sigmoid).map(finding);
    let questions: Vec<Question> = called.into_iter().chain(findings).collect();
    questions.into_par_iter().filter_map(|question| of_question(set, request, question)).collect()
}

fn of_question(set: &Predictions, request: &EvaluationRequest<'_>, question: Question) -> Option<SelectiveEvaluation> {
    let all = Decisions::of(set, question, None);
    let (n, wrong) = (all.wrong.len(), all.wrong.iter().filter(|w| **w).count());
    let name = match question {
        Question::CalledClass => CALLED_CLASS.to_owned(),
        Question::Finding { target, .. } => set.targets[target].name.clone(),
    };
    (n > 0).then(|| SelectiveEvaluation {
        risk: share(&all.wrong, &all.patients),
        best_aurc: best_area(n, wrong),
        signals: Signal::ALL.iter().filter_map(|signal| of_signal(set, request, question, *signal)).collect(),
        remarks: remarks(&name, n, wrong),
        name,
        n,
        wrong,
    })
}

fn remarks(name: &str, n: usize, wrong: usize) -> Vec<String> {
    match wrong {
        0 => vec![format!("{name}: none of {n} decisions is wrong, so no order of them is better than another")],
        _ if wrong < FEW => {
            vec![format!("{name}: only {wrong} of {n} decisions are wrong; risk and coverage hang on each of them")]
        }
        _ => Vec::new(),
    }
}

fn of_signal(
    set: &Predictions,
    request: &EvaluationRequest<'_>,
    question: Question,
    signal: Signal,
) -> Option<SignalEvaluation> {
    let own = Decisions::of(set, question, Some(signal));
    let n = own.wrong.len();
    let ranked = Ranked::new(&own.doubt, &own.wrong);
    let areas = ranked.areas(&(0..n).collect::<Vec<_>>())?;
    let intervals = Bootstrap::new(&own.patients, SEED).intervals(|drawn| {
        let areas = ranked.areas(drawn);
        vec![areas.map(|a| a.aurc), areas.map(|a| a.excess)]
    });
    let estimate = |value: f64, number: usize| {
        // Resamples that do not differ say nothing.
        let interval = intervals.get(number).copied().flatten().filter(|(low, high)| low < high);
        Estimate(Some(value), interval.map(|i| i.0), interval.map(|i| i.1))
    };
    let curve = ranked.curve();
    let tuning = request.tuning.map(|tuning| Decisions::of(tuning, question, Some(signal)));
    let choosing = tuning.as_ref().unwrap_or(&own);
    let chosen_by = tuning.as_ref().map_or_else(|| ranked.clone(), |t| Ranked::new(&t.doubt, &t.wrong));
    let patients = numbered(&choosing.patients);
    let at = |&risk: &f64| {
        let threshold = chosen_by.at_risk(risk, &patients).map(|(selection, _)| selection.doubt);
        at_risk(risk, threshold, signal, &own)
    };
    Some(SignalEvaluation {
        signal,
        n,
        aurc: estimate(areas.aurc, 0),
        e_aurc: estimate(areas.excess, 1),
        curve: curve.iter().map(|point| [point.kept as f64 / n as f64, point.risk()]).collect(),
        at_risk: request.risks.iter().map(at).collect(),
    })
}

/// Coverage and risk of `own` decisions where those of at most this doubt are made.
fn at_risk(risk: f64, doubt: Option<f64>, signal: Signal, own: &Decisions<'_>) -> CoverageAtRisk {
    let Some(most) = doubt else {
        return CoverageAtRisk { risk, threshold: None, coverage: Estimate::default(), found: Estimate::default() };
    };
    let made: Vec<bool> = own.doubt.iter().map(|doubt| *doubt <= most).collect();
    let of_made = || own.wrong.iter().zip(&own.patients).zip(&made).filter(|(_, made)| **made).map(|(both, _)| both);
    let (wrong, patients): (Vec<bool>, Vec<&str>) = of_made().map(|(wrong, patient)| (*wrong, *patient)).unzip();
    CoverageAtRisk {
        risk,
        threshold: Some(signal.doubt(most)),
        coverage: share(&made, &own.patients),
        found: share(&wrong, &patients),
    }
}

fn share(held: &[bool], patients: &[&str]) -> Estimate {
    let outcomes: Vec<f64> = held.iter().map(|held| f64::from(u8::from(*held))).collect();
    let share = proportion::of(&outcomes, patients);
    share.map_or_else(Estimate::default, |Proportion { value, low, high }| Estimate(Some(value), Some(low), Some(high)))
}

/// The number of each decision's patient; one without a name is its own.
fn numbered(patients: &[&str]) -> Vec<usize> {
    let mut numbers = vec![0; patients.len()];
    for (number, images) in crate::evaluation::bootstrap::by_patient(patients).into_iter().enumerate() {
        images.into_iter().for_each(|image| numbers[image] = number);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluation::predictions::{Prediction, Target};

    /// One finding: `(truth, probability)` of images of patients of their own.
    fn finding(rows: &[(Option<bool>, f64)]) -> Predictions {
        let row = |(i, (truth, p)): (usize, &(Option<bool>, f64))| Prediction {
            image: format!("{i}.png"),
            patient: String::new(),
            truth: vec![*truth],
            probability: vec![*p],
            says: vec![*p >= 0.5],
            logits: vec![0.0],
            facts: BTreeMap::new(),
        };
        Predictions {
            head: Head::Sigmoid,
            targets: vec![Target { name: "Nodule".into(), group: false }],
            rows: rows.iter().enumerate().map(row).collect(),
        }
    }

    fn of(set: &Predictions, risks: &[f64], tuning: Option<&Predictions>) -> SelectiveEvaluation {
        let request = EvaluationRequest { thresholds: &[0.5], risks, tuning, ..EvaluationRequest::default() };
        selective(set, &request, true).remove(0)
    }

    #[test]
    fn a_finding_is_ordered_by_its_distance_from_the_threshold() {
        // From the surest: 0.95 right, 0.1 wrong, 0.8 right, 0.4 wrong; the last is not known.
        let set = finding(&[(Some(true), 0.95), (Some(true), 0.1), (Some(true), 0.8), (Some(true), 0.4), (None, 1.0)]);
        let found = of(&set, &[], None);
        assert_eq!((found.n, found.wrong, found.risk.0), (4, 2, Some(0.5)));
        let by_confidence = &found.signals[0];
        assert_eq!((by_confidence.signal, by_confidence.n), (Signal::Confidence, 4));
        let aurc = by_confidence.aurc.0.unwrap();
        assert!((aurc - (0.5 + 1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-12, "{aurc}");
        assert!((by_confidence.e_aurc.0.unwrap() - 0.125).abs() < 1e-12);
        assert_eq!(by_confidence.curve[1], [0.5, 0.5]);
        assert_eq!(found.signals.len(), 2, "without samples and detector there is no more to order by");
        assert!(found.remarks[0].contains("only 2 of 4 decisions are wrong"));
        assert_eq!(found.best_curve(), [[0.5, 0.0], [0.75, 1.0 / 3.0], [1.0, 0.5]]);
    }

    #[test]
    fn thresholds_at_a_risk_are_chosen_on_other_images_where_there_are_some() {
        // A hundred and fifty sure and right ones, thirty unsure ones of which half are wrong.
        let rows: Vec<(Option<bool>, f64)> = (0..180)
            .map(|i| if i < 150 { (Some(true), 0.9 + f64::from(i) * 5e-4) } else { (Some(i % 2 == 0), 0.6) })
            .collect();
        let set = finding(&rows);
        let found = of(&set, &[0.05, 0.001], None);
        let at = found.signals[0].at_risk[0];
        assert!((at.threshold.unwrap() - 0.8).abs() < 1e-9, "0.9 is 0.8 of the way from 0.5 to 1");
        assert_eq!((at.coverage.0, at.found.0), (Some(150.0 / 180.0), Some(0.0)));
        assert!(at.found.2.unwrap() <= 0.05);
        assert_eq!(found.signals[0].at_risk[1].threshold, None);
        // On other images the threshold is the same, coverage and risk are theirs.
        let other = finding(&[(Some(true), 0.95), (Some(false), 0.92), (Some(true), 0.6), (Some(true), 0.7)]);
        let at = of(&other, &[0.05], Some(&set)).signals[0].at_risk[0];
        assert_eq!((at.coverage.0, at.found.0), (Some(0.5), Some(0.5)));
    }

    #[test]
    fn without_an_error_there_is_nothing_to_order() {
        let found = of(&finding(&[(Some(true), 0.9), (Some(false), 0.2)]), &[], None);
        assert_eq!(found.signals[0].aurc, Estimate(Some(0.0), None, None));
        assert!(found.remarks[0].contains("none of 2 decisions is wrong"));
        assert!(
            selective(
                &finding(&[(None, 0.9)]),
                &EvaluationRequest { thresholds: &[0.5], ..EvaluationRequest::default() },
                true
            )
            .is_empty()
        );
    }
}
