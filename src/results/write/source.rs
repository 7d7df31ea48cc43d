//! The image that results speak of: its identity, and how objects refer to it.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::grey_steps;
use super::item::Item;
use crate::report::CaseReport;
use crate::results::codes::{self, Code};
use crate::results::uids as derived;
use crate::study::deidentify::Key;
use crate::study::source_header::SourceHeader;

/// The source image.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub header: SourceHeader,
    pub study_uid: String,
    pub series_uid: String,
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    /// Where it is one frame of several: its number, from 1.
    pub frame: Option<u32>,
    /// Nothing in it can be referred to: it came from no DICOM file, or one that does not say what it
    /// is. The results then bring the image along.
    pub needs_copy: bool,
    /// It has been through lossy compression.
    pub is_lossy: bool,
    /// It is known how its grey values are made of stored ones.
    pub is_known_transform: bool,
}

impl Source {
    /// The image of a case. An anonymised case refers to the image that the key leads to; without a
    /// key, to one of these results (`digest`) alone.
    pub(super) fn of(case: &CaseReport, key: Option<&Key>, digest: &str) -> Self {
        let header = SourceHeader::of(&case.frame);
        let entry = &case.frame.entry;
        let text = |tag| header.text(tag).to_owned();
        let mut source = Self {
            study_uid: text(tags::STUDY_INSTANCE_UID),
            series_uid: text(tags::SERIES_INSTANCE_UID),
            sop_class_uid: text(tags::SOP_CLASS_UID),
            sop_instance_uid: text(tags::SOP_INSTANCE_UID),
            frame: (entry.frames > 1).then(|| case.frame.index + 1),
            needs_copy: false,
            is_lossy: !entry.meta.lossy.is_empty() || header.text(tags::LOSSY_IMAGE_COMPRESSION) == "01",
            is_known_transform: header.is_read,
            header,
        };
        let own = &entry.identity.sop_instance_uid;
        let all = [&source.study_uid, &source.series_uid, &source.sop_class_uid, &source.sop_instance_uid];
        if !all.into_iter().all(|uid| derived::is_valid(uid)) {
            source.needs_copy = true;
            source.is_known_transform = true;
            source.frame = None;
            source.sop_class_uid = uids::SECONDARY_CAPTURE_IMAGE_STORAGE.into();
            source.sop_instance_uid.clone_from(own);
            source.series_uid = derived::of("source series", &[own.as_bytes()]);
            if !derived::is_valid(&source.study_uid) {
                source.study_uid = derived::of("source study", &[own.as_bytes()]);
            }
        }
        if case.anonymize {
            source.rename(key, digest);
        }
        source
    }

    /// Other UIDs, which nobody can trace back without the key.
    fn rename(&mut self, key: Option<&Key>, digest: &str) {
        let new = |what: &str, uid: &str| match key {
            Some(key) => key.uid(uid),
            None => derived::of(what, &[digest.as_bytes()]),
        };
        self.study_uid = new("anonymous study", &self.study_uid);
        self.series_uid = new("anonymous series", &self.series_uid);
        self.sop_instance_uid = new("anonymous image", &self.sop_instance_uid);
        if let Some(plane) = &mut self.header.plane {
            plane.frame_of_reference = new("anonymous frame of reference", &plane.frame_of_reference);
        }
    }

    /// A reference to the image (PS3.3 table 10-3).
    pub(super) fn reference(&self) -> Item {
        Item::new()
            .uid(tags::REFERENCED_SOP_CLASS_UID, &self.sop_class_uid)
            .uid(tags::REFERENCED_SOP_INSTANCE_UID, &self.sop_instance_uid)
            .and(self.frame, |item, frame| item.text(tags::REFERENCED_FRAME_NUMBER, VR::IS, &frame.to_string()))
    }

    /// The same with its purpose, as an item of Source Image Sequence.
    pub(super) fn as_source(&self) -> Item {
        self.reference().code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes::SOURCE_IMAGE)
    }

    /// The procedure by which it was made, as far as the file says.
    pub(super) fn procedure(&self) -> Code {
        match self.header.text(tags::MODALITY) {
            "CR" | "DX" | "RG" | "DR" => codes::PLAIN_RADIOGRAPHY,
            "CT" => codes::COMPUTED_TOMOGRAPHY,
            "MR" => codes::MAGNETIC_RESONANCE_IMAGING,
            _ => codes::IMAGING_PROCEDURE,
        }
    }
}

/// What overlays of the image take over from it.
impl Source {
    /// A reference to the instance, whatever the frame.
    pub(super) fn instance(&self) -> Item {
        Item::new()
            .uid(tags::REFERENCED_SOP_CLASS_UID, &self.sop_class_uid)
            .uid(tags::REFERENCED_SOP_INSTANCE_UID, &self.sop_instance_uid)
    }

    /// What the image says of names burned into it; nothing where it does not say.
    pub(super) fn burned_in(&self) -> Option<&'static str> {
        match self.header.text(tags::BURNED_IN_ANNOTATION) {
            "YES" => Some("YES"),
            "NO" => Some("NO"),
            _ => None,
        }
    }

    /// Whether the image says that names are burned into it.
    pub(super) fn is_burned_in(&self) -> bool {
        self.burned_in() == Some("YES")
    }

    /// Sides of the patient; empty where the image does not say.
    pub(super) fn sides(&self) -> &str {
        let text = self.header.text(tags::PATIENT_ORIENTATION);
        let letters = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b"APRLHF".contains(&b));
        if text.split('\\').count() == 2 && text.split('\\').all(letters) { text } else { "" }
    }

    /// Laterality of a series that shows the image (type 2C: empty where the file does not say).
    pub(super) fn side(&self) -> &'static str {
        let known = [tags::LATERALITY, tags::IMAGE_LATERALITY].map(|tag| self.header.text(tag));
        match known.into_iter().find(|text| !text.is_empty()) {
            Some("L") => "L",
            Some("R") => "R",
            _ => "",
        }
    }

    /// Lossy compression that the image has been through stays with what is made of it (PS3.3
    /// C.7.6.1.1.5).
    pub(super) fn lossy(&self) -> Item {
        if self.is_lossy { Item::new().text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01") } else { Item::new() }
    }

    /// How modality values are made of stored ones (PS3.3 C.11.1); nothing where they are the same, or
    /// that is no part of the display.
    pub(super) fn rescale(&self, case: &CaseReport) -> Item {
        let pixels = &case.frame.pixels;
        if self.needs_copy {
            return grey_steps::rescale(pixels);
        }
        let number = |tag| self.header.text(tag).split('\\').next()?.trim().parse::<f64>().ok();
        let (Some(intercept), Some(slope)) = (number(tags::RESCALE_INTERCEPT), number(tags::RESCALE_SLOPE)) else {
            return Item::new();
        };
        if pixels.intensity.is_some() {
            return Item::new();
        }
        let kind = match self.header.text(tags::RESCALE_TYPE) {
            "" if self.header.text(tags::MODALITY) == "CT" => "HU",
            "" => "US",
            kind => kind,
        };
        Item::new().decimals(tags::RESCALE_INTERCEPT, &[intercept]).decimals(tags::RESCALE_SLOPE, &[slope]).words(
            tags::RESCALE_TYPE,
            VR::LO,
            kind,
        )
    }

    /// The shape of pixels that are not square.
    pub(super) fn aspect(case: &CaseReport) -> Item {
        let aspect = case.frame.display.pixel_aspect;
        if (aspect - 1.0).abs() < 0.001 {
            return Item::new();
        }
        // Vertical over horizontal, as whole numbers.
        let ratio = format!("{}\\1000", (f64::from(aspect) * 1000.0).round());
        Item::new().text(tags::PIXEL_ASPECT_RATIO, VR::IS, &ratio)
    }
}
