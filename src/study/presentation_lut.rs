//! The presentation LUT of a presentation state (PS3.3 C.11.4, C.11.6; PS3.4 N.2.1.4): a table from
//! what comes out of the window to the brightness on the screen.
//!
//! Window and table become one table over modality values, so that whoever shows an image knows one
//! kind of transform. A window that the reader sets afterwards takes the place of both.

use dicom_dictionary_std::tags;

use crate::imaging::{Voi, Window};

use super::dataset::Dataset;
use super::grey::LookupTable;

/// Most entries of the table that is made.
const MOST: f32 = 65_536.0;
/// Steps of brightness below which the table would show bands where the image has none.
const FEWEST: f32 = 256.0;
/// Where a sigmoid window is taken to end, in its widths on either side.
const TAILS: f32 = 1.0;

/// The transform `voi` followed by the presentation LUT in `item`; without a `voi`, values from
/// `range.0` to `range.1` go in.
///
/// # Errors
/// Why it cannot be applied, as the second half of a sentence.
pub(super) fn presented(item: &Dataset, voi: Option<&Voi>, range: (f32, f32)) -> Result<Voi, String> {
    let lut =
        LookupTable::read(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, false).map_err(|reason| reason.to_string())?;
    let last = lut.entries.len().saturating_sub(1) as f64;
    let full = f64::from(lut.entry_max());
    let shown = |brightness: f64| {
        let place = (brightness.clamp(0.0, 1.0) * last).round() as usize;
        let entry = lut.entries.get(place).copied().unwrap_or_default();
        (f64::from(entry) / full).min(1.0) as f32
    };
    let through = |window: &Window, explanation: &str| {
        let (low, high) = window.bounds();
        let tails = if window.function == crate::imaging::WindowFunction::Sigmoid { TAILS * window.width } else { 0.0 };
        let (low, high) = ((low - tails).floor(), (high + tails).ceil());
        let whole = range.0.fract() == 0.0 && range.1.fract() == 0.0 && range.1 - range.0 >= 1.0;
        let fits = high - low < MOST && (whole || high - low >= FEWEST);
        if !fits {
            return Err("its window has more steps, or fewer, than a table can hold".to_owned());
        }
        let entries = (0..=(high - low) as u32).map(|i| shown(window.apply(low + i as f32))).collect();
        Ok(Voi::Lut { first: low, entries, explanation: explanation.to_owned() })
    };
    match voi {
        Some(Voi::Window { window, explanation }) => through(window, explanation),
        Some(Voi::Lut { first, entries, explanation }) => Ok(Voi::Lut {
            first: *first,
            entries: entries.iter().map(|entry| shown(f64::from(*entry))).collect(),
            explanation: explanation.clone(),
        }),
        None => through(&Window::spanning(range.0, range.1), ""),
    }
}
