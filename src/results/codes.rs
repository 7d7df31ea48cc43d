//! The coded concepts of our results: those of DICOM, SNOMED CT, UCUM and LOINC where they have one,
//! and our own ([`OWN`]) for what they lack.
//!
//! Labels of a model are always our own concepts: a model calls something "Pneumonia", and whether
//! that is the disease that a terminology defines is not known from the name.

use std::borrow::Cow;

use crate::files::sha256;

/// Coding scheme of our own concepts (PS3.16 section 8.2: private schemes begin with 99).
pub const OWN: &str = "99PELLUCID";
/// Names that scheme for the whole world.
pub const OWN_UID: &str = "2.25.213947583660492817350284716630199427581";

/// Longest value of Code Value and of Code Meaning, in characters (PS3.5 6.2, SH and LO).
const LONGEST: (usize, usize) = (16, 64);

/// A coded concept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    pub value: Cow<'static, str>,
    pub scheme: &'static str,
    pub meaning: Cow<'static, str>,
}

impl Code {
    /// A concept that is known beforehand.
    #[must_use]
    pub const fn new(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Self { value: Cow::Borrowed(value), scheme, meaning: Cow::Borrowed(meaning) }
    }

    /// A label or group of a model: `L` and twelve digits of the SHA-256 of its name.
    #[must_use]
    pub fn label(name: &str) -> Self {
        let value = format!("L{}", &sha256(name.as_bytes())[..12]);
        Self { value: value.into(), scheme: OWN, meaning: shortened(name).into() }
    }

    /// A method of explanation, by its key and name: `M` and twelve digits of the SHA-256 of the key.
    #[must_use]
    pub fn method(key: &str, name: &str) -> Self {
        let value = format!("M{}", &sha256(key.as_bytes())[..12]);
        Self { value: value.into(), scheme: OWN, meaning: shortened(name).into() }
    }

    /// Whether the value is longer than Code Value may be, and so a Long Code Value.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.value.len() > LONGEST.0
    }
}

/// At most as many characters as a meaning may have; one that is cut ends in three dots.
pub(in crate::results) fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST.1 {
        return text.to_owned();
    }
    text.chars().take(LONGEST.1 - 3).chain("...".chars()).collect()
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = ($value:expr, $scheme:expr, $meaning:expr);)*) => {
        $($(#[$doc])* pub const $name: Code = Code::new($value, $scheme, $meaning);)*
        /// All of them, with the names that they have in this file.
        pub const ALL: &[(&str, Code)] = &[$((stringify!($name), $name)),*];
    };
}

codes! {
    // the tree of a measurement report (TID 1500) and what stands around it
    IMAGING_MEASUREMENT_REPORT = ("126000", "DCM", "Imaging Measurement Report");
    LANGUAGE = ("121049", "DCM", "Language of Content Item and Descendants");
    ENGLISH = ("en", "RFC5646", "English");
    OBSERVER_TYPE = ("121005", "DCM", "Observer Type");
    PERSON = ("121006", "DCM", "Person");
    DEVICE = ("121007", "DCM", "Device");
    PERSON_OBSERVER_NAME = ("121008", "DCM", "Person Observer Name");
    DEVICE_OBSERVER_UID = ("121012", "DCM", "Device Observer UID");
    DEVICE_OBSERVER_NAME = ("121013", "DCM", "Device Observer Name");
    DEVICE_OBSERVER_MANUFACTURER = ("121014", "DCM", "Device Observer Manufacturer");
    DEVICE_OBSERVER_MODEL_NAME = ("121015", "DCM", "Device Observer Model Name");
    DEVICE_OBSERVER_SERIAL_NUMBER = ("121016", "DCM", "Device Observer Serial Number");
    PROCEDURE_REPORTED = ("121058", "DCM", "Procedure reported");
    IMAGING_PROCEDURE = ("363679005", "SCT", "Imaging procedure");
    PLAIN_RADIOGRAPHY = ("168537006", "SCT", "Plain radiography");
    COMPUTED_TOMOGRAPHY = ("77477000", "SCT", "Computed tomography");
    MAGNETIC_RESONANCE_IMAGING = ("113091000", "SCT", "Magnetic resonance imaging");
    IMAGE_LIBRARY = ("111028", "DCM", "Image Library");
    IMAGE_LIBRARY_GROUP = ("126200", "DCM", "Image Library Group");
    MODALITY = ("121139", "DCM", "Modality");
    PIXEL_DATA_ROWS = ("110910", "DCM", "Pixel Data Rows");
    PIXEL_DATA_COLUMNS = ("110911", "DCM", "Pixel Data Columns");
    IMAGING_MEASUREMENTS = ("126010", "DCM", "Imaging Measurements");
    MEASUREMENT_GROUP = ("125007", "DCM", "Measurement Group");
    TRACKING_IDENTIFIER = ("112039", "DCM", "Tracking Identifier");
    TRACKING_UID = ("112040", "DCM", "Tracking Unique Identifier");
    FINDING = ("121071", "DCM", "Finding");
    ALGORITHM_NAME = ("111001", "DCM", "Algorithm Name");
    ALGORITHM_PARAMETERS = ("111002", "DCM", "Algorithm Parameters");
    ALGORITHM_VERSION = ("111003", "DCM", "Algorithm Version");
    PROBABILITY = ("122157", "DCM", "Probability");
    THRESHOLD = ("122411", "DCM", "Threshold Value");
    SOURCE_OF_MEASUREMENT = ("121112", "DCM", "Source of Measurement");
    DERIVATION = ("121401", "DCM", "Derivation");
    MEAN = ("373098007", "SCT", "Mean");
    STANDARD_DEVIATION = ("386136009", "SCT", "Standard Deviation");
    FIFTH_PERCENTILE = ("371888009", "SCT", "5th Percentile Value of population");
    NINETY_FIFTH_PERCENTILE = ("371889001", "SCT", "95th Percentile Value of population");
    QUALITATIVE_EVALUATIONS = ("C0034375", "UMLS", "Qualitative Evaluations");
    PRESENT = ("52101004", "SCT", "Present");
    ABSENT = ("272519000", "SCT", "Absent");
    UNDETERMINED = ("373068000", "SCT", "Undetermined");
    IMPRESSION = ("121073", "DCM", "Impression");
    COMMENT = ("121106", "DCM", "Comment");
    NO_UNITS = ("1", "UCUM", "no units");
    PIXELS = ("{pixels}", "UCUM", "pixels");
    MILLIMETRES = ("mm", "UCUM", "mm");
    SQUARE_MILLIMETRES = ("mm2", "UCUM", "mm2");
    DEGREES = ("deg", "UCUM", "deg");
    LENGTH = ("410668003", "SCT", "Length");
    LONG_AXIS = ("103339001", "SCT", "Long Axis");
    SHORT_AXIS = ("103340004", "SCT", "Short Axis");
    DIAMETER = ("81827009", "SCT", "Diameter");
    MINIMUM = ("255605001", "SCT", "Minimum");
    MAXIMUM = ("56851009", "SCT", "Maximum");
    COBB_ANGLE = ("285285000", "SCT", "Cobb angle");
    HOUNSFIELD_UNITS = ("[hnsf'U]", "UCUM", "Hounsfield unit");
    AREA = ("42798000", "SCT", "Area");
    ANGLE = ("1483009", "SCT", "Angle");
    IMAGE_REGION = ("111030", "DCM", "Image Region");
    // images, masks and documents
    SOURCE_IMAGE = ("121322", "DCM", "Source image for image processing operation");
    SEGMENTATION = ("113076", "DCM", "Segmentation");
    PROCESSING_EQUIPMENT = ("109102", "DCM", "Processing Equipment");
    ACQUISITION_EQUIPMENT = ("109101", "DCM", "Acquisition Equipment");
    ARTIFICIAL_INTELLIGENCE = ("123110", "DCM", "Artificial Intelligence");
    ANATOMICAL_STRUCTURE = ("91723000", "SCT", "Anatomical Structure");
    SPATIAL_CONCEPT = ("309825002", "SCT", "Spatial and Relational Concept");
    LUNG = ("39607008", "SCT", "Lung");
    RIGHT = ("24028007", "SCT", "Right");
    LEFT = ("7771000", "SCT", "Left");
    QUANTITY = ("246205007", "SCT", "Quantity");
    MEASUREMENT_METHOD = ("370129005", "SCT", "Measurement Method");
    NOT_A_NUMBER = ("114000", "DCM", "Not a number");
    // our own
    /// What a model calls a class or a group of classes; not a finding.
    MODEL_LABEL = ("LABEL", OWN, "Label of the model");
    /// Several labels read as one finding.
    MODEL_GROUP = ("GROUP", OWN, "Group of labels of the model");
    /// The output before softmax or sigmoid.
    LOGIT = ("LOGIT", OWN, "Logit");
    /// Present, absent or undetermined at an error rate.
    STATE = ("STATE", OWN, "Conformal state");
    ERROR_RATE = ("ERRORRATE", OWN, "Error rate of the conformal state");
    /// Why nothing is called present or absent.
    STATE_WITHHELD = ("NOSTATE", OWN, "State withheld, and why");
    CONDITION = ("CONDITION", OWN, "Condition under which the state holds");
    REASON = ("REASON", OWN, "Reason");
    GATE = ("GATE", OWN, "Input gate");
    GATE_SCORE = ("GATESCORE", OWN, "Score of the input gate");
    ACCEPTED = ("ACCEPTED", OWN, "Accepted: an image of the kind that the model is for");
    REFUSED = ("REFUSED", OWN, "Refused: not an image of the kind that the model is for");
    POPULATION = ("POPULATION", OWN, "Population that the model was measured on");
    INSIDE = ("INSIDE", OWN, "Nothing speaks against the population");
    OUTSIDE = ("OUTSIDE", OWN, "Outside the population");
    WARNING = ("WARNING", OWN, "Reservation");
    NOTICE = ("NOTICE", OWN, "Notice");
    /// What a reader says of what the model found (IHE AIRA: accepted, rejected, supplemented).
    ASSESSMENT = ("ASSESSMENT", OWN, "Assessment of a result of the model by a reader");
    RESULT_ACCEPTED = ("AGREE", OWN, "Accepted: the reader agrees");
    RESULT_REJECTED = ("DISAGREE", OWN, "Rejected: the reader disagrees");
    RESULT_UNSURE = ("UNSURE", OWN, "The reader is unsure");
    NOT_LOOKED_AT = ("NOTLOOKEDAT", OWN, "The reader did not look at it");
    /// The model calls nothing that a reader could agree with.
    NOTHING_CALLED = ("READERONLY", OWN, "Called by the reader, not by the model");
    SUPPLEMENTED_MISSED = ("MISSED", OWN, "Supplemented: the model did not find it");
    SUPPLEMENTED_MISPLACED = ("MISPLACED", OWN, "Supplemented: the map shows it elsewhere");
    OPINION = ("OPINION", OWN, "Opinion of the reader");
    RESULT_KNOWN = ("RESULTKNOWN", OWN, "Whether the result of the model had been shown");
    BEFORE_RESULT = ("BEFORE", OWN, "Before the result of the model was shown");
    AFTER_RESULT = ("AFTER", OWN, "After the result of the model was shown");
    /// The condition of the unit: lengths that are larger than in the patient.
    MILLIMETRES_AT_DETECTOR = ("MMDETECTOR", OWN, "mm at the detector");
    SQUARE_MILLIMETRES_AT_DETECTOR = ("MM2DETECTOR", OWN, "mm2 at the detector");
    /// Lengths by a line of known length that the reader drew.
    MILLIMETRES_BY_READER = ("MMREADER", OWN, "mm as calibrated by the reader");
    SQUARE_MILLIMETRES_BY_READER = ("MM2READER", OWN, "mm2 as calibrated by the reader");
    PIXEL_WIDTHS = ("PIXELWIDTHS", OWN, "Widths of a pixel");
    SQUARE_PIXEL_WIDTHS = ("PIXELWIDTHS2", OWN, "Squared widths of a pixel");
    /// Of an image whose file does not say what its grey values are.
    GREY_VALUE = ("GREY", OWN, "Grey value");
    READER_MEASUREMENT = ("READERMEASURE", OWN, "What a reader measured");
    CASE_REPORT = ("CASEREPORT", OWN, "Report on the analysis of an image by a model, for research");
    PREDICTIVE_ENTROPY = ("ENTROPY", OWN, "Predictive entropy, in nats");
    MUTUAL_INFORMATION = ("MUTUALINFO", OWN, "Mutual information, in nats");
    PIXELS_INSIDE = ("PIXELSIN", OWN, "Pixels that the grey values are of");
    PIXELS_LEFT_OUT = ("PIXELSOUT", OWN, "Pixels inside whose grey values took no part");
    HEART_WIDTH = ("HEARTWIDTH", OWN, "Width of the heart");
    THORAX_WIDTH = ("THORAXWIDTH", OWN, "Width of the thorax");
    /// In the order in which the borders were marked.
    HEART_SIDES = ("HEARTSIDE", OWN, "Distance of a border of the heart from the midline");
    CARDIOTHORACIC_RATIO = ("CTR", OWN, "Cardiothoracic ratio");
    /// How a map was made of an image.
    EXPLANATION = ("EXPLANATION", OWN, "Explanation of the score of a model");
    /// What the values of a map are.
    ATTRIBUTION = ("ATTRIBUTION", OWN, "Attribution of the score of a model to places");
    /// The stage of a network whose output a map was taken from.
    TARGET_LAYER = ("LAYER", OWN, "Layer that the map was taken from");
    POPULATION_DISTANCE = ("DISTANCE", OWN, "Distance from the population");
    EVIDENCE_FOR = ("EVIDENCEFOR", OWN, "Region of evidence for a label, at a threshold");
    EVIDENCE_AGAINST = ("EVIDENCEAGAINST", OWN, "Region of evidence against a label, at a threshold");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fit_into_their_attributes_and_mean_one_thing() {
        for (i, (name, code)) in ALL.iter().enumerate() {
            assert!(!code.is_long() && code.meaning.chars().count() <= LONGEST.1, "{name}");
            let twin = ALL[..i].iter().find(|(_, other)| (&other.value, other.scheme) == (&code.value, code.scheme));
            assert!(twin.is_none(), "{name} and {twin:?} have one code");
        }
    }

    #[test]
    fn a_label_has_one_code_however_long_its_name() {
        let long = Code::label(&"Pneumonia ".repeat(20));
        assert_eq!(long.meaning.chars().count(), 64);
        assert!(long.meaning.ends_with("...") && !long.is_long());
        assert_eq!(Code::label("Normal"), Code::label("Normal"));
        assert_ne!(Code::label("Normal").value, Code::label("normal").value);
    }
}
