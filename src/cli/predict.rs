//! `pellucid predict`: scores with their uncertainty, for one image or many.

use std::path::PathBuf;

use super::inputs::Inputs;
use super::record::Record;
use super::session::{AnalysisArgs, ModelArgs, Session};
use super::{Outcome, output};

/// Score images: probabilities with their intervals, states at an error rate, and the input gate's
/// verdict
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders (DICOM, PNG, JPEG, TIFF)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::with_ensemble(&args.model, &args.analysis.ensemble)?;
    let options = args.analysis.options(Vec::new(), Vec::new());
    session.check(&args.analysis.prevalence)?;
    Inputs::gather(&args.paths).with_copies().each("Predicting", |image| {
        let analyzed = session.analyze(|| image.load(), |_| Ok(options.clone()), args.analysis.force)?;
        let record = Record::new(image.path(), &analyzed, args.analysis.error_rate).at(&args.analysis.prevalence)?;
        let record = record.of_a_copy(image.copy_of());
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
    })
}
