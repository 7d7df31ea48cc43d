//! What stops a pipeline, in sentences that say what to do about it.

use std::path::PathBuf;

use crate::cancel::Cancelled;
use crate::evaluation::localization::marks::MarksError;
use crate::evaluation::predictions::TableError;
use crate::evaluation::scoring::ScoringError;
use crate::model::registry::ModelError;
use crate::printable::shortened;
use crate::report::ReportError;
use crate::study::lung_masks::LungMaskError;
use crate::training;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Training(#[from] training::Error),
    #[error(
        "no image is set apart for a test, and without one there is no verdict; write `test = 0.2` under [data], or name a \
         split file with a test part"
    )]
    NoTestPart,
    #[error(
        "{} in more than one part, \"{}\" among them, so a test would flatter; correct the split, or how patients are \
         recognised (`patient` under [data])",
        stand(*.n, "patient"), shortened(.example)
    )]
    SharedPatients { n: usize, example: String },
    #[error(
        "{} in more than one part under different names, {} and {} among them, so a test would flatter; write \
         `group_near_duplicates = true` under [data], or take the copies out",
        stand(*.n, "image"), shortened(.first), shortened(.second)
    )]
    SharedImages { n: usize, first: String, second: String },
    #[error(
        "no image of the {part} part shows \"{}\", so nothing could be said of it; add patients, or set a larger part aside",
        shortened(.label)
    )]
    EmptyClass { label: String, part: &'static str },
    #[error("this is no test: {0}")]
    Exposed(String),
    #[error("none of the {images} images of the {part} part could be scored; the first: {reason}")]
    NothingScored { part: &'static str, images: usize, reason: String },
    #[error("nothing that {} marks lies on an image of the test part", .0.display())]
    NoMarks(PathBuf),
    #[error("the model knows no finding \"{}\" (`pipeline.finding`); it knows {known}", shortened(.name))]
    UnknownFinding { name: String, known: String },
    #[error("no image of the test part has a lung mask in {}", .0.display())]
    NoLungs(PathBuf),
    #[error("no map could be made on the images of the test part: {0}")]
    NoMaps(String),
    #[error(
        "{} holds a training by another configuration or on other data; choose another folder with --out, or do all of it again \
         with --again",
        .folder.display()
    )]
    Another { folder: PathBuf },
    #[error("it was stopped; the same command goes on with what lies in {}", .folder.display())]
    Stopped { folder: PathBuf },
    #[error("{} cannot be read: {reason}", .path.display())]
    Read { path: PathBuf, reason: String },
    #[error("{} cannot be written ({reason}); free some space or choose another folder with --out", .path.display())]
    Write { path: PathBuf, reason: String },
    #[error(transparent)]
    Model(Box<ModelError>),
    #[error("the images could not be scored: {0}")]
    Scoring(#[from] ScoringError),
    #[error("the table could not be made: {0}")]
    Table(#[from] TableError),
    #[error("the table could not be made: {0}")]
    Csv(#[from] csv::Error),
    #[error("the result could not be put in words for a computer: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Figure(#[from] crate::figures::FigureError),
    #[error(transparent)]
    Marks(#[from] MarksError),
    #[error(transparent)]
    Masks(#[from] LungMaskError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<ModelError> for PipelineError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// "1 patient stands", "3 patients stand".
fn stand(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what} stands") } else { format!("{n} {what}s stand") }
}
