//! `pellucid models`: what can be chosen, what is known of it, and models of one's own.

mod available;
mod background;
mod diff;
mod export;
mod gallery;
mod get;
mod import;
mod population;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _, stdin};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::{Outcome, Usage, output};
use crate::model::gallery::file;
use crate::model::import::install;
use crate::model::manifest::Manifest;
use crate::model::registry;
use crate::model::registry::Origin;
use crate::model::source::Source;

/// List, show, get, import, export, verify and remove models
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the models: those in the program, and your own
    List {
        /// One JSON object a line for each model, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Show a model's manifest and card
    Show {
        /// Name, or a folder with manifest.toml
        #[arg(value_name = "NAME|DIR")]
        name: String,
        /// The manifest as one JSON object, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// List published models that can be had by name
    Available(available::Args),
    /// Fetch a published model by name, check it and import it
    Get(get::Args),
    /// Make a model of a network (ONNX), or of published weights: safetensors, PyTorch, Keras
    Import(Box<import::Args>),
    /// Write a model for other programs: ONNX, or weights for PyTorch
    Export(export::Args),
    /// Make the set of ordinary images that gradient-shap and deep-shap compare with
    Background(background::Args),
    /// Make the detector that tells images unlike those that the model was measured on
    Population(population::Args),
    /// Make the gallery of your own images that similar cases are found in
    Gallery(gallery::Args),
    Diff(diff::Args),
    /// Check a model's hash and tensors, and run it once; all of them without a name
    Verify {
        /// Name, or a folder with manifest.toml
        #[arg(value_name = "NAME|DIR")]
        name: Option<String>,
        /// One JSON object a line for each model, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Remove a model of your own
    Remove {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.action {
        Action::List { json } => list(*json),
        Action::Show { name, json } => show(name, *json),
        Action::Available(args) => available::run(args),
        Action::Get(args) => get::run(args),
        Action::Import(args) => import::run(args),
        Action::Export(args) => export::run(args),
        Action::Background(args) => background::run(args),
        Action::Population(args) => population::run(args),
        Action::Gallery(args) => gallery::run(args),
        Action::Diff(args) => diff::run(args),
        Action::Verify { name, json } => verify(name.as_deref(), *json),
        Action::Remove { name, yes } => remove(name, *yes),
    }
}

fn list(as_json: bool) -> anyhow::Result<Outcome> {
    let models = registry::list();
    let mut failed = 0;
    for (name, origin) in &models {
        let place = match origin {
            Origin::Embedded => "in the program".to_owned(),
            Origin::Folder(path) => path.display().to_string(),
        };
        match registry::manifest(name) {
            Ok(manifest) if as_json => output::json(&json!({
                "name": name,
                "version": manifest.version,
                "description": manifest.description,
                "labels": manifest.labels.iter().map(|l| &l.name).collect::<Vec<_>>(),
                "fits": manifest.fits,
                "groups": manifest.groups.iter().map(|g| &g.name).collect::<Vec<_>>(),
                "place": place,
                "default": name == registry::DEFAULT,
            }))?,
            Ok(manifest) => {
                let default = if name == registry::DEFAULT { ", default" } else { "" };
                let Manifest { version, description, .. } = &manifest;
                output::line(format!("{name} {version} ({place}{default})\n  {description}\n  {}", fits(&manifest)))?;
            }
            Err(error) => {
                failed += 1;
                let error = anyhow::Error::from(error);
                if as_json {
                    output::json(&json!({ "name": name, "place": place, "error": output::sentences(&error) }))?;
                } else {
                    output::complain(&error.context(format!("{name} ({place}) cannot be used")));
                }
            }
        }
    }
    if models.is_empty() {
        let place = registry::user_folder().map_or(String::new(), |f| format!(" in {}", f.display()));
        output::remark(format!("There is no model in this program and none{place}."));
    }
    Ok(Outcome::of(failed, models.len()))
}

/// The images that the model is chosen for, in words.
fn fits(manifest: &Manifest) -> String {
    let fits = &manifest.fits;
    let mut words = Vec::new();
    for (what, values) in [("modality", &fits.modalities), ("body part", &fits.body_parts), ("view", &fits.views)] {
        if !values.is_empty() {
            words.push(format!("{what} {}", values.join(", ")));
        }
    }
    if let Some(gate) = &manifest.gate {
        words.push(format!("and its gate asks for {}", gate.asks));
    }
    match words.as_slice() {
        [] => "Fits: never by itself, for it has neither [fits] nor a gate; name it with --model".into(),
        words => format!("Fits: {}", words.join("; ").trim_start_matches("and ")),
    }
}

fn show(name: &str, as_json: bool) -> anyhow::Result<Outcome> {
    let manifest = registry::manifest(name)?;
    if as_json {
        output::json(&manifest)?;
    } else {
        output::line(text(&manifest))?;
        let measured = match registry::calibration(name)? {
            Ok(c) => format!("{}, measured {}. {}", c.set_in_words(), c.date, c.note),
            Err(why) => why.to_string(),
        };
        output::line(format!("Calibrated {measured}"))?;
        let card = registry::card(name)?;
        if !card.trim().is_empty() {
            output::line(format!("\n{}", card.trim_end()))?;
        }
    }
    Ok(Outcome::Done)
}

fn verify(name: Option<&str>, as_json: bool) -> anyhow::Result<Outcome> {
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => registry::list().into_iter().map(|(name, _)| name).collect(),
    };
    let mut failed = 0;
    for name in &names {
        match install::verify(name) {
            Ok(sound) if as_json => output::json(&sound)?,
            Ok(sound) => output::line(format!(
                "{name} is sound: {} tensors, {} outputs, SHA-256 {}",
                sound.tensors, sound.outputs, sound.sha256
            ))?,
            Err(error) => {
                failed += 1;
                output::complain(&anyhow::Error::from(error).context(format!("{name} cannot be used")));
            }
        }
    }
    Ok(Outcome::of(failed, names.len()))
}

fn remove(name: &str, yes: bool) -> anyhow::Result<Outcome> {
    install::check_name(name)?;
    if !yes {
        if !stdin().is_terminal() {
            return Err(Usage(format!("to remove {name} without being asked, add --yes")).into());
        }
        let mut err = std::io::stderr();
        write!(err, "Remove the model {name} for good? [y/N] ")?;
        err.flush()?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            output::remark("Nothing was removed.");
            return Ok(Outcome::Done);
        }
    }
    // What is known of its patients goes with it.
    let gallery = registry::manifest(name).ok().and_then(|m| file::folder(&m.name, &m.weights_sha256));
    let folder = install::remove(name)?;
    output::remark(format!("Removed {name} from {}", folder.display()));
    if let Some(gallery) = gallery
        && file::remove(&gallery)?
    {
        output::remark(format!("Removed its gallery of similar cases from {}", gallery.display()));
    }
    Ok(Outcome::Done)
}

fn text(manifest: &Manifest) -> String {
    let Manifest { name, version, description, licence, training, target_layer, .. } = manifest;
    let mut text = format!("{name} {version}\n{description}\n\nClasses and operating thresholds\n");
    for label in &manifest.labels {
        let _ = writeln!(text, "  {} ({:.3})  {}", label.name, label.threshold, label.description);
    }
    for group in &manifest.groups {
        let _ = writeln!(text, "  {} ({:.3})  {}", group.name, group.threshold, group.members.join(" or "));
    }
    let images = if training.images == 0 { String::new() } else { format!("{} images: ", training.images) };
    let _ = writeln!(text, "\nTrained on\n  {}{}\n  {}", images, training.data, training.population);
    if !manifest.metrics.is_empty() {
        text.push_str("\nMeasured (95 % interval)\n");
    }
    for m in &manifest.metrics {
        let (target, name, on) = (&m.target, &m.name, &m.on);
        let _ = writeln!(text, "  {target}: {name} {:.3} ({:.3}–{:.3}), {on}", m.value, m.low, m.high);
    }
    if !manifest.limits.is_empty() {
        text.push_str("\nLimits\n");
    }
    for limit in &manifest.limits {
        let _ = writeln!(text, "  {limit}");
    }
    let _ = writeln!(text, "\n{}", fits(manifest));
    if let Some(population) = &manifest.population {
        let _ = writeln!(text, "States hold for {population}");
    }
    if let Some(other) = manifest.other_target() {
        let _ = writeln!(text, "{other}");
    }
    if let Some(source) = &manifest.source {
        let Source { page, address, sha256, identity, citation } = source;
        let _ = writeln!(
            text,
            "\nPublished  {page}\nFile       {address}\n           SHA-256 {sha256}: {}",
            identity.words()
        );
        let _ = writeln!(text, "To be cited {citation}");
    }
    let _ = write!(text, "\nMap layer  {target_layer}\nLicence    {licence}\nSHA-256    {}", manifest.weights_sha256);
    text
}

/// The folder of a model of one's own, into which `what` is to be written.
fn own_folder(name: &str, what: &str) -> anyhow::Result<PathBuf> {
    let own = registry::list().into_iter().find(|(known, _)| known == name);
    match own {
        Some((_, Origin::Folder(folder))) => Ok(folder),
        Some((_, Origin::Embedded)) => Err(Usage(format!(
            "{name} is built into the program, so no {what} can be put beside it; write it to a file of your own with --out"
        ))
        .into()),
        None => {
            let path = PathBuf::from(name);
            Ok(path.canonicalize().with_context(|| format!("the folder {} cannot be read", path.display()))?)
        }
    }
}
