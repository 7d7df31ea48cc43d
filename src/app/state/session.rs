//! What a session is beside its images: place of the window, sections that are closed, and the
//! studies of last time.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::language::{text, tr};

/// Most paths that are kept as the last studies.
pub const MOST_LAST: usize = 20;
/// Most entries of the recent list.
pub const MOST_RECENT: usize = 10;
/// Smallest and largest scale of the interface.
pub const SCALES: (f32, f32) = (0.75, 3.0);
/// Smallest window, in points.
pub const LEAST_WINDOW: [f32; 2] = [640.0, 360.0];

/// Where the window of the program was, in points at a scale of 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowPlace {
    /// Width and height without the frame, as they are when not maximized.
    pub size: [f32; 2],
    /// Left and top of the frame, where the system tells.
    pub position: Option<[f32; 2]>,
    pub maximized: bool,
}

impl WindowPlace {
    /// What can be restored of a place from a file; nothing where it holds no size.
    #[must_use]
    pub fn restorable(self) -> Option<Self> {
        let fits = |side: f32, least: f32| side.is_finite() && (least..=16_384.0).contains(&side);
        let position = self.position.filter(|at| at.iter().all(|v| v.is_finite() && v.abs() < 16_384.0));
        (fits(self.size[0], LEAST_WINDOW[0]) && fits(self.size[1], LEAST_WINDOW[1]))
            .then_some(Self { position, ..self })
    }
}

/// A part of the panel at the right that opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Section {
    Findings,
    Feedback,
    /// The same while the model's result is hidden: names of its findings are shown by then.
    EarlyFeedback,
    Overlay,
    Lungs,
    Measurements,
    Results,
}

impl Section {
    /// Whether it is closed until the reader opens it.
    #[must_use]
    pub fn starts_closed(self) -> bool {
        matches!(self, Self::Feedback | Self::EarlyFeedback)
    }

    /// Its heading, which is drawn in capitals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Findings => text!("Findings"),
            Self::Feedback => text!("Your assessment"),
            Self::EarlyFeedback => text!("Finding by finding"),
            Self::Overlay => text!("Overlay"),
            Self::Lungs => text!("Lungs"),
            Self::Measurements => text!("Measurements"),
            Self::Results => text!("Results from files"),
        }
    }
}

/// What the last session left, as it is offered at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSession {
    /// Files and folders that were open.
    pub studies: Vec<PathBuf>,
}

impl LastSession {
    /// The studies in a few words: `chest-17.dcm`, `chest-17.dcm and 3 more`.
    #[must_use]
    pub fn words(&self, anonymize: bool) -> String {
        let count = self.studies.len();
        let counted = tr!("1 file or folder" | "{n} files and folders" % count);
        let Some(first) = self.studies.first().filter(|_| !anonymize) else { return counted };
        let name = first.file_name().map_or_else(|| first.display().to_string(), |n| n.to_string_lossy().into_owned());
        if count > 1 { tr!("{name} and {} more", count - 1, name) } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_no_screen_has_is_not_restored() {
        let place = WindowPlace { size: [1280.0, 800.0], position: Some([10.0, -40.0]), maximized: false };
        assert_eq!(place.restorable(), Some(place));
        assert_eq!(WindowPlace { size: [f32::NAN, 800.0], ..place }.restorable(), None);
        assert_eq!(WindowPlace { size: [10.0, 800.0], ..place }.restorable(), None);
        let far = WindowPlace { position: Some([1e9, 0.0]), ..place };
        assert_eq!(far.restorable().unwrap().position, None);
    }

    #[test]
    fn last_studies_are_counted_and_named_only_where_names_may_be_shown() {
        let last = LastSession { studies: vec!["a/DOE.dcm".into(), "b".into(), "c".into()] };
        assert_eq!(last.words(false), "DOE.dcm and 2 more");
        assert_eq!(last.words(true), "3 files and folders");
    }
}
