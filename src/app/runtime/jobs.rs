//! What the threads do: list files, decode a frame for the screen, make the demo, import weights,
//! write a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job_threads::MessageSender;
use crate::app::state::pyramid::Pyramid;
use crate::app::state::{LoadedImage, Reason};
use crate::app::update::message::Message;
use crate::cancel::CancelToken;
use crate::engine::lungs::{self, LungSearch};
use crate::imaging::auto_window::auto_window;
use crate::language::tr;
use crate::model::import::draft::Request as Import;
use crate::model::import::{ImportError, install};
use crate::model::registry;
use crate::phantom::demo::films;
use crate::phantom::{PhantomFileError, render, write_dicom};
use crate::report::ReportError;
use crate::report::case::CaseReport;
use crate::study::lung_masks::LungMasks;
use crate::study::{Catalogue, Frame, FrameReader, ImageEntry, StudyError, presentation_states, scan_beside};

/// Longer side of the colour image kept for the screen.
const COLOR_SIDE: u32 = 2048;
/// How often the progress of a scan is reported.
const PROGRESS: Duration = Duration::from_millis(100);

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error("{} could not be made: {source}", path.display())]
    DemoFolder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Demo(#[from] PhantomFileError),
    #[error("The folder {} could not be made: {source}. Choose another one.", path.display())]
    ReportFolder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("This account has no data folder; set XDG_DATA_HOME to a folder.")]
    NoDataFolder,
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Lists `paths`, reports how far it is, and what was found unless it was cancelled; `recent` joins
/// the recent list.
pub(super) fn scan(
    open: &Catalogue,
    paths: &[PathBuf],
    recent: Vec<PathBuf>,
    cancel: &CancelToken,
    sender: &MessageSender,
) {
    let mut reported = Instant::now();
    let catalogue = scan_beside(open, paths, cancel, &mut |found, read| {
        if reported.elapsed() > PROGRESS {
            reported = Instant::now();
            sender.send(Message::Scanning { found, read });
        }
    });
    if !cancel.is_cancelled() {
        sender.send(Message::Scanned { paths: recent, catalogue: Box::new(catalogue) });
    }
}

/// Decodes a frame and prepares what the screen needs of it; of some presentation states those that
/// are about it. Its lungs are looked for later, so that nobody waits for them.
pub(super) fn load(
    reader: &mut FrameReader,
    entry: &Arc<ImageEntry>,
    index: u32,
    presentations: &[PathBuf],
    masks: Option<&LungMasks>,
) -> Result<LoadedImage, StudyError> {
    let mut frame = reader.load(entry, index)?;
    let presentations = Arc::new(presentation_states(&mut frame, presentations));
    let frame = Arc::new(frame);
    let plane = &frame.pixels.plane;
    let (pyramid, auto_window) = rayon::join(|| Pyramid::new(plane), || auto_window(plane, frame.pixels.padding));
    let color = frame.pixels.color.as_ref().map(|image| Arc::new(fitted(image)));
    let lungs = Ok(lungs::before_looking(&frame, masks));
    Ok(LoadedImage { frame, pyramid: Arc::new(pyramid), color, lungs, presentations, auto_window })
}

/// Where the lungs of a frame lie.
pub(super) fn find_lungs(frame: &Frame, masks: Option<&LungMasks>) -> Result<LungSearch, Reason> {
    lungs::of_frame(frame, masks).map_err(|error| Reason::of(&error))
}

/// Writes the demo study into the cache folder, and yields its place.
pub(super) fn demo() -> Result<PathBuf, JobError> {
    let folder = directories::ProjectDirs::from("", "", "pellucid")
        .map_or_else(std::env::temp_dir, |d| d.cache_dir().to_owned())
        .join("demo");
    std::fs::create_dir_all(&folder).map_err(|source| JobError::DemoFolder { path: folder.clone(), source })?;
    let [(name, recipe), _healthy] = films();
    let path = folder.join(format!("{name}.dcm"));
    write_dicom(&path, &render(&recipe), &recipe)?;
    Ok(path)
}

/// Writes the report (PDF and JSON) and yields the place of the PDF.
pub(super) fn export(case: &CaseReport, folder: &Path) -> Result<PathBuf, JobError> {
    std::fs::create_dir_all(folder).map_err(|source| JobError::ReportFolder { path: folder.to_owned(), source })?;
    Ok(crate::report::export(case, folder)?)
}

/// Makes a model of published weights and yields its name.
pub(super) fn import(request: &Import) -> Result<String, JobError> {
    let folder = registry::user_folder().ok_or(JobError::NoDataFolder)?;
    Ok(install::import(request, &folder)?.name)
}

/// Sends the names of the models that can be chosen, and why others cannot.
pub(super) fn list_models(sender: &MessageSender) {
    let (mut names, mut broken) = (Vec::new(), Vec::new());
    for (name, _) in registry::list() {
        match registry::manifest(&name) {
            Ok(_) => names.push(name),
            Err(error) => broken.push(tr!("The model {name} is left out: {error}", name, error)),
        }
    }
    sender.send(Message::Models(names));
    broken.into_iter().for_each(|reason| sender.send(Message::Failed(Reason::from(reason))));
}

fn fitted(image: &image::RgbImage) -> image::RgbImage {
    let (w, h) = image.dimensions();
    let longer = w.max(h);
    if longer <= COLOR_SIDE {
        return image.clone();
    }
    let side = |s: u32| ((u64::from(s) * u64::from(COLOR_SIDE) / u64::from(longer)) as u32).max(1);
    image::imageops::thumbnail(image, side(w), side(h))
}
