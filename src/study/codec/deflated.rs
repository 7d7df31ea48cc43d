//! Deflated Image Frame Compression (PS3.5 A.4.13): a native frame, deflated (RFC 1951).

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::frame_bytes::FrameBytes;
use crate::study::StudyError;
use crate::study::guard::PixelLayout;
use crate::study::native;

/// Inflates a frame, never beyond its size; some writers put the header of zlib before it.
pub(super) fn decode(stream: &[u8], layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let most = native::most_frame_bytes(layout);
    let mut bytes = inflated(DeflateDecoder::new(stream), most);
    if bytes.is_empty() {
        bytes = inflated(ZlibDecoder::new(stream), most);
    }
    if bytes.is_empty() {
        return Err(StudyError::Truncated("its deflated frame cannot be inflated".into()));
    }
    let shape = native::shape(&PixelLayout { frames: 1, ..layout.clone() }, bytes.len() as u64);
    native::frame(bytes, 0, shape)
}

/// What can be inflated of a stream that may end early.
fn inflated(stream: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before damage is there all the same.
    let _ = stream.take(most).read_to_end(&mut bytes);
    bytes
}
