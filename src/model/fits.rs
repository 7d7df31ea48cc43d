//! `[fits]` of a manifest: the studies that a model is meant for, and what a file says to that.
//!
//! A DICOM file often states its modality (0008,0060), its body part (0018,0015) and its view
//! (0018,5101); where the body part is missing, the protocol (0018,1030) and the descriptions of
//! series and study usually name it. The most specific statement decides: a series of the knee in a
//! study called "head and knee" is a knee. Words that name no part of the body ("PORTABLE") say
//! nothing, neither for a model nor against it, and so does an image without attributes.
//!
//! What it does not do: look at the image. That is the [input gate](crate::model::gate)'s business.

use serde::{Deserialize, Serialize};

use crate::printable::shortened;
use crate::study::Metadata;

/// The studies that a model is meant for; a list that is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fits {
    /// Values of Modality: `["CR", "DX"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<String>,
    /// Beginnings of words that name the part of the body, in Body Part Examined, protocol or
    /// descriptions: `["CHEST", "THORAX"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_parts: Vec<String>,
    /// Values of View Position; only other known views speak against the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// What a file says to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What speaks for the model, in words: "modality MR", "body part HEAD".
    pub agreed: Vec<String>,
    /// True when modality and body part are confirmed, as far as the model asks for them, and it
    /// asks for one of them.
    pub all: bool,
    /// The first thing that speaks against the model.
    pub against: Option<Against>,
}

/// Something in the file that rules the model out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// "modality MR", "body part KNEE", "view LL"
    pub what: String,
    /// What the model is meant for instead: "CR, DX".
    pub wanted: String,
}

impl Against {
    /// A sentence for the reader.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("The file says {}; this model is meant for {} only.", self.what, self.wanted)
    }
}

/// Modalities that say nothing about how the image came about: other, secondary capture, a
/// document.
const NO_MODALITY: [&str; 5] = ["", "OT", "SC", "DOC", "UNKNOWN"];
/// Modalities whose images have no colours (PS3.3 C.7.3.1.1.1).
const GREY: [&str; 14] = ["BMD", "CR", "CT", "DG", "DR", "DX", "IO", "MG", "MR", "PX", "RF", "RG", "RTIMAGE", "XA"];
/// Views that are known for what they are (PS3.3 C.8.1.1 and its older spellings).
const VIEWS: [&str; 6] = ["AP", "PA", "LL", "RL", "LAT", "LATERAL"];

/// Beginnings of words that name a part of the body: defined terms of PS3.16 annex L and what is
/// written in descriptions.
const PARTS: [&str; 61] = [
    "ABDOM", "ADRENAL", "ANKLE", "AORTA", "ARM", "BECKEN", "BLADDER", "BOWEL", "BRAIN", "BREAST", "CALF", "CARDIA",
    "CEREBR", "CHEST", "CLAVIC", "COCCYX", "COLON", "CRANI", "CSPINE", "ELBOW", "FEMUR", "FINGER", "FOOT", "FOREARM",
    "HAND", "HEAD", "HEART", "HIP", "HUMER", "JAW", "KIDNEY", "KNEE", "KNIE", "LEG", "LIVER", "LSPINE", "LUMBAR",
    "LUNG", "MANDIB", "NECK", "ORBIT", "PANCREA", "PELVI", "PITUITAR", "PROSTAT", "RENAL", "RIBS", "SACR", "SELLA",
    "SHOULDER", "SINUS", "SKULL", "SPINE", "SPLEEN", "STERNUM", "THIGH", "THORA", "TIBIA", "TSPINE", "UTERUS", "WRIST",
];

/// A value that no file can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{name} holds “{}”; each value is one word of letters and digits, like CR or CHEST", shortened(value))]
pub struct FitsError {
    /// The table of the manifest that it stands in.
    table: &'static str,
    name: &'static str,
    value: String,
}

impl FitsError {
    /// The same value in another table of the manifest.
    #[must_use]
    pub fn of_table(self, table: &'static str) -> Self {
        Self { table, ..self }
    }
}

impl Fits {
    /// True for a manifest without `[fits]`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.modalities.is_empty() && self.body_parts.is_empty() && self.views.is_empty()
    }

    /// True where the model is meant for certain modalities and none of them has colours.
    #[must_use]
    pub fn is_grey(&self) -> bool {
        !self.modalities.is_empty() && self.modalities.iter().all(|m| GREY.contains(&upper(m).as_str()))
    }

    /// Whether every value can be met with in a file.
    ///
    /// # Errors
    /// A sentence about the first that cannot.
    pub fn check(&self) -> Result<(), FitsError> {
        let lists = [("modalities", &self.modalities), ("body_parts", &self.body_parts), ("views", &self.views)];
        for (name, list) in lists {
            if let Some(value) = list.iter().find(|v| v.is_empty() || !v.chars().all(char::is_alphanumeric)) {
                return Err(FitsError { table: "fits", name, value: value.clone() });
            }
        }
        Ok(())
    }

    /// What a file says to a model of this kind.
    #[must_use]
    pub fn statement(&self, meta: &Metadata) -> Statement {
        let mut statement = Statement { agreed: Vec::new(), all: true, against: None };
        let against = |what: String, wanted: &[String]| Some(Against { what, wanted: wanted.join(", ") });
        let stated = upper(&meta.modality);
        if !self.modalities.is_empty() {
            if self.modalities.iter().any(|m| upper(m) == stated) {
                statement.agreed.push(format!("modality {stated}"));
            } else {
                statement.all = false;
                if !NO_MODALITY.contains(&stated.as_str()) {
                    statement.against = against(format!("modality {stated}"), &self.modalities);
                }
            }
        }
        if !self.body_parts.is_empty() {
            match self.part(meta) {
                Some((words, true)) => statement.agreed.push(words),
                Some((words, false)) => {
                    statement.all = false;
                    statement.against = statement.against.or_else(|| against(words, &self.body_parts));
                }
                None => statement.all = false,
            }
        }
        let view = upper(&meta.view_position);
        let other = VIEWS.contains(&view.as_str()) && !self.views.iter().any(|v| upper(v) == view);
        if other && !self.views.is_empty() {
            statement.against = statement.against.or_else(|| against(format!("view {view}"), &self.views));
        }
        statement.all &= !statement.agreed.is_empty() && statement.against.is_none();
        statement
    }

    /// The part of the body that the most specific statement names, in words, and whether it is one
    /// of the model's.
    fn part(&self, meta: &Metadata) -> Option<(String, bool)> {
        let places = [
            ("body part", &meta.body_part),
            ("a protocol of", &meta.protocol),
            ("a series of", &meta.series_description),
            ("a study of", &meta.study_description),
        ];
        places.into_iter().find_map(|(place, text)| {
            let words: Vec<String> = upper(text).split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            let own = |word: &&String| self.body_parts.iter().any(|part| begins(word, &upper(part)));
            let known = |word: &&String| PARTS.iter().any(|part| begins(word, part));
            let found = words.iter().find(own).map(|word| (word, true));
            found.or_else(|| words.iter().find(known).map(|word| (word, false))).map(|(word, own)| {
                let word: String = word.chars().take(24).collect();
                (format!("{place} {word}"), own)
            })
        })
    }
}

fn upper(text: &str) -> String {
    text.trim().to_uppercase()
}

/// Whether a word is the part or begins with it; parts of three letters must stand alone ("ARM" is
/// not in "ARMY").
fn begins(word: &str, part: &str) -> bool {
    if part.chars().count() < 4 { word == part || word.strip_suffix('S') == Some(part) } else { word.starts_with(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[&str]) -> Vec<String> {
        values.iter().map(|v| (*v).to_owned()).collect()
    }

    fn brain() -> Fits {
        Fits { modalities: list(&["MR"]), body_parts: list(&["BRAIN", "HEAD"]), views: Vec::new() }
    }

    fn chest() -> Fits {
        Fits { modalities: list(&["CR", "DX"]), body_parts: list(&["CHEST"]), views: list(&["AP", "PA"]) }
    }

    fn file(modality: &str, part: &str, study: &str) -> Metadata {
        let (modality, body_part, study_description) = (modality.into(), part.into(), study.into());
        Metadata { study_description, modality, body_part, ..Metadata::default() }
    }

    fn against(fits: &Fits, meta: &Metadata) -> String {
        fits.statement(meta).against.map(|a| a.what).unwrap_or_default()
    }

    #[test]
    fn modality_and_body_part_are_matched_without_regard_to_case_and_to_what_follows() {
        for (part, study) in [("HEAD", ""), ("", "MRI Brain w/o contrast"), ("Headneck", ""), ("", "head^routine")] {
            let heard = brain().statement(&file("MR", part, study));
            assert!(heard.all && heard.agreed[0] == "modality MR", "{part} {study}: {heard:?}");
        }
    }

    #[test]
    fn another_modality_or_another_part_speaks_against_the_model() {
        assert_eq!(against(&brain(), &file("CT", "HEAD", "")), "modality CT");
        assert_eq!(against(&brain(), &file("MR", "KNEE", "")), "body part KNEE");
        assert_eq!(against(&brain(), &file("MR", "", "Left knee")), "a study of KNEE");
        let sentence = chest().statement(&file("MR", "", "")).against.unwrap().sentence();
        assert_eq!(sentence, "The file says modality MR; this model is meant for CR, DX only.");
    }

    #[test]
    fn the_body_part_counts_more_than_the_description_of_the_study() {
        assert_eq!(against(&brain(), &file("MR", "KNEE", "Head and knee")), "body part KNEE");
        assert!(brain().statement(&file("MR", "HEAD", "Knee, then head")).all);
    }

    #[test]
    fn what_names_nothing_says_nothing() {
        for meta in [file("", "", ""), file("OT", "PORTABLE", "follow-up"), Metadata::default()] {
            let heard = chest().statement(&meta);
            assert_eq!((heard.agreed.len(), heard.all, heard.against), (0, false, None));
        }
        let half = chest().statement(&file("DX", "", "routine"));
        assert_eq!((half.agreed.len(), half.all, half.against), (1, false, None));
    }

    #[test]
    fn a_lateral_view_is_believed_and_an_unknown_one_is_not_a_view() {
        let with = |view: &str| Metadata { view_position: view.into(), ..file("DX", "CHEST", "") };
        assert_eq!(against(&chest(), &with("LL")), "view LL");
        assert_eq!(against(&chest(), &with("STANDING")), "");
        assert_eq!(against(&brain(), &with("LL")), "modality DX");
    }

    #[test]
    fn only_a_model_for_modalities_without_colours_is_grey() {
        let of = |modalities: &[&str]| Fits { modalities: list(modalities), ..Fits::default() };
        assert!(chest().is_grey() && brain().is_grey() && of(&["cr", "MR"]).is_grey());
        assert!(!of(&[]).is_grey() && !of(&["DX", "ES"]).is_grey() && !of(&["US"]).is_grey());
    }

    #[test]
    fn a_model_that_asks_for_nothing_hears_nothing() {
        let heard = Fits::default().statement(&file("MR", "KNEE", ""));
        assert_eq!((heard.all, heard.against), (false, None));
    }
}
