//! Where the evidence of the maps of the test part lies, where lung masks tell where the lungs are.

use serde_json::json;

use super::{Context, part};
use crate::evaluation::anatomy::run::{AnatomyProgress, AnatomyRun};
use crate::evaluation::anatomy::summary::AnatomySummary;
use crate::evaluation::anatomy::table;
use crate::evaluation::scoring;
use crate::explain::Method;
use crate::figures::charts::share_histogram;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::report::evaluation::evidence;
use crate::study::lung_masks::LungMasks;
use crate::training::data::part::SplitPart;

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let folder =
        context.root().join(context.pipeline.config.pipeline.lungs.as_deref().unwrap_or(std::path::Path::new("")));
    let model = context.model()?;
    let patients = context.patients()?;
    let masks = LungMasks::below(&folder)?;
    let images = part::images(context, &model, SplitPart::Test)?;
    let anatomy =
        AnatomyRun { model: &model, patients: &patients, masks: Some(&masks), method: Method::GradCam, layer: None };
    let (mut maps, mut done) = (Vec::new(), 0);
    let notes = anatomy.run(
        &images,
        context.control.token(),
        &mut |image| {
            maps.extend(image.target_maps(&model));
            Ok(())
        },
        &mut |progress| match progress {
            AnatomyProgress::Done => {
                done += 1;
                context.progress("images mapped", done, images.len());
            }
            AnatomyProgress::Failed(f) => context.remark(format!("no shares of {}: {}.", f.path.display(), f.reason)),
        },
    )?;
    if maps.is_empty() {
        return Err(PipelineError::NoLungs(folder));
    }
    let names: Vec<(String, bool)> =
        scoring::targets(&model.manifest).0.into_iter().map(|t| (t.name, t.group)).collect();
    let summary = AnatomySummary::of(&maps, &names);
    files::write(&context.file(Step::Anatomy, "anatomy.csv"), &table::csv(&maps, &names)?)?;
    let object = json!({
        "images": notes.images,
        "with_mask": notes.with_mask,
        "without_lungs": notes.without_lungs.len(),
        "targets": summary.to_json(),
    });
    files::write_json(&context.file(Step::Anatomy, "anatomy.json"), &object)?;
    let chart = share_histogram(&evidence::histograms(&summary));
    files::write(&context.file(Step::Anatomy, "evidence.svg"), chart.svg().as_bytes())?;
    let mut section = Section::titled("Where the evidence lies");
    section.sentences.push(format!("Grad-CAM maps of {} images of the test part. {}", notes.images, notes.sources()));
    if !notes.without_lungs.is_empty() {
        section.remarks.push(format!("It is not known where the lungs lie of {} images.", notes.without_lungs.len()));
    }
    section.remarks.extend(summary.remarks().into_iter().map(|remark| format!("{remark}.")));
    section.tables.push(evidence::table(&summary));
    section.charts.push(format!("{}/evidence.svg", Step::Anatomy.folder()));
    section.link("every map", Step::Anatomy, "anatomy.csv");
    section.link("every share (JSON)", Step::Anatomy, "anatomy.json");
    Ok(section)
}
