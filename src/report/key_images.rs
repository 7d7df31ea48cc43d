//! The reader's key images in a report: whether the reported image is one, and the others of its
//! study.
//!
//! Only images that were looked at in the session are listed: of them pixels and mark are known
//! together. They are printed through the window that they open with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::measurement::identity::ImageIdentity;
use crate::study::ImageEntry;

/// At most so many are listed and printed.
pub const MOST: usize = 12;

/// What is known of the key images of a case.
#[derive(Clone, Debug)]
pub struct CaseKeyImages {
    /// The reported image is one.
    pub reported: bool,
    /// Others of its study, at most [`MOST`].
    pub others: Vec<KeyImage>,
    /// How many more there are.
    pub more: usize,
    /// How many were marked in earlier sessions and not looked at in this one.
    pub not_looked_at: usize,
}

/// A key image beside the reported one.
#[derive(Clone, Debug)]
pub struct KeyImage {
    pub entry: Arc<ImageEntry>,
    pub identity: ImageIdentity,
    /// Description of its series.
    pub series: String,
    /// Number in its series, from 1.
    pub number: usize,
}

/// The same as a report files it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyImagesRecord {
    /// The reported image is one.
    pub reported: bool,
    pub others: Vec<KeyImageRecord>,
    /// How many more there are.
    pub more: usize,
    /// How many were marked in earlier sessions and not looked at in the one of the report.
    pub not_looked_at: usize,
}

/// A key image beside the reported one; without series, UID and hash where the report is anonymised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyImageRecord {
    pub modality: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub series_description: String,
    /// Number in its series, from 1.
    pub image_number: usize,
    /// Number of the frame, from 0.
    pub frame: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sop_instance_uid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_sha256: Option<String>,
}

impl CaseKeyImages {
    /// Whether there is anything to say.
    #[must_use]
    pub fn any(&self) -> bool {
        self.reported || !self.others.is_empty() || self.not_looked_at > 0
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::report::case::CaseReport;
    use crate::report::image_file::ImageFile;
    use crate::report::sample_case::{again, case, on_disk};
    use crate::report::sidecar::Sidecar;
    use crate::report::{export, pdf, redact, verify};
    use crate::study::open_image;

    /// A case whose study has two more key images; the file of the second is gone.
    fn marked(folder: &Path) -> CaseReport {
        let key_image = |name: &str, number| {
            let path = folder.join(name);
            image::GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y) as u8])).save(&path).unwrap();
            let frame = open_image(&path).unwrap();
            let identity = ImageIdentity::of(&frame);
            KeyImage { entry: frame.entry.clone(), identity, series: "Chest of Doe".into(), number }
        };
        let others = vec![key_image("second.png", 2), key_image("gone.png", 7)];
        std::fs::remove_file(folder.join("gone.png")).unwrap();
        let known = CaseKeyImages { reported: true, others, more: 3, not_looked_at: 1 };
        CaseReport { key_images: Some(known), ..on_disk(case(), folder) }
    }

    fn page_text(case: &CaseReport) -> String {
        let bytes = pdf::pdf(case, &ImageFile::default()).unwrap();
        let options = printpdf::PdfParseOptions::default();
        let document = printpdf::PdfDocument::parse(&bytes, &options, &mut Vec::new()).unwrap();
        document.extract_text().into_iter().flatten().collect::<Vec<_>>().join(" ").replace('\n', " ")
    }

    #[test]
    fn they_are_printed_with_series_number_and_window_and_what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let text = page_text(&marked(folder.path()));
        for words in ["Key images", "by the reader", "Chest of Doe", "image 2", "image 7", "W 2", "Its file is not"] {
            assert!(text.contains(words), "{words} is missing in {text}");
        }
        assert!(text.contains("Not printed: 3 more") && text.contains("Not printed: 1 marked"), "{text}");
        let none = CaseKeyImages { reported: false, others: Vec::new(), more: 0, not_looked_at: 0 };
        let without = CaseReport { key_images: Some(none), ..case() };
        assert!(!page_text(&without).contains("Key images") && redact::key_images(&without).is_none());
    }

    #[test]
    fn an_anonymised_report_names_neither_series_nor_uid_nor_hash() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseReport { anonymize: true, ..marked(folder.path()) };
        let file = serde_json::to_string(&Sidecar::of(&case, &ImageFile::default())).unwrap();
        let hash = &case.key_images.as_ref().unwrap().others[0].identity.pixels_sha256;
        assert!(file.contains("\"image_number\":7") && !file.contains(hash) && !file.contains("Chest of"), "{file}");
        assert!(!page_text(&case).contains("Chest of"));
    }

    #[test]
    fn verification_names_them_as_not_checked() {
        let folder = tempfile::tempdir().unwrap();
        let case = marked(folder.path());
        let json = export(&case, folder.path()).unwrap().with_extension("json");
        let outcome = verify::verify(&json, None, |_, _| Ok(again(&case))).unwrap();
        assert!(outcome.holds(), "{:?}", outcome.differences);
        assert!(outcome.unchecked.iter().any(|one| one.what.contains("key images")), "{:?}", outcome.unchecked);
    }
}
