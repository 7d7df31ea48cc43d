//! The images of one study or series, as models judged them one by one, on the way to one result.
//!
//! `predict --by`, the viewer and the case report gather images here and pool them by
//! [`StudyResult::of`], so they cannot disagree. An image that no model fits, that the gate refuses
//! or that cannot be read takes no part and is named; where images of a study are judged by
//! different models, each model has a result of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model_selection::Choice;
use super::study_result::{StudyImage, StudyResult};
use super::{Analysis, AnalysisOptions, ModelInfo, Score};
use crate::model::gate::GateVerdict;
use crate::model::manifest::Label;
use crate::model::population::PopulationVerdict;
use crate::study::unit::Unit;

/// How an image of a study is analysed: scores alone, for samples and maps of single images have no
/// place in its result.
#[must_use]
pub fn options() -> AnalysisOptions {
    AnalysisOptions { methods: Vec::new(), samples: 0, ..AnalysisOptions::default() }
}

/// A scored image.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub path: PathBuf,
    pub labels: Vec<Score>,
    pub groups: Vec<Score>,
    pub gate: Option<GateVerdict>,
    pub population: Option<PopulationVerdict>,
}

/// An image that takes no part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its path, as it was given.
    pub image: String,
    /// A sentence.
    pub reason: String,
}

/// What became of one image of a study.
#[derive(Clone, Debug)]
pub enum Judged {
    Scored(Arc<ModelInfo>, Box<Member>),
    LeftOut(LeftOut),
}

impl Judged {
    /// Of an image, the choice of its model, and what that model made of it; no outcome where no
    /// model fits.
    #[must_use]
    pub fn of(path: &Path, choice: &Choice, outcome: Option<(&Arc<ModelInfo>, &Analysis)>) -> Self {
        match outcome {
            Some((model, analysis)) if analysis.scored => {
                let Analysis { labels, groups, gate, population, .. } = analysis.clone();
                let member = Member { path: path.to_owned(), labels, groups, gate, population };
                Self::Scored(model.clone(), Box::new(member))
            }
            Some((_, Analysis { gate: Some(gate), .. })) => Self::left_out(path, &gate.reason),
            _ => Self::left_out(path, &choice.because),
        }
    }

    /// An image that takes no part, and why.
    #[must_use]
    pub fn left_out(path: &Path, reason: &str) -> Self {
        Self::LeftOut(LeftOut { image: path.display().to_string(), reason: reason.to_owned() })
    }
}

/// The images of a study.
#[derive(Clone, Debug, Default)]
pub struct StudyMembers {
    /// By the model that judged them.
    pub by_model: Vec<(Arc<ModelInfo>, Vec<Member>)>,
    pub left_out: Vec<LeftOut>,
}

impl StudyMembers {
    /// Adds an image.
    pub fn push(&mut self, image: Judged) {
        match image {
            Judged::LeftOut(image) => self.left_out.push(image),
            Judged::Scored(model, member) => {
                match self.by_model.iter_mut().find(|(own, _)| own.sha256 == model.sha256) {
                    Some((_, members)) => members.push(*member),
                    None => self.by_model.push((model, vec![*member])),
                }
            }
        }
    }

    /// The images that a model scored.
    #[must_use]
    pub fn scored_by(&self, sha256: &str) -> &[Member] {
        self.by_model.iter().find(|(own, _)| own.sha256 == sha256).map_or(&[], |(_, members)| members)
    }

    /// The result by a model; `normal` finds the label that says that nothing is found. `None` where
    /// the model scored none of the images.
    #[must_use]
    pub fn result(
        &self,
        sha256: &str,
        unit: Unit,
        error_rate: f64,
        normal: impl Fn(&[Label]) -> Option<usize>,
    ) -> Option<StudyResult> {
        let (model, members) = self.by_model.iter().find(|(own, _)| own.sha256 == sha256)?;
        let images: Vec<StudyImage<'_>> = members
            .iter()
            .map(|member| StudyImage {
                labels: &member.labels,
                groups: &member.groups,
                gate: member.gate.as_ref(),
                population: member.population.as_ref(),
            })
            .collect();
        let normal = normal(&model.manifest.labels);
        StudyResult::of(&model.manifest, &model.calibration, normal, unit, &images, error_rate)
    }
}

impl FromIterator<Judged> for StudyMembers {
    fn from_iter<T: IntoIterator<Item = Judged>>(images: T) -> Self {
        let mut all = Self::default();
        images.into_iter().for_each(|image| all.push(image));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample_scores::{manifest, scored as scores};
    use crate::model::calibration::CalibrationError;

    fn model(sha256: &str) -> Arc<ModelInfo> {
        Arc::new(ModelInfo {
            manifest: Arc::new(manifest()),
            sha256: sha256.into(),
            device: "CPU".into(),
            layers: Vec::new(),
            stochastic: true,
            no_class_attention: None,
            background: None,
            calibration: Arc::new(Err(CalibrationError::Missing)),
            ensemble: Vec::new(),
        })
    }

    fn scored(path: &str, sha256: &str, normal: f32) -> Judged {
        let (labels, groups) = scores([normal, 1.0 - normal, 0.0]);
        let member = Member { path: path.into(), labels, groups, gate: None, population: None };
        Judged::Scored(model(sha256), Box::new(member))
    }

    #[test]
    fn each_model_has_a_result_of_the_images_that_it_scored() {
        let images = [scored("a", "one", 0.9), scored("b", "two", 0.2), scored("c", "one", 0.4)];
        let mut all: StudyMembers = images.into_iter().collect();
        all.push(Judged::left_out(Path::new("d"), "A hand."));
        let result = |sha256| all.result(sha256, Unit::Study, 0.1, |_| Some(0));
        let one = result("one").unwrap();
        assert_eq!((one.images, one.scores[1].score, one.scores[1].decisive_image), (2, 0.6, 1));
        // The label that says that nothing is found holds as far as it does for every image.
        assert_eq!(one.scores[0].score, 0.4);
        assert_eq!(all.scored_by("one")[1].path, Path::new("c"));
        assert_eq!((result("two").unwrap().images, result("three")), (1, None));
        assert_eq!(all.left_out, [LeftOut { image: "d".into(), reason: "A hand.".into() }]);
    }
}
