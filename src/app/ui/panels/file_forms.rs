//! Forms of sentences on files that could not be used and on what goes wrong, as far as no error
//! declares them (`#[error("…")]`, which languages find by themselves); as [`super::forms`], for tests
//! and languages alone.

use crate::language::form;

/// Files of any kind, images, kept measurements, galleries, the lung segmenter, configurations.
const FORMS: &[&str] = &[
    form!("it ends before its content does"),
    form!("it is a text file"),
    form!("its content is of no known kind"),
    form!("it is no text"),
    form!("the pixel data ends after {} of {} bytes"),
    form!("the pixel data holds {} bytes, where the image needs {whole}"),
    form!("it does not say that it is one"),
    form!("Its length is not said yet, so it calibrates nothing."),
    form!("Calibrated by the reader: true in the plane of the line of known length alone."),
    form!("The axes are not at right angles."),
    form!("{path} holds no folders; one for each class is needed"),
    form!("The settings could not be read ({reason}): defaults are used."),
    form!("The settings file holds no settings: defaults are used."),
    form!("The settings file is broken ({reason}): defaults are used."),
    form!("Some settings could not be used, and have their defaults: {names}."),
    form!("a file has at most {most} rules"),
    form!("a grid has at most {most} places"),
    form!("a text or a list of texts is expected, like [\"CR\", \"DX\"]"),
    form!("there is no grid “{words}”; there are {known} (rows x columns)"),
    form!(
        "“{words}” names no image; there are current, prior, current:lateral (or another view or side), series 2, prior series 2, empty"
    ),
    form!("The system gave no thread: {reason}."),
    form!("the system gave no thread: {reason}"),
    form!("This folder holds no log of a run (log.csv)."),
    form!("The log could not be read: {reason}"),
    form!("the trainer met a fault of its own; please report it with the configuration"),
    form!("There is no {method} map of {place}."),
    form!("entity not found"),
    form!("permission denied"),
];

#[test]
fn forms_of_files_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_german() {
    use crate::measurement::measured::LENGTH_UNKNOWN;
    use crate::model::gallery::GalleryError;
    use crate::model::lungs::SegmenterError;
    use crate::study::StudyError;
    use crate::training::config::Config;

    let folder = tempfile::tempdir().unwrap();
    let config = |text: &str| {
        let path = folder.path().join("run.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap_err().to_string()
    };
    let sentences = vec![
        StudyError::NotFound.to_string(),
        StudyError::TooLarge("13 × 4587531 pixels, where a side has at most 65535 pixels".into()).to_string(),
        StudyError::Truncated("it ends before its content does".into()).to_string(),
        StudyError::NoSuchFrame { asked: 7, frames: 3 }.to_string(),
        StudyError::CodecPanic.to_string(),
        GalleryError::OtherWeights.to_string(),
        SegmenterError::NotEmbedded.to_string(),
        SegmenterError::Incomplete("segmenter.toml").to_string(),
        LENGTH_UNKNOWN.to_owned(),
        config("size = 32\nhead = \"softmax\"\n[[labels]]\nname = \"A\"\n[data]\nfolders = [\"x\"]\n"),
    ];
    let thread = std::thread::spawn(move || {
        crate::language::enter("de");
        sentences.into_iter().map(|english| (crate::language::said(&english), english)).collect::<Vec<_>>()
    });
    for (german, english) in thread.join().unwrap() {
        assert!(german != english, "no German for “{english}”");
        for word in [" the ", " where ", " which "] {
            assert!(!german.contains(word), "“{german}” is English in part");
        }
    }
}

#[test]
fn what_goes_wrong_is_said_in_german() {
    use crate::engine::what_if::WhatIfError;
    use crate::explain::ExplainError;
    use crate::model::registry;

    let sentences = [
        WhatIfError::Nothing.to_string(),
        WhatIfError::OtherImage.to_string(),
        ExplainError::Stopped.to_string(),
        registry::manifest("no such model").unwrap_err().to_string(),
    ];
    for english in sentences {
        let german = crate::language::within("de", || crate::language::said(&english));
        assert_ne!(german, english);
    }
}
