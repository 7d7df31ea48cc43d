//! The training, as `pellucid train` does it; one that was killed goes on from its checkpoint.

use std::path::Path;

use serde_json::json;

use super::Context;
use crate::model::manifest::Head;
use crate::model::registry::CARD;
use crate::pipeline::event::PipelineEvent;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::report::evaluation::Table;
use crate::training::run::options::RunOptions;
use crate::training::run::trainer::{self, Outcome};
use crate::training::run::{checkpoint, curves, history};

const CHART: &str = "curves.svg";
const FLATTERS: &str = "These images chose the model, so the values flatter a little; those of the test part do not.";
const FIGURES: &str = "training.json";

pub(super) fn run(context: &Context<'_>, goes_on: bool) -> Result<Section> {
    let run = &context.pipeline.run;
    let checkpoint = run.out.join(checkpoint::FILE);
    if !goes_on {
        set_earlier_aside(run)?;
    }
    let resume = checkpoint.exists();
    let options = RunOptions { resume, ..run.clone() };
    let told = |event| (context.observer)(PipelineEvent::Training(event));
    let outcome = trainer::train(context.pipeline.config, &options, &told, context.control)?;
    if outcome.stopped {
        return Err(PipelineError::Stopped { folder: run.out.clone() });
    }
    let chart = curves::chart(&outcome.history);
    files::write(&context.file(Step::Train, CHART), chart.svg().as_bytes())?;
    let Outcome { extent, overall, stopped_early, .. } = &outcome;
    let figures = json!({ "extent": extent, "stopped_early": stopped_early, "validation": overall });
    files::write_json(&context.file(Step::Train, FIGURES), &figures)?;
    Ok(section(&outcome))
}

/// What another training left in the folders is neither gone on with nor lost.
pub(in crate::pipeline) fn set_earlier_aside(run: &RunOptions) -> Result<()> {
    set_aside(&run.out.join(checkpoint::FILE), &run.out.join("checkpoint-before.safetensors"))?;
    set_aside(&run.model.join(CARD), &run.model.join("CARD-before.md"))
}

fn set_aside(path: &Path, place: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    std::fs::rename(path, place).map_err(|e| PipelineError::Write { path: place.into(), reason: e.to_string() })
}

fn section(outcome: &Outcome) -> Section {
    let mut section = Section::titled("Training");
    let extent = &outcome.extent;
    section.sentences.push(format!(
        "It learned from {} images of {} patients; {} images of {} patients chose the epoch, the temperature and the thresholds. \
         The weights are those of epoch {}{}.",
        extent.training_images,
        extent.training_patients,
        extent.validation_images,
        extent.validation_patients,
        extent.epoch,
        if outcome.stopped_early { ", and it stopped early" } else { "" }
    ));
    let row = |m: &crate::training::run::card::OverallMetric| {
        vec![format!("{}, {}", m.name, m.target), format!("{:.3} ({:.3}–{:.3})", m.value, m.low, m.high)]
    };
    section.tables.push(Table {
        title: "On the validation part".into(),
        note: match outcome.manifest.head {
            Head::Softmax => FLATTERS.into(),
            Head::Sigmoid => {
                format!("{FLATTERS} Accuracy is at the thresholds that were chosen; in the curves, at 0.5.")
            }
        },
        columns: vec!["Metric".into(), "Value (95 %)".into()],
        rows: outcome.overall.iter().map(row).collect(),
    });
    section.charts.push(format!("{}/{CHART}", Step::Train.folder()));
    section.link("every figure (JSON)", Step::Train, FIGURES);
    section.links.extend([
        ("the model's card".to_owned(), "model/CARD.md".to_owned()),
        ("the configuration".to_owned(), crate::training::config::record::FILE.to_owned()),
        ("the log".to_owned(), history::FILE.to_owned()),
        ("the split".to_owned(), crate::training::data::split::split_file::FILE.to_owned()),
    ]);
    section
}
