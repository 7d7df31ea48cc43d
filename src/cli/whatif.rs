//! `pellucid whatif`: takes a part of an image away and asks the model again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::inputs::Inputs;
use super::session::{Analyzed, ModelArgs, Session, known_lungs};
use super::{Outcome, Usage, images, output};
use crate::cancel::CancelToken;
use crate::engine::AnalysisOptions;
use crate::engine::what_if::filling::Filling;
use crate::engine::what_if::{Canvas, Change, Removal, WhatIf, beside_random_places, what_if};
use crate::limits;
use crate::model::population::PopulationVerdict;
use crate::study::image_names::{Found, ImagesByName};
use crate::study::{Frame, open_image};

/// Take a part of an image away and see how the scores change, beside as much area at random places
#[derive(Debug, clap::Args)]
#[command(after_help = "The image itself is never changed. The changed copy passes gate and population detector, too.")]
pub(super) struct Args {
    /// Files and folders (DICOM, PNG, JPEG, TIFF)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    part: Part,
    /// What is put into the hole: road (what the surroundings suggest, and a little noise), mean,
    /// blur or mirror (the other side)
    #[arg(long, value_name = "FILLING", default_value = "road", value_parser = filling)]
    fill: Filling,
    /// Random places of the same area that are taken away instead, one after the other
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=limits::RANDOM_PLACES as i64))]
    draws: u32,
    /// Seed of the random places and of the noise
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Write the image beside its changed copy (of one image)
    #[arg(long, value_name = "FILE.png")]
    png: Option<PathBuf>,
    /// Frame of images that have several, counted from 1 [default: the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::FRAMES)))]
    frame: Option<u32>,
    /// Go on although the input gate refuses the image or its changed copy
    #[arg(long)]
    force: bool,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere) [default: the lung
    /// segmenter]
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

/// What is taken away: one of these, or several together.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Part {
    /// Image whose bright pixels are taken away, stretched to the image's size; or a folder of such
    /// masks, named like their images
    #[arg(long, value_name = "MASK.png|DIR")]
    mask: Option<PathBuf>,
    /// Rectangle that is taken away: left, top, width and height in pixels of the image; may be
    /// repeated
    #[arg(long = "box", value_name = "X,Y,W,H", value_parser = rectangle)]
    boxes: Vec<Rectangle>,
    /// Everything outside the lung fields is taken away
    #[arg(long)]
    outside_lungs: bool,
    /// The lung fields are taken away
    #[arg(long, conflicts_with = "outside_lungs")]
    lungs: bool,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rectangle {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// A text that is no rectangle.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write left, top, width and height in pixels, like 120,80,64,64; width and height are at least 1")]
struct NoRectangle;

fn rectangle(text: &str) -> Result<Rectangle, NoRectangle> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[left, top, width, height]) if width > 0 && height > 0 => Ok(Rectangle { left, top, width, height }),
        _ => Err(NoRectangle),
    }
}

/// A word that no filling is called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the fillings are {}", Filling::ALL.map(Filling::key).join(", "))]
struct UnknownFilling;

fn filling(text: &str) -> Result<Filling, UnknownFilling> {
    Filling::ALL.into_iter().find(|filling| filling.key() == text).ok_or(UnknownFilling)
}

/// Where masks come from.
enum Masks {
    None,
    File(PathBuf),
    Folder(ImagesByName),
}

impl Masks {
    fn of(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match path {
            None => Self::None,
            Some(path) if path.is_dir() => Self::Folder(ImagesByName::below(path)?),
            Some(path) => Self::File(path.to_owned()),
        })
    }

    /// The mask of an image, if masks were named.
    fn path(&self, image: &Path) -> anyhow::Result<Option<PathBuf>> {
        match self {
            Self::None => Ok(None),
            Self::File(path) => Ok(Some(path.clone())),
            Self::Folder(masks) => match masks.find(image) {
                Found::One(path) if path != image => Ok(Some(path.to_owned())),
                Found::One(_) | Found::Nothing => bail!("there is no mask of the name of {}", image.display()),
                Found::Several(count) => bail!("{count} masks are called like {}", image.display()),
            },
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let masks = Masks::of(args.part.mask.as_deref())?;
    let mut session = Session::open(&args.model)?;
    session.use_masks(args.masks.as_deref())?;
    let inputs = Inputs::gather(&args.paths);
    if inputs.len() > 1 && args.png.is_some() {
        return Err(Usage(format!("there are {} images; --png writes one", inputs.len())).into());
    }
    let plain = AnalysisOptions { methods: Vec::new(), samples: 0, force: args.force, ..AnalysisOptions::default() };
    inputs.each("Asking", |image| {
        let analyzed = session.analyze(|| image.load(args.frame), |_, _| Ok(plain.clone()), args.force)?;
        let taken = taken(args, &masks, image.path(), &analyzed)?;
        let (frame, model, before) = analyzed.by_a_model()?;
        let removal = Removal { taken: Arc::new(taken), filling: args.fill, seed: args.seed };
        let (change, draws) = (Change::from(removal), args.draws as usize);
        if let Some(gate) = before.gate.as_ref().filter(|gate| !gate.accepted && !before.scored) {
            bail!("the input gate refuses the image: {}", gate.reason);
        }
        let cancel = CancelToken::default();
        let canvas = Canvas { frame: &frame, copy: &OnceLock::new() };
        let mut found = what_if(&model, canvas, &before, &change, &plain, &cancel)?;
        beside_random_places(&mut found, &model, canvas, &change, draws, &cancel, &mut |_| ())?;
        if let Some(path) = &args.png {
            output::write_file(path, &images::png(&images::pair(&frame, &found.frame).into())?)?;
        }
        if args.json {
            output::json(&as_json(image.path(), &model.manifest.name, args, &found))
        } else {
            Ok(output::line(words(image.path(), &model.manifest.name, args, &found))?)
        }
    })
}

/// The pixels of an image that are taken away.
fn taken(args: &Args, masks: &Masks, path: &Path, analyzed: &Analyzed) -> anyhow::Result<Vec<bool>> {
    let frame: &Frame = &analyzed.frame;
    let (width, height) = (frame.pixels.plane.width, frame.pixels.plane.height);
    let mut taken = vec![false; frame.pixels.plane.values.len()];
    if let Some(mask) = masks.path(path)? {
        let marked =
            marked(&mask, width, height).with_context(|| format!("the mask {} is of no use", mask.display()))?;
        taken.iter_mut().zip(marked).for_each(|(taken, marked)| *taken |= marked);
    }
    for Rectangle { left, top, width: w, height: h } in &args.part.boxes {
        let (right, bottom) = (left.saturating_add(*w).min(width), top.saturating_add(*h).min(height));
        if *left >= right || *top >= bottom {
            bail!("the box {left},{top},{w},{h} lies outside the image of {width} × {height} pixels");
        }
        (*top..bottom).for_each(|y| taken[y * width + left..y * width + right].fill(true));
    }
    if args.part.outside_lungs || args.part.lungs {
        let lungs = known_lungs(&analyzed.lungs)?;
        let regions = lungs.fields.on_grid(width, height);
        taken.iter_mut().zip(regions).for_each(|(taken, region)| *taken |= region.is_lung() == args.part.lungs);
    }
    Ok(taken)
}

/// The bright half of a mask at the size of an image.
fn marked(path: &Path, width: usize, height: usize) -> anyhow::Result<Vec<bool>> {
    let plane = open_image(path)?.pixels.plane;
    let (low, high) = plane.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    // NaN is no order either.
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        bail!("all its pixels are alike; white marks what is taken away, black what stays");
    }
    let middle = low + (high - low) / 2.0;
    let column = |x: usize| x * plane.width / width;
    let at = |x: usize, y: usize| plane.values[y * plane.height / height * plane.width + column(x)] > middle;
    Ok((0..width * height).map(|i| at(i % width, i / width)).collect())
}

/// What was taken away, in a few words.
fn named(part: &Part) -> String {
    let mut parts: Vec<String> =
        part.boxes.iter().map(|b| format!("box {},{},{},{}", b.left, b.top, b.width, b.height)).collect();
    parts.extend(part.mask.as_ref().map(|path| format!("mask {}", path.display())));
    parts.extend(part.outside_lungs.then(|| "everything outside the lungs".to_owned()));
    parts.extend(part.lungs.then(|| "the lungs".to_owned()));
    parts.join(", ")
}

/// Why the changed image has no scores, or none that count.
fn reservation(found: &WhatIf) -> Option<String> {
    let analysis = &found.analysis;
    let refused = analysis.gate.as_ref().filter(|gate| !gate.accepted);
    let refusal = refused.map(|gate| format!("The input gate refuses the changed image: {}", gate.reason));
    refusal.or_else(|| analysis.population.as_ref().and_then(PopulationVerdict::reservation))
}

fn words(path: &Path, model: &str, args: &Args, found: &WhatIf) -> String {
    let mut text = format!(
        "{}: {model} without {} ({:.1} % of the image), filled with {}",
        path.display(),
        named(&args.part),
        100.0 * found.share,
        args.fill.name()
    );
    for change in &found.changes {
        let name = if change.group { format!("{} (group)", change.label) } else { change.label.clone() };
        let (before, after) = (change.before, change.after);
        let _ = write!(text, "\n  {name:28} {before:.3} → {after:.3}  ({:+.3})", change.change());
        if let Some((low, high)) = change.random_range() {
            let _ = write!(text, "  random places {low:+.3} to {high:+.3}");
        }
        if let Some(sentence) = change.sentence() {
            let _ = write!(text, "\n  {:28} {sentence}", "");
        }
    }
    if let Some(reservation) = reservation(found) {
        let _ = write!(text, "\n  {reservation}");
    }
    text
}

fn as_json(path: &Path, model: &str, args: &Args, found: &WhatIf) -> Value {
    let change = |change: &crate::engine::what_if::ScoreChange| {
        json!({
            "label": change.label,
            "group": change.group,
            "before": change.before,
            "after": change.after,
            "change": change.change(),
            "random_changes": change.random,
            "larger_than": change.larger_than(),
        })
    };
    json!({
        "file": path,
        "model": model,
        "removed": named(&args.part),
        "share": found.share,
        "filling": args.fill.key(),
        "seed": args.seed,
        "gate": found.analysis.gate,
        "population": found.analysis.population,
        "scored": found.analysis.scored,
        "changes": found.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_four_numbers_with_an_area() {
        let expected = Rectangle { left: 1, top: 2, width: 30, height: 40 };
        assert_eq!(rectangle("1, 2,30,40").unwrap(), expected);
        for text in ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,-4", "a,b,c,d"] {
            assert!(rectangle(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_filling_is_found_by_its_word() {
        for known in Filling::ALL {
            assert_eq!(filling(known.key()).unwrap(), known);
        }
        assert!(filling("zeros").unwrap_err().to_string().contains("road, mean, blur, mirror"));
    }
}
