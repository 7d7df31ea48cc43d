//! The charts of a judgement: ROC, precision–recall, calibration, confusion, probabilities by truth, subgroups.
//!
//! A chart is laid out once as a block of the page, with the widths of the embedded typeface; the PDF prints that block as
//! vectors, [`Chart::svg`] and [`Chart::png`] write the same block. Series differ by dash and marker, not by colour alone.
//! Where there is nothing to draw, the picture says so.

pub mod input;

mod axes;
mod calibration;
mod confusion;
mod curves;
mod forest;
mod histogram;
mod of_judgement;
mod panels;
mod pen;
mod precision_recall;
mod raster;
mod roc;
mod svg;

use std::io::Cursor;
use std::path::{Path, PathBuf};

pub use calibration::calibration;
pub use confusion::confusion;
pub use forest::forest;
pub use histogram::histogram;
pub use input::Charts;
pub(super) use of_judgement::{groups_first, named};
pub use precision_recall::precision_recall;
pub use roc::roc;

use super::layout::Block;
use super::{ReportError, file};

/// Width of every chart in points: that of the text on an A4 page.
const WIDTH: f32 = 499.0;
/// White space around a chart that stands alone.
const MARGIN: f32 = 12.0;
/// Pixels a point in the PNG files: twice those of a screen.
const PRINT: f32 = 2.67;

/// A picture, with what it is in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: String,
    /// All that it shows, for those who cannot see it.
    pub description: String,
    block: Block,
}

impl Chart {
    fn new(title: &str, description: String, block: Block) -> Self {
        Self { title: title.to_owned(), description, block }
    }

    /// The chart as a part of a page, [`WIDTH`] wide.
    pub(super) fn block(&self) -> &Block {
        &self.block
    }

    /// The chart with white space around it, and its width.
    fn alone(&self) -> (Block, f32) {
        let mut block = Block::default();
        block.put(MARGIN, MARGIN, &self.block);
        block.height += MARGIN;
        (block, WIDTH + 2.0 * MARGIN)
    }

    /// The chart as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let (block, width) = self.alone();
        svg::svg(&self.title, &self.description, &block, width)
    }

    /// The chart as the bytes of a PNG file, `scale` pixels a point (523 points wide).
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, ReportError> {
        let (block, width) = self.alone();
        let picture = raster::raster(&block, width, scale)?;
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|e| ReportError::Picture(e.to_string()))?;
        Ok(bytes.into_inner())
    }
}

/// Every chart with the stem of its file name.
#[must_use]
pub fn all(charts: &Charts) -> Vec<(String, Chart)> {
    let mut named = vec![
        ("roc".to_owned(), roc(&charts.roc)),
        ("precision-recall".into(), precision_recall(&charts.precision_recall)),
        ("calibration".into(), calibration(&charts.calibration)),
        ("confusion".into(), confusion(charts.confusion.as_ref())),
        ("histogram".into(), histogram(&charts.histograms)),
    ];
    for (i, subgroups) in charts.subgroups.iter().enumerate() {
        let name = if i == 0 { "subgroups".to_owned() } else { format!("subgroups-{}", i + 1) };
        named.push((name, forest(subgroups)));
    }
    named
}

/// Writes every chart into the folder as SVG and as PNG for print; files of the same names are replaced. Yields the paths.
pub fn write_all(dir: &Path, charts: &Charts) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for (name, chart) in all(charts) {
        for (extension, bytes) in [("svg", chart.svg().into_bytes()), ("png", chart.png(PRINT)?)] {
            let path = dir.join(format!("{name}.{extension}"));
            file::write(&path, &bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;
