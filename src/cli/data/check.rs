//! `pellucid data check`: what is wrong with a data set.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use indicatif::ProgressBar;
use serde::Serialize;

use super::root;
use crate::cli::{Outcome, Usage, output};
use crate::study::patients::Patients;
use crate::training::config::Config;
use crate::training::data::audit::examine::{Examine, ExamineStep, Examined};
use crate::training::data::audit::pairs::Pair;
use crate::training::data::audit::{Audit, folder, sheets};
use crate::training::data::list;
use crate::training::data::listed::ListedImage;
use crate::training::data::part::SplitPart;

/// Pairs and files that are named on the terminal; all are in the JSON.
const NAMED: usize = 10;

/// Find unreadable files, duplicates, leaks and faulty labels
///
/// Compares the pixels of all images (SHA-256), looks for near-duplicates (compressed, resized, of
/// another tone, inverted, cut to 5 %, turned to 5°, mirrored), and compares the patients of the
/// parts. A folder is read as PART/CLASS/… or CLASS/…, a configuration as its training would read
/// it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing to mend (copies within one class and part are only reported); \
    1 the data could not be listed; 3 there are unreadable files, an image or patient in more than one part, \
    or one image under different labels.")]
pub(super) struct CheckArgs {
    /// A folder of images, or the configuration of a training
    #[arg(value_name = "DIR|CONFIG.toml")]
    source: PathBuf,
    /// Folder that the data folders of a configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Regular expression on file names of a folder, whose first group names the patient; may be
    /// repeated
    #[arg(long, value_name = "REGEX")]
    patient: Vec<String>,
    /// Print one JSON object with everything that was found
    #[arg(long)]
    json: bool,
    /// Write check.json, contact.png and duplicates.png into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    source: String,
    faults: bool,
    seconds: f64,
    #[serde(flatten)]
    audit: &'a Audit,
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let config = if args.source.is_dir() { None } else { Some(Config::read(&args.source)?) };
    let base = root(&args.source, args.data.as_ref());
    let mut remarks = Vec::new();
    let (files, labels): (Vec<ListedImage>, Vec<String>) = if let Some(config) = &config {
        let (files, warnings) = list::list_for_run(config, &base, None)?;
        remarks.extend(warnings.iter().map(|w| format!("{}: {}", w.path.display(), w.reason)));
        (files, config.labels.iter().map(|l| l.name.clone()).collect())
    } else {
        let patients = Patients::of(&args.patient).map_err(|e| Usage(format!("--patient: {e}")))?;
        folder::list(&args.source, &patients)?
    };
    let how =
        if config.is_some() { "name a pattern with `patient` under [data]" } else { "name a pattern with --patient" };
    let bars = [output::progress(files.len(), "reading"), output::progress(files.len(), "comparing")];
    let examine = Examine { files: &files, labels: &labels, config: config.as_ref().map(|c| (c, &*base)), how };
    let Examined { images, audit, .. } = examine.run(remarks, &|step, done| {
        let (now, other) = if step == ExamineStep::Reading { (0, 1) } else { (1, 0) };
        if step == ExamineStep::Comparing && !bars[other].is_finished() {
            bars[other].finish_and_clear();
        }
        bars[now].set_position(done as u64);
    })?;
    bars.iter().for_each(ProgressBar::finish_and_clear);
    let report = Report {
        source: args.source.display().to_string(),
        faults: audit.has_faults(),
        seconds: started.elapsed().as_secs_f64(),
        audit: &audit,
    };
    if args.json {
        output::json(&report)?;
    } else {
        output::line(text(&report))?;
    }
    if let Some(out) = &args.out {
        output::make_folder(out)?;
        let json = serde_json::to_vec_pretty(&report).context("the result could not be written as JSON")?;
        output::write_file(&out.join("check.json"), &json)?;
        output::write_file(&out.join("contact.png"), &sheets::contact(&images, &labels).png()?)?;
        if let Some(sheet) = sheets::duplicates(&audit, &images) {
            output::write_file(&out.join("duplicates.png"), &sheet.png()?)?;
        }
        output::remark(format!("The sheets lie in {}", out.display()));
    }
    Ok(if audit.has_faults() { Outcome::SomeFailed } else { Outcome::Done })
}

/// The report for people.
fn text(report: &Report<'_>) -> String {
    let Audit {
        images,
        patients,
        labels,
        without_label,
        unreadable,
        remarks,
        exact,
        near,
        shared_patients,
        statistics,
    } = report.audit;
    let mut text = format!("{images} images of {patients} patients (as far as told apart), {:.1} s\n", report.seconds);
    let wide = labels.iter().map(|l| l.name.chars().count()).max().unwrap_or(0).max(8);
    let parts: Vec<SplitPart> =
        SplitPart::ALL.into_iter().filter(|p| labels.iter().any(|l| l.parts.contains_key(p))).collect();
    let _ = write!(text, "\n{:wide$} {:>8}", "", "images");
    parts.iter().for_each(|p| {
        let _ = write!(text, " {:>11}", p.name());
    });
    for label in labels {
        let _ = write!(text, "\n{:wide$} {:>8}", label.name, label.images);
        parts.iter().for_each(|p| {
            let _ = write!(text, " {:>11}", label.parts.get(p).unwrap_or(&0));
        });
        if label.unknown > 0 {
            let _ = write!(text, "  unknown in {}", label.unknown);
        }
    }
    if *without_label > 0 {
        let _ = write!(text, "\n{:wide$} {without_label:>8}", "no label");
    }
    let sizes: Vec<String> = statistics.sizes.iter().take(4).map(|(s, n)| format!("{s} ({n})")).collect();
    let more = statistics.sizes.len().saturating_sub(4);
    let more = if more > 0 { format!(" and {more} other sizes") } else { String::new() };
    let _ = write!(text, "\n\nsizes          {}{more}", sizes.join(", "));
    let [low, middle, high] = statistics.mean;
    let _ = write!(text, "\nmean grey      {middle:.3} (5 to 95 %: {low:.3} to {high:.3})");
    let [low, middle, high] = statistics.sd;
    let _ = write!(text, "\nspread of grey {middle:.3} (5 to 95 %: {low:.3} to {high:.3})");
    for (what, counts) in [("sex", &statistics.sexes), ("view", &statistics.views)] {
        if !counts.is_empty() {
            let list: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
            let _ = write!(text, "\n{what:<14} {}", list.join(", "));
        }
    }
    let unread: Vec<String> = unreadable.iter().map(|w| format!("{}: {}", w.path.display(), w.reason)).collect();
    section(&mut text, "unreadable files", &unread);
    section(&mut text, "images of one even grey", &statistics.blank);
    section(&mut text, "patients in more than one part", shared_patients);
    for (name, pairs) in [("the same pixels", exact), ("near-duplicates", near)] {
        let leak: Vec<String> = pairs.iter().filter(|p| p.leak).map(pair).collect();
        let conflict: Vec<String> = pairs.iter().filter(|p| p.conflict && !p.leak).map(pair).collect();
        let rest: Vec<String> = pairs.iter().filter(|p| !p.conflict && !p.leak).map(pair).collect();
        section(&mut text, &format!("leaks: {name} in two parts"), &leak);
        section(&mut text, &format!("{name} under different labels"), &conflict);
        section(&mut text, &format!("{name} within a class and part"), &rest);
    }
    section(&mut text, "remarks", remarks);
    text += if report.faults { "\n\nThere is something to mend." } else { "\n\nNothing to mend was found." };
    text
}

fn pair(pair: &Pair) -> String {
    let end = |i: usize, key: &str| pair.parts[i].map_or_else(|| key.to_owned(), |p| format!("{key} [{}]", p.name()));
    let (first, second) = (end(0, &pair.first), end(1, &pair.second));
    let differ = if pair.conflict { ", labels differ" } else { "" };
    let change = if pair.change.is_empty() { String::new() } else { format!(", {}", pair.change) };
    if pair.correlation < 1.0 {
        format!("{first} = {second} ({:.3}{change}{differ})", pair.correlation)
    } else {
        format!("{first} = {second}{}", if pair.conflict { " (labels differ)" } else { "" })
    }
}

/// A heading with the number, and the first of a list; nothing for an empty list.
fn section(text: &mut String, heading: &str, list: &[String]) {
    if list.is_empty() {
        return;
    }
    let _ = write!(text, "\n\n{heading}: {}", list.len());
    for line in list.iter().take(NAMED) {
        let _ = write!(text, "\n  {line}");
    }
    if list.len() > NAMED {
        let _ = write!(text, "\n  …");
    }
}
