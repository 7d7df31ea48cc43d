//! Before a run: which configuration, what it would do, and where.

use egui::{Align, Button, Grid, Label, Layout as Flow, RichText, ScrollArea, Ui, UiBuilder, vec2};

use super::{field, new_config, words};
use crate::app::command::{Command, FileCommand, TrainingCommand};
use crate::app::state::State;
use crate::app::state::training::plan::{DataSummary, KeptCheckpoint, Plan};
use crate::app::state::training::{Draft, Folder};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{said, text, tr, translated};

const WIDTH: f32 = 640.0;
/// Most recent configurations that are listed.
const RECENT: usize = 8;
/// Width of the titles of the summary.
const TITLES: f32 = 104.0;

/// Draws into the middle of the room that `ui` has.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let room = ui.available_rect_before_wrap();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let width = WIDTH.min(room.width() - 32.0);
        let top = if state.training.draft.is_some() { 24.0 } else { (0.16 * room.height()).max(24.0) };
        let left = room.left() + (room.width() - width) / 2.0;
        let rect = egui::Rect::from_min_size(
            egui::pos2(left, ui.cursor().top() + top),
            vec2(width, (room.height() - top).max(200.0)),
        );
        ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Flow::top_down(Align::LEFT)), |ui| {
            ui.spacing_mut().item_spacing.y = theme::GRID;
            match &state.training.draft {
                None => empty(ui, state, tokens, out),
                Some(draft) => drafted(ui, draft, tokens, out),
            }
            ui.add_space(theme::GRID);
        });
    });
}

fn command(command: TrainingCommand) -> Command {
    Command::Training(command)
}

fn empty(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.label(theme::heading(text!("Train a model"), tokens));
    ui.label(text!("Drop a configuration here (a TOML file), or choose one:"));
    let choose = command(TrainingCommand::ChooseConfiguration);
    if let Some(path) = field::path(ui, text!("Path of a configuration"), None, text!("Use it"), choose, out) {
        out.push(command(TrainingCommand::Configure(path)));
    }
    let words =
        text!("It says what to tell apart, on which images, with which network and how. Nothing leaves this computer.");
    ui.add(Label::new(theme::caption(words, tokens)).wrap());
    ui.add_space(theme::GRID);
    new_config::show(ui, state, tokens, out);
    if state.preferences.configurations.is_empty() {
        return;
    }
    ui.add_space(theme::GRID);
    ui.label(theme::section(text!("Recent"), tokens));
    ui.spacing_mut().item_spacing.y = 0.0;
    for path in state.preferences.configurations.iter().take(RECENT) {
        if controls::recent_path(ui, path) {
            out.push(command(TrainingCommand::Configure(path.clone())));
        }
    }
}

fn drafted(ui: &mut Ui, draft: &Draft, tokens: &Tokens, out: &mut Vec<Command>) {
    match &draft.plan {
        None => {
            ui.label(theme::heading(text!("Reading the configuration…"), tokens));
            paragraph(ui, &draft.path.display().to_string(), tokens);
        }
        Some(Err(reason)) => {
            ui.label(theme::heading(text!("This configuration cannot be used"), tokens));
            message(ui, Sign::Caution, &words::sentence(reason.as_str()), tokens);
            ui.horizontal(|ui| {
                let again = ui.button(text!("Read it again")).on_hover_text(text!("After the file was corrected"));
                if again.clicked() {
                    out.push(command(TrainingCommand::Configure(draft.path.clone())));
                }
                let open = Command::File(FileCommand::OpenExternally(draft.path.clone()));
                if ui.button(text!("Open the file")).on_hover_text(open.info().tooltip).clicked() {
                    out.push(open);
                }
                controls::button(ui, command(TrainingCommand::Discard), true, out);
            });
        }
        Some(Ok(plan)) => planned(ui, draft, plan, tokens, out),
    }
}

fn planned(ui: &mut Ui, draft: &Draft, plan: &Plan, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.label(theme::heading(&plan.config.name, tokens));
    ui.add(Label::new(RichText::new(said(&plan.config.description)).color(tokens.text)).wrap());
    controls::elided(ui, theme::caption(plan.path.display().to_string(), tokens));
    summary(ui, plan, tokens);
    controls::rule(ui, tokens);

    ui.label(theme::section(text!("Folder of the data"), tokens));
    let choose = command(TrainingCommand::ChooseFolder(Folder::Data));
    if let Some(path) = field::path(ui, text!("Folder of the data"), Some(&plan.data), "", choose, out) {
        out.push(command(TrainingCommand::SetFolder(Folder::Data, path)));
    }
    match &draft.listed {
        None => paragraph(ui, text!("Looking for images…"), tokens),
        Some(Err(reason)) => {
            message(ui, Sign::Caution, &words::sentence(reason.as_str()), tokens);
        }
        Some(Ok(listed)) => images(ui, listed, tokens),
    }
    ui.add_space(theme::GRID);
    ui.label(theme::section(text!("Folder of the run"), tokens));
    let choose = command(TrainingCommand::ChooseFolder(Folder::Out));
    if let Some(path) = field::path(ui, text!("Folder of the run"), Some(&plan.out), "", choose, out) {
        out.push(command(TrainingCommand::SetFolder(Folder::Out, path)));
    }
    if let Some(kept) = draft.listed().and_then(|l| l.checkpoint) {
        checkpoint(ui, draft, plan, kept, tokens, out);
    }
    controls::rule(ui, tokens);
    ui.horizontal(|ui| {
        let start = command(TrainingCommand::Start);
        let info = start.info();
        let button = Button::new(RichText::new(info.label).color(tokens.on_accent)).fill(tokens.accent);
        let response = ui.add_enabled(draft.is_ready(), button).on_hover_text(info.tooltip);
        if response.on_disabled_hover_text(text!("Possible once images are found")).clicked() {
            out.push(start);
        }
        controls::button(ui, command(TrainingCommand::Discard), true, out);
    });
}

/// What a configuration asks for, title by title.
pub(super) fn summary(ui: &mut Ui, plan: &Plan, tokens: &Tokens) {
    ui.scope(|ui| lines(ui, plan, tokens));
}

fn lines(ui: &mut Ui, plan: &Plan, tokens: &Tokens) {
    let wide = ui.available_width() > 400.0;
    let line = |ui: &mut Ui, title: &str, value: &str| {
        let title = Label::new(theme::caption(title, tokens));
        let value = Label::new(RichText::new(value).size(if wide { theme::TEXT } else { theme::CAPTION })).wrap();
        if wide {
            ui.add(title);
            ui.add(value);
            ui.end_row();
        } else {
            ui.add(title);
            ui.add(value);
            ui.add_space(2.0);
        }
    };
    ui.spacing_mut().interact_size.y = 16.0;
    let rows = plan.summary.iter().filter(|(_, value)| !value.is_empty());
    if wide {
        Grid::new("summary").num_columns(2).min_col_width(TITLES).spacing(vec2(8.0, 6.0)).show(ui, |ui| {
            rows.for_each(|(title, value)| line(ui, translated(title), value));
        });
    } else {
        ui.spacing_mut().item_spacing.y = 1.0;
        rows.for_each(|(title, value)| line(ui, translated(title), value));
    }
}

fn images(ui: &mut Ui, listed: &DataSummary, tokens: &Tokens) {
    let labels: Vec<String> = listed.labels.iter().map(|(name, n)| format!("{name} {}", words::whole(*n))).collect();
    let (images, labels) = (words::whole(listed.images), labels.join(" · "));
    let found = tr!("1 image: {labels}" | "{images} images: {labels}" % listed.images, images, labels);
    message(ui, Sign::Tick, &found, tokens);
    if let Some((name, _)) = listed.labels.iter().find(|(_, n)| *n == 0) {
        let words = tr!("No image has the label {}: nothing can be learnt about it.", name);
        message(ui, Sign::Caution, &words, tokens);
    }
    if listed.left_out > 0 {
        let files = words::whole(listed.left_out);
        let words = tr!(
            "1 file has no label and is left out." | "{files} files have no label and are left out." % listed.left_out,
            files
        );
        let row = message(ui, Sign::Caution, &words, tokens);
        if let Some(example) = &listed.example {
            row.on_hover_text(example);
        }
    }
}

fn checkpoint(ui: &mut Ui, draft: &Draft, plan: &Plan, kept: KeptCheckpoint, tokens: &Tokens, out: &mut Vec<Command>) {
    let epochs = words::epochs(kept.epoch);
    if !kept.fits {
        let words = tr!(
            "This folder holds a run of {} by another configuration or on other images. Starting replaces its \
             checkpoint; choose another folder to keep it.",
            epochs
        );
        message(ui, Sign::Caution, &words, tokens);
        return;
    }
    if kept.epoch >= plan.config.epochs() {
        let words = tr!("This folder holds this very run, all {} done. Starting replaces it.", epochs);
        message(ui, Sign::Caution, &words, tokens);
        return;
    }
    let mut on = draft.resume;
    let words = tr!("Go on from the checkpoint after epoch {} of {}", kept.epoch, plan.config.epochs());
    let toggle = command(TrainingCommand::ToggleResume);
    if controls::tick(ui, &mut on, &words, tokens).on_hover_text(toggle.info().tooltip).clicked() {
        out.push(toggle);
    }
    if !draft.resume {
        message(ui, Sign::Caution, text!("Starting anew replaces the checkpoint in this folder."), tokens);
    }
}
