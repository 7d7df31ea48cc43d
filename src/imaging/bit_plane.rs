//! A plane of single bits, packed: overlays (PS3.3 C.9.2) and bitmap shutters (PS3.3 C.7.6.15).
//!
//! It is asked for at the resolution of the screen: a cell is set where any of the bits below it is,
//! so that a line of one pixel does not vanish when the image is shown small.

use super::Region;

/// `height` rows of `width` bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitPlane {
    width: usize,
    height: usize,
    /// Rows of whole bytes; the leftmost pixel is the lowest bit.
    bytes: Vec<u8>,
}

impl BitPlane {
    /// Takes `width` × `height` bits, row by row; what `bits` lacks is not set.
    #[must_use]
    pub fn new(width: usize, height: usize, bits: impl IntoIterator<Item = bool>) -> Self {
        let mut plane = Self { width, height, bytes: vec![0; width.div_ceil(8) * height] };
        let row = plane.row_bytes();
        for (i, _) in bits.into_iter().take(width * height).enumerate().filter(|(_, bit)| *bit) {
            let (x, y) = (i % width, i / width);
            plane.bytes[y * row + x / 8] |= 1 << (x % 8);
        }
        plane
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The bit at column `x`, row `y`; not set outside the plane.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> bool {
        let byte = if x < self.width { self.bytes.get(y * self.row_bytes() + x / 8) } else { None };
        byte.is_some_and(|byte| byte >> (x % 8) & 1 == 1)
    }

    /// Whether no bit is set.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// Which of the `width` × `height` cells of a region have a bit below them, row by row. The
    /// region may reach beyond the plane.
    #[must_use]
    pub fn cells(&self, region: Region, width: usize, height: usize) -> Vec<bool> {
        let columns: Vec<(usize, usize)> =
            (0..width).map(|i| below(region.x, region.width, width, i, self.width)).collect();
        let mut cells = Vec::with_capacity(width * height);
        let mut joined = vec![0; self.row_bytes()];
        for j in 0..height {
            joined.fill(0);
            let (top, bottom) = below(region.y, region.height, height, j, self.height);
            for row in self.bytes.chunks(self.row_bytes().max(1)).skip(top).take(bottom.saturating_sub(top)) {
                joined.iter_mut().zip(row).for_each(|(sum, byte)| *sum |= byte);
            }
            cells.extend(columns.iter().map(|(from, to)| any_set(&joined, *from, *to)));
        }
        cells
    }

    fn row_bytes(&self) -> usize {
        self.width.div_ceil(8)
    }
}

/// The pixels `from..to` of a side of `length` that lie below cell `i` of `count`: the one below its
/// middle where cells are smaller than pixels, else all that it touches.
fn below(start: f32, extent: f32, count: usize, i: usize, length: usize) -> (usize, usize) {
    let step = extent / count.max(1) as f32;
    let (from, to) = if step <= 1.0 {
        let middle = (start + step * (i as f32 + 0.5)).floor();
        (middle, middle + 1.0)
    } else {
        let from = start + step * i as f32;
        (from.floor(), (from + step).ceil())
    };
    let inside = |v: f32| v.clamp(0.0, length as f32) as usize;
    (inside(from), inside(to))
}

/// Whether one of the bits `from..to` is set.
fn any_set(bytes: &[u8], from: usize, to: usize) -> bool {
    if from >= to {
        return false;
    }
    let (first, last) = (from / 8, (to - 1) / 8);
    bytes.iter().enumerate().skip(first).take(last - first + 1).any(|(i, byte)| {
        let low = if i == first { 0xFF << (from % 8) } else { 0xFF };
        let high = if i == last { 0xFF >> (7 - (to - 1) % 8) } else { 0xFF };
        byte & low & high != 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of one pixel from the top to the bottom at column 9 of 20.
    fn line() -> BitPlane {
        BitPlane::new(20, 4, (0..80).map(|i| i % 20 == 9))
    }

    #[test]
    fn bits_stand_where_they_were_put() {
        let plane = line();
        assert!(plane.at(9, 0) && plane.at(9, 3) && !plane.at(8, 0) && !plane.at(9, 4) && !plane.at(29, 0));
        assert_eq!(plane.size(), (20, 4));
        assert!(!plane.is_clear() && BitPlane::new(3, 3, []).is_clear());
    }

    #[test]
    fn a_thin_line_is_seen_however_small_the_image_is_shown() {
        let whole = Region { x: 0.0, y: 0.0, width: 20.0, height: 4.0 };
        assert_eq!(line().cells(whole, 5, 1), [false, false, true, false, false]);
        assert_eq!(line().cells(whole, 1, 1), [true]);
        let exact = line().cells(whole, 20, 4);
        assert_eq!(exact.iter().filter(|cell| **cell).count(), 4);
    }

    #[test]
    fn magnified_bits_are_squares_and_outside_there_are_none() {
        let part = Region { x: 8.0, y: 0.0, width: 2.0, height: 1.0 };
        assert_eq!(line().cells(part, 4, 1), [false, false, true, true]);
        let beside = Region { x: -10.0, y: -3.0, width: 10.0, height: 3.0 };
        assert!(line().cells(beside, 10, 3).iter().all(|cell| !cell));
        assert!(BitPlane::default().cells(part, 4, 1).iter().all(|cell| !cell));
    }
}
