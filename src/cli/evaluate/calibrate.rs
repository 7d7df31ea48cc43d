//! `pellucid evaluate DIR --calibrate FOLDER`: leaves with a model what the evaluated set says
//! about its probabilities.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::{Usage, output};
use crate::evaluation::calibrate::{Role, calibrate, has_both_kinds};
use crate::evaluation::purpose::Purpose;
use crate::evaluation::scoring::{LabelledImage, Scored};
use crate::evaluation::studies::{ChosenPool, choose};
use crate::evaluation::thresholds::Rule;
use crate::model::Model;
use crate::model::calibration::{Calibration, FILE};
use crate::model::population::detector::{DETECTOR, Detector};
use crate::model::registry::MANIFEST;
use crate::model::study_calibration::StudyCalibration;
use crate::model::study_pool::StudyPool;
use crate::study::patients::Patients;
use crate::study::unit::{GroupedBy, Unit};
use crate::training::data::part::SplitPart;
use crate::training::data::split::split_table::SplitTable;
use crate::training::population;
use crate::training::population::images::MemberParts;
use crate::training::population::network::FittingSchedule;

/// Which images take part, and where what they say is left.
#[derive(Debug, clap::Args)]
pub(super) struct CalibrateArgs {
    /// Leave calibration.toml (conformal states, reliability) in this model's folder; it is also
    /// the model that is evaluated
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["model", "localization"])]
    pub calibrate: Option<PathBuf>,
    /// What the set is called there and in reports [default: the folder's name]
    #[arg(long, value_name = "NAME", requires = "calibrate")]
    pub set_name: Option<String>,
    /// Take only what this table of image, patient and split (`pellucid data split`, or a run's
    /// split.csv) puts into --part
    #[arg(long, value_name = "FILE.csv")]
    pub split: Option<PathBuf>,
    /// With --split or --run: training, validation, calibration or test [default: validation with
    /// --split, test with --run]
    #[arg(long, value_name = "PART", value_parser = part)]
    pub part: Option<SplitPart>,
    /// Judge whole studies or series, too: study or series. With --calibrate choose how their
    /// scores become one, their thresholds and states, for `predict --by`
    #[arg(long, value_name = "UNIT", conflicts_with = "localization")]
    pub studies: Option<Unit>,
    /// With --studies: maximum, noisy-or or top-3 (the mean of the 3 highest) [default: the one
    /// that tells them apart best]
    #[arg(long, value_name = "POOL", requires_all = ["studies", "calibrate"])]
    pub pool: Option<StudyPool>,
}

/// A text that names no part of a data set.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write {}", SplitPart::NAMES)]
struct UnknownPart;

fn part(text: &str) -> Result<SplitPart, UnknownPart> {
    SplitPart::named(text).ok_or(UnknownPart)
}

impl CalibrateArgs {
    /// The folder of the model that is to be calibrated.
    pub(super) fn folder(&self) -> anyhow::Result<Option<&Path>> {
        match &self.calibrate {
            Some(folder) if !folder.join(MANIFEST).is_file() => Err(Usage(format!(
                "{} holds no {MANIFEST}; --calibrate takes the folder of a model, for it leaves a file there",
                folder.display()
            ))
            .into()),
            folder => Ok(folder.as_deref()),
        }
    }

    /// The files of the part that was asked for, with the patients of the table.
    pub(super) fn select(&self, files: Vec<LabelledImage>) -> anyhow::Result<Vec<LabelledImage>> {
        let Some(path) = &self.split else { return Ok(files) };
        let (table, wanted) = (SplitTable::read(path)?, self.part.unwrap_or(SplitPart::Validation));
        let all = files.len();
        let named = files.iter().map(|file| (file.image.as_str(), file.path.as_path()));
        let rows = table.matched(named)?.into_iter().filter(|(_, row)| row.0 == wanted);
        let chosen: Vec<LabelledImage> = rows
            .map(|(number, row)| {
                let file = &files[number];
                LabelledImage { patient: row.1.clone().or(file.patient.clone()), ..file.clone() }
            })
            .collect();
        if chosen.is_empty() {
            bail!("none of the {all} images stands in the {} part of {}", wanted.name(), path.display());
        }
        remark_missing(table.count(wanted).saturating_sub(chosen.len()), table.count(wanted), wanted);
        Ok(chosen)
    }

    /// What is to be judged as one by what is known of it, and not chosen anew.
    pub(super) fn judged_units(&self) -> Option<Unit> {
        self.studies.filter(|_| self.calibrate.is_none())
    }

    /// Writes the file, where it was asked for; thresholds of studies follow from `rule`.
    pub(super) fn keep(
        &self,
        model: &Model,
        scored: &Scored,
        dir: &Path,
        purpose: Purpose,
        rule: Rule,
    ) -> anyhow::Result<()> {
        let Some(folder) = &self.calibrate else { return Ok(()) };
        let (manifest, set) = (&model.manifest, &scored.set);
        if !has_both_kinds(set) {
            bail!(
                "nothing can be calibrated: no label and no group of {} has images both with and without it in this set, and states need \
                 both; add the other images",
                manifest.name
            );
        }
        let own = dir.canonicalize().ok().and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
        let name = self.set_name.clone().or(own).unwrap_or_else(|| "images".into());
        let date = chrono::Utc::now().format("%Y-%m-%d").to_string();
        let study = self.study(model, scored, rule)?;
        let made = Calibration { study, ..calibrate(manifest, set, &name, self.role(purpose), &date) };
        let path = folder.join(FILE);
        let text = made.to_toml().context("the calibration could not be written as TOML")?;
        output::write_model_file(&path, text.as_bytes())?;
        output::remark(format!("The calibration lies in {}", path.display()));
        Ok(())
    }

    /// What is kept of whole studies: chosen anew where that was asked for, else what was known.
    fn study(&self, model: &Model, scored: &Scored, rule: Rule) -> anyhow::Result<Option<StudyCalibration>> {
        let Some(unit) = self.studies else {
            let known = model.calibration.as_ref().ok().and_then(|known| known.study.clone());
            if known.is_some() {
                output::remark("note: what was measured on whole studies is kept; --studies measures it anew.");
            }
            return Ok(known);
        };
        let chosen = choose(&model.manifest, &scored.set, &scored.identities, unit, self.pool, rule)?;
        output::remark(in_words(&chosen));
        Ok(Some(chosen.calibration))
    }

    /// Makes the model's population detector of the evaluated images, unless it has one that was
    /// shown others too, and thus knows more.
    pub(super) fn detector(&self, model: &Model, files: &[LabelledImage], patients: &Patients) -> anyhow::Result<()> {
        let Some(folder) = &self.calibrate else { return Ok(()) };
        if model.detector.as_ref().is_ok_and(Detector::has_seen_others) {
            output::remark("The population detector of this model was shown images of others too and is kept.");
            return Ok(());
        }
        let files: Vec<_> = files.iter().map(|file| (file.path.clone(), file.patient.clone())).collect();
        let bar = output::progress(files.len(), "Looking at images");
        let (members, _) = population::images::gather(model, &files, patients, &|done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        match population::make::make(model, &MemberParts::by_patient(members), &[], FittingSchedule::default(), &|_| ())
        {
            Ok(made) => {
                let path = folder.join(DETECTOR);
                output::write_file(&path, &made.bytes)?;
                output::remark(format!("The population detector lies in {}. {}", path.display(), made.made_of));
            }
            Err(error) => output::remark(format!("note: no population detector was made: {error}.")),
        }
        Ok(())
    }

    fn role(&self, purpose: Purpose) -> Role {
        match (purpose, &self.split, self.part.unwrap_or(SplitPart::Validation)) {
            (Purpose::Unknown, Some(_), SplitPart::Calibration) => Role::Calibration,
            (Purpose::Validation, ..) | (Purpose::Unknown, Some(_), SplitPart::Validation) => Role::Validation,
            (Purpose::Test, ..) | (Purpose::Unknown, Some(_), SplitPart::Test) => Role::Apart,
            (Purpose::Unknown, ..) => Role::Unknown,
        }
    }
}

/// Says how many images of a part take no part.
pub(super) fn remark_missing(missing: usize, wanted: usize, part: SplitPart) {
    if missing > 0 {
        let part = part.name();
        output::remark(format!(
            "note: {missing} of {wanted} images of the {part} part were not found or have no known label."
        ));
    }
}

/// What was chosen, on what, and what it holds for.
fn in_words(chosen: &ChosenPool) -> String {
    let ChosenPool { calibration: study, tried, grouped } = chosen;
    let several = study.unit.several();
    let by = |(by, n): (&GroupedBy, &usize)| match by {
        GroupedBy::Uid => format!("{n} by their UID"),
        GroupedBy::Patient => format!("{n} by the patient"),
        GroupedBy::Nothing => format!("{n} single images"),
    };
    let area = |(pool, area): &(StudyPool, f64)| format!("{} {area:.3}", pool.in_words());
    format!(
        "{} {several} ({}) are pooled by the {}; mean AUROC by pool: {}. Thresholds and states hold for {several} of {}. {}",
        study.units,
        grouped.iter().map(by).collect::<Vec<_>>().join(", "),
        study.pool.in_words(),
        tried.iter().map(area).collect::<Vec<_>>().join(", "),
        study.images_in_words(),
        study.note
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(split: PathBuf, part: SplitPart) -> CalibrateArgs {
        CalibrateArgs {
            calibrate: None,
            set_name: None,
            split: Some(split),
            part: Some(part),
            studies: None,
            pool: None,
        }
    }

    fn listed(image: &str) -> LabelledImage {
        let facts = std::collections::BTreeMap::new();
        LabelledImage { path: image.into(), image: image.into(), truth: vec![Some(true)], patient: None, facts }
    }

    #[test]
    fn the_part_that_was_asked_for_is_taken_with_the_patients_of_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        std::fs::write(&path, "image,patient,split\na/1.png,p1,training\na/2.png,p2,validation\n").unwrap();
        let files = || vec![listed("a/1.png"), listed("a/2.png"), listed("b/3.png")];
        let chosen = args(path.clone(), SplitPart::Validation).select(files()).unwrap();
        assert_eq!(chosen.len(), 1);
        assert_eq!((chosen[0].image.as_str(), chosen[0].patient.as_deref()), ("a/2.png", Some("p2")));
        let none = args(path.clone(), SplitPart::Test).select(files()).unwrap_err().to_string();
        assert!(none.contains("none of the 3 images"), "{none}");
        std::fs::write(&path, "file,split\na/1.png,test\n").unwrap();
        assert!(args(path, SplitPart::Test).select(files()).unwrap_err().to_string().contains("no column \"image\""));
    }

    #[test]
    fn what_the_images_were_to_the_model_is_noted() {
        let with = |split: bool, part| CalibrateArgs { split: split.then(PathBuf::new), ..args(PathBuf::new(), part) };
        assert_eq!(with(true, SplitPart::Validation).role(Purpose::Unknown), Role::Validation);
        assert_eq!(with(true, SplitPart::Calibration).role(Purpose::Unknown), Role::Calibration);
        assert_eq!(with(true, SplitPart::Test).role(Purpose::Unknown), Role::Apart);
        assert_eq!(with(true, SplitPart::Training).role(Purpose::Unknown), Role::Unknown);
        assert_eq!(with(false, SplitPart::Validation).role(Purpose::Unknown), Role::Unknown);
        assert_eq!(with(false, SplitPart::Validation).role(Purpose::Test), Role::Apart);
    }
}
