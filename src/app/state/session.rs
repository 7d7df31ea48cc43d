//! What a session is beside its images: place of the window, sections that are closed, and the
//! studies of last time.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::grid::{Grid, SlotIndex};
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

/// Height of the strip by which a window is taken, and how much of its width must be in sight, in
/// pixels.
const GRIP: [f32; 2] = [120.0, 32.0];

/// A rectangle of the desktop in pixels: left, top, width, height.
pub type DesktopRect = [f32; 4];

/// Where a window goes that no monitor shows (one was taken away, or is smaller now): left and top in
/// pixels; nothing where it can be taken by its upper edge, or no monitor is known.
#[must_use]
pub fn back_on_screen([left, top, width, height]: DesktopRect, monitors: &[DesktopRect]) -> Option<[f32; 2]> {
    let common = |a: f32, a_long: f32, b: f32, b_long: f32| (a + a_long).min(b + b_long) - a.max(b);
    let in_sight = |[x, y, w, h]: &DesktopRect| {
        common(left, width, *x, *w) >= GRIP[0].min(width) && common(top, GRIP[1].min(height), *y, *h) >= 1.0
    };
    if monitors.is_empty() || monitors.iter().any(in_sight) {
        return None;
    }
    let far = |[x, y, w, h]: &&DesktopRect| {
        let away = |at: f32, long: f32, from: f32, room: f32| (from - (at + long)).max(at - (from + room)).max(0.0);
        away(left, width, *x, *w).hypot(away(top, height, *y, *h))
    };
    let [x, y, w, h] = *monitors.iter().min_by(|a, b| far(a).total_cmp(&far(b)))?;
    let into = |at: f32, long: f32, from: f32, room: f32| at.min(from + room - long).max(from);
    Some([into(left, width, x, w), into(top, height, y, h)])
}

/// The grid of several images, and what stands in its places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGrid {
    #[serde(flatten)]
    pub grid: Grid,
    /// The place of the image with tools and findings.
    pub active: SlotIndex,
    pub places: BTreeMap<SlotIndex, KeptPlace>,
}

/// A frame of an image in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPlace {
    pub path: PathBuf,
    /// From 0.
    pub frame: u32,
}

impl KeptGrid {
    /// What can be restored of a grid from a file; nothing where there is no such grid.
    #[must_use]
    pub fn restorable(self) -> Option<Self> {
        let fits = Grid::ALL.contains(&self.grid) && self.active < self.grid.slots();
        fits.then(|| {
            let slots = self.grid.slots();
            let places = self.places.into_iter().filter(|(slot, _)| *slot < slots).collect();
            Self { places, ..self }
        })
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
    /// How they hung, where several images stood beside each other.
    pub grid: Option<KeptGrid>,
}

impl LastSession {
    /// What the settings remember of it.
    #[must_use]
    pub fn of(studies: &[PathBuf], grid: Option<&KeptGrid>) -> Self {
        Self { studies: studies.to_vec(), grid: grid.cloned().and_then(KeptGrid::restorable) }
    }

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
    fn a_window_that_no_monitor_shows_comes_back_and_others_stay() {
        let two = [[0.0, 0.0, 1920.0, 1080.0], [1920.0, 0.0, 1280.0, 1024.0]];
        assert_eq!(back_on_screen([100.0, 50.0, 1280.0, 800.0], &two), None);
        assert_eq!(back_on_screen([2000.0, 50.0, 1280.0, 800.0], &two), None);
        // The second monitor was taken away.
        assert_eq!(back_on_screen([2000.0, 50.0, 1280.0, 800.0], &two[..1]), Some([640.0, 50.0]));
        assert_eq!(back_on_screen([-3000.0, -900.0, 1280.0, 800.0], &two), Some([0.0, 0.0]));
        // A corner alone cannot be taken; the upper edge above the screen cannot either.
        assert_eq!(back_on_screen([1880.0, 1000.0, 1280.0, 800.0], &two[..1]), Some([640.0, 280.0]));
        assert_eq!(back_on_screen([100.0, -60.0, 800.0, 600.0], &two), Some([100.0, 0.0]));
        // Larger than the monitor: its upper left corner is in sight.
        assert_eq!(back_on_screen([5000.0, 0.0, 4000.0, 3000.0], &two[..1]), Some([0.0, 0.0]));
        assert_eq!(back_on_screen([5000.0, 0.0, 800.0, 600.0], &[]), None);
    }

    #[test]
    fn a_grid_that_cannot_be_is_not_restored() {
        let place = |slot| (slot, KeptPlace { path: "a.dcm".into(), frame: 0 });
        let kept = |rows, columns, active| KeptGrid {
            grid: Grid { rows, columns },
            active,
            places: [place(0), place(3), place(77)].into_iter().collect(),
        };
        assert_eq!(kept(2, 2, 1).restorable().unwrap().places.len(), 2);
        assert_eq!(kept(100, 100, 1).restorable(), None);
        assert_eq!(kept(1, 2, 2).restorable(), None);
        let text = serde_json::to_string(&kept(2, 2, 1)).unwrap();
        assert_eq!(serde_json::from_str::<KeptGrid>(&text).unwrap(), kept(2, 2, 1));
    }

    #[test]
    fn last_studies_are_counted_and_named_only_where_names_may_be_shown() {
        let studies = vec!["a/DOE.dcm".into(), "b".into(), "c".into()];
        let last = LastSession { studies, grid: None };
        assert_eq!(last.words(false), "DOE.dcm and 2 more");
        assert_eq!(last.words(true), "3 files and folders");
    }
}
