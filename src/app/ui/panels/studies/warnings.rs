//! What could not be read, or was read with a reservation, below the list.

use egui::text::LayoutJob;
use egui::{Align, FontSelection, Label, RichText, ScrollArea, Ui};

use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{said, text, tr};

/// Most height that the list of warnings takes.
const WARNINGS: f32 = 190.0;
/// Lines of a reason; all of it stands in the tooltip.
const LINES: usize = 3;
/// Height of a name and its reason.
const ROW: f32 = 62.0;

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
            let area = ScrollArea::vertical().max_height(WARNINGS).min_scrolled_height(WARNINGS);
            area.auto_shrink([false, true]).show_rows(ui, ROW, warnings.len(), |ui, shown| {
                for warning in &warnings[shown] {
                    let name = warning.path.file_name().unwrap_or(warning.path.as_os_str()).to_string_lossy();
                    let shown = ui.scope(|ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        let reason = said(&warning.reason);
                        let hint = format!("{}\n{reason}", warning.path.display());
                        controls::elided(ui, RichText::new(name).size(theme::TEXT)).on_hover_text(&hint);
                        ui.add(Label::new(in_lines(ui, &reason, tokens)).wrap()).on_hover_text(hint);
                    });
                    // Rows are as high as each other, so that those out of sight need no room of their own.
                    ui.add_space((ROW - shown.response.rect.height()).max(0.0));
                }
            });
        },
    );
    ui.add_space(theme::GRID / 2.0);
}

/// A reason over a few lines.
fn in_lines(ui: &Ui, reason: &str, tokens: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    theme::caption(reason, tokens).append_to(&mut job, ui.style(), FontSelection::Default, Align::Min);
    job.wrap.max_rows = LINES;
    job
}
