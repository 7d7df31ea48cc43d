//! Three lines on one plot, named where they can be told apart best: the map's solid, the blob's
//! dashed, the random map's dotted.

use egui::{Align2, Color32, FontId, Pos2, Rangef, Rect, Role, Sense, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, LineStyle, PlotBounds, PlotPoint, PlotPoints};

use crate::app::state::Theme;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::still_plot::still_plot;
use crate::explain::faithfulness::measure::{Measure, Measured, Measurement};
use crate::language::{decimal, named, text, tr, translated};

const HEIGHT: f32 = 148.0;
const NAMES: [&str; 3] = [named!("this map"), named!("blob"), named!("random")];

/// Draws the curves of a measure; an empty frame while there are none.
pub(super) fn show(
    ui: &mut Ui,
    measure: Measure,
    values: Option<&Measured>,
    width: f32,
    theme: Theme,
    tokens: &Tokens,
) {
    let (title, caption) = match measure {
        Measure::Deletion => (text!("DELETION"), text!("probability, as pixels are removed")),
        Measure::Insertion => (text!("INSERTION"), text!("probability, as pixels are put back")),
        _ => ("ROAD", text!("loss: marked less unmarked filled in")),
    };
    ui.allocate_ui(vec2(width, HEIGHT + 20.0), |ui| {
        ui.vertical(|ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 2.0;
            controls::title(ui, title, caption, tokens);
            let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken(measure, values)));
            let Some(values) = values else {
                let font = FontId::proportional(theme::TEXT);
                ui.painter().rect_stroke(rect, 2.0, (1.0, tokens.line), egui::StrokeKind::Inside);
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, text!("Not measured yet."), font, tokens.muted);
                return;
            };
            ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
                plot(ui, measure, values, rect.size(), theme, tokens);
            });
        });
    });
}

/// What a screen reader says of the plot.
fn spoken(measure: Measure, values: Option<&Measured>) -> String {
    let Some(values) = values else { return tr!("{} curves, not measured yet", translated(measure.name())) };
    let [map, blob, random] =
        [&values.map, &values.blob, &values.random].map(|reading| decimal(format!("{:.3}", reading.value)));
    tr!(
        "{} curves: this map {map}, centred blob {blob}, random map {random}",
        translated(measure.name()),
        map,
        blob,
        random
    )
}

/// Share of pixels and value.
fn points(measure: Measure, reading: &Measurement) -> Vec<[f64; 2]> {
    let road = measure == Measure::Road;
    let x = |x: f64| if road { 1.0 - x / 100.0 } else { x };
    let mut points: Vec<[f64; 2]> = reading.curve.iter().map(|p| [x(p[0]), p[1]]).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    points
}

fn plot(ui: &mut Ui, measure: Measure, values: &Measured, size: Vec2, theme: Theme, tokens: &Tokens) {
    let [first, second, .., grey] = theme::series(theme);
    let looks = [
        (first, LineStyle::Solid, 2.5),
        (second, LineStyle::dashed_dense(), 1.75),
        (grey, LineStyle::dotted_dense(), 1.75),
    ];
    let lines = [&values.map, &values.blob, &values.random].map(|reading| points(measure, reading));
    let most = lines.iter().flatten().map(|p| p[1].abs()).fold(0.0, f64::max);
    // A probability is shown from 0 to 1, however little it moves; a difference as far as it
    // reaches, but never as a mountain of nothing.
    let (low, high) = if measure == Measure::Road {
        let reach = [0.05, 0.1, 0.2, 0.5, 1.0].into_iter().find(|reach| most <= *reach).unwrap_or(1.0);
        (-reach, reach)
    } else {
        (0.0, 1.0)
    };
    let room = 0.04 * (high - low);
    let hover = |at: &HoverPosition<'_>| match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } if !plot_name.is_empty() => {
            let share = format!("{:.0}", 100.0 * position.x);
            let value = decimal(format!("{:.3}", position.y));
            Some(format!("{plot_name}\n{}", tr!("{} % of the pixels: {}", share, value)))
        }
        _ => None,
    };
    // By default labels fade where a quarter of the width is less than they are given room for.
    let across = AxisHints::new_x()
        .label_spacing(Rangef::new(32.0, 48.0))
        .formatter(|mark, _| format!("{:.0} %", 100.0 * mark.value));
    let drawn = still_plot(ui, ("faithfulness", measure.name()), size, tokens)
        .y_axis_min_width(40.0)
        .custom_x_axes(vec![across])
        .x_grid_spacer(|_| marks([0.0, 0.25, 0.5, 0.75, 1.0]))
        .y_grid_spacer(move |_| marks([low, f64::midpoint(low, high), high]))
        .y_axis_formatter(|mark, _| decimal(format!("{:.2}", mark.value).replace('-', "−")))
        .label_formatter(hover)
        .show(ui, |plot| {
            plot.set_plot_bounds(PlotBounds::from_min_max([-0.02, low - room], [1.04, high + room]));
            for ((points, name), (color, style, width)) in lines.iter().zip(NAMES.map(translated)).zip(looks).rev() {
                let line = Line::new(name, PlotPoints::from(points.clone())).color(color).width(width);
                plot.line(line.style(style));
            }
        });
    let on_screen = lines.map(|points| {
        points.iter().map(|p| drawn.transform.position_from_point(&PlotPoint::new(p[0], p[1]))).collect::<Vec<_>>()
    });
    name_lines(ui, &on_screen, looks.map(|(color, ..)| color), drawn.response.rect, tokens);
}

fn marks<const N: usize>(values: [f64; N]) -> Vec<GridMark> {
    let step_size = values.get(1).map_or(1.0, |second| second - values[0]);
    values.map(|value| GridMark { value, step_size }).to_vec()
}

/// Writes the names on the lines.
fn name_lines(ui: &Ui, lines: &[Vec<Pos2>; 3], colors: [Color32; 3], area: Rect, tokens: &Tokens) {
    let font = FontId::new(theme::CAPTION, theme::semibold());
    let words: Vec<_> = NAMES
        .into_iter()
        .zip(colors)
        .map(|(name, color)| ui.painter().layout_no_wrap(translated(name).into(), font.clone(), color))
        .collect();
    let sizes: Vec<Vec2> = words.iter().map(|galley| galley.size()).collect();
    for (place, galley) in places(lines, &sizes, area).into_iter().zip(words) {
        let Some(rect) = place else { continue };
        ui.painter().rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, tokens.panel.gamma_multiply(0.85));
        let color = ui.visuals().text_color();
        ui.painter().galley(rect.min, galley, color);
    }
}

/// Where each name stands: above or below its own line, clear of the others and of their names,
/// where its line is farthest from them.
fn places(lines: &[Vec<Pos2>], sizes: &[Vec2], area: Rect) -> Vec<Option<Rect>> {
    let dense: Vec<Vec<Pos2>> = lines.iter().map(|line| dense(line)).collect();
    let mut taken: Vec<Rect> = Vec::new();
    let mut places = Vec::new();
    for (k, size) in sizes.iter().enumerate() {
        let mut best: Option<(f32, Rect)> = None;
        for &at in &dense[k] {
            for side in [-1.0, 1.0] {
                let rect = Rect::from_center_size(at + vec2(0.0, side * (size.y / 2.0 + 3.0)), *size);
                if !area.contains_rect(rect) || taken.iter().any(|t| t.expand(2.0).intersects(rect)) {
                    continue;
                }
                let others = || dense.iter().enumerate().filter(|(i, _)| *i != k).flat_map(|(_, line)| line.iter());
                let crossed = dense.iter().flatten().filter(|p| rect.contains(**p)).count() as f32;
                let apart = others().map(|p| p.distance(rect.center())).fold(60.0, f32::min);
                let merit = apart - 6.0 * crossed;
                if best.is_none_or(|(most, _)| merit > most) {
                    best = Some((merit, rect));
                }
            }
        }
        taken.extend(best.map(|(_, rect)| rect));
        places.push(best.map(|(_, rect)| rect));
    }
    places
}

/// Points a few pixels apart along a line.
fn dense(line: &[Pos2]) -> Vec<Pos2> {
    let between = |pair: &[Pos2]| {
        let (a, b) = (pair[0], pair[1]);
        let steps = (a.distance(b) / 4.0).ceil().clamp(1.0, 200.0);
        (0..steps as usize).map(move |i| a.lerp(b, i as f32 / steps)).collect::<Vec<_>>()
    };
    line.windows(2)
        .flat_map(between)
        .chain(line.last().copied())
        .filter(|p| p.x.is_finite() && p.y.is_finite())
        .collect()
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn names_stand_in_the_plot_and_not_on_each_other() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(260.0, 120.0));
        let curve =
            |bend: f32| (0..=20).map(|i| i as f32 / 20.0).map(|x| pos2(260.0 * x, 120.0 * x.powf(bend))).collect();
        let lines: Vec<Vec<Pos2>> = vec![curve(0.3), curve(1.0), curve(3.0)];
        let sizes = [vec2(48.0, 14.0), vec2(24.0, 14.0), vec2(40.0, 14.0)];
        let found: Vec<Rect> = places(&lines, &sizes, area).into_iter().flatten().collect();
        assert_eq!(found.len(), 3);
        for (i, a) in found.iter().enumerate() {
            assert!(area.contains_rect(*a), "{a:?}");
            assert!(found[..i].iter().all(|b| !a.intersects(*b)), "{found:?}");
        }
    }

    #[test]
    fn lines_that_lie_on_each_other_still_get_three_names() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(260.0, 120.0));
        let flat: Vec<Pos2> = vec![pos2(0.0, 60.0), pos2(260.0, 60.0)];
        let sizes = [vec2(48.0, 14.0); 3];
        assert_eq!(places(&[flat.clone(), flat.clone(), flat], &sizes, area).iter().flatten().count(), 3);
        assert!(places(&[Vec::new()], &[vec2(10.0, 10.0)], area)[0].is_none());
    }
}
