//! The dialog in which archives are added, changed, checked and removed.

use std::collections::BTreeMap;
use std::path::Path;

use super::Typed;
use crate::pacs::peers::typed::TypedPeer;

/// Longest text of a field, in characters.
const LONGEST: usize = 2048;

/// The dialog: a list, and over it the form of one archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivesDialog {
    /// The form, while an archive is added or changed.
    pub form: Option<ArchiveForm>,
    /// What was said last: why something was not done.
    pub refusal: Option<String>,
    /// The archive that is removed once that is confirmed.
    pub removing: Option<String>,
    /// The file is being written.
    pub busy: bool,
    /// What archives said when they were checked, by their names.
    pub checks: BTreeMap<String, Check>,
}

/// What an archive says to whoever asks whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    Asking,
    Answers,
    Fails(String),
}

/// The fields of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveForm {
    pub typed: TypedPeer,
    /// A password or token that is to be kept; empty for the one that is kept already.
    pub secret: Typed,
    /// The archive that is changed; nothing for a new one.
    pub before: Option<String>,
}

impl ArchiveForm {
    /// The same with fields of a length that one can be meant with.
    pub(in crate::app) fn cut(mut self) -> Self {
        let typed = &mut self.typed;
        let fields = [
            &mut typed.name,
            &mut typed.host,
            &mut typed.port,
            &mut typed.called_ae,
            &mut typed.calling_ae,
            &mut typed.root,
            &mut typed.user,
            &mut typed.authorities,
            &mut typed.certificate,
            &mut typed.key,
        ];
        for field in fields {
            field.retain(|c| !c.is_control());
            if let Some((end, _)) = field.char_indices().nth(LONGEST) {
                field.truncate(end);
            }
        }
        self
    }

    /// The field of a file.
    pub fn path(&mut self, file: SecuringFile) -> &mut String {
        match file {
            SecuringFile::Authorities => &mut self.typed.authorities,
            SecuringFile::Certificate => &mut self.typed.certificate,
            SecuringFile::Key => &mut self.typed.key,
        }
    }

    pub(in crate::app) fn chosen(&mut self, file: SecuringFile, path: &Path) {
        *self.path(file) = path.display().to_string();
    }
}

/// A file that secures connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecuringFile {
    Authorities,
    Certificate,
    Key,
}
