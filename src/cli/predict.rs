//! `pellucid predict`: scores with their uncertainty, for one image or many, or one result for each
//! study.

mod studies;

use std::path::PathBuf;

use self::studies::StudyArgs;
use super::inputs::Inputs;
use super::record::Record;
use super::session::{AnalysisArgs, ModelArgs, Session};
use super::{Outcome, Usage, output};
use crate::batch::row;
use crate::engine::AnalysisOptions;
use crate::engine::lungs::Lungs;
use crate::evaluation::result_table::{Kind, ResultTableError};
use crate::explain::{Attribution, Method, Subject};
use crate::model::Model;

/// Score images: probabilities with their intervals, states at an error rate, and the input gate's
/// verdict; with --by study one result for each study
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders (DICOM, PNG, JPEG, TIFF)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    /// Name the images of the model's gallery that are most like each image, at most so many; see
    /// `pellucid models gallery`
    #[arg(long, value_name = "N", conflicts_with = "by", value_parser = clap::value_parser!(u16).range(1..=1000))]
    similar: Option<u16>,
    /// Folder of the gallery [default: the model's own in your data folder]
    #[arg(long, value_name = "DIR", requires = "similar")]
    gallery: Option<PathBuf>,
    /// Write a table with a row for each image, too: CSV or Parquet, by the ending of the name
    #[arg(long, value_name = "FILE", conflicts_with = "by")]
    out: Option<PathBuf>,
    /// One JSON object a line for each image (with --by, for each study), and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    studies: StudyArgs,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(unit) = args.studies.by {
        if args.analysis.frame.is_some() {
            return Err(Usage("--frame names a frame of one image; with --by there are several images".into()).into());
        }
        return studies::run(args, unit);
    }
    if let Some(out) = args.out.as_ref().filter(|out| Kind::of(out).is_none()) {
        return Err(Usage(ResultTableError::Kind(out.display().to_string()).to_string()).into());
    }
    let mut session = Session::with_ensemble(&args.model, &args.analysis.ensemble)?;
    session.use_masks(args.analysis.masks.as_deref())?;
    let options = args.analysis.options(Vec::new(), Vec::new());
    // Maps are made where something can be said of them.
    let options = |model: &Model, lungs: Option<&Lungs>| {
        let (methods, subjects) = match lungs {
            Some(_) => (vec![Method::GradCam], Subject::all(&model.manifest)),
            None => (Vec::new(), Vec::new()),
        };
        Ok(AnalysisOptions { methods, subjects, ..options.clone() })
    };
    session.check(&args.analysis.prevalence)?;
    if let Some(count) = args.similar {
        session.use_gallery(usize::from(count), args.gallery.clone());
    }
    let mut rows = Vec::new();
    let outcome = Inputs::gather(&args.paths).with_copies().each("Predicting", |image| {
        let analyzed = session.analyze(|| image.load(args.analysis.frame), options, args.analysis.force)?;
        let record = Record::new(image.path(), &analyzed, args.analysis.error_rate).at(&args.analysis.prevalence)?;
        let record = match &analyzed.outcome {
            Some((model, analysis)) if !analysis.attributions.is_empty() => {
                let maps: Vec<&Attribution> = analysis.attributions.iter().map(AsRef::as_ref).collect();
                record.with_maps(model, &maps, &analysis.options.explanation)
            }
            _ => record,
        };
        let record = record.of_a_copy(image.copy_of());
        if args.out.is_some() {
            rows.push(record.cells());
        }
        if args.json {
            output::json(&record)?;
        } else {
            output::line(record.to_text())?;
        }
        // A damaged file has its line, and is a failure all the same.
        match analyzed.frame.scorable() {
            Err(reason) if !analyzed.is_scored() => Err(reason.into()),
            _ => Ok(()),
        }
    })?;
    if let Some(out) = &args.out {
        output::write_file(out, &row::table(&rows).of_kind(out)?)?;
        output::remark(format!("The table lies in {}", out.display()));
    }
    Ok(outcome)
}
