//! The tables of keys in the documents say what the program reads: every key that serde knows and
//! no other, its kind, its words to choose from, and its default.
//!
//! A table of a document stands below a heading that holds its name (`[data.csv]`, `[[phase]]`, or
//! the name of the whole file) and has the columns key, type, default, meaning. The first code span
//! of a row is the key, further ones are other spellings of it. A default that is a code span is a
//! value in TOML, which must make no difference to leaving the key out; one in words stands for
//! nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;

use pellucid::model::manifest::Manifest;
use pellucid::training::config::Config;
use pellucid::training::gate::config::GateConfig;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::asked_of_serde::{Asked, asked};
use super::documents::{Section, code_spans, sections};

/// Headings of the tables that are the top of a file.
const FILES: [&str; 3] = ["CONFIG.toml", "GATE.toml", "manifest.toml"];

/// Where no value in TOML says what an absent key says: the family's own rate is unknown before the
/// family is.
const OF_THE_FAMILY: [&str; 1] = ["architecture.dropout"];

/// One of every table, with the keys that must be there.
const CONFIG: &str = r#"
name = "n"
labels = [{ name = "A" }, { name = "B" }]
groups = [{ name = "G", members = ["A"] }]
suggestions = [{ target = "A", text = "t" }]
phase = [{ epochs = 1 }]
unfreeze = [{ epoch = 1, stage = "s" }]
balance = {}
optimization = {}
transfer = {}
augment = {}
thresholds = {}
pipeline = {}
fits = {}
population = { patients = "p" }
provenance = {}
architecture = { family = "resnet18" }
input = { width = 224, height = 224, channels = 1, resize = "squash", normalization = "per-image" }
data = { folders = ["f"], csv = { file = "t.csv" }, label_rule = [{ contains = "c", label = "A" }] }
"#;

const GATE: &str = r#"
seed = 1
asks = "a"
wanted = ["w"]
others = ["o"]
validation = 0.2
side = 64
epochs = 1
images_per_epoch = 8
batch = 4
learning_rate = 1e-3
weight_decay = 0.0
may_pass = 0.01
architecture = { family = "resnet18" }
held_out = [{ kind = "k", paths = ["p"] }]
"#;

const MANIFEST: &str = r#"
name = "n"
version = "1"
description = "d"
licence = "l"
head = "softmax"
target_layer = "layer4"
weights_sha256 = "00"
labels = [{ name = "A" }, { name = "B" }]
groups = [{ name = "G", members = ["A"] }]
suggestions = [{ target = "A", text = "t" }]
metrics = [{ target = "A", name = "auroc", value = 0.9, low = 0.8, high = 1.0, on = "o" }]
fits = {}
population = { patients = "p" }
gate = { sha256 = "00", asks = "a" }
training = { data = "d", population = "p", images = 1, date = "2026-01-01" }
source = { page = "p", address = "a", sha256 = "00", identity = "stated", citation = "c" }
architecture = { family = "resnet18" }
input = { width = 224, height = 224, channels = 1, resize = "squash", normalization = "per-image" }
"#;

#[test]
fn every_key_of_a_training_configuration_is_documented_as_it_is_read() {
    check::<Config>("CONFIG.toml", &["docs/training.md", "docs/models.md"], CONFIG);
}

#[test]
fn every_key_of_a_gates_configuration_is_documented_as_it_is_read() {
    check::<GateConfig>("GATE.toml", &["docs/training.md", "docs/models.md"], GATE);
}

#[test]
fn every_key_of_a_manifest_is_documented_as_it_is_read() {
    check::<Manifest>("manifest.toml", &["docs/models.md"], MANIFEST);
}

#[test]
fn no_table_is_documented_that_nothing_reads() {
    let known: Vec<String> = [tables::<Config>(), tables::<GateConfig>(), tables::<Manifest>()].concat();
    for document in ["docs/training.md", "docs/models.md"] {
        for name in documented(document).into_keys().filter(|name| !FILES.contains(&name.as_str())) {
            assert!(known.contains(&name), "{document} describes a table {name}, which nothing reads");
        }
    }
}

/// A row of a document.
struct Row {
    names: Vec<String>,
    kind: String,
    default: String,
    /// The whole section, in which the words of a choice stand.
    section: String,
}

/// The tables of a document by name, without brackets.
fn documented(document: &str) -> BTreeMap<String, Vec<Row>> {
    let named = |section: Section| {
        let name = code_spans(&section.heading).next()?.trim_matches(['[', ']']).to_owned();
        let rows = section.table().filter(|cells| cells.len() == 4).map(|cells| Row {
            names: code_spans(&cells[0]).map(str::to_owned).collect(),
            kind: cells[1].clone(),
            default: cells[2].clone(),
            section: section.text.clone(),
        });
        Some((name, rows.filter(|row| !row.names.is_empty()).collect()))
    };
    sections(document).into_iter().filter_map(named).collect()
}

/// Names of the tables below a type, dotted.
fn tables<T: DeserializeOwned>() -> Vec<String> {
    let mut found = Vec::new();
    let mut places: Vec<Vec<&'static str>> = vec![Vec::new()];
    while let Some(place) = places.pop() {
        if let Some(keys) = asked::<T>(&place).and_then(|(asked, _)| keys(&asked)) {
            found.push(place.join("."));
            places.extend(keys.into_iter().map(|key| [&place[..], &[key]].concat()));
        }
    }
    found
}

/// The keys of a table or of each table of a list.
fn keys(asked: &Asked) -> Option<Vec<&'static str>> {
    match asked {
        Asked::Table(keys) => Some(keys.clone()),
        Asked::List(inner) => keys(inner),
        _ => None,
    }
}

/// The kind as documents call it.
fn words(asked: &Asked) -> String {
    let many = |inner: &Asked| match inner {
        Asked::Number => "numbers",
        Asked::Integer => "integers",
        Asked::Text => "text",
        _ => "values",
    };
    match asked {
        Asked::Table(_) => "table".into(),
        Asked::Choice(_) => "choice".into(),
        Asked::Boolean => "boolean".into(),
        Asked::Integer => "integer".into(),
        Asked::Number => "number".into(),
        Asked::Text => "text".into(),
        Asked::List(inner) if matches!(**inner, Asked::Table(_)) => "tables".into(),
        Asked::List(inner) => format!("list of {}", many(inner)),
        Asked::Tuple(2, inner) => format!("two {}", many(inner)),
        Asked::Tuple(n, inner) => format!("{n} {}", many(inner)),
    }
}

fn check<T: DeserializeOwned + Debug>(file: &str, documents: &[&str], base: &str) {
    let documents: Vec<_> = documents.iter().map(|d| (d, documented(d))).collect();
    let base: Table = base.parse().unwrap();
    parsed::<T>(&base).unwrap_or_else(|e| panic!("the test's own {file} is not read: {e}"));
    for name in tables::<T>() {
        let heading: &str = if name.is_empty() { file } else { &name };
        let (document, rows) = documents
            .iter()
            .find_map(|(document, tables)| Some((document, tables.get(heading)?)))
            .unwrap_or_else(|| panic!("no document describes the table {heading} of {file}"));
        let place: Vec<&'static str> = place::<T>(&name);
        let mut known = asked::<T>(&place).and_then(|(asked, _)| keys(&asked)).unwrap();
        let mut told: Vec<&str> = rows.iter().flat_map(|row| row.names.iter().map(String::as_str)).collect();
        known.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, known, "keys of {heading} in {document} (left) and in the program (right)");
        for row in rows {
            row.check::<T>(&place, &base, &format!("{document}: {heading}: {}", row.names[0]));
        }
    }
}

/// A dotted name as the keys that serde knows.
fn place<T: DeserializeOwned>(name: &str) -> Vec<&'static str> {
    let mut place: Vec<&'static str> = Vec::new();
    for part in name.split('.').filter(|part| !part.is_empty()) {
        let known = asked::<T>(&place).and_then(|(asked, _)| keys(&asked)).unwrap();
        place.push(known.into_iter().find(|key| *key == part).unwrap());
    }
    place
}

impl Row {
    fn check<T: DeserializeOwned + Debug>(&self, table: &[&'static str], base: &Table, at: &str) {
        let dotted = table.iter().copied().chain([self.names[0].as_str()]).collect::<Vec<_>>().join(".");
        let (kind, optional) =
            asked::<T>(&place::<T>(&dotted)).unwrap_or_else(|| panic!("{at}: the kind is not known"));
        assert_eq!(self.kind, words(&kind), "type of {at}");
        if let Asked::Choice(choices) = &kind {
            for choice in choices {
                let word = format!("`\"{choice}\"`");
                assert!(self.section.contains(&word), "{at} may be {word}, which the section does not say");
            }
        }
        let with = |value: Option<Value>| parsed::<T>(&changed(base, table, &self.names[0], value));
        if self.default == "required" {
            assert!(with(None).is_err(), "{at} is said to be required, and may be left out");
            return;
        }
        let without = with(None).unwrap_or_else(|e| panic!("{at} cannot be left out: {e}"));
        if let Some(value) = self.default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            let text = format!("value = {}", value.replace("\\|", "|"));
            let value = text.parse::<Table>().unwrap_or_else(|e| panic!("default of {at}: {e}")).remove("value");
            let same = with(value).unwrap_or_else(|e| panic!("the default of {at} is not read: {e}"));
            assert_eq!(same, without, "the default of {at} is another (right)");
            return;
        }
        let nothing = match kind {
            _ if optional || OF_THE_FAMILY.contains(&dotted.as_str()) => return,
            Asked::Table(_) => return,
            Asked::List(_) => Value::Array(Vec::new()),
            Asked::Text => Value::String(String::new()),
            Asked::Integer => Value::Integer(0),
            Asked::Number => Value::Float(0.0),
            _ => panic!("{at} has a default, which the document must state between backticks"),
        };
        let same = with(Some(nothing)).unwrap_or_else(|e| panic!("{at}: {e}"));
        assert_eq!(same, without, "{at} has a default (right), which the document must state between backticks");
    }
}

/// `base` with one key of one of its tables set, or taken away.
fn changed(base: &Table, table: &[&str], key: &str, value: Option<Value>) -> Table {
    let mut whole = base.clone();
    let mut at = &mut whole;
    for part in table {
        at = match at.get_mut(*part).unwrap_or_else(|| panic!("the test's own file has no {part}")) {
            Value::Array(list) => list[0].as_table_mut().unwrap(),
            value => value.as_table_mut().unwrap(),
        };
    }
    match value {
        Some(value) => at.insert(key.into(), value),
        None => at.remove(key),
    };
    whole
}

/// What is read of a file, as the program would print it to find faults.
fn parsed<T: DeserializeOwned + Debug>(table: &Table) -> Result<String, toml::de::Error> {
    Value::Table(table.clone()).try_into::<T>().map(|read| format!("{read:?}"))
}
