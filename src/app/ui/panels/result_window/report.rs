//! A structured report: its header, then findings, content or references in a table.

use std::fmt::Write as _;

use egui::{Align, Button, Color32, Label, Layout, RichText, Sense, TextEdit, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use super::rows::{ROW, fact, objects, open_or_not};
use crate::app::command::{Command, ResultCommand};
use crate::app::state::result_objects::{ReportPage, ResultWindow};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::fonts::attribute;
use crate::language::{date_of, text, tr};
use crate::results::read::{Finding, ReportItem, StructuredReport, Value, in_one_line, moment};

/// Width of a step into the content.
const STEP: f32 = 12.0;
/// Characters of a value in the table; all of it stands in the tooltip.
const SHOWN: usize = 200;
/// Characters of a tooltip.
const HINT: usize = 3000;

pub(super) fn show(
    ui: &mut Ui,
    window: &ResultWindow,
    report: &StructuredReport,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    head(ui, report, tokens);
    controls::rule(ui, tokens);
    tools(ui, window, report, tokens, out);
    if report.tree.left_out {
        let words = tr!("Only the first {} items are shown.", report.tree.items.len());
        message(ui, Sign::Caution, &words, tokens);
    }
    if window.rows.is_empty() {
        let words = match (window.search.trim().is_empty(), window.page) {
            (false, _) => text!("Nothing holds these words."),
            (true, ReportPage::Findings) => text!("The report has no findings of its own; its content says more."),
            (true, _) => text!("The report names no object."),
        };
        return paragraph(ui, words, tokens);
    }
    match window.page {
        ReportPage::Findings => findings(ui, window, report, tokens, out),
        ReportPage::Tree => tree(ui, window, report, tokens, out),
        ReportPage::References => {
            let all: Vec<_> = window.rows.iter().filter_map(|at| report.references.get(*at)).collect();
            objects(ui, window, &all, tokens, out);
        }
    }
}

/// What it is, its state, and who answers for it.
fn head(ui: &mut Ui, report: &StructuredReport, tokens: &Tokens) {
    ui.add(Label::new(RichText::new(attribute(&report.title)).size(16.0).color(tokens.text)).truncate());
    let date = date_of(&report.date);
    let kind = [report.object.as_str(), &report.template, &date];
    let kind: Vec<&str> = kind.into_iter().filter(|words| !words.is_empty()).collect();
    controls::elided(ui, theme::caption(kind.join(" · "), tokens));
    let authors: Vec<String> = report
        .authors
        .iter()
        .map(|one| if one.is_device { tr!("{} (device)", one.name) } else { one.name.clone() })
        .collect();
    fact(ui, text!("By"), &authors.join(", "), tokens);
    let flags = report.completion.split(", ").chain([report.verification.as_str()]).filter(|flag| !flag.is_empty());
    let state: Vec<String> = flags.map(flag_words).chain(report.verified_by.iter().cloned()).collect();
    fact(ui, text!("State"), &state.join(", "), tokens);
    fact(ui, text!("Made with"), &report.equipment.join("; "), tokens);
}

/// What a flag of the standard says (PS3.3 C.17.2); any other as it is.
fn flag_words(flag: &str) -> String {
    match flag {
        "COMPLETE" => text!("report" => "complete").to_owned(),
        "PARTIAL" => text!("report" => "partial").to_owned(),
        "FINAL" => text!("report" => "final").to_owned(),
        "PRELIMINARY" => text!("report" => "preliminary").to_owned(),
        "VERIFIED" => text!("report" => "verified").to_owned(),
        "UNVERIFIED" => text!("report" => "not verified").to_owned(),
        other => other.to_lowercase(),
    }
}

/// Pages, search, copying.
fn tools(ui: &mut Ui, window: &ResultWindow, report: &StructuredReport, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        for page in ReportPage::ALL {
            controls::segment(ui, ResultCommand::ShowPage(page), window.page == page, true, out);
        }
        let mut words = window.search.clone();
        let field = TextEdit::singleline(&mut words).hint_text(text!("Word, code or value")).desired_width(180.0);
        ui.add(field).accessible_name(text!("Search report"));
        if words != window.search {
            out.push(ResultCommand::Search(words).into());
        }
        let chosen = window.selected.as_ref().and_then(|number| report.tree.numbered(number));
        let copy = ui.add_enabled(chosen.is_some(), Button::new(text!("Copy value")));
        if copy.on_hover_text(text!("Copies the value of the chosen item")).clicked() {
            ui.ctx().copy_text(chosen.map(with_unit).unwrap_or_default());
        }
        let all = ui.button(text!("Copy table"));
        if all.on_hover_text(text!("Copies the rows that are shown, with tabs between columns")).clicked() {
            ui.ctx().copy_text(as_text(window, report));
        }
    });
    let of = match window.page {
        ReportPage::Findings => report.findings.len(),
        ReportPage::Tree => report.tree.items.len(),
        ReportPage::References => report.references.len(),
    };
    let shown = window.rows.len();
    let words = match window.page {
        ReportPage::Findings if shown == of => tr!("1 finding" | "{n} findings" % of),
        ReportPage::Findings => tr!("{shown} of {of} findings", shown, of),
        ReportPage::Tree if shown == of => tr!("1 item" | "{n} items" % of),
        ReportPage::Tree => tr!("{shown} of {of} items", shown, of),
        ReportPage::References => {
            let there = report.references.iter().filter(|one| window.open.contains_key(&one.sop_instance_uid)).count();
            tr!("1 object, {there} of them opened" | "{n} objects, {there} of them opened" % of, there)
        }
    };
    ui.label(theme::caption(words, tokens));
}

fn with_unit(item: &ReportItem) -> String {
    format!("{} {}", item.value.whole(), item.value.unit()).trim().to_owned()
}

fn findings(ui: &mut Ui, window: &ResultWindow, report: &StructuredReport, tokens: &Tokens, out: &mut Vec<Command>) {
    let resizable = |wide: f32| Column::initial(wide).at_least(60.0).clip(true).resizable(true);
    let table = TableBuilder::new(ui)
        .id_salt("findings of a report")
        .sense(Sense::click())
        .auto_shrink(false)
        // In a low window it is as low.
        .min_scrolled_height(3.0 * ROW)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(resizable(130.0))
        .column(resizable(190.0))
        .column(resizable(190.0))
        .column(resizable(180.0))
        .column(Column::remainder().clip(true));
    let table = table.header(ROW, |mut header| {
        for words in [text!("Group"), text!("What"), text!("Value"), text!("Said by"), text!("Image")] {
            header.col(|ui| {
                ui.label(theme::section(words, tokens));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, window.rows.len(), |mut row| {
            let finding = window.rows.get(row.index()).and_then(|at| report.findings.get(*at));
            if let Some(finding) = finding {
                finding_row(&mut row, window, finding, tokens, out);
            }
        });
    });
}

fn finding_row(
    row: &mut TableRow<'_, '_>,
    window: &ResultWindow,
    finding: &Finding,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    row.set_selected(window.selected.as_ref() == Some(&finding.item));
    let value = format!("{} {}", finding.value, finding.unit);
    row.col(|ui| cell(ui, &finding.group, &finding.group, tokens.muted));
    let details: Vec<&str> = std::iter::once(&finding.name).chain(&finding.details).map(String::as_str).collect();
    row.col(|ui| cell(ui, &finding.title(), &details.join("\n"), tokens.text));
    row.col(|ui| cell(ui, value.trim(), value.trim(), tokens.text));
    let mut by = finding.observers.clone();
    by.extend(Some(finding.algorithm.clone()).filter(|words| !words.is_empty()));
    row.col(|ui| cell(ui, &by.join(", "), &by.join("\n"), tokens.text));
    row.col(|ui| match finding.references.as_slice() {
        [] => {}
        [one, more @ ..] => {
            open_or_not(ui, window, one, tokens, out);
            let words = if more.is_empty() { one.sop_instance_uid.clone() } else { tr!("and {} more", more.len()) };
            let all: Vec<&str> = finding.references.iter().take(16).map(|one| one.sop_instance_uid.as_str()).collect();
            controls::elided(ui, theme::caption(words, tokens)).on_hover_text(all.join("\n"));
        }
    });
    let response = row.response();
    if response.clicked() {
        let selected = (window.selected.as_ref() != Some(&finding.item)).then(|| finding.item.clone());
        out.push(ResultCommand::Select(selected).into());
    }
}

fn tree(ui: &mut Ui, window: &ResultWindow, report: &StructuredReport, tokens: &Tokens, out: &mut Vec<Command>) {
    let table = TableBuilder::new(ui)
        .id_salt("content of a report")
        .sense(Sense::click())
        .auto_shrink(false)
        // In a low window it is as low.
        .min_scrolled_height(3.0 * ROW)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::initial(380.0).at_least(120.0).clip(true).resizable(true))
        .column(Column::remainder().clip(true));
    let table = table.header(ROW, |mut header| {
        for words in [text!("What"), text!("Value")] {
            header.col(|ui| {
                ui.label(theme::section(words, tokens));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, window.rows.len(), |mut row| {
            let item = window.rows.get(row.index()).and_then(|at| report.tree.items.get(*at));
            if let Some(item) = item {
                item_row(&mut row, window, item, tokens, out);
            }
        });
    });
}

fn item_row(
    row: &mut TableRow<'_, '_>,
    window: &ResultWindow,
    item: &ReportItem,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    row.set_selected(window.selected.as_ref() == Some(&item.number));
    let name = if item.name().is_empty() { &item.value_type } else { item.name() };
    // What only describes another item steps back.
    let describes = matches!(item.relationship.as_str(), "HAS OBS CONTEXT" | "HAS CONCEPT MOD" | "HAS ACQ CONTEXT");
    let color = if describes { tokens.muted } else { tokens.text };
    row.col(|ui| {
        ui.add_space(STEP * item.depth as f32);
        if item.inside > 0 {
            let open = !window.closed.contains(&item.number);
            let button = Button::new(if open { Sign::Down } else { Sign::Right }.atom(None)).frame(false);
            let words = if open { tr!("Close {}", name) } else { tr!("Open {}", name) };
            if ui.add(button).accessible_name(words).clicked() {
                out.push(ResultCommand::ToggleItem(item.number.clone()).into());
            }
        } else {
            ui.add_space(STEP + 6.0);
        }
        let concept = item.concept.as_ref().map(ToString::to_string).unwrap_or_default();
        let observed = match item.observed.as_str() {
            "" => String::new(),
            written => tr!("Observed {}", moment(written)),
        };
        let hint = [item.number.as_str(), &item.relationship, &item.value_type, &concept, &observed].join("\n");
        cell(ui, name, hint.trim(), color);
    });
    row.col(|ui| {
        let value = match &item.value {
            Value::Container => String::new(),
            _ => with_unit(item),
        };
        if let Value::Object(reference) = &item.value {
            open_or_not(ui, window, reference, tokens, out);
        }
        cell(ui, &in_one_line(&value), &value, color);
    });
    let response = row.response();
    if response.clicked() {
        let selected = (window.selected.as_ref() != Some(&item.number)).then(|| item.number.clone());
        out.push(ResultCommand::Select(selected).into());
    }
}

/// Words in one line, more of them in the tooltip.
fn cell(ui: &mut Ui, words: &str, hint: &str, color: Color32) {
    let start: String = words.chars().take(SHOWN).collect();
    let label = Label::new(RichText::new(attribute(&start)).color(color)).selectable(false).truncate();
    let response = ui.add(label.show_tooltip_when_elided(false));
    if hint.chars().count() > 20 || hint != words {
        let all: String = hint.chars().take(HINT).collect();
        response.on_hover_text(all);
    }
}

/// The rows that are shown, with tabs between columns.
fn as_text(window: &ResultWindow, report: &StructuredReport) -> String {
    let mut text = String::new();
    for at in &window.rows {
        match window.page {
            ReportPage::Findings => {
                let Some(one) = report.findings.get(*at) else { continue };
                let named: Vec<&str> = one.references.iter().map(|one| one.sop_instance_uid.as_str()).collect();
                let by = one.observers.join(", ");
                let title = one.title();
                let columns = [&one.group, &title, &one.value, &one.unit, &by, &one.algorithm];
                for column in columns {
                    let _ = write!(text, "{column}\t");
                }
                text.push_str(&named.join(" "));
            }
            ReportPage::Tree => {
                let Some(item) = report.tree.items.get(*at) else { continue };
                let _ = write!(text, "{}{}\t{}", "  ".repeat(item.depth), item.name(), in_one_line(&with_unit(item)));
            }
            ReportPage::References => {
                let Some(one) = report.references.get(*at) else { continue };
                let _ = write!(text, "{}\t{}", one.sop_instance_uid, super::rows::numbers(&one.frames));
            }
        }
        text.push('\n');
    }
    text
}
