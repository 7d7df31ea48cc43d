//! `pellucid report`: one image through the model, and the case report as PDF with its JSON;
//! `--verify` computes it again.

mod prior;
mod study;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;

use super::frame_at::frame_at;
use super::session::{AnalysisArgs, ModelArgs, Session, stated};
use super::{Outcome, Usage, explain, feedback, measurements, output};
use crate::cancel::CancelToken;
use crate::engine::explanation::explain_with;
use crate::engine::lungs::{FieldsSource, Lungs};
use crate::engine::map_request::{MapFaithfulness, MapRequest};
use crate::engine::pass::Known;
use crate::engine::progress::Progress;
use crate::engine::{Analysis, ModelInfo};
use crate::explain::{Method, Subject};
use crate::language::ENGLISH;
use crate::limits;
use crate::measurement::identity::ImageIdentity;
use crate::model::Model;
use crate::network::device::DeviceChoice;
use crate::report::case::SimilarSection;
use crate::report::sidecar::Sidecar;
use crate::report::verify::compare::shown;
use crate::report::verify::{Recomputed, VerifyOutcome, verify};
use crate::report::{CaseReport, Paper, export_to};
use crate::results;
use crate::results::write::{WriteOptions, write_into};
use crate::study::deidentify::Key;
use crate::study::lung_masks::LungMask;
use crate::study::{load, open_image};

/// Write a case report (PDF and JSON), or compute one again
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The image (DICOM, PNG, JPEG, TIFF); with --verify the place where it lies now
    #[arg(value_name = "PATH", required_unless_present = "verify")]
    path: Option<PathBuf>,
    /// The PDF to write; the JSON is written beside it
    #[arg(short, long, value_name = "FILE.pdf", required_unless_present_any = ["verify", "dicom"], conflicts_with = "verify")]
    out: Option<PathBuf>,
    /// Folder for the result as DICOM objects of the image's study: structured report, maps,
    /// segmentations, overlays, presentation state and PDF
    #[arg(long, value_name = "DIR", conflicts_with = "verify")]
    dicom: Option<PathBuf>,
    /// With --dicom and --anonymize: file of the key of `pellucid deidentify`, so that the objects
    /// belong to the image that it wrote
    #[arg(long, value_name = "FILE", requires = "dicom", requires = "anonymize")]
    key: Option<PathBuf>,
    /// Make a report again from its image, compare all that it says, and name what cannot be
    /// checked
    #[arg(long, value_name = "FILE.json")]
    verify: Option<PathBuf>,
    /// With --verify: the place where the image lies now, the same as PATH
    #[arg(long, value_name = "FILE", requires = "verify", conflicts_with = "path")]
    image: Option<PathBuf>,
    /// Leave out name, identifiers, dates, institution and physicians
    #[arg(long, alias = "anonymise")]
    anonymize: bool,
    /// Model by name, or a folder with manifest.toml and weights.safetensors [default: the one of
    /// the report, or the one that fits]
    #[arg(long, value_name = "NAME|DIR")]
    model: Option<String>,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    #[command(flatten)]
    analysis: AnalysisArgs,
    /// Classes with a panel of their own, separated by commas, or "all" [default: the most probable
    /// one]
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',')]
    classes: Vec<String>,
    /// How the printed maps are made (see `pellucid explain --help`)
    #[arg(long, default_value = "grad-cam", value_parser = explain::method)]
    method: Method,
    /// Stage that they are taken from, where the method has one [default: the model's target layer]
    #[arg(long, value_name = "STAGE")]
    layer: Option<String>,
    /// Measure how faithful the map of the first class is to the model, and print it
    #[arg(long, visible_alias = "faithfulness", conflicts_with = "verify")]
    trust: bool,
    /// Print similar cases of the model's gallery, at most so many: small images of other patients
    /// with labels and distances; see `pellucid models gallery`
    #[arg(long, value_name = "N", conflicts_with = "verify", value_parser = clap::value_parser!(u16).range(1..=limits::REPORT_SIMILAR as i64))]
    similar: Option<u16>,
    /// Folder of the gallery [default: the model's own in your data folder]
    #[arg(long, value_name = "DIR")]
    gallery: Option<PathBuf>,
    /// File or folder in which the other images of the study are looked for, to print one result of
    /// the whole study; may be repeated
    #[arg(long, value_name = "PATH")]
    study: Vec<PathBuf>,
    /// An earlier image of the same patient: its scores by the same model, and its maps, are printed
    /// beside those of the image; with --verify the place where it lies now
    #[arg(long, value_name = "PATH")]
    prior: Option<PathBuf>,
    /// Measurements of the prior, as `pellucid measurements export` wrote them
    #[arg(long, value_name = "FILE.json", requires = "prior", conflicts_with = "verify")]
    prior_measurements: Option<PathBuf>,
    /// Print measurements of the image, as `pellucid measurements export` wrote them
    #[arg(long, value_name = "FILE.json", conflicts_with = "verify")]
    measurements: Option<PathBuf>,
    /// Print what was said of the model's findings on this image in the viewer
    #[arg(long, conflicts_with = "verify")]
    feedback: bool,
    /// Sheet of the PDF
    #[arg(long, value_enum, default_value_t = Sheet::A4)]
    paper: Sheet,
    /// Language of the PDF and of the words in images by its code, like en or de; JSON and DICOM codes
    /// stay English
    #[arg(long, value_name = "CODE", default_value = ENGLISH, value_parser = super::language_code, conflicts_with = "verify")]
    language: &'static str,
}

/// [`Paper`] by the names of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Sheet {
    A4,
    Letter,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.gallery.is_some() && args.similar.is_none() && args.verify.is_none() {
        return Err(
            Usage("--gallery says where similar cases are looked for; ask for some with --similar".into()).into()
        );
    }
    match (&args.verify, &args.path) {
        (Some(json), _) => again(args, json),
        (None, Some(path)) if args.out.is_some() || args.dicom.is_some() => write(args, path),
        _ => Err(Usage("name the image and, behind -o, the PDF to write".into()).into()),
    }
}

fn write(args: &Args, path: &Path) -> anyhow::Result<Outcome> {
    if let Some(out) = &args.out
        && !out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pdf"))
    {
        return Err(Usage(format!("{} does not end in .pdf; a report is a PDF", out.display())).into());
    }
    let key = args.key.as_deref().map(Key::in_file).transpose()?;
    let mut session = open(args, args.model.clone())?;
    session.use_masks(args.analysis.masks.as_deref())?;
    if let Some(count) = args.similar {
        session.use_gallery(usize::from(count), args.gallery.clone());
    }
    // The report prints the first method.
    let mut methods = vec![args.method];
    methods.extend(Method::ALWAYS.into_iter().filter(|m| *m != args.method));
    let options = |model: &Model, _: Option<&Lungs>| {
        Ok(args.analysis.options(methods, vec![explain::layer(model, args.layer.as_deref())?]))
    };
    let analyzed = session.analyze(|| frame_at(path, args.analysis.frame), options, args.analysis.force)?;
    let (lungs, similar) = (analyzed.lungs.found().cloned(), analyzed.similar.clone());
    let (frame, model, analysis) = analyzed.by_a_model()?;
    let chosen_because = analysis.chosen_because.clone();
    let scored = analysis.scored;
    let mut case = CaseReport::new(Arc::new(frame), Arc::new(analysis), ModelInfo::of(&model));
    case.lungs = lungs;
    case.similar = args.similar.map(usize::from).zip(similar).map(|(asked, found)| SimilarSection { asked, found });
    case.anonymize = args.anonymize;
    case.error_rate = args.analysis.error_rate;
    case.prevalences = stated(&args.analysis.prevalence, &model.manifest)?;
    case.paper = match args.paper {
        Sheet::A4 => Paper::A4,
        Sheet::Letter => Paper::Letter,
    };
    args.language.clone_into(&mut case.language);
    if !args.classes.is_empty() {
        case.classes = chosen(&args.classes, &model)?;
    }
    if args.trust && scored {
        case.faithfulness = faithfulness(&case, &model)?;
    }
    if let Some(file) = &args.measurements {
        case.measurements = measurements::read(file, &ImageIdentity::of(&case.frame), &case.frame)?;
    }
    if args.feedback {
        case.feedback = feedback::kept_of(&ImageIdentity::of(&case.frame), &case.model.sha256)?;
        if case.feedback.is_none() {
            output::remark("note: nothing was said of the findings of this model on this image");
        }
    }
    if !args.study.is_empty() {
        case.study = study::of(&mut session, &case.frame, &case.model, &args.study, case.error_rate)?;
    }
    if let Some(path) = &args.prior {
        case.prior = Some(prior::of(args, &case, path)?);
    }
    if let Some(out) = &args.out {
        export_to(&case, out)?;
    }
    let dicom = args.dicom.as_deref().map(|folder| as_dicom(&case, folder, key)).transpose()?;
    if !scored {
        output::remark(
            "note: the image was refused; the report says why and holds no scores (--force scores what can be scored)",
        );
    }
    output::remark(format!("note: {chosen_because}"));
    for path in args.out.iter().chain(dicom.iter().flatten()) {
        output::line(path.display().to_string())?;
    }
    Ok(Outcome::Done)
}

/// Writes the case as DICOM objects, and says what was left out.
fn as_dicom(case: &CaseReport, folder: &Path, key: Option<Key>) -> anyhow::Result<Vec<PathBuf>> {
    let written = results::write::write(case, &WriteOptions { key })?;
    for one in &written.left_out {
        output::remark(format!("note: no {}: {}", one.kind.name(), one.reason));
    }
    Ok(write_into(folder, &written.objects)?)
}

/// How faithful the map of the first printed class is to the model.
fn faithfulness(case: &CaseReport, model: &Model) -> anyhow::Result<Option<MapFaithfulness>> {
    let Some(&class) = case.classes.first() else { return Ok(None) };
    let request = MapRequest {
        methods: vec![case.method],
        layers: vec![case.layer.clone()],
        subjects: vec![Subject::class(class)],
        settings: case.analysis.options.explanation,
        stability_samples: 0,
        faithfulness: true,
    };
    let (mut found, mut bar, mut running) = (None, None, "");
    let mut emit = |progress| match progress {
        Progress::Faithfulness(known) => found = Some(known),
        Progress::Step { what, done, of } => {
            if running != what {
                bar.take().iter().for_each(ProgressBar::finish_and_clear);
                running = what;
            }
            bar.get_or_insert_with(|| output::progress(of, what)).set_position(done as u64);
        }
        _ => {}
    };
    let done = explain_with(model, &case.frame, &mut Known::default(), &request, &CancelToken::default(), &mut emit);
    bar.iter().for_each(ProgressBar::finish_and_clear);
    done.context("how faithful the map is could not be measured")?;
    Ok(found.map(|known| MapFaithfulness::clone(&known)))
}

fn again(args: &Args, json: &Path) -> anyhow::Result<Outcome> {
    let image = args.image.as_deref().or(args.path.as_deref());
    let outcome =
        verify(json, image, |sidecar, image| recomputed(args, sidecar, image).map_err(|e| format!("{e:#}").into()))?;
    print(&outcome)?;
    if !outcome.holds() {
        let (different, all) = (outcome.differences.len(), outcome.compared);
        bail!("{different} of {all} values of {} came out differently", json.display());
    }
    Ok(Outcome::Done)
}

fn recomputed(args: &Args, sidecar: &Sidecar, image: &Path) -> anyhow::Result<Recomputed> {
    let name = args.model.as_ref().unwrap_or(&sidecar.model.name);
    let mut session = open(args, Some(name.clone()))?;
    let model = session.named().map(ModelInfo::of).context("the model was not loaded")?;
    let load = || {
        let frame = open_image(image)?;
        let number = sidecar.source.frame;
        Ok(if frame.index == number { frame } else { load(&frame.entry, number)? })
    };
    if model.sha256 != sidecar.model.sha256 {
        // Nothing it computes could be compared; the caller says so.
        return Ok(Recomputed {
            frame: load()?,
            analysis: Analysis::default(),
            model,
            lungs: None,
            similar: None,
            study: None,
            prior: None,
            what_if: Vec::new(),
        });
    }
    let members = sidecar.uncertainty.iter().flat_map(|u| &u.members);
    let missing: Vec<String> = members
        .filter(|m| !model.ensemble.contains(m))
        .map(|m| format!("{} (SHA-256 {})", shown(&m.name, 60), shown(&m.sha256, 64)))
        .collect();
    if !missing.is_empty() {
        bail!(
            "the intervals of the report come from an ensemble; name its further models with --ensemble: {}",
            missing.join(", ")
        );
    }
    session.use_masks(args.analysis.masks.as_deref())?;
    if let Some(similar) = &sidecar.similar {
        session.use_gallery(similar.asked, args.gallery.clone());
    }
    let analyzed = session.analyze(load, |_, _| Ok(sidecar.options.clone()), false)?;
    // As the report had them: by a mask, or by the segmenter.
    let known = analyzed.lungs.found().cloned();
    let lungs = match &sidecar.lungs {
        None => None,
        Some(FieldsSource::Segmenter { .. }) => {
            known.filter(|lungs| matches!(lungs.source, FieldsSource::Segmenter { .. }))
        }
        Some(FieldsSource::Mask { path, .. }) => {
            let own = known.filter(|lungs| matches!(lungs.source, FieldsSource::Mask { .. }));
            match (own, path) {
                (None, Some(path)) if path.is_file() => {
                    let plane = &analyzed.frame.pixels.plane;
                    Some(Arc::new(Lungs::of_mask(LungMask::read(path, (plane.width, plane.height))?)))
                }
                (own, _) => own,
            }
        }
    };
    let similar = analyzed.similar.clone();
    let (frame, by, mut analysis) = analyzed.by_a_model()?;
    let kept_changes = sidecar.what_if.iter().map(|kept| kept.again(&by, &frame, &analysis));
    let what_if = kept_changes
        .collect::<Result<_, _>>()
        .context("a changed image of the report could not be asked about again")?;
    if sidecar.chosen_because != analysis.chosen_because {
        // Not by hand: the choice is made again.
        analysis.chosen_because = session.choice(&frame, sidecar.options.force)?.because;
    }
    let study = match &sidecar.study {
        Some(record) => study::again(&mut session, &frame, record, &args.study)?,
        None => None,
    };
    let prior = match &sidecar.prior {
        Some(record) => prior::again(&mut session, record, sidecar, args.prior.as_deref())?,
        None => None,
    };
    Ok(Recomputed { frame, analysis, model, lungs, similar, study, prior, what_if })
}

/// Most lines of each kind that are printed.
const LINES: usize = 200;

fn print(outcome: &VerifyOutcome) -> anyhow::Result<()> {
    for difference in outcome.differences.iter().take(LINES) {
        output::line(format!("different: {difference}"))?;
    }
    for unchecked in outcome.unchecked.iter().take(LINES) {
        output::line(format!("not checked: {unchecked}"))?;
    }
    let more = outcome.differences.len().saturating_sub(LINES) + outcome.unchecked.len().saturating_sub(LINES);
    if more > 0 {
        output::line(format!("… and {more} more"))?;
    }
    if outcome.holds() {
        let named = if outcome.unchecked.is_empty() { "" } else { "; what is named above was not checked" };
        output::line(format!("All {} values that can be made again came out the same{named}.", outcome.compared))?;
    }
    Ok(())
}

fn open(args: &Args, model: Option<String>) -> anyhow::Result<Session> {
    Session::with_ensemble(&ModelArgs { model, device: args.device }, &args.analysis.ensemble)
}

/// Numbers of the labels that were asked for, by name or alias, without regard to case.
fn chosen(asked: &[String], model: &Model) -> anyhow::Result<Vec<usize>> {
    let labels = &model.manifest.labels;
    if asked.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return Ok((0..labels.len()).collect());
    }
    let mut classes = Vec::new();
    for name in asked.iter().map(|name| name.trim()) {
        let is = |text: &String| text.eq_ignore_ascii_case(name);
        let Some(class) = labels.iter().position(|label| is(&label.name) || label.aliases.iter().any(is)) else {
            let known = labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Usage(format!("the model {} has no class {name}; it has: {known}", model.manifest.name)).into());
        };
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    Ok(classes)
}
