//! Drawings and words of a presentation state over the image, and drawings of reports. They follow its turns; words stay
//! upright.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

use super::pen;
use super::placement::Placement;
use crate::app::state::State;
use crate::app::ui::theme::Tokens;
use crate::fonts::attribute;
use crate::language::text;
use crate::results::read::drawn::FindingGraphics;
use crate::study::{Annotations, Drawing, TextNote};

/// Half the width of the cross that marks a point.
const POINT: f32 = 4.0;
const LINE: f32 = 15.0;

/// Draws all of them; without their words where those may name somebody.
pub(super) fn paint(
    painter: &Painter,
    tokens: &Tokens,
    annotations: &Annotations,
    placement: &Placement,
    anonymize: bool,
) {
    for drawing in &annotations.drawings {
        draw(painter, tokens, drawing, drawing.color, placement);
    }
    for note in annotations.texts.iter().filter(|_| !anonymize) {
        write(painter, tokens, note, placement);
    }
}

/// What a finding of a report is called, whose name may name somebody.
pub(in crate::app::ui) fn graphics_name(state: &State, graphics: &FindingGraphics) -> String {
    if state.preferences.anonymize { text!("Finding of a report").to_owned() } else { attribute(&graphics.name) }
}

/// The colour that a layer is recommended to have, else that of words on the image.
fn ink(color: Option<[u8; 3]>, tokens: &Tokens) -> Color32 {
    color.map_or(tokens.image_text, |[r, g, b]| Color32::from_rgb(r, g, b))
}

/// What lies below a line, so that it is seen on any grey: dark, or light below a dark line.
fn shadow(color: Color32, tokens: &Tokens) -> Color32 {
    if color.intensity() < 0.3 { Color32::from_gray(220) } else { tokens.image_shadow }
}

/// Draws one, in this colour where it has one.
pub(super) fn draw(
    painter: &Painter,
    tokens: &Tokens,
    drawing: &Drawing,
    color: Option<[u8; 3]>,
    placement: &Placement,
) {
    let points: Vec<Pos2> = drawing.points.iter().map(|point| super::on_screen(placement, *point)).collect();
    if !painter.clip_rect().intersects(Rect::from_points(&points).expand(POINT)) {
        return;
    }
    // A colour is told from others where there is some of it.
    let width = if color.is_some() { 1.8 } else { 1.2 };
    let color = ink(color, tokens);
    let strokes = [Stroke::new(width + 1.8, shadow(color, tokens)), Stroke::new(width, color)];
    if let [point] = points.as_slice() {
        for stroke in strokes {
            painter.line_segment([*point - vec2(POINT, 0.0), *point + vec2(POINT, 0.0)], stroke);
            painter.line_segment([*point - vec2(0.0, POINT), *point + vec2(0.0, POINT)], stroke);
        }
        return;
    }
    if drawing.filled {
        let mesh = fan(&points, color);
        painter.add(Shape::mesh(mesh));
    }
    for stroke in strokes {
        painter.add(Shape::line(points.clone(), stroke));
    }
}

/// A faint fill, so that what lies below is still seen; exact for shapes that bulge outwards.
fn fan(points: &[Pos2], color: Color32) -> egui::Mesh {
    let mut mesh = egui::Mesh::default();
    let color = color.gamma_multiply(0.25);
    points.iter().for_each(|point| mesh.colored_vertex(*point, color));
    for i in 2..points.len() as u32 {
        mesh.add_triangle(0, i - 1, i);
    }
    mesh
}

fn write(painter: &Painter, tokens: &Tokens, note: &TextNote, placement: &Placement) {
    let at = super::on_screen(placement, note.at);
    let color = ink(note.color, tokens);
    let own = Tokens { image_text: color, image_shadow: shadow(color, tokens), ..*tokens };
    if let Some(anchor) = note.anchor {
        let line = [at, super::on_screen(placement, anchor)];
        for (width, color) in [(3.0, own.image_shadow), (1.2, color)] {
            painter.line_segment(line, Stroke::new(width, color));
        }
    }
    for (i, line) in note.text.lines().enumerate() {
        let line = attribute(line);
        pen::text(painter, &own, at + vec2(0.0, LINE * i as f32), Align2::LEFT_TOP, &line);
    }
}
