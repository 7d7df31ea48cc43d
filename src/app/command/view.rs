//! The layout, how images lie in their views, and the window of the program.

use super::declare::commands;
use crate::app::state::{Layout, PaneIndex, Theme};
use crate::imaging::Window;

commands! {
    /// What a reader asks of the views.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum ViewCommand of View {
        SetLayout(layout: Layout) in Layout::ALL => words_of_layout(*layout),
        /// This view alone, or back to the layout before.
        ToggleSolo(_: PaneIndex) => ("This view only", "Shows this view alone, or all again"),
        ResetView => ("Reset view", "Fits the image, undoes turns and flips, takes the first window", "Space"),
        Invert => ("Invert", "Swaps black and white", "I"),
        FlipHorizontal => ("Flip left and right", "Mirrors the image; the orientation letters follow", "H"),
        FlipVertical => ("Flip up and down", "Turns the image upside down as a mirror does", "V"),
        RotateRight => ("Rotate right", "Turns the image by 90° clockwise", "R"),
        RotateLeft => ("Rotate left", "Turns the image by 90° counter-clockwise", "L"),
        ZoomIn => ("Zoom in", "Makes the image larger", "+"),
        ZoomOut => ("Zoom out", "Makes the image smaller", "-"),
        PixelForPixel => (
            "Pixel for pixel",
            "Shows each pixel of the image on one pixel of the screen; nothing is left out or invented",
            "Ctrl+1",
        ),
        AutoWindow => ("Auto window", "Window from the grey values, tails of 0.1 % cut", "0"),
        FileWindow => ("Window of the file", "Window that the file asks for", "1"),
        NextFileWindow => ("Next window of the file", "Goes through the windows and VOI tables that the file brings", "W"),
        /// The window or VOI table at this place of the file, or behind them of a presentation state.
        ChooseVoi(_: usize) => ("Window of the file", "Takes this window or VOI table"),
        /// Applies a presentation state, or shows the image as its file says.
        Present(_: Option<usize>) => ("Presentation state", "Window, shutter, turns, area and annotations of this state"),
        ToggleGraphics => (
            "Overlay of the file",
            "Shows or hides overlay planes of the file and annotations of a presentation state",
            "F",
        ),
        ToggleShutter => ("Display shutter", "Closes or opens the shutter of the file; a model is given the whole image", "Shift+F"),
        SetWindow(_: PaneIndex, _: Window) => ("Window", "Sets centre and width"),
        /// Window by mouse: parts of the view dragged right (wider) and down (lower level,
        /// brighter).
        DragWindow(_: PaneIndex, _: [f32; 2]) => ("Window by mouse", "Right is wider, down is brighter"),
        /// Moves the image by image pixels.
        Pan(_: PaneIndex, _: [f32; 2]) => ("Pan", "Moves the image"),
        /// Zooms by a factor around a point (image pixels from the middle of the image), which
        /// stays where it is.
        Zoom(_: PaneIndex, _: f32, _: [f32; 2]) => ("Zoom", "Up makes the image larger"),
        /// So many times as large as what fits the view.
        SetZoom(_: PaneIndex, _: f32) => ("Zoom", "Sets how large the image is"),
        /// The pixel under the cursor (column, row), or none.
        Point(_: Option<(u32, u32)>) => ("Pixel value", "Value of the pixel under the cursor"),
        ToggleLinked => ("Link views", "Pan, zoom and window go together in all views; pan and zoom of several images", "K"),
        ToggleSmooth => ("Smooth pixels", "Interpolates between pixels, or shows them as squares", "N"),
        ToggleStudies => ("Studies panel", "Shows or hides the list of studies", "F9"),
        ToggleFindings => ("Findings panel", "Shows or hides the findings", "F10"),
        ToggleFullscreen => ("Full screen", "Uses the whole screen, or the window again", "F11"),
        ToggleSecondWindow => (
            "Second window",
            "The current image, or the grid of several images, in a window for a second monitor",
            "Shift+F11",
        ),
        /// Width of the studies panel and of the findings panel, in points.
        SetPanelWidths(_: f32, _: f32) => ("Panel widths", "Drag the edge of a panel"),
        SetTheme(theme: Theme) in Theme::ALL => words_of_theme(*theme),
    }
}

fn words_of_layout(layout: Layout) -> (&'static str, &'static str, &'static str) {
    match layout {
        Layout::SideBySide => ("Side by side", "The image beside the image with the map", "D"),
        Layout::Single => ("Single", "One view: the image with the map over it", "S"),
        Layout::ClassGrid => ("Grid", "The image and one map for each class", "C"),
        Layout::Compare => ("A | B | A−B", "Two classes side by side, and where they differ", "B"),
        Layout::WhatIf => {
            ("What if", "Takes parts of the image away and asks the model again; the image itself stays", "Shift+W")
        }
        Layout::MethodGrid => {
            ("Methods", "The image and one map for each of several methods, of the chosen class", "E")
        }
        Layout::Hanging => ("Images", "Several images in a grid; drag them from the list into their places", "F4"),
    }
}

fn words_of_theme(theme: Theme) -> (&'static str, &'static str, &'static str) {
    match theme {
        Theme::Dark => ("Dark", "Near-black greys for a dark room", ""),
        Theme::Light => ("Light", "Light greys for a bright room", ""),
        Theme::HighContrast => ("High contrast", "White on black, strong lines", ""),
    }
}
