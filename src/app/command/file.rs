//! Opening and closing images, importing weights, writing reports.

use std::path::PathBuf;

use super::declare::commands;
use crate::app::state::weights_form::WeightsForm;

commands! {
    /// What a reader asks of files.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FileCommand of File {
        /// Asks for files by a dialog.
        OpenFiles => ("Open files…", "Opens images: DICOM, PNG, JPEG or TIFF", "Ctrl+O"),
        /// Asks for a folder by a dialog.
        OpenFolder => ("Open folder…", "Opens everything in a folder and the folders below", "Ctrl+Shift+O"),
        /// Paths from the path field, the recent list, the command line or a drop.
        OpenPaths(_: Vec<PathBuf>) => ("Open", "Opens these files and folders"),
        OpenDemo => ("Open the demo", "Opens a computed chest phantom with an opacity", "Ctrl+D"),
        /// Asks for a file of published weights.
        ChooseWeights => (
            "Import weights…",
            "Makes a model of a network (ONNX) or of weights: safetensors, PyTorch or Keras",
            "Ctrl+I",
        ),
        /// The import dialog with other values.
        EditWeights(_: Box<WeightsForm>) => ("Import weights", "Changes what the dialog says"),
        /// Makes a model of what the dialog says.
        ImportWeights => ("Import", "Reads the weights, checks every tensor and installs the model", ""),
        CloseWeights => ("Close", "Closes the dialog", ""),
        CloseAll => ("Close all", "Closes every study; running work is dropped", "Ctrl+W"),
        ExportReport => ("Export report", "Writes the case report (PDF and JSON) to the report folder", "Ctrl+E"),
        ExportDicom => (
            "Export as DICOM",
            "Writes the result as DICOM objects of the image's study: structured report, maps, segmentations, overlays, PDF",
            "",
        ),
        Print => (
            "Print",
            "Writes the case report and opens its PDF in the desktop's own program, which prints it",
            "Ctrl+Shift+P",
        ),
        SaveView => (
            "Save view as image",
            "Writes the views as they are on screen as a PNG file to the report folder",
            "Ctrl+Shift+S",
        ),
        SaveViewWithoutPatient => (
            "Save view without patient texts",
            "The same without names, dates, numbers, notes, overlays and annotations of the file",
            "Ctrl+Shift+D",
        ),
        ChooseReportFolder => ("Report folder…", "Chooses where reports are written", "Ctrl+Shift+E"),
        /// Hands a file or folder to the desktop.
        OpenExternally(_: PathBuf) => ("Open", "Opens it with the desktop's own program"),
        ToggleAnonymize => (
            "Anonymise",
            "Leaves name, dates, numbers and places out of the screen and of reports",
            "Ctrl+Shift+A",
        ),
        Quit => ("Quit", "Closes Pellucid", "Ctrl+Q"),
    }
}
