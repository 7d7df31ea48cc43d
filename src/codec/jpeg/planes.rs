//! Components as planes of samples, before any is brought to the size of the image.

use super::error::JpegError;
use super::header::{Component, Frame};
use super::process::Process;
use super::sample::{Sample, black};
use super::tables::Quantization;
use crate::image::Samples;

/// One component of an image.
pub struct Plane {
    /// Samples in a row and a column (ITU-T T.81 A.1.1): those of the image by the component's
    /// share of the largest sampling factors, rounded up.
    pub columns: usize,
    pub rows: usize,
    /// Samples from one row to the next; rows are padded to whole blocks.
    pub(super) stride: usize,
    /// Bytes for DCT data of 8 bits, words for all other.
    pub(super) samples: Samples,
    pub(super) component: Component,
    /// The step widths of the first scan that the component came in.
    pub(super) steps: Option<Quantization>,
    /// Whether a scan of it has come.
    pub(super) came: bool,
    /// Rows of the image from the top for which its data has come.
    pub(super) rows_there: usize,
}

impl Plane {
    /// The samples of a row; none behind the last.
    pub(super) fn row<S: Sample>(&self, row: usize) -> &[S] {
        let begin = row.saturating_mul(self.stride);
        S::all(&self.samples).get(begin..begin.saturating_add(self.columns)).unwrap_or_default()
    }
}

/// The components of an image as they were coded.
pub struct Planes {
    /// Size of the image.
    pub columns: usize,
    pub rows: usize,
    /// Bits of a sample.
    pub precision: u8,
    pub planes: Vec<Plane>,
    /// See [`Image::complete_rows`](crate::image::Image::complete_rows) and
    /// [`Image::lacks_detail`](crate::image::Image::lacks_detail).
    pub complete_rows: usize,
    pub lacks_detail: bool,
    pub(super) process: Process,
}

impl Planes {
    /// Planes of zeros for the components of a frame whose size has been checked.
    pub(super) fn of(frame: &Frame) -> Result<Self, JpegError> {
        let lossless = frame.process == Process::Lossless;
        let unit = if lossless { 1 } else { 8 };
        let (h, v) = frame.largest_sampling();
        let plane = |component: &Component| {
            let (horizontal, vertical) = (usize::from(component.horizontal), usize::from(component.vertical));
            let stride = frame.columns.div_ceil(unit * h) * horizontal * unit;
            let height = frame.rows.div_ceil(unit * v) * vertical * unit;
            let count = stride.checked_mul(height).ok_or(TOO_LARGE)?;
            let samples = if !lossless && frame.precision == 8 { black::<u8>(count) } else { black::<u16>(count) };
            Ok(Plane {
                columns: (frame.columns * horizontal).div_ceil(h),
                rows: (frame.rows * vertical).div_ceil(v),
                stride,
                samples: samples.ok_or(TOO_LARGE)?,
                component: *component,
                steps: None,
                came: false,
                rows_there: 0,
            })
        };
        Ok(Self {
            columns: frame.columns,
            rows: frame.rows,
            precision: frame.precision,
            planes: frame.components.iter().map(plane).collect::<Result<_, _>>()?,
            complete_rows: 0,
            lacks_detail: false,
            process: frame.process,
        })
    }

    /// Samples on the side of a unit of coding.
    pub(super) fn unit(&self) -> usize {
        if self.process == Process::Lossless { 1 } else { 8 }
    }

    /// Largest horizontal and vertical sampling factor.
    pub(super) fn largest_sampling(&self) -> (usize, usize) {
        let largest = |of: fn(&Component) -> u8| self.planes.iter().map(|p| of(&p.component)).max().unwrap_or(1).into();
        (largest(|c| c.horizontal), largest(|c| c.vertical))
    }
}

pub(super) const TOO_LARGE: JpegError = JpegError::Damaged("the size that it declares is beyond all memory");

/// How a scan goes through the image (T.81 A.2).
///
/// A component alone comes unit by unit, as many as it has. Several come in groups, each with as
/// many units of every component as its sampling factors say, and padded to whole groups.
pub(super) struct Course {
    /// Groups in a row and a column.
    pub across: usize,
    pub down: usize,
    pub parts: Vec<Part>,
    /// Image rows that groups of a row cover: `height.0 / height.1`.
    height: (usize, usize),
}

/// What a component has in each group.
pub(super) struct Part {
    /// Number of the component in the frame.
    pub plane: usize,
    /// Units in a row and a column.
    pub wide: usize,
    pub high: usize,
}

impl Course {
    /// The course of a scan of these components; `None` without any.
    pub(super) fn of(image: &Planes, components: &[usize]) -> Option<Self> {
        let (unit, (h, v)) = (image.unit(), image.largest_sampling());
        if let [number] = *components {
            let plane = image.planes.get(number)?;
            return Some(Self {
                across: plane.columns.div_ceil(unit),
                down: plane.rows.div_ceil(unit),
                parts: vec![Part { plane: number, wide: 1, high: 1 }],
                height: (unit * v, plane.component.vertical.into()),
            });
        }
        let part = |number: &usize| {
            let component = image.planes.get(*number)?.component;
            Some(Part { plane: *number, wide: component.horizontal.into(), high: component.vertical.into() })
        };
        Some(Self {
            across: image.columns.div_ceil(unit * h),
            down: image.rows.div_ceil(unit * v),
            parts: components.iter().map(part).collect::<Option<_>>().filter(|parts: &Vec<_>| !parts.is_empty())?,
            height: (unit * v, 1),
        })
    }

    pub(super) fn groups(&self) -> usize {
        self.across * self.down
    }

    /// Image rows for which all groups before this one suffice, of so many rows.
    pub(super) fn rows_before(&self, group: usize, rows: usize) -> usize {
        if group >= self.groups() { rows } else { (group / self.across * self.height.0 / self.height.1).min(rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(columns: usize, rows: usize, sampling: &[(u8, u8)]) -> Planes {
        let component =
            |(id, s): (usize, &(u8, u8))| Component { id: id as u8, horizontal: s.0, vertical: s.1, quantization: 0 };
        let components = sampling.iter().enumerate().map(component).collect();
        Planes::of(&Frame { process: Process::Baseline, precision: 8, columns, rows, components }).unwrap()
    }

    #[test]
    fn subsampled_components_are_smaller_and_padded_to_whole_groups() {
        let image = planes(35, 19, &[(2, 2), (1, 1)]);
        let sizes: Vec<_> = image.planes.iter().map(|p| (p.columns, p.rows, p.stride, p.samples.len())).collect();
        assert_eq!(sizes, [(35, 19, 48, 48 * 32), (18, 10, 24, 24 * 16)]);
        assert_eq!((image.planes[1].row::<u8>(9).len(), image.planes[1].row::<u8>(16).len()), (18, 0));
    }

    #[test]
    fn a_component_alone_comes_without_padding() {
        let image = planes(35, 19, &[(2, 2), (1, 1)]);
        let together = Course::of(&image, &[0, 1]).unwrap();
        assert_eq!((together.across, together.down), (3, 2));
        let alone = Course::of(&image, &[0]).unwrap();
        assert_eq!((alone.across, alone.down), (5, 3));
        let small = Course::of(&image, &[1]).unwrap();
        assert_eq!((small.across, small.down), (3, 2));
        assert!(Course::of(&image, &[]).is_none() && Course::of(&image, &[2]).is_none());
    }

    #[test]
    fn rows_that_are_there_end_with_whole_rows_of_groups() {
        let image = planes(35, 19, &[(2, 2), (1, 1)]);
        let rows = |components: &[usize], group| Course::of(&image, components).unwrap().rows_before(group, 19);
        assert_eq!([rows(&[0, 1], 2), rows(&[0, 1], 3), rows(&[0, 1], 6)], [0, 16, 19]);
        assert_eq!([rows(&[0], 4), rows(&[0], 9), rows(&[0], 14)], [0, 8, 16]);
        assert_eq!([rows(&[1], 2), rows(&[1], 3)], [0, 16]);
    }
}
