//! The pixels of one image: grey values after the modality LUT or rescale, **before** window and
//! polarity, and what the file says about showing them. Everything that looks at an image, people
//! or networks, begins here.

use std::borrow::Cow;
use std::sync::Arc;

use super::missing::Missing;
use super::modality::Modality;
use super::{Plane, Voi};

/// Decoded pixels with the attributes that say how they are shown.
#[derive(Clone, Debug, Default)]
pub struct PixelData {
    /// Modality values (luma for images in colour), row by row; stored values where
    /// [`Self::intensity`] makes modality values of them.
    pub plane: Plane,
    /// The Modality LUT of an angiogram, which leads from stored values back to X-ray intensity and is
    /// no part of the display (PS3.3 C.8.7.1.1.2).
    pub intensity: Option<Arc<Modality>>,
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
    /// Those of presentation states, counted on from the last of [`Self::voi`].
    pub presented_voi: Vec<Voi>,
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

    /// The same with other values, without a copy of those that it has.
    #[must_use]
    pub fn with_plane(&self, plane: Plane) -> Self {
        Self {
            plane,
            intensity: self.intensity.clone(),
            color: self.color.clone(),
            inverted: self.inverted,
            value_range: self.value_range,
            padding: self.padding,
            voi: self.voi.clone(),
            presented_voi: self.presented_voi.clone(),
            missing: self.missing,
        }
    }

    /// A window or VOI LUT of the file, or behind them of a presentation state.
    #[must_use]
    pub fn voi_at(&self, index: usize) -> Option<&Voi> {
        self.voi.get(index).or_else(|| self.presented_voi.get(index.checked_sub(self.voi.len())?))
    }

    /// Modality values, whether the display goes by them or not.
    #[must_use]
    pub fn modality_plane(&self) -> Cow<'_, Plane> {
        let Some(intensity) = &self.intensity else { return Cow::Borrowed(&self.plane) };
        let values = self.plane.values.iter().map(|v| intensity.apply(*v as i64)).collect();
        Cow::Owned(Plane { width: self.plane.width, height: self.plane.height, values })
    }

    /// What a model sees: modality values with the polarity corrected (bright = dense), before any
    /// window.
    ///
    /// Nothing the reader does to the display can change it.
    #[must_use]
    pub fn model_plane(&self) -> Plane {
        self.model_values().into_owned()
    }

    /// The same, without a copy where the values are those of the plane.
    #[must_use]
    pub fn model_values(&self) -> Cow<'_, Plane> {
        if !self.inverted {
            return self.modality_plane();
        }
        let mut plane = self.modality_plane().into_owned();
        let (low, high) = match &self.intensity {
            Some(intensity) => intensity.range(self.value_range.0 as i64, self.value_range.1 as i64),
            None => self.value_range,
        };
        plane.values.iter_mut().for_each(|v| *v = low + high - *v);
        Cow::Owned(plane)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_given_the_intensity_that_the_display_does_not_go_by() {
        let plane = Plane { width: 3, height: 1, values: vec![0.0, 1.0, 2.0] };
        let lut = Modality::Lut { first: 0, entries: vec![10.0, 100.0, 1000.0] };
        let mut pixels = PixelData { intensity: Some(Arc::new(lut)), ..PixelData::grey(plane, (0.0, 2.0)) };
        assert_eq!(pixels.plane.values, [0.0, 1.0, 2.0]);
        assert_eq!(pixels.model_plane().values, [10.0, 100.0, 1000.0]);
        pixels.inverted = true;
        assert_eq!(pixels.model_plane().values, [1000.0, 910.0, 10.0]);
    }

    #[test]
    fn transforms_of_presentation_states_are_counted_on_from_those_of_the_file() {
        let voi = |explanation: &str| Voi::Lut { first: 0.0, entries: vec![1.0], explanation: explanation.into() };
        let mut pixels = PixelData { voi: vec![voi("file")], ..PixelData::default() };
        pixels.presented_voi = vec![voi("state")];
        assert_eq!(
            (pixels.voi_at(0), pixels.voi_at(1), pixels.voi_at(2)),
            (Some(&voi("file")), Some(&voi("state")), None)
        );
    }
}
