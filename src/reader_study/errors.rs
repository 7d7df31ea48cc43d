//! What can be wrong with a study.

use std::path::PathBuf;

use crate::evaluation::multi_reader::MultiReaderError;
use crate::files::FileError;
use crate::printable::shortened;
use crate::report::ReportError;

/// Why a study cannot be made, read or analysed.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: FileError },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is no plan of a study: {}", path.display(), shortened(reason))]
    Plan { path: PathBuf, reason: String },
    #[error("the plan cannot be used: {}", shortened(.0))]
    Unfit(String),
    #[error("the table {} cannot be used: {}", path.display(), shortened(reason))]
    Table { path: PathBuf, reason: String },
    #[error("line {line} of {} cannot be meant: {}", path.display(), shortened(reason))]
    Row { path: PathBuf, line: u64, reason: String },
    #[error("{} is there already: a study is never overwritten, so name another folder", .0.display())]
    There(PathBuf),
    #[error("there is no reader {reader}: the plan names {}", shortened(known))]
    NoReader { reader: String, known: String },
    #[error("{} is open already, by another window of this reader", .0.display())]
    Open(PathBuf),
    #[error(
        "{} holds readings of another plan: study.toml was changed after reading began, so put back the plan of then",
        .0.display()
    )]
    OtherPlan(PathBuf),
    #[error("{} does not follow the order of the plan in line {line}: it was changed by hand or mixed up", path.display())]
    Order { path: PathBuf, line: u64 },
    // Whoever reads cases may see these sentences: they name no file.
    #[error("the file of case {0} is not the one that the plan was made with; study.toml names it")]
    Changed(String),
    #[error("the file of case {case} cannot be read: {source}; study.toml names it")]
    CaseUnread { case: String, source: FileError },
    #[error(
        "the model {0} is not the one that the plan was made with: it has other weights, so install those of then, or \
         make a new study"
    )]
    OtherModel(String),
    #[error("there are no results in {}: no reader has read a case yet", .0.display())]
    NoResults(PathBuf),
    #[error("no reader has read the same cases in every arm, so that nothing can be compared yet")]
    NothingCrossed,
    #[error("the readings cannot be compared: {0}")]
    Comparison(#[from] MultiReaderError),
    #[error("the report could not be made: {0}")]
    Report(#[from] ReportError),
}
