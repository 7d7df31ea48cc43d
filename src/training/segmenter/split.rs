//! Which patients train, which validate, and which are held out.
//!
//! The patients of each set, in the order of their names, are shuffled by the seed and dealt into
//! as many parts as the configuration says; the part `fold` is held out, the one behind it
//! validates. So as many runs as there are parts measure every patient once. The table
//! `set,file,patient,part` lists them.

use std::collections::BTreeSet;
use std::path::Path;

use rand::seq::SliceRandom;

use super::config::SegmenterConfig;
use crate::training::random::{Purpose, stream};
use crate::training::run_files::write_private;
use crate::training::{Error, Result};

/// Name of the table in the run's folder.
pub const FILE: &str = "split.csv";

/// What an image is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RadiographPart {
    Training,
    Validation,
    HeldOut,
}

impl RadiographPart {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::HeldOut => "held-out",
        }
    }
}

/// The part of every image of a set, whose patients these are; `number` is that of the set.
pub(super) fn parts(config: &SegmenterConfig, number: usize, patients: &[String]) -> Vec<RadiographPart> {
    let mut names: Vec<&String> = patients.iter().collect::<BTreeSet<_>>().into_iter().collect();
    names.shuffle(&mut stream(config.seed, Purpose::Split, 0, number));
    let validates = (config.fold + 1) % config.folds;
    let part = |patient: &String| {
        let place = names.iter().position(|name| *name == patient).unwrap_or(0) % config.folds;
        match place {
            place if place == config.fold => RadiographPart::HeldOut,
            place if place == validates => RadiographPart::Validation,
            _ => RadiographPart::Training,
        }
    };
    patients.iter().map(part).collect()
}

/// Writes the table.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write<'a>(
    path: &Path,
    rows: impl Iterator<Item = (&'a str, String, &'a str, RadiographPart)>,
) -> Result<()> {
    let refuse = |e: &dyn std::fmt::Display| Error::Write { path: path.into(), reason: e.to_string() };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["set", "file", "patient", "part"]).map_err(|e| refuse(&e))?;
    for (set, file, patient, part) in rows {
        table.write_record([set, &file, patient, part.name()]).map_err(|e| refuse(&e))?;
    }
    write_private(path, &table.into_inner().map_err(|e| refuse(&e))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fold: usize) -> SegmenterConfig {
        let text = format!(
            "name = 'n'\nversion = '1'\nseed = 5\nside = 32\nepochs = 1\nimages_per_epoch = 1\nbatch = 1\n\
             learning_rate = 1e-3\nweight_decay = 0.0\nfold = {fold}\n[[set]]\nname = 's'\nimages = 'i'\nmasks = 'm'"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_patient_is_in_one_part_and_every_patient_is_held_out_once() {
        let patients: Vec<String> = (0..60).map(|i| format!("p{}", i / 2)).collect();
        let mut held_out = [0; 60];
        for fold in 0..5 {
            let parts = parts(&config(fold), 0, &patients);
            for pair in 0..30 {
                assert_eq!(parts[2 * pair], parts[2 * pair + 1]);
            }
            let count = |part| parts.iter().filter(|p| **p == part).count();
            assert_eq!((count(RadiographPart::HeldOut), count(RadiographPart::Validation)), (12, 12));
            held_out.iter_mut().zip(&parts).for_each(|(n, part)| *n += u32::from(*part == RadiographPart::HeldOut));
        }
        assert_eq!(held_out, [1; 60]);
    }

    #[test]
    fn the_order_of_the_files_moves_nobody() {
        let mut patients: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
        let forward = parts(&config(0), 0, &patients);
        patients.reverse();
        let mut backward = parts(&config(0), 0, &patients);
        backward.reverse();
        assert_eq!(forward, backward);
    }
}
