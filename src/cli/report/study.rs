//! The study that the image of a report belongs to, for one result of the whole of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::inputs::Inputs;
use crate::cli::session::Session;
use crate::cli::{Usage, output};
use crate::engine::ModelInfo;
use crate::engine::study_members::{self, Judged, StudyMembers};
use crate::evaluation::images::first_frame;
use crate::limits;
use crate::report::case_study::CaseStudy;
use crate::report::sidecar::beside::StudyRecord;
use crate::report::verify::StudyAgain;
use crate::study::patients::Patients;
use crate::study::unit::Unit;
use crate::study::{Frame, ImageEntry, open_image};

/// The study of the image among `paths`; nothing where no other image belongs to it, which is said.
pub(super) fn of(
    session: &mut Session,
    frame: &Frame,
    model: &ModelInfo,
    paths: &[PathBuf],
    error_rate: f64,
) -> anyhow::Result<Option<CaseStudy>> {
    let unit = model.study_unit();
    let images = images(&frame.entry, unit, paths)?;
    if images.len() < 2 {
        output::remark(format!(
            "note: no other image of the {} is there, so the report has no result of the whole of it",
            unit.name()
        ));
        return Ok(None);
    }
    let members = judged(session, images.iter().map(|entry| (entry.path.as_path(), Some(entry))));
    let key = unit.of(&frame.entry, &Patients::default());
    Ok(CaseStudy::of(&members, &model.sha256, unit, key, error_rate))
}

/// The images of a report judged again: those of `paths`, where some are named, else those that the
/// report names. Nothing where one of these is not there.
pub(super) fn again(
    session: &mut Session,
    frame: &Frame,
    record: &StudyRecord,
    paths: &[PathBuf],
) -> anyhow::Result<Option<StudyAgain>> {
    let unit = record.result.unit;
    let key = unit.of(&frame.entry, &Patients::default());
    if !paths.is_empty() {
        let images = images(&frame.entry, unit, paths)?;
        let members = judged(session, images.iter().map(|entry| (entry.path.as_path(), Some(entry))));
        return Ok(Some(StudyAgain { key, members }));
    }
    let named: Option<Vec<&PathBuf>> =
        record.images.iter().map(|image| image.path.as_ref().filter(|path| path.is_file())).collect();
    let Some(named) = named else { return Ok(None) };
    let members = judged(session, named.into_iter().map(|path| (path.as_path(), None)));
    Ok(Some(StudyAgain { key, members }))
}

/// The images of `paths` that belong to the study of this one, itself among them.
fn images(own: &Arc<ImageEntry>, unit: Unit, paths: &[PathBuf]) -> Result<Vec<Arc<ImageEntry>>, Usage> {
    let inputs = Inputs::gather(paths);
    let patients = Patients::default();
    let key = unit.of(own, &patients);
    let all = inputs.entries(0..inputs.len());
    let mut images: Vec<Arc<ImageEntry>> = all.into_iter().filter(|entry| unit.of(entry, &patients) == key).collect();
    if !images.iter().any(|entry| entry.identity == own.identity) {
        images.insert(0, own.clone());
    }
    if images.len() > limits::REPORT_STUDY_IMAGES {
        let (found, most) = (images.len(), limits::REPORT_STUDY_IMAGES);
        return Err(Usage(format!("the {} has {found} images, and a report holds at most {most}", unit.name())));
    }
    Ok(images)
}

/// Every image as the session's model judges it; one that cannot be read is left out.
fn judged<'a>(
    session: &mut Session,
    images: impl Iterator<Item = (&'a Path, Option<&'a Arc<ImageEntry>>)>,
) -> StudyMembers {
    // Of the image of the report alone.
    session.use_no_gallery();
    let judge = |(path, entry): (&Path, Option<&Arc<ImageEntry>>)| {
        let load = || Ok(entry.map_or_else(|| open_image(path), first_frame)?);
        match session.analyze(load, |_, _| Ok(study_members::options()), false) {
            Ok(analyzed) => {
                let model = analyzed.outcome.as_ref().map(|(model, _)| Arc::new(ModelInfo::of(model)));
                let outcome = model.as_ref().zip(analyzed.outcome.as_ref().map(|(_, analysis)| analysis));
                Judged::of(path, &analyzed.choice, outcome)
            }
            Err(error) => Judged::left_out(path, &output::sentences(&error)),
        }
    };
    images.map(judge).collect()
}
