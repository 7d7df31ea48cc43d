//! The form that makes a new configuration of a folder of images.

use std::path::{Path, PathBuf};

use crate::app::state::Reason;
use crate::network::architecture::Family;

/// What the form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConfigForm {
    /// Holds a folder for each class, or such folders for each part of the data.
    pub images: Option<PathBuf>,
    pub family: Family,
    /// The file to write; of the folder of images where the reader has not named one.
    pub file: Option<PathBuf>,
    /// It is being written.
    pub running: bool,
    /// Why it was not.
    pub refusal: Option<Reason>,
}

impl Default for NewConfigForm {
    fn default() -> Self {
        Self { images: None, family: Family::CustomCnn, file: None, running: false, refusal: None }
    }
}

impl NewConfigForm {
    /// The file to write, once a folder of images is named.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| beside(self.images.as_deref()?))
    }
}

/// `photos.toml` beside the folder `photos`.
fn beside(folder: &Path) -> Option<PathBuf> {
    let mut name = folder.file_name()?.to_owned();
    name.push(".toml");
    Some(folder.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lies_beside_the_images_unless_the_reader_names_one() {
        let mut form = NewConfigForm::default();
        assert_eq!(form.file(), None);
        form.images = Some("/data/chests".into());
        assert_eq!(form.file(), Some("/data/chests.toml".into()));
        form.file = Some("/runs/first.toml".into());
        assert_eq!(form.file(), Some("/runs/first.toml".into()));
        assert_eq!(NewConfigForm { images: Some("/".into()), ..NewConfigForm::default() }.file(), None);
    }
}
