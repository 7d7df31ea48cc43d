//! Charts of numbers: ROC, precision–recall, calibration, confusion, probabilities by truth, risk
//! and coverage, forest plots, lines over time.
//!
//! A chart is laid out once as a block of the page, with the widths of the embedded typeface; the
//! PDF prints that block as vectors, [`Chart::svg`] and [`Chart::png`] write the same block. Series
//! differ by dash and marker, not by colour alone. Where there is nothing to draw, the picture says
//! so.

pub mod input;

mod axes;
mod calibration;
mod confusion;
mod curves;
mod forest;
mod histogram;
mod legend;
mod lines;
mod panels;
mod pen;
mod precision_recall;
mod range;
mod risk_coverage;
mod roc;
pub mod strips;

pub use calibration::calibration;
pub use confusion::confusion;
pub use forest::forest;
pub use histogram::{histogram, share_histogram};
pub use lines::line_chart;
pub use precision_recall::precision_recall;
pub use risk_coverage::risk_coverage;
pub use roc::roc;
pub use strips::strips;

use super::layout::Block;
use super::{FigureError, raster, svg};

/// Width of every chart in points: that of the text on an A4 page.
const WIDTH: f32 = 499.0;
/// White space around a chart that stands alone.
const MARGIN: f32 = 12.0;
/// Pixels a point in PNG files for print: twice those of a screen.
pub const PRINT_SCALE: f32 = 2.67;

/// A chart, with what it is in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: String,
    /// All that it shows, for those who cannot see it.
    pub description: String,
    block: Block,
}

impl Chart {
    /// Width in points of a chart that stands alone, as [`Self::svg`] and [`Self::png`] write it.
    pub const FULL_WIDTH: f32 = WIDTH + 2.0 * MARGIN;

    fn new(title: &str, description: String, block: Block) -> Self {
        Self { title: title.to_owned(), description, block }
    }

    /// The chart as a part of a page, 499 points wide.
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The chart with white space around it.
    fn alone(&self) -> Block {
        let mut block = Block::default();
        block.put(MARGIN, MARGIN, &self.block);
        block.height += MARGIN;
        block
    }

    /// The chart as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::svg(&self.title, &self.description, &self.alone(), Self::FULL_WIDTH)
    }

    /// The chart as the bytes of a PNG file, `scale` pixels a point, [`Self::FULL_WIDTH`] points
    /// wide.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, FigureError> {
        raster::png(&raster::raster(&self.alone(), Self::FULL_WIDTH, scale)?)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
