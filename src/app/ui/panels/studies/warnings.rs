//! What could not be read, or was read with a reservation, below the list.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{said, text, tr};

/// Most height that the list of warnings takes.
const WARNINGS: f32 = 160.0;

/// Draws the heading, and the list while it is open.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let warnings = &state.catalogue.warnings;
    controls::rule(ui, tokens);
    let title = tr!("1 warning" | "{n} warnings" % warnings.len());
    egui::CollapsingHeader::new(RichText::new(title).size(theme::TEXT).color(tokens.warning)).id_salt("warnings").show(
        ui,
        |ui| {
            if state.preferences.anonymize {
                ui.add(
                    Label::new(theme::caption(text!("Not shown while anonymised: they name files."), tokens)).wrap(),
                );
                return;
            }
            ScrollArea::vertical().max_height(WARNINGS).auto_shrink([false, true]).show_rows(
                ui,
                34.0,
                warnings.len(),
                |ui, shown| {
                    for warning in &warnings[shown] {
                        let name = warning.path.file_name().unwrap_or(warning.path.as_os_str()).to_string_lossy();
                        ui.scope(|ui| {
                            ui.spacing_mut().item_spacing.y = 0.0;
                            let reason = said(&warning.reason);
                            let hint = format!("{}\n{reason}", warning.path.display());
                            controls::elided(ui, RichText::new(name).size(theme::TEXT)).on_hover_text(&hint);
                            controls::elided(ui, theme::caption(reason, tokens)).on_hover_text(hint);
                        });
                    }
                },
            );
        },
    );
    ui.add_space(theme::GRID / 2.0);
}
