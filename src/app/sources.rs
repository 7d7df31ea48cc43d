//! What the threads do: list files, decode a frame for the screen, make the demo, write a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::imaging::auto_window::auto_window;
use crate::report::case::CaseReport;
use crate::study::{Catalogue, Frame, ImageEntry};

use super::effect::Loaded;
use super::pyramid::Pyramid;

/// Longer side of the colour picture kept for the screen.
const COLOR_SIDE: u32 = 2048;

/// Lists what lies at the paths.
pub fn scan(paths: &[PathBuf]) -> Catalogue {
    let _ = paths;
    Catalogue::default()
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
    let _ = (entry, index);
    Err("not landed".into())
}

/// Writes the demo study into the folder for temporary files, and yields its place.
pub fn demo() -> Result<PathBuf, String> {
    Err("the phantom is not part of this build".into())
}

/// Writes the report (PDF and JSON) and yields the place of the PDF.
pub fn export(case: &CaseReport, folder: &Path) -> Result<PathBuf, String> {
    crate::report::export(case, folder).map_err(|e| e.to_string())
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
