//! Files of languages: those of the program, and the user's own beside his models.
//!
//! A file is bounded before it is read, and one that cannot be used is named with its reason; the
//! program goes on in the languages that it has.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::plural::Rule;
use super::sentences::{self, Form};
use super::{ENGLISH, KNOWN, Language, prepare};
use crate::printable::shortened;

/// Largest file of a language, in bytes; German has some two hundred thousand.
const LARGEST: u64 = 4 << 20;
/// Most files that are looked at in a folder.
const MOST: usize = 64;

/// Why a file of a language cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("it has {0} bytes; a file of a language has at most {LARGEST}")]
    TooLarge(u64),
    #[error("its name must be the code of a language, as in “fr.po” or “pt-BR.po”")]
    Name,
    #[error("it is no file of translations (PO, UTF-8): {0}")]
    Format(String),
    #[error("its rule of plural “{0}” (Plural-Forms) cannot be read")]
    Plural(String),
}

/// Where the user's own languages lie.
#[must_use]
pub fn users_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "pellucid").map(|dirs| dirs.data_dir().join("languages"))
}

/// Reads a language.
pub(super) fn read(code: &str, file: &[u8]) -> Result<Language, LanguageError> {
    let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if code.is_empty() || code.len() > 16 || code == ENGLISH || !code.bytes().all(letters) {
        return Err(LanguageError::Name);
    }
    let size = file.len() as u64;
    if size > LARGEST {
        return Err(LanguageError::TooLarge(size));
    }
    let catalog = crate::panic_guard::guarded(|| polib::po_file::parse_from_reader(file).map_err(|e| e.to_string()))
        .unwrap_or_else(|panicked| Err(panicked.to_string()))
        .map_err(LanguageError::Format)?;
    let rule = &catalog.metadata.plural_rules.expr;
    let rule = Rule::read(rule).ok_or_else(|| LanguageError::Plural(shortened(rule).into_owned()))?;
    let (mut texts, mut forms) = (HashMap::new(), Vec::new());
    for message in catalog.messages().filter(|message| message.is_translated() && !message.is_fuzzy()) {
        let said = match message.msgstr_plural() {
            Ok(said) => said.clone(),
            Err(_) => message.msgstr().map(|form| vec![form.to_owned()]).unwrap_or_default(),
        };
        if message.msgctxt() == Some(sentences::CONTEXT) {
            forms.extend(said.first().map(|said| Form::new(message.msgid(), said)));
        }
        texts.insert(key(message.msgctxt(), message.msgid()).into_owned(), said);
    }
    let name = texts.get(key(Some("name of this language"), "English").as_ref()).and_then(|forms| forms.first());
    let name = name.map_or_else(|| code.to_owned(), Clone::clone);
    forms.sort_by_key(|form| Reverse(form.letters()));
    Ok(Language { code: code.to_owned(), name, texts, rule, forms })
}

/// Under what a text stands: its words, behind its context where it has one.
pub(super) fn key<'a>(context: Option<&str>, words: &'a str) -> Cow<'a, str> {
    context.map_or(Cow::Borrowed(words), |context| Cow::Owned(format!("{context}\u{4}{words}")))
}

/// Takes a language into the list; one of the same code is replaced.
pub(super) fn add(language: Language) {
    let language: &'static Language = Box::leak(Box::new(language));
    let mut known = KNOWN.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.retain(|other| other.code != language.code);
    known.push(language);
    known.sort_by(|a, b| a.name.cmp(&b.name));
}

/// Adds the languages of a folder, and answers with the files that cannot be used.
pub fn add_folder(folder: &Path) -> Vec<(PathBuf, LanguageError)> {
    prepare();
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("po")));
    files.sort();
    files.truncate(MOST);
    let mut refused = Vec::new();
    for path in files {
        match read_file(&path) {
            Ok(language) => add(language),
            Err(error) => refused.push((path, error)),
        }
    }
    refused
}

fn read_file(path: &Path) -> Result<Language, LanguageError> {
    let size = std::fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(LanguageError::TooLarge(size));
    }
    read(&path.file_stem().unwrap_or_default().to_string_lossy(), &std::fs::read(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{codes, enter, name, tr};

    #[test]
    fn a_further_language_is_a_file_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let polish = "msgid \"\"\nmsgstr \"\"\n\"Language: zz\\n\"\n\
            \"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n\"\n\n\
            msgctxt \"name of this language\"\nmsgid \"English\"\nmsgstr \"Polski\"\n\n\
            msgid \"1 image\"\nmsgid_plural \"{n} images\"\nmsgstr[0] \"{n} obraz\"\nmsgstr[1] \"{n} obrazy\"\n\
            msgstr[2] \"{n} obrazów\"\n";
        std::fs::write(folder.path().join("zz.po"), polish).unwrap();
        std::fs::write(folder.path().join("en.po"), polish).unwrap();
        std::fs::write(folder.path().join("yy.po"), [0xff, 0xfe, 0x00]).unwrap();
        let refused = add_folder(folder.path());
        let names: Vec<_> = refused.iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy()).collect();
        assert_eq!(names, ["en.po", "yy.po"]);
        assert!(codes().contains(&"zz"));
        assert_eq!((name("zz"), name("xx")), ("Polski", "English"));
        let thread = std::thread::spawn(|| {
            enter("zz");
            [1, 2, 5].map(|count| tr!("1 image" | "{n} images" % count))
        });
        assert_eq!(thread.join().unwrap(), ["1 obraz", "2 obrazy", "5 obrazów"]);
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_a_sentence() {
        let head = |rule: &str| format!("msgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=2; plural={rule};\\n\"\n");
        let (good, bad) = (head("n != 1"), head("n = 1"));
        for (code, file, expected) in [
            ("", good.as_str(), "its name must be"),
            ("../x", &good, "its name must be"),
            ("en", &good, "its name must be"),
            ("aa", "msgid \"a\nmsgstr", "it is no file of translations"),
            ("aa", &bad, "its rule of plural"),
        ] {
            let words = read(code, file.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(words.starts_with(expected), "{code}: {words}");
        }
        assert!(read("aa", good.as_bytes()).is_ok());
        assert!(matches!(read("aa", &vec![b' '; LARGEST as usize + 1]), Err(LanguageError::TooLarge(_))));
    }
}
