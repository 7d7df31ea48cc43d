//! Planes become an image: components of fewer samples are brought to its size as libjpeg-turbo
//! does by default (`jdsample.c`), and those of a pixel stand together.
//!
//! Where a component has half the samples of a row, a column or both, each sample of the image is
//! three parts of the nearest one and one part of the next ("fancy upsampling"), for ITU-T T.81
//! A.1.1 has samples centred on what they stand for. Any other component, and one of two columns or
//! fewer whose rows are halved, has its samples repeated.

use pulp::{Arch, NullaryFnOnce};

use super::color::row_to_rgb;
use super::error::JpegError;
use super::planes::{Plane, Planes, TOO_LARGE};
use super::sample::Sample;
use crate::image::{Image, Samples};

/// Pairs of samples that are computed at once.
const LANES: usize = 32;

impl Planes {
    /// The image, all components brought to its size.
    pub fn into_image(self) -> Result<Image, JpegError> {
        joined(self, false)
    }

    /// The same with red, green and blue of three components that are `YCbCr`.
    ///
    /// Behind the rows that are complete, pixels of zeros are missing, and stay zeros.
    pub fn into_rgb(self) -> Result<Image, JpegError> {
        joined(self, true)
    }
}

/// Joins the planes.
fn joined(planes: Planes, to_rgb: bool) -> Result<Image, JpegError> {
    let (columns, rows, components) = (planes.columns, planes.rows, planes.planes.len());
    let Planes { precision, complete_rows, lacks_detail, .. } = planes;
    let sampling = planes.largest_sampling();
    let ways: Vec<Way> = planes.planes.iter().map(|plane| Way::of(plane, sampling)).collect();
    let mixed = complete_rows < rows && ways.iter().any(|way| way.mixes_rows());
    let complete_rows = if mixed { complete_rows.saturating_sub(1) } else { complete_rows };
    let bytes = planes.planes.first().is_some_and(|plane| matches!(plane.samples, Samples::Bytes(_)));
    let mut planes = planes.planes;
    let samples = match (&mut planes[..], bytes) {
        ([plane], true) => packed::<u8>(plane, columns, rows),
        ([plane], false) => packed::<u16>(plane, columns, rows),
        (planes, _) => {
            let joint =
                Joint { planes, ways: &ways, columns, rows, complete_rows, to_rgb: to_rgb.then_some(precision) };
            if bytes { joint.samples::<u8>() } else { joint.samples::<u16>() }?
        }
    };
    Ok(Image { columns, rows, components, precision, samples, complete_rows, lacks_detail })
}

/// The samples of a component alone, which has the size of the image whatever its sampling factors.
fn packed<S: Sample>(plane: &mut Plane, columns: usize, rows: usize) -> Samples {
    let (mut samples, stride) = (S::taken(&mut plane.samples), plane.stride);
    if stride > columns {
        for row in 1..rows {
            samples.copy_within(row * stride..row * stride + columns, row * columns);
        }
    }
    samples.truncate(columns * rows);
    S::packed(samples)
}

/// Components that become an image.
struct Joint<'a> {
    planes: &'a [Plane],
    ways: &'a [Way],
    columns: usize,
    rows: usize,
    complete_rows: usize,
    /// The bits of samples that are to become red, green and blue.
    to_rgb: Option<u8>,
}

impl Joint<'_> {
    fn samples<S: Sample>(&self) -> Result<Samples, JpegError> {
        let (width, mut samples) = (self.columns * self.planes.len(), Vec::new());
        let total = width.checked_mul(self.rows).filter(|total| samples.try_reserve_exact(*total).is_ok());
        total.ok_or(TOO_LARGE)?;
        Arch::new().dispatch(Rows { joint: self, width, samples: &mut samples });
        Ok(S::packed(samples))
    }

    /// Puts together a row of pixels, which is 0 before; `lines` and `sums` are places for what
    /// comes in between.
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn row<S: Sample>(&self, y: usize, lines: &mut [Vec<S>], sums: &mut Vec<u16>, row: &mut [S]) {
        let mut ready: [&[S]; 4] = [&[]; 4];
        for (((ready, plane), way), line) in ready.iter_mut().zip(self.planes).zip(self.ways).zip(lines) {
            let line = way.line(plane, y, line, sums);
            *ready = line.get(..self.columns).unwrap_or(line);
        }
        let lines = ready.get(..self.planes.len()).unwrap_or_default();
        if let [first, second, third] = *lines {
            let (pixels, _) = row.as_chunks_mut::<3>();
            if let Some(precision) = self.to_rgb {
                return row_to_rgb([first, second, third], precision, y >= self.complete_rows, pixels);
            }
            for (((pixel, first), second), third) in pixels.iter_mut().zip(first).zip(second).zip(third) {
                *pixel = [*first, *second, *third];
            }
            return;
        }
        for (i, line) in lines.iter().enumerate() {
            row.iter_mut().skip(i).step_by(lines.len()).zip(*line).for_each(|(place, sample)| *place = *sample);
        }
    }
}

/// The rows of an image, one behind the other.
struct Rows<'a, S> {
    joint: &'a Joint<'a>,
    width: usize,
    samples: &'a mut Vec<S>,
}

impl<S: Sample> NullaryFnOnce for Rows<'_, S> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn call(self) {
        let Self { joint, width, samples } = self;
        let mut lines = vec![vec![S::default(); joint.columns + 1]; joint.planes.len()];
        let mut sums = Vec::new();
        for y in 0..joint.rows {
            // Row by row, while it is near.
            samples.resize((y + 1) * width, S::default());
            joint.row(y, &mut lines, &mut sums, samples.get_mut(y * width..).unwrap_or_default());
        }
    }
}

/// How a component comes to the size of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It has it.
    Same,
    /// Half the columns: triangle filter along the row.
    Columns,
    /// Half the rows: triangle filter along the column.
    Rows,
    /// Both.
    Both,
    /// Samples are repeated: shares of the columns and of the rows.
    Repeat { columns: (usize, usize), rows: (usize, usize) },
}

impl Way {
    fn of(plane: &Plane, (h, v): (usize, usize)) -> Self {
        let (horizontal, vertical) = (usize::from(plane.component.horizontal), usize::from(plane.component.vertical));
        // libjpeg-turbo does not filter along rows of one or two samples.
        match (horizontal * 2 == h, vertical * 2 == v, horizontal == h, vertical == v) {
            (_, _, true, true) => Self::Same,
            (true, _, _, true) if plane.columns > 2 => Self::Columns,
            (_, true, true, _) => Self::Rows,
            (true, true, _, _) if plane.columns > 2 => Self::Both,
            _ => Self::Repeat { columns: (horizontal, h), rows: (vertical, v) },
        }
    }

    /// Whether rows of samples are mixed.
    fn mixes_rows(self) -> bool {
        matches!(self, Self::Rows | Self::Both)
    }

    /// The samples of row `y` of the image; `line` is a place for them, and `sums` for what comes
    /// in between.
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn line<'a, S: Sample>(self, plane: &'a Plane, y: usize, line: &'a mut [S], sums: &mut Vec<u16>) -> &'a [S] {
        // The two rows that are nearest, the first of them nearer.
        let (near, upper) = (plane.row::<S>(y / 2), y.is_multiple_of(2));
        let next = if upper { (y / 2).saturating_sub(1) } else { (y / 2 + 1).min(plane.rows.saturating_sub(1)) };
        let next = plane.row::<S>(next);
        let mixed = near.iter().zip(next).map(|(near, next)| 3 * (*near).into() + (*next).into());
        match self {
            Self::Same => return plane.row(y),
            Self::Columns => {
                sums.clear();
                sums.extend(plane.row::<S>(y).iter().map(|sample| (*sample).into()));
                doubled(sums, line, 2, (1, 2));
            }
            Self::Rows => {
                let bias = if upper { 1 } else { 2 };
                line.iter_mut().zip(mixed).for_each(|(place, sum)| *place = S::of((sum + bias) >> 2));
            }
            Self::Both => {
                sums.clear();
                sums.extend(mixed);
                doubled(sums, line, 4, (8, 7));
            }
            Self::Repeat { columns: (share, of), rows: (row_share, of_rows) } => {
                let row = plane.row(y * row_share / of_rows);
                for (x, place) in line.iter_mut().enumerate() {
                    *place = row.get(x * share / of).copied().unwrap_or_default();
                }
            }
        }
        line
    }
}

/// Twice as many samples by the triangle filter; the first and the last stay. Sums are divided by
/// 2 to the power `shift`, those to the left and to the right with these biases.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn doubled<S: Sample>(sums: &[u16], line: &mut [S], shift: u32, (left, right): (u16, u16)) {
    let pair = |[before, sum, behind]: [u16; 3]| {
        [(3 * sum + before + left) >> shift, (3 * sum + behind + right) >> shift].map(S::of)
    };
    let (Some(&first), Some(&last)) = (sums.first(), sums.last()) else { return };
    let (pairs, _) = line.as_chunks_mut::<2>();
    let (blocks, rest) = pairs.get_mut(1..sums.len() - 1).unwrap_or_default().as_chunks_mut::<LANES>();
    let done = blocks.len() * LANES;
    let triples = sums.windows(LANES + 2).step_by(LANES);
    for (block, sums) in blocks.iter_mut().zip(triples) {
        let Some(sums) = sums.first_chunk::<{ LANES + 2 }>() else { break };
        for i in 0..LANES {
            block[i] = pair([sums[i], sums[i + 1], sums[i + 2]]);
        }
    }
    for (place, sums) in rest.iter_mut().zip(sums.get(done..).unwrap_or_default().array_windows()) {
        *place = pair(*sums);
    }
    let (second, last_but_one) = (sums.get(1).unwrap_or(&last), sums.iter().nth_back(1).unwrap_or(&first));
    for (at, sums) in [(0, [first, first, *second]), (sums.len() - 1, [*last_but_one, last, last])] {
        if let Some(place) = pairs.get_mut(at) {
            *place = pair(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::header::{Component, Frame};
    use crate::jpeg::process::Process;

    /// A plane of full size, and one of these samples beside it.
    fn brought_up(columns: usize, rows: usize, largest: (u8, u8), own: (u8, u8), samples: &[&[u8]]) -> Vec<u16> {
        let component = |(horizontal, vertical)| Component { id: 0, horizontal, vertical, quantization: 0 };
        let components = vec![component(largest), component(own)];
        let frame = Frame { process: Process::Baseline, precision: 8, columns, rows, components };
        let mut planes = Planes::of(&frame).unwrap();
        planes.complete_rows = rows;
        let plane = &mut planes.planes[1];
        assert_eq!((plane.rows, plane.columns), (samples.len(), samples[0].len()));
        for (row, into) in samples.iter().zip(u8::all_mut(&mut plane.samples).chunks_mut(plane.stride)) {
            into[..row.len()].copy_from_slice(row);
        }
        planes.into_image().unwrap().samples.into_words().chunks(2).map(|pixel| pixel[1]).collect()
    }

    #[test]
    fn half_the_columns_are_three_parts_near_and_one_part_far() {
        let row = brought_up(6, 1, (2, 1), (1, 1), &[&[0, 8, 200]]);
        assert_eq!(row, [0, 2, 6, 56, 152, 200]);
        assert_eq!(brought_up(5, 1, (2, 1), (1, 1), &[&[0, 8, 200]]), row[..5]);
    }

    #[test]
    fn half_the_rows_are_so_along_columns() {
        assert_eq!(brought_up(1, 6, (1, 2), (1, 1), &[&[0], &[8], &[200]]), [0, 2, 6, 56, 152, 200]);
    }

    #[test]
    fn half_of_both_is_both_at_once() {
        let image = brought_up(6, 4, (2, 2), (1, 1), &[&[0, 16, 32], &[160, 176, 192]]);
        assert_eq!(image[..6], [0, 4, 12, 20, 28, 32]);
        assert_eq!(image[6..12], [40, 44, 52, 60, 68, 72]);
        assert_eq!(image[18..], [160, 164, 172, 180, 188, 192]);
    }

    #[test]
    fn other_shares_are_repeated() {
        assert_eq!(brought_up(4, 1, (2, 1), (1, 1), &[&[1, 2]]), [1, 1, 2, 2], "too narrow for a filter");
        assert_eq!(brought_up(8, 1, (4, 1), (1, 1), &[&[1, 2]]), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(brought_up(6, 1, (3, 1), (2, 1), &[&[1, 2, 3, 4]]), [1, 1, 2, 3, 3, 4]);
        assert_eq!(brought_up(1, 4, (1, 4), (1, 2), &[&[0], &[8]]), [0, 2, 6, 8], "half of four");
    }

    #[test]
    fn images_of_any_width_become_red_green_and_blue_up_to_their_last_column() {
        let component = |horizontal| Component { id: 0, horizontal, vertical: 1, quantization: 0 };
        for columns in 1..200 {
            let components = vec![component(2), component(1), component(1)];
            let mut planes =
                Planes::of(&Frame { process: Process::Baseline, precision: 8, columns, rows: 2, components });
            let planes = planes.as_mut().unwrap();
            planes.complete_rows = 2;
            for (plane, value) in planes.planes.iter_mut().zip([150, 44, 21]) {
                u8::all_mut(&mut plane.samples).fill(value);
            }
            let planes = std::mem::replace(planes, Planes { planes: Vec::new(), ..*planes });
            let pixels = planes.into_rgb().unwrap().samples.into_words();
            assert!(pixels.len() == 6 * columns && pixels.chunks(3).all(|rgb| rgb == [0, 255, 1]), "{columns} columns");
        }
    }

    #[test]
    fn where_rows_are_mixed_the_last_one_that_came_is_not_whole() {
        let component = |vertical| Component { id: 0, horizontal: 1, vertical, quantization: 0 };
        let complete = |components: Vec<Component>, complete_rows| {
            let frame = Frame { process: Process::Baseline, precision: 8, columns: 8, rows: 32, components };
            let mut planes = Planes::of(&frame).unwrap();
            planes.complete_rows = complete_rows;
            planes.into_image().unwrap().complete_rows
        };
        assert_eq!(complete(vec![component(2), component(1)], 16), 15);
        assert_eq!(complete(vec![component(2), component(1)], 32), 32);
        assert_eq!(complete(vec![component(1), component(1)], 16), 16);
    }
}
