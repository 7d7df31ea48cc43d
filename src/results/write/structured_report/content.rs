//! Content items of a structured report (PS3.3 C.17.3): a tree of concepts with values.

use chrono::{DateTime, Local};
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::measurement::Point;
use crate::results::codes::{self, Code};
use crate::results::write::item::{Item, decimal};
use crate::results::write::source::Source;

/// Most points of a line.
const MOST_POINTS: usize = 4000;

/// How an item belongs to the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Contains,
    Concept,
    Observation,
    Acquisition,
    Property,
    InferredFrom,
    SelectedFrom,
}

impl Relation {
    fn term(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::Concept => "HAS CONCEPT MOD",
            Self::Observation => "HAS OBS CONTEXT",
            Self::Acquisition => "HAS ACQ CONTEXT",
            Self::Property => "HAS PROPERTIES",
            Self::InferredFrom => "INFERRED FROM",
            Self::SelectedFrom => "SELECTED FROM",
        }
    }
}

/// A content item with those below it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    item: Item,
    children: Vec<Self>,
}

impl Node {
    fn new(relation: Relation, value_type: &str, name: Option<&Code>) -> Self {
        let item = Item::new()
            .text(tags::RELATIONSHIP_TYPE, VR::CS, relation.term())
            .text(tags::VALUE_TYPE, VR::CS, value_type)
            .and(name, |item, name| item.code(tags::CONCEPT_NAME_CODE_SEQUENCE, name));
        Self { item, children: Vec::new() }
    }

    fn put(mut self, add: impl FnOnce(Item) -> Item) -> Self {
        self.item = add(self.item);
        self
    }

    /// The root of a document (C.17.3.1).
    pub(super) fn root(name: &Code, template: &str) -> Self {
        let item = Item::new()
            .text(tags::VALUE_TYPE, VR::CS, "CONTAINER")
            .code(tags::CONCEPT_NAME_CODE_SEQUENCE, name)
            .text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE");
        Self { item, children: Vec::new() }.by_template(template)
    }

    pub(super) fn container(name: &Code) -> Self {
        Self::new(Relation::Contains, "CONTAINER", Some(name))
            .put(|item| item.text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE"))
    }

    /// Names the template of a container.
    pub(super) fn by_template(self, template: &str) -> Self {
        let template =
            Item::new().text(tags::MAPPING_RESOURCE, VR::CS, "DCMR").text(tags::TEMPLATE_IDENTIFIER, VR::CS, template);
        self.put(|item| item.items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template]))
    }

    pub(super) fn text(relation: Relation, name: &Code, text: &str) -> Self {
        // An empty text is none (type 1).
        let text = if text.trim().is_empty() { "-" } else { text };
        Self::new(relation, "TEXT", Some(name)).put(|item| item.words(tags::TEXT_VALUE, VR::UT, text))
    }

    pub(super) fn code(relation: Relation, name: &Code, value: &Code) -> Self {
        Self::new(relation, "CODE", Some(name)).put(|item| item.code(tags::CONCEPT_CODE_SEQUENCE, value))
    }

    /// A number: as a decimal string, and exactly. What is none (NaN, infinite) has no value, and a
    /// code that says so (C.18.1).
    pub(super) fn number(relation: Relation, name: &Code, value: f64, unit: &Code) -> Self {
        let Some(text) = decimal(value) else {
            return Self::new(relation, "NUM", Some(name)).put(|item| {
                item.items(tags::MEASURED_VALUE_SEQUENCE, Vec::new())
                    .code(tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE, &codes::NOT_A_NUMBER)
            });
        };
        let measured = Item::new()
            .text(tags::NUMERIC_VALUE, VR::DS, &text)
            .double(tags::FLOATING_POINT_VALUE, value)
            .code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit);
        Self::new(relation, "NUM", Some(name)).put(|item| item.items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]))
    }

    pub(super) fn uid(relation: Relation, name: &Code, uid: &str) -> Self {
        Self::new(relation, "UIDREF", Some(name)).put(|item| item.uid(tags::UID, uid))
    }

    pub(super) fn person(relation: Relation, name: &Code, person: &str) -> Self {
        Self::new(relation, "PNAME", Some(name)).put(|item| item.words(tags::PERSON_NAME, VR::PN, person))
    }

    /// The image; a concept name where the template gives it one.
    pub(super) fn image(relation: Relation, name: Option<&Code>, source: &Source) -> Self {
        Self::new(relation, "IMAGE", name)
            .put(|item| item.items(tags::REFERENCED_SOP_SEQUENCE, vec![source.reference()]))
    }

    /// A line on the image, in pixels of it; one point is a point.
    pub(super) fn line(relation: Relation, name: &Code, points: &[Point], source: &Source) -> Self {
        let kind = if points.len() == 1 { "POINT" } else { "POLYLINE" };
        // Graphic Data has a length of 16 bits: of more points every second, third … is kept.
        let every = points.len().div_ceil(MOST_POINTS).max(1);
        let last = points.len().saturating_sub(1);
        let kept = points.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last);
        let values: Vec<f32> = kept.flat_map(|(_, point)| point.map(|v| v as f32)).collect();
        Self::new(relation, "SCOORD", Some(name))
            .put(|item| item.floats(tags::GRAPHIC_DATA, VR::FL, &values).text(tags::GRAPHIC_TYPE, VR::CS, kind))
            .of([Self::image(Relation::SelectedFrom, None, source)])
    }

    /// When it was observed, where that is another time than that of the document.
    pub(super) fn observed_at(self, at: DateTime<Local>) -> Self {
        let at = at.format("%Y%m%d%H%M%S%.6f%z").to_string();
        self.put(|item| item.text(tags::OBSERVATION_DATE_TIME, VR::DT, &at))
    }

    /// With these items below it, behind those that are there.
    pub(super) fn of(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// The data set of the whole tree.
    pub(super) fn into_item(self) -> Item {
        if self.children.is_empty() {
            return self.item;
        }
        let children = self.children.into_iter().map(Self::into_item).collect();
        self.item.items(tags::CONTENT_SEQUENCE, children)
    }
}
