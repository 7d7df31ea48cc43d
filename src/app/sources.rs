//! What the threads do: list files, decode a frame for the screen, make the demo, write a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::imaging::auto_window::auto_window;
use crate::network::import::draft::Request as Import;
use crate::network::import::install;
use crate::network::registry;
use crate::report::case::CaseReport;
use crate::study::phantom::{demo::films, render, write_dicom};
use crate::study::{Catalogue, Frame, ImageEntry};

use super::effect::{Loaded, Message};
use super::jobs::Say;
use super::pyramid::Pyramid;

/// Longer side of the colour picture kept for the screen.
const COLOR_SIDE: u32 = 2048;

/// Lists what lies at the paths, beside what is open already.
pub fn scan(
    open: &Catalogue,
    paths: &[PathBuf],
    cancel: &AtomicBool,
    mut progress: impl FnMut(usize, usize),
) -> Catalogue {
    crate::study::scan_beside(open, paths, cancel, &mut |found, read| progress(found, read))
}

/// Decodes a frame and prepares what the screen needs of it.
pub fn load(entry: &Arc<ImageEntry>, index: u32) -> Result<Loaded, String> {
    let frame = Arc::new(decode(entry, index)?);
    Ok(Loaded {
        pyramid: Arc::new(Pyramid::new(&frame.plane)),
        auto_window: auto_window(&frame.plane, frame.padding),
        color: frame.color.as_ref().map(|picture| Arc::new(fitted(picture))),
        frame,
    })
}

/// A frame of an image; a panic in a codec is an error about that file.
pub fn decode(entry: &Arc<ImageEntry>, index: u32) -> Result<Frame, String> {
    crate::study::load(entry, index).map_err(|e| sentence(&e))
}

/// Writes the demo study into the cache folder, and yields its place.
pub fn demo() -> Result<PathBuf, String> {
    let folder = directories::ProjectDirs::from("", "", "pellucid")
        .map_or_else(std::env::temp_dir, |d| d.cache_dir().to_owned())
        .join("demo");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{} could not be made: {e}", folder.display()))?;
    let [(name, recipe), _healthy] = films();
    let path = folder.join(format!("{name}.dcm"));
    write_dicom(&path, &render(&recipe), &recipe).map_err(|e| sentence(&e))?;
    Ok(path)
}

/// Writes the report (PDF and JSON) and yields the place of the PDF.
pub fn export(case: &CaseReport, folder: &Path) -> Result<PathBuf, String> {
    std::fs::create_dir_all(folder)
        .map_err(|e| format!("The folder {} could not be made: {e}. Choose another one.", folder.display()))?;
    crate::report::export(case, folder).map_err(|e| sentence(&e))
}

/// An error with its causes, as one sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many messages name their cause themselves.
        if !words.contains(&more) {
            words = format!("{}: {more}", words.trim_end_matches('.'));
        }
        cause = error.source();
    }
    words
}

fn fitted(picture: &image::RgbImage) -> image::RgbImage {
    let (w, h) = picture.dimensions();
    let longer = w.max(h);
    if longer <= COLOR_SIDE {
        return picture.clone();
    }
    let side = |s: u32| ((u64::from(s) * u64::from(COLOR_SIDE) / u64::from(longer)) as u32).max(1);
    image::imageops::thumbnail(picture, side(w), side(h))
}

/// Tells the names of the models that can be chosen, and why others cannot.
pub fn tell_models(say: &Say) {
    let (mut names, mut broken) = (Vec::new(), Vec::new());
    for (name, _) in registry::list() {
        match registry::manifest(&name) {
            Ok(_) => names.push(name),
            Err(error) => broken.push(format!("The model {name} is left out: {error}")),
        }
    }
    say.tell(Message::Models(names));
    broken.into_iter().for_each(|reason| say.tell(Message::Failed(reason)));
}

/// Makes a model of published weights and yields its name.
pub fn import(request: &Import) -> Result<String, String> {
    let folder = registry::user_folder().ok_or("This account has no data folder; set XDG_DATA_HOME to a folder.")?;
    install::import(request, &folder).map(|imported| imported.name).map_err(|error| error.to_string())
}
