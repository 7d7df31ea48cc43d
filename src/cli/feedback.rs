//! `pellucid feedback`: what was said of findings in the viewer, as data for evaluation and training.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::inputs::Inputs;
use super::{Outcome, Usage, output};
use crate::evaluation::images::name_below;
use crate::feedback::kept::{AnsweredModel, ModelFeedback};
use crate::feedback::store::{FeedbackStore, folder};
use crate::feedback::table::{ImageRow, boxes, pseudonym, truths};
use crate::files::writing;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::kept::MeasurementFile;
use crate::measurement::store as measurements;
use crate::model::registry;

/// Make tables of what was said of findings in the viewer
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Export(Export),
}

/// Write answers as a table of truths, and marks as a table of boxes
///
/// The table has a row an image and a column a finding: 1 present, 0 absent, -1 where you were unsure or
/// did not look; `evaluate --table` and training read it. The boxes are read by `evaluate
/// --localization`. Neither holds a name of a patient, a date, a UID or a word of the reader's. Images
/// are named by the first digits of the hash of their pixels; where DIR is named, by their path below
/// it, so that the tables belong to that folder. Nothing leaves the machine.
#[derive(Debug, clap::Args)]
struct Export {
    /// The folder of the images: names in the tables are theirs, and other images are left out
    #[arg(value_name = "DIR")]
    images: Option<PathBuf>,
    /// The table of answers to write
    #[arg(short, long, value_name = "TABLE.csv", required_unless_present = "boxes")]
    out: Option<PathBuf>,
    /// The table of boxes to write
    #[arg(long, value_name = "BOXES.csv")]
    boxes: Option<PathBuf>,
    /// The model that was answered, by name or by the first digits of the SHA-256 of its weights
    /// [default: the only one]
    #[arg(long, value_name = "NAME|SHA256")]
    model: Option<String>,
    /// What was written, as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Export(args) => export(args),
    }
}

/// What was kept of an image for the model in question.
struct Kept {
    image: ImageIdentity,
    said: ModelFeedback,
}

/// What was left out, counted.
#[derive(Default)]
struct LeftOut {
    /// Images that do not lie in the folder.
    elsewhere: usize,
    /// Frames behind the first, which evaluation and training do not take.
    frames: usize,
    /// Images kept twice, under two UIDs.
    twice: usize,
}

fn export(args: &Export) -> anyhow::Result<Outcome> {
    let no_folder = "this account has no data folder; set XDG_DATA_HOME to a folder";
    let store = FeedbackStore::new(folder().context(no_folder)?);
    let (files, faults) = store.all();
    faults.iter().for_each(|fault| output::remark(format!("error: {fault}.")));
    let all: Vec<Kept> = files
        .into_iter()
        .flat_map(|file| {
            let image = file.image;
            file.models.into_iter().map(move |said| Kept { image: image.clone(), said })
        })
        .collect();
    anyhow::ensure!(!all.is_empty(), "nothing was said of any finding yet: answer some in the viewer");
    let model = chosen(&all, args.model.as_deref())?;
    let kept: Vec<Kept> = all.into_iter().filter(|kept| kept.said.model.sha256 == model.sha256).collect();
    let names = args.images.as_deref().map(names_below).transpose()?;
    let (rows, left_out) = rows(kept, names.as_ref());
    anyhow::ensure!(!rows.is_empty(), "none of the images that were answered lies in this folder");
    let known = findings(&model);
    if let Some(out) = &args.out {
        write(out, &truths(&rows, &known)?)?;
    }
    let table = boxes(&rows)?;
    if let Some(out) = &args.boxes {
        write(out, &table.csv)?;
    }
    let answers = rows.iter().map(|row| row.said.answers.len()).sum::<usize>();
    if args.json {
        output::json(&json!({
            "model": model,
            "images": rows.len(),
            "answers": answers,
            "boxes": table.boxes,
            "boxes_without_area": table.flat,
            "images_elsewhere": left_out.elsewhere,
            "later_frames": left_out.frames,
            "unreadable": faults.len(),
        }))?;
    } else {
        output::line(format!(
            "{} {}: {answers} answers and {} boxes of {} images",
            model.name,
            model.version,
            table.boxes,
            rows.len()
        ))?;
    }
    remarks(&left_out, table.flat);
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
}

fn remarks(left_out: &LeftOut, flat: usize) {
    let LeftOut { elsewhere, frames, twice } = left_out;
    for (count, what) in [
        (*elsewhere, "images that were answered do not lie in the folder and were left out"),
        (*frames, "images are later frames of a file, which evaluation and training do not take; they were left out"),
        (*twice, "images have the pixels of another one and were left out"),
        (flat, "marks have no width or no height and were left out"),
    ] {
        if count > 0 {
            output::remark(format!("note: {count} {what}."));
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    writing::private(path, bytes).with_context(|| format!("the table {} could not be written", path.display()))
}

/// The model in question: the one that was named, or the only one.
fn chosen(all: &[Kept], asked: Option<&str>) -> anyhow::Result<AnsweredModel> {
    let mut models: BTreeMap<&str, (&AnsweredModel, usize)> = BTreeMap::new();
    for kept in all {
        models.entry(&kept.said.model.sha256).or_insert((&kept.said.model, 0)).1 += 1;
    }
    let is_meant = |model: &AnsweredModel| {
        asked.is_none_or(|asked| {
            model.name == asked || asked.len() >= 6 && model.sha256.starts_with(&asked.to_ascii_lowercase())
        })
    };
    let meant: Vec<&(&AnsweredModel, usize)> = models.values().filter(|(model, _)| is_meant(model)).collect();
    let words = |(model, images): &(&AnsweredModel, usize)| {
        let short: String = model.sha256.chars().take(12).collect();
        format!("{} {} ({short}, {images} images)", model.name, model.version)
    };
    match meant.as_slice() {
        [(model, _)] => Ok((*model).clone()),
        [] => {
            let known = models.values().map(words).collect::<Vec<_>>().join(", ");
            Err(Usage(format!("nothing was said of the model {}; there are {known}", asked.unwrap_or_default())).into())
        }
        several => {
            let known = several.iter().map(|one| words(one)).collect::<Vec<_>>().join(", ");
            Err(Usage(format!("several models were answered; name one with --model by its hash: {known}")).into())
        }
    }
}

/// The findings of the model in its order, where it is at hand.
fn findings(model: &AnsweredModel) -> Vec<String> {
    let Ok(manifest) = registry::manifest(&model.name) else { return Vec::new() };
    let groups = manifest.groups.iter().map(|group| group.name.clone());
    groups.chain(manifest.labels.iter().map(|label| label.name.clone())).collect()
}

/// Names of the images of a folder by the hash of the pixels of their first frame.
fn names_below(dir: &Path) -> anyhow::Result<HashMap<String, String>> {
    anyhow::ensure!(dir.is_dir(), "{} is no folder; name the folder of the images", dir.display());
    let mut names = HashMap::new();
    Inputs::gather(&[dir.to_owned()]).each("Hashing", |image| {
        let frame = image.load(None)?;
        let name = name_below(dir, image.path());
        names.entry(ImageIdentity::of(&frame).pixels_sha256).or_insert(name);
        Ok(())
    })?;
    Ok(names)
}

/// A row an image, with its marks where their measurements lie.
fn rows(kept: Vec<Kept>, names: Option<&HashMap<String, String>>) -> (Vec<ImageRow>, LeftOut) {
    let mut left_out = LeftOut::default();
    let mut rows: BTreeMap<String, ImageRow> = BTreeMap::new();
    for Kept { image, said } in kept {
        let name = match names {
            Some(_) if image.frame > 0 => {
                left_out.frames += 1;
                continue;
            }
            Some(names) => {
                if let Some(name) = names.get(&image.pixels_sha256) {
                    name.clone()
                } else {
                    left_out.elsewhere += 1;
                    continue;
                }
            }
            None => pseudonym(&image),
        };
        let (list, size) = measured(&image);
        let row = ImageRow { name: name.clone(), size, said: said.case(&list) };
        if row.said.is_empty() {
            continue;
        }
        if rows.contains_key(&name) {
            left_out.twice += 1;
            continue;
        }
        rows.insert(name, row);
    }
    (rows.into_values().collect(), left_out)
}

/// What was measured on an image, and its size; a file that cannot be used is said.
fn measured(image: &ImageIdentity) -> (Vec<crate::measurement::Measurement>, Option<[usize; 2]>) {
    let Some(folder) = measurements::folder() else { return (Vec::new(), None) };
    let path = measurements::Store::new(folder).path(image);
    if !path.exists() {
        return (Vec::new(), None);
    }
    match MeasurementFile::read(&path) {
        Ok(file) => {
            let list = file.measurements.iter().map(|entry| entry.measurement.clone()).collect();
            (list, Some([file.columns, file.rows]))
        }
        Err(error) => {
            output::remark(format!("error: {error}."));
            (Vec::new(), None)
        }
    }
}

/// What is kept of the model's findings on an image, for its report; nothing where nothing was said.
pub(super) fn kept_of(
    image: &ImageIdentity,
    model_sha256: &str,
) -> anyhow::Result<Option<crate::feedback::CaseFeedback>> {
    let Some(folder) = folder() else { return Ok(None) };
    let said = FeedbackStore::new(folder).find(image)?;
    let (list, _) = measured(image);
    let case = said.iter().find(|of| of.model.sha256 == model_sha256).map(|of| of.case(&list));
    Ok(case.filter(|case| !case.is_empty()))
}
