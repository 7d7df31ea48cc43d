//! `pellucid pacs find`: patients, studies, series or images of a node.

use dicom_dictionary_std::tags;
use serde_json::{Map, Value};

use super::call::CallArgs;
use crate::cli::{Outcome, Usage, output};
use crate::pacs::dimse::find::{Level, Query, attribute, find, is_text};

/// Matches behind the last one that is printed: so many are counted, and the node asked for no more.
const COUNTED: usize = 2000;
/// Most matches that are printed.
const MOST_PRINTED: i64 = (crate::limits::PACS_MATCHES - COUNTED) as i64;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    call: CallArgs,
    /// What is looked for: patient, study, series or image
    #[arg(long, value_name = "LEVEL", default_value = "study", value_parser = level)]
    level: Level,
    /// Name of the patient; * and ? stand for others
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Patient ID
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Date of the study, or a range of dates like 20260101-20260131
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Modality in the study (of the series with --level series), like DX
    #[arg(long, value_name = "MODALITY")]
    modality: Option<String>,
    /// Accession number
    #[arg(long, value_name = "NUMBER")]
    accession: Option<String>,
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    study: Option<String>,
    /// Series Instance UID
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Any other attribute that must match; without a value it is only asked for. May be repeated
    #[arg(long, value_name = "KEYWORD[=VALUE]")]
    key: Vec<String>,
    /// Matches that are printed at most; how many more there are is said
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=MOST_PRINTED))]
    limit: u32,
    /// One JSON object a line for each match, by the keywords of the attributes, and nothing else
    #[arg(long)]
    json: bool,
}

/// A text that names no level.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write patient, study, series or image")]
struct NoLevel;

fn level(text: &str) -> Result<Level, NoLevel> {
    Level::ALL.into_iter().find(|level| level.key() == text).ok_or(NoLevel)
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (node, caller) = args.call.called()?;
    let query = query(args)?;
    let limit = args.limit as usize;
    let (mut printed, mut count, mut left) = (Ok(()), 0, 0);
    find(&caller, &node, &query, &mut |found| {
        if count == limit {
            left += 1;
            return left < COUNTED;
        }
        let object = found.to_json();
        printed = if args.json {
            output::json(&Value::Object(object))
        } else {
            output::line(in_words(&object)).map_err(Into::into)
        };
        count += 1;
        printed.is_ok()
    })?;
    printed?;
    if left > 0 {
        let at_least = if left == COUNTED { "at least " } else { "" };
        output::remark(format!("{at_least}{left} more matches are not printed; --limit names another number."));
    } else if count == 0 && !args.json {
        output::remark(format!("{node} has nothing that matches."));
    }
    Ok(Outcome::Done)
}

fn query(args: &Args) -> anyhow::Result<Query> {
    let modality = if args.level == Level::Series { tags::MODALITY } else { tags::MODALITIES_IN_STUDY };
    let given = [
        (tags::PATIENT_NAME, &args.name),
        (tags::PATIENT_ID, &args.patient),
        (tags::STUDY_DATE, &args.date),
        (modality, &args.modality),
        (tags::ACCESSION_NUMBER, &args.accession),
        (tags::STUDY_INSTANCE_UID, &args.study),
        (tags::SERIES_INSTANCE_UID, &args.series),
    ];
    let with = |query: Query, (tag, value): (_, &Option<String>)| query.matching(tag, value.as_deref().unwrap_or(""));
    let mut query = given.into_iter().fold(Query::of(args.level), with);
    for key in &args.key {
        let (keyword, value) = key.split_once('=').unwrap_or((key, ""));
        let tag = attribute(keyword).map_err(|e| Usage(e.to_string()))?;
        if !value.is_empty() && !is_text(tag) {
            return Err(Usage(format!(
                "{keyword} is no text, and cannot be matched here; without =VALUE it is asked for"
            ))
            .into());
        }
        query.also.push(tag);
        query = query.matching(tag, value);
    }
    // Below studies the standard wants to know of which (PS3.4 C.4.1.2.1).
    if matches!(args.level, Level::Series | Level::Image) && args.study.is_none() {
        return Err(Usage("series and images are looked for within a study: name it with --study UID".into()).into());
    }
    if args.level == Level::Image && args.series.is_none() {
        return Err(Usage("images are looked for within a series: name it with --series UID".into()).into());
    }
    Ok(query)
}

/// One line of keywords with their values.
fn in_words(object: &Map<String, Value>) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\\"),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let left_out = ["SpecificCharacterSet", "QueryRetrieveLevel", "RetrieveAETitle", "InstanceAvailability"];
    let pairs = object.iter().filter(|(keyword, _)| !left_out.contains(&keyword.as_str()));
    let words = pairs.map(|(keyword, value)| format!("{keyword}={}", word(value))).filter(|w| !w.ends_with('='));
    words.collect::<Vec<_>>().join("  ")
}
