//! The pixels of one image: grey values after the modality LUT or rescale, **before** window and
//! polarity, and what the file says about showing them. Everything that looks at an image, people
//! or networks, begins here.

use std::sync::Arc;

use super::missing::Missing;
use super::{Plane, Voi};

/// Decoded pixels with the attributes that say how they are shown.
#[derive(Clone, Debug, Default)]
pub struct PixelData {
    /// Modality values (luma for images in colour), row by row.
    pub plane: Plane,
    /// The colours, where the object has some; shown instead of the grey plane.
    pub color: Option<Arc<image::RgbImage>>,
    /// True for MONOCHROME1 or Presentation LUT Shape INVERSE: low values are bright.
    pub inverted: bool,
    /// Lowest and highest value that the stored bits can take, after the modality transform.
    pub value_range: (f32, f32),
    /// Pixel padding values (inclusive range, modality units): background, no part of statistics.
    pub padding: Option<(f32, f32)>,
    /// Windows and VOI LUTs of the file, the first is the default.
    pub voi: Vec<Voi>,
    /// What of the image is not there because its data ends early; it is shown with a mark and not
    /// scored.
    pub missing: Option<Missing>,
}

impl PixelData {
    /// Grey values without any attribute: bright is high, all of it is there.
    #[must_use]
    pub fn grey(plane: Plane, value_range: (f32, f32)) -> Self {
        Self { plane, value_range, ..Self::default() }
    }

    /// What a model sees: modality values with the polarity corrected (bright = dense), before any
    /// window.
    ///
    /// Nothing the reader does to the display can change it.
    #[must_use]
    pub fn model_plane(&self) -> Plane {
        if !self.inverted {
            return self.plane.clone();
        }
        let (low, high) = self.value_range;
        Plane {
            width: self.plane.width,
            height: self.plane.height,
            values: self.plane.values.iter().map(|v| low + high - v).collect(),
        }
    }

    /// Makes what is missing black, so that nothing is shown that a decoder made up.
    ///
    /// Black is the darkest value that is there, not that of the value range, which may be far from
    /// it.
    pub fn blank_missing(&mut self) {
        let Some(Missing::Rows { from }) = self.missing else { return };
        let begin = (from * self.plane.width).min(self.plane.values.len());
        let (there, missing) = self.plane.values.split_at_mut(begin);
        let finite = there.iter().copied().filter(|v| v.is_finite());
        let darkest = if self.inverted { finite.reduce(f32::max) } else { finite.reduce(f32::min) };
        missing.fill(darkest.unwrap_or(0.0));
        if let Some(color) = &mut self.color {
            let color = Arc::make_mut(color);
            let there = from * color.width() as usize * 3;
            color.iter_mut().skip(there).for_each(|v| *v = 0);
        }
    }
}
