//! `pellucid evaluate DIR --calibrate FOLDER`: leaves with a model what the evaluated set says
//! about its probabilities.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::{Usage, output, split_table};
use crate::evaluation::calibrate::{Role, calibrate, has_both_kinds};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::purpose::Purpose;
use crate::evaluation::scoring::LabelledImage;
use crate::model::Model;
use crate::model::calibration::FILE;
use crate::model::manifest::Manifest;
use crate::model::population::detector::{DETECTOR, Detector};
use crate::model::registry::MANIFEST;
use crate::study::patients::Patients;
use crate::training::data::part::SplitPart;
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
    /// With --split: training, validation, calibration or test
    #[arg(long, value_name = "PART", default_value = "validation", value_parser = part)]
    pub part: SplitPart,
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
        let rows = split_table::read(path)?;
        let all = files.len();
        let chosen: Vec<LabelledImage> = files
            .into_iter()
            .filter_map(|file| {
                let (part, patient) = rows.get(&file.image)?;
                let patient = patient.clone().or(file.patient.clone());
                (*part == self.part).then_some(LabelledImage { patient, ..file })
            })
            .collect();
        if chosen.is_empty() {
            bail!(
                "none of the {all} images stands in the {} part of {}; it names them by their path below the folder that is evaluated",
                self.part.name(),
                path.display()
            );
        }
        let wanted = rows.values().filter(|(part, _)| *part == self.part).count();
        if chosen.len() < wanted {
            output::remark(format!(
                "note: {} of {wanted} images of the {} part were not found or have no known label.",
                wanted - chosen.len(),
                self.part.name()
            ));
        }
        Ok(chosen)
    }

    /// Writes the file, where it was asked for.
    pub(super) fn keep(
        &self,
        manifest: &Manifest,
        set: &Predictions,
        dir: &Path,
        purpose: Purpose,
    ) -> anyhow::Result<()> {
        let Some(folder) = &self.calibrate else { return Ok(()) };
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
        let made = calibrate(manifest, set, &name, self.role(purpose), &date);
        let path = folder.join(FILE);
        let text = made.to_toml().context("the calibration could not be written as TOML")?;
        output::write_model_file(&path, text.as_bytes())?;
        output::remark(format!("The calibration lies in {}", path.display()));
        Ok(())
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
        match (purpose, &self.split, self.part) {
            (Purpose::Unknown, Some(_), SplitPart::Calibration) => Role::Calibration,
            (Purpose::Validation, ..) | (Purpose::Unknown, Some(_), SplitPart::Validation) => Role::Validation,
            (Purpose::Test, ..) | (Purpose::Unknown, Some(_), SplitPart::Test) => Role::Apart,
            (Purpose::Unknown, ..) => Role::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(split: PathBuf, part: SplitPart) -> CalibrateArgs {
        CalibrateArgs { calibrate: None, set_name: None, split: Some(split), part }
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
