//! Golden streams of the tests: lists of cases that scripts in `tests/golden` write and describe.

use crate::image::Expected;

/// A stream and what is in it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) expected: Expected,
    /// Bits of a sample.
    pub(crate) precision: u8,
    /// FNV-1a of the samples, as their script says.
    pub(crate) hash: u64,
    pub(crate) stream: &'static [u8],
}

/// The cases whose names begin with `kind`.
pub(crate) fn cases(golden: &'static [u8], kind: &str) -> Vec<Case> {
    let mut rest = golden;
    let mut take = |length: usize| {
        let (bytes, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(bytes)
    };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let mut cases = Vec::new();
    while let Some(length) = take(1) {
        let name = String::from_utf8(take(length[0].into()).unwrap().to_vec()).unwrap();
        let [columns, rows, components, precision, hash, length] =
            [2, 2, 1, 1, 8, 4].map(|width| number(take(width).unwrap()));
        let [columns, rows, components] = [columns, rows, components].map(|n| n as usize);
        let expected = Expected { columns, rows, components };
        let stream = take(length as usize).unwrap();
        cases.push(Case { name, expected, precision: precision as u8, hash, stream });
    }
    cases.retain(|case| case.name.starts_with(kind));
    cases
}

/// FNV-1a.
pub(crate) fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, step)
}

/// The samples of an image as words.
pub(crate) fn words(image: &crate::image::Image) -> Vec<u16> {
    image.samples.clone().into_words()
}
