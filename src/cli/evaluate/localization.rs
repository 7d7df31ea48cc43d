//! `pellucid evaluate DIR --localization PATH`: whether the heat maps lie on what was marked.
//!
//! Marks are gathered and measured by [`crate::evaluation::localization`]; here are the arguments,
//! what is remarked on, and what is written.

mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::cancel::CancelToken;
use crate::cli::{Outcome, Usage, explain, output};
use crate::evaluation::localization::Yardstick;
use crate::evaluation::localization::marked_region::MarkNotes;
use crate::evaluation::localization::marks::{Findings, LeftOut, Mark, Marks, gather};
use crate::evaluation::localization::run::{LocalizationNotes, LocalizationProgress, LocalizedSet, Localizer};
use crate::evaluation::localization::summary::LocalizationSummary;
use crate::evaluation::localization::table as regions_table;
use crate::evaluation::pseudonyms::Pseudonyms;
use crate::evaluation::truth::{known, named};
use crate::explain::Method;
use crate::model::Model;
use crate::model::manifest::Manifest;
use crate::report::evaluation::regions;
use crate::study::image_names::ImagesByName;
use crate::study::patients::Patients;

/// Where the heat maps lie.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LocalizationArgs {
    /// Measure where the heat maps lie instead: a table of boxes (the NIH's `BBox_List_2017.csv`,
    /// or columns image, finding, x, y, w, h), or a folder of masks (NAME-mask.png, or
    /// LABEL/NAME.png)
    #[arg(long, value_name = "PATH")]
    pub localization: Option<PathBuf>,
    /// Maps to measure, separated by commas
    #[arg(long, value_name = "METHOD", default_value = "grad-cam,grad-cam++", value_delimiter = ',')]
    #[arg(value_parser = explain::method, requires = "localization")]
    method: Vec<Method>,
    /// Stage to take the maps from [default: the model's target layer]
    #[arg(long, value_name = "STAGE", requires = "localization")]
    layer: Option<String>,
    /// Label or group that marks show which do not say so themselves
    #[arg(long, value_name = "LABEL", requires = "localization")]
    finding: Option<String>,
    /// How far the map may point beside the finding, in pixels of an image whose longer side is 500
    /// (Zhang et al.: 15)
    #[arg(long, value_name = "PIXELS", default_value_t = 0.0, requires = "localization")]
    tolerance: f64,
    /// Thresholds of the map for the overlap, beside Otsu's: 0–1, separated by commas
    #[arg(long, value_name = "T", default_value = "0.5", value_delimiter = ',', requires = "localization")]
    overlap_at: Vec<f64>,
}

/// What the command around it knows.
pub(super) struct EvaluatedSet<'a> {
    /// Folder of the images.
    pub dir: &'a Path,
    pub model: &'a Model,
    pub patients: &'a Patients,
    /// Folder for the table of regions, the measures and the images.
    pub out: Option<&'a Path>,
    pub json: bool,
    /// Numbers stand in place of images and patients.
    pub anonymize: bool,
}

impl LocalizationArgs {
    fn yardstick(&self) -> Result<Yardstick, Usage> {
        let thresholds = self.overlap_at.clone();
        if let Some(wrong) = thresholds.iter().find(|t| !(0.0..1.0).contains(*t)) {
            return Err(Usage(format!("--overlap-at takes thresholds from 0 to below 1, not {wrong}")));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(Usage(format!("--tolerance takes a number of pixels, not {}", self.tolerance)));
        }
        Ok(Yardstick { tolerance: self.tolerance, thresholds })
    }

    /// The methods, each once.
    fn methods(&self) -> Vec<Method> {
        let mut methods = Vec::new();
        for method in &self.method {
            if !methods.contains(method) {
                methods.push(*method);
            }
        }
        methods
    }
}

/// Measures the maps of every marked image in the folder.
pub(super) fn run(path: &Path, args: &LocalizationArgs, set: &EvaluatedSet<'_>) -> anyhow::Result<Outcome> {
    let yardstick = args.yardstick()?;
    let dir = set.dir.canonicalize();
    let dir = dir.with_context(|| format!("the folder {} cannot be read", set.dir.display()))?;
    let manifest = &set.model.manifest;
    let marks = marks(path, args, &dir, manifest)?;
    let localizer =
        Localizer::new(set.model, (&dir, set.patients, marks.nih), args.methods(), args.layer.clone(), yardstick);
    let bar = output::progress(marks.list.len(), "Localising");
    let mut found = localizer.run(&marks.list, &CancelToken::default(), &mut |progress| match progress {
        LocalizationProgress::Failed(image, error) => {
            let error = anyhow::Error::from(error).context(format!("{} was not measured", image.display()));
            bar.suspend(|| output::complain(&error));
        }
        LocalizationProgress::Done(n) => bar.inc(n as u64),
    })?;
    bar.finish_and_clear();
    remark(&found.notes);
    if found.results.is_empty() {
        bail!("nothing that {} marks could be measured", path.display());
    }
    if set.anonymize {
        put_pseudonyms(&mut found);
    }
    let measures = localizer.yardstick().measures();
    let summary = LocalizationSummary::of(&found.results, localizer.methods(), &measures);
    let object = to_json(&localizer, &summary, &found.notes);
    if let Some(out) = set.out {
        output::make_folder(out)?;
        let rows = regions_table::csv(&found.results, localizer.methods(), &measures)?;
        output::write_file(&out.join("localization.csv"), &rows)?;
        output::write_file(&out.join("localization.json"), &serde_json::to_vec_pretty(&object)?)?;
        let own: Vec<&Mark> = found.marks.iter().map(|&i| &marks.list[i]).collect();
        let sheet = regions::sheet(&localizer, &found.results, &own);
        output::write_file(&out.join("localization.png"), &sheet.png()?)?;
    }
    if set.json {
        output::json(&object)?;
    } else {
        output::line(table::text(&manifest.name, &summary))?;
        if let Some(out) = set.out {
            output::remark(format!("Metrics, regions and images are in {}.", out.display()));
        }
    }
    let failed = marks.refused.len();
    Ok(Outcome::of(failed + found.failed, failed + found.all))
}

/// Puts numbers in place of the names of images and patients.
fn put_pseudonyms(found: &mut LocalizedSet) {
    let patients: Vec<String> = found.results.iter().map(|result| result.patient.clone()).collect();
    let LocalizationNotes { marks: MarkNotes { cut, outside, empty }, refused } = &mut found.notes;
    let noted = || cut.iter().chain(&*outside).chain(&*refused).map(|name| own_name(name));
    let images: Vec<String> =
        found.results.iter().map(|result| result.image.as_str()).chain(noted()).map(str::to_owned).collect();
    let pseudonyms = Pseudonyms::of(images.iter().map(String::as_str), patients.iter().map(String::as_str));
    for result in &mut found.results {
        result.image = pseudonyms.image(&result.image);
        result.patient = pseudonyms.patient(&result.patient);
    }
    for name in cut.iter_mut().chain(outside).chain(refused) {
        *name = pseudonyms.image(own_name(name));
    }
    // Masks are named like their images.
    empty.iter_mut().for_each(|name| "mask".clone_into(name));
}

/// The image of a note on a row of a table.
fn own_name(note: &str) -> &str {
    note.split_once(" (row ").map_or(note, |(name, _)| name)
}

/// Everything that is marked; what cannot be used is remarked on.
fn marks(path: &Path, args: &LocalizationArgs, dir: &Path, manifest: &Manifest) -> anyhow::Result<Marks> {
    let images = ImagesByName::below(dir)?;
    images.passed_over.iter().for_each(|error| output::remark(format!("note: {error}")));
    let otherwise = match args.finding.as_deref() {
        Some(name) => Some(named(manifest, name).ok_or_else(|| {
            Usage(format!("{} knows no finding \"{name}\"; it knows {}", manifest.name, known(manifest)))
        })?),
        None => None,
    };
    let marks = gather(path, &images, &Findings { manifest, dir, otherwise })?;
    marks.refused.iter().for_each(|refused| output::remark(format!("error: {refused}.")));
    remark_left_out(&marks.left_out, manifest);
    if marks.list.is_empty() {
        let hint = if path.is_dir() {
            "a folder of masks holds NAME-mask.png for an image called NAME, or LABEL/NAME.png"
        } else {
            "a table of boxes names images of the folder and findings of the model"
        };
        bail!("{} marks no finding of {} in any image: {hint}", path.display(), manifest.name);
    }
    Ok(marks)
}

fn remark_left_out(left_out: &LeftOut, manifest: &Manifest) {
    let LeftOut { passed_over, unknown, missing, ambiguous, nameless } = left_out;
    passed_over.iter().for_each(|error| output::remark(format!("note: {error}")));
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|(n, count)| format!("\"{n}\" ({count})")).collect();
        output::remark(format!(
            "note: left out, for {} knows no such finding: {}. It knows {}.",
            manifest.name,
            names.join(", "),
            known(manifest)
        ));
    }
    for (list, why) in [
        (missing, "no image of the name lies in the folder"),
        (ambiguous, "several images have the name, and nothing tells which is meant"),
        (nameless, "nothing says which finding is marked; --finding does"),
    ] {
        if !list.is_empty() {
            output::remark(format!("note: left out, for {why}: {}.", output::some(list)));
        }
    }
}

/// Says which images and marks were not measured as they are.
fn remark(notes: &LocalizationNotes) {
    for (list, what) in [
        (&notes.marks.cut, "boxes that reach out of their image were cut to it"),
        (&notes.marks.outside, "boxes that lie outside of their image were left out"),
        (&notes.marks.empty, "masks without a marked pixel were left out"),
        (&notes.refused, "images that the input gate refuses were measured all the same"),
    ] {
        if !list.is_empty() {
            output::remark(format!("note: {what}: {}.", output::some(list)));
        }
    }
}

fn to_json(localizer: &Localizer<'_>, summary: &LocalizationSummary, notes: &LocalizationNotes) -> Value {
    let model = localizer.model();
    let mut object = json!({
        "model": { "name": model.manifest.name, "sha256": model.sha256 },
        "layer": localizer.layer(),
        "tolerance": localizer.yardstick().tolerance,
        "boxes_cut": notes.marks.cut,
        "boxes_outside": notes.marks.outside,
        "masks_without_a_mark": notes.marks.empty,
        "refused_by_the_gate": notes.refused,
    });
    output::extend(&mut object, summary.to_json());
    object
}
