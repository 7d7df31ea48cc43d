//! The first two convolutions of an inverted residual block in use, as one.
//!
//! A 1×1 convolution widens maps to as many as six times their channels, and a depthwise
//! convolution filters each channel. What is widened is the largest map of such a network, and
//! nothing but the filter reads it. So it is never laid down: two blocks of a strip are widened
//! into a padded scratch that stays in the second-level cache, filtered at once, and forgotten.
//! Rows at the seam of two strips are widened twice. Every value is summed in the order of the two
//! convolutions one after the other, so both ways give the same bits.
//!
//! What it does not do: gradients, which need what was widened (see [`crate::layers`]).

use pulp::Arch;
use rayon::prelude::*;

use super::conv_kernel::{Ending, Line, Windows};
use super::depthwise::{Filter, Window};
use super::depthwise_kernel::{DepthwiseLine, Rows};
use super::forward::{Strip, Weights, cut, with_scratch};
use super::{LANES, Maps, Pixel, blocks};
use crate::activation::Activation;

/// Pixels of the padded strip of a block that are aimed at: a quarter of a megabyte, and as much
/// for the other block.
const STRIP: usize = 4096;

/// The convolution of one tap that widens.
#[derive(Clone, Copy)]
pub(crate) struct Widen<'a> {
    pub weights: Weights<'a>,
    pub activation: Activation,
}

/// `f₂(K ∗ f₁(W · x + b₁) + b₂)` of blocked maps of `size` into `to`, of the size of the output,
/// whatever it holds.
pub(crate) fn widen_and_filter(x: &[Pixel], size: Maps, widen: Widen<'_>, filter: Filter<'_>, to: &mut [Pixel]) {
    let wide = Maps { blocks: blocks(widen.weights.kernel.outputs), ..size };
    let out = filter.output(wide);
    if to.is_empty() {
        return;
    }
    let window = filter.window(size);
    let width = window.reach(out.w);
    let most = ((STRIP / width).saturating_sub(window.side - 1) / window.stride).clamp(1, out.h);
    // Strips of like length.
    let lines = out.h.div_ceil(out.h.div_ceil(most));
    let work = Work { arch: Arch::new(), size, widen, filter, window, width, line: out.w };
    cut(to, out, lines * out.w).into_par_iter().for_each(|strip| {
        let image = &x[strip.image * size.image()..][..size.image()];
        with_scratch(|scratch| work.run(strip, image, scratch));
    });
}

/// What all strips have in common.
struct Work<'a> {
    arch: Arch,
    /// Of the input.
    size: Maps,
    widen: Widen<'a>,
    filter: Filter<'a>,
    window: Window,
    /// Of a padded row.
    width: usize,
    /// Length of a line of the output.
    line: usize,
}

impl Work<'_> {
    fn run(&self, strip: Strip<'_>, image: &[Pixel], scratch: &mut Vec<Pixel>) {
        let first = strip.start / self.line;
        let height = self.window.reach(strip.planes[0].len() / self.line);
        let plane = height * self.width;
        if scratch.len() < 2 * plane {
            scratch.resize(2 * plane, [0.0; LANES]);
        }
        let (one, two) = scratch[..2 * plane].split_at_mut(plane);
        for half in [&mut *one, &mut *two] {
            self.window.clear_margins(self.size, first * self.window.stride, self.width, half);
        }
        let mut planes = strip.planes.into_iter();
        let mut block = strip.block;
        while let Some(here) = planes.next() {
            let other = planes.next();
            self.widened(image, block, first * self.window.stride, [&mut *one, &mut *two], other.is_some());
            self.filtered(one, block, here);
            if let Some(other) = other {
                self.filtered(two, block + 1, other);
            }
            block += 2;
        }
    }

    /// Widens the rows from the padded row `first` on into two blocks, or one.
    fn widened(&self, image: &[Pixel], block: usize, first: usize, to: [&mut [Pixel]; 2], both: bool) {
        let Weights { kernel, rows, bias } = self.widen.weights;
        let windows = Windows {
            pixels: image,
            plane: self.size.area(),
            blocks: self.size.blocks,
            taps: &[0],
            weights: &rows[block / 2 * kernel.rows()..][..kernel.rows()],
            stride: 1,
        };
        let ending =
            Ending { bias: bias.map(|b| &b[block / 2]), activation: self.widen.activation, ..Ending::default() };
        let [above, left] = self.window.before;
        let length = self.window.length(self.size, self.width);
        let [one, two] = to;
        let rows = one.chunks_exact_mut(self.width).zip(two.chunks_exact_mut(self.width));
        for (y, (one, two)) in (first..).zip(rows).filter(|(y, _)| (above..self.size.h + above).contains(y)) {
            let two = if both { &mut two[left..][..length] } else { Default::default() };
            let out = [&mut one[left..][..length], two];
            self.arch.dispatch(Line { windows, start: (y - above) * self.size.w, ending, out });
        }
    }

    fn filtered(&self, rows: &[Pixel], block: usize, out: &mut [Pixel]) {
        let taps = self.window.side * self.window.side;
        for (line, out) in out.chunks_exact_mut(self.line).enumerate() {
            self.arch.dispatch(DepthwiseLine {
                rows: Rows { pixels: &rows[line * self.window.stride * self.width..], width: self.width },
                kernel: &self.filter.kernel[block * taps..][..taps],
                side: self.window.side,
                stride: self.window.stride,
                bias: self.filter.bias.map(|bias| &bias[block]),
                activation: self.filter.activation,
                out,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::nchw16c::forward::{Epilogue, convolve};
    use crate::nchw16c::packing::{Kernel, pack, pack_bias};
    use crate::nchw16c::{depthwise, pixels};

    fn value(i: usize) -> f32 {
        ((i * 37 % 101) as f32 - 50.0) * 0.02
    }

    #[test]
    fn widening_and_filtering_at_once_gives_the_bits_of_one_after_the_other() {
        let sizes = [(1, 9, 11), (2, 7, 7), (1, 75, 80), (1, 3, 1)];
        let geometries =
            [(3, 1, 1), (3, 2, 1), (5, 1, 2), (5, 2, 2), (7, 1, 3)].map(|(k, s, p)| Geometry::even(k, s, p));
        let same = [Geometry::same(3, 2), Geometry::same(5, 2)];
        for g in geometries.into_iter().chain(same) {
            for (n, h, w) in sizes {
                let (channels, wide) = (24, 72);
                let size = Maps { n, blocks: blocks(channels), h, w };
                let x: Vec<f32> = (0..n * size.image() * LANES).map(value).collect();
                let kernel = Kernel { outputs: wide, channels, taps: 1 };
                let rows = pack(&(0..wide * channels).map(|i| value(i * 7)).collect::<Vec<_>>(), kernel);
                let bias = pack_bias(&(0..wide).map(|i| value(i * 3)).collect::<Vec<_>>());
                let weights = Weights { kernel, rows: &rows, bias: Some(&bias) };
                let taps = g.kernel * g.kernel;
                let each = depthwise::pack(&(0..wide * taps).map(|i| value(i * 5)).collect::<Vec<_>>(), taps);
                let shift = depthwise::pack(&(0..wide).map(|i| value(i * 11)).collect::<Vec<_>>(), 1);
                let (before, behind) = (Activation::Silu, Activation::Relu6);

                let middle = convolve(
                    &x,
                    size,
                    weights,
                    Geometry::even(1, 1, 0),
                    Epilogue { activation: before, ..Epilogue::default() },
                );
                let maps = Maps { blocks: blocks(wide), ..size };
                let filter = Filter { kernel: &each, bias: Some(&shift), geometry: g, activation: behind };
                let expected = depthwise::convolve(&middle, maps, filter);
                let mut found = vec![[f32::NAN; LANES]; expected.len() / LANES];
                let widen = Widen { weights, activation: before };
                widen_and_filter(pixels(&x), size, widen, filter, &mut found);
                assert!(found == pixels(&expected), "{g:?} of {n} × {h} × {w}");
            }
        }
    }
}
