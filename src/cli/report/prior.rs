//! The prior of the image of a report, scored by the same model.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::{Args, open};
use crate::cli::session::Session;
use crate::cli::{measurements, output};
use crate::engine::{Analysis, AnalysisOptions};
use crate::measurement::identity::ImageIdentity;
use crate::report::CaseReport;
use crate::report::prior::CasePrior;
use crate::report::sidecar::Sidecar;
use crate::report::sidecar::prior::PriorRecord;
use crate::report::verify::PriorAgain;
use crate::study::{Frame, load, open_image};

/// The image at `path` beside that of the case.
pub(super) fn of(args: &Args, case: &CaseReport, path: &Path) -> anyhow::Result<CasePrior> {
    // The model is not chosen anew: two models have no scores that can be compared.
    let name = args.model.clone().unwrap_or_else(|| case.model.manifest.name.clone());
    let mut session = open(args, Some(name))?;
    let (frame, analysis) = judged(&mut session, path, 0, &case.analysis.options)?;
    let meta = [&case.frame.entry.meta, &frame.entry.meta];
    if meta[0].patient_id.trim().is_empty() || meta[0].patient_id.trim() != meta[1].patient_id.trim() {
        output::remark("note: the files do not say that both images are of one patient (Patient ID)");
    }
    if meta[0].study_date <= meta[1].study_date {
        output::remark("note: the files do not say that the prior was made on an earlier day (Study Date)");
    }
    let drawn = match &args.prior_measurements {
        Some(file) => measurements::read(file, &ImageIdentity::of(&frame), &frame)?,
        None => Vec::new(),
    };
    Ok(CasePrior { frame: Arc::new(frame), analysis: Arc::new(analysis), measurements: drawn })
}

/// The prior of a report judged again: the image at `path`, else the one that the report names.
/// Nothing where it is not there.
pub(super) fn again(
    session: &mut Session,
    record: &PriorRecord,
    sidecar: &Sidecar,
    path: Option<&Path>,
) -> anyhow::Result<Option<PriorAgain>> {
    let Some(path) = path.or_else(|| record.path.as_deref().filter(|path| path.is_file())) else { return Ok(None) };
    let (frame, analysis) = judged(session, path, record.frame, &sidecar.options)?;
    Ok(Some(PriorAgain { frame, analysis }))
}

/// The scores and maps of an image, as the options ask for them, without samples.
fn judged(
    session: &mut Session,
    path: &Path,
    number: u32,
    options: &AnalysisOptions,
) -> anyhow::Result<(Frame, Analysis)> {
    let options = AnalysisOptions { samples: 0, ..options.clone() };
    let force = options.force;
    let read = || {
        let frame = open_image(path).with_context(|| path.display().to_string())?;
        Ok(if frame.index == number { frame } else { load(&frame.entry, number)? })
    };
    let analyzed = session.analyze(read, |_, _| Ok(options), force)?;
    let (frame, _, analysis) = analyzed.by_a_model()?;
    Ok((frame, analysis))
}
