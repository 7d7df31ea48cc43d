//! A path that can be typed, pasted or chosen: no desktop is sure to have a dialog.

use std::path::{Path, PathBuf};

use egui::{Button, Color32, Key, Margin, TextEdit, TextStyle, Ui};

use crate::app::command::Command;
use crate::language::text;

/// Between the frame of the field and its text.
const MARGIN: f32 = 8.0;

/// A field for a path with `name` for its label. Yields a path that was entered; `choose` asks for
/// one by a dialog.
///
/// The text is no state of the viewer: it lives here until it is entered, and gives way when
/// `value` changes.
pub(super) fn path(
    ui: &mut Ui,
    name: &str,
    value: Option<&Path>,
    enter: &str,
    choose: Command,
    out: &mut Vec<Command>,
) -> Option<PathBuf> {
    let key = ui.scope_id().with(("path field", name));
    let now = value.map(|p| p.display().to_string()).unwrap_or_default();
    let kept = ui.data_mut(|data| data.get_temp::<(String, String)>(key));
    let (before, mut text) = kept.filter(|(before, _)| *before == now).unwrap_or((now.clone(), now));
    let mut chosen = None;
    ui.horizontal(|ui| {
        let label = if value.is_some() { text!("Choose…") } else { choose.info().label };
        // The buttons have their room in every language, and the field what they leave.
        let font = TextStyle::Button.resolve(ui.style());
        let of = |words: &str| {
            let words = ui.painter().layout_no_wrap(words.to_owned(), font.clone(), Color32::WHITE).size().x;
            words + 2.0 * ui.spacing().button_padding.x + ui.spacing().item_spacing.x
        };
        let buttons = of(label) + if value.is_none() { of(enter) } else { 0.0 } + 2.0 * MARGIN;
        let field =
            TextEdit::singleline(&mut text).hint_text(name).desired_width((ui.available_width() - buttons).max(48.0));
        let field = field.margin(Margin::symmetric(MARGIN as i8, 4)).align(egui::Align2::LEFT_CENTER);
        let response = ui.add(field).accessible_name(name);
        let typed = text.trim().trim_matches('"').to_owned();
        let fresh = !typed.is_empty() && typed != before;
        let mut entered = response.lost_focus() && (ui.input(|i| i.key_pressed(Key::Enter)) || value.is_some());
        if value.is_none() {
            entered |= ui.add_enabled(fresh, Button::new(enter)).clicked();
        }
        if entered && fresh {
            chosen = Some(PathBuf::from(typed));
        }
        let button = ui.button(label).on_hover_text(choose.info().tooltip);
        // Two fields side by side need two names.
        if button.accessible_name(format!("{label} {name}")).clicked() {
            out.push(choose);
        }
    });
    ui.data_mut(|data| data.insert_temp(key, (before, text)));
    chosen
}
