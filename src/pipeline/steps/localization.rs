//! Whether maps of the test part lie on what was marked, beside a blob in the centre of the image.

use super::{Context, part};
use crate::evaluation::bootstrap::Mean;
use crate::evaluation::localization::Yardstick;
use crate::evaluation::localization::marks::{Findings, Mark, gather};
use crate::evaluation::localization::run::{LocalizationProgress, Localizer};
use crate::evaluation::localization::summary::{LocalizationSummary, MethodSummary};
use crate::evaluation::localization::table as regions_table;
use crate::evaluation::truth::{known, named};
use crate::explain::Method;
use crate::figures::charts::input::MetricValue;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::printable::with_causes;
use crate::report::evaluation::{Table, regions};
use crate::study::image_names::ImagesByName;
use crate::training::data::part::SplitPart;

const METHODS: [Method; 2] = [Method::GradCam, Method::GradCamPlusPlus];

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let (asked, root) = (&context.pipeline.config.pipeline, context.root());
    let model = context.model()?;
    let patients = context.patients()?;
    let path = root.join(asked.marks.as_deref().unwrap_or(std::path::Path::new("")));
    let unknown = |name: &String| PipelineError::UnknownFinding { name: name.clone(), known: known(&model.manifest) };
    let otherwise = asked.finding.as_ref().map(|name| named(&model.manifest, name).ok_or_else(|| unknown(name)));
    let otherwise = otherwise.transpose()?;
    let images = part::images(context, &model, SplitPart::Test)?;
    let by_name = ImagesByName::of(images.iter().map(|image| image.path.as_path()));
    let marks = gather(&path, &by_name, &Findings { manifest: &model.manifest, dir: &root, otherwise })?;
    if marks.list.is_empty() {
        return Err(PipelineError::NoMarks(path));
    }
    marks.refused.iter().for_each(|refused| context.remark(format!("{refused}.")));
    let yardstick = Yardstick::default();
    let localizer = Localizer::new(&model, (&root, &patients, marks.nih), METHODS.to_vec(), None, yardstick);
    let (mut done, total) = (0, marks.list.len());
    let found = localizer.run(&marks.list, context.control.token(), &mut |progress| match progress {
        LocalizationProgress::Failed(image, error) => {
            context.remark(format!("{} was not measured: {}.", image.display(), with_causes(&error)));
        }
        LocalizationProgress::Done(n) => {
            done += n;
            context.progress("marks measured", done, total);
        }
    })?;
    if found.results.is_empty() {
        return Err(PipelineError::NoMarks(path));
    }
    let measures = localizer.yardstick().measures();
    let summary = LocalizationSummary::of(&found.results, localizer.methods(), &measures);
    let file = |name: &str| context.file(Step::Localization, name);
    files::write(&file("localization.csv"), &regions_table::csv(&found.results, localizer.methods(), &measures)?)?;
    files::write_json(&file("localization.json"), &summary.to_json())?;
    let own: Vec<&Mark> = found.marks.iter().map(|&i| &marks.list[i]).collect();
    files::write(&file("localization.png"), &regions::sheet(&localizer, &found.results, &own).png()?)?;
    Ok(section(&summary))
}

fn section(summary: &LocalizationSummary) -> Section {
    let mut section = Section::titled("Whether maps lie on what was marked");
    let LocalizationSummary { regions, images, patients, .. } = summary;
    section
        .sentences
        .push(format!("{regions} marked regions in {images} images of {patients} patients of the test part."));
    section.verdict.extend(summary.all.first().map(MethodSummary::verdict));
    section.sentences.extend(summary.all.iter().skip(1).map(MethodSummary::verdict));
    for method in &summary.all {
        let row = |sum: &crate::evaluation::localization::summary::MeasureSummary| {
            let text = |Mean { mean, low, high }| MetricValue { value: Some(mean), low, high }.text();
            let means = [sum.map, sum.centred, sum.random, sum.gain].map(text);
            std::iter::once(sum.measure.name()).chain(means).collect()
        };
        section.tables.push(Table {
            title: method.method.name().into(),
            note: String::new(),
            columns: ["Mean (95 %)", "Map", "Centred blob", "Random blob", "Map − centred"].map(str::to_owned).to_vec(),
            rows: method.measures.iter().map(row).collect(),
        });
    }
    section.link("worst and best regions", Step::Localization, "localization.png");
    section.link("every region", Step::Localization, "localization.csv");
    section.link("every measure (JSON)", Step::Localization, "localization.json");
    section
}
