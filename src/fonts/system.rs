//! The fonts of the system, looked for when a text first holds a character that Inter lacks.
//!
//! fontdb lists them (by fontconfig on Linux, by the usual folders elsewhere). For a character the
//! best face that has it is taken: upright, of regular weight, proportional, sans serif. Files
//! beyond [`limits::FONT_BYTES`] are left out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use fontdb::{Database, FaceInfo, Source, Stretch, Style};
use skrifa::raw::FontRef;

use super::face::{Face, has, may_be_embedded};
use super::{REGULAR, is_invisible};
use crate::limits;

/// The fonts that were found, and what has been looked up in them.
pub struct SystemFonts {
    database: Database,
    /// Best first.
    ranked: Vec<fontdb::ID>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Faces in use; they are asked first, so that a text keeps its font.
    faces: Vec<Face>,
    files: HashMap<PathBuf, Arc<Vec<u8>>>,
    /// Number of the face that has a character, if any.
    characters: HashMap<char, Option<usize>>,
}

/// Most characters that are remembered.
const REMEMBERED: usize = 100_000;

impl SystemFonts {
    /// Lists the fonts of the system: reads the names in every font file.
    #[must_use]
    pub fn scan() -> Self {
        let mut database = Database::new();
        database.load_system_fonts();
        log::debug!("{} faces of system fonts", database.len());
        Self::of(database)
    }

    /// No fonts at all.
    #[must_use]
    pub fn none() -> Self {
        Self::of(Database::new())
    }

    fn of(database: Database) -> Self {
        let mut ranked: Vec<(_, fontdb::ID)> =
            database.faces().filter(|face| is_for_text(face)).map(|face| (rank(face), face.id)).collect();
        ranked.sort();
        let ranked = ranked.into_iter().map(|(_, id)| id).collect();
        Self { database, ranked, known: Mutex::default() }
    }

    /// A face that has the character and may be embedded in a document.
    #[must_use]
    pub fn face_for(&self, c: char) -> Option<Face> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        if let Some(&face) = known.characters.get(&c) {
            return face.map(|number| known.faces[number].clone());
        }
        let number = known.faces.iter().position(|face| face.has(c)).or_else(|| {
            let id = self.ranked.iter().find(|&&id| self.could_set(id, c))?;
            let face = self.read(*id, &mut known.files)?;
            known.faces.push(face);
            Some(known.faces.len() - 1)
        });
        if known.characters.len() >= REMEMBERED {
            known.characters.clear();
        }
        known.characters.insert(c, number);
        number.map(|number| known.faces[number].clone())
    }

    fn could_set(&self, id: fontdb::ID, c: char) -> bool {
        let could = |data: &[u8], index| {
            data.len() as u64 <= limits::FONT_BYTES
                && FontRef::from_index(data, index).is_ok_and(|font| has(&font, c) && may_be_embedded(&font))
        };
        self.database.with_face_data(id, could).unwrap_or(false)
    }

    fn read(&self, id: fontdb::ID, files: &mut HashMap<PathBuf, Arc<Vec<u8>>>) -> Option<Face> {
        let info = self.database.face(id)?;
        let read = || self.database.with_face_data(id, |data, _| Arc::new(data.to_vec()));
        let data = match &info.source {
            // Faces of a collection share its file.
            Source::File(path) | Source::SharedFile(path, _) => {
                if let Some(data) = files.get(path) {
                    data.clone()
                } else {
                    let data = read()?;
                    files.insert(path.clone(), data.clone());
                    data
                }
            }
            Source::Binary(_) => read()?,
        };
        Face::new(&info.post_script_name, data, info.index)
    }
}

/// Emoji, symbols and pictures of unknown characters set no names.
fn is_for_text(face: &FaceInfo) -> bool {
    let name = face.post_script_name.to_lowercase();
    !["emoji", "symbol", "lastresort", "last-resort", "tofu", "fallback", "math", "music", "braille", "dingbat"]
        .iter()
        .any(|odd| name.contains(odd))
}

/// Sorts the better face lower.
fn rank(face: &FaceInfo) -> impl Ord + use<> {
    let family = face.families.first().map_or("", |(name, _)| name.as_str()).to_owned();
    let odd = ["Mono", "Serif", "UI", "Nastaliq", "Kufi", "Rashi", "Looped", "Kashida", "Display", "Unifont"];
    let oddities = odd.iter().filter(|odd| family.contains(*odd)).count();
    (
        face.style != Style::Normal,
        face.stretch != Stretch::Normal,
        face.monospaced,
        oddities,
        face.weight.0.abs_diff(400),
        Reverse(family.starts_with("Noto Sans")),
        // Simplified Chinese where a collection has all of East Asia.
        Reverse(family.ends_with(" SC")),
        family,
    )
}

static SYSTEM: OnceLock<SystemFonts> = OnceLock::new();

/// True once the fonts have been listed: from then on nothing waits.
#[must_use]
pub fn is_ready() -> bool {
    #[cfg(test)]
    if test::INSTEAD.with_borrow(Option::is_some) {
        return true;
    }
    SYSTEM.get().is_some()
}

/// Lists the fonts where nobody has yet.
pub fn list() {
    let _ = SYSTEM.get_or_init(SystemFonts::scan);
}

/// A face of the system for a character. Lists the fonts first where nobody has yet, which takes a
/// moment.
#[must_use]
pub fn face_for(c: char) -> Option<Face> {
    #[cfg(test)]
    if let Some(fonts) = test::INSTEAD.with_borrow(Clone::clone) {
        return fonts.face_for(c);
    }
    SYSTEM.get_or_init(SystemFonts::scan).face_for(c)
}

/// True where the program's own typeface has the character.
#[must_use]
pub fn inter_has(c: char) -> bool {
    static INTER: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::new(REGULAR).ok());
    INTER.as_ref().is_some_and(|font| has(font, c))
}

/// The characters of a text that neither Inter nor any font of the system has.
#[must_use]
pub fn missing(text: &str) -> BTreeSet<char> {
    if text.is_ascii() {
        return BTreeSet::new();
    }
    let characters: BTreeSet<char> = text.chars().filter(|&c| !is_invisible(c) && !inter_has(c)).collect();
    characters.into_iter().filter(|&c| face_for(c).is_none()).collect()
}

#[cfg(test)]
pub use test::with;

#[cfg(test)]
mod test {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The fonts that a test has in the place of the system's.
        pub(super) static INSTEAD: RefCell<Option<Arc<SystemFonts>>> = const { RefCell::new(None) };
    }

    /// Runs a test with these fonts in the place of the system's.
    pub fn with<T>(fonts: SystemFonts, run: impl FnOnce() -> T) -> T {
        INSTEAD.set(Some(Arc::new(fonts)));
        let result = run();
        INSTEAD.set(None);
        result
    }

    #[test]
    fn a_font_in_memory_is_found_by_its_characters() {
        let mut database = Database::new();
        database.load_font_data(REGULAR.to_vec());
        let fonts = SystemFonts::of(database);
        let face = fonts.face_for('Ж').unwrap();
        assert_eq!(face.name, "Inter-Regular");
        assert!(fonts.face_for('ж') == Some(face) && fonts.face_for('山').is_none());
    }

    #[test]
    fn inter_has_latin_greek_and_cyrillic_and_no_more() {
        assert!("Łukasz Жуков Ελένη – µ × ² … ≥ □".chars().all(inter_has));
        assert!(!"山عש".chars().any(inter_has));
    }
}
