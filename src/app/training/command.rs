//! What a reader can ask of the laboratory; words, keys and tooltips beside it.

use std::path::PathBuf;

use super::state::{Figure, Folder, Page};
use crate::app::command::{Group, Info};

/// What a reader asks of the laboratory.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingCommand {
    /// The laboratory, or back to the reading room.
    Toggle,
    Show(Page),

    // What to train
    ChooseConfiguration,
    Configure(PathBuf),
    /// Asks for a folder by a dialog.
    ChooseFolder(Folder),
    SetFolder(Folder, PathBuf),
    /// Goes on from the checkpoint in the run's folder.
    ToggleResume,
    Start,
    /// Puts the configuration, or the run that is over, away.
    Discard,
    /// Sets the same run up once more.
    Again,

    // The run
    /// Pauses the run, or goes on.
    Pause,
    /// Asks whether to stop.
    Stop,
    ConfirmStop,
    /// Takes the question away.
    KeepGoing,
    /// Stops the run and closes the window once its files are written.
    StopAndQuit,
    /// Closes the window without waiting for the model.
    QuitAtOnce,
    ToggleCurve(String),
    /// The samples of an epoch; of the newest one where there is none.
    ShowSamples(Option<usize>),
    OpenModel,

    // Runs
    ToggleRun(PathBuf),
    SetFigure(Figure),
    Refresh,
}

impl TrainingCommand {
    /// Every command that needs no further word, in the order of the key table.
    pub fn table() -> Vec<Self> {
        use TrainingCommand as T;
        vec![T::Toggle, T::Show(Page::Compare), T::ChooseConfiguration, T::Start, T::Pause, T::Stop]
    }

    /// Label, tooltip, key and group.
    pub fn info(&self) -> Info {
        use TrainingCommand as T;
        let (label, tooltip, key) = match self {
            T::Toggle => {
                ("Training", "The training room, or back to the reading room; a run goes on in both", "Ctrl+T")
            }
            T::Show(Page::Run) => ("Run", "What is trained, and how far it is", ""),
            T::Show(Page::Compare) => ("Compare runs", "Curves and figures of several runs", "Ctrl+Shift+T"),
            T::ChooseConfiguration => ("Configuration…", "Chooses the TOML file that says what to train", ""),
            T::Configure(_) => ("Use this configuration", "Shows what it would train", ""),
            T::ChooseFolder(_) => ("Choose…", "Chooses the folder", ""),
            T::SetFolder(..) => ("Use this folder", "Takes this folder", ""),
            T::ToggleResume => {
                ("Go on from the checkpoint", "Takes up the run in this folder after its last whole epoch", "")
            }
            T::Start => ("Start training", "Starts the run; it can be paused and stopped at any time", ""),
            T::Discard => ("Another configuration", "Puts this one away; its files stay", ""),
            T::Again => ("Set up again", "Takes the same configuration and folders once more", ""),
            T::Pause => ("Pause or go on", "Halts the run after its next step, or goes on with it", "Ctrl+P"),
            T::Stop => ("Stop…", "Ends the run; it can be taken up again", ""),
            T::ConfirmStop => ("Stop the run", "Ends it after its last whole epoch and writes the model", ""),
            T::KeepGoing => ("Keep training", "Leaves the run as it is", ""),
            T::StopAndQuit => ("Stop and quit", "Writes the model of the last whole epoch, then closes the window", ""),
            T::QuitAtOnce => ("Quit at once", "Closes without the model; the run can go on from its checkpoint", ""),
            T::ToggleCurve(_) => ("Curve", "Shows or hides this curve", ""),
            T::ShowSamples(_) => ("Samples", "What the network made of these images after this epoch", ""),
            T::OpenModel => ("Open the model", "Reads images with it in the reading room", ""),
            T::ToggleRun(_) => ("Run", "Shows or hides this run", ""),
            T::SetFigure(figure) => (figure.name(), "Compares the runs by this figure", ""),
            T::Refresh => ("Refresh", "Reads the folders of the runs again", ""),
        };
        Info { label, tooltip, key, group: Group::Training }
    }
}
