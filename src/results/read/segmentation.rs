//! Segmentations (PS3.3 A.51, C.8.20): areas with a name, a kind, a colour, and who or what drew them.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::{Code, shortened, with_its_lines};
use super::multi_frame::{NamedImages, ResultFrame, Shared};
use super::structured_report::equipment;
use super::{ReadError, lab};
use crate::limits;
use crate::study::dataset::Dataset;
use crate::study::dicom::Dicom;
use crate::study::functional_groups::FunctionalGroups;
use crate::study::readable_name;
use crate::study::text::CharacterSets;

/// Most characters of a label or a description.
const WORDS: usize = 1024;
/// Most characters of the parameters of an algorithm.
const PARAMETERS: usize = 10_240;

/// What a pixel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentationType {
    /// Belongs to the segment of the frame, or not.
    Binary,
    /// How probably it does.
    Probability,
    /// How much of it does.
    Occupancy,
    /// The number of its segment.
    Labelmap,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    pub number: u32,
    pub label: String,
    pub description: String,
    /// Anatomical structure, morphologically altered structure …
    pub category: Option<Code>,
    /// What it is: lung, nodule …
    pub property: Option<Code>,
    /// What more it is: right, left …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Code>,
    /// Where: anatomic region with its modifiers.
    pub anatomy: Vec<Code>,
    /// AUTOMATIC, SEMIAUTOMATIC or MANUAL.
    pub algorithm_type: String,
    /// Name and version of the algorithm.
    pub algorithm: String,
    /// What it was told, a line each.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameters: String,
    /// Recommended for the screen, sRGB.
    pub color: Option<[u8; 3]>,
    pub tracking_id: String,
}

/// A frame of the segmentation, of one segment; of all of them in a label map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentFrame {
    #[serde(flatten)]
    pub frame: ResultFrame,
    pub segment: Option<u32>,
}

/// A segmentation, without its pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segmentation {
    /// Content Label.
    pub label: String,
    pub description: String,
    /// Who made it, as the file names them.
    pub creator: String,
    pub series: String,
    pub kind: SegmentationType,
    /// The stored value that stands for 1, of fractions.
    pub maximum: u32,
    /// The stored value that stands for nothing, of label maps, beside 0.
    pub padding: Option<u32>,
    pub columns: u32,
    pub rows: u32,
    pub segments: Vec<Segment>,
    pub frames: Vec<SegmentFrame>,
    pub named: NamedImages,
    pub equipment: Vec<String>,
}

impl Segmentation {
    pub(super) fn read(dicom: &Dicom) -> Result<Self, ReadError> {
        let (dataset, sets) = (&dicom.dataset, &dicom.sets);
        let items = dataset.items(tags::SEGMENT_SEQUENCE).iter().take(limits::SEGMENTS);
        let segments: Vec<Segment> = items.filter_map(|item| segment(item, sets)).collect();
        if segments.is_empty() {
            return Err(ReadError::NoSegments);
        }
        let kind = match (dataset.code(tags::SEGMENTATION_TYPE).as_str(), sop_is_label_map(dicom)) {
            ("LABELMAP", _) | (_, true) => SegmentationType::Labelmap,
            ("FRACTIONAL", _) if dataset.code(tags::SEGMENTATION_FRACTIONAL_TYPE) == "OCCUPANCY" => {
                SegmentationType::Occupancy
            }
            ("FRACTIONAL", _) => SegmentationType::Probability,
            _ => SegmentationType::Binary,
        };
        let number = |tag: Tag| dataset.integer(tag).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let count = number(tags::NUMBER_OF_FRAMES).clamp(1, limits::FRAMES);
        let mut sources = Shared::default();
        let frames = (0..count).map(|index| SegmentFrame {
            frame: ResultFrame::read(dataset, index, &mut sources),
            segment: FunctionalGroups::of(dataset, index)
                .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
                .and_then(|item| item.integer(tags::REFERENCED_SEGMENT_NUMBER))
                .and_then(|n| u32::try_from(n).ok())
                // An only segment need not be named.
                .or_else(|| segments.first().filter(|_| segments.len() == 1).map(|one| one.number))
                .filter(|_| kind != SegmentationType::Labelmap),
        });
        let text = |tag: Tag| shortened(&dataset.text(tag, sets), WORDS);
        Ok(Self {
            label: text(tags::CONTENT_LABEL),
            description: text(tags::CONTENT_DESCRIPTION),
            creator: readable_name(&text(tags::CONTENT_CREATOR_NAME)),
            series: text(tags::SERIES_DESCRIPTION),
            kind,
            maximum: Some(number(tags::MAXIMUM_FRACTIONAL_VALUE)).filter(|n| *n > 0).unwrap_or(255),
            padding: dataset.integer(tags::PIXEL_PADDING_VALUE).and_then(|n| u32::try_from(n).ok()),
            columns: number(tags::COLUMNS),
            rows: number(tags::ROWS),
            frames: frames.collect(),
            segments,
            named: NamedImages::read(dataset),
            equipment: equipment(dataset, sets),
        })
    }

    /// Whether this number of a label map is what lies around the segments (PS3.3 C.8.20.4.1).
    #[must_use]
    pub(super) fn is_background(&self, number: u32) -> bool {
        number == 0 || self.padding == Some(number)
    }

    /// What it is called in a list.
    #[must_use]
    pub fn title(&self) -> &str {
        [&self.series, &self.description, &self.label].into_iter().find(|words| !words.is_empty()).map_or("", |w| w)
    }
}

/// The older segmentations have the type among their attributes, the younger one is a class of its own.
fn sop_is_label_map(dicom: &Dicom) -> bool {
    dicom.sop_class().ends_with(".66.7")
}

fn segment(item: &Dataset, sets: &CharacterSets) -> Option<Segment> {
    let text = |tag: Tag| shortened(&item.text(tag, sets), WORDS);
    let number = item.integer(tags::SEGMENT_NUMBER).and_then(|n| u32::try_from(n).ok())?;
    let identified = item.items(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE).first();
    let of = |tag: Tag| identified.map(|one| shortened(&one.text(tag, sets), WORDS)).unwrap_or_default();
    let parameters = identified.map(|one| one.text(tags::ALGORITHM_PARAMETERS, sets)).unwrap_or_default();
    let name = Some(of(tags::ALGORITHM_NAME)).filter(|name| !name.is_empty());
    let algorithm = [name.unwrap_or_else(|| text(tags::SEGMENT_ALGORITHM_NAME)), of(tags::ALGORITHM_VERSION)];
    let mut anatomy = Code::all(item, tags::ANATOMIC_REGION_SEQUENCE, sets);
    if let Some(region) = item.items(tags::ANATOMIC_REGION_SEQUENCE).first() {
        anatomy.extend(Code::all(region, tags::ANATOMIC_REGION_MODIFIER_SEQUENCE, sets));
    }
    let kind = item.items(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE).first();
    let modifiers = kind.map(|one| Code::all(one, tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE, sets));
    Some(Segment {
        number,
        label: text(tags::SEGMENT_LABEL),
        description: text(tags::SEGMENT_DESCRIPTION),
        category: Code::of(item, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, sets),
        property: Code::of(item, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, sets),
        modifiers: modifiers.unwrap_or_default(),
        anatomy,
        algorithm_type: text(tags::SEGMENT_ALGORITHM_TYPE),
        algorithm: algorithm.join(" ").trim().to_owned(),
        parameters: with_its_lines(&parameters, PARAMETERS),
        color: lab::srgb(&item.integers(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE)),
        tracking_id: text(tags::TRACKING_ID),
    })
}

impl Segment {
    /// What it is called in a legend.
    #[must_use]
    pub fn name(&self) -> String {
        let property = self.property.as_ref().map_or("", Code::words);
        match (self.label.as_str(), property) {
            ("", "") => format!("segment {}", self.number),
            ("", words) | (words, _) => words.to_owned(),
        }
    }
}
