//! Deflated data sets (PS3.5 A.5), bounded in what they inflate to.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use crate::limits;

use super::StudyError;

/// Inflates all that follows. The standard has no header before it; some writers put that of zlib
/// there.
pub(super) fn inflate<R: Read>(input: &mut R) -> Result<Vec<u8>, StudyError> {
    let mut first = [0; 2];
    let mut length = 0;
    while let Some(room) = first.get_mut(length..).filter(|room| !room.is_empty()) {
        match input.read(room)? {
            0 => break,
            read => length += read,
        }
    }
    let behind = first.get(..length).unwrap_or_default().chain(input);
    let is_zlib = first[0] == 0x78 && u16::from_be_bytes(first).is_multiple_of(31);
    if is_zlib { bounded(ZlibDecoder::new(behind)) } else { bounded(DeflateDecoder::new(behind)) }
}

fn bounded(stream: impl Read) -> Result<Vec<u8>, StudyError> {
    let mut inflated = Vec::new();
    let result = stream.take(limits::INFLATED_BYTES + 1).read_to_end(&mut inflated);
    if inflated.len() as u64 > limits::INFLATED_BYTES {
        return Err(StudyError::TooLarge(format!("it inflates to more than {} bytes", limits::INFLATED_BYTES)));
    }
    // A stream that ends early may still hold the header; the pixel data is checked where it is
    // used.
    match result {
        Err(_) if inflated.is_empty() => Err(StudyError::Truncated("its deflated data cannot be inflated".into())),
        _ => Ok(inflated),
    }
}
