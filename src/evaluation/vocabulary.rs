//! The words of public sets for what a model tells: "No Finding" is normal, and some findings may
//! hide others.
//!
//! Radiologists' reports, from which most public labels were read, name what is seen, not what it
//! is: an infiltration or a consolidation may be a pneumonia or not. ChestX-ray14 (Wang et al.,
//! CVPR 2017) labels the three side by side without saying where one ends, and readers of its
//! images find most of the difference to be one of words (Oakden-Rayner, Academic Radiology 27,
//! 2020). `CheXpert` (Irvin et al., AAAI 2019, figure 1) puts consolidation, oedema, pneumonia,
//! atelectasis and lesions below "Lung Opacity". An image that has such a finding and not the
//! target is neither clearly with it nor clearly without.

/// Words for an image without findings, [folded].
const NORMAL: [&str; 9] = [
    "normal",
    "nofinding",
    "nofindings",
    "healthy",
    "negative",
    "noabnormality",
    "noabnormalities",
    "noabnormalfinding",
    "noabnormalfindings",
];

/// A part of a target's name, and the findings that may include it; all [folded].
const MAY_INCLUDE: [(&str, &[&str]); 8] = [
    ("pneumonia", &["infiltration", "infiltrate", "consolidation", "lungopacity", "airspaceopacity", "opacity"]),
    ("consolidation", &["pneumonia", "infiltration", "infiltrate", "lungopacity", "airspaceopacity", "opacity"]),
    ("infiltrat", &["pneumonia", "consolidation", "lungopacity", "airspaceopacity", "opacity"]),
    ("edema", &["lungopacity", "airspaceopacity", "opacity"]),
    ("atelectasis", &["lungopacity", "airspaceopacity", "opacity"]),
    ("nodule", &["mass", "lunglesion", "lungopacity", "opacity"]),
    ("mass", &["nodule", "lunglesion", "lungopacity", "opacity"]),
    ("cardiomegaly", &["enlargedcardiomediastinum"]),
];

/// `name` without case, blanks and punctuation.
#[must_use]
pub fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether `name` says that there is nothing to find.
#[must_use]
pub fn means_normal(name: &str) -> bool {
    NORMAL.contains(&folded(name).as_str())
}

/// Whether an image with the finding `word` may have `target`, too, without saying so.
#[must_use]
pub fn may_include(word: &str, target: &str) -> bool {
    let (word, target) = (folded(word), folded(target));
    MAY_INCLUDE.iter().any(|(part, findings)| target.contains(part) && findings.contains(&word.as_str()))
}

/// Of `names` the one that is most like `wanted`, and like it enough to be meant (Damerau and
/// Levenshtein's distance, by length).
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&folded(wanted), &folded(name));
    let rated = names.into_iter().map(|name| (likeness(name), name));
    rated.filter(|(likeness, _)| *likeness >= 0.5).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_findings_has_many_names() {
        for name in ["No Finding", "NORMAL", "no_findings", "Healthy", "negative"] {
            assert!(means_normal(name), "{name}");
        }
        assert!(!means_normal("No Lung Opacity / Not Normal") && !means_normal("Pneumonia") && !means_normal(""));
    }

    #[test]
    fn infiltration_and_consolidation_may_include_pneumonia_and_effusion_does_not() {
        for word in ["Infiltration", "infiltrate", "Consolidation", "Lung Opacity"] {
            assert!(may_include(word, "Pneumonia") && may_include(word, "Bacterial pneumonia"), "{word}");
        }
        assert!(!may_include("Effusion", "Pneumonia") && !may_include("Pneumonia", "Pneumonia"));
        assert!(may_include("Pneumonia", "Consolidation") && may_include("Mass", "Lung nodule"));
    }

    #[test]
    fn the_nearest_name_is_one_that_may_be_meant() {
        let names = ["Pneumonia", "Pneumothorax", "Normal"];
        assert_eq!(nearest("Pnuemonia", names), Some("Pneumonia"));
        assert_eq!(nearest("pneumothoraks", names), Some("Pneumothorax"));
        assert_eq!(nearest("glioma", names), None);
    }
}
