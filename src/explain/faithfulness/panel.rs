//! The figures of one map beside its two control maps: plain data that the viewer draws, the
//! command line prints and the report files.

use serde::{Deserialize, Serialize};

use super::confidence::confidence;
use super::curves::{deletion, insertion};
use super::input_image::InputImage;
use super::randomization::Randomization;
use super::road::road;
use super::verdict::Verdict;
use super::{FaithfulnessError, Score, control_maps, curves, fitted, road};
use crate::explain::faithfulness::measure::{Measure, Measured, Measurement};
use crate::imaging::Plane;

/// The whole panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// Empty when the map marks no place more than another.
    pub measures: Vec<Measured>,
    /// [`super::sensitivity::max_sensitivity`], where it was asked for and is defined.
    pub sensitivity: Option<f64>,
    pub randomization: Option<Randomization>,
    /// The figures in one sentence that does not flatter.
    pub sentence: String,
}

impl Faithfulness {
    /// Puts the figures together and finds their sentence.
    #[must_use]
    pub fn new(measures: Vec<Measured>, sensitivity: Option<f64>, randomization: Option<Randomization>) -> Self {
        let sentence = Verdict::of(&measures, randomization.as_ref().map(|r| r.outcome)).sentence();
        Self { measures, sensitivity, randomization, sentence }
    }

    /// What the figures come to, before it is put into words.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.measures, self.randomization.as_ref().map(|r| r.outcome))
    }
}

/// Of the blob, in fractions of the sides.
const CENTER: (f64, f64) = (0.5, 0.5);

/// How the measures are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaithfulnessSettings {
    /// Of each curve.
    pub steps: usize,
    /// Standard deviation of the blur from which insertion starts, as a share of the image's
    /// shorter side.
    pub blur: f64,
    /// Of ROAD.
    pub percentiles: Vec<f64>,
    /// Of ROAD, in the units of the image.
    pub noise: f64,
    /// Columns and rows of the random map's grid; those of the map when `None`. A map that was
    /// painted on the pixels of the image from superpixels or patches is coarser than it looks.
    pub grid: Option<(usize, usize)>,
    pub seed: u64,
}

impl Default for FaithfulnessSettings {
    fn default() -> Self {
        Self {
            steps: curves::STEPS,
            blur: 0.05,
            percentiles: road::PERCENTILES.to_vec(),
            noise: road::NOISE,
            grid: None,
            seed: 0,
        }
    }
}

impl FaithfulnessSettings {
    /// Images that [`figures`] hands to the network where no control map is known.
    #[must_use]
    pub fn evaluations(&self) -> usize {
        3 * (self.ordered() + 2)
    }

    /// Of these, what is asked of one map about the order of its pixels.
    fn ordered(&self) -> usize {
        2 * (self.steps.max(1) + 1) + 2 * self.percentiles.len()
    }
}

/// What control maps read, so that maps of one image do not measure them again.
///
/// Maps that are equally coarse have the same random map. Of a centred blob, deletion, insertion
/// and ROAD see only the order of the pixels, which is the same for every size of the blob; the
/// drop is measured for each.
///
/// Of one image, one baseline, one score, and one [`FaithfulnessSettings`] but for the grid.
#[derive(Clone, Debug, Default)]
pub struct ControlMaps {
    blob: Option<[Measurement; 3]>,
    random: Vec<((usize, usize), [Measurement; 4])>,
}

impl ControlMaps {
    fn random(&self, grid: (usize, usize)) -> Option<[Measurement; 4]> {
        self.random.iter().find(|(known, _)| *known == grid).map(|(_, readings)| readings.clone())
    }
}

/// Every measure of a map and of its control maps, in the order of [`Measure::ALL`].
///
/// `map` comes as it is shown, larger where it marks more, at its own resolution; `baseline` is
/// what deletion and the drop put in place of pixels. A map that is the same everywhere marks
/// nothing: no figure, no evaluation.
pub fn figures<E: From<FaithfulnessError>>(
    picture: &InputImage,
    baseline: &InputImage,
    map: &Plane,
    settings: &FaithfulnessSettings,
    score: &mut Score<E>,
) -> Result<Vec<Measured>, E> {
    figures_beside(&mut ControlMaps::default(), picture, baseline, map, settings, score)
}

/// The same, using and adding to the control maps that are known.
pub fn figures_beside<E: From<FaithfulnessError>>(
    known: &mut ControlMaps,
    picture: &InputImage,
    baseline: &InputImage,
    map: &Plane,
    settings: &FaithfulnessSettings,
    score: &mut Score<E>,
) -> Result<Vec<Measured>, E> {
    let fitted = fitted(map, picture)?;
    picture.matched(baseline)?;
    if map.values.iter().all(|v| *v == map.values[0]) {
        return Ok(Vec::new());
    }
    let (width, height) = (picture.width, picture.height);
    let grid = settings.grid.unwrap_or((map.width, map.height));
    let grid = (grid.0.max(1), grid.1.max(1));
    let (steps, seed) = (settings.steps, settings.seed);
    let blurred = picture.blurred(settings.blur * width.min(height) as f64);
    let ordered = |map: &Plane, score: &mut Score<E>| -> Result<[Measurement; 3], E> {
        let deletion = deletion(picture, baseline, map, steps, seed, score)?;
        let insertion = insertion(picture, &blurred, map, steps, seed, score)?;
        let road = road(picture, map, &settings.percentiles, settings.noise, seed, score)?;
        let half = road.most.iter().zip(&road.least).map(|(m, l)| [m[0], (l[1] - m[1]) / 2.0]);
        Ok([
            Measurement { value: deletion.auc, curve: deletion.points },
            Measurement { value: insertion.auc, curve: insertion.points },
            Measurement { value: road.combined, curve: half.collect() },
        ])
    };
    let drop = |map: &Plane, score: &mut Score<E>| -> Result<Measurement, E> {
        Ok(Measurement { value: confidence(picture, baseline, map, score)?.drop, curve: Vec::new() })
    };
    let with = |[deletion, insertion, road]: [Measurement; 3], drop| [deletion, insertion, road, drop];
    let map = with(ordered(&fitted, score)?, drop(&fitted, score)?);
    let order = match known.blob.clone() {
        Some(order) => order,
        // As broad as the image: far from a small one all pixels would be 0, and their order a
        // random one.
        None => known.blob.insert(ordered(&control_maps::blob(width, height, CENTER, 1.0), score)?).clone(),
    };
    let blob = with(order, drop(&control_maps::blob(width, height, CENTER, control_maps::area(&fitted)), score)?);
    let random = if let Some(random) = known.random(grid) {
        random
    } else {
        let random = control_maps::random(grid.0, grid.1, width, height, settings.seed);
        let random = with(ordered(&random, score)?, drop(&random, score)?);
        known.random.push((grid, random.clone()));
        random
    };
    let controls = map.into_iter().zip(blob).zip(random);
    let figures = Measure::ALL.into_iter().zip(controls).map(|(measure, ((map, blob), random))| Measured {
        measure,
        better: measure.better(),
        map,
        blob,
        random,
    });
    Ok(figures.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::testing::{Stop, black, left_quarter, picture, right_map, wrong_map};

    fn small() -> FaithfulnessSettings {
        FaithfulnessSettings { steps: 8, grid: Some((4, 3)), ..FaithfulnessSettings::default() }
    }

    #[test]
    fn the_right_map_beats_both_control_maps_and_the_wrong_one_does_not() {
        let of = |map: &Plane| {
            Faithfulness::new(figures(&picture(), &black(), map, &small(), &mut left_quarter).unwrap(), None, None)
        };
        let right = of(&right_map());
        assert_eq!(right.measures.iter().map(|f| f.measure).collect::<Vec<_>>(), Measure::ALL);
        assert_eq!(right.measures[0].map.curve.len(), 9);
        assert_eq!(right.measures[2].map.curve.len(), 4);
        assert!(right.sentence.contains("better than a centred blob and a random map on all 4"), "{}", right.sentence);
        let wrong = of(&wrong_map());
        assert!(wrong.sentence.contains("not better"), "{}", wrong.sentence);
    }

    #[test]
    fn the_number_of_evaluations_is_told_before() {
        let mut count = 0;
        let mut score = |pictures: &[InputImage]| {
            count += pictures.len();
            left_quarter(pictures)
        };
        figures(&picture(), &black(), &right_map(), &small(), &mut score).unwrap();
        assert_eq!(count, small().evaluations());
    }

    #[test]
    fn maps_of_a_picture_share_their_control_maps() {
        let mut known = ControlMaps::default();
        let (ordered, drop) = (small().ordered(), 2);
        for (map, grid, of_controls) in [
            (right_map(), (4, 3), 2 * (ordered + drop)),
            (wrong_map(), (4, 3), drop),
            (right_map(), (2, 2), drop + ordered + drop),
        ] {
            let settings = FaithfulnessSettings { grid: Some(grid), ..small() };
            let mut count = 0;
            let mut score = |pictures: &[InputImage]| {
                count += pictures.len();
                left_quarter(pictures)
            };
            let shared = figures_beside(&mut known, &picture(), &black(), &map, &settings, &mut score).unwrap();
            assert_eq!(count, ordered + drop + of_controls);
            assert_eq!(shared, figures(&picture(), &black(), &map, &settings, &mut left_quarter).unwrap());
        }
    }

    #[test]
    fn blobs_of_every_size_have_one_order() {
        let mut total = |pictures: &[InputImage]| {
            let totals = pictures.iter().map(|p| p.values.iter().map(|v| f64::from(*v)).sum());
            Ok::<_, Stop>(totals.collect::<Vec<f64>>())
        };
        let mut place = |area| {
            let blob = control_maps::blob(90, 60, CENTER, area);
            deletion(&wide(), &wide().filled(0.0), &blob, 10, 3, &mut total).unwrap()
        };
        assert_eq!(place(1.0), place(0.1));
        assert_eq!(place(1.0), place(0.02));
    }

    /// An image on which every pixel counts another amount.
    fn wide() -> InputImage {
        InputImage { channels: 1, width: 90, height: 60, values: (0..90 * 60).map(|i| (i * 37 % 101) as f32).collect() }
    }

    #[test]
    fn a_constant_map_marks_nothing_and_costs_nothing() {
        let mut never = |_: &[InputImage]| -> Result<Vec<f64>, Stop> { panic!("the network is not needed") };
        for map in [Plane::filled(1, 1, 0.7), Plane::filled(7, 7, 0.0)] {
            assert!(figures(&picture(), &black(), &map, &small(), &mut never).unwrap().is_empty());
        }
    }

    #[test]
    fn a_constant_picture_gives_numbers() {
        let flat = picture().filled(0.3);
        let figures = figures(&flat, &black(), &right_map(), &small(), &mut left_quarter).unwrap();
        for figure in figures {
            assert!([&figure.map, &figure.blob, &figure.random].iter().all(|r| r.value.is_finite()));
        }
    }

    #[test]
    fn cancelling_at_every_call_stops_there() {
        let mut total = 0;
        let mut counting = |pictures: &[InputImage]| {
            total += 1;
            left_quarter(pictures)
        };
        figures(&picture(), &black(), &right_map(), &small(), &mut counting).unwrap();
        for stop in 1..=total {
            let mut calls = 0;
            let mut score = |pictures: &[InputImage]| {
                calls += 1;
                if calls == stop { Err(Stop::Cancelled) } else { left_quarter(pictures) }
            };
            assert_eq!(figures(&picture(), &black(), &right_map(), &small(), &mut score), Err(Stop::Cancelled));
            assert_eq!(calls, stop);
        }
    }

    #[test]
    fn a_panel_reads_back_what_it_wrote() {
        let measures = figures(&picture(), &black(), &right_map(), &small(), &mut left_quarter).unwrap();
        let trust = Faithfulness::new(measures, Some(0.25), None);
        let text = serde_json::to_string(&trust).unwrap();
        assert!(text.contains("\"deletion\"") && text.contains("\"lower\""));
        assert!(Measure::ALL.iter().all(|m| text.contains(&format!("\"{}\"", m.key()))));
        assert_eq!(serde_json::from_str::<Faithfulness>(&text).unwrap(), trust);
    }
}
