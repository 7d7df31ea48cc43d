//! The decoder against streams and samples of other programs (`tests/golden/codecs_jpeg.py`), and
//! against damage.

mod damage;
mod golden;

use super::{JpegError, decode};
use crate::golden::words;
use crate::image::{Expected, Image};

/// A stream with the image that other decoders make of it.
struct Golden {
    name: String,
    stream: Vec<u8>,
    expected: Expected,
    precision: u8,
    samples: Vec<u16>,
}

/// All streams, as the script wrote them.
fn goldens() -> Vec<Golden> {
    let mut rest = include_bytes!("../../../tests/golden/codecs_jpeg.bin").as_slice();
    let mut goldens = Vec::new();
    while !rest.is_empty() {
        let length = take(&mut rest, 1)[0];
        let name = String::from_utf8(take(&mut rest, length.into()).to_vec()).unwrap();
        let mut number = |size| take(&mut rest, size).iter().rev().fold(0, |high, low| high << 8 | usize::from(*low));
        let (columns, rows, components, precision, length) = (number(2), number(2), number(1), number(1), number(4));
        let stream = take(&mut rest, length).to_vec();
        let size = if precision > 8 { 2 } else { 1 };
        let bytes = take(&mut rest, columns * rows * components * size);
        let samples = bytes.chunks(size).map(|b| u16::from(b[0]) | u16::from(*b.get(1).unwrap_or(&0)) << 8).collect();
        let expected = Expected { columns, rows, components };
        goldens.push(Golden { name, stream, expected, precision: precision as u8, samples });
    }
    goldens
}

fn take<'a>(from: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = from.split_at(count);
    *from = rest;
    taken
}

fn golden(name: &str) -> Golden {
    goldens().into_iter().find(|golden| golden.name == name).unwrap_or_else(|| panic!("no golden {name}"))
}

impl Golden {
    fn decoded(&self) -> Result<Image, JpegError> {
        decode(&self.stream, self.expected)
    }

    /// What a stream that was made of this one gives.
    fn of(&self, stream: &[u8]) -> Image {
        decode(stream, self.expected).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Samples in a row of the image.
    fn width(&self) -> usize {
        self.expected.columns * self.expected.components
    }

    /// Where the data of the first scan begins.
    fn data(&self) -> usize {
        let at = self.stream.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 2;
        at + usize::from(self.stream[at]) * 256 + usize::from(self.stream[at + 1])
    }
}
