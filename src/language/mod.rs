//! The languages of the screen: English stands in the code, every other language is one file.
//!
//! A text is written where it is shown, in English, in the macro [`tr!`]; its English words are
//! the key under which another language has it. `assets/languages/de.po` is German, embedded; a
//! further `CODE.po`, embedded beside it or in the folder `languages` of the user's data folder, is a
//! further language ([`files`]). The format is that of gettext (PO), which translators' programs read, with
//! its rules of plural:
//!
//! ```text
//! text!("Dark")                            a `&'static str`
//! tr!("{} of {name}", shown, name = total) a `String` with its places filled
//! tr!("1 image" | "{n} images" % count)    the form for a number
//! tr!("decimal sign" => ".")               with a context, where one word has two meanings
//! named!("Dark")                           a constant, translated where it is shown: translated(LABEL)
//! form!("Only {n} of them.")               a sentence of a room below, where it is shown: said(&sentence)
//! #[error("It has {n} of them.")]           the same of an error: found where it is declared
//! ```
//!
//! Which language holds is a property of the thread ([`enter`]): the viewer says it once a frame and
//! to the jobs that it starts; a case report is printed [`within`] its own, and what machines read
//! (JSON, DICOM codes, tables) is written within English. Rooms below the report use no text of this
//! module (`tests/spec/house.rs`). The test `tests/spec/languages.rs` finds every text of the code and
//! holds each language complete.
//!
//! What it does not do: translate names of classes and groups, which are those of the model, what a
//! DICOM file says of itself, and the command line.

mod files;
mod plural;
mod sentences;
mod vocabulary;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Once, RwLock};

use plural::Rule;
use sentences::Form;
use tr::Translator;

pub use files::{LanguageError, add_folder, users_folder};
pub use tr::tr;
pub use vocabulary::is_own_word;

/// A text without places, as the language of the thread has it: a `&'static str`.
#[macro_export]
macro_rules! text {
    ($words:literal) => {
        $crate::language::translated($words)
    };
    ($context:literal => $words:literal) => {
        $crate::language::translated_as($context, $words)
    };
}
pub use crate::text;

/// Names a text that is translated where it is shown, by [`translated`]: for constants.
#[macro_export]
macro_rules! named {
    ($words:literal) => {
        $words
    };
}
pub use crate::named;

/// Names the form of a sentence of a room that stays English: where it is shown, by [`said`].
#[macro_export]
macro_rules! form {
    ($words:literal) => {
        $words
    };
}
pub use crate::form;

/// Code of the language that the code is written in.
pub const ENGLISH: &str = "en";
/// Languages of the program itself: code and file.
const EMBEDDED: [(&str, &[u8]); 1] = [("de", include_bytes!("../../assets/languages/de.po"))];

/// A language besides English.
struct Language {
    code: String,
    /// What it calls itself.
    name: String,
    /// By context and English words ([`files::key`]): the text, or its forms of plural.
    texts: HashMap<String, Vec<String>>,
    rule: Rule,
    /// Forms of sentences of rooms that stay English, the one with the most letters first.
    forms: Vec<Form>,
}

impl Language {
    fn text(&'static self, context: Option<&str>, words: &str) -> Option<&'static str> {
        self.texts.get(files::key(context, words).as_ref())?.first().map(String::as_str)
    }

    /// The form for so many.
    fn form(&'static self, n: u64, context: Option<&str>, one: &str) -> Option<&'static str> {
        let form = usize::try_from(self.rule.value(n)).ok()?;
        self.texts.get(files::key(context, one).as_ref())?.get(form).map(String::as_str)
    }
}

/// All that have been read; they live as long as the program does.
static KNOWN: RwLock<Vec<&'static Language>> = RwLock::new(Vec::new());

thread_local! {
    /// The language of this thread; `None` is English.
    static CURRENT: Cell<Option<&'static Language>> = const { Cell::new(None) };
}

/// Sentences that are kept for a thread, and bytes of the longest one.
const MOST_KEPT: usize = 256;
const LONGEST_KEPT: usize = 2000;

thread_local! {
    /// What sentences of the rooms below were in the language that this thread spoke last.
    static SAID: RefCell<(Option<&'static Language>, HashMap<String, String>)> = RefCell::default();
}

/// Gives `tr!` the language of the thread that it is called on.
struct OfThread;

impl Translator for OfThread {
    fn translate<'a>(&'a self, string: &'a str, context: Option<&'a str>) -> Cow<'a, str> {
        Cow::Borrowed(CURRENT.get().and_then(|language| language.text(context, string)).unwrap_or(string))
    }

    fn ntranslate<'a>(&'a self, n: u64, one: &'a str, many: &'a str, context: Option<&'a str>) -> Cow<'a, str> {
        let said = CURRENT.get().and_then(|language| language.form(n, context, one));
        Cow::Borrowed(said.unwrap_or(if n == 1 { one } else { many }))
    }
}

/// Reads the embedded languages, once.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tr::set_translator!(OfThread);
        for (code, file) in EMBEDDED {
            match files::read(code, file) {
                Ok(language) => files::add(language),
                Err(error) => log::error!("the language {code} of the program cannot be read: {error}"),
            }
        }
    });
}

/// Codes of the languages that can be chosen, English first.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    prepare();
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    std::iter::once(ENGLISH).chain(known.iter().map(|language| language.code.as_str())).collect()
}

/// What the language of a code calls itself; `English` where there is none of it.
#[must_use]
pub fn name(code: &str) -> &'static str {
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.iter().find(|language| language.code == code).map_or("English", |language| language.name.as_str())
}

/// From here on this thread speaks the language of this code; English where there is none of it.
pub fn enter(code: &str) {
    let code = code.trim();
    if code == ENGLISH || code.is_empty() {
        CURRENT.set(None);
        return;
    }
    if CURRENT.get().is_some_and(|language| language.code == code) {
        return;
    }
    prepare();
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    CURRENT.set(known.iter().find(|language| language.code == code).copied());
}

/// What `words` says in the language of this code; behind it the thread speaks as before, even where
/// `words` panics.
pub fn within<T>(code: &str, words: impl FnOnce() -> T) -> T {
    struct Before(Option<&'static Language>);
    impl Drop for Before {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _before = Before(CURRENT.get());
    enter(code);
    words()
}

/// Code of the language of this thread.
#[must_use]
pub fn current() -> &'static str {
    CURRENT.get().map_or(ENGLISH, |language| language.code.as_str())
}

/// What English words are in the language of this thread; the same where it does not have them.
#[must_use]
pub fn translated(words: &str) -> &str {
    CURRENT.get().and_then(|language| language.text(None, words)).unwrap_or(words)
}

/// What an English sentence of a room below is in the language of this thread, known by its form;
/// the same where no form fits.
#[must_use]
pub fn said(words: &str) -> String {
    let Some(language) = CURRENT.get() else { return words.to_owned() };
    if words.len() > LONGEST_KEPT {
        return sentences::said(words, &language.forms, &|words| language.text(None, words));
    }
    // Panels ask for the same sentences frame after frame, and a thousand forms are looked through.
    SAID.with_borrow_mut(|(of, kept)| {
        if of.is_none_or(|of| !std::ptr::eq(of, language)) || kept.len() >= MOST_KEPT {
            (*of, *kept) = (Some(language), HashMap::new());
        }
        let say = || sentences::said(words, &language.forms, &|words| language.text(None, words));
        kept.entry(words.to_owned()).or_insert_with(say).clone()
    })
}

/// The same of words that mean this here and something else elsewhere.
#[must_use]
pub fn translated_as<'a>(context: &str, words: &'a str) -> &'a str {
    CURRENT.get().and_then(|language| language.text(Some(context), words)).unwrap_or(words)
}

/// A number written with a decimal point, with the sign of the language in its place.
#[must_use]
pub fn decimal(written: String) -> String {
    if CURRENT.get().is_none() {
        return written;
    }
    let sign = tr!("decimal sign" => ".");
    if sign == "." { written } else { written.replace('.', &sign) }
}

/// A number with so many digits behind the decimal sign of the language.
#[must_use]
pub fn digits(value: impl Into<f64>, places: usize) -> String {
    decimal(format!("{:.places$}", value.into()))
}

/// Written numbers one behind the other: where the decimal sign is a comma, a comma does not part
/// them.
#[must_use]
pub fn listed(numbers: &[String]) -> String {
    numbers.join(tr!("between numbers" => ", ").as_str())
}

/// A date as the language writes it.
///
/// `format` of the file is one of chrono's; one that cannot be used is answered with year, month and
/// day.
#[must_use]
pub fn date(date: chrono::NaiveDate) -> String {
    use std::fmt::Write as _;

    let format = tr!("format of a date" => "%Y-%m-%d");
    let mut written = String::new();
    match write!(written, "{}", date.format(&format)) {
        Ok(()) => written,
        Err(_) => date.format("%Y-%m-%d").to_string(),
    }
}

/// A day and a time as the language writes them, to the minute.
#[must_use]
pub fn date_and_time(at: chrono::DateTime<chrono::Local>) -> String {
    format!("{} {}", date(at.date_naive()), at.format("%H:%M"))
}

/// When it was: the time alone where it was on `today`.
#[must_use]
pub fn time_or_date(at: chrono::DateTime<chrono::Local>, today: chrono::NaiveDate) -> String {
    if at.date_naive() == today { at.format("%H:%M").to_string() } else { date_and_time(at) }
}

/// A date as DICOM writes it (`20261120`) as the language does; anything else as it is.
#[must_use]
pub fn dicom_date(written: &str) -> String {
    chrono::NaiveDate::parse_from_str(written.trim(), "%Y%m%d").map_or_else(|_| written.trim().to_owned(), date)
}

/// A date that a file has as `2026-11-20`, with or without a time behind it, as the language writes it;
/// anything else as it is.
#[must_use]
pub fn date_of(written: &str) -> String {
    let (day, time) = written.split_at(written.find(' ').unwrap_or(written.len()));
    let day = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d");
    day.map_or_else(|_| written.to_owned(), |day| date(day) + time)
}

/// Code of the language that the system asks for, as far as there is one of it.
#[must_use]
pub fn of_system() -> &'static str {
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let asked = asked.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let code = asked.split(['_', '.', '-', '@']).next().unwrap_or_default().to_lowercase();
    codes().into_iter().find(|known| *known == code).unwrap_or(ENGLISH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `words` says in German, on a thread of its own.
    fn in_german<T: Send + 'static>(words: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            enter("de");
            words()
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_thread_speaks_the_language_that_it_entered_and_no_other_does() {
        assert_eq!(in_german(|| (current(), tr!("Invert"))), ("de", "Invertieren".to_owned()));
        assert_eq!((current(), tr!("Invert")), (ENGLISH, "Invert".to_owned()));
        let unknown = std::thread::spawn(|| {
            enter("xx");
            current()
        });
        assert_eq!(unknown.join().unwrap(), ENGLISH);
    }

    #[test]
    fn a_language_holds_within_what_is_said_in_it_and_no_longer() {
        let said = within("de", || (current(), within(ENGLISH, current), current()));
        assert_eq!((said, current()), (("de", ENGLISH, "de"), ENGLISH));
        let lost = crate::panic_guard::guarded(|| within("de", || panic!("{}", current())));
        assert!(lost.is_err() && current() == ENGLISH);
    }

    #[test]
    fn a_dicom_date_is_written_with_dashes_and_other_words_are_left_alone() {
        assert_eq!(["20261120", "20261399", " about 1990 "].map(dicom_date), ["2026-11-20", "20261399", "about 1990"]);
        assert_eq!(within("de", || dicom_date("20261120")), "20.11.2026");
        let of_files = ["2026-12-01", "2026-12-01 12:45:39", "2026", "", "in May 2026"].map(date_of);
        assert_eq!(of_files, ["2026-12-01", "2026-12-01 12:45:39", "2026", "", "in May 2026"]);
        assert_eq!(within("de", || date_of("2026-12-01 12:45:39")), "01.12.2026 12:45:39");
    }

    #[test]
    fn what_no_file_has_stays_english() {
        assert_eq!(in_german(|| tr!("no such text in any file: {}", 3)), "no such text in any file: 3");
        assert_eq!(in_german(|| translated("Cardiomegaly").to_owned()), "Cardiomegaly");
    }

    #[test]
    fn a_sentence_that_is_said_again_follows_the_language_of_the_thread() {
        let english = "The file is empty (0 bytes). Copy it again from where it came from.";
        let german = within("de", || said(english));
        assert!(german.starts_with("Die Datei ist leer"), "{german}");
        assert_eq!((said(english), within("de", || said(english))), (english.to_owned(), german));
    }

    #[test]
    fn numbers_and_dates_are_those_of_the_language() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        assert_eq!((decimal("0.98".into()), date(day)), ("0.98".into(), "2026-11-30".into()));
        assert_eq!(in_german(move || (decimal("0.98".into()), date(day))), ("0,98".into(), "30.11.2026".into()));
    }

    #[test]
    fn plurals_follow_the_rule_of_the_language() {
        let said = || [0, 1, 2].map(|count| tr!("1 image" | "{n} images" % count));
        assert_eq!(said(), ["0 images", "1 image", "2 images"]);
        assert_eq!(in_german(said), ["0 Bilder", "1 Bild", "2 Bilder"]);
    }
}
