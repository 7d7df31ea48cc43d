//! What stands beside the findings of one image: similar cases, and the result of the whole study.

use lopdf::{Document, Object};

use super::super::case::SimilarSection;
use super::super::{CaseReport, image_file, pdf, sample_case};
use super::{case, flowing};
use crate::engine::similar::Similar;

#[test]
fn similar_cases_are_printed_where_they_were_asked_for_and_no_file_of_them_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseReport { similar: Some(sample_case::similar(folder.path())), ..case() };
    let printed = flowing(&case);
    for words in ["Similar cases", "Bacterial pneumonia 0.0123 63 % farther", "Its file is not there.", "500 images"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    assert!(!printed.contains("other.png") && !printed.contains("gone"), "{printed}");
    let images = |case: &CaseReport| {
        let bytes = pdf::pdf(case, &image_file::ImageFile::default()).unwrap();
        let document = Document::load_mem(&bytes).unwrap();
        let is_image = |object: &Object| {
            object
                .as_stream()
                .is_ok_and(|s| s.dict.get(b"Subtype").is_ok_and(|t| t.as_name().is_ok_and(|n| n == b"Image")))
        };
        document.objects.values().filter(|object| is_image(object)).count()
    };
    assert_eq!(images(&case), images(&CaseReport { similar: None, ..case.clone() }) + 1, "one file of two is there");
    let none = SimilarSection { asked: 6, found: Similar::NoGallery };
    let printed = flowing(&CaseReport { similar: Some(none), ..case });
    assert!(printed.contains("This model has no gallery; `pellucid models gallery chest-xray DIR`"), "{printed}");
}

#[test]
fn the_whole_study_is_printed_with_its_rule_and_the_image_that_decides() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case();
    case.study = Some(sample_case::study(&case, folder.path()));
    let printed = flowing(&case);
    for words in [
        "Whole study",
        "2 images, pooled by the maximum, for want of a calibration.",
        "Bacterial pneumonia 0.76 not calibrated image 1 of 2, doe-jane.dcm",
        "1 image takes no part.",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let anonymous = flowing(&CaseReport { anonymize: true, ..case });
    assert!(anonymous.contains("image 1 of 2") && !anonymous.contains("doe-jane"), "{anonymous}");
}
