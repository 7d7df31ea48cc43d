//! Every text of the screen stands in every language's file, and no file says what nobody shows.
//!
//! The texts are found in the source: the macros `tr!`, `text!` and `named!`, the words of commands,
//! and what errors say (`#[error("…")]`, and the reasons that a `StudyError` is given), which reach
//! the screen as English sentences and are known again there by their form. Errors that a terminal
//! alone prints ([`ON_A_TERMINAL`]) stay English. A translation fills in the same places as the
//! English words do.
//!
//! `PELLUCID_RENEW_LANGUAGES=1 cargo test --test spec languages` writes the files anew in the order of
//! the source: what was translated stays, what is new stands there empty, what is gone is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::documents::root;

/// How the files are written anew.
const RENEW: &str = "PELLUCID_RENEW_LANGUAGES=1 cargo test --test spec languages";

/// Whose errors no window shows: subcommands of their own, and what they alone compute.
const ON_A_TERMINAL: [&str; 26] = [
    "batch/",
    "cli/",
    "evaluation/anatomy/",
    "evaluation/comparison.rs",
    "evaluation/exposure.rs",
    "evaluation/faithfulness/",
    "evaluation/localization/",
    "evaluation/metric.rs",
    "evaluation/multi_reader/",
    "evaluation/paired.rs",
    "evaluation/purpose.rs",
    "evaluation/result_table.rs",
    "evaluation/studies.rs",
    "evaluation/study_performance.rs",
    "evaluation/temperature.rs",
    "evaluation/thresholds.rs",
    "evaluation/truth.rs",
    "model/background.rs",
    "model/catalogue/entry.rs",
    "model/export/",
    "pacs/dimse/receiver/",
    "report/verify",
    "serve/",
    "study/deidentify/",
    "study/unit.rs",
    "training/experiments/",
];
/// Fewest letters that make words of what stands between the places of an error.
const LETTERS: usize = 4;

/// Context, English words, and those for several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Text {
    context: Option<String>,
    one: String,
    many: Option<String>,
}

/// A text of the source, where it stands, and what is said in its places: how many values without a
/// name, and the names.
struct Found {
    text: Text,
    file: String,
    unnamed: usize,
    named: BTreeSet<String>,
    /// A text that is only named there and has no places to be filled.
    is_macro: bool,
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The value of a string literal.
fn literal(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// What stands in the parentheses of `tr!`, `text!` or `named!`.
fn of_macro(inner: &[TokenTree], file: &str) -> Option<Found> {
    let mut at = 0;
    let mut context = None;
    let mut one = literal(inner.first()?)?;
    if is_punct(inner.get(1), '=') && is_punct(inner.get(2), '>') {
        context = Some(one);
        one = literal(inner.get(3)?)?;
        at = 3;
    }
    let mut many = None;
    if is_punct(inner.get(at + 1), '|') {
        many = Some(literal(inner.get(at + 2)?)?);
        at += 2;
    }
    let (mut unnamed, mut named) = (0, BTreeSet::new());
    // What is counted stands behind `%`, up to the next comma.
    for part in inner[at + 1..].split(|token| is_punct(Some(token), ',')).skip(1).filter(|part| !part.is_empty()) {
        match part {
            [TokenTree::Ident(name)] => {
                named.insert(name.to_string());
                unnamed += 1;
            }
            [TokenTree::Ident(name), sign, next, ..] if is_punct(Some(sign), '=') && !is_punct(Some(next), '=') => {
                named.insert(name.to_string());
                unnamed += 1;
            }
            _ => unnamed += 1,
        }
    }
    if many.is_some() {
        named.insert("n".into());
    }
    Some(Found { text: Text { context, one, many }, file: file.into(), unnamed, named, is_macro: true })
}

/// A sentence of a room that stays English: its places are filled there.
fn of_form(found: Found) -> Found {
    let context = Some("sentence".to_owned());
    Found { text: Text { context, ..found.text }, is_macro: false, ..found }
}

/// What an attribute `#[error("…")]` says.
fn of_error(attribute: &TokenTree, file: &str) -> Option<Found> {
    let TokenTree::Group(attribute) = attribute else { return None };
    let inner: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let [name, TokenTree::Group(arguments)] = inner.as_slice() else { return None };
    let words = is_word(Some(name), "error").then(|| arguments.stream().into_iter().next()).flatten()?;
    sentence(&literal(&words)?, file)
}

/// What an error is told in words, `StudyError::Truncated("…".into())` or with `format!`: it stands in a
/// place of what the error itself says.
fn of_reason(tokens: &[TokenTree], file: &str) -> Option<Found> {
    let [name, _, _, TokenTree::Ident(_), TokenTree::Group(arguments), ..] = tokens else { return None };
    if !file.starts_with("src/study/") || !is_word(Some(name), "StudyError") || !is_punct(tokens.get(1), ':') {
        return None;
    }
    let inner: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let formatted = match inner.get(2) {
        Some(TokenTree::Group(group)) if is_word(inner.first(), "format") => group.stream().into_iter().next(),
        _ => None,
    };
    sentence(&literal(formatted.as_ref().or(inner.first())?)?, file)
}

/// A sentence that the screen may show; nothing where it has no words of its own.
fn sentence(words: &str, file: &str) -> Option<Found> {
    let one = without_formats(words);
    let letters = one.split('{').map(|part| part.split_once('}').map_or(part, |(_, words)| words));
    let letters: usize = letters.map(|words| words.chars().filter(|c| c.is_alphabetic()).count()).sum();
    let on_screen = !ON_A_TERMINAL.iter().any(|place| file.trim_start_matches("src/").starts_with(place));
    let text = Text { context: None, one, many: None };
    let found = Found { text, file: file.into(), unnamed: 0, named: BTreeSet::new(), is_macro: false };
    (on_screen && letters >= LETTERS).then(|| of_form(found))
}

/// `{loss:.3}` is the place `{loss}`.
fn without_formats(words: &str) -> String {
    let place = |part: &str| match part.split_once('}') {
        Some((place, rest)) => format!("{{{}}}{rest}", place.split(':').next().unwrap_or_default()),
        None => part.to_owned(),
    };
    let mut parts = words.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + &place(part))
}

/// Walks through the tokens of a file.
fn walk(tokens: TokenStream, file: &str, commands: bool, found: &mut Vec<Found>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        // Tests say what they like.
        if is_word(tokens.get(i), "mod") && is_word(tokens.get(i + 1), "tests") {
            i += 3;
            continue;
        }
        if is_punct(tokens.get(i), '#') {
            found.extend(tokens.get(i + 1).and_then(|attribute| of_error(attribute, file)));
        }
        found.extend(of_reason(&tokens[i..], file));
        let form = is_word(tokens.get(i), "form");
        let named = ["tr", "text", "named"].iter().any(|name| is_word(tokens.get(i), name));
        if (named || form)
            && is_punct(tokens.get(i + 1), '!')
            && let Some(TokenTree::Group(group)) = tokens.get(i + 2)
        {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            found.extend(of_macro(&inner, file).map(|found| if form { of_form(found) } else { found }));
        }
        if let TokenTree::Group(group) = &tokens[i] {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let pair = commands
                && group.delimiter() == Delimiter::Parenthesis
                && inner.len() >= 3
                && is_punct(inner.get(1), ',');
            if pair && let (Some(label), Some(tooltip)) = (literal(&inner[0]), literal(&inner[2])) {
                for one in [label, tooltip].into_iter().filter(|one| !one.is_empty()) {
                    let text = Text { context: None, one, many: None };
                    found.push(Found { text, file: file.into(), unnamed: 0, named: BTreeSet::new(), is_macro: false });
                }
            }
            walk(group.stream(), file, commands, found);
        }
        i += 1;
    }
}

/// Every text of the source, in its order.
fn texts() -> Vec<Found> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let tokens: TokenStream = fs::read_to_string(&path).unwrap().parse().unwrap();
        walk(tokens, &file, file.starts_with("src/app/command/"), &mut found);
    }
    found
}

/// Places of a text: `{}` … in their order, and the names.
fn places(words: &str) -> (usize, BTreeSet<String>) {
    let (mut unnamed, mut named) = (0, BTreeSet::new());
    let mut rest = words;
    while let Some(start) = rest.find('{') {
        if rest[start + 1..].starts_with('{') {
            rest = &rest[start + 2..];
            continue;
        }
        let Some(end) = rest[start..].find('}') else { break };
        let inside = rest[start + 1..start + end].trim();
        match inside.parse::<usize>() {
            Ok(number) => unnamed = unnamed.max(number + 1),
            Err(_) if inside.is_empty() => unnamed += 1,
            Err(_) => drop(named.insert(inside.to_owned())),
        }
        rest = &rest[start + end + 1..];
    }
    (unnamed, named)
}

/// What a file says: one text, or one for each form of the plural.
type Translations = BTreeMap<Text, Vec<String>>;

fn language_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("assets/languages")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "po"));
    files.sort();
    files
}

/// What stands before the first text, and what is translated.
fn read(path: &Path) -> (String, Translations) {
    let words = fs::read_to_string(path).unwrap();
    let head = words.split("\n\n").next().unwrap().to_owned();
    let catalog = polib::po_file::parse(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut said = Translations::new();
    for message in catalog.messages() {
        let context = message.msgctxt().map(str::to_owned);
        let many = message.msgid_plural().ok().map(str::to_owned);
        let text = Text { context, one: message.msgid().to_owned(), many };
        let forms = message.msgstr_plural().cloned().or_else(|_| message.msgstr().map(|form| vec![form.to_owned()]));
        said.insert(text, forms.unwrap_or_default());
    }
    (head, said)
}

fn escaped(words: &str) -> String {
    words.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The file as the source orders it.
fn written(head: &str, texts: &[Found], said: &Translations) -> String {
    let mut out = format!("{head}\n");
    let (mut done, mut last) = (BTreeSet::new(), "");
    for found in texts {
        if !done.insert(found.text.clone()) {
            continue;
        }
        out.push('\n');
        if found.file != last {
            let _ = writeln!(out, "#: {}", found.file);
            last = &found.file;
        }
        if let Some(context) = &found.text.context {
            let _ = writeln!(out, "msgctxt \"{}\"", escaped(context));
        }
        let _ = writeln!(out, "msgid \"{}\"", escaped(&found.text.one));
        let empty = Vec::new();
        let forms = said.get(&found.text).unwrap_or(&empty);
        match &found.text.many {
            None => {
                let _ = writeln!(out, "msgstr \"{}\"", escaped(forms.first().map_or("", String::as_str)));
            }
            Some(many) => {
                let _ = writeln!(out, "msgid_plural \"{}\"", escaped(many));
                for i in 0..forms.len().max(2) {
                    let form = forms.get(i).map_or("", String::as_str);
                    let _ = writeln!(out, "msgstr[{i}] \"{}\"", escaped(form));
                }
            }
        }
    }
    out
}

#[test]
fn every_text_of_the_screen_fills_the_places_that_it_has() {
    let mut wrong = Vec::new();
    for found in texts().iter().filter(|found| found.is_macro) {
        for words in std::iter::once(&found.text.one).chain(&found.text.many) {
            let (unnamed, named) = places(words);
            if unnamed > found.unnamed || !named.is_subset(&found.named) {
                wrong.push(format!("{}: “{words}”", found.file));
            }
        }
    }
    assert!(wrong.is_empty(), "places without a value:\n{}", wrong.join("\n"));
}

#[test]
fn every_language_says_every_text() {
    let texts = texts();
    assert!(texts.len() > 500, "only {} texts were found", texts.len());
    let known: BTreeSet<&Text> = texts.iter().map(|found| &found.text).collect();
    for path in language_files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (head, said) = read(&path);
        if std::env::var_os("PELLUCID_RENEW_LANGUAGES").is_some() {
            fs::write(&path, written(&head, &texts, &said)).unwrap();
        }
        let is_said = |text: &Text| said.get(text).is_some_and(|forms| forms.iter().all(|form| !form.is_empty()));
        let missing: Vec<&str> = known.iter().filter(|text| !is_said(text)).map(|text| text.one.as_str()).collect();
        assert!(missing.is_empty(), "{name} lacks {} texts; {RENEW}:\n{}", missing.len(), missing.join("\n"));
        let gone: Vec<&str> = said.keys().filter(|text| !known.contains(text)).map(|text| text.one.as_str()).collect();
        assert!(gone.is_empty(), "{name} says what nobody shows; {RENEW}:\n{}", gone.join("\n"));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            written(&head, &texts, &said),
            "{name} is out of order: {RENEW}"
        );
    }
}

#[test]
fn a_translation_has_the_places_of_its_text() {
    for path in language_files() {
        let mut wrong = Vec::new();
        for (text, forms) in read(&path).1 {
            let of = |words: &String| places(words);
            let expected = of(text.many.as_ref().unwrap_or(&text.one));
            for form in forms.iter().filter(|form| !form.is_empty()) {
                let found = of(form);
                let same = found == expected || (text.many.is_some() && found == of(&text.one));
                if !same {
                    wrong.push(format!("“{}”: “{form}”", text.one));
                }
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", path.display(), wrong.join("\n"));
    }
}

#[test]
fn what_errors_say_is_found_where_they_are_declared() {
    let words = "enum E { #[error(\"the loss became {loss:.3} at {0}, \\\n  {}\", .0)] A, \
        #[error(transparent)] B, #[error(\"{0}\")] C }";
    let found = |file: &str| {
        let mut found = Vec::new();
        walk(words.parse().unwrap(), file, false, &mut found);
        found.into_iter().map(|found| found.text.one).collect::<Vec<_>>()
    };
    assert_eq!(found("src/training/error.rs"), ["the loss became {loss} at {0}, {}"]);
    assert!(found("src/cli/report.rs").is_empty());
    let mut reasons = Vec::new();
    let words = "StudyError::Malformed(format!(\"it has {n:?} rows\")); StudyError::Truncated(\"it ends\".into())";
    walk(words.parse().unwrap(), "src/study/open.rs", false, &mut reasons);
    assert_eq!(reasons.iter().map(|found| &found.text.one).collect::<Vec<_>>(), ["it has {n} rows", "it ends"]);
    let known: BTreeSet<String> = texts().into_iter().map(|found| found.text.one).collect();
    assert!(known.contains("The file does not exist. Check the path."));
}
