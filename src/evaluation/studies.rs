//! How the images of a study become one score, chosen on a labelled set, and the thresholds and cuts
//! of that score.
//!
//! A study shows a finding where one of its images is known to, and shows none where all are known
//! not to; a label that says *nothing found* holds for a study where it holds for all images. Of
//! the pools ([`crate::model::study_pool`]) the one with the highest AUROC of studies is taken, the
//! mean over the findings; of equals the simplest. Thresholds and conformal cuts are then those of
//! the pooled score, one a study, so their error rates are rates of studies.
//!
//! What it does not do: several studies of one patient count as several, and a pool that was chosen
//! on the same studies flatters a little, as the note says.

use std::collections::BTreeMap;
use std::path::Path;

use super::predictions::Predictions;
use super::roc;
use super::thresholds::Rule;
use super::truth::normal_label;
use crate::model::conformal::{Cuts, RISKS};
use crate::model::manifest::Manifest;
use crate::model::study_calibration::{StudyCalibration, StudyTarget};
use crate::model::study_pool::StudyPool;
use crate::stats::mean;
use crate::study::Identity;
use crate::study::unit::{GroupedBy, Unit, UnitKey};

/// Pools that are tried, the simplest first.
const TRIED: [StudyPool; 6] = [
    StudyPool::Maximum,
    StudyPool::TopMean(2),
    StudyPool::TopMean(3),
    StudyPool::TopMean(5),
    StudyPool::TopMean(10),
    StudyPool::NoisyOr,
];
/// Part of the studies whose number of images may lie below the range that is kept, and above it.
const TAIL: f64 = 0.05;

/// Why there is nothing to calibrate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StudiesError {
    #[error(
        "no {} can be judged as one: no finding is known to be in some and known to be absent from others of the {found} {}; add the other ones",
        unit.name(), unit.several()
    )]
    OneKind { unit: Unit, found: usize },
}

/// What came of the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct ChosenPool {
    pub calibration: StudyCalibration,
    /// Every pool that was tried, with its mean AUROC over the findings.
    pub tried: Vec<(StudyPool, f64)>,
    /// Units by what told their images together.
    pub grouped: BTreeMap<GroupedBy, usize>,
}

/// The studies or series of a set.
pub(super) struct Units<'a> {
    pub set: &'a Predictions,
    /// Rows of each.
    pub rows: Vec<Vec<usize>>,
    /// The label that says that nothing is found.
    pub normal: Option<usize>,
}

impl Units<'_> {
    /// What is known of a target in each.
    pub(super) fn truth(&self, target: usize) -> Vec<Option<bool>> {
        let decisive = self.normal != Some(target);
        let of = |rows: &Vec<usize>| {
            let known = || rows.iter().map(|&i| self.set.rows[i].truth[target]);
            // One image decides for a finding, one against there being none.
            if known().any(|truth| truth == Some(decisive)) {
                return Some(decisive);
            }
            known().all(|truth| truth == Some(!decisive)).then_some(!decisive)
        };
        self.rows.iter().map(of).collect()
    }

    /// The pooled score of a target in each.
    pub(super) fn scores(&self, target: usize, pool: StudyPool) -> Vec<f64> {
        let of = |rows: &Vec<usize>| {
            let images: Vec<f64> = rows.iter().map(|&i| self.set.rows[i].probability[target]).collect();
            let score = if self.normal == Some(target) { pool.score_of_nothing(&images) } else { pool.score(&images) };
            score.unwrap_or(0.0)
        };
        self.rows.iter().map(of).collect()
    }

    /// Scores and truths of a target where the truth is known.
    fn known(&self, target: usize, pool: StudyPool) -> (Vec<f64>, Vec<bool>) {
        let all = self.scores(target, pool).into_iter().zip(self.truth(target));
        all.filter_map(|(score, truth)| Some((score, truth?))).unzip()
    }

    /// Mean AUROC over the targets that some show and some do not.
    fn auroc(&self, pool: StudyPool) -> Option<f64> {
        mean((0..self.set.targets.len()).filter_map(|target| {
            let (scores, positive) = self.known(target, pool);
            roc::auroc(&scores, &positive)
        }))
    }

    fn target(&self, target: usize, pool: StudyPool, rule: Rule) -> StudyTarget {
        let (scores, positive) = self.known(target, pool);
        let of = |kind: bool| -> Vec<f32> {
            scores.iter().zip(&positive).filter(|(_, p)| **p == kind).map(|(score, _)| *score as f32).collect()
        };
        let (with, without) = (of(true), of(false));
        let cuts: Vec<Cuts> = RISKS.iter().map(|risk| Cuts::of(&with, &without, *risk)).collect();
        StudyTarget {
            name: self.set.targets[target].name.clone(),
            with: with.len(),
            without: without.len(),
            threshold: rule.choose(&scores, &positive).map(|threshold| threshold as f32),
            auroc: roc::auroc(&scores, &positive),
            present_above: cuts.iter().map(|cut| cut.present_above.clamp(0.0, 1.0)).collect(),
            absent_below: cuts.iter().map(|cut| cut.absent_below.clamp(0.0, 1.0)).collect(),
        }
    }

    /// Numbers of images of the middle nine tenths of them, at least.
    fn images(&self) -> [usize; 2] {
        let mut counts: Vec<usize> = self.rows.iter().map(Vec::len).collect();
        counts.sort_unstable();
        let Some(last) = counts.len().checked_sub(1) else { return [1, 1] };
        let at = |share: f64| share * last as f64;
        [counts[at(TAIL).floor() as usize], counts[at(1.0 - TAIL).ceil() as usize]]
    }
}

/// The rows of each study or series, in the order in which they come; `identities` are those of the
/// rows.
#[must_use]
pub fn units(set: &Predictions, identities: &[Identity], unit: Unit) -> Vec<(UnitKey, Vec<usize>)> {
    let mut found: Vec<(UnitKey, Vec<usize>)> = Vec::new();
    let mut places: BTreeMap<UnitKey, usize> = BTreeMap::new();
    for (i, (row, identity)) in set.rows.iter().zip(identities).enumerate() {
        let key = unit.key(identity, Some(&row.patient), Path::new(&row.image));
        let place = *places.entry(key.clone()).or_insert(found.len());
        if place == found.len() {
            found.push((key, Vec::new()));
        }
        found[place].1.push(i);
    }
    found
}

/// Chooses pool, thresholds and cuts on the studies or series of `set`; the pool is `asked` where
/// somebody named one, thresholds follow from `rule`.
///
/// # Errors
/// When no target is known to be in some of them and absent from others.
pub fn choose(
    manifest: &Manifest,
    set: &Predictions,
    identities: &[Identity],
    unit: Unit,
    asked: Option<StudyPool>,
    rule: Rule,
) -> Result<ChosenPool, StudiesError> {
    let found = units(set, identities, unit);
    let mut grouped = BTreeMap::new();
    found.iter().for_each(|(key, _)| *grouped.entry(key.by).or_default() += 1);
    let rows: Vec<Vec<usize>> = found.into_iter().map(|(_, rows)| rows).collect();
    let units = Units { set, rows, normal: normal_label(&manifest.labels) };
    let most = units.rows.iter().map(Vec::len).max().unwrap_or(0);
    let useful = |pool: &StudyPool| !matches!(pool, StudyPool::TopMean(k) if *k > most);
    let candidates: Vec<StudyPool> =
        asked.map_or_else(|| TRIED.into_iter().filter(useful).collect(), |pool| vec![pool]);
    let tried: Vec<(StudyPool, f64)> =
        candidates.into_iter().filter_map(|pool| Some((pool, units.auroc(pool)?))).collect();
    // Rounding must not decide between equals.
    let better = |best: (StudyPool, f64), next: (StudyPool, f64)| if next.1 > best.1 + 1e-9 { next } else { best };
    let (pool, _) =
        tried.iter().copied().reduce(better).ok_or(StudiesError::OneKind { unit, found: units.rows.len() })?;
    let several = unit.several();
    let note = match asked {
        Some(_) => format!("The pool was named; thresholds ({rule}) and cuts are of these {several}."),
        None if most < 2 => format!("Each of these {several} has one image, so there was nothing to pool."),
        None => format!(
            "The pool was chosen on these {several} themselves, by the mean AUROC of the findings, and so were thresholds ({rule}) and cuts: \
             the stated error rate holds nearly, not strictly."
        ),
    };
    let calibration = StudyCalibration {
        unit,
        pool,
        units: units.rows.len(),
        images: units.images(),
        note,
        targets: (0..set.targets.len()).map(|target| units.target(target, pool, rule)).collect(),
    };
    Ok(ChosenPool { calibration, tried, grouped })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::{Prediction, Target};
    use crate::evaluation::truth::tests::chest;
    use crate::model::conformal::{RISK, Verdict};

    /// Images `(study, truth, probability of Pneumonia)` of the model of [`chest`].
    fn set(images: &[(&str, Option<bool>, f64)]) -> (Predictions, Vec<Identity>) {
        let names = ["Normal", "Bacterial pneumonia", "Viral pneumonia", "Pneumonia"];
        let row = |(i, (_, ill, p)): (usize, &(&str, Option<bool>, f64))| Prediction {
            image: format!("{i}.png"),
            patient: String::new(),
            truth: vec![ill.map(|ill| !ill), None, None, *ill],
            probability: vec![1.0 - p, *p, 0.0, *p],
            says: vec![*p < 0.5, *p >= 0.5, false, *p >= 0.5],
            logits: vec![0.0; 3],
            facts: BTreeMap::new(),
        };
        let identity = |(study, ..): &(&str, Option<bool>, f64)| Identity {
            study_uid: (*study).into(),
            series_uid: String::new(),
            sop_instance_uid: String::new(),
        };
        let targets = names.iter().enumerate().map(|(i, n)| Target { name: (*n).into(), group: i == 3 }).collect();
        let set = Predictions { head: chest().head, targets, rows: images.iter().enumerate().map(row).collect() };
        (set, images.iter().map(identity).collect())
    }

    #[test]
    fn a_study_is_ill_where_an_image_is_and_normal_where_all_are() {
        let (set, identities) = set(&[
            ("1", Some(false), 0.1),
            ("2", Some(false), 0.2),
            ("1", Some(true), 0.9),
            ("2", Some(false), 0.4),
            ("3", None, 0.3),
            ("3", Some(false), 0.3),
        ]);
        let rows: Vec<Vec<usize>> = units(&set, &identities, Unit::Study).into_iter().map(|(_, rows)| rows).collect();
        assert_eq!(rows, [vec![0, 2], vec![1, 3], vec![4, 5]]);
        let units = Units { set: &set, rows, normal: Some(0) };
        assert_eq!(units.truth(3), [Some(true), Some(false), None]);
        assert_eq!(units.truth(0), [Some(false), Some(true), None]);
        assert_eq!(units.scores(3, StudyPool::Maximum), [0.9, 0.4, 0.3]);
        let normal = units.scores(0, StudyPool::Maximum);
        assert!((normal[0] - 0.1).abs() < 1e-12 && (normal[1] - 0.6).abs() < 1e-12, "{normal:?}");
        assert_eq!(units.images(), [2, 2]);
    }

    #[test]
    fn the_pool_that_tells_studies_apart_is_chosen() {
        // Ill studies have two images at 0.7, healthy ones a single outlier at 0.9.
        let names: Vec<String> = (0..40).map(|i| format!("1.{i}")).collect();
        let mut images: Vec<(&str, Option<bool>, f64)> = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let ill = i % 2 == 0;
            let scores = if ill { [0.7, 0.7, 0.1] } else { [0.9, 0.1, 0.1] };
            images.extend(scores.map(|p| (name.as_str(), Some(ill && p > 0.5), p + i as f64 * 1e-3)));
        }
        let (set, identities) = set(&images);
        let chosen = choose(&chest(), &set, &identities, Unit::Study, None, Rule::Youden).unwrap();
        let study = &chosen.calibration;
        assert_eq!((study.pool, study.units, study.images), (StudyPool::TopMean(2), 40, [3, 3]));
        assert_eq!(chosen.grouped, [(GroupedBy::Uid, 40)].into());
        assert!(study.note.contains("holds nearly, not strictly"));
        assert!(chosen.tried.iter().all(|(pool, _)| *pool != StudyPool::TopMean(5)), "no study has five images");
        let target = study.target("Pneumonia").unwrap();
        assert_eq!((target.with, target.without, target.auroc), (20, 20, Some(1.0)));
        // Between 0.5 and a little and 0.7 and a little.
        assert!((0.5..0.71).contains(&target.threshold.unwrap()));
        let cuts = target.cuts(&RISKS)[RISKS.iter().position(|r| *r == RISK).unwrap()];
        assert_eq!((cuts.judge(0.75), cuts.judge(0.45)), (Verdict::Present, Verdict::Absent));
        let named = choose(&chest(), &set, &identities, Unit::Study, Some(StudyPool::Maximum), Rule::Youden).unwrap();
        assert_eq!((named.calibration.pool, named.tried.len()), (StudyPool::Maximum, 1));
    }

    #[test]
    fn of_single_images_the_simplest_pool_is_taken() {
        let images = [("1", Some(true), 0.9), ("2", Some(false), 0.2), ("3", Some(true), 0.6), ("4", Some(false), 0.7)];
        let (set, identities) = set(&images);
        let study = choose(&chest(), &set, &identities, Unit::Study, None, Rule::Youden).unwrap().calibration;
        assert_eq!((study.pool, study.images), (StudyPool::Maximum, [1, 1]));
        assert!(study.note.contains("nothing to pool"));
    }

    #[test]
    fn studies_of_one_kind_allow_nothing() {
        let (set, identities) = set(&[("1", Some(true), 0.9), ("2", Some(true), 0.8)]);
        let error = choose(&chest(), &set, &identities, Unit::Study, None, Rule::Youden).unwrap_err().to_string();
        assert!(error.contains("of the 2 studies"), "{error}");
    }

    #[test]
    fn the_error_rate_is_one_of_studies_whatever_the_number_of_their_images() {
        use rand::{Rng as _, SeedableRng as _};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let names: Vec<String> = (0..800).map(|i| format!("1.{i}")).collect();
        let mut images: Vec<(&str, Option<bool>, f64)> = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let (ill, n) = (i % 2 == 0, random.random_range(10..30));
            for k in 0..n {
                let shown = ill && k < 2;
                let p: f64 = if shown { 0.5 + 0.5 * random.random::<f64>() } else { random.random::<f64>() * 0.95 };
                images.push((name, Some(shown), p));
            }
        }
        let (set, identities) = set(&images);
        // The first half calibrates, the second is judged.
        let part = |first: bool| {
            let own = |i: &usize| (identities[*i].study_uid[2..].parse::<usize>().unwrap() < 400) == first;
            let rows: Vec<usize> = (0..set.rows.len()).filter(own).collect();
            let picked = Predictions { rows: rows.iter().map(|&i| set.rows[i].clone()).collect(), ..set.clone() };
            (picked, rows.iter().map(|&i| identities[i].clone()).collect::<Vec<_>>())
        };
        let (calibrating, judged) = (part(true), part(false));
        let study =
            choose(&chest(), &calibrating.0, &calibrating.1, Unit::Study, None, Rule::Youden).unwrap().calibration;
        let cuts = study.target("Pneumonia").unwrap().cuts(&RISKS)[3];
        let rows = units(&judged.0, &judged.1, Unit::Study).into_iter().map(|(_, rows)| rows).collect();
        let judged = Units { set: &judged.0, rows, normal: Some(0) };
        let (scores, ill) = judged.known(3, study.pool);
        let wrong = |kind: bool, verdict| {
            let own: Vec<f64> = scores.iter().zip(&ill).filter(|(_, i)| **i == kind).map(|(s, _)| *s).collect();
            own.iter().filter(|s| cuts.judge(**s as f32) == verdict).count() as f64 / own.len() as f64
        };
        // 10 % of 200 studies, and four standard deviations of both halves.
        assert!(wrong(true, Verdict::Absent) < 0.22 && wrong(false, Verdict::Present) < 0.22);
        // A cut that is wrong of one healthy slice in ten is wrong of most healthy studies.
        let singles = judged.scores(3, StudyPool::Maximum);
        let called = singles.iter().zip(&ill).filter(|(s, ill)| !**ill && **s > 0.855).count();
        assert!(called > 120, "{called} of 200");
    }
}
