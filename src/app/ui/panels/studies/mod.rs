//! The list on the left: patient → study → series → image, with thumbnails, and what could not be
//! read.
//!
//! Only the rows in sight are built and only their thumbnails are asked for, so a folder of
//! thousands stays fluid. Where the study of the image on screen has a result of its own, it stands
//! in the tooltips of its rows.

mod words;

use std::collections::HashSet;
use std::sync::Arc;

use egui::{Id, Label, Pos2, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::command::{Command, StudyCommand};
use crate::app::state::State;
use crate::app::state::study_scoring::StudyScoring;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::thumbnails::Thumbnails;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::study::ImageEntry;
use crate::study::unit::{GroupedBy, Unit};

/// Side of a thumbnail, in points.
const THUMBNAIL: f32 = 96.0;
const IMAGE_ROW: f32 = THUMBNAIL + theme::GRID;
const HEADER_ROW: f32 = 24.0;
/// Most height that the list of warnings takes.
const WARNINGS: f32 = 160.0;

/// A line of the list.
enum Row<'a> {
    Header(Header<'a>),
    /// An image, and its number in the series, from 1.
    Image(&'a Arc<ImageEntry>, usize),
}

/// A patient, a study or a series.
struct Header<'a> {
    depth: usize,
    /// Of its open state.
    key: String,
    words: String,
    open: bool,
    /// Study or Series Instance UID.
    uid: &'a str,
}

/// `thumbnails.get(&entry)` yields the texture of an entry (96 px) and asks for it when it is not
/// there yet.
pub fn show(ui: &mut Ui, state: &State, thumbnails: &Thumbnails) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let words = match state.images.len() {
        _ if state.scanning => "listing files…".to_owned(),
        0 => String::new(),
        n => words::images(n),
    };
    controls::title(ui, "STUDIES", &words, &tokens);
    ui.add_space(theme::GRID / 2.0);
    let warnings = state.catalogue.warnings.len();
    if warnings > 0 {
        egui::Panel::bottom("warnings").resizable(false).show_separator_line(false).frame(egui::Frame::NONE).show(
            ui,
            |ui| {
                show_warnings(ui, state, &tokens);
            },
        );
    }
    if state.catalogue.patients.is_empty() {
        let words = if state.scanning { "Listing files…" } else { "Nothing is open. Drop files or a folder here." };
        ui.add(Label::new(RichText::new(words).color(tokens.muted)).wrap());
        return out;
    }
    let key = Id::unique("closed branches");
    let mut closed: HashSet<String> = ui.data_mut(|data| data.get_temp(key).unwrap_or_default());
    let rows = rows(state, &closed);
    let heights: Vec<f32> = rows.iter().map(height).collect();
    let total: f32 = heights.iter().sum();
    theme::bar_in_the_margin(ui);
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        ui.set_height(total);
        let top = ui.max_rect().top();
        let left = ui.max_rect().left();
        let width = ui.max_rect().width();
        let mut y = 0.0;
        for (row, height) in rows.iter().zip(&heights) {
            let (from, to) = (y, y + height);
            y = to;
            if to < viewport.top() || from > viewport.bottom() {
                continue;
            }
            let rect = Rect::from_min_size(pos2(left, top + from), vec2(width, *height));
            match row {
                Row::Header(row) => {
                    if header(ui, rect, row, state, &tokens) && !closed.remove(&row.key) {
                        closed.insert(row.key.clone());
                    }
                }
                Row::Image(entry, number) => image(ui, rect, entry, *number, state, thumbnails, &tokens, &mut out),
            }
        }
    });
    ui.data_mut(|data| data.insert_temp(key, closed));
    out
}

fn height(row: &Row) -> f32 {
    match row {
        Row::Header(_) => HEADER_ROW,
        Row::Image(..) => IMAGE_ROW,
    }
}

fn rows<'a>(state: &'a State, closed: &HashSet<String>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (p, patient) in state.catalogue.patients.iter().enumerate() {
        let key = format!("patient {p} {}", patient.id);
        let open = !closed.contains(&key);
        let words = words::patient(patient, p, state.preferences.anonymize);
        rows.push(Row::Header(Header { depth: 0, key, words, open, uid: "" }));
        if !open {
            continue;
        }
        for (s, study) in patient.studies.iter().enumerate() {
            let key = format!("study {p} {s} {}", study.uid);
            let open = !closed.contains(&key);
            let words = words::study(study, state.preferences.anonymize);
            rows.push(Row::Header(Header { depth: 1, key, words, open, uid: &study.uid }));
            if !open {
                continue;
            }
            for (r, series) in study.series.iter().enumerate() {
                let key = format!("series {p} {s} {r} {}", series.uid);
                let open = !closed.contains(&key);
                rows.push(Row::Header(Header { depth: 2, key, words: words::series(series), open, uid: &series.uid }));
                if open {
                    rows.extend(series.images.iter().zip(1..).map(|(entry, number)| Row::Image(entry, number)));
                }
            }
        }
    }
    rows
}

/// True when it was clicked.
fn header(ui: &Ui, rect: Rect, row: &Header<'_>, state: &State, tokens: &Tokens) -> bool {
    let Header { depth, key, words, open, uid } = row;
    let (depth, open, words) = (*depth, *open, words.as_str());
    let response = ui.interact(rect, ui.scope_id().with(key), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, words));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.control);
    }
    let indent = depth as f32 * 8.0;
    let sign = Rect::from_min_size(rect.left_top() + vec2(indent, 4.0), vec2(16.0, 16.0));
    if open { Sign::Down } else { Sign::Right }.paint(&painter, sign, tokens.muted);
    let (font, color) = if depth == 0 {
        (egui::FontId::new(theme::TEXT, theme::semibold()), tokens.text)
    } else {
        (egui::FontId::proportional(theme::TEXT), tokens.muted)
    };
    let mut job = lettering::line(words, font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.right() - sign.right() - 4.0);
    let galley = painter.layout_job(job);
    let at = pos2(sign.right() + 2.0, rect.center().y - galley.size().y / 2.0);
    let cut = galley.elided;
    painter.galley(at, galley, color);
    let clicked = response.clicked();
    let result = if is_scored(state, depth, uid) { state.study_lines() } else { Vec::new() };
    if cut || !result.is_empty() {
        response.on_hover_ui(|ui| {
            if cut {
                ui.label(lettering::line(words, egui::FontId::proportional(theme::TEXT), tokens.text));
            }
            lines(ui, &result, tokens);
        });
    }
    clicked
}

/// Whether the row is the study or series whose images are judged as one.
fn is_scored(state: &State, depth: usize, uid: &str) -> bool {
    let unit = match depth {
        1 => Unit::Study,
        2 => Unit::Series,
        _ => return false,
    };
    let scored = |study: &StudyScoring| study.key.by == GroupedBy::Uid && study.unit == unit && study.key.name == uid;
    state.results.study.as_ref().is_some_and(scored)
}

/// The result of a study, in a tooltip.
fn lines(ui: &mut Ui, result: &[String], tokens: &Tokens) {
    for (i, line) in result.iter().enumerate() {
        let words = if i == 0 { theme::caption(line, tokens) } else { RichText::new(line).color(tokens.text) };
        ui.label(words);
    }
}

#[expect(clippy::too_many_arguments, reason = "all of them are of one row")]
fn image(
    ui: &mut Ui,
    rect: Rect,
    entry: &Arc<ImageEntry>,
    number: usize,
    state: &State,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let current =
        state.current().is_some_and(|(shown, _)| shown.identity == entry.identity && shown.path == entry.path);
    let sense = if entry.has_pixels { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with((&entry.path, &entry.identity.sop_instance_uid)), sense);
    let title = words::image(entry, number, state.preferences.anonymize);
    response.widget_info(|| WidgetInfo::selected(Role::Button, entry.has_pixels, current, &title));
    let painter = ui.painter_at(rect);
    let inner = rect.shrink2(vec2(0.0, 2.0));
    if current {
        painter.rect_filled(inner, 4.0, tokens.selected);
        painter.rect_filled(Rect::from_min_size(inner.min, vec2(2.0, inner.height())), 0.0, tokens.accent);
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(inner, 4.0, tokens.control);
    }
    let square = Rect::from_min_size(
        inner.min + vec2(6.0, 2.0),
        vec2(THUMBNAIL, THUMBNAIL).min(vec2(THUMBNAIL, inner.height() - 4.0)),
    );
    thumbnail(ui, square, entry, thumbnails, tokens);

    let x = square.right() + theme::GRID;
    let room = (rect.right() - x - 4.0).max(0.0);
    let mut y = square.top();
    let mut line = |text: &str, size: f32, color, rows: usize| {
        let mut job = lettering::line(text, egui::FontId::proportional(size), color);
        job.wrap.max_width = room;
        job.wrap.max_rows = rows;
        job.wrap.break_anywhere = true;
        let galley = painter.layout_job(job);
        let height = galley.size().y;
        painter.galley(Pos2::new(x, y), galley, color);
        y += height + 2.0;
    };
    line(&title, theme::CAPTION, if entry.has_pixels { tokens.text } else { tokens.muted }, 3);
    if entry.has_pixels {
        if entry.frames > 1 {
            line(&format!("{} frames", entry.frames), theme::CAPTION, tokens.muted, 1);
        }
        line(&format!("{} × {}", entry.columns, entry.rows), theme::CAPTION, tokens.muted, 1);
    } else {
        line("no pixels", theme::CAPTION, tokens.muted, 1);
    }
    if response.clicked() {
        out.push(Command::Study(StudyCommand::ShowImage(entry.clone(), 0)));
    }
    response.on_hover_ui(|ui| {
        ui.label(&title);
        if !state.preferences.anonymize {
            if let Some(warning) = entry.shared_uid.warning() {
                ui.label(warning);
            }
            ui.label(theme::caption(entry.path.display().to_string(), tokens));
            for copy in &entry.shared_uid.copies {
                ui.label(theme::caption(format!("Copy, byte for byte: {}", copy.display()), tokens));
            }
        }
        if state.results.study.as_ref().is_some_and(|study| study.holds(entry)) {
            lines(ui, &state.study_lines(), tokens);
        }
    });
}

pub(super) fn thumbnail(ui: &Ui, square: Rect, entry: &Arc<ImageEntry>, thumbnails: &Thumbnails, tokens: &Tokens) {
    let painter = ui.painter_at(square);
    let texture = if entry.has_pixels { thumbnails.get(entry) } else { None };
    if let Some(texture) = texture {
        let size = texture.size_vec2();
        let scale = (square.width() / size.x).min(square.height() / size.y);
        let rect = Rect::from_center_size(square.center(), size * scale);
        painter.rect_filled(square, 2.0, tokens.image_ground);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), rect, whole, egui::Color32::WHITE);
    } else {
        painter.rect_filled(square, 2.0, tokens.control);
        Sign::Image.paint(&painter, square, tokens.below);
    }
}

fn show_warnings(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let warnings = &state.catalogue.warnings;
    controls::rule(ui, tokens);
    let title = if warnings.len() == 1 { "1 warning".to_owned() } else { format!("{} warnings", warnings.len()) };
    egui::CollapsingHeader::new(RichText::new(title).size(theme::TEXT).color(tokens.warning)).id_salt("warnings").show(
        ui,
        |ui| {
            if state.preferences.anonymize {
                ui.add(Label::new(theme::caption("Not shown while anonymised: they name files.", tokens)).wrap());
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
                            let hint = format!("{}\n{}", warning.path.display(), warning.reason);
                            controls::elided(ui, RichText::new(name).size(theme::TEXT)).on_hover_text(&hint);
                            controls::elided(ui, theme::caption(warning.reason.as_str(), tokens)).on_hover_text(hint);
                        });
                    }
                },
            );
        },
    );
    ui.add_space(theme::GRID / 2.0);
}
