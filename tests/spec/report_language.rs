//! No sentence of a case report stays English by accident: in the sources of its pages, and of the words
//! that screen and report share, every literal with a word in it stands in a macro of the languages.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::documents::root;

/// Where words are that a case report prints.
const PRINTED: [&str; 11] = [
    "src/report/pdf.rs",
    "src/report/pdf",
    "src/report/pages.rs",
    "src/report/overlay_image.rs",
    "src/report/case_study.rs",
    "src/report/suggestions.rs",
    "src/report/impression.rs",
    "src/report/on_screen.rs",
    "src/report/redact.rs",
    "src/report/threshold_position.rs",
    "src/wording",
];
/// Names and signs that are the same in every language, and what files hold besides words.
const FIXED: [&str; 23] = [
    "Pellucid {}",
    "Pellucid {} · {footer}",
    "SHA-256 {hash}",
    "SHA-256 {sha256}",
    "AUROC",
    "auroc",
    "softmax",
    "sigmoid",
    "noisy-or",
    ", far off",
    "far off",
    "GTS_PDFXVersion",
    "Identifier",
    "Author",
    "Keywords",
    "memory",
    "{model}. Pellucid {}.",
    "Info",
    "Lang",
    "ActualText",
    "Span",
    "Impression({} characters, before {before}, {remarks} remarks)",
    "Remark({} characters)",
];

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| sources(entry, into));
    } else {
        into.push(path.to_owned());
    }
}

/// Whether three letters stand together outside of the places.
fn has_a_word(text: &str) -> bool {
    let (mut letters, mut inside) = (0, false);
    text.chars().any(|c| {
        inside = (inside || c == '{') && c != '}';
        letters = if c.is_alphabetic() && !inside { letters + 1 } else { 0 };
        letters == 3
    })
}

fn is_word(token: Option<&TokenTree>, words: &[&str]) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if words.iter().any(|word| ident == word))
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn walk(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        let is_macro = is_punct(tokens.get(i + 1), '!');
        let is_said = is_word(tokens.get(i), &["text", "tr", "named", "form"]) && is_macro;
        // What only a fault of the program or a test says is not printed.
        let is_fault = is_word(tokens.get(i), &["assert", "assert_eq", "panic", "unreachable"]) && is_macro;
        let is_test = is_word(tokens.get(i), &["mod"]) && is_word(tokens.get(i + 1), &["tests"]);
        let attribute = matches!(tokens.get(i + 1), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Bracket);
        let is_attribute = is_punct(tokens.get(i), '#') && attribute;
        let is_inner = is_punct(tokens.get(i), '#') && is_punct(tokens.get(i + 1), '!');
        if is_said && let Some(TokenTree::Group(group)) = tokens.get(i + 2) {
            // The text itself stands before the first comma; its values may hold words, too.
            let values = group.stream().into_iter().skip_while(|token| !is_punct(Some(token), ','));
            walk(values.collect(), found);
        }
        if is_said || is_fault || is_test || is_inner {
            i += 3;
            continue;
        }
        if is_attribute {
            i += 2;
            continue;
        }
        match &tokens[i] {
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string()).map(|text| text.value());
                found.extend(text.ok().filter(|text| has_a_word(text)));
            }
            _ => {}
        }
        i += 1;
    }
}

#[test]
fn every_word_that_a_case_report_prints_can_be_said_in_another_language() {
    let mut files = Vec::new();
    PRINTED.iter().for_each(|path| sources(&root().join(path), &mut files));
    assert!(files.len() > 35, "{files:?}");
    let mut english = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("model_texts.rs")) {
        let mut found = Vec::new();
        walk(fs::read_to_string(path).unwrap().parse().unwrap(), &mut found);
        let name = path.strip_prefix(root()).unwrap().display();
        let unsaid = found.iter().filter(|text| !FIXED.contains(&text.as_str()));
        english.extend(unsaid.map(|text| format!("{name}: “{text}”")));
    }
    assert!(
        english.is_empty(),
        "printed in English whatever the language, for want of a macro:\n{}",
        english.join("\n")
    );
}

#[test]
fn the_walk_finds_what_is_not_said_and_passes_by_what_is() {
    let source = r#"
        /// A doc comment.
        #[error("of an attribute")]
        const SAID: &str = named!("Said");
        fn f() { (tr!("also {said}", said = text!("this")), tr!("{}", format!("not {said}")), "{spelled}", "mm") }
        mod tests { fn g() { h("of a test") } }
    "#;
    let mut found = Vec::new();
    walk(source.parse().unwrap(), &mut found);
    assert_eq!(found, ["not {said}"]);
}
