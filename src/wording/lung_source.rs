//! Where the outline of the lungs comes from: [`FieldsSource::in_words`] has it in English for files.

use crate::engine::lungs::FieldsSource;
use crate::language::{decimal, text, tr};

/// In a few words: "mask person1.png".
pub(crate) fn in_words(source: &FieldsSource) -> String {
    match source {
        FieldsSource::Mask { path, .. } => match path.as_ref().and_then(|path| path.file_name()) {
            Some(name) => tr!("mask {}", name.to_string_lossy()),
            None => text!("a mask of the reader's").to_owned(),
        },
        FieldsSource::Segmenter { expected_dice, .. } => {
            tr!("outlined by the program, expected Dice {}", decimal(format!("{expected_dice:.2}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_it_is_that_of_files() {
        let mask = |path: Option<&str>| FieldsSource::Mask { path: path.map(Into::into), sha256: String::new() };
        let segmenter = FieldsSource::Segmenter { version: "1".into(), sha256: String::new(), expected_dice: 0.961 };
        for source in [mask(Some("a/person1.png")), mask(None), segmenter] {
            assert_eq!(in_words(&source), source.in_words());
        }
    }
}
