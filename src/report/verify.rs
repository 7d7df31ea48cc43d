//! Computing a report again from its sidecar, and saying which numbers came out differently.
//!
//! The same file, the same weights, the same options and seed must give the same numbers. On the same kind of device they
//! may differ by rounding only; on another kind (GPU and CPU) sums run in another order, and more is allowed. Loading and
//! computing are the caller's business, so that this file knows neither DICOM nor networks. How far a map can be trusted is not computed
//! again: it takes hundreds of runs, and rests on the map, which is compared; a remark says so.

use std::fmt;
use std::path::Path;

use super::ReportError;
use super::file;
use super::json::{FORMAT, FORMAT_VERSION, MapRecord, Number, Sidecar};
use crate::engine::conformal::{Conformal, LabelState};
use crate::engine::{Analysis, ModelInfo};
use crate::explain::Attribution;
use crate::limits;
use crate::uncertainty::conformal::State;

/// Allowed difference of a probability, an entropy or a gate score on the same kind of device.
const SAME_DEVICE: f64 = 1e-4;
/// … and on another kind.
const OTHER_DEVICE: f64 = 5e-3;

/// Why a report could not be computed again.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the report does not say where its image lies (it is anonymised); name the image file behind the report")]
    NoSource,
    #[error("the image {path} is not there any more; name the place where it lies now behind the report")]
    SourceMissing { path: String },
    #[error("{path} is not the image of the report: its content has another SHA-256 ({is} instead of {was})")]
    OtherImage { path: String, was: String, is: String },
    #[error(
        "the model {name} has other weights now (SHA-256 {is}); the report was made with {was}: choose that model with --model"
    )]
    OtherModel { name: String, was: String, is: String },
    #[error("the numbers could not be computed again: {0}")]
    Recompute(String),
}

/// A number that came out differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub what: String,
    pub was: f64,
    pub is: f64,
    pub allowed: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:.6} in the report, {:.6} now (allowed difference {:.6})",
            self.what, self.was, self.is, self.allowed
        )
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifyOutcome {
    /// How many numbers were compared.
    pub compared: usize,
    pub differences: Vec<Difference>,
    /// What is different without being wrong: another device, another version of the program.
    pub remarks: Vec<String>,
}

impl VerifyOutcome {
    /// True when every number came out as printed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.compared > 0 && self.differences.is_empty()
    }
}

/// Reads a sidecar.
pub fn read(path: &Path) -> Result<Sidecar, ReportError> {
    let failed = |source| ReportError::Read { path: path.to_owned(), source };
    let not = |reason: String| ReportError::NotAReport { path: path.to_owned(), reason };
    if std::fs::metadata(path).map_err(failed)?.len() > limits::FILE_BYTES {
        return Err(not("it is too large".into()));
    }
    let text = std::fs::read(path).map_err(failed)?;
    let sidecar: Sidecar = serde_json::from_slice(&text).map_err(|e| not(e.to_string()))?;
    match (sidecar.format.as_str(), sidecar.format_version) {
        (FORMAT, FORMAT_VERSION) => Ok(sidecar),
        (FORMAT, version) => Err(not(format!("its format has version {version}, this program reads {FORMAT_VERSION}"))),
        _ => Err(not("it does not say that it is one".into())),
    }
}

/// Computes the numbers of a report again and compares them.
///
/// `image` stands in for the path in the report, which an anonymised one lacks. `recompute` loads the image (frame
/// `source.frame`) and the model, and runs the analysis with the options of the sidecar.
pub fn verify(
    json: &Path,
    image: Option<&Path>,
    recompute: impl FnOnce(&Sidecar, &Path) -> Result<(Analysis, ModelInfo), String>,
) -> Result<VerifyOutcome, VerifyError> {
    let sidecar = read(json)?;
    let image = image.or(sidecar.source.path.as_deref()).ok_or(VerifyError::NoSource)?;
    let shown = || image.display().to_string();
    let is = file::sha256(image).map_err(|_| VerifyError::SourceMissing { path: shown() })?;
    if let Some(was) = sidecar.source.sha256.as_ref().filter(|was| **was != is) {
        return Err(VerifyError::OtherImage { path: shown(), was: was.clone(), is });
    }
    let (analysis, model) = recompute(&sidecar, image).map_err(VerifyError::Recompute)?;
    if model.sha256 != sidecar.model.sha256 {
        let (was, is) = (sidecar.model.sha256, model.sha256);
        return Err(VerifyError::OtherModel { name: sidecar.model.name, was, is });
    }
    Ok(compare(&sidecar, &analysis, &model))
}

/// Compares the numbers of a report with those of a new analysis by the same model.
#[must_use]
pub fn compare(sidecar: &Sidecar, analysis: &Analysis, model: &ModelInfo) -> VerifyOutcome {
    let kind = |device: &str| device.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let same = kind(&sidecar.model.device) == kind(&model.device);
    let mut found =
        Comparison { outcome: VerifyOutcome::default(), allowed: if same { SAME_DEVICE } else { OTHER_DEVICE } };
    if !same {
        found.remark(format!(
            "The report was made on {}, this check ran on {}: small differences are allowed.",
            sidecar.model.device, model.device
        ));
    }
    let software = &sidecar.software;
    if (software.version.as_str(), software.commit.as_str()) != (crate::VERSION, crate::COMMIT) {
        found.remark(format!(
            "The report was made by Pellucid {} ({}), this is {} ({}).",
            software.version,
            software.commit,
            crate::VERSION,
            crate::COMMIT
        ));
    }
    if sidecar.source.sha256.is_none() {
        found.remark("The report holds no SHA-256 of its image: it may have been another one.".into());
    }
    if sidecar.trust.is_some() {
        found.remark("How far the map can be trusted was not measured again; the map itself was compared.".into());
    }
    found.number("scored", f64::from(u8::from(sidecar.scored)), f64::from(u8::from(analysis.scored)));
    match (&sidecar.gate, &analysis.gate) {
        (Some(was), Some(is)) => {
            found.number("gate score", was.score.into(), is.score.into());
            found.number("gate accepted", f64::from(u8::from(was.accepted)), f64::from(u8::from(is.accepted)));
        }
        (None, None) => {}
        (was, is) => {
            found.number("input gate present", f64::from(u8::from(was.is_some())), f64::from(u8::from(is.is_some())));
        }
    }
    let posterior = analysis.posterior.as_ref();
    let scores = [
        (&sidecar.labels, &analysis.labels, posterior.map(|p| &p.labels)),
        (&sidecar.groups, &analysis.groups, posterior.map(|p| &p.groups)),
    ];
    for (was, is, summaries) in scores.into_iter().filter(|_| sidecar.scored && analysis.scored) {
        found.number("number of findings", was.len() as f64, is.len() as f64);
        for old in was {
            let Some(i) = is.iter().position(|score| score.label == old.label) else {
                found.number(&format!("{} present", old.label), 1.0, 0.0);
                continue;
            };
            let summary = summaries.and_then(|s| s.get(i)).cloned();
            let new = Number {
                label: old.label.clone(),
                logit: is[i].logit,
                probability: is[i].probability,
                threshold: is[i].threshold,
                summary,
            };
            found.finding(old, &new);
        }
    }
    if let Some(was) = &sidecar.uncertainty {
        let is = |value: fn(&crate::uncertainty::Posterior) -> f32| posterior.map_or(f64::NAN, |p| value(p).into());
        found.number("predictive entropy", was.predictive_entropy.into(), is(|p| p.predictive_entropy));
        found.number("mutual information", was.mutual_information.into(), is(|p| p.mutual_information));
    }
    if let Some(was) = &sidecar.conformal {
        let Analysis { gate, population, labels, groups, .. } = analysis;
        match Conformal::of(
            &model.manifest,
            &model.calibration,
            gate.as_ref(),
            population.as_ref(),
            labels,
            groups,
            was.risk,
        ) {
            Ok(is) => found.states(sidecar, was, &is),
            Err(why) => {
                found.number("conformal states present", 1.0, 0.0);
                found.remark(why.to_string());
            }
        }
    }
    for was in &sidecar.maps {
        let is = analysis.attributions.iter().find(|map| {
            let label = map.class().and_then(|k| analysis.labels.get(k)).map(|score| score.label.as_str());
            label == Some(was.label.as_str()) && map.method == was.method && map.layer == was.layer
        });
        found.map(was, is.map(std::convert::AsRef::as_ref));
    }
    found.outcome
}

struct Comparison {
    outcome: VerifyOutcome,
    allowed: f64,
}

impl Comparison {
    fn remark(&mut self, remark: String) {
        self.outcome.remarks.push(remark);
    }

    fn number(&mut self, what: &str, was: f64, is: f64) {
        self.within(what, was, is, self.allowed);
    }

    /// A number that is missing now is NaN, and a NaN is always a difference.
    fn within(&mut self, what: &str, was: f64, is: f64, allowed: f64) {
        self.outcome.compared += 1;
        let close = (was - is).abs() <= allowed;
        if !close {
            self.outcome.differences.push(Difference { what: what.to_owned(), was, is, allowed });
        }
    }

    fn finding(&mut self, was: &Number, is: &Number) {
        let name = &was.label;
        self.number(&format!("{name}, probability"), was.probability.into(), is.probability.into());
        self.number(&format!("{name}, threshold"), was.threshold.into(), is.threshold.into());
        if let Some(logit) = was.logit {
            // Logits have no bounds; a part of their size is allowed.
            let allowed = self.allowed * 10.0 * f64::from(logit.abs()).max(1.0);
            self.within(&format!("{name}, logit"), logit.into(), is.logit.map_or(f64::NAN, f64::from), allowed);
        }
        if let Some(old) = &was.summary {
            let new = |value: fn(&crate::uncertainty::Summary) -> f32| {
                is.summary.as_ref().map_or(f64::NAN, |s| value(s).into())
            };
            self.number(&format!("{name}, mean"), old.mean.into(), new(|s| s.mean));
            self.number(&format!("{name}, standard deviation"), old.sd.into(), new(|s| s.sd));
            self.number(&format!("{name}, 5 %"), old.p05.into(), new(|s| s.p05));
            self.number(&format!("{name}, 95 %"), old.p95.into(), new(|s| s.p95));
        }
    }

    /// Cuts and states. A probability that lies on a cut as far as rounding goes may fall on either side of it.
    fn states(&mut self, sidecar: &Sidecar, was: &Conformal, is: &Conformal) {
        let number = |state| match state {
            State::Present => 1.0,
            State::Undecided => 0.0,
            State::Absent => -1.0,
            State::Withheld => 2.0,
        };
        for old in &was.states {
            let name = &old.label;
            let new = is.state(name);
            let of = |value: fn(&LabelState) -> f32| new.map_or(f64::NAN, |s| value(s).into());
            self.number(&format!("{name}, present above"), old.present_above.into(), of(|s| s.present_above));
            self.number(&format!("{name}, absent below"), old.absent_below.into(), of(|s| s.absent_below));
            let printed = sidecar.labels.iter().chain(&sidecar.groups).find(|n| n.label == *name);
            let on_a_cut = printed.is_some_and(|n| {
                let near = |cut: f32| f64::from((n.probability - cut).abs()) <= self.allowed;
                near(old.present_above) || near(old.absent_below)
            });
            let now = new.map_or(f64::NAN, |s| number(s.state));
            let allowed = if on_a_cut { 1.0 } else { 0.0 };
            self.within(&format!("{name}, conformal state"), number(old.state), now, allowed);
        }
    }

    /// The largest difference of a map, as a part of its largest value.
    fn map(&mut self, was: &MapRecord, is: Option<&Attribution>) {
        let what = format!("{}, {} map at {}", was.label, was.method.name(), was.layer);
        let top = was.values.iter().fold(0f32, |top, v| top.max(v.abs())).max(f32::MIN_POSITIVE);
        let apart = is.filter(|is| is.raw.values.len() == was.values.len()).map_or(f64::NAN, |is| {
            let gaps = is.raw.values.iter().zip(&was.values).map(|(a, b)| f64::from((a - b).abs() / top));
            gaps.fold(0.0, |most, gap| if gap.is_nan() { gap } else { most.max(gap) })
        });
        self.within(&what, 0.0, apart, self.allowed * 10.0);
    }
}
