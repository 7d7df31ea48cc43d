//! `pellucid compare MODEL MODEL --on SET`: the models on the same images, before they are compared.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::cancel::CancelToken;
use crate::cli::evaluate::listing::{self, LabelSource};
use crate::cli::evaluate::patients;
use crate::cli::output;
use crate::cli::session::ModelArgs;
use crate::evaluation::exposure;
use crate::evaluation::predictions::Predictions;
use crate::evaluation::scoring::{self, LabelledImage, ScoringProgress};
use crate::model::Model;
use crate::model::registry::MANIFEST;
use crate::network::device::DeviceChoice;
use crate::training::config::Ambiguous;
use crate::training::data::part::SplitPart;
use crate::training::data::run_images::RunImages;
use crate::training::data::split::split_file;

/// The images that models are compared on.
#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// Compare models on these images: a folder with one folder for each class, or the folder of a
    /// run, whose test part is taken
    #[arg(long, value_name = "DIR|RUN")]
    pub on: Option<PathBuf>,
    /// With --on: labels by a part of the file name, TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "RULE", requires = "on", conflicts_with = "table")]
    labels: Option<String>,
    /// With --on: labels by a table, as `evaluate` reads it
    #[arg(long, value_name = "FILE.csv", requires = "on")]
    table: Option<PathBuf>,
    /// With --on: pattern whose first group in a file name is the patient
    #[arg(long, value_name = "REGEX", requires = "on")]
    patients: Option<String>,
    /// With --on: processor, auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto, requires = "on")]
    device: DeviceChoice,
}

impl SetArgs {
    /// What a model says of the images of `set`.
    pub(super) fn scored(&self, model: &Path, set: &Path) -> anyhow::Result<Predictions> {
        // The folder of a run holds its model.
        let inside = model.join("model");
        let own = if inside.join(MANIFEST).is_file() { inside } else { model.to_owned() };
        let model = ModelArgs { model: Some(own.display().to_string()), device: self.device }.load()?;
        let files = self.files(&model, set)?;
        let bar = output::progress(files.len(), "Evaluating");
        let mut progress = |progress: ScoringProgress<'_>| match progress {
            ScoringProgress::Done(n) => bar.inc(n as u64),
            ScoringProgress::Failed(f) => {
                bar.suspend(|| output::remark(format!("error: {} was left out: {}.", f.path.display(), f.reason)));
            }
        };
        let patients = patients(self.patients.as_ref())?;
        let scored = scoring::score(&model, &files, &patients, 0, &CancelToken::default(), &mut progress)?;
        bar.finish_and_clear();
        if scored.set.rows.is_empty() {
            let first = scored.failures.first().map_or("there are none", |f| f.reason.as_str());
            bail!("none of the {} images could be evaluated; the first: {first}", files.len());
        }
        if let Ok(exposure) = exposure::of_model(&model.origin, &model.manifest, &scored.inputs)
            && exposure.shared() > 0
        {
            output::remark(format!("note: {}: {}, so it is flattered.", model.manifest.name, exposure.sentence()));
        }
        Ok(scored.set)
    }

    fn files(&self, model: &Model, set: &Path) -> anyhow::Result<Vec<LabelledImage>> {
        if set.join(split_file::FILE).is_file() && self.labels.is_none() && self.table.is_none() {
            return Ok(RunImages::of(set, None)?.part(&model.manifest, SplitPart::Test)?.images);
        }
        let (labels, table) = (self.labels.as_deref(), self.table.as_deref());
        let source = LabelSource { labels, table, facts: None, ambiguous: Ambiguous::default() };
        listing::list(set, &model.manifest, &source)
    }
}
