//! JPEG-LS (ITU-T T.87 | ISO/IEC 14495-1), lossless and near-lossless: samples of 2 to 16 bits,
//! interleaved in every way, with preset parameters, restart markers, mapping tables and large
//! sizes.
//!
//! A sample is predicted from its neighbours (A.4), corrected by what its context has learnt (A.6),
//! and its error is read as a Golomb code (A.5); flat stretches are read as runs (A.7). [`header`]
//! reads segments, [`presets`] and [`coding`] derive the parameters of a scan, [`scan`] goes from
//! restart interval to restart interval, [`lines`] and [`pixels`] decode a row.
//!
//! A SPIFF header is passed over; Hewlett-Packard's colour transforms are undone. Refused by name:
//! the point transform, components of different size, palettes of more than two bytes an entry,
//! other transforms, the extensions of T.870.
//!
//! JPEG-LS has no checksums. A cut costs the rows behind it, and so does a code that no encoder
//! writes. Data that are left over behind the last row of a restart interval say that something in
//! it was misread: its samples are there, none of its rows counts as complete. Damage that shows in
//! neither way cannot be seen.
//!
//! `MAXVAL` of a preset counts in the range of errors and in the length of codes (A.2.1), as T.87
//! has it; `CharLS` takes it for the thresholds alone.

mod bits;
mod coding;
mod colour;
mod contexts;
mod destination;
mod error;
mod header;
mod lines;
mod mapping;
mod markers;
mod pixels;
mod presets;
mod scan;
#[cfg(test)]
mod tests;

pub use self::error::JpegLsError;
pub use self::header::{Header, Interleave};

use self::coding::Coding;
use self::destination::{Destination, Finish};
use self::header::Segments;
use crate::image::{Expected, Image, Samples};
use crate::memory::zeros;

/// Decodes a stream as far as its data go. Its size must be the expected one; where the stream ends
/// before it says how many rows there are, the expected number holds.
pub fn decode(stream: &[u8], expected: &Expected) -> Result<Image, JpegLsError> {
    let mut segments = Segments::new(stream)?;
    let mut scan = segments.first_scan()?;
    let frame = segments.frame()?.clone();
    let rows = if frame.rows == 0 { expected.rows } else { frame.rows };
    let found = Expected { columns: frame.columns, rows, components: frame.components.len() };
    if found != *expected {
        return Err(JpegLsError::OtherSize { found, expected: *expected });
    }
    let Expected { columns, rows, components } = found;
    let count = columns.checked_mul(rows).and_then(|pixels| pixels.checked_mul(components)).filter(|count| *count > 0);
    let count = count.ok_or_else(|| JpegLsError::malformed("its size is 0, or beyond all memory"))?;
    let mut finish = Finish::of(&segments, &frame, &scan)?;
    let precision = finish.precision();
    let mut samples = zeros(count).ok_or_else(|| JpegLsError::malformed("its size is beyond all memory"))?;
    let mut complete = vec![None; components];
    loop {
        if precision.is_none() || finish.precision() != precision {
            return Err(JpegLsError::unsupported("components of different depth"));
        }
        let coding = Coding::new(&segments.presets.resolve(frame.precision, scan.near)?);
        let places = scan.components.clone();
        let mut destination = Destination::new(&mut samples, columns, components, places, finish);
        let interval = segments.restart_interval;
        let outcome = scan::decode(stream, scan.data, &coding, scan.interleave, interval, &mut destination);
        for place in &scan.components {
            complete[*place] = Some(outcome.complete_rows);
        }
        if complete.iter().all(Option::is_some) {
            break;
        }
        segments.go_on_at(outcome.end);
        // What stands behind damage need not make sense; what is not decoded is said all the same.
        scan = match segments.next_scan() {
            Ok(Some(next)) if next.components.iter().all(|place| complete[*place].is_none()) => next,
            Err(error @ JpegLsError::Unsupported(_)) => return Err(error),
            _ => break,
        };
        finish = match Finish::of(&segments, &frame, &scan) {
            Ok(next) => next,
            Err(error @ JpegLsError::Unsupported(_)) => return Err(error),
            Err(_) => break,
        };
    }
    let complete_rows = complete.iter().map(|rows| rows.unwrap_or(0)).min().unwrap_or(0);
    let precision = precision.unwrap_or(frame.precision);
    let samples = Samples::Words(samples);
    Ok(Image { columns, rows, components, precision, samples, complete_rows, lacks_detail: false })
}
