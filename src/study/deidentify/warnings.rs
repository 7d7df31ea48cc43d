//! Where names may still stand: in the pixels, of which the attributes only hint.

use dicom_dictionary_std::{tags, uids};

use super::options::Options;
use crate::study::dataset::Dataset;
use crate::study::overlay_planes::has_overlay_in_pixels;

/// What a person should look at before the image is handed on.
pub(super) fn of(dataset: &Dataset, options: &Options) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut say = |text: &str| warnings.push(text.to_owned());
    if options.blank.is_empty() {
        match dataset.code(tags::BURNED_IN_ANNOTATION).as_str() {
            "YES" => say(
                "The file says that text is burned into its pixels (Burned In Annotation YES), and it is still there: Patient \
                 Identity Removed is set to NO. Name its regions with --blank X,Y,WIDTH,HEIGHT.",
            ),
            "NO" => {}
            _ if may_be_burned_in(dataset) => say(
                "Text may be burned into its pixels: it is a screen capture or an ultrasound image, and does not say that there is \
                 none. Look at it; --blank X,Y,WIDTH,HEIGHT blanks regions.",
            ),
            _ => {}
        }
    }
    if dataset.code(tags::RECOGNIZABLE_VISUAL_FEATURES) == "YES" {
        say("The file says that a face can be recognised in its pixels, and nothing was done about that.");
    }
    if has_overlay_in_pixels(dataset) {
        say(
            "An overlay lies in unused bits of its pixels, and it may hold text. Its description was removed, its bits were not.",
        );
    }
    warnings
}

fn may_be_burned_in(dataset: &Dataset) -> bool {
    let class = dataset.code(tags::SOP_CLASS_UID);
    let captured = [
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
        uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
        uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
        uids::ULTRASOUND_IMAGE_STORAGE,
        uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
        uids::ENHANCED_US_VOLUME_STORAGE,
        "1.2.840.10008.5.1.4.1.1.6",
        "1.2.840.10008.5.1.4.1.1.3",
    ];
    let converted = !dataset.code(tags::CONVERSION_TYPE).is_empty();
    let secondary = dataset.codes(tags::IMAGE_TYPE).get(1).is_some_and(|value| value == "SECONDARY");
    captured.contains(&class.as_str()) || converted || (secondary && dataset.code(tags::MODALITY) == "OT")
}
