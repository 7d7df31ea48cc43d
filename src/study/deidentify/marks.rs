//! What the object says of its own de-identification (PS3.15 E.1.1, items 6 and 7; E.3).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::options::{Dates, Options};
use super::table::EDITION;
use crate::study::dataset::{Dataset, Element, Value};
use crate::study::writer::element;

/// Adds the marks. Identity counts as removed unless the object says that its pixels hold text, and
/// nobody had them blanked (PS3.3 C.7.1.1: "from the Attributes and the Pixel Data").
pub(super) fn add(dataset: &mut Dataset, options: &Options) {
    let blanked = !options.blank.is_empty();
    let burned_in = dataset.code(tags::BURNED_IN_ANNOTATION) == "YES";
    let mut put = |tag: Tag, vr: VR, text: &str| {
        dataset.elements.insert(tag, element(vr, text.as_bytes()));
    };
    put(tags::PATIENT_IDENTITY_REMOVED, VR::CS, if burned_in && !blanked { "NO" } else { "YES" });
    let version = env!("CARGO_PKG_VERSION");
    let method = format!("Pellucid {version}\\PS3.15 {EDITION} Basic Application Confidentiality Profile");
    put(tags::DEIDENTIFICATION_METHOD, VR::LO, &method);
    let dates = match options.dates {
        Dates::Removed => "REMOVED",
        Dates::Modified => "MODIFIED",
        Dates::Full => "UNMODIFIED",
    };
    put(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, dates);
    if blanked {
        put(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    }
    let items = options.codes().into_iter().map(|(code, meaning)| coded(code, meaning)).collect();
    let methods = Element { vr: VR::SQ, big_endian: false, value: Value::Items(items) };
    dataset.elements.insert(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, methods);
}

fn coded(code: &str, meaning: &str) -> Dataset {
    let elements = [
        (tags::CODE_VALUE, element(VR::SH, code.as_bytes())),
        (tags::CODING_SCHEME_DESIGNATOR, element(VR::SH, b"DCM")),
        (tags::CODE_MEANING, element(VR::LO, meaning.as_bytes())),
    ];
    Dataset { elements: elements.into_iter().collect() }
}
