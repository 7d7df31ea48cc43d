//! A block as SVG: text stays text, with a title and a description for those who cannot see it.
//!
//! Text is set in Inter where the reader has it; elsewhere `textLength` holds it to the width that
//! it was laid out for.

use std::fmt::Write as _;

use super::layout::{Block, Ink, Shape};
use super::typeface::Weight;

/// The block on white.
pub(super) fn svg(title: &str, description: &str, block: &Block, width: f32) -> String {
    let (width, height) = (width.ceil(), block.height.ceil());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<desc>{}</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <g font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\" stroke-linejoin=\"round\">\n",
        escaped(title),
        escaped(description)
    );
    for shape in &block.shapes {
        element(shape, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn element(shape: &Shape, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match shape {
        Shape::Text { x, y, style, text } => {
            let weight = match style.weight {
                Weight::Regular => "",
                Weight::SemiBold => " font-weight=\"600\"",
            };
            let (color, size) = (color(style.ink), style.size);
            writeln!(
                out,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\"{weight} fill=\"{color}\" textLength=\"{:.2}\" \
                 lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                style.width(text),
                escaped(text)
            )
        }
        Shape::Line { points, width, ink, closed } => {
            let name = if *closed { "polygon" } else { "polyline" };
            let (points, color) = (listed(points), color(*ink));
            writeln!(out, "<{name} points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>")
        }
        Shape::Fill { x, y, width, height, ink } => writeln!(
            out,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{}\"/>",
            color(*ink)
        ),
        Shape::Polygon { points, ink } => {
            writeln!(out, "<polygon points=\"{}\" fill=\"{}\"/>", listed(points), color(*ink))
        }
        // Blocks that are written as SVG hold no pictures.
        Shape::Picture { .. } => Ok(()),
    };
}

fn listed(points: &[[f32; 2]]) -> String {
    points.iter().map(|[x, y]| format!("{x:.2},{y:.2}")).collect::<Vec<_>>().join(" ")
}

fn color(ink: Ink) -> String {
    let [r, g, b] = ink.rgb().map(|part| (part * 255.0).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// XML text, without characters that XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
