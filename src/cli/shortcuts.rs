//! `pellucid shortcuts`: does something beside the finding make the score?

mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use regex::Regex;
use serde_json::json;

use super::evaluate::listing::{LabelSource, list};
use super::session::ModelArgs;
use super::{Outcome, Usage, evaluate, output};
use crate::cancel::CancelToken;
use crate::evaluation::labelled_folders::{add_facts, all_in_folders};
use crate::evaluation::sample::evenly;
use crate::evaluation::scoring::{LabelledImage, targets};
use crate::evaluation::shortcuts::run::{ShortcutOptions, Shortcuts, add_sources, examine, usual_targets};
use crate::evaluation::truth::Rules;
use crate::model::Model;
use crate::model::manifest::Manifest;
use crate::study::lung_masks::LungMasks;
use crate::training::config::Ambiguous;

/// Ask whether view, sex, age, source, markers or borders make a model's score: how far they predict
/// it, and how far it moves without them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of images; folders in it that are named like a label or group give the truth
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Labels by a table (one column a label with 1, 0 or nothing, or NIH's), or by a part of the
    /// file name: TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "FILE.csv|RULE")]
    labels: Option<String>,
    /// What else is known of the images: a table with a column `image` and one column a fact (age,
    /// sex, view, site …)
    #[arg(long, value_name = "FILE.csv")]
    facts: Option<PathBuf>,
    /// Pattern whose first group in an image's path below DIR is its source
    #[arg(long, value_name = "REGEX")]
    source: Option<String>,
    /// Pattern whose first group in a file name is the patient [default: table, DICOM header, or
    /// file names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Label or group whose score is looked at; may be repeated [default: the groups, or else every
    /// label but the normal one]
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Take an even selection of about this many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere), for what is taken out
    /// of the lungs [default: as the program outlines them]
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Seed of the places inside and in the lungs, the noise and the intervals
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Folder for associations.csv, removal.csv, images.csv and shortcuts.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = evaluate::patients(args.patients.as_ref())?;
    let source = args.source.as_deref().map(Regex::new).transpose();
    let source = source.map_err(|e| Usage(format!("--source is no pattern: {e}")))?;
    if let Some(out) = &args.out {
        output::make_folder(out)?;
    }
    let model = args.model.load()?;
    let targets = asked_targets(&model.manifest, &args.target)?;
    let mut files = evenly(images(args, &model.manifest)?, args.limit);
    if let Some(pattern) = &source {
        add_sources(&mut files, pattern);
    }
    let masks = args.masks.as_deref().map(LungMasks::below).transpose()?;
    let options = ShortcutOptions { targets, seed: args.seed, masks: masks.as_ref() };
    let bar = output::progress(files.len(), "Looking for shortcuts");
    let done = &mut |n: usize| bar.inc(n as u64);
    let found = examine(&model, &files, &patients, &options, &CancelToken::default(), done);
    bar.finish_and_clear();
    let found = found?;
    for failure in &found.failures {
        output::remark(format!("error: {} was left out: {}.", failure.path.display(), failure.reason));
    }
    if found.images == 0 {
        bail!("none of the {} images could be scored", files.len());
    }
    if let Some(out) = &args.out {
        keep(out, &model, args, &found)?;
    }
    if args.json {
        output::json(&as_json(&model, args, &found))?;
    } else {
        output::line(table::text(&found))?;
    }
    table::remarks(&found).iter().for_each(|remark| output::remark(format!("note: {remark}")));
    Ok(Outcome::of(found.failures.len(), files.len()))
}

/// Every image of the folder, with the truth as far as it is known.
fn images(args: &Args, manifest: &Manifest) -> anyhow::Result<Vec<LabelledImage>> {
    let table = args.labels.as_deref().filter(|labels| !labels.contains('=')).map(Path::new);
    if let Some(table) = table {
        let source = LabelSource {
            labels: None,
            table: Some(table),
            facts: args.facts.as_deref(),
            ambiguous: Ambiguous::default(),
        };
        return list(&args.dir, manifest, &source);
    }
    let dir = args.dir.canonicalize();
    let dir = dir.with_context(|| format!("the folder {} cannot be read", args.dir.display()))?;
    if !dir.is_dir() {
        return Err(Usage(format!("{} is no folder; shortcuts takes a folder of images", dir.display())).into());
    }
    let rules = Rules::parse(args.labels.as_deref().unwrap_or_default(), manifest).map_err(|e| Usage(e.to_string()))?;
    let mut found = all_in_folders(&dir, manifest, &rules)?;
    found.passed_over.iter().for_each(|error| output::remark(format!("note: {error}")));
    if found.images.is_empty() {
        bail!("there is no image in {}", dir.display());
    }
    if let Some(facts) = &args.facts {
        let missing = add_facts(&mut found.images, facts)?;
        if missing > 0 {
            output::remark(format!("note: {missing} of {} images are not in {}.", found.images.len(), facts.display()));
        }
    }
    Ok(found.images)
}

/// Numbers of the targets that were named, or the usual ones.
fn asked_targets(manifest: &Manifest, named: &[String]) -> Result<Vec<usize>, Usage> {
    if named.is_empty() {
        return Ok(usual_targets(manifest));
    }
    let (all, _) = targets(manifest);
    let known = || all.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
    let number = |name: &String| {
        let found = all.iter().position(|target| target.name.eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| Usage(format!("the model knows no \"{name}\"; it knows {}", known())))
    };
    named.iter().map(number).collect()
}

fn as_json(model: &Model, args: &Args, found: &Shortcuts) -> serde_json::Value {
    let mut json = json!({
        "model": {
            "name": model.manifest.name,
            "version": model.manifest.version,
            "weights_sha256": model.manifest.weights_sha256,
        },
        "set": args.dir.display().to_string(),
        "seed": args.seed,
    });
    output::extend(&mut json, json!(found));
    let failed: Vec<String> = found.failures.iter().map(|f| f.path.display().to_string()).collect();
    output::extend(&mut json, json!({ "failed": failed, "remarks": table::remarks(found) }));
    json
}

/// Writes both tables, the scores with the attributes of each image, and all of it as JSON.
fn keep(out: &Path, model: &Model, args: &Args, found: &Shortcuts) -> anyhow::Result<()> {
    output::write_file(&out.join("associations.csv"), &table::associations(found)?)?;
    output::write_file(&out.join("removal.csv"), &table::removals(found)?)?;
    output::write_file(&out.join("images.csv"), &found.set.to_csv()?)?;
    let json = serde_json::to_vec_pretty(&as_json(model, args, found))?;
    output::write_file(&out.join("shortcuts.json"), &json)?;
    output::remark(format!("Tables and figures lie in {}", out.display()));
    Ok(())
}
