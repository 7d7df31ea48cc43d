//! The sides of the patient at the four sides of a view, wherever turns and mirrors have brought them.

use egui::{Align2, FontId, Painter, Rect, pos2, vec2};

use super::corners::{self, Corners};
use crate::app::state::View;
use crate::app::ui::theme::Tokens;
use crate::language::text;
use crate::study::Frame;

const SIZE: f32 = 14.0;
const MARGIN: f32 = 6.0;
/// A smaller view has no room for letters beside its title.
const SMALLEST: f32 = 120.0;

/// A side of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

impl Side {
    /// The side in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Left => text!("left"),
            Self::Right => text!("right"),
            Self::Top => text!("top"),
            Self::Bottom => text!("bottom"),
        }
    }

    fn towards([x, y]: [f32; 2]) -> Self {
        if x.abs() > y.abs() {
            if x > 0.0 { Self::Right } else { Self::Left }
        } else if y > 0.0 {
            Self::Bottom
        } else {
            Self::Top
        }
    }
}

/// The letters at each side of the screen; none where the file does not tell the sides.
pub(super) fn at_the_sides<'a>(frame: &'a Frame, view: &View) -> Vec<(Side, &'a str)> {
    let Some(sides) = &frame.display.orientation else { return Vec::new() };
    let (right, down) = view.axes();
    let back = |[x, y]: [f32; 2]| [-x, -y];
    let placed = [(back(right), &sides.left), (right, &sides.right), (back(down), &sides.top), (down, &sides.bottom)];
    placed.into_iter().map(|(way, letters)| (Side::towards(way), letters.as_str())).collect()
}

/// Draws the letters and yields their places; the upper one below the words of the upper left corner
/// where these reach the middle, the lower one beside the scale bar, and the right one above the
/// colour bar, `bar`.
pub(super) fn paint(
    painter: &Painter,
    tokens: &Tokens,
    frame: &Frame,
    view: &View,
    rect: Rect,
    corners: &Corners,
    bar: Option<Rect>,
) -> Vec<Rect> {
    let mut drawn = Vec::new();
    if rect.width().min(rect.height()) < SMALLEST {
        return drawn;
    }
    let room = rect.shrink(MARGIN);
    for (side, letters) in at_the_sides(frame, view) {
        let (at, anchor) = match side {
            Side::Left => (room.left_center(), Align2::LEFT_CENTER),
            Side::Right => {
                let at = room.right_center();
                // Above the colour bar, where a low view has that in its middle.
                let hidden = bar.filter(|bar| bar.expand(SIZE / 2.0).contains(at));
                (pos2(at.x, hidden.map_or(at.y, |bar| bar.top() - SIZE / 2.0)), Align2::RIGHT_CENTER)
            }
            Side::Top => {
                let taken = corners.upper_left;
                let reached = rect.left() + taken.x + SIZE > room.center().x;
                let y = if reached { rect.top() + taken.y + MARGIN } else { room.top() };
                (pos2(room.center().x, y), Align2::CENTER_TOP)
            }
            Side::Bottom => {
                // Beside the words of the scale bar, where the view is narrow.
                let scale = rect.left() + corners::MARGIN + corners.scale + SIZE;
                let x = room.center().x.max(scale).min(room.right() - SIZE / 2.0);
                (pos2(x, room.bottom()), Align2::CENTER_BOTTOM)
            }
        };
        let font = FontId::proportional(SIZE);
        for offset in [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(-1.0, -1.0)] {
            painter.text(at + offset, anchor, letters, font.clone(), tokens.image_shadow);
        }
        drawn.push(painter.text(at, anchor, letters, font, tokens.image_text));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_named_by_the_way_that_leads_to_them() {
        let ways = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        assert_eq!(ways.map(Side::towards), [Side::Right, Side::Left, Side::Bottom, Side::Top]);
    }
}
