//! What a gate does on images that it has not seen: how many of the wanted it lets through, how
//! many of each other kind, and the area under the ROC curve of its score.
//!
//! Files are opened and evaluated as the viewer would, so what is refused without the network
//! counts as refused, with the score 0. Wanted and other files are those of the validation part (by
//! patient; images that look alike are one patient's) and the folders that the configuration holds
//! out; what is drawn is drawn anew. Intervals are 95 %, by patient: Wilson's of shares, Newcombe's
//! of areas ([`crate::evaluation::proportion`]); they have a width where not one image was
//! evaluated wrongly, too.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::config::{GateConfig, HeldOutKind};
use super::example_kind::ExampleKind;
use super::examples::Examples;
use super::negatives::KINDS;
use super::read::{files, patient, patterns};
use crate::evaluation::bootstrap::by_patient;
use crate::evaluation::proportion;
use crate::evaluation::roc::auroc;
use crate::imaging::Plane;
use crate::model::calibration::Proportion;
use crate::model::gate::{Gate, GateClass, GateVerdict};
use crate::study::{StudyError, open_image};
use crate::training::Result;
use crate::training::event::{Event, Observer};
use crate::training::random::{Purpose, stream};

/// Side at which images are drawn for judging.
const DRAWN: usize = 128;
/// Images that are drawn of each kind.
const COUNT: usize = 200;

/// Images of one kind and what the gate did with them.
#[derive(Clone, Debug, Serialize)]
pub struct Rate {
    pub kind: String,
    pub wanted: bool,
    pub images: usize,
    pub patients: usize,
    pub accepted: usize,
    /// Share that was let through; `None` without images.
    pub share: Option<Proportion>,
    /// Area under the ROC curve against the wanted images of the validation part.
    pub auroc: Option<f64>,
}

/// The metrics of a gate.
#[derive(Clone, Debug, Serialize)]
pub struct GateMetrics {
    pub rates: Vec<Rate>,
    /// Area under the ROC curve of all wanted images against all others.
    pub auroc: Option<f64>,
    pub interval: Option<(f64, f64)>,
}

/// One kind, evaluated.
struct Group {
    kind: String,
    wanted: bool,
    patients: Vec<String>,
    verdicts: Vec<GateVerdict>,
}

impl Group {
    fn scores(&self) -> Vec<f64> {
        self.verdicts.iter().map(|v| f64::from(v.score)).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.patients.iter().map(String::as_str).collect()
    }

    fn patients(&self) -> usize {
        by_patient(&self.names()).len()
    }
}

/// Judges a gate on everything that it has not learnt from.
///
/// # Errors
/// When a folder cannot be read or the network cannot be run. Files that cannot be opened are left
/// out with a warning.
pub fn evaluate(
    config: &GateConfig,
    root: &Path,
    examples: &Examples,
    gate: &Gate,
    observer: Observer<'_>,
) -> Result<GateMetrics> {
    let mut groups = Vec::new();
    for (held_out, kind, wanted) in
        [(&examples.held_out[0], "wanted", true), (&examples.held_out[1], "other folders", false)]
    {
        let files = held_out.iter().map(|one| (one.path.clone(), one.patient.clone())).collect();
        groups.push(of_files(kind, wanted, files, gate, observer)?);
    }
    let patterns = patterns(config, root)?;
    for HeldOutKind { kind, paths, wanted, except } in &config.held_out {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = files(root, paths)?;
        files.retain(|path| !except.iter().any(|part| name(path).contains(part)));
        let files = files.into_iter().map(|path| (path.clone(), patient(&path, &patterns))).collect();
        groups.push(of_files(kind, *wanted, files, gate, observer)?);
    }
    let made = [ExampleKind::Varied, ExampleKind::Turned, ExampleKind::Inverted, ExampleKind::Pieces];
    for source in made.into_iter().chain(KINDS.map(ExampleKind::Synthetic)) {
        groups.push(drawn(source, examples, config.seed, gate)?);
    }
    Ok(metrics(&groups))
}

fn of_files(
    kind: &str,
    wanted: bool,
    files: Vec<(PathBuf, String)>,
    gate: &Gate,
    observer: Observer<'_>,
) -> Result<Group> {
    let mut group = Group { kind: kind.to_owned(), wanted, patients: Vec::new(), verdicts: Vec::new() };
    let verdicts: Vec<_> = files
        .par_iter()
        .map(|(path, _)| {
            let frame = open_image(path)?;
            Ok(gate.judge(&frame.model_plane(), frame.pixels.color.as_deref()))
        })
        .collect::<Vec<std::result::Result<_, StudyError>>>();
    let mut left_out = Vec::new();
    for ((path, patient), verdict) in files.into_iter().zip(verdicts) {
        match verdict {
            Ok(verdict) => {
                group.verdicts.push(verdict?);
                group.patients.push(patient);
            }
            Err(reason) => left_out.push(format!("{}: {reason}", path.display())),
        }
    }
    if let Some(first) = left_out.first() {
        let count = left_out.len();
        observer(Event::Warning(format!("{count} files of “{kind}” cannot be opened and are left out; {first}")));
    }
    Ok(group)
}

fn drawn(source: ExampleKind, examples: &Examples, seed: u64, gate: &Gate) -> Result<Group> {
    let look = |i: usize| {
        // Streams that neither training nor the choice of the threshold has drawn from.
        let mut rng = stream(seed + 2, Purpose::Augment, usize::MAX >> 42, i);
        let plane: Plane = examples.draw(source, true, DRAWN, &mut rng);
        gate.judge(&plane, None)
    };
    let verdicts = (0..COUNT).into_par_iter().map(look).collect::<std::result::Result<Vec<_>, _>>()?;
    let wanted = source.seen() == GateClass::Wanted;
    Ok(Group { kind: source.name(), wanted, patients: vec![String::new(); COUNT], verdicts })
}

fn metrics(groups: &[Group]) -> GateMetrics {
    let known: Vec<f64> = groups.iter().find(|g| g.wanted).map(Group::scores).unwrap_or_default();
    let rate = |group: &Group| {
        let accepted: Vec<f64> = group.verdicts.iter().map(|v| f64::from(u8::from(v.accepted))).collect();
        let own = group.scores();
        let positive: Vec<bool> = (0..known.len() + own.len()).map(|i| i < known.len()).collect();
        Rate {
            kind: group.kind.clone(),
            wanted: group.wanted,
            images: group.verdicts.len(),
            patients: group.patients(),
            accepted: group.verdicts.iter().filter(|v| v.accepted).count(),
            share: proportion::of(&accepted, &group.names()),
            auroc: if group.wanted { None } else { auroc(&[known.clone(), own].concat(), &positive) },
        }
    };
    let all: Vec<f64> = groups.iter().flat_map(Group::scores).collect();
    let positive: Vec<bool> = groups.iter().flat_map(|g| vec![g.wanted; g.verdicts.len()]).collect();
    let patients = |wanted: bool| groups.iter().filter(|g| g.wanted == wanted).map(Group::patients).sum::<usize>();
    let area = auroc(&all, &positive);
    GateMetrics {
        rates: groups.iter().map(rate).collect(),
        auroc: area,
        interval: area.and_then(|area| proportion::of_pairs(area, patients(true), patients(false))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(kind: &str, wanted: bool, patients: &[&str], scores: &[f32]) -> Group {
        let verdict =
            |score: &f32| GateVerdict { accepted: *score >= 0.5, ..GateVerdict::refused(*score, 0.5, String::new()) };
        Group {
            kind: kind.into(),
            wanted,
            patients: patients.iter().map(|p| (*p).to_owned()).collect(),
            verdicts: scores.iter().map(verdict).collect(),
        }
    }

    #[test]
    fn shares_are_of_images_and_areas_against_the_wanted_ones() {
        let wanted = group("wanted", true, &["a", "a", "b", "c"], &[0.9, 0.8, 0.7, 0.3]);
        let hands = group("hands", false, &["", ""], &[0.6, 0.0]);
        let found = metrics(&[wanted, hands]);
        let [wanted, hands] = found.rates.as_slice() else { panic!("two kinds") };
        assert_eq!((wanted.images, wanted.patients, wanted.accepted, wanted.auroc), (4, 3, 3, None));
        assert_eq!((hands.accepted, hands.share.map(|s| s.value)), (1, Some(0.5)));
        // Of the eight pairs one is lost: 0.3 against 0.6.
        assert_eq!((hands.auroc, found.auroc), (Some(0.875), Some(0.875)));
        assert!(found.interval.is_some_and(|(low, high)| low < 0.875 && high > 0.875));
    }
}
