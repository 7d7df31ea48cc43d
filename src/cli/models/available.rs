//! `pellucid models available`: the published models that can be had by name.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{Outcome, output};
use crate::model::catalogue::Catalogue;
use crate::model::catalogue::entry::Entry;
use crate::model::catalogue::hash::Expected;
use crate::model::manifest::Head;

/// Labels that are listed; networks for photographs have a thousand.
const LISTED: usize = 40;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Say everything that is known of this one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// One JSON object a line for each model, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let catalogue = Catalogue::read()?;
    let shown: Vec<&Entry> = match &args.name {
        Some(name) => vec![catalogue.find(name)?],
        None => catalogue.models.iter().collect(),
    };
    for entry in shown {
        if args.json {
            output::json(&object(entry))?;
        } else if args.name.is_some() {
            output::line(text(entry))?;
        } else {
            output::line(format!("{}\n  {}: {}. {}", entry.name, entry.title, entry.task, short(entry)))?;
        }
    }
    if !args.json && args.name.is_none() {
        output::remark("More of one: pellucid models available NAME. Fetch and import it: pellucid models get NAME");
    }
    Ok(Outcome::Done)
}

/// Size and licence in few words.
fn short(entry: &Entry) -> String {
    let licence = entry.licence.split([' ', ':']).next().unwrap_or_default();
    let licence = if licence == "not" { "licence not stated" } else { licence };
    match entry.length() {
        Some((bytes, _)) => format!("{bytes}, {licence}"),
        None => format!("size not known, {licence}"),
    }
}

/// Everything that is known, in words.
pub(super) fn text(entry: &Entry) -> String {
    let Entry { name, title, publisher, task, data, patients, licence, citation, page, hash_from, .. } = entry;
    let labels: Vec<&str> = entry.shown_labels().collect();
    let mut listed = labels[..labels.len().min(LISTED)].join(", ");
    if labels.len() > LISTED {
        let _ = write!(listed, " … and {} more", labels.len() - LISTED);
    }
    let kind = match entry.head {
        Head::Softmax => "One of",
        Head::Sigmoid => "Each of",
    };
    let length = match entry.length() {
        Some((bytes, true)) => format!("{} bytes ({bytes})", bytes.0),
        Some((bytes, false)) => format!("about {bytes}"),
        None => "not known".into(),
    };
    let hash = match entry.expected() {
        Some(Expected::Whole(digits)) => format!("{digits} ({hash_from})"),
        Some(Expected::Beginning(digits)) => format!("begins with {digits} ({hash_from})"),
        None => "not known; what comes is recorded".into(),
    };
    let mut text = format!(
        "{name}\n{title}\n\nTask       {task}\n{kind}    {listed}\nNetwork    {}\nInput      {}\nTrained on {data}\n",
        entry.architecture(),
        entry.preset().name()
    );
    let patients = if patients.is_empty() { "not stated" } else { patients };
    let _ = writeln!(text, "Population {patients}");
    let _ = writeln!(text, "Licence    {licence}\nTo be cited {citation}\nPublisher  {publisher}, {page}");
    let _ = write!(text, "Address    {}\nSize       {length}\nSHA-256    {hash}", entry.address());
    for note in &entry.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn object(entry: &Entry) -> Value {
    let (bytes, exact) = entry.length().map_or((None, None), |(bytes, exact)| (Some(bytes.0), Some(exact)));
    let digits = |whole: bool| {
        entry.expected().filter(|e| matches!(e, Expected::Whole(_)) == whole).map(|e| e.digits().to_owned())
    };
    json!({
        "name": entry.name,
        "title": entry.title,
        "publisher": entry.publisher,
        "task": entry.task,
        "labels": entry.shown_labels().collect::<Vec<_>>(),
        "head": entry.head,
        "architecture": entry.architecture().to_string(),
        "preset": entry.preset().name(),
        "data": entry.data,
        "population": Some(&entry.patients).filter(|patients| !patients.is_empty()),
        "licence": entry.licence,
        "citation": entry.citation,
        "page": entry.page,
        "address": entry.address().to_string(),
        "bytes": bytes,
        "bytes_are_exact": exact,
        "sha256": digits(true),
        "sha256_begins": digits(false),
        "hash_from": Some(&entry.hash_from).filter(|from| !from.is_empty()),
        "notes": entry.notes,
    })
}
