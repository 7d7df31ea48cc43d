//! How well calibrated the model is: of the images to which it gave 0.8, did eight in ten have the
//! finding?
//!
//! One diagram a label or group, with the counts and intervals of its bins as a table beside it:
//! the same numbers for those who cannot see the plot.

use egui::{
    Align, Button, Frame, Id, Label, Layout as Flow, Margin, Modal, Rangef, RichText, Role, ScrollArea, Ui, WidgetInfo,
    vec2,
};
use egui_extras::{Column, TableBuilder};
use egui_plot::{AxisHints, GridInput, GridMark, Line, LineStyle, PlotBounds, PlotPoints, Points};

use crate::app::command::{Command, UncertaintyCommand};
use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::still_plot::still_plot;
use crate::app::ui::widgets::text::paragraph;
use crate::language::{date_of, decimal, said, text, tr};
use crate::model::calibration::{Calibration, Target};

/// Height of a row of the table.
const ROW: f32 = 16.0;
/// Side of the diagram.
const SIDE: f32 = 320.0;

/// Less room than this, and the table stands below the diagram.
const BESIDE: f32 = 640.0;

/// Draws the window over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(chosen) = state.reliability else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let room = ui.ctx().content_rect().size();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(if room.y < 500.0 { 12 } else { 24 }));
    let modal = Modal::new(Id::unique("reliability")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 96.0).min(760.0));
        ui.horizontal(|ui| {
            ui.label(theme::heading(text!("How well calibrated?"), &tokens));
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                let command = UncertaintyCommand::ToggleReliability;
                if ui.button(text!("Close")).on_hover_text(command.info().hint()).clicked() {
                    out.push(Command::Uncertainty(command));
                }
            });
        });
        controls::rule(ui, &tokens);
        // What a low window has no room for is scrolled to; the heading stays.
        let most = (room.y - 120.0).max(96.0);
        let all = ScrollArea::vertical().max_height(most).auto_shrink([false, true]);
        // What can be scrolled is as high as it may be at once, not after some frames.
        all.min_scrolled_height(most).show(ui, |ui| match state.model_info().map(|info| info.calibration.as_ref()) {
            Some(Ok(calibration)) => measured(ui, calibration, chosen, room.y - 200.0, &tokens, &mut out),
            Some(Err(why)) => paragraph(ui, &said(&why.to_string()), &tokens),
            None => paragraph(ui, text!("There is no model yet."), &tokens),
        });
    });
    if modal.backdrop_response.clicked() {
        out.push(Command::Uncertainty(UncertaintyCommand::ToggleReliability));
    }
    out
}

fn measured(
    ui: &mut Ui,
    calibration: &Calibration,
    chosen: usize,
    height: f32,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let about = tr!(
        "Measured on {set}, {images} images of {patients} patients, {date}. {note}",
        set = said(&calibration.set),
        images = calibration.images,
        patients = calibration.patients,
        date = date_of(&calibration.date),
        note = said(&calibration.note)
    );
    paragraph(ui, &about, tokens);
    ui.add_space(theme::GRID);
    ui.horizontal_wrapped(|ui| {
        for (number, target) in calibration.targets.iter().enumerate() {
            let button = Button::selectable(number == chosen, target.name.as_str()).frame_when_inactive(true);
            if ui.add(button).clicked() {
                out.push(Command::Uncertainty(UncertaintyCommand::ShowTarget(number)));
            }
        }
    });
    let Some(target) = calibration.targets.get(chosen) else { return };
    ui.add_space(theme::GRID);
    ui.add(Label::new(RichText::new(in_words(target)).color(tokens.text)).wrap());
    ui.add_space(theme::GRID);
    if ui.available_width() < BESIDE {
        let side = SIDE.min(ui.available_width());
        ui.allocate_ui(vec2(side, side), |ui| diagram(ui, target, side, tokens));
        ui.add_space(theme::GRID);
        table(ui, target, tokens);
    } else {
        ui.horizontal_top(|ui| {
            let side = SIDE.min(ui.available_width() * 0.55).min(height.max(160.0));
            ui.allocate_ui(vec2(side, side), |ui| diagram(ui, target, side, tokens));
            ui.add_space(theme::GRID);
            ScrollArea::vertical()
                .id_salt("reliability bins")
                .max_height(height.max(160.0))
                .min_scrolled_height(height.max(160.0))
                // Rows stand below their headings, whatever stands beside the table.
                .show(ui, |ui| ui.vertical(|ui| table(ui, target, tokens)));
        });
    }
    ui.add_space(theme::GRID);
    let reading = text!(
        "Up: share of the images that have the finding, with its 95 % interval. Across: the probability that the model gave. On the \
                   dashed line probabilities mean what they say. Each point stands for equally many images."
    );
    ui.add(Label::new(theme::caption(reading, tokens)).wrap());
}

/// The metrics of a label or group in one line.
pub fn in_words(target: &Target) -> String {
    tr!(
        "{}: {} images with it, {} without. Expected calibration error {}, Brier score {}.",
        target.name,
        target.with,
        target.without,
        decimal(format!("{:.3}", target.ece)),
        decimal(format!("{:.3}", target.brier))
    )
}

/// A mark of an axis: no more decimals than it has.
fn tenths(value: f64) -> String {
    decimal(((10.0 * value).round() / 10.0).to_string())
}

fn diagram(ui: &mut Ui, target: &Target, side: f32, tokens: &Tokens) {
    let marks = |_: GridInput| -> Vec<GridMark> {
        (0..=5).map(|i| GridMark { value: f64::from(i) / 5.0, step_size: 0.2 }).collect()
    };
    let response = still_plot(ui, "reliability", vec2(side, side), tokens)
        // Without this the labels below would be left out: a fifth of the side is less than the
        // room that they take by default.
        .custom_x_axes(vec![
            AxisHints::new_x().label_spacing(Rangef::new(24.0, 36.0)).formatter(|mark, _| tenths(mark.value)),
        ])
        .y_axis_formatter(|mark, _| tenths(mark.value))
        .x_grid_spacer(marks)
        .y_grid_spacer(marks)
        .show(ui, |plot| {
            plot.set_plot_bounds(PlotBounds::from_min_max([-0.02, -0.02], [1.02, 1.02]));
            let ideal = Line::new("", PlotPoints::from(vec![[0.0, 0.0], [1.0, 1.0]])).color(tokens.muted).width(1.0);
            plot.line(ideal.style(LineStyle::dashed_dense()).allow_hover(false));
            for bin in &target.bins {
                let whisker = PlotPoints::from(vec![[bin.said, bin.low], [bin.said, bin.high]]);
                plot.line(Line::new("", whisker).color(tokens.below).width(1.5).allow_hover(false));
            }
            let points: Vec<[f64; 2]> = target.bins.iter().map(|b| [b.said, b.seen]).collect();
            let line = Line::new(target.name.clone(), PlotPoints::from(points.clone())).color(tokens.accent).width(1.5);
            plot.line(line.allow_hover(false));
            plot.points(Points::new(target.name.clone(), PlotPoints::from(points)).color(tokens.accent).radius(3.0));
        })
        .response;
    let words = tr!("Reliability diagram of {}; the table beside it has the same numbers", target.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words.as_str()));
}

fn table(ui: &mut Ui, target: &Target, tokens: &Tokens) {
    if target.bins.is_empty() {
        paragraph(ui, text!("No image tells whether it is there."), tokens);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let table = TableBuilder::new(ui)
        .id_salt("reliability table")
        .vscroll(false)
        .cell_layout(Flow::left_to_right(Align::Center))
        .columns(Column::auto().at_least(48.0), 4);
    let table = table.header(ROW, |mut row| {
        for head in [text!("images"), text!("model said"), text!("had it"), text!("95 % interval")] {
            row.col(|ui| drop(ui.label(theme::section(head, tokens))));
        }
    });
    table.body(|mut body| {
        for bin in &target.bins {
            let cells = [
                bin.n.to_string(),
                decimal(format!("{:.3}", bin.said)),
                decimal(format!("{:.3}", bin.seen)),
                decimal(format!("{:.3}–{:.3}", bin.low, bin.high)),
            ];
            body.row(ROW, |mut row| {
                for cell in cells {
                    row.col(|ui| drop(ui.label(theme::caption(cell, tokens).color(tokens.text))));
                }
            });
        }
    });
}
