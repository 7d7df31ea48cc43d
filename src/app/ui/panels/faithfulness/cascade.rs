//! The map after each stage that was forgotten, from the output down: how much it is still the
//! same.
//!
//! A row a stage, so that its name is read without turning the head; both measures on one axis, a
//! disc and a diamond.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::app::state::Theme;
use crate::app::ui::theme::{self, Tokens};
use crate::explain::faithfulness::randomization::{RHO, Randomization, RandomizedStage, SSIM};
use crate::language::{decimal, text, tr};

const ROW: f32 = 18.0;
const NAMES: f32 = 112.0;
/// Width of a column of numbers.
const NUMBER: f32 = 48.0;

/// Draws the check; nothing where no stage could be forgotten.
pub(super) fn show(ui: &mut Ui, check: &Randomization, theme: Theme, tokens: &Tokens) {
    if check.steps.is_empty() {
        return;
    }
    let [first, second, ..] = theme::series(theme);
    let lowest = check.steps.iter().map(|s| s.spearman.min(s.ssim)).fold(0.0, f64::min);
    // Ranks may turn over; then the axis begins at the half below.
    let low = (2.0 * lowest).floor() / 2.0;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, [first, second], tokens);
        for step in &check.steps {
            row(ui, step, low, [first, second], tokens);
        }
        axis(ui, low, tokens);
        let key = tr!(
            "After the last stage the check fails above a rank correlation of {rho} (either sign) or an SSIM of {ssim}: the \
             dashed lines.",
            rho = decimal(RHO.to_string()),
            ssim = decimal(SSIM.to_string())
        );
        ui.add(egui::Label::new(theme::caption(key, tokens)).wrap());
    });
}

/// Where the axis lies.
fn span(rect: Rect) -> Rect {
    let right = rect.right() - 2.0 * NUMBER - theme::GRID;
    Rect::from_min_max(pos2(rect.left() + NAMES + theme::GRID, rect.top()), pos2(right, rect.bottom()))
}

fn at(span: Rect, low: f64, value: f64) -> f32 {
    let part = ((value - low) / (1.0 - low)).clamp(0.0, 1.0) as f32;
    egui::lerp(span.x_range(), part)
}

fn header(ui: &mut Ui, [first, second]: [Color32; 2], tokens: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let font = FontId::proportional(theme::CAPTION);
    let middle = rect.center().y;
    let span = span(rect);
    let put = |x: f32, align: Align2, words: &str| {
        ui.painter().text(pos2(x, middle), align, words, font.clone(), tokens.muted)
    };
    put(rect.left(), Align2::LEFT_CENTER, text!("forgotten down to"));
    disc(ui.painter(), pos2(span.left() + 4.0, middle), first);
    let end = put(span.left() + 12.0, Align2::LEFT_CENTER, text!("rank correlation")).right();
    diamond(ui.painter(), pos2(end + 14.0, middle), second);
    put(end + 22.0, Align2::LEFT_CENTER, "SSIM");
    put(rect.right() - NUMBER, Align2::RIGHT_CENTER, text!("rank"));
    put(rect.right(), Align2::RIGHT_CENTER, "SSIM");
}

fn row(ui: &mut Ui, step: &RandomizedStage, low: f64, [first, second]: [Color32; 2], tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let [rho, ssim] = [step.spearman, step.ssim].map(|v| decimal(format!("{v:.2}").replace('-', "−")));
    let spoken = tr!("{}: rank correlation {rho}, SSIM {ssim}", step.stage, rho, ssim);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken.as_str()));
    let font = FontId::proportional(theme::TEXT);
    let painter = ui.painter();
    let names = Rect::from_min_size(rect.min, vec2(NAMES, ROW));
    painter.with_clip_rect(names.intersect(ui.clip_rect())).text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        &step.stage,
        font.clone(),
        tokens.text,
    );
    let span = span(rect);
    let middle = rect.center().y;
    painter.hline(span.x_range(), middle, (1.0, tokens.line));
    painter.vline(at(span, low, 0.0), rect.y_range(), (1.0, tokens.below));
    let mut limits = vec![(RHO, first), (SSIM, second)];
    if low <= -RHO {
        limits.push((-RHO, first));
    }
    for (limit, color) in limits {
        let x = at(span, low, limit);
        let ends = [pos2(x, rect.top()), pos2(x, rect.bottom())];
        painter.extend(Shape::dashed_line(&ends, Stroke::new(1.0, color.gamma_multiply(0.8)), 3.0, 3.0));
    }
    diamond(painter, pos2(at(span, low, step.ssim), middle), second);
    disc(painter, pos2(at(span, low, step.spearman), middle), first);
    for (x, value) in [(rect.right() - NUMBER, step.spearman), (rect.right(), step.ssim)] {
        let words = decimal(format!("{value:.2}").replace('-', "−"));
        painter.text(pos2(x, middle), Align2::RIGHT_CENTER, words, font.clone(), tokens.text);
    }
    response.on_hover_text(spoken);
}

fn axis(ui: &mut Ui, low: f64, tokens: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let span = span(rect);
    let font = FontId::proportional(theme::CAPTION);
    let halves = (2.0 * low).round() as i32..=2;
    for value in halves.map(|half| f64::from(half) / 2.0) {
        let words = if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
        let place = pos2(at(span, low, value), rect.top() + 2.0);
        ui.painter().text(place, Align2::CENTER_TOP, decimal(words.replace('-', "−")), font.clone(), tokens.muted);
    }
}

fn disc(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_filled(at, 4.0, color);
}

fn diamond(painter: &Painter, at: Pos2, color: Color32) {
    let points = [vec2(0.0, -5.0), vec2(5.0, 0.0), vec2(0.0, 5.0), vec2(-5.0, 0.0)].map(|by| at + by).to_vec();
    painter.add(Shape::closed_line(points, Stroke::new(1.75, color)));
}
