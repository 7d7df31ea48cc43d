//! The legend of what other files lay over the image: the colour and the name of each segment, the
//! scale of each map with its unit and the value under the pointer, the findings that reports have drawn.

use egui::{Align2, Color32, FontId, Mesh, Painter, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use super::annotations::graphics_name;
use super::laid::scale_of;
use super::pen;
use crate::app::state::State;
use crate::app::state::result_objects::color_of;
use crate::app::ui::lettering;
use crate::app::ui::numbers::value_and_unit;
use crate::app::ui::theme;
use crate::fonts::attribute;
use crate::language::tr;
use crate::results::read::drawn::FindingGraphics;
use crate::results::read::layers::{Layer, LayerKind};

/// Most lines of the legend.
const MOST: usize = 10;
const LINE: f32 = 16.0;
/// Side of a colour, and width of a scale.
const SWATCH: f32 = 10.0;
const SCALE: f32 = 48.0;
/// Most of the view's width that a line takes.
const WIDEST: f32 = 0.6;

/// Draws the legend below what is written at the upper left; yields the place that it takes.
pub(super) fn paint(painter: &Painter, state: &State, rect: Rect, above: f32) -> Option<Rect> {
    let shown: Vec<(usize, &Layer)> = state.shown_layers().collect();
    let drawn: Vec<([u8; 3], &FindingGraphics)> = state.shown_graphics().collect();
    let all = shown.len() + drawn.len();
    let tokens = theme::tokens(state.preferences.theme);
    let (left, top) = (rect.left() + 10.0, rect.top() + above + 6.0);
    let room = ((rect.bottom() - 80.0 - top) / LINE).floor();
    if all == 0 || room < 1.0 || rect.width() < 120.0 {
        return None;
    }
    let lines = MOST.min(room as usize);
    let font = FontId::proportional(theme::CAPTION);
    let width = WIDEST * rect.width();
    let mut y = top;
    let mut write = |swatch: f32, words: &str| {
        let at = pos2(left + swatch + 6.0, y + LINE / 2.0);
        let words = lettering::cut_text(painter, words, &font, width - swatch);
        pen::text(painter, &tokens, at, Align2::LEFT_CENTER, &words);
        y += LINE;
        Rect::from_min_size(pos2(left, y - LINE), vec2(swatch, LINE))
    };
    for (place, layer) in shown.iter().take(lines) {
        let name = attribute(&layer.name);
        match &layer.kind {
            LayerKind::Area { fractional, .. } => {
                let words = match value_under(state, layer).filter(|_| *fractional) {
                    Some(part) => format!("{name}: {}", value_and_unit(part, "")),
                    None => name,
                };
                let line = write(SWATCH, &words);
                let [r, g, b] = color_of(layer, *place);
                let square = Rect::from_center_size(line.center(), vec2(SWATCH, SWATCH));
                painter.rect_filled(square, 0.0, Color32::from_rgb(r, g, b));
                painter.rect_stroke(square, 0.0, Stroke::new(1.0, tokens.image_shadow), StrokeKind::Outside);
            }
            LayerKind::Map { range, unit } => {
                let (map, [low, high]) = scale_of(*range);
                let ends = tr!("{} to {}", value_and_unit(low, ""), value_and_unit(high, unit));
                let words = match value_under(state, layer) {
                    Some(value) => format!("{ends}  {name}: {}", value_and_unit(value, unit)),
                    None => format!("{ends}  {name}"),
                };
                let line = write(SCALE, &words);
                let bar = Rect::from_center_size(line.center(), vec2(SCALE, SWATCH));
                painter.rect_filled(bar.expand(1.0), 0.0, tokens.image_shadow);
                painter.add(strip(bar, |part| {
                    let [r, g, b, a] = map.color(part);
                    Color32::from_rgba_unmultiplied(r, g, b, a)
                }));
            }
        }
    }
    for ([r, g, b], graphics) in drawn.iter().take(lines.saturating_sub(shown.len())) {
        let line = write(SWATCH, &graphics_name(state, graphics));
        for (width, color) in [(4.0, tokens.image_shadow), (2.0, Color32::from_rgb(*r, *g, *b))] {
            painter.hline(line.x_range(), line.center().y, Stroke::new(width, color));
        }
    }
    if all > lines {
        write(0.0, &tr!("and {} more", all - lines));
    }
    Some(Rect::from_min_max(pos2(left, top), pos2(left + width, y)))
}

/// The value of a layer under the pointer.
pub(in crate::app::ui) fn value_under(state: &State, layer: &Layer) -> Option<f32> {
    let (x, y, _) = state.cursor?;
    layer.grid.value([f64::from(x) + 0.5, f64::from(y) + 0.5])
}

/// Bands of colour from left to right.
fn strip(bar: Rect, color: impl Fn(f32) -> Color32) -> Shape {
    const BANDS: usize = 32;
    let mut mesh = Mesh::default();
    let step = bar.width() / BANDS as f32;
    for i in 0..BANDS {
        let x = bar.left() + step * i as f32;
        let band = Rect::from_min_max(pos2(x, bar.top()), pos2(x + step, bar.bottom()));
        mesh.add_colored_rect(band, color((i as f32 + 0.5) / BANDS as f32));
    }
    Shape::mesh(mesh)
}
