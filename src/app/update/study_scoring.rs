//! One result for the study of the image on screen: asks the worker to judge its other images,
//! behind everything else.

use std::sync::Arc;

use super::effect::Effect;
use crate::app::state::State;
use crate::app::state::study_scoring::{StudyProgress, StudyScoring};
use crate::engine::Request;
use crate::engine::study_members::StudyMembers;
use crate::limits;
use crate::study::patients::Patients;
use crate::study::unit::GroupedBy;

/// Studies of more images are judged when the reader asks for it.
const BY_ITSELF: usize = 60;

/// Finds the study of the image that was analysed, and has a small one judged.
pub(super) fn begin(state: &mut State) -> Vec<Effect> {
    // Cases of one patient in a reader study are no study of that patient.
    if state.reading.is_some() {
        return Vec::new();
    }
    state.results.study = study(state);
    match &state.results.study {
        Some(study) if study.images.len() <= BY_ITSELF => ask(state),
        _ => Vec::new(),
    }
}

/// The study or series of the image on screen, as the model's calibration has it; nothing where it
/// has one image only, or more than a report can hold.
fn study(state: &State) -> Option<StudyScoring> {
    let (entry, _) = state.current()?;
    let unit = state.model_info()?.study_unit();
    let patients = Patients::default();
    let key = unit.of(entry, &patients);
    if key.by == GroupedBy::Nothing {
        return None;
    }
    let images = state.images.iter().filter(|image| image.has_pixels && unit.of(image, &patients) == key);
    let images: Vec<_> = images.cloned().collect();
    let several = (2..=limits::REPORT_STUDY_IMAGES).contains(&images.len());
    several.then(|| StudyScoring { unit, key, images: Arc::new(images), progress: StudyProgress::Waiting })
}

/// Has the images judged that are not yet.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let generation = state.generation;
    match &mut state.results.study {
        Some(study) if matches!(study.progress, StudyProgress::Waiting) => {
            study.progress = StudyProgress::Running { done: 0 };
            vec![Effect::Ask(Request::Study { generation, images: study.images.clone() })]
        }
        _ => Vec::new(),
    }
}

/// Has no more of them judged; what is known already stays known.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    let generation = state.generation;
    match &mut state.results.study {
        Some(study) if matches!(study.progress, StudyProgress::Running { .. }) => {
            study.progress = StudyProgress::Waiting;
            vec![Effect::Ask(Request::Study { generation, images: Arc::default() })]
        }
        _ => Vec::new(),
    }
}

/// So many are judged.
pub(super) fn progressed(state: &mut State, judged: usize) {
    if let Some(StudyScoring { progress: StudyProgress::Running { done }, .. }) = &mut state.results.study {
        *done = judged;
    }
}

/// All of them are.
pub(super) fn judged(state: &mut State, members: Arc<StudyMembers>) {
    if let Some(study) = &mut state.results.study {
        study.progress = StudyProgress::Judged(members);
    }
}
