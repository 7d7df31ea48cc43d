//! `pellucid segment`: outlines the lungs of chest radiographs as masks.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::Device;
use image::{DynamicImage, GrayImage};
use serde_json::json;

use super::images::png;
use super::inputs::Inputs;
use super::{Outcome, output};
use crate::limits;
use crate::model::lungs::{LungSegmenter, Segmentation, SegmentedLungs};

/// Outline the lungs of chest radiographs: a mask of the image's size for each (255 lung, 0 elsewhere)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders (DICOM, PNG, JPEG, TIFF)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder to write the masks into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder of another segmenter than the one that comes with the program
    #[arg(long, value_name = "DIR")]
    segmenter: Option<PathBuf>,
    /// Frame of images that have several, counted from 1 [default: the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::FRAMES)))]
    frame: Option<u32>,
    /// Mark the patient's right lung with 85 and the left one with 170
    #[arg(long)]
    sides: bool,
    /// Write masks that the segmenter does not trust, too
    #[arg(long)]
    force: bool,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let segmenter = match &args.segmenter {
        Some(folder) => LungSegmenter::of_folder(folder, &Device::Cpu)?,
        None => LungSegmenter::embedded(&Device::Cpu)?,
    };
    output::make_folder(&args.out)?;
    let mut taken = HashSet::new();
    Inputs::gather(&args.paths).each("Segmenting", |image| {
        let frame = image.load_scorable(args.frame, false)?;
        let started = Instant::now();
        let Segmentation { lungs, agreement, refusal } = segmenter.look(&frame.model_plane())?;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        let mask = match (&lungs, &refusal) {
            (Some(lungs), refusal) if refusal.is_none() || args.force => {
                let path = args.out.join(name_for(image.path(), &mut taken));
                output::write_file(&path, &png(&DynamicImage::ImageLuma8(mask_of(lungs, args.sides)))?)?;
                Some(path)
            }
            _ => None,
        };
        if args.json {
            output::json(&json!({
                "file": image.path(),
                "mask": mask,
                "expected_dice": agreement,
                "threshold": segmenter.manifest().threshold,
                "share": lungs.as_ref().map(SegmentedLungs::share),
                "outline_entropy": lungs.as_ref().map(|lungs| lungs.outline_entropy),
                "refusal": refusal,
                "milliseconds": (milliseconds * 10.0).round() / 10.0,
            }))
        } else {
            Ok(output::line(words(image.path(), mask.as_deref(), lungs.as_ref(), agreement, refusal.as_deref()))?)
        }
    })
}

/// `radiograph.png` for `radiograph.jpg`, and `radiograph-2.png` where that is taken by an image of another folder.
fn name_for(path: &Path, taken: &mut HashSet<String>) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let names = std::iter::once(format!("{stem}.png")).chain((2..).map(|n| format!("{stem}-{n}.png")));
    let name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or(stem);
    taken.insert(name.clone());
    name
}

/// The lungs as an image: 255 inside, or 85 (right) and 170 (left) with `sides`.
fn mask_of(lungs: &SegmentedLungs, sides: bool) -> GrayImage {
    let greys = if sides {
        let (right, left) = (lungs.right_mask(), lungs.left_mask());
        right.iter().zip(&left).map(|(r, l)| if *r { 85 } else { u8::from(*l) * 170 }).collect()
    } else {
        lungs.mask().iter().map(|inside| u8::from(*inside) * 255).collect()
    };
    GrayImage::from_raw(lungs.width as u32, lungs.height as u32, greys).unwrap_or_default()
}

fn words(
    path: &Path,
    mask: Option<&Path>,
    lungs: Option<&SegmentedLungs>,
    agreement: f32,
    refusal: Option<&str>,
) -> String {
    let mut text = path.display().to_string();
    if let Some(lungs) = lungs {
        let share = 100.0 * lungs.share();
        let _ = write!(text, ": lungs cover {share:.0} % of the image, expected Dice {agreement:.3}");
    }
    if let Some(refusal) = refusal {
        let _ = write!(text, "\n  {refusal}");
    }
    if let Some(mask) = mask {
        let _ = write!(text, "\n  {}", mask.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Plane;

    #[test]
    fn images_of_one_name_do_not_overwrite_each_other() {
        let mut taken = HashSet::new();
        let mut name = |path: &str| name_for(Path::new(path), &mut taken);
        let names = [name("a/radiograph.jpg"), name("b/radiograph.png"), name("c/radiograph.dcm"), name("c/other.dcm")];
        assert_eq!(names, ["radiograph.png", "radiograph-2.png", "radiograph-3.png", "other.png"]);
    }

    #[test]
    fn a_mask_has_the_image_s_size_and_tells_sides_when_asked() {
        let grid = |right: bool| Plane {
            width: 4,
            height: 4,
            values: (0..16).map(|i| f32::from(u8::from((i % 4 < 1) == right && (i % 4 != 1 && i % 4 != 2)))).collect(),
        };
        let lungs = SegmentedLungs {
            width: 8,
            height: 12,
            right: grid(true),
            left: grid(false),
            agreement: 0.9,
            outline_entropy: 0.1,
            entropy: Plane::filled(4, 4, 0.0),
        };
        let (plain, sides) = (mask_of(&lungs, false), mask_of(&lungs, true));
        assert_eq!(plain.dimensions(), (8, 12));
        assert_eq!((plain.get_pixel(0, 5).0, plain.get_pixel(4, 5).0, plain.get_pixel(7, 5).0), ([255], [0], [255]));
        assert_eq!((sides.get_pixel(0, 5).0, sides.get_pixel(7, 5).0), ([85], [170]));
    }
}
