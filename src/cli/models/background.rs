//! `pellucid models background`: the ordinary images that Gradient SHAP and Deep SHAP compare with.

use std::path::PathBuf;

use anyhow::bail;

use super::own_folder;
use crate::cli::inputs::Inputs;
use crate::cli::{Outcome, output};
use crate::evaluation::sample::drawn;
use crate::imaging::Plane;
use crate::model::background::{BACKGROUND, Background, MOST};
use crate::model::preprocess::to_input;
use crate::model::{background_groups, registry};

/// Fewest images of a group: the mean of fewer would show single ones.
const LEAST: f64 = 10.0;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of one of your models, or a folder with manifest.toml
    #[arg(value_name = "NAME|DIR")]
    model: String,
    /// Folder of images, best those that the model was trained on
    #[arg(value_name = "DIR")]
    images: PathBuf,
    /// Images to draw from the folder
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MOST as i64))]
    count: u32,
    /// Keep the means of this many groups of alike images, and no image itself; groups of fewer
    /// than ten are left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST as i64))]
    groups: Option<u32>,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Where the images come from, for everyone who reads a map made with them
    #[arg(long, value_name = "WORDS")]
    source: Option<String>,
    /// File to write [default: background.zip in the model's folder]
    #[arg(long, value_name = "FILE.zip")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let manifest = registry::manifest(&args.model)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => own_folder(&args.model, "background set")?.join(BACKGROUND),
    };
    let inputs = Inputs::gather(std::slice::from_ref(&args.images));
    let mut order = drawn(inputs.len(), args.count as usize, args.seed);
    order.sort_unstable();
    let mut planes: Vec<Plane> = Vec::with_capacity(order.len());
    let outcome = inputs.drawn(&order).each("Preparing", |image| {
        let frame = image.load_scorable(None, false)?;
        planes.push(to_input(&frame.model_plane(), &manifest.input, frame.pixels.value_range));
        Ok(())
    })?;
    if planes.is_empty() {
        bail!("no image of {} could be read, so there is no background set", args.images.display());
    }
    let origin = args.source.clone().unwrap_or_else(|| args.images.display().to_string());
    let count = planes.len();
    let (images, source) = match args.groups {
        Some(groups) => {
            let mut means = background_groups::means(&planes, groups as usize, args.seed);
            means.retain(|(_, images)| *images >= LEAST);
            if means.is_empty() {
                bail!(
                    "no group has {LEAST} images or more, so its mean would show single ones; take more images or fewer groups"
                );
            }
            let kept: f64 = means.iter().map(|(_, images)| images).sum();
            let source = format!("means of {} groups of {kept} images: {origin}", means.len());
            (means, source)
        }
        None => (planes.into_iter().map(|p| (p, 1.0)).collect(), format!("{count} images: {origin}")),
    };
    let background = Background::new(source, manifest.input, &images)?;
    let bytes = background.to_bytes()?;
    match args.groups {
        // Means of many images show none of them, and are handed on with the model.
        Some(_) => output::write_model_file(&out, &bytes)?,
        None => output::write_file(&out, &bytes)?,
    }
    output::line(format!("{}: {}", out.display(), background.source()))?;
    Ok(outcome)
}
