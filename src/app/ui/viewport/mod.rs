//! A view: the image, a map over it, words in its corners, and the mouse.
//!
//! ```text
//! plane ──sample (screen resolution)──► table ──► image texture ─┐
//! attribution ──scale, place, colour──► map texture ─────────────┴─► quads under one placement ──► contours, words
//! ```
//!
//! Textures are made again only when what they are made of changes: each painter keeps what it has
//! made.

pub(super) mod annotations;
mod area_window;
mod color_bar;
mod contours;
pub(super) mod corners;
mod gesture;
mod image;
mod laid;
pub(super) mod legend;
mod letters;
mod lung_outline;
mod magnifier;
mod map;
mod map_source;
pub(super) mod measuring;
mod missing;
mod part;
mod patches;
mod pen;
mod placement;
mod reading_marks;
mod reference_lines;
mod sample;
mod sampler;
mod scale_top;
mod stability_words;
mod superimposed;
mod what_if;

use std::sync::Arc;

use egui::{Color32, Mesh, Pos2, Rect, Shape, TextureId, Ui, pos2};

use self::image::ImageCache;
use super::measured_values::ValuesCache;
use super::theme;
use crate::app::command::{Command, ViewCommand};
use crate::app::state::{Content, Layout, PaneIndex, State, View};
use crate::language::{text, tr};
use crate::study::Frame;
use annotations::graphics_name;
use laid::LaidCache;
use map::MapCache;
use placement::Placement;
use superimposed::SuperimposedCache;
use what_if::MarkCache;

/// What the painters of the views have made.
#[derive(Default)]
pub struct ViewCaches {
    image: ImageCache,
    map: MapCache,
    superimposed: SuperimposedCache,
    laid: LaidCache,
    marks: MarkCache,
    values: ValuesCache,
}

impl ViewCaches {
    /// At the start of every frame: takes in what was sampled.
    pub fn receive(&mut self) {
        self.image.receive();
    }

    /// At the end of every frame.
    pub fn sweep(&mut self) {
        self.image.sweep();
        self.map.sweep();
        self.superimposed.sweep();
        self.laid.sweep();
        self.marks.sweep();
        self.values.sweep();
    }

    /// How many textures were made.
    pub fn made(&self) -> u64 {
        self.image.made() + self.map.made() + self.superimposed.made() + self.laid.made() + self.marks.made()
    }
}

/// Where a view lies, and what it shows.
#[derive(Clone, Copy)]
pub(super) struct ViewPlace {
    pub pane: PaneIndex,
    pub content: Content,
    pub rect: Rect,
    /// Points for a column at zoom 1, where it shares its scale with others; else the image fits.
    pub scale: Option<f32>,
}

/// Draws one view of the image that is shown, and yields what the mouse asked for.
pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    caches: &mut ViewCaches,
    frame: &Arc<Frame>,
    place: ViewPlace,
) -> Vec<Command> {
    let ViewPlace { pane, content, rect, .. } = place;
    let placement = placed(state.view(pane), frame, rect, place.scale);
    let id = ui.scope_id().with(("view", pane));
    let response = ui.interact(rect, id, egui::Sense::click_and_drag());
    measuring::crosshair::note(ui.ctx(), &response);
    let title = corners::title(state, content);
    let mark = missing::words(frame).map(|words| format!(". {words}")).unwrap_or_default();
    let label = tr!("View {}: {title}{mark}", pane + 1, title, mark);
    let said = said(state, frame, pane);
    response.widget_info(|| {
        let info = egui::WidgetInfo::labeled(egui::Role::Image, true, &label);
        egui::WidgetInfo { current_text_value: Some(said.clone()), ..info }
    });
    let mut commands = gesture::commands(ui, state, frame, pane, &placement, &response);
    if state.pixel_for_pixel && pane == state.zoomed() {
        let column = placement.scale[0] * ui.ctx().pixels_per_point();
        commands.push(Command::View(ViewCommand::SetZoom(pane, state.view(pane).zoom / column)));
    }

    let painter = ui.painter_at(rect);
    let shown = what_if::shown(state, frame, content);
    self::image::paint(&painter, state, &mut caches.image, shown, (pane, pane), &placement, rect);
    superimposed::paint(&painter, state, &mut caches.superimposed, frame, &placement, rect);
    if content == Content::Image {
        laid::paint(&painter, state, &mut caches.laid, frame, &placement, rect);
    }
    if state.heat_map && !state.overlays_hidden {
        map::paint(&painter, state, &mut caches.map, frame, pane, content, &placement);
    }
    let tokens = theme::tokens(state.preferences.theme);
    if let Some(lungs) = state.lungs.found().filter(|_| state.preferences.lung_outline && !state.overlays_hidden) {
        lung_outline::paint(&painter, &tokens, lungs, &placement);
    }
    if let Some(annotations) = state.annotations().filter(|_| state.display.graphics && !state.overlays_hidden) {
        annotations::paint(&painter, &tokens, annotations, &placement, state.preferences.anonymize);
    }
    if content == Content::Image && state.laid_frame().is_some_and(|of| Arc::ptr_eq(of, frame)) {
        for (color, graphics) in state.shown_graphics() {
            graphics.drawings.iter().for_each(|one| annotations::draw(&painter, &tokens, one, Some(color), &placement));
        }
    }
    reading_marks::paint(&painter, state, &placement, &tokens);
    what_if::paint(ui, &painter, state, &mut caches.marks, (frame, content), &placement);
    missing::paint(&painter, frame, &placement, rect, &tokens);
    if !state.overlays_hidden {
        reference_lines::paint(&painter, state, &tokens, &placement);
        measuring::paint_lines(&painter, state, &placement);
        measuring::crosshair::paint(&painter, state, &placement, rect);
        let corners = corners::paint(&painter, state, frame, pane, content, &placement, rect);
        let mut taken = corners.taken.clone();
        if content == Content::Image {
            taken.extend(legend::paint(&painter, state, rect, corners.upper_left.y));
        }
        let shown = state.heat_map.then_some(&mut caches.map.tops);
        let bar = shown.and_then(|tops| color_bar::paint(&painter, state, tops, pane, content, rect));
        taken.extend(letters::paint(&painter, &tokens, frame, state.view(pane), rect, &corners, bar));
        taken.extend(bar);
        let first = state.speaks_for_all(pane);
        measuring::paint_labels(&painter, state, &mut caches.values, content, &placement, (rect, first), taken);
    }
    area_window::drag(ui, pane, &placement, &response, &tokens, &mut commands);
    magnifier::paint(ui, state, caches, frame, (pane, content), &placement, rect);
    // Where views have styles of their own, the one in hand is framed.
    let in_hand = !state.preferences.same_display && state.layout != Layout::Hanging && pane == state.pointed();
    what_if::paint_mark(&painter, state, &tokens, content, rect);
    let frame = if in_hand { tokens.accent } else { tokens.line };
    painter.rect_stroke(rect, 0.0, egui::Stroke::new(1.0, frame), egui::StrokeKind::Inside);
    commands
}

/// What a view says beside its title, for who cannot see it: sides of the patient, and how the image
/// is shown.
fn said(state: &State, frame: &Frame, pane: PaneIndex) -> String {
    let mut said: Vec<String> = letters::at_the_sides(frame, state.view(pane))
        .into_iter()
        .filter(|(_, letters)| !letters.is_empty())
        .map(|(side, letters)| format!("{} {letters}", side.name()))
        .collect();
    said.extend(Some(corners::side_mark(state, frame).to_owned()).filter(|mark| !mark.is_empty()));
    said.extend(corners::place_words(state, frame));
    said.extend(state.is_key_frame(frame).then(|| text!("key image").to_owned()));
    said.extend(state.display_marks(pane));
    let layers = state.shown_layers().map(|(_, layer)| layer.name.clone());
    let over: Vec<String> = layers.chain(state.shown_graphics().map(|(_, one)| graphics_name(state, one))).collect();
    said.extend((!over.is_empty()).then(|| tr!("over it {}", over.join(", "))));
    said.extend(
        state.measuring.cursor.map(|[x, y]| tr!("crosshair at column {x}, row {y}", x = x as i64, y = y as i64)),
    );
    said.join(", ")
}

/// How the image lies in `rect`, fitted, or at so many points for a column at zoom 1.
fn placed(view: &View, frame: &Frame, rect: Rect, scale: Option<f32>) -> Placement {
    let size = [frame.pixels.plane.width as f32, frame.pixels.plane.height as f32];
    let (c, s) = (rect.center(), rect.size());
    let aspect = frame.display.pixel_aspect;
    let mut view = *view;
    if let Some(scale) = scale.filter(|scale| scale.is_finite() && *scale > 0.0) {
        // As many columns and rows as there is room for.
        let [across, down] = if view.turns.is_multiple_of(2) { [s.x, s.y] } else { [s.y, s.x] };
        view.fit = Some([across / scale, down / (scale * aspect)]);
    }
    Placement::new(&view, [c.x, c.y], [s.x, s.y], size, aspect)
}

/// Points of the screen for a column of an image that fits `rect`.
pub(super) fn fitting(view: &View, frame: &Frame, rect: Rect) -> f32 {
    placed(&View { zoom: 1.0, fit: None, ..*view }, frame, rect, None).scale[0]
}

/// A texture over a rectangle of the image (pixels), turned and flipped with it.
fn quad(placement: &Placement, texture: TextureId, [x0, y0]: [f32; 2], [x1, y1]: [f32; 2]) -> Shape {
    let mut mesh = Mesh::with_texture(texture);
    for (point, uv) in [([x0, y0], [0.0, 0.0]), ([x1, y0], [1.0, 0.0]), ([x1, y1], [1.0, 1.0]), ([x0, y1], [0.0, 1.0])]
    {
        mesh.vertices.push(egui::epaint::Vertex {
            pos: on_screen(placement, point),
            uv: pos2(uv[0], uv[1]),
            color: Color32::WHITE,
        });
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    Shape::mesh(mesh)
}

fn on_screen(placement: &Placement, point: [f32; 2]) -> Pos2 {
    let [x, y] = placement.to_screen(point);
    pos2(x, y)
}
