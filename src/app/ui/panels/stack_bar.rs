//! The bar below the views of a stack: play and speed, and a slider over all its images.
//!
//! The groove is brighter where images are decoded.

use egui::{ComboBox, Label, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::command::{Command, StudyCommand};
use crate::app::state::State;
use crate::app::state::cine::{Playing, SPEEDS};
use crate::app::state::stack::StackPosition;
use crate::app::ui::theme::{self, Tokens};
use crate::language::{decimal, text, tr, translated};

/// Room of the words at the right.
const WORDS: f32 = 176.0;
const KNOB: f32 = 6.0;
/// Least width of the groove.
const LEAST: f32 = 64.0;

/// Draws the bar into the height that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let Some(position) = state.stack_position() else { return out };
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let playing = state.stack.cine.is_playing();
        let play = Command::Study(StudyCommand::TogglePlay);
        let info = play.info();
        let button = egui::Button::new(if playing { tr!("cine" => "Stop") } else { info.label.to_owned() })
            .min_size(vec2(48.0, 24.0));
        if ui.add(button).on_hover_text(info.hint()).clicked() {
            out.push(play);
        }
        speed(ui, state, &mut out);
        // Where there is little room the corner of the view says it alone.
        let words = ui.available_width() >= WORDS + LEAST;
        slider(ui, state, &position, if words { WORDS } else { 0.0 }, &tokens, &mut out);
        if !words {
            return;
        }
        let shown = state.drawn_position().unwrap_or(position);
        let label = Label::new(theme::caption(shown.words(), &tokens)).truncate();
        ui.add_sized(vec2(ui.available_width(), 20.0), label).on_hover_text(order_words(state));
    });
    out
}

/// By what the stack stands in order, as a sentence.
fn order_words(state: &State) -> String {
    let Some((entry, _)) = state.current() else { return String::new() };
    let series = state.series_of(entry).filter(|series| crate::app::state::stack::is_stack(series));
    match (series, entry.frames > 1) {
        (Some(series), false) => translated(series.order.words()).to_owned(),
        (Some(series), true) => tr!("{}; frames in the order of their file", translated(series.order.words())),
        (None, _) => text!("Frames in the order of their file").to_owned(),
    }
}

/// Images a second, and a choice of others.
fn speed(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let (timing, cine) = (state.timing(), &state.stack.cine);
    let rate = |speed: f32| {
        let rate = timing.rate() * f64::from(speed);
        tr!("{} images/s", decimal(if rate >= 10.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }))
    };
    let words = match cine.playing.as_ref().and_then(Playing::rate) {
        Some(shown) if shown < 0.9 * (timing.rate() as f32) * cine.speed => {
            tr!("{} of {}", format!("{shown:.0}"), rate(cine.speed))
        }
        _ => rate(cine.speed),
    };
    let response = ComboBox::from_id_salt("speed")
        .selected_text(words)
        .width(128.0)
        .truncate()
        .show_ui(ui, |ui| {
            for speed in SPEEDS {
                let words = format!("× {}   {}", decimal(speed.to_string()), rate(speed));
                if ui.selectable_label((speed - cine.speed).abs() < 1e-6, words).clicked() {
                    out.push(StudyCommand::SetSpeed(speed).into());
                }
            }
        })
        .response;
    let [slower, faster] = [StudyCommand::Slower, StudyCommand::Faster].map(|command| command.info().key);
    let hint = tr!("{}. Slower and faster: {}, {}", translated(timing.source.words()), slower, faster);
    response.accessible_name(text!("Speed")).on_hover_text(hint);
}

/// A groove over all images with a knob; a click or a drag goes there.
fn slider(ui: &mut Ui, state: &State, position: &StackPosition, beside: f32, tokens: &Tokens, out: &mut Vec<Command>) {
    let width = (ui.available_width() - beside).max(LEAST);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::click_and_drag());
    let words = position.words();
    response.widget_info(|| {
        let info = WidgetInfo::labeled(Role::Slider, true, StudyCommand::GoTo(0).info().label);
        WidgetInfo { value: Some(position.at as f64 + 1.0), current_text_value: Some(words.clone()), ..info }
    });
    let groove = Rect::from_center_size(rect.center(), vec2(rect.width() - 2.0 * KNOB, 4.0));
    let last = position.of.saturating_sub(1).max(1);
    let x_of = |at: usize| groove.left() + groove.width() * at as f32 / last as f32;
    let painter = ui.painter_at(rect);
    painter.rect_filled(groove, 2.0, tokens.groove);
    decoded(state, position.of, |from, to| {
        let step = 0.5 * groove.width() / last as f32;
        let (left, right) = ((x_of(from) - step).max(groove.left()), (x_of(to) + step).min(groove.right()));
        painter.rect_filled(
            Rect::from_min_max(pos2(left, groove.top()), pos2(right, groove.bottom())),
            2.0,
            tokens.below,
        );
    });
    let knob = pos2(x_of(position.at), groove.center().y);
    let color =
        if response.hovered() || response.dragged() || response.has_focus() { tokens.text } else { tokens.accent };
    painter.circle_filled(knob, KNOB, color);
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        let part = ((at.x - groove.left()) / groove.width().max(1.0)).clamp(0.0, 1.0);
        let to = (part * last as f32).round() as usize;
        if to != position.at {
            out.push(StudyCommand::GoTo(to).into());
        }
    }
    response.on_hover_text(format!("{words}. {}", order_words(state)));
}

/// The runs of places that are decoded.
fn decoded(state: &State, of: usize, mut run: impl FnMut(usize, usize)) {
    let images = state.stack_images();
    let mut places = images.into_iter().flat_map(|image| (0..image.frames).map(move |index| (image, index)));
    let mut since = None;
    for at in 0..of {
        let there = places.next().is_some_and(|(image, index)| state.stack.cache.holds(image, index));
        match (since, there) {
            (None, true) => since = Some(at),
            (Some(from), false) => {
                run(from, at - 1);
                since = None;
            }
            _ => {}
        }
    }
    if let Some(from) = since {
        run(from, of - 1);
    }
}
