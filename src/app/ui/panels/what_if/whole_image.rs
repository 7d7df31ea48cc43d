//! Sliders for the whole image: tone, turn, shift, crop.

use egui::{CollapsingHeader, FontId, Slider, Ui};

use super::row;
use crate::app::command::{Command, WhatIfCommand};
use crate::app::state::State;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::engine::what_if::alteration::{Alteration, MOST_CROP, MOST_SHIFT, MOST_TONE, MOST_TURN};
use crate::language::{text, tr};

pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    // A heading of egui's makes its panel as wide as its words are.
    let room = ui.available_width() - ui.spacing().indent - 2.0 * ui.spacing().button_padding.x;
    let font = FontId::proportional(theme::CAPTION);
    let words = lettering::cut_text(ui.painter(), text!("Whole image: tone, turn, shift, crop"), &font, room);
    let header = CollapsingHeader::new(theme::caption(words, tokens));
    header.id_salt("whole image").show_unindented(ui, |ui| {
        let before = state.what_if.changed.alteration;
        let mut after = before;
        let percent = |share: f32| 100.0 * share;
        let mut turn = after.turn;
        let [mut right, mut down] = after.shift.map(percent);
        let mut crop = percent(after.crop);
        let mut tone = percent(after.tone);
        let mut moved = false;
        let mut slider = |ui: &mut Ui, name: &str, value: &mut f32, most: f32, least: f32, unit: &str| {
            row(ui, name, tokens, |ui| {
                let slider = Slider::new(value, least..=most).suffix(unit).fixed_decimals(0).step_by(1.0);
                moved |= ui.add(slider).accessible_name(name).changed();
            });
        };
        slider(ui, text!("Tone"), &mut tone, percent(MOST_TONE), percent(-MOST_TONE), "");
        slider(ui, text!("Turn"), &mut turn, MOST_TURN, -MOST_TURN, "°");
        slider(ui, &tr!("direction" => "Right"), &mut right, percent(MOST_SHIFT), percent(-MOST_SHIFT), " %");
        slider(ui, &tr!("direction" => "Down"), &mut down, percent(MOST_SHIFT), percent(-MOST_SHIFT), " %");
        slider(ui, text!("Crop"), &mut crop, percent(MOST_CROP), 0.0, " %");
        if moved {
            let share = |percent: f32| percent / 100.0;
            after = Alteration { tone: share(tone), turn, shift: [share(right), share(down)], crop: share(crop) };
        }
        if after != before {
            out.push(WhatIfCommand::Alter(after).into());
        }
    });
}
