//! Measuring: the tool in hand, the pointer on the image, and what becomes of measurements.
//!
//! Points are in pixels of the image, so that no command knows how the image lies in its view.

use super::declare::commands;
use crate::app::state::measuring::{CursorMove, Tool};
use crate::measurement::{Handle, Kind, MeasurementId, Point, Words};

commands! {
    /// What a reader asks of measurements.
    #[derive(Clone, Debug, PartialEq)]
    pub enum MeasureCommand of Measure {
        /// This tool; the one in hand is put away.
        TakeTool(tool: Tool) in Tool::ALL => words_of_tool(*tool),
        /// The button goes down with a tool in hand; ways shorter than the second word are no drag.
        Press(_: Point, _: f64) => ("Set a point", "Sets the next point of the measurement"),
        /// The pointer moves.
        MoveTo(_: Point) => ("Move", "Moves the point or measurement in hand"),
        /// The button goes up.
        Release(_: Point) => ("Let go", "Ends a drag"),
        /// The crosshair that the keyboard moves.
        Cursor(_: CursorMove) => ("Crosshair", "Moves the crosshair, or sets a point where it stands"),
        /// Takes a measurement that is there by one of its places.
        Grab(_: MeasurementId, _: Handle, _: Point) => ("Take", "Drags a point, or the whole measurement"),
        Select(_: Option<MeasurementId>) => ("Select", "Selects this measurement"),
        DeleteSelected => ("Delete", "Deletes the selected measurement", "Delete"),
        Remove(_: MeasurementId) => ("Delete", "Deletes this measurement"),
        /// What a measurement is called, or what a note says.
        Rename(_: MeasurementId, _: Words) => ("Name", "Names the measurement, or changes the words of a note"),
        /// How many millimetres long a calibration line is.
        Calibrate(_: MeasurementId, _: Option<f64>) => ("Known length", "Says how long the calibration line is"),
        /// The field for the words of a new note has the keyboard.
        WordsAsked => ("Words", "What does the note say?", ""),
        ToggleKeyImage => (
            "Key image",
            "Marks this image (of several frames, this frame) to be found again, or takes the mark away",
            "Shift+Y",
        ),
        Undo => ("Undo", "Takes the last change of a measurement, of a mark or of the view back", "Ctrl+Z"),
        Redo => ("Redo", "Makes the change again that was taken back", "Ctrl+Shift+Z"),
        ToggleShown => ("Show measurements", "Shows or hides the measurements of the image", "Shift+J"),
        Export => ("Export…", "Writes the measurements of this image with their values as JSON", ""),
        Import => ("Import…", "Reads measurements of this image from JSON", ""),
    }
}

fn words_of_tool(tool: Tool) -> (&'static str, &'static str, &'static str) {
    match tool {
        Tool::Window => ("Window", "Left drag sets the window; measurements can be selected and moved", "A"),
        Tool::Magnifier => ("Magnifier", "A lens under the pointer, with three times as many points a pixel", "Z"),
        Tool::Measure(kind) => match kind {
            Kind::Length => ("Length", "A distance between two points", "Shift+D"),
            Kind::Bidirectional => (
                "Long and short axis",
                "The long axis of a region, and the short axis at right angles to it",
                "Shift+Q",
            ),
            Kind::Angle => ("Angle", "The angle between two lines from one point", "Shift+A"),
            Kind::Cobb => ("Cobb angle", "The angle between two lines along end plates", "Shift+C"),
            Kind::Cardiothoracic => (
                "Cardiothoracic ratio",
                "Width of the heart over width of the thorax; the thorax is proposed where the lungs are outlined",
                "Shift+H",
            ),
            Kind::Rectangle => ("Rectangle", "A rectangle with grey values, area and evidence inside", "Shift+R"),
            Kind::Ellipse => ("Ellipse", "An ellipse with grey values, area and evidence inside", "Shift+E"),
            Kind::Circle => ("Circle", "A circle from its middle, with the same inside", "Shift+O"),
            Kind::Freehand => ("Freehand region", "An outline by hand, with the same inside", "Shift+P"),
            Kind::Arrow => ("Arrow", "An arrow with words", "Shift+N"),
            Kind::Text => ("Text", "Words on the image", "Shift+T"),
            Kind::Probe => ("Probe", "The value of one pixel, kept", "Shift+V"),
            Kind::Calibration => (
                "Calibration line",
                "A line whose length you know; millimetres of the image then go by it",
                "Ctrl+Shift+K",
            ),
        },
    }
}
