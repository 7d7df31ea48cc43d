//! Parametric maps (PS3.3 A.75, C.8.32): numbers over an image, with what they measure and their unit
//! (Real World Value Mapping, C.7.6.16.2.11).

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::{Code, shortened};
use super::findings::cut;
use super::multi_frame::{NamedImages, ResultFrame, Shared, shared};
use super::reference::Reference;
use super::structured_report::equipment;
use crate::limits;
use crate::study::dataset::Dataset;
use crate::study::dicom::Dicom;
use crate::study::functional_groups::FunctionalGroups;
use crate::study::readable_name;
use crate::study::text::CharacterSets;

/// Most characters of a label or a description.
const WORDS: usize = 300;
/// Most details of a quantity, and most characters of each.
const DETAILS: usize = 16;
const DETAIL: usize = 160;
/// Most entries of a table of real-world values.
const TABLE: usize = 65_536;

/// What the numbers are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Quantity {
    /// Label and explanation of the mapping.
    pub label: String,
    pub explanation: String,
    /// What is measured.
    pub quantity: Option<Code>,
    /// How: method, model, class … as the file defines it.
    pub details: Vec<String>,
    pub unit: Option<Code>,
}

/// How stored values become values with a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapScale {
    /// `slope · stored + intercept`.
    Linear { slope: f64, intercept: f64 },
    /// `table[stored − first]`; no value beyond it.
    Table {
        first: f64,
        #[serde(skip)]
        entries: Vec<f64>,
    },
}

/// A frame of the map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapFrame {
    #[serde(flatten)]
    pub frame: ResultFrame,
    /// What the frame is called by itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(serialize_with = "shared")]
    pub quantity: Arc<Quantity>,
    #[serde(serialize_with = "shared")]
    pub scale: Arc<MapScale>,
}

/// What frames have in common.
#[derive(Default)]
struct Common {
    sources: Shared<Vec<Reference>>,
    quantities: Shared<Quantity>,
    scales: Shared<MapScale>,
}

/// A parametric map, without its pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParametricMap {
    pub label: String,
    pub description: String,
    pub creator: String,
    pub series: String,
    pub columns: u32,
    pub rows: u32,
    pub frames: Vec<MapFrame>,
    /// Whether its content is a product's, for research, or of service: PRODUCT, RESEARCH, SERVICE.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub qualification: String,
    pub named: NamedImages,
    pub equipment: Vec<String>,
}

impl ParametricMap {
    pub(super) fn read(dicom: &Dicom) -> Self {
        let (dataset, sets) = (&dicom.dataset, &dicom.sets);
        let text = |tag: Tag| shortened(&dataset.text(tag, sets), WORDS);
        let number = |tag: Tag| dataset.integer(tag).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let count = number(tags::NUMBER_OF_FRAMES).clamp(1, limits::FRAMES);
        let mut common = Common::default();
        Self {
            label: text(tags::CONTENT_LABEL),
            description: text(tags::CONTENT_DESCRIPTION),
            creator: readable_name(&text(tags::CONTENT_CREATOR_NAME)),
            series: text(tags::SERIES_DESCRIPTION),
            columns: number(tags::COLUMNS),
            rows: number(tags::ROWS),
            frames: (0..count).map(|index| MapFrame::read(dataset, index, sets, &mut common)).collect(),
            qualification: shortened(&dataset.code(tags::CONTENT_QUALIFICATION), 32),
            named: NamedImages::read(dataset),
            equipment: equipment(dataset, sets),
        }
    }

    /// What it is called in a list.
    #[must_use]
    pub fn title(&self) -> &str {
        [&self.series, &self.description, &self.label].into_iter().find(|words| !words.is_empty()).map_or("", |w| w)
    }
}

impl MapFrame {
    fn read(dataset: &Dataset, index: u32, sets: &CharacterSets, common: &mut Common) -> Self {
        let groups = FunctionalGroups::of(dataset, index);
        let mapping = groups.item_or_object(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE);
        // Where it is no functional group, it may be a sequence of the object.
        let mapping = mapping.items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE).first().unwrap_or(mapping);
        let content = groups.item(tags::FRAME_CONTENT_SEQUENCE);
        let of_frame = |tag: Tag| content.map(|item| shortened(&item.text(tag, sets), WORDS)).unwrap_or_default();
        let label = [of_frame(tags::FRAME_LABEL), of_frame(tags::FRAME_COMMENTS)];
        Self {
            frame: ResultFrame::read(dataset, index, &mut common.sources),
            label: label.into_iter().find(|words| !words.is_empty()).unwrap_or_default(),
            quantity: common.quantities.of(mapping, |mapping| Quantity::read(mapping, sets)),
            scale: common.scales.of(mapping, MapScale::read),
        }
    }

    /// Whether the file calls it anything; else its number tells it from the others.
    pub(super) fn is_named(&self) -> bool {
        let Quantity { label, explanation, quantity, .. } = self.quantity.as_ref();
        quantity.is_some() || [&self.label, explanation, label].into_iter().any(|words| !words.is_empty())
    }

    /// What it is called in a legend.
    #[must_use]
    pub fn name(&self) -> String {
        let quantity = self.quantity.quantity.as_ref().map_or("", Code::words);
        let called = [&self.label, &self.quantity.explanation, &self.quantity.label];
        let called = called.into_iter().find(|words| !words.is_empty()).map_or("", String::as_str);
        match (called, quantity) {
            ("", "") => format!("map {}", self.frame.index + 1),
            ("", words) | (words, "") => words.to_owned(),
            (called, quantity) if called == quantity => called.to_owned(),
            (called, quantity) => format!("{called} ({quantity})"),
        }
    }
}

impl Quantity {
    fn read(mapping: &Dataset, sets: &CharacterSets) -> Self {
        let text = |tag: Tag| shortened(&mapping.text(tag, sets), WORDS);
        let (mut quantity, mut details) = (None, Vec::new());
        for item in mapping.items(tags::QUANTITY_DEFINITION_SEQUENCE).iter().take(DETAILS) {
            let name = Code::of(item, tags::CONCEPT_NAME_CODE_SEQUENCE, sets);
            let value = super::item::Value::read(item, sets);
            // (246205007, SCT, "Quantity"), before SNOMED's numbers (G-C1C6, SRT).
            let is_quantity = name.as_ref().is_some_and(|c| c.value == "246205007" || c.value == "G-C1C6");
            match value {
                super::item::Value::Code(code) if is_quantity && quantity.is_none() => quantity = Some(code),
                value => {
                    let unit = value.unit().to_owned();
                    let words = [value.words(), unit].into_iter().filter(|w| !w.is_empty());
                    let words = words.collect::<Vec<_>>().join(" ");
                    let words = name.map_or(words.clone(), |name| format!("{}: {words}", name.words()));
                    // Each of thousands of frames may tell it.
                    details.push(cut(&words, DETAIL));
                }
            }
        }
        Self {
            label: text(tags::LUT_LABEL),
            explanation: text(tags::LUT_EXPLANATION),
            quantity,
            details,
            unit: Code::of(mapping, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, sets),
        }
    }

    /// The unit as it stands behind a number.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.unit.as_ref().map_or("", Code::unit)
    }
}

impl MapScale {
    fn read(mapping: &Dataset) -> Self {
        let entries = mapping.numbers(tags::REAL_WORLD_VALUE_LUT_DATA);
        let first = [tags::REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED];
        let first = first.into_iter().find_map(|tag| mapping.number(tag)).unwrap_or(0.0);
        if !entries.is_empty() && entries.len() <= TABLE {
            return Self::Table { first, entries };
        }
        let slope = mapping.number(tags::REAL_WORLD_VALUE_SLOPE).unwrap_or(1.0);
        Self::Linear { slope, intercept: mapping.number(tags::REAL_WORLD_VALUE_INTERCEPT).unwrap_or(0.0) }
    }

    /// The value that a stored one stands for; no number where there is none.
    #[must_use]
    pub fn apply(&self, stored: f32) -> f32 {
        match self {
            Self::Linear { slope, intercept } => (slope * f64::from(stored) + intercept) as f32,
            Self::Table { first, entries } => {
                let at = f64::from(stored) - first;
                if at >= 0.0 { entries.get(at as usize).map_or(f32::NAN, |v| *v as f32) } else { f32::NAN }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_become_values_with_a_unit() {
        assert_eq!(MapScale::Linear { slope: 0.5, intercept: -1.0 }.apply(4.0), 1.0);
        let table = MapScale::Table { first: 10.0, entries: vec![0.25, 0.5] };
        assert_eq!((table.apply(10.0), table.apply(11.0)), (0.25, 0.5));
        assert!(table.apply(12.0).is_nan() && table.apply(9.0).is_nan());
    }
}
