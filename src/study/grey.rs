//! The grey transforms of a file: modality LUT or rescale, windows and VOI LUTs, padding (PS3.3
//! C.11.1, C.11.2, C.7.5.1.1.2).

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::imaging::{Modality, Voi, Window, WindowFunction};

use super::StudyError;
use super::dataset::{Dataset, Value, words};
use super::guard::PixelLayout;
use super::text::CharacterSets;

/// The modality transform: a LUT wins over a rescale. A LUT that lies about its length is an error,
/// for without it the values are unknown; one that says nothing of its entries is left out, as
/// others do; a slope of zero or none at all is the identity.
pub(super) fn modality(
    dataset: &Dataset,
    of_frame: Option<&Dataset>,
    layout: &PixelLayout,
    warnings: &mut Vec<String>,
) -> Result<Modality, StudyError> {
    let item = dataset.items(tags::MODALITY_LUT_SEQUENCE).first();
    let described = |item: &&Dataset| item.integers(tags::LUT_DESCRIPTOR).len() == 3;
    if item.is_some() && item.as_ref().is_none_or(|x| !described(x)) {
        warnings.push("The modality LUT of the file says nothing of its entries and was not applied.".into());
    }
    if let Some(item) = item.filter(described) {
        let lut = LookupTable::of(item, layout.signed)
            .map_err(|reason| StudyError::Malformed(format!("its modality LUT is wrong: {reason}")))?;
        return Ok(Modality::Lut { first: lut.first, entries: lut.entries.iter().map(|v| f32::from(*v)).collect() });
    }
    let source = of_frame.unwrap_or(dataset);
    let slope = source.number(tags::RESCALE_SLOPE);
    let intercept = source.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    match slope {
        Some(0.0) => {
            warnings.push("Rescale Slope is 0 and was not applied.".into());
            Ok(Modality::IDENTITY)
        }
        slope => Ok(Modality::Rescale { slope: slope.unwrap_or(1.0), intercept }),
    }
}

/// The windows, then the VOI LUTs; what is not sound is left out with a warning.
pub(super) fn voi(
    dataset: &Dataset,
    of_frame: Option<&Dataset>,
    signed: bool,
    sets: &CharacterSets,
    warnings: &mut Vec<String>,
) -> Vec<Voi> {
    let source = of_frame.unwrap_or(dataset);
    let centers = source.numbers(tags::WINDOW_CENTER);
    let widths = source.numbers(tags::WINDOW_WIDTH);
    let explanation = source.text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, sets);
    let mut explanations = explanation.split('\\').map(|e| e.trim().to_owned());
    let function = match source.code(tags::VOILUT_FUNCTION).as_str() {
        "SIGMOID" => WindowFunction::Sigmoid,
        "LINEAR_EXACT" => WindowFunction::LinearExact,
        _ => WindowFunction::Linear,
    };
    let mut all = Vec::new();
    for (center, width) in centers.into_iter().zip(widths) {
        let explanation = explanations.next().unwrap_or_default();
        let window = Window { center: center as f32, width: width as f32, function };
        if window.is_valid() {
            all.push(Voi::Window { window, explanation });
        } else {
            warnings.push(format!("The file's window of width {width} is not valid and was left out."));
        }
    }
    for item in source.items(tags::VOILUT_SEQUENCE) {
        match LookupTable::of(item, signed) {
            Ok(lut) => {
                if lut.exceeds_its_bits() {
                    let bits = lut.bits;
                    warnings.push(format!(
                        "A VOI LUT of the file says that its entries have {bits} bits and holds larger ones: the \
                         largest is shown white."
                    ));
                }
                let full = f32::from(lut.entry_max());
                let entries = lut.entries.iter().map(|v| (f32::from(*v) / full).min(1.0)).collect();
                let explanation = item.text(tags::LUT_EXPLANATION, sets);
                all.push(Voi::Lut { first: lut.first as f32, entries, explanation });
            }
            Err(reason) => warnings.push(format!("A VOI LUT of the file was left out: {reason}.")),
        }
    }
    all
}

/// Padding as an inclusive range of stored values: Pixel Padding Value, or from it to its Range
/// Limit.
pub(super) fn padding(dataset: &Dataset, layout: &PixelLayout) -> Option<(i64, i64)> {
    let sixteen = |tag| {
        let value = dataset.integer(tag)?;
        // The VR follows Pixel Representation, but files with US for negative values are common.
        Some(if layout.signed && (32_768..65_536).contains(&value) {
            value - 65_536
        } else if !layout.signed && value < 0 {
            value + 65_536
        } else {
            value
        })
    };
    let value = sixteen(tags::PIXEL_PADDING_VALUE)?;
    let limit = sixteen(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

/// A look-up table of PS3.3 C.11.1.1 and C.11.2.1.1, its descriptor checked against its data.
#[derive(Debug, PartialEq)]
pub(super) struct LookupTable {
    pub first: i64,
    pub bits: u32,
    pub entries: Vec<u16>,
}

/// Why a look-up table is not used, as the second half of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LookupTableError {
    #[error("its descriptor has {0} values instead of 3")]
    Descriptor(usize),
    #[error("it declares entries of {0} bits")]
    Bits(i64),
    #[error("it has no data")]
    NoData,
    #[error("its data cannot be read")]
    Unreadable,
    #[error("it declares {count} entries and holds {bytes} bytes")]
    Short { count: usize, bytes: usize },
}

impl LookupTable {
    fn of(item: &Dataset, signed: bool) -> Result<Self, LookupTableError> {
        Self::read(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, signed)
    }

    /// Reads a descriptor and its data; `signed` tells how a first value without a sign of its own
    /// is meant.
    pub(super) fn read(
        item: &Dataset,
        descriptor: dicom_core::Tag,
        data: dicom_core::Tag,
        signed: bool,
    ) -> Result<Self, LookupTableError> {
        let numbers = item.integers(descriptor);
        let [count, first, bits] = numbers[..] else {
            return Err(LookupTableError::Descriptor(numbers.len()));
        };
        let count = match count & 0xFFFF {
            0 => 65_536,
            count => count as usize,
        };
        let first = if signed && first > 32_767 { first - 65_536 } else { first };
        let first = if !signed && first < 0 { first + 65_536 } else { first };
        if !(8..=16).contains(&bits) {
            return Err(LookupTableError::Bits(bits));
        }
        let element = item.get(data).ok_or(LookupTableError::NoData)?;
        let Value::Bytes(bytes) = &element.value else { return Err(LookupTableError::Unreadable) };
        let entries: Vec<u16> = if bytes.len() >= 2 * count {
            words(bytes, element.big_endian && element.vr != VR::OB).map(u16::from_le_bytes).take(count).collect()
        } else if bits == 8 && bytes.len() >= count {
            bytes.iter().take(count).map(|b| u16::from(*b)).collect()
        } else {
            return Err(LookupTableError::Short { count, bytes: bytes.len() });
        };
        Ok(Self { first, bits: bits as u32, entries })
    }

    /// The entry that means white: the largest that its bits can say, or where entries exceed them, the
    /// largest that is there. Taken at their word, such tables (8 bits declared, 12 held) would be white
    /// nearly throughout.
    pub(super) fn entry_max(&self) -> u16 {
        self.declared_max().max(self.largest())
    }

    /// Whether there are entries that its bits cannot say.
    pub(super) fn exceeds_its_bits(&self) -> bool {
        self.largest() > self.declared_max()
    }

    fn declared_max(&self) -> u16 {
        ((1_u32 << self.bits) - 1) as u16
    }

    fn largest(&self) -> u16 {
        self.entries.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::Tag;

    use super::*;
    use crate::study::dataset::Element;

    fn item(descriptor: [u16; 3], data: &[u8]) -> Dataset {
        let bytes = descriptor.iter().flat_map(|v| v.to_le_bytes()).collect();
        let element = |vr, bytes| Element { vr, big_endian: false, value: Value::Bytes(bytes) };
        Dataset {
            elements: BTreeMap::from([
                (tags::LUT_DESCRIPTOR, element(VR::US, bytes)),
                (tags::LUT_DATA, element(VR::OW, data.to_vec())),
            ]),
        }
    }

    #[test]
    fn a_lut_of_zero_entries_has_65536() {
        let lut = LookupTable::of(&item([0, 0, 16], &vec![1; 131_072]), false).unwrap();
        assert_eq!((lut.entries.len(), lut.entries[0], lut.entry_max()), (65_536, 257, 65_535));
    }

    #[test]
    fn a_descriptor_that_declares_more_than_there_is_is_found_out() {
        let error = LookupTable::of(&item([4096, 0, 12], &[0; 100]), false).unwrap_err();
        assert_eq!(error.to_string(), "it declares 4096 entries and holds 100 bytes");
        assert!(LookupTable::of(&item([2, 0, 77], &[0; 4]), false).is_err());
    }

    #[test]
    fn the_first_value_is_signed_where_the_pixels_are() {
        assert_eq!(LookupTable::of(&item([1, 65_535, 8], &[1, 0]), true).unwrap().first, -1);
        assert_eq!(LookupTable::of(&item([1, 65_535, 8], &[1, 0]), false).unwrap().first, 65_535);
    }

    #[test]
    fn eight_bit_entries_may_be_packed() {
        assert_eq!(LookupTable::of(&item([4, 0, 8], &[1, 2, 3, 4]), false).unwrap().entries, vec![1, 2, 3, 4]);
    }

    #[test]
    fn entries_beyond_the_bits_that_are_declared_are_no_white_but_the_largest_is() {
        let entries: Vec<u8> = [0_u16, 65, 1365, 4095].iter().flat_map(|v| v.to_le_bytes()).collect();
        let bytes = |declared| {
            let sequence =
                Element { vr: VR::SQ, big_endian: false, value: Value::Items(vec![item(declared, &entries)]) };
            Dataset { elements: BTreeMap::from([(tags::VOILUT_SEQUENCE, sequence)]) }
        };
        let shown = |declared| {
            let mut warnings = Vec::new();
            let all = voi(&bytes(declared), None, false, &CharacterSets::default(), &mut warnings);
            let [Voi::Lut { entries, .. }] = &all[..] else { panic!("{all:?}") };
            (entries.clone(), warnings)
        };
        let sound = shown([4, 0, 12]);
        assert_eq!(sound.0, [0.0, 65.0 / 4095.0, 1.0 / 3.0, 1.0]);
        assert!(sound.1.is_empty());
        let narrow = shown([4, 0, 8]);
        assert_eq!(narrow.0, sound.0);
        assert!(narrow.1[0].contains("8 bits"), "{:?}", narrow.1);
    }

    fn text(elements: &[(Tag, &str)]) -> Dataset {
        let element = |t: &str| Element { vr: VR::DS, big_endian: false, value: Value::Bytes(t.into()) };
        Dataset { elements: elements.iter().map(|(tag, t)| (*tag, element(t))).collect() }
    }

    #[test]
    fn windows_keep_their_order_and_their_words() {
        let dataset = text(&[
            (tags::WINDOW_CENTER, "40\\-600"),
            (tags::WINDOW_WIDTH, "400\\1500"),
            (tags::WINDOW_CENTER_WIDTH_EXPLANATION, "SOFT\\LUNG"),
        ]);
        let mut warnings = Vec::new();
        let all = voi(&dataset, None, false, &CharacterSets::default(), &mut warnings);
        assert_eq!(all.len(), 2);
        let lung = Voi::Window { window: Window::linear(-600.0, 1500.0), explanation: "LUNG".into() };
        assert_eq!(all[1], lung);
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_window_without_width_is_left_out_with_a_warning() {
        let dataset = text(&[(tags::WINDOW_CENTER, "0"), (tags::WINDOW_WIDTH, "0")]);
        let mut warnings = Vec::new();
        assert!(voi(&dataset, None, false, &CharacterSets::default(), &mut warnings).is_empty());
        assert_eq!(warnings.len(), 1);
    }
}
