//! Making a report again from its image, and saying what came out differently.
//!
//! The file is read again and computed again by the same weights, options and seed; of that the
//! report is made anew by the code that wrote the first, and the two are compared field by field
//! ([`compare`]): attributes, dates, sizes, window, gate, scores, intervals, states, maps,
//! suggestions, warnings. On the same kind of device numbers may differ by rounding only; on
//! another kind (GPU and CPU) sums run in another order, and more is allowed. What cannot be made
//! again is named. Loading and computing are the caller's business, so that this file knows neither
//! DICOM nor networks.

mod beside;
pub mod bounds;
pub mod compare;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Local};
use serde_json::Value;

use self::compare::{Comparison, shown};
pub use self::compare::{Difference, Unchecked};
use super::case::SimilarSection;
use super::case_study::CaseStudy;
use super::image_file::ImageFile;
use super::prior::CasePrior;
use super::sidecar::prior::PriorRecord;
use super::sidecar::{FORMAT, FORMAT_VERSION, Sidecar};
use super::what_if::ChangeRecord;
use super::{CaseReport, ReportError, feedback, image_file, measurements, redact};
use crate::engine::conformal::LabelState;
use crate::engine::lungs::{FieldsSource, Lungs};
use crate::engine::model_selection::choice::Choice;
use crate::engine::similar::Similar;
use crate::engine::study_members::StudyMembers;
use crate::engine::{Analysis, ModelInfo};
use crate::explain::Attribution;
use crate::files::read_regular;
use crate::imaging::auto_window::initial_window;
use crate::language::ENGLISH;
use crate::limits;
use crate::model::conformal::{RISK, Verdict};
use crate::study::unit::UnitKey;
use crate::study::{Frame, Metadata};

/// Allowed difference of a probability, an entropy or a gate score on the same kind of device.
const SAME_DEVICE: f64 = 1e-4;
/// … and on another kind.
const OTHER_DEVICE: f64 = 5e-3;

/// Why a report could not be computed again.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the report does not say where its image lies (it is anonymised); name the image file with --image")]
    NoSource,
    #[error("the image {path} cannot be read ({reason}); name the place where it lies now behind the report")]
    SourceMissing { path: String, reason: String },
    #[error("{path} is not the image of the report: its content has another SHA-256 ({is} instead of {was})")]
    OtherImage { path: String, was: String, is: String },
    #[error(
        "the model {name} has other weights now (SHA-256 {is}); the report was made with {was}: choose that model with --model"
    )]
    OtherModel { name: String, was: String, is: String },
    #[error("the numbers could not be computed again: {0}")]
    Recompute(Box<dyn std::error::Error + Send + Sync>),
}

/// What the caller loaded and computed.
pub struct Recomputed {
    pub frame: Frame,
    pub analysis: Analysis,
    pub model: ModelInfo,
    /// Where the lungs of the image lie, if that is known.
    pub lungs: Option<Arc<Lungs>>,
    /// What the model's gallery says of the image, where the report has similar cases.
    pub similar: Option<Similar>,
    /// The study of the image, where the report has one and its images are at hand.
    pub study: Option<StudyAgain>,
    /// The prior of the report, where it has one that is at hand.
    pub prior: Option<PriorAgain>,
    /// The changed images of the report, asked about again.
    pub what_if: Vec<ChangeRecord>,
}

/// The images of a study, judged again.
pub struct StudyAgain {
    pub key: UnitKey,
    pub members: StudyMembers,
}

/// The prior of a report, judged again.
pub struct PriorAgain {
    pub frame: Frame,
    pub analysis: Analysis,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifyOutcome {
    /// How many values were compared.
    pub compared: usize,
    pub differences: Vec<Difference>,
    /// What could not be checked.
    pub unchecked: Vec<Unchecked>,
}

impl VerifyOutcome {
    /// True when everything that can be checked came out as it was.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.compared > 0 && self.differences.is_empty()
    }
}

/// A report as it was read: what the program knows of it, and every field that stands in the file.
struct Written {
    sidecar: Sidecar,
    fields: Value,
}

/// Reads a sidecar.
pub fn read(path: &Path) -> Result<Sidecar, ReportError> {
    written(path).map(|written| written.sidecar)
}

fn written(path: &Path) -> Result<Written, ReportError> {
    let not = |reason: String| ReportError::NotAReport { path: path.to_owned(), reason };
    let text = read_regular(path, limits::REPORT_BYTES)
        .map_err(|source| ReportError::Read { path: path.to_owned(), source: source.into() })?;
    // Every value but the first of a list or an object stands behind a comma.
    let counts = [(",", "values", limits::REPORT_VALUES), ("[{", "lists and objects", limits::REPORT_LISTS)];
    for (marks, what, most) in counts {
        if text.iter().filter(|byte| marks.as_bytes().contains(byte)).count() > most {
            return Err(not(format!("it holds more than {most} {what}")));
        }
    }
    let wrong = |e: serde_json::Error| not(shown(&e.to_string(), 300));
    let sidecar: Sidecar = serde_json::from_slice(&text).map_err(wrong)?;
    match (sidecar.format.as_str(), sidecar.format_version) {
        (FORMAT, FORMAT_VERSION) => {}
        (FORMAT, version) => {
            return Err(not(format!("its format has version {version}, this program reads {FORMAT_VERSION}")));
        }
        _ => return Err(not("it does not say that it is one".into())),
    }
    bounds::check(&sidecar).map_err(|source| ReportError::OutOfBounds { path: path.to_owned(), source })?;
    Ok(Written { fields: serde_json::from_slice(&text).map_err(wrong)?, sidecar })
}

/// Makes a report again and compares the two.
///
/// `image` stands in for the path in the report, which an anonymised one lacks. `recompute` loads
/// the image (frame `source.frame`) and the model, and runs the analysis with the options of the
/// sidecar.
pub fn verify(
    json: &Path,
    image: Option<&Path>,
    recompute: impl FnOnce(&Sidecar, &Path) -> Result<Recomputed, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<VerifyOutcome, VerifyError> {
    let written = written(json)?;
    let Written { sidecar, .. } = &written;
    let path = image.or(sidecar.source.path.as_deref()).ok_or(VerifyError::NoSource)?;
    let quoted = || shown(&path.display().to_string(), 300);
    let is =
        image_file::sha256(path).map_err(|e| VerifyError::SourceMissing { path: quoted(), reason: e.to_string() })?;
    if let Some(was) = sidecar.source.sha256.as_ref().filter(|was| **was != is) {
        return Err(VerifyError::OtherImage { path: quoted(), was: shown(was, 64), is });
    }
    let again = recompute(sidecar, path).map_err(VerifyError::Recompute)?;
    if again.model.sha256 != sidecar.model.sha256 {
        let (was, is) = (shown(&sidecar.model.sha256, 64), again.model.sha256);
        return Err(VerifyError::OtherModel { name: shown(&sidecar.model.name, 64), was, is });
    }
    let source = ImageFile {
        path: if sidecar.anonymized { None } else { std::path::absolute(path).ok() },
        sha256: Some(is),
        warning: None,
    };
    let pdf = image_file::sha256(&json.with_extension("pdf")).ok();
    compare(&written, again, &source, pdf)
}

/// Compares a report with the one that is made again of image and analysis.
fn compare(
    written: &Written,
    again: Recomputed,
    source: &ImageFile,
    pdf: Option<String>,
) -> Result<VerifyOutcome, VerifyError> {
    let was = &written.sidecar;
    let mut unchecked = cannot_be_checked(written, &again, source, pdf.as_deref());
    let (case, unknown) = case(was, again);
    if case.anonymize {
        unchecked.extend(left_out(&case));
    }
    let is = Sidecar { pdf_sha256: pdf, ..Sidecar::of(&case, source) };
    let same = kind(&was.model.device) == kind(&is.model.device);
    let allowed = if same { SAME_DEVICE } else { OTHER_DEVICE };
    unchecked.extend(on_a_cut(was, &is, allowed));
    unchecked.extend(was.feedback.iter().flat_map(|said| feedback::unchecked(said, allowed)));
    unchecked.extend(beside::rounded(was, &is, &case.model, allowed));
    // By way of the text, so that both hold the digits that are written.
    let text = serde_json::to_vec(&is).map_err(ReportError::from)?;
    let fields = serde_json::from_slice(&text).map_err(ReportError::from)?;
    let other_version = (was.software != is.software)
        .then(|| format!("only one of Pellucid {} and {} writes it", shown(&was.software.version, 20), crate::VERSION));
    let found = Comparison { allowed, unchecked, other_version }.of(&written.fields, &fields);
    let mut differences = found.differences;
    differences.splice(0..0, unknown);
    Ok(VerifyOutcome { compared: found.compared, differences, unchecked: found.unchecked })
}

fn kind(device: &str) -> String {
    device.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
}

/// The case again: what was seen comes from the image and the model, what was chosen from the
/// report. Classes that the model does not have are differences.
fn case(was: &Sidecar, again: Recomputed) -> (CaseReport, Vec<Difference>) {
    let Recomputed { frame, analysis, model, lungs, similar, study, prior, what_if } = again;
    let error_rate = was.error_rate.or(was.conformal.as_ref().map(|c| c.risk)).unwrap_or(RISK);
    let study =
        was.study.as_ref().zip(study).and_then(|(was, again)| {
            CaseStudy::of(&again.members, &model.sha256, was.result.unit, again.key, error_rate)
        });
    let similar = was.similar.as_ref().zip(similar);
    let prior = was.prior.as_ref().zip(prior).map(|(was, again)| before(was, again, &model));
    let measurements = measurements::again(&was.measurements, &frame, lungs.as_deref());
    let mut classes = Vec::new();
    let mut unknown = Vec::new();
    for name in &was.display.classes {
        match model.manifest.labels.iter().position(|label| label.name == *name) {
            Some(class) => classes.push(class),
            None => unknown.push(Difference {
                what: "display, classes".into(),
                was: format!("“{}”", shown(name, 60)),
                is: "no class of the model".into(),
                allowed: None,
            }),
        }
    }
    let mut case = CaseReport {
        classes,
        impression: was.impression.clone(),
        method: was.display.method,
        layer: was.display.layer.clone(),
        lungs,
        measurements,
        kept_changes: what_if,
        similar: similar.map(|(was, found)| SimilarSection { asked: was.asked, found }),
        study,
        prior,
        inverted_by_reader: was.display.inverted_by_reader,
        overlay: was.display.overlay.clone(),
        anonymize: was.anonymized,
        paper: was.display.paper,
        language: was.display.language.clone().unwrap_or_else(|| ENGLISH.to_owned()),
        created: DateTime::parse_from_rfc3339(&was.created)
            .map_or_else(|_| Local::now(), |at| at.with_timezone(&Local)),
        prevalences: was.prevalence.iter().map(|at| (at.label.clone(), at.prevalence)).collect(),
        error_rate,
        ..CaseReport::new(Arc::new(frame), Arc::new(analysis), model)
    };
    case.feedback = was.feedback.as_ref().map(|said| feedback::again(said, &case));
    (case, unknown)
}

/// The prior again. Maps are those that the report has: the viewer may have had no others.
fn before(was: &PriorRecord, again: PriorAgain, model: &ModelInfo) -> CasePrior {
    let PriorAgain { frame, mut analysis } = again;
    let name = |map: &Attribution| map.class().and_then(|class| model.manifest.labels.get(class));
    let filed = |map: &Attribution| name(map).is_some_and(|label| was.maps.iter().any(|m| m.label == label.name));
    analysis.attributions.retain(|map| filed(map));
    let measurements = measurements::again(&was.measurements, &frame, None);
    CasePrior { frame: Arc::new(frame), analysis: Arc::new(analysis), measurements }
}

/// What cannot be checked in this report, by its place.
fn cannot_be_checked(
    written: &Written,
    again: &Recomputed,
    source: &ImageFile,
    pdf: Option<&str>,
) -> BTreeMap<String, String> {
    let Written { sidecar: was, fields } = written;
    let mut named = BTreeMap::new();
    let mut name = |place: &str, why: String| named.insert(place.to_owned(), why);
    let software = &was.software;
    if (software.version.as_str(), software.commit.as_str()) != (crate::VERSION, crate::COMMIT) {
        let [version, commit] = [&software.version, &software.commit].map(|text| shown(text, 40));
        let (version_now, commit_now) = (crate::VERSION, crate::COMMIT);
        name(
            "software",
            format!(
                "the report was made by Pellucid {version} ({commit}), this is {version_now} ({commit_now}), which may word its \
                 sentences differently"
            ),
        );
    }
    if kind(&was.model.device) != kind(&again.model.device) {
        let (then, now) = (shown(&was.model.device, 40), &again.model.device);
        name(
            "model.device",
            format!("the report was made on {then}, this check ran on {now}: small differences are allowed"),
        );
    } else if was.model.device != again.model.device {
        name("model.device", format!("this check ran on {}", again.model.device));
    }
    if was.source.sha256.is_none() {
        let why = if was.anonymized {
            "identity not checked: an anonymised report leaves out the SHA-256 of its image, which may have been another one"
        } else {
            "the report holds no SHA-256 of its image: it may have been another one"
        };
        name("source.sha256", why.into());
    }
    if !was.anonymized && was.source.path != source.path {
        name("source.path", "the image was read from another place".into());
    }
    if was.display.window_by_reader {
        name("display.window", "set by the reader".into());
        name("display.window_by_reader", "the choice of who made the report".into());
    } else if fields["display"].get("window_by_reader").is_none()
        && was.display.window != initial_window(&again.frame.pixels)
    {
        name("display.window", "not the one that the image opens with; the report does not say who set it".into());
    }
    for i in 0..was.prevalence.len() {
        name(&format!("prevalence.{i}.prevalence"), "as the reader stated it; the values were computed by it".into());
    }
    for (i, record) in was.measurements.iter().enumerate() {
        for field in ["kind", "points", "name"] {
            name(&format!("measurements.{i}.{field}"), "as the reader drew it; its values were measured again".into());
        }
        if record.drawn.thorax_proposed && again.lungs.is_none() {
            let why = "the outline of the lungs that proposed the width of the thorax is not at hand";
            name(&format!("measurements.{i}.thorax_proposed"), why.into());
        }
    }
    for i in 0..was.what_if.len() {
        for field in ["number", "name", "taken", "filling", "seed", "alteration", "random_places"] {
            let why = "as the reader changed the image; its scores were computed again";
            name(&format!("what_if.{i}.{field}"), why.into());
        }
    }
    if was.chosen_because == Choice::by_hand(&again.model.manifest.name).because {
        name("chosen_because", "who made the report chose the model by hand".into());
    }
    if was.lungs.is_some() && again.lungs.is_none() {
        let why = match &was.lungs {
            Some(FieldsSource::Segmenter { .. }) => "this program does not outline the lungs of the image",
            _ => "the mask that says where the lungs lie is not at hand; name its folder with --masks",
        };
        name("lungs", why.into());
        for i in (0..was.maps.len()).filter(|i| was.maps[*i].lungs.is_some()) {
            name(&format!("maps.{i}.lungs"), why.into());
        }
    } else if lungs_elsewhere(was, again) {
        name("lungs.path", "the mask was read from another place".into());
    }
    for (place, why) in beside::cannot_be_checked(was, again) {
        name(&place, why.into());
    }
    match (&was.pdf_sha256, pdf) {
        (None, _) => {
            name("pdf_sha256", "the report holds no SHA-256 of its PDF: the PDF was not checked".into());
        }
        (Some(_), None) => {
            name("pdf_sha256", "the PDF is not beside the JSON".into());
        }
        (Some(_), Some(_)) => {}
    }
    named
}

/// Whether the mask of the lungs lies in another place now than the report says.
fn lungs_elsewhere(was: &Sidecar, again: &Recomputed) -> bool {
    match (&was.lungs, again.lungs.as_ref().map(|lungs| &lungs.source)) {
        (Some(FieldsSource::Mask { path: Some(was), .. }), Some(FieldsSource::Mask { path, .. })) => {
            path.as_ref() != Some(was)
        }
        _ => false,
    }
}

/// The attributes that an anonymised report leaves out.
fn left_out(case: &CaseReport) -> BTreeMap<String, String> {
    let value = |meta: &Metadata| serde_json::to_value(meta).unwrap_or_default();
    let (all, kept) = (value(&case.frame.entry.meta), value(&redact::metadata(case)));
    let gone = |key: &&String| all[key.as_str()] != kept[key.as_str()] && kept[key.as_str()] == "";
    let keys = all.as_object().into_iter().flat_map(|all| all.keys()).filter(gone);
    // Not the place of the field itself: that nothing stands there is checked.
    let named = keys.map(|key| (format!("image.{key} of the file"), "left out of an anonymised report".into()));
    named.chain([("source.path and UIDs of the file".into(), "left out of an anonymised report".into())]).collect()
}

/// Where a probability lies on a cut as far as rounding goes, states that differ: it may fall on
/// either side, and with it what is said of the other labels.
fn on_a_cut(was: &Sidecar, is: &Sidecar, allowed: f64) -> BTreeMap<String, String> {
    let states = |of: &Sidecar| of.conformal.as_ref().map_or_else(Vec::new, |conformal| conformal.states.clone());
    let (old, new) = (states(was), states(is));
    let mut named = BTreeMap::new();
    let given = |s: &LabelState| s.verdict != Verdict::Withheld;
    let other = |(old, new): (&LabelState, &LabelState)| old.verdict != new.verdict && given(old) && given(new);
    let on_one = |state: &LabelState| {
        let printed = was.labels.iter().chain(&was.groups).find(|number| number.label == state.label);
        let near = |p: f32, cut: f32| f64::from((p - cut).abs()) <= allowed;
        printed.is_some_and(|n| near(n.probability, state.present_above) || near(n.probability, state.absent_below))
    };
    if !new.iter().any(on_one) {
        return named;
    }
    for (i, _) in old.iter().zip(&new).enumerate().filter(|(_, pair)| other(*pair)) {
        for field in ["state", "verdict", "reason"] {
            let why = "a probability lies on a cut as far as rounding goes, and may fall on either side of it";
            named.insert(format!("conformal.states.{i}.{field}"), why.to_owned());
        }
    }
    named
}

#[cfg(test)]
mod tests;
