//! Figures: text, lines and areas laid out once, and written as PDF, SVG or PNG.
//!
//! ```text
//! fonts ─► typeface ─► text_runs ─► layout ─► charts, contact_sheet
//!              │           │           ├────► svg      (text stays text)
//!              │           └► outlines ┴────► raster   (pixels, by tiny-skia)
//!              └► subset ─────────────────►  the PDF of a report
//! ```
//!
//! A [`layout::Block`] is a list of shapes in points. Whoever writes a file draws those shapes and
//! nothing else, so that the formats agree. Charts take numbers that were computed elsewhere; this
//! room knows no model, no image file and no statistics.

pub mod annotated;
pub mod charts;
pub mod contact_sheet;
pub mod layout;
pub mod subset;
pub mod text_runs;
pub mod typeface;

mod outlines;
mod raster;
mod svg;

use crate::limits;

/// Why a figure could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// A font that cannot be read or cut down; its name and the reason.
    #[error("the font could not be embedded: {0}; this is a fault of Pellucid")]
    Font(String),
    /// Pixels beyond the budget, refused before they are allocated.
    #[error(
        "a figure of {width} × {height} pixels is too large: {} million pixels are the most",
        limits::FIGURE_PIXELS / 1_000_000
    )]
    Size { width: u64, height: u64 },
    /// The PNG could not be written.
    #[error("the figure could not be written as PNG: {0}; this is a fault of Pellucid")]
    Png(#[from] image::ImageError),
}
