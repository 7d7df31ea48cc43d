//! Small signs drawn as shapes, because the embedded font has no glyph for them and shapes are
//! crisp at every scale.

use std::sync::Arc;

use egui::{
    Atom, AtomKind, AtomPaintArgs, Color32, IntoSizedResult, Painter, Rect, Shape, SizedAtomKind, Stroke, StrokeKind,
    Ui, Vec2, vec2,
};

use crate::model::conformal::State;

/// A sign that fits a square of 16 points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The room of a sign without one.
    Blank,
    Left,
    Right,
    Down,
    /// Passed.
    Tick,
    /// Mind this.
    Caution,
    /// Dismiss.
    Cross,
    /// One of several, chosen or not.
    Radio(bool),
    /// Present: a full disc. Absent: a ring. Undecided: a ring whose left half is full. Withheld: a
    /// dash.
    State(State),
    /// A key image.
    Star,
    /// An image that is not there yet.
    Image,
}

impl Sign {
    /// Draws the sign in the middle of `rect`.
    pub(crate) fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let c = rect.center();
        let thin = Stroke::new(1.4, color);
        let triangle = |points: Vec<egui::Pos2>| {
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        };
        let (long, half) = (2.5, 4.0);
        match self {
            Self::Blank => {}
            Self::Left => triangle(vec![c + vec2(long, -half), c + vec2(long, half), c + vec2(-long, 0.0)]),
            Self::Right => triangle(vec![c + vec2(-long, half), c + vec2(-long, -half), c + vec2(long, 0.0)]),
            Self::Down => triangle(vec![c + vec2(-half, -long), c + vec2(half, -long), c + vec2(0.0, long)]),
            Self::Tick => {
                let points = vec![c + vec2(-4.5, 0.5), c + vec2(-1.5, 3.5), c + vec2(4.5, -3.5)];
                painter.add(Shape::line(points, Stroke::new(1.8, color)));
            }
            Self::Caution => {
                let points = vec![c + vec2(0.0, -5.5), c + vec2(6.5, 6.0), c + vec2(-6.5, 6.0)];
                painter.add(Shape::closed_line(points, thin));
                painter.line_segment([c + vec2(0.0, -1.5), c + vec2(0.0, 2.0)], thin);
                painter.circle_filled(c + vec2(0.0, 4.0), 0.9, color);
            }
            Self::Cross => {
                painter.line_segment([c + Vec2::splat(-3.5), c + Vec2::splat(3.5)], thin);
                painter.line_segment([c + vec2(-3.5, 3.5), c + vec2(3.5, -3.5)], thin);
            }
            Self::Radio(chosen) => {
                painter.circle_stroke(c, 5.0, thin);
                if chosen {
                    painter.circle_filled(c, 2.8, color);
                }
            }
            Self::State(State::Withheld) => {
                painter.line_segment([c - vec2(4.0, 0.0), c + vec2(4.0, 0.0)], thin);
            }
            Self::State(state) => {
                painter.circle_stroke(c, 4.0, thin);
                if state == State::Present {
                    painter.circle_filled(c, 4.0, color);
                } else if state == State::Undecided {
                    let arc = (0..=12).map(|i| (90.0 + 15.0 * i as f32).to_radians());
                    triangle(arc.map(|a| c + vec2(4.0 * a.cos(), 4.0 * a.sin())).collect());
                }
            }
            Self::Star => {
                let tip = |i: u8| {
                    let (turn, reach) =
                        (f32::from(i) * std::f32::consts::PI / 5.0, if i.is_multiple_of(2) { 6.0 } else { 2.6 });
                    c + vec2(reach * turn.sin(), -reach * turn.cos())
                };
                // A star is not convex: five points around a pentagon.
                triangle((0..5).map(|i| tip(2 * i + 1)).collect());
                (0..5_u8).for_each(|i| triangle(vec![tip((2 * i + 9) % 10), tip(2 * i), tip(2 * i + 1)]));
            }
            Self::Image => {
                let sheet = Rect::from_center_size(c, vec2(22.0, 28.0));
                painter.rect_stroke(sheet, 2.0, thin, StrokeKind::Inside);
            }
        }
    }

    /// The sign as a part of a button, in its text colour or in `color`.
    pub(crate) fn atom(self, color: Option<Color32>) -> Atom<'static> {
        let size = Vec2::splat(16.0);
        let paint = move |ui: &Ui, args: AtomPaintArgs| {
            self.paint(ui.painter(), args.rect, color.unwrap_or(args.fallback_text_color));
        };
        AtomKind::closure(move |_, _| IntoSizedResult {
            intrinsic_size: size,
            sized: SizedAtomKind::Paint { paint: Arc::new(paint), size },
        })
        .into()
    }

    /// The sign as a widget of 16 × 16 points.
    pub(crate) fn show(self, ui: &mut Ui, color: Color32) {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), egui::Sense::hover());
        self.paint(ui.painter(), rect, color);
    }
}
