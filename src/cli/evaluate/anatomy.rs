//! `pellucid evaluate DIR --anatomy`: where the evidence of the model's maps lies over the folder.
//!
//! Maps are made and summed up by [`crate::evaluation::anatomy`]; here are the arguments, what is
//! remarked on, and what is written.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Value, json};

use crate::cancel::CancelToken;
use crate::cli::output;
use crate::cli::table::{self, Column, row};
use crate::evaluation::anatomy::TargetMap;
use crate::evaluation::anatomy::run::{AnatomyNotes, AnatomyProgress, AnatomyRun};
use crate::evaluation::anatomy::summary::{AnatomySummary, CallSummary};
use crate::evaluation::anatomy::table as maps_table;
use crate::evaluation::pseudonyms::Pseudonyms;
use crate::evaluation::scoring::{self, LabelledImage};
use crate::explain::Method;
use crate::model::Model;
use crate::study::lung_masks::LungMasks;
use crate::study::patients::Patients;

const METHOD: Method = Method::GradCam;
const COLUMNS: [Column; 5] =
    [Column::Left(26), Column::Right(20), Column::Right(8), Column::Right(10), Column::Right(5)];

/// Where the evidence lies.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AnatomyArgs {
    /// Say where the evidence of the maps lies, too: in which lung, between them, at the border,
    /// elsewhere; right calls and false positives apart
    #[arg(long)]
    pub anatomy: bool,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere)
    #[arg(long, value_name = "DIR", requires = "anatomy")]
    masks: Option<PathBuf>,
}

/// Where the evidence lies over a folder.
pub(super) struct AnatomyFound {
    /// Names of the targets, and whether each is a group.
    names: Vec<(String, bool)>,
    notes: AnatomyNotes,
    maps: Vec<TargetMap>,
    pub summary: AnatomySummary,
}

impl AnatomyFound {
    /// Maps every image whose lungs are known.
    pub(super) fn of(
        args: &AnatomyArgs,
        model: &Model,
        files: &[LabelledImage],
        patients: &Patients,
    ) -> anyhow::Result<Option<Self>> {
        if !args.anatomy {
            return Ok(None);
        }
        let masks = args.masks.as_deref().map(LungMasks::below).transpose()?;
        let run = AnatomyRun { model, patients, masks: masks.as_ref(), method: METHOD, layer: None };
        let mut maps = Vec::new();
        let bar = output::progress(files.len(), "Looking where the evidence lies");
        let notes = run.run(
            files,
            &CancelToken::default(),
            &mut |image| {
                maps.extend(image.target_maps(model));
                Ok(())
            },
            &mut |progress| match progress {
                AnatomyProgress::Done => bar.inc(1),
                AnatomyProgress::Failed(f) => bar.suspend(|| {
                    output::remark(format!("error: no shares of {}: {}.", f.path.display(), f.reason));
                }),
            },
        )?;
        bar.finish_and_clear();
        if maps.is_empty() {
            bail!("it is not known of any image where its lungs lie; name a folder of masks with --masks");
        }
        let names: Vec<(String, bool)> =
            scoring::targets(&model.manifest).0.into_iter().map(|t| (t.name, t.group)).collect();
        let summary = AnatomySummary::of(&maps, &names);
        Ok(Some(Self { names, notes, maps, summary }))
    }

    /// Puts numbers in place of the names of images and patients.
    pub(super) fn put(&mut self, pseudonyms: &Pseudonyms) {
        for map in &mut self.maps {
            map.image = pseudonyms.image(&map.image);
            map.patient = pseudonyms.patient(&map.patient);
        }
        let AnatomyNotes { without_lungs, refused, .. } = &mut self.notes;
        without_lungs.iter_mut().chain(refused).for_each(|name| *name = pseudonyms.image(name));
    }

    /// One JSON object.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "method": METHOD.key(),
            "images": self.notes.images,
            "with_mask": self.notes.with_mask,
            "without_lungs": self.notes.without_lungs.len(),
            "refused_by_the_gate": self.notes.refused.len(),
            "failed": self.notes.failures.len(),
            "targets": self.summary.to_json(),
            "remarks": self.summary.remarks(),
        })
    }

    /// The table for people.
    pub(super) fn text(&self) -> String {
        let (images, sources) = (self.notes.images, self.notes.sources());
        let mut text = format!("Where the evidence of {} lies, on {images} images. {sources}", METHOD.name());
        let wide = |call: &CallSummary| {
            let silent = if call.silent > 0 { format!(", {} without evidence", call.silent) } else { String::new() };
            format!("{} maps of {} patients{silent}", call.maps, call.patients)
        };
        for target in &self.summary.targets {
            for call in target.calls.iter().filter(|call| !call.figures.is_empty()) {
                let _ = write!(text, "\n\n{}, {}: {}\n", target.name, call.call.name(), wide(call));
                let _ =
                    write!(text, "{}", row(&COLUMNS, ["share", "mean (95 %)", "median", "even map", ""]).trim_end());
                for f in &call.figures {
                    let even = table::number(f.even);
                    let cells = [f.figure.name().to_owned(), f.mean.to_string(), format!("{:.3}", f.median), even];
                    let _ = write!(text, "\n{}", row(&COLUMNS, cells).trim_end());
                }
            }
        }
        text
    }

    /// What should be known of it.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> =
            self.summary.remarks().into_iter().map(|remark| format!("note: {remark}.")).collect();
        for (list, what) in [
            (&self.notes.without_lungs, "it is not known where the lungs lie of"),
            (&self.notes.refused, "images that the input gate refuses took part all the same:"),
        ] {
            if !list.is_empty() {
                remarks.push(format!("note: {what} {}.", output::some(list)));
            }
        }
        remarks
    }

    /// A row for each map of a target in an image.
    pub(super) fn csv(&self) -> csv::Result<Vec<u8>> {
        maps_table::csv(&self.maps, &self.names)
    }
}
