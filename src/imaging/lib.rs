//! Grey values and how they are shown: modality transform, window, polarity, display, resampling,
//! colour maps.
//!
//! The order of the grey pipeline is that of PS3.4 N.2: stored value → modality → VOI → polarity →
//! display.

pub mod auto_window;
pub mod bit_plane;
pub mod blur;
pub mod chroma;
pub mod colormap;
mod colormap_tables;
pub mod components;
pub mod contour;
pub mod display;
pub mod drawn;
pub mod hatching;
pub mod laid;
pub mod lung_fields;
pub mod missing;
mod modality;
pub mod overlay;
pub mod overlay_plane;
mod pixel_data;
pub mod polarity;
pub mod resample;
pub mod shutter;
pub mod stats;
pub mod superimposed;
mod window;

pub use auto_window::{auto_window, file_window, initial_window};
pub use display::{DisplayTable, View, VoiChoice, render, render_region, render_rgb};
pub use missing::Missing;
pub use modality::Modality;
pub use pixel_data::PixelData;
pub use resample::{Region, bilinear, resize, sample_region};

use serde::{Deserialize, Serialize};

/// A grey image of `height` rows of `width` values, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// A plane of one value.
    #[must_use]
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// The value at column `x`, row `y`.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }
}

/// The functions of PS3.3 C.11.2.1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowFunction {
    #[default]
    Linear,
    LinearExact,
    Sigmoid,
}

/// A window: the range of modality values that the display spends its greys on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub center: f32,
    pub width: f32,
    pub function: WindowFunction,
}

/// A value-of-interest transform of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Voi {
    Window {
        window: Window,
        explanation: String,
    },
    /// A look-up table: `first` is the modality value of entry 0, entries are normalised to 0–1.
    Lut {
        first: f32,
        entries: Vec<f32>,
        explanation: String,
    },
}
