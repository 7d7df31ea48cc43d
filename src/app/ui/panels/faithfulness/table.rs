//! The measures of the map beside those of its control maps; what is best bears a tick and is set
//! in the heavier face.
//!
//! Laid by hand and not by a table widget: a screen reader meets each row as one sentence, over its
//! whole width.

use std::fmt::Write as _;

use egui::{Align2, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::explain::faithfulness::measure::{Measure, Measured};
use crate::explain::faithfulness::verdict::MARGIN;
use crate::explain::faithfulness::words;
use crate::language::{decimal, named, text, tr, translated};

const ROW: f32 = 20.0;
/// Widths of the columns of values, and of the last.
const VALUES: f32 = 80.0;
const BETTER: f32 = 56.0;
const COLUMNS: [&str; 3] = [named!("this map"), named!("centred blob"), named!("random map")];

/// Draws the table; dashes where a value is still to come.
pub(super) fn show(ui: &mut Ui, measures: &[Measured], tokens: &Tokens) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, tokens);
        for measure in Measure::ALL {
            row(ui, measure, measures.iter().find(|known| known.measure == measure), tokens);
        }
        let key = tr!(
            "Tick: the best, and what lies within {} of it; so little is chance on one image.",
            decimal(MARGIN.to_string())
        );
        ui.add(egui::Label::new(theme::caption(key, tokens)).wrap());
    });
}

/// Right ends of the columns of values, and the left end of the last.
fn ends(rect: Rect) -> ([f32; 3], f32) {
    let last = rect.right() - BETTER;
    ([last - 2.0 * VALUES, last - VALUES, last], last + theme::GRID)
}

fn header(ui: &mut Ui, tokens: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let font = FontId::proportional(theme::CAPTION);
    let (ends, last) = ends(rect);
    let put = |x: f32, align: Align2, words: &str| {
        ui.painter().text(pos2(x, rect.center().y), align, words, font.clone(), tokens.muted);
    };
    put(rect.left(), Align2::LEFT_CENTER, text!("measure"));
    for (x, words) in ends.into_iter().zip(COLUMNS.map(translated)) {
        put(x, Align2::RIGHT_CENTER, words);
    }
    put(last, Align2::LEFT_CENTER, text!("better"));
    ui.painter().hline(rect.x_range(), rect.bottom(), (1.0, tokens.line));
}

fn row(ui: &mut Ui, measure: Measure, known: Option<&Measured>, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let (ends, last) = ends(rect);
    let middle = rect.center().y;
    let font = FontId::proportional(theme::TEXT);
    let (name, better) = (translated(measure.name()), translated(words::better(measure.better())));
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), tokens.text);
    ui.painter().text(pos2(last, middle), Align2::LEFT_CENTER, better, font.clone(), tokens.muted);
    let values = known.map(|k| [k.map.value, k.blob.value, k.random.value]);
    let best = known.map_or([false; 3], words::best);
    let mut spoken = tr!("{name}, {better} is better", name, better);
    for (i, x) in ends.into_iter().enumerate() {
        let number = values.map_or_else(|| "–".to_owned(), |v| signed(v[i]));
        let (face, color) = if best[i] {
            (FontId::new(theme::TEXT, theme::semibold()), tokens.text)
        } else {
            (font.clone(), tokens.muted)
        };
        let drawn = ui.painter().text(pos2(x, middle), Align2::RIGHT_CENTER, &number, face, color);
        if best[i] {
            let center = pos2(drawn.left() - theme::GRID, middle);
            Sign::Tick.paint(ui.painter(), Rect::from_center_size(center, vec2(12.0, 12.0)), tokens.accent);
        }
        let mark = if best[i] { format!(" ({})", text!("best")) } else { String::new() };
        let _ = write!(spoken, "; {} {number}{mark}", translated(COLUMNS[i]));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken.as_str()));
    response.on_hover_text(translated(words::question(measure)));
}

/// Three decimals with a true minus sign.
fn signed(value: f64) -> String {
    let sign = if value < -0.0005 { "−" } else { "" };
    decimal(format!("{sign}{:.3}", value.abs()))
}
