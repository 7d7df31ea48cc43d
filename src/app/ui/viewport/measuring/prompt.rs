//! What the tool in hand waits for, in words.

use crate::app::state::State;
use crate::app::state::measuring::Tool;
use crate::language::{text, tr, translated};
use crate::measurement::Kind;

/// The sentence below the image; nothing without a tool in hand.
pub(super) fn words(state: &State) -> Option<String> {
    let Tool::Measure(kind) = state.measuring.tool else { return None };
    let set = state.measuring.draft.as_ref().map_or(0, |draft| draft.points.len());
    let next = match (kind, set) {
        (Kind::Length, 0) => text!("drag from end to end, or click both ends"),
        (Kind::Length, _) => text!("click the other end"),
        (Kind::Bidirectional, 0) => text!("drag along the long axis"),
        (Kind::Bidirectional, 1) => text!("click the other end of the long axis"),
        (Kind::Bidirectional, 2) => text!("drag along the short axis"),
        (Kind::Bidirectional, _) => text!("click the other end of the short axis"),
        (Kind::Angle, 0) => text!("click the end of one line"),
        (Kind::Angle, 1) => text!("click the vertex"),
        (Kind::Angle, _) => text!("click the end of the other line"),
        (Kind::Cobb, 0) => text!("drag along the upper end plate"),
        (Kind::Cobb, 2) => text!("drag along the lower end plate"),
        (Kind::Cobb, 1 | 3..) => text!("click the other end of the line"),
        (Kind::Cardiothoracic, 0) => text!("drag along the midline, over the spinous processes"),
        (Kind::Cardiothoracic, 1) => text!("click the lower end of the midline"),
        (Kind::Cardiothoracic, 2) => text!("click the outermost point of the right border of the heart"),
        (Kind::Cardiothoracic, 3) => text!("click the outermost point of the left border of the heart"),
        (Kind::Cardiothoracic, 4) => {
            text!("click the inner border of the ribs on one side, where the thorax is widest")
        }
        (Kind::Cardiothoracic, _) => text!("click the inner border of the ribs on the other side"),
        (Kind::Rectangle | Kind::Ellipse, 0) => text!("drag from corner to corner"),
        (Kind::Rectangle | Kind::Ellipse, _) => text!("click the opposite corner"),
        (Kind::Circle, 0) => text!("drag from the middle to the rim"),
        (Kind::Circle, _) => text!("click a point of the rim"),
        (Kind::Calibration, 0) => text!("drag along something whose length you know"),
        (Kind::Calibration, _) => text!("click the other end of what you know the length of"),
        (Kind::Freehand, _) => text!("draw around the region"),
        (Kind::Arrow, 0) => text!("drag from what it points at to where its words stand"),
        (Kind::Arrow, _) => text!("click where its words stand"),
        (Kind::Text, _) => text!("click where the words stand"),
        (Kind::Probe, _) => text!("click a pixel"),
    };
    Some(tr!("{}: {next}. Esc puts it away.", translated(kind.name()), next))
}
