//! How long each image of a stack stays on screen when it plays: what the Cine and Multi-frame
//! Modules say (PS3.3 C.7.6.5, C.7.6.6; Recommended Display Frame Rate in C.7.6.5).
//!
//! The time between frames as they were taken comes first: Frame Time Vector, then Frame Time. Where
//! the file has neither, it is the rate at which it wants to be shown: Recommended Display Frame
//! Rate, then Cine Rate. Times of single frames of enhanced objects, Frame Delay and trims are not
//! read.

use std::time::Duration;

use dicom_dictionary_std::tags;

use super::dataset::Dataset;

/// Shortest and longest time between two frames that is believed, in milliseconds.
const SOUND: std::ops::RangeInclusive<f64> = 1.0..=60_000.0;
/// Images a second where the file says nothing of it.
const USUAL_RATE: f64 = 10.0;

/// Which attribute tells how fast a stack plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimingSource {
    FrameTimeVector,
    FrameTime,
    RecommendedDisplayFrameRate,
    CineRate,
    /// None: ten images a second is taken.
    #[default]
    Nothing,
}

impl TimingSource {
    /// As a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::FrameTimeVector => "The times between frames are those of the file (Frame Time Vector)",
            Self::FrameTime => "The time between frames is that of the file (Frame Time)",
            Self::RecommendedDisplayFrameRate => {
                "The rate is the one that the file asks for (Recommended Display Frame Rate)"
            }
            Self::CineRate => "The rate is the one that the file asks for (Cine Rate)",
            Self::Nothing => "The file says nothing of time: 10 images a second",
        }
    }
}

/// How fast a stack plays.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameTiming {
    pub source: TimingSource,
    /// Milliseconds that each frame stays; one value for all, or one a frame.
    milliseconds: Vec<f64>,
    /// Plays forth and back (Preferred Playback Sequencing).
    pub sweeps: bool,
}

impl Default for FrameTiming {
    fn default() -> Self {
        Self { source: TimingSource::Nothing, milliseconds: vec![1000.0 / USUAL_RATE], sweeps: false }
    }
}

impl FrameTiming {
    /// What an object of `frames` frames says; nothing where it says nothing of time.
    pub(super) fn read(dataset: &Dataset, frames: u32) -> Option<Self> {
        let rate = |tag| dataset.number(tag).filter(|rate| *rate > 0.0).map(|rate| 1000.0 / rate);
        let sound = |ms: &f64| SOUND.contains(ms);
        let one = |ms: Option<f64>| ms.filter(sound).map(|ms| vec![ms]);
        let vector = vector(&dataset.numbers(tags::FRAME_TIME_VECTOR), frames);
        let (source, milliseconds) = vector
            .map(|times| (TimingSource::FrameTimeVector, times))
            .or_else(|| Some((TimingSource::FrameTime, one(dataset.number(tags::FRAME_TIME))?)))
            .or_else(|| {
                let times = one(rate(tags::RECOMMENDED_DISPLAY_FRAME_RATE))?;
                Some((TimingSource::RecommendedDisplayFrameRate, times))
            })
            .or_else(|| Some((TimingSource::CineRate, one(rate(tags::CINE_RATE))?)))?;
        let sweeps = dataset.integer(tags::PREFERRED_PLAYBACK_SEQUENCING) == Some(1);
        Some(Self { source, milliseconds, sweeps })
    }

    /// How long frame `index` (from 0) stays.
    #[must_use]
    pub fn stays(&self, index: u32) -> Duration {
        let ms = self.milliseconds.get(index as usize).or(self.milliseconds.first());
        Duration::from_secs_f64(ms.copied().unwrap_or(1000.0 / USUAL_RATE) / 1000.0)
    }

    /// Images a second, on average.
    #[must_use]
    pub fn rate(&self) -> f64 {
        1000.0 * self.milliseconds.len() as f64 / self.milliseconds.iter().sum::<f64>()
    }
}

/// The time that each frame stays, by the increments *before* each frame, of which the first is 0;
/// the last frame stays as long as the others do on average. Nothing where there are not as many as
/// frames, or one cannot be.
fn vector(increments: &[f64], frames: u32) -> Option<Vec<f64>> {
    let (_, increments) = increments.split_first().filter(|(_, rest)| rest.len() + 1 == frames as usize)?;
    if increments.is_empty() || !increments.iter().all(|ms| SOUND.contains(ms)) {
        return None;
    }
    let mean = increments.iter().sum::<f64>() / increments.len() as f64;
    Some(increments.iter().copied().chain([mean]).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::{Tag, VR};

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn timing(frames: u32, elements: &[(Tag, &str)]) -> Option<FrameTiming> {
        let element = |text: &str| Element { vr: VR::DS, big_endian: false, value: Value::Bytes(text.into()) };
        let elements: BTreeMap<_, _> = elements.iter().map(|(tag, text)| (*tag, element(text))).collect();
        FrameTiming::read(&Dataset { elements }, frames)
    }

    #[test]
    fn the_time_of_the_frames_comes_before_the_rate_that_is_asked_for() {
        let (time, cine) = ((tags::FRAME_TIME, "66.7"), (tags::CINE_RATE, "30"));
        let asked = (tags::RECOMMENDED_DISPLAY_FRAME_RATE, "20");
        let rate = |elements: &[_]| timing(3, elements).map(|t| (t.source, (t.rate() * 10.0).round() / 10.0));
        assert_eq!(rate(&[time, cine, asked]), Some((TimingSource::FrameTime, 15.0)));
        assert_eq!(rate(&[cine, asked]), Some((TimingSource::RecommendedDisplayFrameRate, 20.0)));
        assert_eq!(rate(&[cine]), Some((TimingSource::CineRate, 30.0)));
        assert_eq!(rate(&[]), None);
    }

    #[test]
    fn a_vector_gives_each_frame_the_time_until_the_next_one() {
        let found = timing(3, &[(tags::FRAME_TIME_VECTOR, "0\\100\\300"), (tags::FRAME_TIME, "50")]).unwrap();
        assert_eq!(found.source, TimingSource::FrameTimeVector);
        assert_eq!([0, 1, 2].map(|i| found.stays(i).as_millis()), [100, 300, 200]);
        assert!((found.rate() - 5.0).abs() < 1e-9);
    }

    #[test]
    fn times_that_cannot_be_are_passed_over() {
        let time = (tags::FRAME_TIME, "40");
        for text in ["0\\100", "0\\-5\\3", "0\\0\\0", "", "0\\nan\\3"] {
            let found = timing(3, &[(tags::FRAME_TIME_VECTOR, text), time]).unwrap();
            assert_eq!(found.source, TimingSource::FrameTime, "{text}");
        }
        for text in ["0", "-1", "1e9", "inf", "x"] {
            assert_eq!(timing(3, &[(tags::FRAME_TIME, text), (tags::CINE_RATE, text)]), None, "{text}");
        }
    }

    #[test]
    fn sweeping_is_asked_for_by_its_number() {
        let sweeps = |text| timing(2, &[(tags::FRAME_TIME, "40"), (tags::PREFERRED_PLAYBACK_SEQUENCING, text)]);
        assert!(sweeps("1").unwrap().sweeps && !sweeps("0").unwrap().sweeps);
    }
}
