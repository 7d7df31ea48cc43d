//! `pellucid predict`: scores with their uncertainty, for one image or many.

use std::path::PathBuf;

use super::inputs::Inputs;
use super::record::Record;
use super::session::{JudgeArgs, ModelArgs, Session};
use super::{Outcome, output};

/// Score images: probabilities, their spread, what may be said at a risk, and the input gate's verdict
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders (DICOM, PNG, JPEG, TIFF)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::with_ensemble(&args.model, &args.judge.ensemble)?;
    let options = args.judge.options(Vec::new(), Vec::new());
    session.check(&args.judge.prevalence)?;
    Inputs::gather(&args.paths).with_copies().each("Predicting", |image| {
        let judged = session.judge(|| image.load(), |_| Ok(options.clone()), args.judge.force)?;
        let record = Record::new(image.path(), &judged, args.judge.risk).at(&args.judge.prevalence)?;
        let record = record.of_a_copy(image.copy_of());
        if args.json {
            output::json(&record)?
        } else {
            output::line(record.to_text())?
        }
        match judged.frame.scorable() {
            Err(reason) if !judged.is_scored() => Err(reason.into()),
            _ => Ok(()),
        }
    })
}
