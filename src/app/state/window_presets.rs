//! Windows with a name: those of a modality, and those that the reader keeps.
//!
//! Widths and centres of CT are in Hounsfield units, as most viewers offer them (Weasis, OHIF). Other
//! modalities have no scale of their own, so there are none.

use serde::{Deserialize, Serialize};

use super::State;
use crate::imaging::Window;
use crate::language::named;

/// Most windows of their own that readers keep.
pub const MOST_WINDOWS: usize = 50;
/// Values of a CT in Hounsfield units reach down to air.
const AIR: f32 = -500.0;

/// A window that belongs to a modality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPreset {
    pub name: &'static str,
    pub width: f32,
    pub center: f32,
}

const fn preset(name: &'static str, width: f32, center: f32) -> WindowPreset {
    WindowPreset { name, width, center }
}

/// Windows of CT, in Hounsfield units.
pub const CT: [WindowPreset; 5] = [
    preset(named!("Soft tissue"), 400.0, 40.0),
    preset(named!("Lung"), 1500.0, -600.0),
    preset(named!("Bone"), 2500.0, 480.0),
    preset(named!("Brain"), 80.0, 40.0),
    preset(named!("Liver"), 150.0, 90.0),
];

/// A window that a reader keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnWindow {
    pub name: String,
    /// Of images of this modality alone.
    pub modality: String,
    pub width: f32,
    pub center: f32,
}

impl State {
    /// The windows that belong to the modality of the drawn image; none where its values are not on
    /// the scale of the modality.
    pub fn window_presets(&self) -> &'static [WindowPreset] {
        let Some(frame) = self.drawn() else { return &[] };
        let in_hounsfield = frame.entry.meta.modality == "CT" && frame.pixels.value_range.0 < AIR;
        if in_hounsfield { &CT } else { &[] }
    }

    /// The reader's own windows for the modality of the drawn image, each with its place among all.
    pub fn own_windows(&self) -> Vec<(usize, &OwnWindow)> {
        let Some(frame) = self.drawn() else { return Vec::new() };
        let modality = &frame.entry.meta.modality;
        self.preferences.windows.iter().enumerate().filter(|(_, own)| own.modality == *modality).collect()
    }
}

impl From<WindowPreset> for Window {
    fn from(preset: WindowPreset) -> Self {
        Self::linear(preset.center, preset.width)
    }
}
