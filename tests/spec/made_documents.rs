//! The parts of the documents that are made from the program are what it would make of them now:
//! `docs/command-line.md`, the table of keys in `docs/using.md`, the list of limits in
//! `docs/security.md`, the table of published models in `docs/models.md`, and the tables of
//! `docs/conformance.md`.
//!
//! `PELLUCID_RENEW_DOCS=1 cargo test --test spec made_documents` writes them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;

use clap::{Arg, Command};
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_dictionary_std::StandardDataDictionary;
use pellucid::app::command::{Command as ViewerCommand, CommandGroup};
use pellucid::app::ui::panels::keys_help::GESTURES;
use pellucid::limits;
use pellucid::model::catalogue::Catalogue;
use pellucid::pacs::dimse::ae::AeTitle;
use pellucid::pacs::dimse::find::Level;
use pellucid::pacs::dimse::services::{SERVICES, STORAGE, Service, TRANSFER_SYNTAXES, class_name};
use pellucid::study::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, transfer_syntax_name};

use super::documents::{WIDTH, read, root};

/// How the parts are written anew.
const RENEW: &str = "PELLUCID_RENEW_DOCS=1 cargo test --test spec made_documents";

#[test]
fn the_command_line_is_documented_as_it_is() {
    let mut command = pellucid::cli::command();
    command.build();
    let mut text = String::from(
        "# Command line\n\n\
         Every command and option. `pellucid help COMMAND`, or `--help` behind any command, prints the same. Exit codes and\n\
         output stand in [using.md](using.md#scripts).\n\n\
         This file is made from the program; do not edit it. This writes it anew:\n\n",
    );
    let _ = write!(text, "```sh\n{RENEW}\n```\n");
    describe(&command, &mut text);
    holds("docs/command-line.md", None, &text);
}

#[test]
fn the_keys_of_the_viewer_are_documented_as_they_are() {
    let mut text = String::new();
    let table = ViewerCommand::listed();
    for group in CommandGroup::ALL {
        let rows: Vec<_> =
            table.iter().map(ViewerCommand::info).filter(|i| i.group == group && !i.key.is_empty()).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "\n**{}**\n\n| key | does |\n|---|---|\n", group.name());
        for info in rows {
            let key = info.key.replace("ArrowUp", "↑").replace("ArrowDown", "↓");
            let key = key.replace("ArrowLeft", "←").replace("ArrowRight", "→");
            let _ = writeln!(text, "| `{key}` | {} |", info.tooltip);
        }
    }
    text.push_str("\n**Mouse**\n\n| gesture | does |\n|---|---|\n");
    for (gesture, words) in GESTURES {
        let _ = writeln!(text, "| {gesture} | {words} |");
    }
    holds("docs/using.md", Some("keys"), &format!("{text}\n"));
}

#[test]
fn the_published_models_are_documented_as_they_are() {
    let mut text = String::from("\n| name | what it is | size | licence | SHA-256 |\n|---|---|---|---|---|\n");
    for entry in Catalogue::embedded().unwrap().models {
        let size = entry.length().map_or_else(|| "not known".to_owned(), |(bytes, _)| bytes.to_string());
        // The first words: all of it stands in the card.
        let licence = entry.licence.split([' ', ':']).next().filter(|word| *word != "not").unwrap_or("not stated");
        let hash = entry.expected().map_or("not known", |expected| &expected.digits()[..8]);
        let _ = writeln!(text, "| `{}` | {} | {size} | {licence} | {hash} |", entry.name, entry.title);
    }
    holds("docs/models.md", Some("catalogue"), &format!("{text}\n"));
}

#[test]
fn the_limits_are_documented_as_they_are() {
    let source = read(&root().join("src/limits.rs"));
    let (mut constants, mut words) = (Vec::new(), String::new());
    for line in source.lines() {
        if let Some(more) = line.strip_prefix("/// ") {
            words = format!("{words} {more}");
        } else if let Some((name, value)) = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": ")) {
            let value = value.split_once(" = ").unwrap().1.trim_end_matches(';');
            constants.push((name, value, std::mem::take(&mut words).trim().trim_end_matches('.').replace('`', "")));
        }
    }
    let mut known = HashMap::new();
    // A constant may be a multiple of a later one.
    for (name, value, _) in constants.iter().chain(&constants) {
        known.extend(number(value, &known).map(|number| ((*name).to_owned(), number)));
    }
    let mut text = String::from("\n");
    for (name, value, words) in &constants {
        let shown = match known.get(*name) {
            Some(number) if words.contains("in bytes") => in_bytes(*number),
            Some(number) => thousands(*number),
            None => value.trim_matches(['(', ')']).replace(", ", " and "),
        };
        text.push_str(&wrapped(&format!("{}: {shown}", words.replace(", in bytes", "")), "- ", "  "));
    }
    assert!(known.len() > 30, "only {} limits were found", known.len());
    holds("docs/security.md", Some("limits"), &format!("{text}\n"));
}

#[test]
fn the_conformance_statement_says_what_the_code_does() {
    let mut text = String::from("\n| SOP class | UID | user | provider | messages |\n|---|---|---|---|---|\n");
    let mark = |is: bool| if is { "yes" } else { "no" };
    for Service { uid, roles, messages } in SERVICES {
        let (name, user, provider) = (class_name(uid), mark(roles.user), mark(roles.provider));
        let _ = writeln!(text, "| {name} | {uid} | {user} | {provider} | {messages} |");
    }
    holds("docs/conformance.md", Some("services"), &format!("{text}\n"));
    let mut text = String::from("\n| SOP class | UID |\n|---|---|\n");
    STORAGE.iter().for_each(|uid| {
        let _ = writeln!(text, "| {} | {uid} |", class_name(uid));
    });
    holds("docs/conformance.md", Some("storage"), &format!("{text}\n"));
    let mut text = String::from("\n| transfer syntax | UID |\n|---|---|\n");
    TRANSFER_SYNTAXES.iter().for_each(|uid| {
        let _ = writeln!(text, "| {} | {uid} |", transfer_syntax_name(uid));
    });
    holds("docs/conformance.md", Some("syntaxes"), &format!("{text}\n"));
    let mut text = String::from("\n| level | model | attributes that are asked for |\n|---|---|---|\n");
    for level in Level::ALL {
        let names = level.returned().iter().filter_map(|tag| StandardDataDictionary.by_tag(*tag));
        let names: Vec<String> = names.map(|entry| entry.alias().to_owned()).collect();
        // A row of a table stays readable.
        for (i, some) in names.chunks(5).enumerate() {
            let model = if level == Level::Patient { "patient root" } else { "study root" };
            let (level, model) = if i == 0 { (level.key(), model) } else { ("", "") };
            let _ = writeln!(text, "| {level} | {model} | {} |", some.join(", "));
        }
    }
    holds("docs/conformance.md", Some("queries"), &format!("{text}\n"));
    let text = format!(
        "\n| what | value |\n|---|---|\n\
         | application context | 1.2.840.10008.3.1.1.1 |\n\
         | implementation class UID | {IMPLEMENTATION_CLASS_UID} |\n\
         | implementation version name | {IMPLEMENTATION_VERSION_NAME} |\n\
         | AE title where none is given | {} |\n\
         | longest PDU that is received | {} |\n\
         | associations at the same time, at most | {} |\n\
         | asynchronous operations | none |\n\n",
        AeTitle::ours(),
        in_bytes(limits::PACS_PDU.into()),
        limits::PACS_ASSOCIATIONS,
    );
    holds("docs/conformance.md", Some("association"), &text);
}

/// A constant's value: digits, a shift, or a multiple of another.
fn number(text: &str, known: &HashMap<String, u64>) -> Option<u64> {
    let one = |text: &str| text.replace('_', "").parse().ok().or_else(|| known.get(text).copied());
    match (text.split_once(" << "), text.split_once(" * ")) {
        (Some((number, by)), _) => Some(one(number)? << one(by)?),
        (_, Some((a, b))) => Some(one(a)? * one(b)?),
        _ => one(text),
    }
}

fn in_bytes(bytes: u64) -> String {
    let unit = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")].into_iter().find(|(by, _)| bytes >> by > 0);
    unit.map_or_else(|| format!("{} bytes", thousands(bytes)), |(by, unit)| format!("{} {unit}", bytes >> by))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let at = |i: usize| i > 0 && (digits.len() - i).is_multiple_of(3);
    digits
        .chars()
        .enumerate()
        .fold(String::new(), |s, (i, c)| if at(i) { s + "," + &c.to_string() } else { s + &c.to_string() })
}

/// A command, then those below it.
fn describe(command: &Command, out: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let _ = write!(out, "\n## `{name}`\n\n");
    for paragraph in about.split("\n\n").filter(|p| !p.is_empty()) {
        let _ = writeln!(out, "{}", wrapped(&sentence(paragraph), "", ""));
    }
    let usage = command.clone().render_usage().to_string();
    let usage: Vec<&str> = usage.lines().map(|line| line.trim().trim_start_matches("Usage: ")).collect();
    let _ = write!(out, "```text\n{}\n```\n", usage.join("\n"));
    let shown = |arg: &&Arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let (places, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(shown).partition(|a| a.is_positional());
    if !places.is_empty() || !options.is_empty() {
        out.push('\n');
    }
    for arg in places.into_iter().chain(options) {
        out.push_str(&wrapped(&argument(arg), "- ", "  "));
    }
    if let Some(after) = command.get_after_long_help().or(command.get_after_help()) {
        let lines = after.to_string();
        let _ = write!(out, "\n```text\n");
        for line in lines.lines() {
            let indent = &line[..line.len() - line.trim_start().len()];
            out.push_str(&wrapped(line.trim_start(), indent, indent));
        }
        out.push_str("```\n");
    }
    for below in command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()) {
        describe(below, out);
    }
}

/// An argument in a line: names, meaning, what it may be, default.
fn argument(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = arg.get_action().takes_values();
    let value = values.join(" ");
    let mut text = match (arg.get_short(), arg.get_long()) {
        (None, None) => format!("`{value}`"),
        (short, long) => {
            let names = short.map(|s| format!("-{s}")).into_iter().chain(long.map(|l| format!("--{l}")));
            let names = names.collect::<Vec<_>>().join(", ");
            if takes { format!("`{names} {value}`") } else { format!("`{names}`") }
        }
    };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    if !help.is_empty() {
        let _ = write!(text, ": {}", sentence(&help.replace('\n', " ")));
    }
    let possible: Vec<String> = arg.get_possible_values().iter().map(|v| format!("`{}`", v.get_name())).collect();
    if takes && !possible.is_empty() {
        let _ = write!(text, " One of {}.", possible.join(", "));
    }
    let default: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
    if takes && !default.is_empty() {
        let _ = write!(text, " Default: `{}`.", default.join(","));
    }
    let other: Vec<String> = arg.get_all_aliases().unwrap_or_default().iter().map(|a| format!("`--{a}`")).collect();
    if !other.is_empty() {
        let _ = write!(text, " Also {}.", other.join(", "));
    }
    text
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', ':', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// Words in lines that fit, code spans whole.
fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let (mut out, mut line, mut code) = (String::new(), first.to_owned(), false);
    let mut words: Vec<String> = Vec::new();
    for (i, word) in text.split(' ').enumerate() {
        match words.last_mut().filter(|_| i > 0 && code) {
            Some(last) => last.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
        code ^= word.matches('`').count() % 2 == 1;
    }
    for (i, word) in words.iter().enumerate() {
        if i > 0 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.extend([line.trim_end(), "\n"]);
            line = format!("{rest}{word}");
        } else {
            line = if i > 0 { format!("{line} {word}") } else { format!("{line}{word}") };
        }
    }
    out.extend([line.trim_end(), "\n"]);
    out
}

/// Holds a document, or the part of it between two marks, to what it should be; writes it where
/// that is asked for.
fn holds(document: &str, part: Option<&str>, made: &str) {
    let path = root().join(document);
    let now = if part.is_some() || path.exists() { read(&path) } else { String::new() };
    let whole = match part {
        None => made.to_owned(),
        Some(name) => {
            let (begin, end) =
                (format!("<!-- {name}: made from the program -->\n"), format!("<!-- end of {name} -->\n"));
            let (before, rest) = now.split_once(&begin).unwrap_or_else(|| panic!("{document} has no mark {begin}"));
            let after = rest.split_once(&end).unwrap_or_else(|| panic!("{document} has no mark {end}")).1;
            format!("{before}{begin}{made}{end}{after}")
        }
    };
    if std::env::var_os("PELLUCID_RENEW_DOCS").is_some() && now != whole {
        fs::write(&path, &whole).unwrap();
        return;
    }
    let differs = now
        .lines()
        .zip(whole.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(now.lines().count().min(whole.lines().count()));
    assert!(
        now == whole,
        "{document}:{}: the program would write\n  {}\n{RENEW}\nwrites it anew",
        differs + 1,
        whole.lines().nth(differs).unwrap_or("nothing more")
    );
}
