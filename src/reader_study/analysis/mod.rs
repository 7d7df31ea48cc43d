//! What a study shows: areas, marks, agreement, times, and how far the model was followed, each with
//! its interval for other readers and other cases.
//!
//! All comparisons are [`crate::evaluation::multi_reader`]'s, of those who have read every case in
//! every arm ([`crossed`]). What cannot be computed from these readings is `None`, and a remark says
//! why.

mod crossed;
mod curves;
mod marking;
mod reliance;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::crossed::Crossed;
use super::chain::Chains;
use super::errors::StudyError;
use super::integrity::{self, Integrity};
use super::journal;
use super::kept_plans::KeptPlans;
use super::order::schedule;
use super::plan::{Design, PlacedPlan, Plan};
use super::record::Record;
use super::truth::CaseTruth;
use crate::evaluation::multi_reader::agreement::{self, Kappa, Weights};
use crate::evaluation::multi_reader::{self, Analysis, Figure, Method, MultiReaderError, area, mean};

pub use super::record::Readings;
pub use marking::Marking;
pub use reliance::{Counted, Reliance};

/// Bands of confidence among which weighted kappa counts the distance: 0–19, 20–39 …
const BANDS: usize = 5;

/// All that is said of a study.
#[derive(Clone, Debug, Serialize)]
pub struct StudyAnalysis {
    pub name: String,
    /// Fingerprint of the plan.
    pub study: String,
    /// Whether this is the analysis that was fixed before the cases were read.
    pub integrity: Integrity,
    pub question: String,
    pub finding: String,
    pub model: String,
    pub design: Design,
    /// Confidence from which on a reading counts as "yes".
    pub decision: u8,
    pub arms: Vec<String>,
    /// Those who are compared.
    pub readers: Vec<String>,
    /// Cases that are compared, and how many of them have the finding.
    pub cases: usize,
    pub positives: usize,
    /// Area under the ROC curve of the confidences.
    pub auroc: Analysis,
    /// Shares of right decisions on cases with and without the finding.
    pub sensitivity: Option<Analysis>,
    pub specificity: Option<Analysis>,
    /// Figures of marks, where cases were marked and boxes are known.
    pub marking: Option<Marking>,
    /// Agreement of the readers, by arm.
    pub agreement: Vec<Agreement>,
    pub times: Times,
    /// How far the model was followed; `None` where it had no answer.
    pub reliance: Option<Reliance>,
    /// Mean ROC curve over readers of each arm, `(1 − specificity, sensitivity)`.
    #[serde(skip)]
    pub curves: Vec<Vec<[f64; 2]>>,
    /// What limits all of it, in sentences.
    pub remarks: Vec<String>,
}

/// How far readers agree in an arm.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Agreement {
    /// Fleiss' kappa of decisions.
    pub decisions: Option<Kappa>,
    /// The same of five bands of confidence, disagreement by the square of its distance.
    pub bands: Option<Kappa>,
}

/// How long readings took.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    /// Median seconds of all readings of an arm.
    pub medians: Vec<f64>,
    /// Of the natural logarithm of seconds: a difference `d` of arms means `exp(d)` times as long.
    pub log_seconds: Option<Analysis>,
}

/// Reads the results of all readers that there are, with the chains of their lines.
///
/// # Errors
/// When a file cannot be read, is of another plan, or there is none.
pub fn read(study: &PlacedPlan) -> Result<(Readings, Chains), StudyError> {
    let (mut all, mut chains) = (Readings::new(), Chains::new());
    for (number, reader) in study.plan.readers.iter().enumerate() {
        let path = journal::path(&study.folder, reader);
        if !path.exists() {
            continue;
        }
        let (records, chain) = journal::read_chained(&path)?;
        journal::follows(&study.plan, number, &records, &path)?;
        if !records.is_empty() {
            all.insert(number, records);
            chains.insert(number, chain);
        }
    }
    if all.is_empty() { Err(StudyError::NoResults(study.folder.join(super::RESULTS))) } else { Ok((all, chains)) }
}

/// Analyses readings; `truth` is of the cases of the plan, in its order, and `kept` are the plans that the
/// study had.
///
/// # Errors
/// When no reader has read the same cases in every arm, or too few cases are left.
pub fn analyse(
    plan: &Plan,
    truth: &[CaseTruth],
    readings: &Readings,
    kept: &KeptPlans,
    method: Method,
) -> Result<StudyAnalysis, StudyError> {
    let planned = schedule(plan, 0).len();
    let mut remarks = Vec::new();
    let crossed = Crossed::of(plan, truth, readings, planned, &mut remarks)?;
    let positive = &crossed.positive;
    let auroc = crossed.figures(|records| {
        let confidences: Vec<f64> = records.iter().map(|r| f64::from(r.confidence)).collect();
        area::figure(&confidences, positive)
    })?;
    let auroc = multi_reader::analyse(&auroc, method)?;
    let decided = |wanted: bool| {
        let right = |records: &[&Record]| {
            let right = records.iter().zip(positive).filter(|(_, p)| **p == wanted);
            let right: Vec<f64> = right.map(|(r, p)| f64::from((r.confidence >= plan.decision) == *p)).collect();
            mean::share(&right)
        };
        crossed.figures(right).and_then(|figures| multi_reader::analyse(&figures, method)).ok()
    };
    let seconds =
        crossed.figures(|records| mean::figure(&records.iter().map(|r| r.seconds.max(1e-3).ln()).collect::<Vec<_>>()));
    let times = Times {
        medians: crossed.arms.iter().map(|arm| median(arm)).collect(),
        log_seconds: seconds.and_then(|figures| multi_reader::analyse(&figures, method)).ok(),
    };
    remarks.extend(limits(&crossed, &auroc));
    Ok(StudyAnalysis {
        name: plan.name.clone(),
        study: plan.fingerprint(),
        integrity: integrity::check(plan, truth, readings, kept),
        question: plan.question.clone(),
        finding: plan.finding.clone(),
        model: plan.model.clone(),
        design: plan.design,
        decision: plan.decision,
        arms: plan.arms.iter().map(|a| a.name.clone()).collect(),
        readers: crossed.readers.iter().map(|r| plan.readers[*r].clone()).collect(),
        cases: positive.len(),
        positives: positive.iter().filter(|p| **p).count(),
        sensitivity: decided(true),
        specificity: decided(false),
        marking: plan.marks.then(|| marking::of(&crossed, method, &mut remarks)).flatten(),
        agreement: crossed.arms.iter().map(|arm| agreement(arm, plan.decision)).collect(),
        times,
        reliance: reliance::of(plan, &crossed, method, &mut remarks),
        curves: crossed.arms.iter().map(|arm| curves::mean_curve(arm, positive)).collect(),
        auroc,
        remarks,
    })
}

/// Median seconds of readings.
fn median(arm: &[Vec<&Record>]) -> f64 {
    let mut seconds: Vec<f64> = arm.iter().flatten().map(|r| r.seconds).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    crate::stats::quantile(&seconds, 0.5)
}

fn agreement(arm: &[Vec<&Record>], decision: u8) -> Agreement {
    let by = |category: &dyn Fn(u8) -> usize| -> Vec<Vec<usize>> {
        arm.iter().map(|records| records.iter().map(|r| category(r.confidence)).collect()).collect()
    };
    let band = |confidence: u8| (usize::from(confidence) * BANDS / 100).min(BANDS - 1);
    Agreement {
        decisions: agreement::fleiss(&by(&|c| usize::from(c >= decision)), 2, Weights::Equal),
        bands: agreement::fleiss(&by(&band), BANDS, Weights::Quadratic),
    }
}

/// What so few readers or cases cannot tell.
fn limits(crossed: &Crossed<'_>, auroc: &Analysis) -> Vec<String> {
    let mut said = Vec::new();
    match crossed.readers.len() {
        1 => said.push("One reader alone says nothing of other readers: intervals are for this reader.".to_owned()),
        2..=3 => said.push(format!(
            "{} readers are few: intervals for other readers are wide, and rest on how alike these few are.",
            crossed.readers.len()
        )),
        _ => {}
    }
    let beyond = |i: &[f64; 2]| i[0] < 0.0 || i[1] > 1.0;
    let random = auroc.random.as_ref().unwrap_or(&auroc.fixed_readers);
    if random.modalities.iter().filter_map(|e| e.interval).any(|i| beyond(&i)) {
        said.push(
            "An interval of an area reaches beyond 0 or 1: where the area itself is 0 or 1 it can only be symmetric."
                .into(),
        );
    }
    said
}

impl Crossed<'_> {
    /// A figure of each reader in each arm.
    fn figures(
        &self,
        of: impl Fn(&[&Record]) -> Result<Figure, MultiReaderError>,
    ) -> Result<Vec<Vec<Figure>>, MultiReaderError> {
        self.arms.iter().map(|arm| arm.iter().map(|records| of(records)).collect()).collect()
    }
}
