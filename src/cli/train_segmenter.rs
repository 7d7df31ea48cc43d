//! `pellucid train-segmenter CONFIG.toml`: trains the lung segmenter, settles when it refuses, and
//! measures it on patients that it has not seen.

use std::path::PathBuf;

use anyhow::Context as _;
use candle_core::Device;

use super::output;
use crate::model::lungs::LungSegmenter;
use crate::model::lungs::manifest::MeasuredSet;
use crate::training::segmenter::config::SegmenterConfig;
use crate::training::segmenter::examples::SegmenterExamples;
use crate::training::segmenter::measure::{self, Measurement};
use crate::training::segmenter::settle::{install, settle};
use crate::training::segmenter::split::RadiographPart;
use crate::training::segmenter::train::train;
use crate::training::segmenter::{EpochRow, SegmenterEvent};

/// Train the network that outlines the lungs on chest radiographs with masks
#[derive(Debug, clap::Args)]
pub(super) struct TrainSegmenterArgs {
    /// Which images and masks to learn from, and how
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder that the folders of the configuration are relative to [default: the configuration's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the run: checkpoint, split, history, table of measured images
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder that the segmenter is put into [default: `model` in the folder of the run]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Go on with what lies in the folder of the run
    #[arg(long)]
    resume: bool,
    /// Train nothing: measure the segmenter of the model's folder
    #[arg(long, conflicts_with = "resume")]
    measure: bool,
}

pub(super) fn run(args: &TrainSegmenterArgs) -> anyhow::Result<()> {
    let config = SegmenterConfig::read(&args.config)?;
    let beside = || args.config.parent().map(PathBuf::from).unwrap_or_default();
    let root = args.data.clone().unwrap_or_else(beside);
    let folder = args.model.clone().unwrap_or_else(|| args.out.join("model"));
    output::make_folder(&args.out)?;
    let examples = SegmenterExamples::load(&config, &root, &tell).context("the segmenter was not trained")?;
    let segmenter = if args.measure {
        LungSegmenter::of_folder(&folder, &Device::Cpu)?
    } else {
        let weights =
            train(&config, &examples, &args.out, args.resume, &tell).context("the segmenter was not trained")?;
        let mut manifest = settle(&config, &examples, &weights, &tell)?;
        let open = LungSegmenter::new(manifest.clone(), &weights, &Device::Cpu)?;
        manifest.measured = measure::measure(&config, &examples, &open, RadiographPart::HeldOut, true, &tell)?.sets;
        install(&manifest, &weights, &folder)?;
        LungSegmenter::new(manifest, &weights, &Device::Cpu)?
    };
    let validation = measure::measure(&config, &examples, &segmenter, RadiographPart::Validation, false, &tell)?;
    let held_out = measure::measure(&config, &examples, &segmenter, RadiographPart::HeldOut, true, &tell)?;
    measure::write(&args.out, &[&validation, &held_out])?;
    Ok(output::line(words(&segmenter, &validation, &held_out))?)
}

fn tell(event: SegmenterEvent) {
    output::remark(match event {
        SegmenterEvent::Images { training, validation, held_out, phantoms, without } => format!(
            "{training} radiographs to learn from, {validation} to validate, {held_out} held out; {phantoms} phantoms, \
             {without} images without lungs"
        ),
        SegmenterEvent::Epoch(EpochRow { epoch, epochs, loss, dice, images_per_second, seconds_left }) => format!(
            "epoch {epoch:>3}/{epochs}  loss {loss:.4}  validation Dice {dice:.4}  {images_per_second:.0} images/s, \
             {:.0} min left",
            seconds_left / 60.0
        ),
        SegmenterEvent::Warning(text) => text,
    });
}

/// The table of a card.
fn words(segmenter: &LungSegmenter, validation: &Measurement, held_out: &Measurement) -> String {
    let manifest = segmenter.manifest();
    let mut lines = vec![
        format!("Refuses below an expected Dice of {:.3}.", manifest.threshold),
        String::new(),
        "| set | part | images | patients | refused | Dice | IoU |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (part, measurement) in [("validation", validation), ("held out", held_out)] {
        for MeasuredSet { set, images, patients, refused, dice, iou } in &measurement.sets {
            let share =
                |p: &crate::model::calibration::Proportion| format!("{:.3} ({:.3}–{:.3})", p.value, p.low, p.high);
            let (dice, iou) = (share(dice), share(iou));
            lines.push(format!("| {set} | {part} | {images} | {patients} | {refused} | {dice} | {iou} |"));
        }
    }
    if let Some(refused) = held_out.strangers_refused {
        let percent = |v: f64| format!("{:.1}", 100.0 * v);
        let (share, low, high) = (percent(refused.value), percent(refused.low), percent(refused.high));
        lines.push(String::new());
        lines.push(format!(
            "Of {} drawn images without lungs {share} % ({low}–{high}) are refused.",
            held_out.strangers
        ));
    }
    lines.join("\n")
}
