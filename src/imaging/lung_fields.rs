//! The lung fields of a frontal chest radiograph, from a mask: right and left, their zones, what
//! lies between them, the border of the image, and the rest.
//!
//! | region | pixels |
//! |---|---|
//! | upper, middle, lower zone | of each field a third of its own height |
//! | between the lungs | from field to field, see [`sides`] |
//! | border | what is left within [`BORDER`] of a side from that side of the image |
//! | elsewhere | what is left then |
//!
//! Every pixel lies in one region, in the order of the table: lung before border. The part of a
//! lung behind the heart belongs to its field where the mask says so.
//!
//! **Sides** are those of the radiograph: the patient's right lung lies on the left of the image. A
//! mask knows nothing of a mirrored image or of a lateral view; whoever has one must not ask.
//!
//! What it does not do: find the lungs. The mask is somebody's drawing or a network's.

mod sides;

use serde::{Deserialize, Serialize};

use self::sides::Sides;
use super::contour::{Contour, contours};
use super::{Plane, resize};

/// Part of the image's width and height that counts as its border.
pub const BORDER: f64 = 0.06;
/// Longer side of the grid that regions are told on; larger images have regions of several pixels.
const SIDE: usize = 2048;
/// Longer side of the plane that the outline is drawn from.
const OUTLINE: usize = 512;

/// Why a mask shows no lung fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LungFieldsError {
    #[error("the lung mask marks nothing: no pixel is brighter than the others; 0 is outside and 255 lung")]
    Empty,
    #[error(
        "the lung mask shows one field, and not a right and a left one; mark both lungs as parts of their own, or with a \
         waist between them"
    )]
    OneField,
}

/// Where a pixel lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LungRegion {
    RightUpper,
    RightMiddle,
    RightLower,
    LeftUpper,
    LeftMiddle,
    LeftLower,
    /// Mediastinum and spine.
    Between,
    Border,
    Elsewhere,
}

impl LungRegion {
    /// Every region, in the order of tables.
    pub const ALL: [Self; 9] = [
        Self::RightUpper,
        Self::RightMiddle,
        Self::RightLower,
        Self::LeftUpper,
        Self::LeftMiddle,
        Self::LeftLower,
        Self::Between,
        Self::Border,
        Self::Elsewhere,
    ];

    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::RightUpper => "right-upper",
            Self::RightMiddle => "right-middle",
            Self::RightLower => "right-lower",
            Self::LeftUpper => "left-upper",
            Self::LeftMiddle => "left-middle",
            Self::LeftLower => "left-lower",
            Self::Between => "between",
            Self::Border => "border",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RightUpper => "right upper zone",
            Self::RightMiddle => "right middle zone",
            Self::RightLower => "right lower zone",
            Self::LeftUpper => "left upper zone",
            Self::LeftMiddle => "left middle zone",
            Self::LeftLower => "left lower zone",
            Self::Between => "between the lungs",
            Self::Border => "border of the image",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Whether it is a part of a lung.
    #[must_use]
    pub fn is_lung(self) -> bool {
        self.is_right() || self.is_left()
    }

    /// Whether it is a part of the patient's right lung.
    #[must_use]
    pub fn is_right(self) -> bool {
        matches!(self, Self::RightUpper | Self::RightMiddle | Self::RightLower)
    }

    /// Whether it is a part of the patient's left lung.
    #[must_use]
    pub fn is_left(self) -> bool {
        matches!(self, Self::LeftUpper | Self::LeftMiddle | Self::LeftLower)
    }
}

/// The regions of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct LungFields {
    width: usize,
    height: usize,
    /// Columns and rows of the grid: those of the image up to [`SIDE`].
    grid: (usize, usize),
    /// Of each pixel of the grid, row by row.
    regions: Vec<LungRegion>,
    /// Left, top, right and bottom of the box around both fields, on the grid.
    bounds: [usize; 4],
}

impl LungFields {
    /// The fields of a mask for an image of `width × height`: what is brighter than half of the
    /// mask's largest value is lung. A mask of another size is stretched to the image, each pixel
    /// taken from its nearest.
    ///
    /// # Errors
    /// [`LungFieldsError`] where nothing is marked, or not two fields.
    pub fn of_mask(mask: &Plane, width: usize, height: usize) -> Result<Self, LungFieldsError> {
        // `max` turns a NaN into 0.
        let top = mask.values.iter().copied().fold(0.0, f32::max);
        if top <= 0.0 || width * height == 0 || mask.values.len() != mask.width * mask.height {
            return Err(LungFieldsError::Empty);
        }
        let grid = grid(width, height);
        let lung = sampled(&mask.values, (mask.width, mask.height), grid, |value| value > top / 2.0);
        Self::on_lung(&lung, grid, (width, height))
    }

    /// The fields where `lung` (`width × height`, row by row) is true.
    ///
    /// # Errors
    /// As [`Self::of_mask`].
    pub fn of_lung(lung: &[bool], width: usize, height: usize) -> Result<Self, LungFieldsError> {
        if lung.is_empty() || lung.len() != width * height {
            return Err(LungFieldsError::Empty);
        }
        let grid = grid(width, height);
        if grid == (width, height) {
            return Self::on_lung(lung, grid, grid);
        }
        Self::on_lung(&sampled(lung, (width, height), grid, |lung| lung), grid, (width, height))
    }

    fn on_lung(
        lung: &[bool],
        (columns, rows): (usize, usize),
        (width, height): (usize, usize),
    ) -> Result<Self, LungFieldsError> {
        let sides = Sides::of(lung, columns, rows)?;
        let edge = |length: usize| (length as f64 * BORDER).ceil() as usize;
        let (across, down) = (edge(columns), edge(rows));
        let at_border = |x: usize, y: usize| x < across || x + across >= columns || y < down || y + down >= rows;
        let mut regions = Vec::with_capacity(columns * rows);
        for y in 0..rows {
            let between = sides.between(y);
            regions.extend((0..columns).map(|x| match sides.zone(x, y) {
                Some(zone) => zone,
                None if between.contains(&x) => LungRegion::Between,
                None if at_border(x, y) => LungRegion::Border,
                None => LungRegion::Elsewhere,
            }));
        }
        Ok(Self { width, height, grid: (columns, rows), regions, bounds: sides.bounds() })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns and rows of the grid that [`Self::regions`] lie on: those of the image, up to 2,048.
    #[must_use]
    pub fn grid(&self) -> (usize, usize) {
        self.grid
    }

    /// The region of every pixel of the grid, row by row.
    #[must_use]
    pub fn regions(&self) -> &[LungRegion] {
        &self.regions
    }

    /// Left, top, right and bottom of the box around both fields, in parts of the image's width and
    /// height.
    #[must_use]
    pub fn bounds(&self) -> [f32; 4] {
        let [left, top, right, bottom] = self.bounds.map(|v| v as f32);
        let (w, h) = (self.grid.0 as f32, self.grid.1 as f32);
        [left / w, top / h, right / w, bottom / h]
    }

    /// The region of every pixel of a grid of `width × height` that covers the image, each that of
    /// the nearest pixel.
    #[must_use]
    pub fn on_grid(&self, width: usize, height: usize) -> Vec<LungRegion> {
        sampled(&self.regions, self.grid, (width, height), |region| region)
    }

    /// The lungs as a plane of ones and zeros, on the grid.
    #[must_use]
    pub fn mask(&self) -> Plane {
        let values = self.regions.iter().map(|r| f32::from(u8::from(r.is_lung()))).collect();
        Plane { width: self.grid.0, height: self.grid.1, values }
    }

    /// The lines around the fields, in pixels of the image.
    #[must_use]
    pub fn outline(&self) -> Vec<Contour> {
        let (columns, rows) = self.grid;
        let scale = (OUTLINE as f64 / columns.max(rows) as f64).min(1.0);
        let side = |n: usize| ((n as f64 * scale).round() as usize).max(2);
        contours(&resize(&self.mask(), side(columns), side(rows)), &[0.5], self.width, self.height)
    }
}

/// The grid of an image of this size.
fn grid(width: usize, height: usize) -> (usize, usize) {
    let scale = (SIDE as f64 / width.max(height).max(1) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// What lies nearest to each pixel of a grid of `to` (columns and rows) in `values` of `from`.
fn sampled<T: Copy, U>(values: &[T], from: (usize, usize), to: (usize, usize), read: impl Fn(T) -> U) -> Vec<U> {
    let columns: Vec<usize> = (0..to.0).map(|x| nearest(x, to.0, from.0)).collect();
    let mut out = Vec::with_capacity(to.0 * to.1);
    for y in 0..to.1 {
        let row = nearest(y, to.1, from.1) * from.0;
        out.extend(columns.iter().map(|x| read(values[row + x])));
    }
    out
}

/// The pixel of `from` in whose place the centre of pixel `at` of `to` lies.
fn nearest(at: usize, to: usize, from: usize) -> usize {
    ((2 * at + 1) * from / (2 * to)).min(from.saturating_sub(1))
}

#[cfg(test)]
mod tests;
