//! The guided tour on the screen: a ring around the part that a step speaks of, and a few words.
//!
//! Parts of the screen say where they are while a tour goes on ([`mark`]); a step whose part is not
//! there now, because a panel is closed, has its words in the middle.

use egui::{
    Align2, Area, Color32, CornerRadius, Frame, Id, Label, Margin, Order, Rect, RichText, Stroke, StrokeKind, Ui,
};
use egui::{pos2, vec2};

use super::theme;
use crate::app::command::{
    Command, FindingsCommand, HelpCommand, MeasureCommand, OverlayCommand, PaletteCommand, ViewCommand,
};
use crate::app::state::State;
use crate::app::state::measuring::Tool;
use crate::app::state::tour::TourStep;
use crate::language::{text, tr};
use crate::measurement::Kind;

/// Width of the plate with the words.
const WIDTH: f32 = 320.0;
/// Least room that the plate needs.
const HEIGHT: f32 = 150.0;

/// Says where the part is that a step speaks of.
pub(super) fn mark(ui: &Ui, state: &State, step: TourStep, rect: Rect) {
    if state.tour == Some(step) {
        ui.data_mut(|data| data.insert_temp(key(), Some(rect)));
    }
}

fn key() -> Id {
    Id::unique("part of the tour")
}

/// What the ring leaves free around its part, so that it runs through no words.
const AROUND: f32 = 5.0;

/// Draws the step over everything else while the tour goes on.
pub(super) fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(step) = state.tour else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let screen = ui.ctx().content_rect();
    let part = ui
        .data_mut(|data| data.remove_temp::<Option<Rect>>(key()))
        .flatten()
        .map(|rect| rect.expand(AROUND).intersect(screen.shrink(2.0)));
    if let Some(part) = part {
        let painter = ui.ctx().layer_painter(egui::LayerId::new(Order::Foreground, Id::unique("ring of the tour")));
        for (wide, color) in [(5.0, Color32::from_black_alpha(160)), (2.5, tokens.accent)] {
            painter.rect_stroke(part, CornerRadius::same(6), Stroke::new(wide, color), StrokeKind::Middle);
        }
    }
    let (title, words) = words_of(step);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(12));
    let width = WIDTH.min(screen.width() - 32.0);
    let at = part.map_or(screen.center() - vec2(width / 2.0, HEIGHT / 2.0), |part| beside(part, screen, width));
    Area::new(Id::unique("tour"))
        .order(Order::Foreground)
        .pivot(Align2::LEFT_TOP)
        .fixed_pos(at)
        .constrain_to(screen)
        .show(ui.ctx(), |ui| {
            frame.show(ui, |ui| {
                ui.set_width(width - 24.0);
                ui.label(theme::heading(title, &tokens));
                ui.add(Label::new(RichText::new(words).color(tokens.text)).wrap());
                ui.add_space(theme::GRID / 2.0);
                ui.horizontal(|ui| {
                    let of = tr!("{} of {}", step.number(), TourStep::ALL.len());
                    ui.label(theme::caption(of, &tokens));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        let last = step.beside(false).is_none();
                        let next = ui.button(if last { text!("Done") } else { text!("Next") });
                        if next.on_hover_text(HelpCommand::TourStep(false).info().tooltip).clicked() {
                            out.push(HelpCommand::TourStep(false).into());
                        }
                        if step.beside(true).is_some() && ui.button(text!("Back")).clicked() {
                            out.push(HelpCommand::TourStep(true).into());
                        }
                        if !last && ui.button(text!("End")).on_hover_text(text!("Puts the tour away (Esc)")).clicked() {
                            out.push(HelpCommand::EndTour.into());
                        }
                    });
                });
            });
        });
    out
}

/// A place beside a part of the screen, where there is the most room.
fn beside(part: Rect, screen: Rect, width: f32) -> egui::Pos2 {
    let gap = 12.0;
    let sides = [
        (screen.right() - part.right(), pos2(part.right() + gap, part.top())),
        (part.left() - screen.left(), pos2(part.left() - gap - width, part.top())),
    ];
    if let Some((_, at)) = sides.into_iter().find(|(room, _)| *room > width + 2.0 * gap) {
        return at;
    }
    if screen.bottom() - part.bottom() > HEIGHT + gap {
        return pos2(part.left(), part.bottom() + gap);
    }
    if part.top() - screen.top() > HEIGHT + gap {
        return pos2(part.left(), part.top() - HEIGHT - gap);
    }
    part.center() - vec2(width / 2.0, HEIGHT / 2.0)
}

/// Title and words of a step, with the keys as they are now.
fn words_of(step: TourStep) -> (&'static str, String) {
    let key = |command: Command| match command.info().shown_key() {
        key if key.is_empty() => text!("no key").to_owned(),
        key => key,
    };
    match step {
        TourStep::Window => (
            text!("The image"),
            tr!(
                "Drag with the left button: right is wider, down is brighter. The wheel zooms, the middle button moves. \
                 {} resets all of it, {} takes the last change back. No score depends on how you look.",
                key(ViewCommand::ResetView.into()),
                key(MeasureCommand::Undo.into())
            ),
        ),
        TourStep::Classes => (
            text!("What the model says"),
            tr!(
                "Each class has its probability, the spread of its samples, and a tick at its threshold. A click, or {} and \
                 {}, shows what moved that score.",
                key(FindingsCommand::PreviousClass.into()),
                key(FindingsCommand::NextClass.into())
            ),
        ),
        TourStep::Map => (
            text!("Where it looked"),
            tr!(
                "The map shows what moved the score, not the outline of a lesion. {} hides it; hold {} for the bare image.",
                key(OverlayCommand::ToggleHeatMap.into()),
                key(OverlayCommand::HideOverlays(true).into())
            ),
        ),
        TourStep::Opacity => (
            text!("How the map lies over the image"),
            text!(
                "Opacity and threshold change only how the map is shown. Method, layer and colours stand in the section above."
            )
            .to_owned(),
        ),
        TourStep::Measure => (
            text!("Measuring"),
            tr!(
                "Lengths, angles, regions, the cardiothoracic ratio. {} takes the length. Millimetres stand with where they \
                 come from.",
                key(MeasureCommand::TakeTool(Tool::Measure(Kind::Length)).into())
            ),
        ),
        TourStep::Palette => (
            text!("Everything else"),
            tr!(
                "{} finds every command by a few letters and says its key. {} shows all keys, and {} changes them.",
                key(PaletteCommand::Toggle.into()),
                key(HelpCommand::ToggleKeys.into()),
                key(crate::app::command::KeysCommand::ToggleEditor.into())
            ),
        ),
    }
}
