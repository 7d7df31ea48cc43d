//! Curves over the epochs, with a legend that says the newest value and hides a curve by a click.

use egui::{Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use egui_plot::{GridMark, HoverPosition, Line, LineStyle, MarkerShape, PlotBounds, PlotPoints, Points, VLine};

use super::plate;
use crate::app::command::{Command, TrainingCommand};
use crate::app::state::Theme;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::still_plot::still_plot;
use crate::language::{decimal, tr};

/// Points are marked one by one up to so many.
const MARKED: usize = 40;
/// Width of a legend.
const LEGEND: f32 = 216.0;

/// A named line.
pub(super) struct Curve {
    /// What it is told apart by, in any language.
    pub key: String,
    pub name: String,
    /// Shown beside the name.
    pub value: String,
    /// Epoch and value.
    pub points: Vec<[f64; 2]>,
    pub color: Color32,
    pub style: LineStyle,
    pub width: f32,
    /// Each point is an epoch, and is marked.
    pub marked: bool,
    pub hidden: bool,
}

/// Colour and line of the curve number `k`: seven colours, solid, then dashed, then dotted.
pub(super) fn look(theme: Theme, k: usize) -> (Color32, LineStyle) {
    let colors = theme::series(theme);
    let style = match k / colors.len() {
        0 => LineStyle::Solid,
        1 => LineStyle::dashed_dense(),
        _ => LineStyle::dotted_dense(),
    };
    (colors[k % colors.len()], style)
}

/// A plate with a plot.
pub(super) struct Chart<'a> {
    pub title: &'a str,
    pub curves: &'a [Curve],
    /// Last epoch of the axis.
    pub end: f64,
    /// Epoch that is marked as the best.
    pub best: Option<f64>,
    /// Words where there is no point yet.
    pub empty: &'a str,
    pub size: egui::Vec2,
    /// Values that cannot be left.
    pub limits: Option<[f64; 2]>,
}

/// Draws a plot with its legend.
pub(super) fn chart(ui: &mut Ui, chart: &Chart<'_>, tokens: &Tokens, out: &mut Vec<Command>) {
    plate(ui, tokens, chart.size, |ui| {
        let best = chart.best.map_or_else(String::new, |b| tr!("best epoch {}", format!("{b:.0}")));
        ui.horizontal(|ui| {
            ui.set_height(16.0);
            ui.label(theme::section(chart.title, tokens));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(theme::caption(best, tokens));
            });
        });
        let room = ui.available_rect_before_wrap();
        let legend = LEGEND.min(room.width() * 0.4);
        let area = Rect::from_min_max(room.min, pos2(room.right() - legend - 8.0, room.bottom()));
        let side = Rect::from_min_max(pos2(room.right() - legend, room.top()), room.max);
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| plot(ui, chart, area, tokens));
        ui.scope_builder(egui::UiBuilder::new().max_rect(side), |ui| {
            ScrollArea::vertical().id_salt((chart.title, "legend")).auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for curve in chart.curves {
                    entry(ui, curve, tokens, out);
                }
            });
        });
    });
}

fn plot(ui: &mut Ui, chart: &Chart<'_>, area: Rect, tokens: &Tokens) {
    let drawn: Vec<&Curve> = chart.curves.iter().filter(|c| !c.hidden && !c.points.is_empty()).collect();
    if chart.curves.iter().all(|c| c.points.is_empty()) {
        let font = FontId::proportional(theme::TEXT);
        let words = ui.painter().layout(chart.empty.to_owned(), font, tokens.muted, (area.width() - 16.0).max(1.0));
        let place = Align2::CENTER_CENTER.anchor_size(area.center(), words.size());
        ui.painter().galley(place.min, words, tokens.muted);
        return;
    }
    let [low, high] = bounds(&drawn, chart.limits);
    let end = chart.end;
    let hover = |at: &HoverPosition<'_>| match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } if !plot_name.is_empty() => {
            let epoch = decimal(format!("{:.1}", position.x));
            let value = decimal(format!("{:.4}", position.y));
            Some(format!("{plot_name}\n{}", tr!("epoch {}: {}", epoch, value)))
        }
        _ => None,
    };
    still_plot(ui, chart.title, area.size(), tokens)
        .y_axis_min_width(40.0)
        .x_grid_spacer(|input| marks(input.bounds, area.width() / 84.0, 1.0))
        .y_grid_spacer(|input| marks(input.bounds, area.height() / 30.0, 0.0))
        .x_axis_formatter(
            |mark, _| if mark.value.fract() == 0.0 { format!("{:.0}", mark.value) } else { String::new() },
        )
        .y_axis_formatter(|mark, _| {
            let decimals = (-mark.step_size.log10()).ceil().clamp(0.0, 6.0) as usize;
            decimal(format!("{:.decimals$}", mark.value))
        })
        .label_formatter(hover)
        .show(ui, |plot| {
            plot.set_plot_bounds(PlotBounds::from_min_max([0.0, low], [1.006 * end, high]));
            if let Some(best) = chart.best {
                let line = VLine::new("", best).color(tokens.muted).style(LineStyle::dashed_dense()).width(1.0);
                plot.vline(line.allow_hover(false));
            }
            for curve in drawn {
                let points = PlotPoints::from(curve.points.clone());
                let line = Line::new(curve.name.clone(), points).color(curve.color).width(curve.width);
                plot.line(line.style(curve.style).allow_hover(curve.marked));
                if curve.marked && curve.points.len() <= MARKED {
                    let dots = Points::new(curve.name.clone(), PlotPoints::from(curve.points.clone()));
                    plot.points(dots.color(curve.color).radius(2.5));
                }
                let best = curve.points.iter().find(|p| curve.marked && Some(p[0]) == chart.best);
                if let Some(point) = best {
                    let star = Points::new(curve.name.clone(), PlotPoints::from(vec![*point]));
                    plot.points(star.color(curve.color).radius(5.0).shape(MarkerShape::Diamond).allow_hover(false));
                }
            }
        });
}

/// Round numbers between `low` and `high`: about `count` of them, not closer than `least`.
fn marks((low, high): (f64, f64), count: f32, least: f64) -> Vec<GridMark> {
    let rough = (high - low) / f64::from(count.max(1.0));
    let decade = 10_f64.powf(rough.max(1e-9).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * decade).into_iter().find(|s| *s >= rough).unwrap_or(rough).max(least);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 200)).map(|i| GridMark { value: i as f64 * step, step_size: step }).collect()
}

/// From the lowest to the highest value with a little room; a single wild step does not flatten the
/// rest.
fn bounds(drawn: &[&Curve], limits: Option<[f64; 2]>) -> [f64; 2] {
    let mut low = f64::INFINITY;
    let mut high = f64::NEG_INFINITY;
    for curve in drawn {
        let mut values: Vec<f64> = curve.points.iter().map(|p| p[1]).filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let tail = if curve.marked { 0 } else { values.len() / 100 };
        if let (Some(least), Some(most)) =
            (values.first(), values.len().checked_sub(1 + tail).and_then(|i| values.get(i)))
        {
            (low, high) = (low.min(*least), high.max(*most));
        }
    }
    if low > high {
        return limits.unwrap_or([0.0, 1.0]);
    }
    let room = (0.06 * (high - low)).max(0.01);
    let [least, most] = limits.map_or([f64::NEG_INFINITY, f64::INFINITY], |[l, h]| [l - 0.01, h + 0.01]);
    [(low - room).max(least), (high + room).min(most)]
}

/// A line of the legend: how the curve is drawn, its name and its newest value.
fn entry(ui: &mut Ui, curve: &Curve, tokens: &Tokens, out: &mut Vec<Command>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, !curve.hidden, curve.name.as_str()));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, tokens.hover);
    }
    swatch(ui, Rect::from_min_size(rect.min + vec2(4.0, 0.0), vec2(20.0, 20.0)), curve, tokens);
    let color = if curve.hidden { tokens.muted } else { tokens.text };
    let font = FontId::proportional(theme::CAPTION);
    let value = ui.painter().layout_no_wrap(curve.value.clone(), font.clone(), color);
    let right = rect.right() - 4.0;
    let room = right - value.size().x - 8.0 - (rect.left() + 32.0);
    let mut job = egui::text::LayoutJob::simple_singleline(curve.name.clone(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(16.0));
    let name = ui.painter().layout_job(job);
    let middle = |h: f32| rect.center().y - h / 2.0;
    ui.painter().galley(pos2(rect.left() + 32.0, middle(name.size().y)), name, color);
    let width = value.size().x;
    ui.painter().galley(pos2(right - width, middle(value.size().y)), value, color);
    let hint = if curve.hidden { tr!("Show {}", curve.name) } else { tr!("Hide {}", curve.name) };
    if response.on_hover_text(hint).clicked() {
        out.push(Command::Training(TrainingCommand::ToggleCurve(curve.key.clone())));
    }
}

/// How a curve is drawn; an empty ring where it is hidden.
pub(super) fn swatch(ui: &Ui, rect: Rect, curve: &Curve, tokens: &Tokens) {
    let (left, right) = (rect.left_center(), rect.right_center());
    if curve.hidden {
        ui.painter().circle_stroke(rect.center(), 4.0, Stroke::new(1.0, tokens.below));
        return;
    }
    let stroke = Stroke::new(curve.width.max(1.5), curve.color);
    match curve.style {
        LineStyle::Solid => drop(ui.painter().line_segment([left, right], stroke)),
        LineStyle::Dashed { .. } => {
            ui.painter().extend(egui::Shape::dashed_line(&[left, right], stroke, 4.0, 3.0));
        }
        LineStyle::Dotted { .. } => {
            ui.painter().extend(egui::Shape::dotted_line(&[left, right], curve.color, 4.0, 1.2));
        }
    }
    if curve.marked {
        ui.painter().circle_filled(rect.center(), 2.5, curve.color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_marks_and_epochs_have_whole_ones() {
        let values = |bounds, count, least| marks(bounds, count, least).iter().map(|m| m.value).collect::<Vec<_>>();
        assert_eq!(values((0.45, 1.3), 4.0, 0.0), [0.5, 1.0]);
        assert_eq!(values((0.0, 2.0), 12.0, 1.0), [0.0, 1.0, 2.0]);
        assert_eq!(values((0.0, 300.0), 6.0, 1.0), [0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0]);
    }

    #[test]
    fn twenty_one_curves_have_looks_of_their_own() {
        let looks: Vec<_> = (0..21).map(|k| format!("{:?}", look(Theme::Dark, k))).collect();
        assert!(looks.iter().enumerate().all(|(i, a)| !looks[..i].contains(a)));
    }
}
