//! Drop and increase in confidence (Chattopadhyay et al. 2018, Grad-CAM++): is what the map marks
//! enough for the network?
//!
//! The image `x` is weighted by the map `m` of 0–1 and shown on a baseline `b`: `m·x + (1 − m)·b`.
//! With `Y` the score of the whole and `O` that of the weighted image, the drop is
//! `max(0, Y − O)/Y`, and the confidence increases when `O > Y`. The paper gives the mean of the
//! drop over images in per cent, and the share of images with an increase.
//!
//! A map that marks everything drops nothing, so a drop says little without that of a control map
//! of the same size.

use serde::{Deserialize, Serialize};

use super::input_image::InputImage;
use super::{FaithfulnessError, Score, fitted, positive_part, scores};
use crate::imaging::Plane;

/// What is left of the score when only what the map marks is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Confidence {
    /// Score of the image itself.
    pub whole: f64,
    /// Score of the weighted image.
    pub kept: f64,
    /// 0 (nothing is lost) to 1; 0 when the score of the image is not above 0, for then nothing can
    /// be lost.
    pub drop: f64,
    pub increase: bool,
}

/// Weighs the image by the positive part of the map (its maximum 1) and asks for both scores. Two
/// evaluations.
pub(super) fn confidence<E: From<FaithfulnessError>>(
    picture: &InputImage,
    baseline: &InputImage,
    map: &Plane,
    score: &mut Score<E>,
) -> Result<Confidence, E> {
    let share = positive_part(&fitted(map, picture)?);
    picture.matched(baseline)?;
    let scores = scores([picture.clone(), picture.blended(&share, baseline)].into_iter(), score)?;
    let (whole, kept) = (scores[0], scores[1]);
    let drop = if whole > 0.0 { ((whole - kept) / whole).clamp(0.0, 1.0) } else { 0.0 };
    Ok(Confidence { whole, kept, drop, increase: kept > whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::testing::{Stop, black, left_quarter, picture, right_map, wrong_map};

    fn of(map: &Plane) -> Confidence {
        confidence(&picture(), &black(), map, &mut left_quarter).unwrap()
    }

    #[test]
    fn what_counts_is_enough_and_the_rest_is_not() {
        assert_eq!(of(&right_map()), Confidence { whole: 1.0, kept: 1.0, drop: 0.0, increase: false });
        assert_eq!(of(&wrong_map()).drop, 1.0);
        let doubtful = Plane { values: wrong_map().values.iter().map(|v| v + 0.5).collect(), ..wrong_map() };
        assert!((of(&doubtful).drop - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_map_without_evidence_keeps_nothing_and_one_of_everything_all() {
        assert_eq!(of(&Plane::filled(16, 12, 0.0)).drop, 1.0);
        assert_eq!(of(&Plane::filled(1, 1, -2.0)).drop, 1.0);
        assert_eq!(of(&Plane::filled(1, 1, 2.0)).drop, 0.0);
    }

    #[test]
    fn a_distraction_left_out_increases_the_confidence() {
        let mut score = |p: &[InputImage]| {
            Ok::<_, Stop>(p.iter().map(|p| 1.0 - f64::from(p.values[15]) / 2.0).collect::<Vec<f64>>())
        };
        let figures = confidence(&picture(), &black(), &right_map(), &mut score).unwrap();
        assert!(figures.increase);
        assert_eq!(figures.drop, 0.0);
    }

    #[test]
    fn a_score_of_zero_has_nothing_to_lose() {
        let mut zero = |p: &[InputImage]| Ok::<_, Stop>(vec![0.0; p.len()]);
        assert_eq!(confidence(&picture(), &black(), &right_map(), &mut zero).unwrap().drop, 0.0);
    }
}
