//! One face of a font file.

use std::sync::Arc;

use skrifa::MetadataProvider as _;
use skrifa::raw::{FontRef, TableProvider as _};

/// A face whose file is held in memory.
#[derive(Clone)]
pub struct Face {
    /// PostScript name.
    pub name: String,
    pub data: Arc<Vec<u8>>,
    /// Which face of a collection.
    pub index: u32,
}

impl Face {
    /// A face of a file; `None` where the file cannot be read as a font.
    #[must_use]
    pub fn new(name: &str, data: Arc<Vec<u8>>, index: u32) -> Option<Self> {
        FontRef::from_index(&data, index).ok()?;
        Some(Self { name: name.to_owned(), data, index })
    }

    /// The parsed tables.
    #[must_use]
    pub fn font(&self) -> Option<FontRef<'_>> {
        FontRef::from_index(&self.data, self.index).ok()
    }

    #[must_use]
    pub fn has(&self, c: char) -> bool {
        self.font().is_some_and(|font| has(&font, c))
    }
}

/// Two faces are the same when file and index are.
impl PartialEq for Face {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.data, &other.data) && self.index == other.index
    }
}

/// True where the font has a glyph for the character.
pub(super) fn has(font: &FontRef<'_>, c: char) -> bool {
    font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0)
}

/// Whether a document may carry a part of the font, by its owner's word (OS/2 fsType: restricted,
/// no subsets, bitmaps only), and whether its outlines are of a kind that a PDF can hold.
pub(super) fn may_be_embedded(font: &FontRef<'_>) -> bool {
    const FORBIDDEN: u16 = 0x0002 | 0x0100 | 0x0200;
    let allowed = font.os2().is_ok_and(|os2| os2.fs_type() & FORBIDDEN == 0);
    allowed && (font.glyf().is_ok() || font.cff().is_ok())
}
