//! Everything a reader can do, as one enum: menus, keys, tooltips and the F1 table all come from here.
//!
//! A panel never changes state: it answers with commands, and [`super::update::apply`] carries them out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::explain::Method;
use crate::imaging::Window;
use crate::study::ImageEntry;

use super::impression::ImpressionCommand;
use super::maps::command::MapCommand;
use super::state::{Layout, NoticeId, PaneIndex, Theme};
use super::sure::SureCommand;
use super::training::TrainingCommand;
use super::weights::WeightsForm;

/// What a reader asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    // File
    OpenFiles,
    OpenFolder,
    /// Paths from the path field, the recent list, the command line or a drop.
    OpenPaths(Vec<PathBuf>),
    OpenDemo,
    /// Asks for a file of published weights.
    ChooseWeights,
    /// The import dialog with other values.
    EditWeights(Box<WeightsForm>),
    /// Makes a model of what the dialog says.
    ImportWeights,
    CloseWeights,
    CloseAll,
    ExportReport,
    ChooseReportFolder,
    /// Hands a file or folder to the desktop.
    OpenExternally(PathBuf),
    ToggleAnonymize,
    Quit,

    // Study
    PreviousImage,
    NextImage,
    /// Shows a frame (from 0) of an image.
    ShowImage(Arc<ImageEntry>, u32),
    /// Loads the current image once more.
    Reload,

    // View
    SetLayout(Layout),
    /// This view alone, or back to the layout before.
    ToggleSolo(PaneIndex),
    ResetView,
    Invert,
    FlipHorizontal,
    FlipVertical,
    RotateRight,
    RotateLeft,
    ZoomIn,
    ZoomOut,
    AutoWindow,
    FileWindow,
    SetWindow(PaneIndex, Window),
    /// Window by mouse: parts of the pane dragged right (wider) and down (lower level, brighter).
    DragWindow(PaneIndex, [f32; 2]),
    /// Moves the image by image pixels.
    Pan(PaneIndex, [f32; 2]),
    /// Zooms by a factor around a point of the image (image pixels), which stays where it is.
    Zoom(PaneIndex, f32, [f32; 2]),
    /// The pixel under the cursor (column, row), or none.
    Point(Option<(u32, u32)>),
    ToggleLinked,
    ToggleSmooth,
    ToggleStudies,
    ToggleFindings,
    ToggleFullscreen,
    /// Width of the studies panel and of the findings panel, in points.
    SetPanelWidths(f32, f32),
    SetTheme(Theme),

    // Overlay
    ToggleHeatMap,
    /// Held down: nothing lies over the film, no map and no text.
    HideOverlays(bool),
    NextMethod,
    SetMethod(Method),
    SetLayer(String),
    SetOpacity(f32),
    LessOpacity,
    MoreOpacity,
    SetThreshold(f32),
    LowerThreshold,
    RaiseThreshold,
    NextColormap,
    SetColormap(String),
    ToggleContours,
    ToggleSharedScale,
    /// Opens the question how far the shown map can be trusted, or closes it and stops what it asked for.
    ToggleTrust,
    /// Judges the shown map once more, after it was stopped or has failed.
    JudgeAgain,

    // Findings
    PreviousClass,
    NextClass,
    SelectClass(usize),
    /// Ticks or unticks a class for comparison; the first two ticked are A and B.
    TickClass(usize),
    SwapCompared,
    ShowAnyway,
    Cancel,
    /// Runs the analysis once more.
    Retry,
    SetSamples(usize),
    SetSeed(u64),
    /// This model, from now on.
    SetModel(String),
    /// The model that fits, for each image.
    PickModel,

    /// What concerns maps: methods, stages, stability, looks of a view.
    Maps(MapCommand),
    /// What concerns the reader's own impression.
    Impression(ImpressionCommand),
    /// How sure a result is.
    Sure(SureCommand),

    /// What concerns the laboratory.
    Training(TrainingCommand),

    // Help
    ToggleKeys,
    DismissNotice(NoticeId),
    /// Esc: closes the key table, else leaves the single view, else cancels.
    Escape,
}

/// Where a command stands in menus and in the key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    File,
    Study,
    View,
    Overlay,
    Findings,
    Training,
    Help,
}

impl Group {
    /// Every group, in the order of the menus.
    pub const ALL: [Self; 7] =
        [Self::File, Self::Study, Self::View, Self::Overlay, Self::Findings, Self::Training, Self::Help];

    /// Heading of the group.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Study => "Study",
            Self::View => "View",
            Self::Overlay => "Overlay",
            Self::Findings => "Findings",
            Self::Training => "Training",
            Self::Help => "Help",
        }
    }
}

/// What is said about a command wherever it appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Words on the button; "…" where a dialog follows.
    pub label: &'static str,
    /// A sentence: what it does.
    pub tooltip: &'static str,
    /// Key as written in the table, for example `Ctrl+E`; empty when there is none.
    pub key: &'static str,
    pub group: Group,
}

impl Info {
    /// The tooltip with the key behind it: `Inverts black and white (I)`.
    pub fn hint(&self) -> String {
        if self.key.is_empty() { self.tooltip.to_owned() } else { format!("{} ({})", self.tooltip, self.key) }
    }
}

impl Command {
    /// Every command that needs no further word, in the order of the menus and of the key table.
    pub fn table() -> Vec<Self> {
        use Command as C;
        let mut table = vec![
            C::OpenFiles,
            C::OpenFolder,
            C::OpenDemo,
            C::ChooseWeights,
            C::CloseAll,
            C::ExportReport,
            C::ChooseReportFolder,
            C::ToggleAnonymize,
            C::Quit,
            C::PreviousImage,
            C::NextImage,
            C::Reload,
            C::SetLayout(Layout::SideBySide),
            C::SetLayout(Layout::Single),
            C::SetLayout(Layout::ClassGrid),
            C::SetLayout(Layout::Compare),
            C::SetLayout(Layout::MethodGrid),
            C::ResetView,
            C::Invert,
            C::FlipHorizontal,
            C::FlipVertical,
            C::RotateRight,
            C::RotateLeft,
            C::ZoomIn,
            C::ZoomOut,
            C::AutoWindow,
            C::FileWindow,
            C::ToggleLinked,
            C::ToggleSmooth,
            C::ToggleStudies,
            C::ToggleFindings,
            C::ToggleFullscreen,
            C::ToggleHeatMap,
            C::HideOverlays(true),
            C::NextMethod,
            C::LessOpacity,
            C::MoreOpacity,
            C::LowerThreshold,
            C::RaiseThreshold,
            C::NextColormap,
            C::ToggleContours,
            C::ToggleSharedScale,
            C::ToggleTrust,
            C::JudgeAgain,
            C::PreviousClass,
            C::NextClass,
            C::SwapCompared,
            C::ShowAnyway,
            C::Cancel,
            C::Retry,
            C::PickModel,
            C::Sure(SureCommand::ToggleReliability),
            C::ToggleKeys,
            C::Escape,
        ];
        table.extend(MapCommand::table().into_iter().map(C::Maps));
        table.extend(ImpressionCommand::table().into_iter().map(C::Impression));
        table.extend(TrainingCommand::table().into_iter().map(C::Training));
        table
    }

    /// Label, tooltip, key and group.
    pub fn info(&self) -> Info {
        use Command as C;
        use Group as G;
        let (label, tooltip, key, group) = match self {
            C::OpenFiles => ("Open files…", "Opens images: DICOM, PNG, JPEG or TIFF", "Ctrl+O", G::File),
            C::OpenFolder => {
                ("Open folder…", "Opens everything in a folder and the folders below", "Ctrl+Shift+O", G::File)
            }
            C::OpenPaths(_) => ("Open", "Opens these files and folders", "", G::File),
            C::OpenDemo => ("Open the demo", "Opens a computed chest phantom with an opacity", "Ctrl+D", G::File),
            C::ChooseWeights => (
                "Import weights…",
                "Makes a model of published weights: safetensors, PyTorch or Keras",
                "Ctrl+I",
                G::File,
            ),
            C::EditWeights(_) => ("Import weights", "Changes what the dialog says", "", G::File),
            C::ImportWeights => {
                ("Import", "Reads the weights, checks every tensor and installs the model", "", G::File)
            }
            C::CloseWeights => ("Close", "Closes the dialog", "", G::File),
            C::CloseAll => ("Close all", "Closes every study; running work is dropped", "Ctrl+W", G::File),
            C::ExportReport => {
                ("Export report", "Writes the case report (PDF and JSON) to the report folder", "Ctrl+E", G::File)
            }
            C::ChooseReportFolder => ("Report folder…", "Chooses where reports are written", "Ctrl+Shift+E", G::File),
            C::OpenExternally(_) => ("Open", "Opens it with the desktop's own program", "", G::File),
            C::ToggleAnonymize => (
                "Anonymise",
                "Leaves name, dates, numbers and places out of the screen and of reports",
                "Ctrl+Shift+A",
                G::File,
            ),
            C::Quit => ("Quit", "Closes Pellucid", "Ctrl+Q", G::File),

            C::PreviousImage => ("Previous image", "Shows the image before", "PageUp", G::Study),
            C::NextImage => ("Next image", "Shows the image after", "PageDown", G::Study),
            C::ShowImage(..) => ("Show", "Shows this image", "", G::Study),
            C::Reload => ("Load again", "Reads the current image from its file once more", "F5", G::Study),

            C::SetLayout(Layout::SideBySide) => {
                ("Original | Overlay", "The film beside the film with the map", "D", G::View)
            }
            C::SetLayout(Layout::Single) => ("Single", "One view: the film with the map over it", "S", G::View),
            C::SetLayout(Layout::ClassGrid) => ("Grid", "The film and one map for each class", "C", G::View),
            C::SetLayout(Layout::Compare) => {
                ("A | B | A−B", "Two classes side by side, and where they differ", "B", G::View)
            }
            C::SetLayout(Layout::MethodGrid) => {
                ("Methods", "The film and one map for each of several methods, of the chosen class", "E", G::View)
            }
            C::ToggleSolo(_) => ("This view only", "Shows this view alone, or all again", "Double click", G::View),
            C::ResetView => {
                ("Reset view", "Fits the image, undoes turns and flips, takes the first window", "Space", G::View)
            }
            C::Invert => ("Invert", "Swaps black and white", "I", G::View),
            C::FlipHorizontal => {
                ("Flip left and right", "Mirrors the image; the orientation letters follow", "H", G::View)
            }
            C::FlipVertical => ("Flip up and down", "Turns the image upside down as a mirror does", "V", G::View),
            C::RotateRight => ("Rotate right", "Turns the image by 90° clockwise", "R", G::View),
            C::RotateLeft => ("Rotate left", "Turns the image by 90° counter-clockwise", "L", G::View),
            C::ZoomIn => ("Zoom in", "Makes the image larger", "+", G::View),
            C::ZoomOut => ("Zoom out", "Makes the image smaller", "-", G::View),
            C::AutoWindow => ("Auto window", "Window from the grey values, tails of 0.1 % cut", "0", G::View),
            C::FileWindow => ("Window of the file", "Window that the file asks for", "1", G::View),
            C::SetWindow(..) => ("Window", "Sets centre and width", "", G::View),
            C::DragWindow(..) => ("Window by mouse", "Right is wider, down is brighter", "Left drag", G::View),
            C::Pan(..) => ("Pan", "Moves the image", "Middle drag", G::View),
            C::Zoom(..) => ("Zoom", "Up makes the image larger", "Right drag", G::View),
            C::Point(_) => ("Pixel value", "Value of the pixel under the cursor", "", G::View),
            C::SetPanelWidths(..) => ("Panel widths", "Drag the edge of a panel", "", G::View),
            C::ToggleLinked => ("Link views", "Pan, zoom and window go together in all views", "K", G::View),
            C::ToggleSmooth => ("Smooth pixels", "Interpolates between pixels, or shows them as squares", "N", G::View),
            C::ToggleStudies => ("Studies panel", "Shows or hides the list of studies", "F9", G::View),
            C::ToggleFindings => ("Findings panel", "Shows or hides the findings", "F10", G::View),
            C::ToggleFullscreen => ("Full screen", "Uses the whole screen, or the window again", "F11", G::View),
            C::SetTheme(Theme::Dark) => ("Dark", "Near-black greys for a dark room", "", G::View),
            C::SetTheme(Theme::Light) => ("Light", "Light greys for a bright room", "", G::View),
            C::SetTheme(Theme::HighContrast) => ("High contrast", "White on black, strong lines", "", G::View),

            C::ToggleHeatMap => ("Heat map", "Shows or hides the map over the film", "G", G::Overlay),
            C::HideOverlays(_) => {
                ("Hide every overlay", "While held: the bare film, no map and no text", "O", G::Overlay)
            }
            C::NextMethod => ("Next method", "Goes on to the next method that costs next to nothing", "M", G::Overlay),
            C::SetMethod(_) => ("Method", "How the map is computed", "", G::Overlay),
            C::SetLayer(_) => ("Layer", "Stage of the network that the map is taken from", "", G::Overlay),
            C::SetOpacity(_) => ("Opacity", "How strongly the map covers the film", "", G::Overlay),
            C::LessOpacity => ("Less opacity", "Lets more of the film through the map", "[", G::Overlay),
            C::MoreOpacity => ("More opacity", "Lets less of the film through the map", "]", G::Overlay),
            C::SetThreshold(_) => ("Threshold", "Values of the map below this stay transparent", "", G::Overlay),
            C::LowerThreshold => ("Lower threshold", "Shows weaker parts of the map too", ",", G::Overlay),
            C::RaiseThreshold => ("Raise threshold", "Shows only stronger parts of the map", ".", G::Overlay),
            C::NextColormap => ("Next colour map", "Takes the next colour scale of the list", "J", G::Overlay),
            C::SetColormap(_) => ("Colour map", "Colour scale of the map", "", G::Overlay),
            C::ToggleContours => ("Contours", "Lines of equal value over the map", "T", G::Overlay),
            C::ToggleSharedScale => ("Shared scale", "One scale for all classes, or each on its own", "Y", G::Overlay),

            C::ToggleTrust => (
                "Can this map be trusted?",
                "Measures the shown map beside a centred blob and a random map, in the background",
                "Q",
                G::Overlay,
            ),
            C::JudgeAgain => ("Judge again", "Measures how far the shown map can be trusted once more", "", G::Overlay),

            C::PreviousClass => ("Previous class", "Shows the map of the class above", "ArrowUp", G::Findings),
            C::NextClass => ("Next class", "Shows the map of the class below", "ArrowDown", G::Findings),
            C::SelectClass(_) => ("Show map", "Shows the map of this class", "", G::Findings),
            C::TickClass(_) => ("Compare", "Takes this class into comparison and report", "", G::Findings),
            C::SwapCompared => ("Swap A and B", "Exchanges the two compared classes", "X", G::Findings),
            C::ShowAnyway => {
                ("Show anyway", "Scores the image although the gate refused it", "Ctrl+Shift+F", G::Findings)
            }
            C::Cancel => ("Cancel", "Stops the running analysis or explanation", "Ctrl+.", G::Findings),
            C::Retry => ("Analyse again", "Runs the analysis of this image once more", "Ctrl+R", G::Findings),
            C::SetSamples(_) => ("Samples", "Number of samples; more give steadier bars", "", G::Findings),
            C::SetSeed(_) => ("Seed", "The same seed gives the same numbers", "", G::Findings),
            C::PickModel => {
                ("Automatic", "Chooses the model that fits each image, and says why", "Ctrl+Shift+M", G::Findings)
            }
            C::SetModel(_) => {
                ("Model", "Takes this model for every image, and analyses this one again", "", G::Findings)
            }

            C::Maps(command) => return command.info(),
            C::Impression(command) => return command.info(),
            C::Sure(command) => return command.info(),
            C::Training(command) => return command.info(),

            C::ToggleKeys => ("All keys", "Shows or hides this table", "F1", G::Help),
            C::DismissNotice(_) => ("Dismiss", "Takes the notice away", "", G::Help),
            C::Escape => (
                "Back",
                "Closes what is open, else leaves the training room, else stops what is running",
                "Esc",
                G::Help,
            ),
        };
        Info { label, tooltip, key, group }
    }

    /// Mouse gestures, which stand in the F1 table below the keys: gesture and what it does.
    pub const GESTURES: [(&'static str, &'static str); 6] = [
        ("Left drag", "Window: right is wider, down is brighter"),
        ("Middle drag", "Pan (also Shift + left drag)"),
        ("Right drag", "Zoom (also Ctrl + wheel)"),
        ("Wheel", "Previous or next image of a stack; zoom where there is one image"),
        ("Double click", "This view only, or all again"),
        ("Drop", "Opens the dropped files and folders; weights are imported"),
    ];
}
