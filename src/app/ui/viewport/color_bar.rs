//! The colour bar beside a map: what a colour stands for, in the units of the raw map. Of a signed
//! map, what speaks for and against.

use egui::{Align2, Color32, Mesh, Painter, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use super::map_source::MapSource;
use super::pen;
use super::scale_top::{TopCache, shared_top};
use crate::app::state::{Content, PaneIndex, State};
use crate::app::ui::theme;
use crate::imaging::colormap::ColorMap;
use crate::language::{decimal, tr};

/// Room left of the bar for its numbers.
const NUMBERS: f32 = 72.0;

/// Draws the bar of a view at its right edge, where there is room for one, and yields what it takes.
pub(super) fn paint(
    painter: &Painter,
    state: &State,
    tops: &mut TopCache,
    pane: PaneIndex,
    content: Content,
    rect: Rect,
) -> Option<Rect> {
    let source = MapSource::of(state, content)?;
    let top = shared_top(state, tops, content).unwrap_or_else(|| source.own_top(tops));
    if rect.height() < 160.0 || rect.width() < 160.0 || !(top.is_finite() && top > 0.0) {
        return None;
    }
    let signed = source.is_signed();
    let height = (0.32 * rect.height()).clamp(72.0, 200.0);
    let bar = Rect::from_min_size(pos2(rect.right() - 16.0, rect.bottom() - 40.0 - height), vec2(8.0, height));
    let tokens = theme::tokens(state.preferences.theme);
    painter.rect_filled(bar.expand(1.0), 0.0, tokens.image_shadow);
    let style = state.style(pane);
    let table = if signed { ColorMap::Difference } else { style.map() };
    painter.add(strip(bar, |part| {
        let size = if signed { (2.0 * part - 1.0).abs() } else { part };
        let [r, g, b, a] = table.color(part);
        // What the threshold leaves transparent is transparent here too.
        let a = if size < style.threshold { 0 } else { a };
        Color32::from_rgba_unmultiplied(r, g, b, a)
    }));
    painter.rect_stroke(bar, 0.0, Stroke::new(1.0, tokens.image_text.gamma_multiply(0.5)), StrokeKind::Outside);
    let left = bar.left() - 6.0;
    let write = |y: f32, words: &str| {
        pen::text(painter, &tokens, pos2(left, y), Align2::RIGHT_CENTER, words);
    };
    let (above, below) = match source {
        MapSource::Difference(..) => (format!("A {}", value(top)), format!("B {}", value(top))),
        MapSource::Part(..) => (tr!("raises +{}", value(top)), tr!("lowers −{}", value(top))),
        _ if signed => (tr!("for +{}", value(top)), tr!("against −{}", value(top))),
        MapSource::Deviation(_) => (tr!("sd {}", value(top)), "0".into()),
        MapSource::One(_) | MapSource::Stable(..) => (value(top), "0".into()),
    };
    write(bar.top(), &above);
    write(bar.bottom(), &below);
    if signed {
        write(bar.center().y, "0");
    }
    Some(Rect::from_min_max(bar.min - vec2(NUMBERS, 8.0), bar.max + vec2(8.0, 8.0)))
}

fn value(top: f32) -> String {
    decimal(if top >= 0.01 { format!("{top:.2}") } else { format!("{top:.1e}") })
}

/// Bands of colour, the end of the scale above.
fn strip(bar: Rect, color: impl Fn(f32) -> Color32) -> Shape {
    const BANDS: usize = 64;
    let mut mesh = Mesh::default();
    let step = bar.height() / BANDS as f32;
    for i in 0..BANDS {
        let low = bar.bottom() - step * i as f32;
        let band = Rect::from_min_max(pos2(bar.left(), low - step), pos2(bar.right(), low));
        mesh.add_colored_rect(band, color((i as f32 + 0.5) / BANDS as f32));
    }
    Shape::mesh(mesh)
}
