//! What a JPEG 2000 code stream says of itself (ITU-T T.800 annex A): its size, its transform, and
//! whether it is all there.

use crate::imaging::Missing;
use crate::limits;

/// Start of the code stream and of its size segment.
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// Start of a tile part.
const SOT: [u8; 2] = [0xFF, 0x90];
/// End of the code stream.
const EOC: [u8; 2] = [0xFF, 0xD9];

/// The size segment: extent of the grid and of the tiles, components.
struct Siz<'a> {
    /// The code stream from its start on.
    stream: &'a [u8],
}

impl<'a> Siz<'a> {
    fn of(stream: &'a [u8]) -> Option<Self> {
        let at = stream.windows(4).position(|w| w == START)?;
        Some(Self { stream: &stream[at..] })
    }

    fn word(&self, i: usize) -> Option<usize> {
        word(self.stream, 4 + 4 + 4 * i)
    }
}

fn word(stream: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(stream.get(at..at + 4)?.try_into().ok()?) as usize)
}

fn half(stream: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_be_bytes(stream.get(at..at + 2)?.try_into().ok()?).into())
}

/// What the SIZ marker says of the image (T.800 A.5.1).
pub(in crate::study) struct Size {
    pub columns: usize,
    pub rows: usize,
    pub components: Vec<Component>,
}

/// What it says of a component.
pub(in crate::study) struct Component {
    pub precision: u32,
    /// Columns and rows of the image that a sample stands for.
    pub across: usize,
    pub down: usize,
}

impl Component {
    /// Columns and rows of its own.
    pub(in crate::study) fn size(&self, image: &Size) -> (usize, usize) {
        (image.columns.div_ceil(self.across), image.rows.div_ceil(self.down))
    }

    pub(super) fn is_subsampled(&self) -> bool {
        self.across > 1 || self.down > 1
    }
}

/// Reads the SIZ marker; `None` where it is not all there or says what cannot be.
pub(in crate::study) fn size(stream: &[u8]) -> Option<Size> {
    let siz = Siz::of(stream)?;
    let (x, y, x0, y0) = (siz.word(0)?, siz.word(1)?, siz.word(2)?, siz.word(3)?);
    let count = half(siz.stream, 40)?;
    let told = siz.stream.get(42..42 + 3 * count)?;
    let component = |[depth, across, down]: &[u8; 3]| Component {
        precision: u32::from(depth & 0x7F) + 1,
        across: usize::from(*across).max(1),
        down: usize::from(*down).max(1),
    };
    let components: Vec<Component> = told.as_chunks().0.iter().map(component).collect();
    (!components.is_empty()).then_some(Size { columns: x.checked_sub(x0)?, rows: y.checked_sub(y0)?, components })
}

/// The number of tiles (T.800 B.3); `None` where the SIZ marker says what cannot be.
pub(super) fn tiles(stream: &[u8]) -> Option<usize> {
    let (across, down) = tile_grid(&Siz::of(stream)?)?;
    across.checked_mul(down)
}

/// Tiles in a row and a column.
fn tile_grid(siz: &Siz<'_>) -> Option<(usize, usize)> {
    let along =
        |extent: usize, first: usize, tile: usize| extent.checked_sub(first)?.checked_add(tile - 1)?.checked_div(tile);
    let across = along(siz.word(0)?, siz.word(6)?, siz.word(4)?.max(1))?;
    let down = along(siz.word(1)?, siz.word(7)?, siz.word(5)?.max(1))?;
    Some((across, down))
}

/// Whether a code stream uses its own multiple component transform (COD marker, T.800 A.6.1).
pub(super) fn uses_transform(stream: &[u8]) -> bool {
    stream.windows(2).position(|w| w == [0xFF, 0x52]).and_then(|at| stream.get(at + 8)) == Some(&1)
}

/// What of the image a code stream does not hold. Where that is anything, zeros and an end stand
/// behind what there is: the decoder takes zeros for packets without data, and would give up on a
/// tile part that is shorter than it says.
pub(super) fn end_what_is_cut(stream: &mut Vec<u8>) -> Option<Missing> {
    let missing = missing(stream)?;
    let start = stream.windows(4).position(|w| w == START)?;
    if let Some(end) = end_of_the_last_part(&stream[start..]).filter(|end| (*end as u64) < limits::FILE_BYTES) {
        stream.resize((start + end).max(stream.len()), 0);
        stream.truncate(start + end);
    }
    stream.extend(EOC);
    Some(missing)
}

/// Where the last tile part that has begun says that it ends.
fn end_of_the_last_part(stream: &[u8]) -> Option<usize> {
    let mut at = main_header_end(stream)?;
    loop {
        let length = word(stream, at + 6).filter(|_| stream.get(at..at + 2) == Some(&SOT))?;
        let end = at.checked_add(length).filter(|end| *end > at + 12)?;
        // Behind it may stand the next one, or what is no tile part any more.
        match stream.get(end..end + 12) {
            Some(next) if next.starts_with(&SOT) => at = end,
            _ => return Some(end),
        }
    }
}

/// What of the image a code stream does not hold (T.800 A.4.2): every tile part says how long it
/// is, and every tile in how many parts it comes.
///
/// A tile comes coarsely first, so a cut in the only tile costs detail in the whole image; a cut in
/// one of several costs its rows and those of the tiles behind it.
fn missing(stream: &[u8]) -> Option<Missing> {
    let siz = Siz::of(stream)?;
    let (y0, tile_height, tile_y0) = (siz.word(3)?, siz.word(5)?, siz.word(7)?);
    let (across, down) = tile_grid(&siz)?;
    // T.800 B.3: tiles are numbered by 16 bits.
    let tiles = across.checked_mul(down).filter(|n| (1..=65_535).contains(n))?;
    let first = first_missing(siz.stream, tiles)?;
    match (tile_y0 + first / across * tile_height).checked_sub(y0) {
        Some(from) if from > 0 => Some(Missing::Rows { from }),
        _ => Some(Missing::Detail),
    }
}

/// What has come of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tile {
    /// Nothing, or not all.
    Missing,
    /// Some parts, and nothing says how many there are.
    Open,
    Whole,
}

/// The number of the first tile that is not all there.
fn first_missing(stream: &[u8], tiles: usize) -> Option<usize> {
    let mut there = vec![Tile::Missing; tiles];
    let mut at = main_header_end(stream);
    while let Some(begin) = at.filter(|at| stream.get(*at..at + 2) == Some(&SOT)) {
        let (Some(tile), Some(length)) = (half(stream, begin + 4), word(stream, begin + 6)) else { break };
        let Some(&[number, count]) = stream.get(begin + 10..begin + 12) else { break };
        // A length of zero reaches to the end marker.
        let end =
            if length == 0 { end_marker(stream) } else { begin.checked_add(length).filter(|e| *e <= stream.len()) };
        at = end.filter(|end| *end > begin);
        if let (Some(_), Some(state)) = (at, there.get_mut(tile)) {
            *state = match count {
                0 => Tile::Open,
                _ if number + 1 >= count => Tile::Whole,
                _ => Tile::Missing,
            };
        }
    }
    let ended = at.is_some_and(|at| stream.get(at..at + 2) == Some(&EOC));
    there.iter().position(|tile| *tile == Tile::Missing || (*tile == Tile::Open && !ended))
}

/// Where the main header ends: at the first tile part.
fn main_header_end(stream: &[u8]) -> Option<usize> {
    let mut at = 2;
    while stream.get(at..at + 2)? != SOT {
        at += 2 + half(stream, at + 2)?.max(2);
    }
    Some(at)
}

/// Where the end marker stands, if the stream ends with one, the bytes that fill up a fragment left
/// away.
fn end_marker(stream: &[u8]) -> Option<usize> {
    let end = stream.iter().rposition(|b| *b != 0)? + 1;
    stream[..end].ends_with(&EOC).then(|| end - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code stream of 64 × 96 pixels in tiles of 64 × 32, each in two parts of so many bytes;
    /// lengths are told or not.
    fn stream(parts: &[usize], told: bool) -> Vec<u8> {
        let words = |values: &[u32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
        let mut bytes = [0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0].to_vec();
        bytes.extend(words(&[64, 96, 0, 0, 64, 32, 0, 0]));
        bytes.extend([0, 1, 7, 1, 1]);
        for (i, length) in parts.iter().enumerate() {
            bytes.extend([0xFF, 0x90, 0, 10, 0, i as u8 / 2]);
            bytes.extend(words(&[*length as u32 + 14]));
            bytes.extend([i as u8 % 2, if told { 2 } else { 0 }, 0xFF, 0x93]);
            bytes.extend(vec![7; *length]);
        }
        bytes.extend(EOC);
        bytes
    }

    #[test]
    fn the_first_tile_that_is_not_all_there_tells_the_rows() {
        let whole = stream(&[30, 20, 30, 20, 30, 20], true);
        assert_eq!(missing(&whole), None);
        assert_eq!(missing(&whole[..whole.len() - 2]), None, "only the end marker is missing");
        assert_eq!(missing(&whole[..whole.len() - 3]), Some(Missing::Rows { from: 64 }));
        assert_eq!(missing(&whole[..whole.len() - 2 - 34 - 44 - 1]), Some(Missing::Rows { from: 32 }));
        assert_eq!(missing(&whole[..100]), Some(Missing::Detail), "the first tile itself");
        let marked = [&whole[..whole.len() - 9], &EOC].concat();
        assert_eq!(missing(&marked), Some(Missing::Rows { from: 64 }), "an end marker behind the cut");
    }

    #[test]
    fn where_no_part_says_how_many_there_are_the_end_marker_tells() {
        let whole = stream(&[30, 20, 30, 20, 30, 20], false);
        assert_eq!(missing(&whole), None);
        assert_eq!(missing(&[&whole[..], &[0]].concat()), None, "filled up to an even length");
        assert_eq!(missing(&whole[..whole.len() - 2]), Some(Missing::Detail));
    }
}
