//! The reliability diagram: how often the target was there where a probability was predicted, and
//! how often that was predicted.
//!
//! Whiskers are the 95 % interval of the observed share: a bin of three images proves little.

use super::Chart;
use super::axes::Axes;
use super::input::{Bin, Reliability, short};
use super::panels::{Panel, panel_chart};
use super::pen::{guide, series_style};
use crate::figures::layout::{Align, Block, CAPTION, Ink};

const TITLE: &str = "Calibration";
const READING: &str = "Share that is positive (up) against predicted probability (across), by bins of the probability, with 95 % \
                       intervals; on the dashed line the two are equal. Bars: images in each bin.";
const LEFT: f32 = 20.0;
/// Height of the bars below the frame.
const BARS: f32 = 26.0;

/// Draws one diagram a target.
#[must_use]
pub fn calibration(targets: &[Reliability]) -> Chart {
    let panel = |target: &Reliability| {
        let (name, words, target) = (target.name.clone(), words(target), target.clone());
        Panel { name, words, draw: Box::new(move |width| diagram(&target, width)) }
    };
    panel_chart(TITLE, READING, &targets.iter().map(panel).collect::<Vec<_>>())
}

/// Bins that hold images, and numbers.
fn held(target: &Reliability) -> Vec<Bin> {
    let fine =
        |bin: &&Bin| bin.images > 0 && [bin.low, bin.high, bin.predicted, bin.observed].iter().all(|v| v.is_finite());
    target.bins.iter().filter(fine).copied().collect()
}

fn words(target: &Reliability) -> String {
    let images: usize = held(target).iter().map(|bin| bin.images).sum();
    match target.ece.filter(|e| e.is_finite()) {
        _ if images == 0 => "No diagram: no image with a known truth and a probability.".into(),
        Some(ece) => {
            let floor = target.if_calibrated.known().map(|_| target.if_calibrated.text());
            let floor = floor.map(|floor| format!(" (if calibrated {floor})")).unwrap_or_default();
            format!("ECE {}{floor}, {images} images.", short(ece))
        }
        None => format!("{images} images."),
    }
}

fn diagram(target: &Reliability, width: f32) -> Block {
    let mut block = Block::default();
    let side = width - LEFT - 4.0;
    let axes = Axes::unit(LEFT, 0.0, side, side);
    let ticks: &[f64] = if side > 130.0 { &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0] } else { &[0.0, 0.5, 1.0] };
    axes.frame(&mut block, ticks, ticks);
    let bins = held(target);
    if bins.is_empty() {
        axes.sentence(&mut block, "No image to judge by", CAPTION);
        return block;
    }
    guide(&mut block, axes.at([0.0, 0.0]), axes.at([1.0, 1.0]), Ink::Below);
    for bin in &bins {
        let x = axes.across(bin.predicted);
        let (low, high) = bin.interval;
        let (top, bottom) = (axes.up(high), axes.up(low));
        block.line([x, top], [x, bottom], 0.8, Ink::Below);
        for y in [top, bottom] {
            block.line([x - 2.0, y], [x + 2.0, y], 0.8, Ink::Below);
        }
    }
    let points: Vec<[f32; 2]> = bins.iter().map(|bin| axes.at([bin.predicted, bin.observed])).collect();
    series_style(0).line(&mut block, &points, 1.2);
    for point in points {
        series_style(0).mark(&mut block, point, 2.4);
    }
    bars(&bins, &axes, &mut block);
    block
}

/// The counts below the diagram, on the same axis.
fn bars(bins: &[Bin], axes: &Axes, block: &mut Block) {
    let top = block.height + 4.0;
    let most = bins.iter().map(|bin| bin.images).max().unwrap_or(1).max(1);
    for bin in bins {
        let (left, right) = (axes.across(bin.low), axes.across(bin.high));
        let height = (bin.images as f32 / most as f32 * BARS).max(0.6);
        block.fill(left + 0.4, top + BARS - height, (right - left - 0.8).max(0.4), height, Ink::Below);
    }
    block.line([axes.x, top + BARS], [axes.right(), top + BARS], 0.5, Ink::Below);
    block.text(axes.x - 4.0, top - 2.0, Align::Right, CAPTION, &most.to_string());
    block.height = top + BARS + 2.0;
}
