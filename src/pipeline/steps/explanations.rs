//! Methods of explanation ranked by the faithfulness of their maps to the model, on images drawn
//! from the test part.

use super::{Context, part};
use crate::evaluation::faithfulness::run::{self, Explained, FaithfulnessOptions, FaithfulnessProgress, MeasuredMaps};
use crate::evaluation::faithfulness::table;
use crate::evaluation::faithfulness::{FaithfulnessSummary, MethodSummary};
use crate::evaluation::sample::drawn;
use crate::explain::MethodSettings;
use crate::explain::faithfulness::measure::Measure;
use crate::figures::charts::forest;
use crate::figures::charts::input::{Forest, ForestRow, MetricValue, Stratum};
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::printable::with_causes;
use crate::report::evaluation::Table;
use crate::study::open_image;
use crate::training::data::part::SplitPart;

/// Seed of the draw, of random maps and of methods that draw.
const SEED: u64 = 7;

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let (asked, root) = (&context.pipeline.config.pipeline, context.root());
    let model = context.model()?;
    let patients = context.patients()?;
    let images = part::images(context, &model, SplitPart::Test)?;
    let chosen = drawn(images.len(), asked.images, SEED).into_iter().map(|i| images[i].path.as_path());
    let mut entries = Vec::new();
    for path in chosen {
        match open_image(path) {
            Ok(frame) => entries.push(frame.entry),
            Err(error) => context.remark(format!("{} was left out: {}.", path.display(), with_causes(&error))),
        }
    }
    let methods = if asked.methods.is_empty() { run::usual() } else { asked.named() };
    let options = FaithfulnessOptions {
        methods,
        stage: model.target_stage(),
        explained: Explained::Top,
        settings: MethodSettings { seed: SEED, ..MethodSettings::default() },
        checked: asked.checked,
        force: true,
        folder: &root,
        patients: &patients,
    };
    let mut done = 0;
    let found = run::run(&model, &entries, &options, context.control.token(), &mut |progress| match progress {
        FaithfulnessProgress::Failed(path, error) => {
            context.remark(format!("{}: {}.", path.display(), with_causes(&error)));
        }
        FaithfulnessProgress::Done => {
            done += 1;
            context.progress("images explained", done, entries.len());
        }
    })?;
    if found.results.is_empty() {
        let why = found.impossible.first().map(|(method, why)| format!("{}: {why}", method.name()));
        return Err(PipelineError::NoMaps(why.unwrap_or_else(|| "none could be read".into())));
    }
    let summary = FaithfulnessSummary::of(&found.results, &found.methods);
    files::write(&context.file(Step::Explanations, "faithfulness.csv"), &table::csv(&found.results, &found.methods)?)?;
    files::write_json(&context.file(Step::Explanations, "faithfulness.json"), &summary.to_json())?;
    let chart = forest(&gains(&summary));
    files::write(&context.file(Step::Explanations, "gains.svg"), chart.svg().as_bytes())?;
    Ok(section(&found, &summary))
}

fn section(found: &MeasuredMaps, summary: &FaithfulnessSummary) -> Section {
    let mut section = Section::titled("Methods of explanation");
    section.sentences.push(format!(
        "Maps of what the model finds most probable, on {} images of {} patients of the test part. A map that is faithful to the \
         model says nothing about the patient.",
        summary.images, summary.patients
    ));
    let first: Vec<&MethodSummary> = summary.standings.iter().filter(|method| method.rank == Some(1)).collect();
    let names: Vec<&str> = first.iter().map(|method| method.method.name()).collect();
    let but = if first.iter().any(|method| method.better_than_blob() == Some(0)) {
        ", but by no measure is it better than a centred blob"
    } else {
        ""
    };
    section.verdict.push(match names.as_slice() {
        [one] => format!("Of the methods of explanation {one} is ranked first by faithfulness{but}."),
        [_, ..] => {
            format!("Of the methods of explanation {} share the first rank by faithfulness.", names.join(" and "))
        }
        [] => "No method of explanation has a rank by faithfulness; the reasons stand with the ranking.".into(),
    });
    section.sentences.extend(summary.conclusions());
    let dash = || "–".to_owned();
    let row = |method: &MethodSummary| {
        let why = method.apart().map(|why| why.words().to_owned()).unwrap_or_default();
        vec![
            method.method.name().to_owned(),
            method.rank.map_or_else(dash, |rank| rank.to_string()),
            method.better_than_blob().map_or_else(dash, |n| format!("{n} of {}", Measure::ALL.len())),
            method.place.map_or_else(dash, |place| format!("{place:.2}")),
            match method.checks.decided() {
                0 => "undecided".to_owned(),
                all => format!("passes {} of {all}", method.checks.passes),
            },
            why,
        ]
    };
    section.tables.push(Table {
        title: "The ranking".into(),
        note: "By the number of measures (deletion, insertion, ROAD, drop in confidence) with a gain over a centred blob that chance \
               does not explain, then by the mean place among the methods."
            .into(),
        columns: ["Method", "Rank", "Better than a blob", "Mean place", "Randomisation check", "Why no rank"]
            .map(str::to_owned)
            .to_vec(),
        rows: summary.standings.iter().map(row).collect(),
    });
    section.charts.push(format!("{}/gains.svg", Step::Explanations.folder()));
    section
        .remarks
        .extend(found.impossible.iter().map(|(method, why)| format!("{} was left out: {why}.", method.name())));
    section.link("every map and measure", Step::Explanations, "faithfulness.csv");
    section.link("the ranking (JSON)", Step::Explanations, "faithfulness.json");
    section
}

/// The gain of every method over a centred blob, measure by measure.
fn gains(summary: &FaithfulnessSummary) -> Forest {
    let stratum = |measure: &Measure| {
        let row = |method: &MethodSummary| {
            let sum = method.measures.iter().find(|sum| sum.measure == *measure)?;
            let gain = sum.over_blob;
            let value = MetricValue { value: Some(gain.mean), low: gain.low, high: gain.high };
            Some(ForestRow { name: method.method.name().into(), value, ..ForestRow::default() })
        };
        Stratum { heading: measure.name().into(), rows: summary.standings.iter().filter_map(row).collect() }
    };
    Forest {
        title: "Gain over a centred blob, more is better".into(),
        reading: "Intervals above 0 are gains that chance does not explain.".into(),
        empty: "No map was measured.".into(),
        overall: None,
        strata: Measure::ALL.iter().map(stratum).filter(|stratum| !stratum.rows.is_empty()).collect(),
    }
}
