//! Every image of a data set looked at: measured, compared with all others, put into its part.

use std::path::Path;

use super::fingerprint::Fingerprint;
use super::grouping::groups;
use super::near_duplicates::near_duplicates;
use super::{Audit, AuditedImage, audit, measure};
use crate::study::patients::Recognition;
use crate::training::config::Config;
use crate::training::data::listed::{ListedImage, name_of};
use crate::training::data::sample::Sample;
use crate::training::data::split;
use crate::training::{Error, Result};

/// What is done with the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExamineStep {
    Reading,
    Comparing,
}

/// A data set that was looked at.
pub struct Examined {
    pub images: Vec<AuditedImage>,
    pub audit: Audit,
    /// Why the configuration gives no split.
    pub no_split: Option<Error>,
}

/// A data set to look at.
pub struct Examine<'a> {
    pub files: &'a [ListedImage],
    pub labels: &'a [String],
    /// A configuration, which decides the parts, with the folder that its data lie in.
    pub config: Option<(&'a Config, &'a Path)>,
    /// How a pattern of patients is given.
    pub how: &'a str,
}

impl Examine<'_> {
    /// Looks at all of them; `progress` is given the number done. `remarks` are those that are known
    /// already.
    ///
    /// # Errors
    /// When the images cannot be compared.
    pub fn run(&self, mut remarks: Vec<String>, progress: &(dyn Fn(ExamineStep, usize) + Sync)) -> Result<Examined> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let (mut images, unreadable) = measure(self.files, threads, &|n| progress(ExamineStep::Reading, n));
        let fingerprints: Vec<&Fingerprint> = images.iter().map(|i| &i.fingerprint).collect();
        let found = near_duplicates(&fingerprints, &|n| progress(ExamineStep::Comparing, n))?;
        let recognition: Recognition = images.iter().map(|i| i.recognised_by).collect();
        remarks.extend([Some(recognition.sentence()), recognition.warning(self.how)].into_iter().flatten());
        let mut no_split = None;
        if let Some((config, root)) = self.config {
            if config.data.group_near_duplicates {
                let patients: Vec<&str> = images.iter().map(|i| i.patient.as_str()).collect();
                let groups = groups(&patients, &found);
                let heads: Vec<String> = groups.iter().map(|&head| images[head].patient.clone()).collect();
                images.iter_mut().zip(heads).for_each(|(image, head)| image.patient = head);
            }
            no_split = assign_parts(config, root, &mut images, &mut remarks).err();
        }
        let audit = audit(&images, self.labels, &found, unreadable, remarks);
        Ok(Examined { images, audit, no_split })
    }
}

/// Puts every image where the split of the configuration puts it; what is to be known of the split,
/// or is wrong with it, becomes a remark.
fn assign_parts(config: &Config, root: &Path, images: &mut [AuditedImage], remarks: &mut Vec<String>) -> Result<()> {
    let sample = |image: &AuditedImage| Sample {
        name: name_of(Path::new(&image.listed.key)),
        key: image.listed.key.clone(),
        truth: image.listed.truth.clone(),
        patient: image.patient.clone(),
        part: image.listed.part,
        ..Sample::default()
    };
    let samples: Vec<Sample> = images.iter().map(sample).collect();
    let split = split::make::of_config(config, &samples, root);
    match &split {
        Ok(split) => {
            remarks.extend(split.remarks.iter().cloned());
            images.iter_mut().enumerate().for_each(|(i, image)| image.part = split.of(i));
        }
        Err(error) => remarks.push(error.to_string()),
    }
    split.map(|_| ())
}
