//! Classes, the analysis, and the model that judges.

use super::declare::commands;

commands! {
    /// What a reader asks of the findings.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FindingsCommand of Findings {
        PreviousClass => ("Previous class", "Shows the map of the class above", "ArrowUp"),
        NextClass => ("Next class", "Shows the map of the class below", "ArrowDown"),
        SelectClass(_: usize) => ("Show map", "Shows the map of this class"),
        /// Ticks or unticks a class for comparison; the first two ticked are A and B.
        TickClass(_: usize) => ("Compare", "Takes this class into comparison and report"),
        SwapCompared => ("Swap A and B", "Exchanges the two compared classes", "X"),
        ShowAnyway => ("Show anyway", "Scores the image although the gate refused it", "Ctrl+Shift+F"),
        Cancel => ("Cancel", "Stops the running analysis or explanation", "Ctrl+."),
        /// Runs the analysis once more.
        Retry => ("Analyse again", "Runs the analysis of this image once more", "Ctrl+R"),
        SetSamples(_: usize) => ("Samples", "Number of samples; more give steadier bars"),
        SetSeed(_: u64) => ("Seed", "The same seed gives the same numbers"),
        /// This model, from now on.
        SetModel(_: String) => ("Model", "Takes this model for every image, and analyses this one again"),
        /// The model that fits, for each image.
        PickModel => ("Automatic", "Chooses the model that fits each image, and says why", "Ctrl+Shift+M"),
        /// Has the other images of the study judged.
        ScoreStudy => ("Score the study", "Scores the other images of this study, for one result of all", ""),
        /// Similar cases belong to reports from here on, or no longer.
        ToggleSimilarInReport => (
            "Print in reports",
            "Reports print these small images of other patients with labels and distances",
            ""
        ),
        CompareModels => (
            "Compare with before",
            "Compares a model that has changed since the last session with what it was, on the open images",
            "",
        ),
        CloseComparison => ("Close the comparison", "Closes the comparison of a changed model", ""),
        StopStudy => ("Stop", "Scores no more images of this study", ""),
    }
}
