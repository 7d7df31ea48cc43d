//! The training room: what to train, the run, and how runs compare.

use std::path::PathBuf;

use super::declare::commands;
use crate::app::state::training::new_config::NewConfigForm;
use crate::app::state::training::{Folder, Page, RunMetric};
use crate::language::named;

commands! {
    /// What a reader asks of the training room.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum TrainingCommand of Training {
        /// The training room, or back to the reading room.
        Toggle => ("Training", "The training room, or back to the reading room; a run goes on in both", "Ctrl+T"),
        Show(page: Page) in Page::ALL => match page {
            Page::Run => ("Run", "What is trained, and how far it is", ""),
            Page::Compare => ("Compare runs", "Curves and metrics of several runs", "Ctrl+Shift+T"),
        },
        ChooseConfiguration => ("Configuration…", "Chooses the TOML file that says what to train", ""),
        Configure(_: PathBuf) => ("Use this configuration", "Shows what it would train"),
        /// The form of a new configuration with other values.
        EditConfiguration(_: Box<NewConfigForm>) => ("New configuration", "Changes what the form says"),
        MakeConfiguration => (
            "Make a configuration",
            "Writes a configuration with every key and its meaning, and shows what it would train",
            "",
        ),
        /// Asks for a folder by a dialog.
        ChooseFolder(_: Folder) => ("Choose…", "Chooses the folder"),
        SetFolder(_: Folder, _: PathBuf) => ("Use this folder", "Takes this folder"),
        /// Goes on from the checkpoint in the run's folder.
        ToggleResume => (
            "Go on from the checkpoint",
            "Takes up the run in this folder after its last whole epoch",
            "",
        ),
        Start => ("Start training", "Starts the run; it can be paused and stopped at any time", ""),
        /// Puts the configuration, or the run that is over, away.
        Discard => ("Another configuration", "Puts this one away; its files stay", ""),
        /// Sets the same run up once more.
        Again => ("Set up again", "Takes the same configuration and folders once more", ""),
        /// Pauses the run, or goes on.
        Pause => ("Pause or go on", "Halts the run after its next step, or goes on with it", "Ctrl+P"),
        /// Asks whether to stop.
        Stop => ("Stop…", "Ends the run; it can be taken up again", ""),
        ConfirmStop => ("Stop the run", "Ends it after its last whole epoch and writes the model", ""),
        /// Takes the question away.
        KeepGoing => ("Keep training", "Leaves the run as it is", ""),
        /// Stops the run and closes the window once its files are written.
        StopAndQuit => ("Stop and quit", "Writes the model of the last whole epoch, then closes the window", ""),
        /// Closes the window without waiting for the model.
        QuitAtOnce => ("Quit at once", "Closes without the model; the run can go on from its checkpoint", ""),
        ToggleCurve(_: String) => ("Curve", "Shows or hides this curve"),
        /// The samples of an epoch; of the newest one where there is none.
        ShowSamples(_: Option<usize>) => ("Samples", "What the network made of these images after this epoch"),
        /// The pipeline on a finished run.
        Judge => (
            "Measure on the test part",
            "Scores images that took no part in this training, measures calibration and maps, and writes one page",
            "",
        ),
        OpenModel => ("Open the model", "Reads images with it in the reading room", ""),
        ToggleRun(_: PathBuf) => ("Run", "Shows or hides this run"),
        SetMetric(metric: RunMetric) in RunMetric::ALL => (metric.name(), named!("Compares the runs by this metric"), ""),
        Refresh => ("Refresh", "Reads the folders of the runs again", ""),
    }
}
