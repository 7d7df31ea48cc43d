//! `pellucid models gallery`: the images of one's own that similar cases are found in.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::cancel::CancelToken;
use crate::cli::session::ModelArgs;
use crate::cli::{Outcome, Usage, evaluate, output};
use crate::evaluation::gallery::{build, list};
use crate::model::gallery::{FEW, GalleryError, file};
use crate::network::device::DeviceChoice;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of a model, or a folder with manifest.toml
    #[arg(value_name = "NAME|DIR")]
    model: String,
    /// Folder of images; folders in it that are named like a label give that label
    #[arg(value_name = "DIR")]
    images: PathBuf,
    /// Labels and patients by a table: a column `image`, a column `label` (or `Finding Labels`, or
    /// one column a label with 1 or 0), and a column `patient`
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Pattern whose first group in a file name is the patient [default: table, DICOM header, or
    /// file names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Folder to write into [default: one for this model in your data folder, where the viewer and
    /// `predict --similar` look]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = evaluate::patients(args.patients.as_ref())?;
    let folder = args.images.canonicalize();
    let folder = folder.with_context(|| format!("the folder {} cannot be read", args.images.display()))?;
    if !folder.is_dir() {
        return Err(Usage(format!("{} is no folder; a gallery is made of a folder of images", folder.display())).into());
    }
    let model = ModelArgs { model: Some(args.model.clone()), device: args.device }.load()?;
    let usual = || file::folder(&model.manifest.name, &model.sha256);
    let out = args.out.clone().or_else(usual).ok_or(GalleryError::NoDataFolder)?;
    let listed = list(&folder, &model.manifest, args.table.as_deref())?;
    listed.passed_over.iter().for_each(|error| output::remark(format!("note: {error}")));
    let all = listed.images.len();
    if all == 0 {
        bail!("there is no image in {}", folder.display());
    }
    if let (Some(table), true) = (&args.table, listed.not_in_table > 0) {
        output::remark(format!("note: {} of {all} images are not in {}.", listed.not_in_table, table.display()));
    }
    let bar = output::progress(all, "Looking at images");
    let built = build(&model, &folder, &listed.images, &patients, &CancelToken::default(), &mut |n| bar.inc(n as u64));
    bar.finish_and_clear();
    let built = built?;
    for failure in &built.failures {
        output::remark(format!("error: {} was left out: {}.", failure.path.display(), failure.reason));
    }
    let gallery = &built.gallery;
    gallery.write(&out)?;
    let labelled = gallery.images.iter().filter(|image| !image.label.is_empty()).count();
    let (images, unknown, measured) = (gallery.images.len(), gallery.without_patient(), gallery.typical().len());
    if args.json {
        output::json(&json!({
            "folder": out.display().to_string(),
            "model": gallery.source.model,
            "weights_sha256": gallery.source.weights_sha256,
            "images": images,
            "labelled": labelled,
            "without_patient": unknown,
            "width": gallery.width(),
            "measured": measured,
            "edge": gallery.edge(),
        }))?;
    } else {
        output::line(format!(
            "{}: {images} images, {labelled} with a label; private, for it tells of patients",
            out.display()
        ))?;
    }
    if unknown > 0 {
        output::remark(format!(
            "note: Of {unknown} images the patient is not known; another image of the same one may be shown as a similar \
             case (--patients, or a column `patient` of --table)."
        ));
    }
    if measured < FEW {
        output::remark(format!(
            "note: How far is far is known from {measured} images only; from {FEW} on it is known better."
        ));
    }
    Ok(Outcome::of(built.failures.len(), all))
}
