//! `pellucid measurements`: what the viewer keeps of an image, as numbers and as a file.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::frame_at::frame_at;
use super::{Outcome, output};
use crate::limits;
use crate::measurement::calibration::Calibration;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::kept::MeasurementFile;
use crate::measurement::store::{Store, folder};
use crate::measurement::{Measured, Measurement};
use crate::study::Frame;

/// Print, export or import what was measured on an image in the viewer
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Export(Export),
    Import(Import),
}

/// An image, and of one with several its frame.
#[derive(Debug, clap::Args)]
struct Image {
    /// The image (DICOM, PNG, JPEG, TIFF)
    #[arg(value_name = "IMAGE")]
    path: PathBuf,
    /// Frame of an image that has several, counted from 1 [default: the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::FRAMES)))]
    frame: Option<u32>,
}

/// Print the measurements that are kept of an image, with their values
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    image: Image,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

/// Write the measurements that are kept of an image as JSON, with their values
#[derive(Debug, clap::Args)]
struct Export {
    #[command(flatten)]
    image: Image,
    /// The file to write
    #[arg(short, long, value_name = "FILE.json")]
    out: PathBuf,
    /// Leave out the UID, the hash of the pixels and the names of measurements
    #[arg(long, alias = "anonymise")]
    anonymize: bool,
}

/// Keep the measurements of a file for an image, where the viewer finds them
#[derive(Debug, clap::Args)]
struct Import {
    #[command(flatten)]
    image: Image,
    /// The file of measurements, as it was exported
    #[arg(value_name = "FILE.json")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::List(args) => list(args),
        Command::Export(args) => export(args),
        Command::Import(args) => import(args),
    }
}

/// The store of this account.
fn store() -> anyhow::Result<Store> {
    folder().map(Store::new).context("this account has no data folder; set XDG_DATA_HOME to a folder")
}

/// An image with what is kept of it.
fn kept(image: &Image) -> anyhow::Result<(Frame, ImageIdentity, Vec<Measurement>)> {
    let frame = frame_at(&image.path, image.frame)?;
    let identity = ImageIdentity::of(&frame);
    let list = store()?.find(&identity, size(&frame))?;
    Ok((frame, identity, list))
}

fn size(frame: &Frame) -> [usize; 2] {
    [frame.pixels.plane.width, frame.pixels.plane.height]
}

fn list(args: &List) -> anyhow::Result<Outcome> {
    let (frame, identity, list) = kept(&args.image)?;
    if args.json {
        let file = MeasurementFile::exported(identity, &frame, &list, false);
        output::json(&json!({ "image": args.image.path, "measurements": file.measurements }))?;
        return Ok(Outcome::Done);
    }
    if list.is_empty() {
        output::remark("note: nothing is kept of this image");
    }
    let calibration = Calibration::among(&list);
    for (i, one) in list.iter().enumerate() {
        let values = Measured::of(one, &frame, calibration);
        let name =
            if one.name.is_empty() { String::new() } else { format!(" “{}”", one.name.0.replace('\n', " ")) };
        let numbers = values.lines().join("; ");
        output::line(format!("{}  {}{name}: {numbers}", i + 1, one.kind.name()).trim_end_matches(": "))?;
        for caution in &values.cautions {
            output::line(format!("   {caution}"))?;
        }
    }
    Ok(Outcome::Done)
}

fn export(args: &Export) -> anyhow::Result<Outcome> {
    let (frame, identity, list) = kept(&args.image)?;
    anyhow::ensure!(!list.is_empty(), "nothing is kept of {}: measure on it in the viewer", args.image.path.display());
    MeasurementFile::exported(identity, &frame, &list, args.anonymize).write(&args.out)?;
    output::line(args.out.display().to_string())?;
    Ok(Outcome::Done)
}

fn import(args: &Import) -> anyhow::Result<Outcome> {
    let (frame, identity, mut list) = kept(&args.image)?;
    let read = read(&args.file, &identity, &frame)?;
    let count = read.len();
    list.retain(|there| read.iter().all(|one| one.id != there.id));
    list.extend(read);
    anyhow::ensure!(
        list.len() <= limits::MEASUREMENTS,
        "an image has at most {} measurements, and these would be {}",
        limits::MEASUREMENTS,
        list.len()
    );
    let mut store = store()?;
    store.keep(&identity, size(&frame), &list)?;
    output::line(format!("{count} of {} kept", list.len()))?;
    Ok(Outcome::Done)
}

/// The measurements of a file, which must belong to this image.
pub(super) fn read(file: &Path, identity: &ImageIdentity, frame: &Frame) -> anyhow::Result<Vec<Measurement>> {
    Ok(MeasurementFile::read(file)?.for_image(file, identity, size(frame))?)
}
