//! What is wrong with a configuration, in sentences that name the key and say what to write
//! instead.

use std::path::PathBuf;

use crate::files::FileError;
use crate::files::naming::NameError;
use crate::model::manifest::ManifestError;
use crate::network::architecture::ArchitectureError;

/// Result of a check.
pub(super) type Check<T = ()> = Result<T, ConfigFault>;

/// A fault of a configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigFault {
    #[error("{0}")]
    Toml(String),
    #[error("`extends` must be the path of another configuration, relative to this one")]
    ExtendsNoPath,
    #[error("it extends itself, by way of {}; take one `extends` out", .0.display())]
    ExtendsItself(PathBuf),
    #[error("more than {0} configurations extend each other; put some of them into one")]
    ExtendsTooDeep(usize),
    #[error("it extends {}, which cannot be read: {source}; `extends` is relative to the file that it stands in", .path.display())]
    ExtendsUnreadable { path: PathBuf, source: FileError },
    #[error("`pipeline.methods` names \"{0}\", which is no method; `pellucid help explain` lists them")]
    Method(String),
    #[error("its `name` is the folder of the run, and {0}")]
    Name(NameError),
    #[error("it has {found} {what}; at most {most} make sense")]
    TooMany { what: &'static str, found: usize, most: usize },
    #[error("`{name}` is {value}, but must lie between {low} and {high}")]
    Range { name: String, value: f64, low: f64, high: f64 },
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),

    #[error("exclusive classes (head = \"softmax\") need at least two labels; one finding alone is head = \"sigmoid\"")]
    OneClass,
    #[error("the label \"{0}\" is there twice")]
    LabelTwice(String),
    #[error("the group \"{group}\" names \"{member}\", which is none of the labels")]
    Member { group: String, member: String },
    #[error("a suggestion names \"{0}\", which is no label and no group")]
    Suggestion(String),
    #[error("it needs at least one `[[phase]]` with epochs")]
    NoEpochs,
    #[error("a phase has the image size {0}, but it must lie between 16 and 2048")]
    PhaseSize(usize),
    #[error("the input must be square")]
    NotSquare,
    #[error("the input must have one channel or three")]
    Channels,

    #[error("`[data]` names no images: give `folders`, a `csv` table or `npz` archives")]
    NoData,
    #[error("the `separator` of the labels in the table is empty; it is \"|\" in most tables")]
    NoSeparator,
    #[error("a label rule names \"{0}\", which is none of the labels")]
    Rule(String),
    #[error("a patient pattern does not parse: {0}")]
    Pattern(regex::Error),
    #[error("the patient pattern `{0}` has no group in brackets that names the patient")]
    PatternWithoutGroup(String),
    #[error("`validation` and `test` together leave less than 5 % to learn from")]
    SharesOfTwo,
    #[error("`validation`, `calibration` and `test` together leave less than 5 % to learn from")]
    SharesOfThree,
    #[error("it names no `[[labels]]`, and only data in a folder for each class can do without")]
    NoLabels,
    #[error("the data folder {} cannot be read ({source}); name its parent with --data", .folder.display())]
    DataFolder { folder: PathBuf, source: std::io::Error },
    #[error("there are {0} class folders, which is no set of labels; name `[[labels]]`")]
    ManyClassFolders(usize),
    #[error("the data folders hold {}, and telling classes apart needs at least two", class_folders(*.count))]
    FewClassFolders { count: usize },

    #[error("`balance.smote` needs classes that exclude each other (head = \"softmax\")")]
    SmoteOfFindings,
    #[error("`balance.smote` is \"features\" with a frozen backbone (`transfer.freeze`) and \"pixels\" without")]
    SmoteKind,
    #[error(
        "`augment.mixup` mixes images, and a frozen backbone's features are made of single ones; leave one of the two out"
    )]
    MixupOfFeatures,
    #[error("`focal_alpha` is for findings on their own (head = \"sigmoid\"); exclusive classes have `class_weights`")]
    FocalAlpha,
    #[error("`nesterov` needs a `momentum` above 0")]
    Nesterov,
    #[error("`step_epochs` must be at least 1")]
    StepEpochs,
    #[error("`batch` must be at least 2, for batch norm needs a spread")]
    Batch,

    #[error("there is no stage \"{stage}\"; this network has {known}")]
    Stage { stage: String, known: String },
    #[error("`freeze = \"backbone\"` trains the head alone; leave it out where `train_from` names a stage")]
    TrainFromOfBackbone,
    #[error("frozen stages need weights: name a model or a weights file in `start_from`")]
    NoStart,
    #[error("`[[unfreeze]]` has nothing to unfreeze: set `freeze = \"backbone\"` or `train_from` in `[transfer]`")]
    NothingFrozen,
    #[error("the epochs of `[[unfreeze]]` must rise")]
    EpochsFall,
}

/// Refuses a number outside its range, or no number at all.
pub(super) fn within(name: &str, value: f64, low: f64, high: f64) -> Check {
    if value.is_finite() && (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ConfigFault::Range { name: name.to_owned(), value, low, high })
    }
}

/// So many of them, in words.
fn class_folders(count: usize) -> String {
    if count == 1 { "1 class folder".into() } else { format!("{count} class folders") }
}
