//! Softcopy presentation states (PS3.3 A.33, C.11; PS3.4 N): how somebody wanted an image to be seen.
//!
//! Read are the references, window or VOI LUT, presentation LUT or its shape, shutters, overlay
//! activation, rotation and mirror, displayed area, and annotations in the order of their layers. What a state asks for beyond that is named in
//! its notes. None of it reaches a model.

use std::collections::HashMap;
use std::path::PathBuf;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::shutter::Shutters;
use crate::imaging::{Voi, Window};
use crate::limits;
use crate::panic_guard::guarded;
use crate::printable::printable;

use super::annotations::{Annotations, DisplayedArea};
use super::cielab::screen_color;
use super::dataset::Dataset;
use super::dicom::Dicom;
use super::functional_groups::FunctionalGroups;
use super::overlay_planes::OverlayGroup;
use super::{Frame, Metadata, StudyError, grey, presentation_lut, shutter_module};

/// Longest label, description or name, in characters.
const WORDS: usize = 120;

/// How somebody wanted an image to be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentationState {
    pub label: String,
    pub description: String,
    /// Who made it.
    pub creator: String,
    /// As the file has it, YYYYMMDD.
    pub date: String,
    /// Its window or table, by its place among the transforms of the frame
    /// ([`PixelData::voi_at`](crate::imaging::PixelData::voi_at)).
    pub voi: Option<usize>,
    /// Whether low values are to be bright; `None` where it does not say so.
    pub inverted: Option<bool>,
    /// Quarter turns clockwise, and a mirror left to right after them.
    pub turns: u8,
    pub mirrored: bool,
    /// Upper left and lower right corner of what is to be seen, in pixels of the image.
    pub area: Option<[[f32; 2]; 2]>,
    pub shutters: Shutters,
    /// Its own overlays, and those of the image that it activates.
    pub overlays: Vec<OverlayPlane>,
    pub annotations: Annotations,
    /// What it asks for and does not get.
    pub notes: Vec<String>,
}

/// Whether an object is a presentation state of a kind that can be applied.
#[must_use]
pub fn is_presentation_state(meta: &Metadata) -> bool {
    let kinds = [uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE, uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE];
    kinds.contains(&meta.sop_class_uid.as_str())
}

/// The presentation states among some files that are about a frame; their windows are added to it.
///
/// Files that cannot be read are passed over: the list of studies has said why.
pub fn presentation_states(frame: &mut Frame, files: &[PathBuf]) -> Vec<PresentationState> {
    let mut states = Vec::new();
    for path in files.iter().take(limits::PRESENTATION_STATES) {
        let read = guarded(|| Dicom::open(path).map(|dicom| State { dicom: &dicom, frame }.read()));
        if let Ok(Ok(Some((mut state, voi)))) = read {
            if let Some(voi) = voi {
                state.voi = Some(frame.pixels.voi.len() + frame.pixels.presented_voi.len());
                frame.pixels.presented_voi.push(voi);
            }
            states.push(state);
        }
    }
    states.sort_by(|a, b| (&a.date, &a.label).cmp(&(&b.date, &b.label)));
    states
}

/// A state on its way to the image that it may be about.
struct State<'a> {
    dicom: &'a Dicom,
    frame: &'a Frame,
}

impl State<'_> {
    fn dataset(&self) -> &Dataset {
        &self.dicom.dataset
    }

    /// Whether items of a Referenced Image Sequence name the frame.
    fn is_meant(&self, images: &[Dataset]) -> bool {
        let (uid, number) = (&self.frame.entry.identity.sop_instance_uid, i64::from(self.frame.index) + 1);
        images.iter().any(|image| {
            let frames = image.integers(tags::REFERENCED_FRAME_NUMBER);
            image.code(tags::REFERENCED_SOP_INSTANCE_UID) == *uid && (frames.is_empty() || frames.contains(&number))
        })
    }

    /// The items of a sequence that hold for the frame: those that name it, and those that name none.
    fn items(&self, sequence: Tag) -> impl Iterator<Item = &Dataset> {
        self.dataset().items(sequence).iter().filter(|item| {
            let images = item.items(tags::REFERENCED_IMAGE_SEQUENCE);
            images.is_empty() || self.is_meant(images)
        })
    }

    fn words(&self, tag: Tag) -> String {
        let text = self.dataset().text(tag, &self.dicom.sets);
        printable(&text).trim().chars().take(WORDS).collect()
    }

    /// The state and its window, if it is about the frame.
    fn read(&self) -> Option<(PresentationState, Option<Voi>)> {
        let dataset = self.dataset();
        let mut series = dataset.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
        if !series.any(|one| self.is_meant(one.items(tags::REFERENCED_IMAGE_SEQUENCE))) {
            return None;
        }
        let mut notes = Vec::new();
        let aspect = self.frame.display.pixel_aspect;
        let voi = self.voi(&mut notes);
        let turns = dataset.integer(tags::IMAGE_ROTATION).unwrap_or(0).rem_euclid(360) / 90;
        let mirrored = dataset.code(tags::IMAGE_HORIZONTAL_FLIP) == "Y";
        let area = self.area(&mut notes);
        let plane = &self.frame.pixels.plane;
        let whole = [[0.0, 0.0], [plane.width as f32, plane.height as f32]];
        let displayed = DisplayedArea { area: area.unwrap_or(whole), turns: turns as u8, mirrored, aspect };
        let mut annotations = Annotations::default();
        let layers = self.layers();
        let layer_of = |item: &Dataset| layers.get(&item.code(tags::GRAPHIC_LAYER));
        let mut items: Vec<_> = self.items(tags::GRAPHIC_ANNOTATION_SEQUENCE).collect();
        items.sort_by_cached_key(|item| layer_of(item).and_then(|layer| layer.order).unwrap_or(i64::MAX));
        for item in items {
            let color = layer_of(item).and_then(|layer| layer.color);
            annotations.add(item, &displayed, &self.dicom.sets, color);
        }
        if annotations.incomplete {
            notes.push("Some of its annotations are of a kind that is not drawn.".into());
        }
        let table = self.presentation_lut(voi.as_ref(), &mut notes);
        let has_table = table.is_some();
        let state = PresentationState {
            label: self.words(tags::CONTENT_LABEL),
            description: self.words(tags::CONTENT_DESCRIPTION),
            creator: self.words(tags::CONTENT_CREATOR_NAME),
            date: printable(&dataset.code(tags::PRESENTATION_CREATION_DATE)).chars().take(8).collect(),
            voi: None,
            inverted: match dataset.code(tags::PRESENTATION_LUT_SHAPE).as_str() {
                "INVERSE" => Some(true),
                "IDENTITY" => Some(false),
                // What comes out of a table is brightness, whatever the image says of its own.
                _ => has_table.then_some(false),
            },
            turns: turns as u8,
            mirrored,
            area,
            shutters: shutter_module::read(self.dicom, dataset, self.frame.index, aspect, &mut notes),
            overlays: self.overlays(&mut notes),
            annotations,
            notes,
        };
        Some((state, table.or(voi)))
    }

    /// Its window and its presentation LUT as one transform, where it has such a table.
    fn presentation_lut(&self, voi: Option<&Voi>, notes: &mut Vec<String>) -> Option<Voi> {
        let item = self.dataset().items(tags::PRESENTATION_LUT_SEQUENCE).first()?;
        let presented = presentation_lut::presented(item, voi, self.frame.pixels.value_range);
        presented.map_err(|reason| notes.push(format!("Its presentation LUT is not applied: {reason}."))).ok()
    }

    /// Its graphic layers by name (PS3.3 C.10.7); of two of one name the first.
    fn layers(&self) -> HashMap<String, GraphicLayer> {
        let mut all = HashMap::new();
        for layer in self.dataset().items(tags::GRAPHIC_LAYER_SEQUENCE) {
            let order = layer.integer(tags::GRAPHIC_LAYER_ORDER);
            let own = || GraphicLayer { order, color: layer_color(layer) };
            all.entry(layer.code(tags::GRAPHIC_LAYER)).or_insert_with(own);
        }
        all
    }

    fn voi(&self, notes: &mut Vec<String>) -> Option<Voi> {
        let item = self.items(tags::SOFTCOPY_VOILUT_SEQUENCE).next()?;
        let signed = self.frame.pixels.value_range.0 < 0.0;
        let voi = grey::voi(item, None, signed, &self.dicom.sets, notes).into_iter().next()?;
        let Some((slope, intercept)) = rescale(self.dataset()) else { return Some(voi) };
        // Its window counts modality values by its own rescale.
        let Ok(own) = self.rescale_of_image() else {
            notes.push("Its window was not applied: the image could not be read again.".into());
            return None;
        };
        if own == (slope, intercept) || self.frame.pixels.intensity.is_some() {
            return Some(voi);
        }
        match voi {
            Voi::Window { window, explanation } if slope != 0.0 && own.0 / slope > 0.0 => {
                let factor = own.0 / slope;
                let center = (f64::from(window.center) - intercept) * factor + own.1;
                let width = f64::from(window.width) * factor;
                let window = Window { center: center as f32, width: width as f32, ..window };
                if window.is_valid() { Some(Voi::Window { window, explanation }) } else { None }
            }
            _ => {
                notes.push("Its window was not applied: it counts other modality values than the image.".into());
                None
            }
        }
    }

    /// Slope and intercept of the image; the identity where it has none.
    fn rescale_of_image(&self) -> Result<(f64, f64), StudyError> {
        let image = Dicom::open(&self.frame.entry.path)?;
        let groups = FunctionalGroups::of(&image.dataset, self.frame.index);
        let source = groups.item_or_object(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        Ok(rescale(source).unwrap_or((1.0, 0.0)))
    }

    /// Corners count pixels from 1, both included; which of them is the upper left one on the screen
    /// depends on the rotation.
    fn area(&self, notes: &mut Vec<String>) -> Option<[[f32; 2]; 2]> {
        let item = self.items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE).next()?;
        let corner = |tag| match item.integers(tag)[..] {
            [column, row, ..] if column.abs() < 1_000_000 && row.abs() < 1_000_000 => Some([column as f32, row as f32]),
            _ => None,
        };
        let a = corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER)?;
        let b = corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER)?;
        if matches!(item.code(tags::PRESENTATION_SIZE_MODE).as_str(), "TRUE SIZE" | "MAGNIFY") {
            notes.push("Its area is fitted into the view, not shown in the size that it asks for.".into());
        }
        Some([[a[0].min(b[0]) - 1.0, a[1].min(b[1]) - 1.0], [a[0].max(b[0]), a[1].max(b[1])]])
    }

    /// Only what has an activation layer is drawn (PS3.3 C.11.7).
    fn overlays(&self, notes: &mut Vec<String>) -> Vec<OverlayPlane> {
        const ACTIVATION_LAYER: u16 = 0x1001;
        let shutter = shutter_module::bitmap_group(self.dataset());
        let mut overlays = Vec::new();
        for group in (0x6000..=0x601E).step_by(2).filter(|group| Some(*group) != shutter) {
            if self.dataset().code(Tag(group, ACTIVATION_LAYER)).is_empty() {
                continue;
            }
            match OverlayGroup::one(self.dicom, group).map(|own| own.plane(0, None)) {
                Some(Ok(plane)) => overlays.extend(plane),
                Some(Err(why)) => notes.push(format!("Its overlay in group {group:04X} is not drawn: {why}.")),
                None => overlays.extend(self.frame.display.overlays.iter().filter(|o| o.group == group).cloned()),
            }
        }
        overlays
    }
}

/// What holds for all that is drawn in a layer.
struct GraphicLayer {
    /// Lower ones are drawn first.
    order: Option<i64>,
    color: Option<[u8; 3]>,
}

/// The colour that a graphic layer is recommended to be drawn in: that in CIE L*a*b*, else the retired
/// one in RGB, else the grey.
fn layer_color(layer: &Dataset) -> Option<[u8; 3]> {
    const RGB_RETIRED: Tag = Tag(0x0070, 0x0067);
    let three = |tag| {
        let numbers = layer.integers(tag);
        let sound = numbers.iter().map(|v| u16::try_from(*v).ok()).collect::<Option<Vec<u16>>>();
        <[u16; 3]>::try_from(sound?.as_slice()).ok()
    };
    let high = |v: u16| (v >> 8) as u8;
    let grey = || {
        let p_value = layer.integer(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE)?;
        Some([high(u16::try_from(p_value).ok()?); 3])
    };
    three(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE)
        .map(screen_color)
        .or_else(|| three(RGB_RETIRED).map(|rgb| rgb.map(high)))
        .or_else(grey)
}

fn rescale(source: &Dataset) -> Option<(f64, f64)> {
    let slope = source.number(tags::RESCALE_SLOPE)?;
    Some((slope, source.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0)))
}
