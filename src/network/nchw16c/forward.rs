//! Convolution of a whole batch in blocks, shared out over the cores.
//!
//! The work is cut into strips of one image, small enough that the padded strip stays in the
//! second-level cache, and where there are too few strips for the cores, into groups of output
//! blocks. A convolution of one tap takes a strip for one long line.

use std::cell::RefCell;

use pulp::Arch;
use rayon::prelude::*;

use super::affine::{Affine, Rectify};
use super::conv_kernel::{Ending, Line, Windows};
use super::packing::Kernel;
use super::{LANES, Maps, Pixel, WidePixel, pixels, pixels_mut};
use crate::activation::Activation;
use crate::geometry::Geometry;

/// Pixels of a padded strip that are aimed at: a quarter of a megabyte.
const STRIP: usize = 4096;

/// A kernel packed for the forward pass.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub kernel: Kernel,
    /// See [`super::packing::pack`].
    pub rows: &'a [WidePixel],
    /// One row for each pair of output blocks.
    pub bias: Option<&'a [WidePixel]>,
}

/// What is convolved.
#[derive(Clone, Copy)]
pub(crate) struct LayerInput<'a> {
    /// Of `size`; where images have more blocks, the first of them.
    pub pixels: &'a [Pixel],
    pub size: Maps,
    /// A norm and its ReLU that stand before: one for each block.
    pub norm: Option<&'a [Affine]>,
}

impl<'a> LayerInput<'a> {
    fn image(self, image: usize) -> &'a [Pixel] {
        first_blocks(self.pixels, self.size, image)
    }
}

/// What follows the sums, for the whole batch, in this order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Epilogue<'a> {
    pub gate: Option<Gate<'a>>,
    /// Of the output's size; where images have more blocks, the first of them.
    pub skip: Option<&'a [Pixel]>,
    pub activation: Activation,
}

/// The way back through a norm and its ReLU: `scale · sum` where `x · scale + shift` is above 0,
/// and 0 elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Gate<'a> {
    /// What the norm was given: of the output's size; where images have more blocks, the first of
    /// them.
    pub x: &'a [Pixel],
    /// One for each block.
    pub norm: &'a [Affine],
}

/// `f(W ∗ x + b + skip)` for a batch of `size`; yields the values of `(N, ⌈O/16⌉, OH, OW, 16)`.
pub(crate) fn convolve(x: &[f32], size: Maps, weights: Weights<'_>, g: Geometry, epilogue: Epilogue<'_>) -> Vec<f32> {
    let out = output(size, weights.kernel.outputs, g);
    let mut values = vec![0.0; out.n * out.image() * LANES];
    convolve_to(LayerInput { pixels: pixels(x), size, norm: None }, weights, g, epilogue, pixels_mut(&mut values));
    values
}

/// The same into `to`, of the output's size, whatever it holds.
pub(crate) fn convolve_to(
    source: LayerInput<'_>,
    weights: Weights<'_>,
    g: Geometry,
    epilogue: Epilogue<'_>,
    to: &mut [Pixel],
) {
    let size = source.size;
    let out = output(size, weights.kernel.outputs, g);
    if to.is_empty() {
        return;
    }
    let (arch, padded) = (Arch::new(), g.padded(size.w));
    let step = if g.is_pointwise() {
        (STRIP / size.blocks).clamp(64, 1024)
    } else {
        let rows = (STRIP / (size.blocks * padded)).saturating_sub(g.kernel - 1) / g.stride;
        rows.clamp(1, out.h) * out.w
    };
    let taps: Vec<usize> = (0..g.kernel).flat_map(|y| (0..g.kernel).map(move |x| y * padded + x)).collect();
    cut(to, out, step).into_par_iter().for_each(|strip| {
        let task = Task { arch, weights, epilogue, out, taps: &taps, stride: g.stride };
        if g.is_pointwise() {
            let (first, width) = (strip.start, strip.planes[0].len());
            let image = source.image(strip.image);
            match source.norm {
                None => task.run(strip, image, size.area(), width, |_| first),
                Some(norm) => with_scratch(|scratch| {
                    scratch.clear();
                    for (plane, affine) in image.chunks_exact(size.area()).zip(norm) {
                        let at = scratch.len();
                        scratch.extend_from_slice(&plane[first..][..width]);
                        arch.dispatch(Rectify { affine, pixels: &mut scratch[at..] });
                    }
                    task.run(strip, scratch, width, width, |_| 0);
                }),
            }
        } else {
            with_scratch(|scratch| {
                let height = (strip.planes[0].len() / out.w - 1) * g.stride + g.kernel;
                let rows = (strip.start / out.w * g.stride, height);
                pad(arch, source, strip.image, rows, g, scratch);
                task.run(strip, scratch, height * padded, out.w, |line| line * g.stride * padded);
            });
        }
    });
}

/// An image, as far as maps of this size go.
fn first_blocks(pixels: &[Pixel], size: Maps, image: usize) -> &[Pixel] {
    &pixels[image * (pixels.len() / size.n)..][..size.image()]
}

/// Size of the output for `outputs` channels.
pub(crate) fn output(size: Maps, outputs: usize, g: Geometry) -> Maps {
    Maps { n: size.n, blocks: super::blocks(outputs), h: g.output(size.h), w: g.output(size.w) }
}

/// One piece of work: the same pixels of some output blocks of one image.
pub(super) struct Strip<'o> {
    pub image: usize,
    /// Number of the first output block.
    pub block: usize,
    /// First pixel of each block's plane.
    pub start: usize,
    pub planes: Vec<&'o mut [Pixel]>,
}

/// Cuts maps into strips of `step` pixels, and where that makes too few pieces for the cores, by
/// pairs of blocks too.
pub(super) fn cut(out: &mut [Pixel], size: Maps, step: usize) -> Vec<Strip<'_>> {
    let strips = size.area().div_ceil(step);
    let pairs = size.blocks.div_ceil(2);
    let groups = (4 * rayon::current_num_threads()).div_ceil(size.n * strips).clamp(1, pairs);
    let group = 2 * pairs.div_ceil(groups);
    let mut pieces = Vec::with_capacity(size.n * strips * groups);
    for (image, maps) in out.chunks_exact_mut(size.image()).enumerate() {
        for (g, maps) in maps.chunks_mut(group * size.area()).enumerate() {
            let first = pieces.len();
            let empty =
                |s: usize| Strip { image, block: g * group, start: s * step, planes: Vec::with_capacity(group) };
            pieces.extend((0..strips).map(empty));
            for plane in maps.chunks_exact_mut(size.area()) {
                for (strip, part) in pieces[first..].iter_mut().zip(plane.chunks_mut(step)) {
                    strip.planes.push(part);
                }
            }
        }
    }
    pieces
}

/// What all lines of a convolution have in common.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub arch: Arch,
    pub weights: Weights<'a>,
    pub epilogue: Epilogue<'a>,
    pub out: Maps,
    pub taps: &'a [usize],
    pub stride: usize,
}

impl Task<'_> {
    /// Computes the lines of a strip, each `width` pixels long; `start` yields the input pixel at
    /// which a line begins.
    pub(super) fn run(
        &self,
        strip: Strip<'_>,
        input: &[Pixel],
        plane: usize,
        width: usize,
        start: impl Fn(usize) -> usize,
    ) {
        let Weights { kernel, rows, bias } = self.weights;
        let skip = self.epilogue.skip.map(|s| first_blocks(s, self.out, strip.image));
        let gate = self.epilogue.gate.map(|g| (first_blocks(g.x, self.out, strip.image), g.norm));
        let mut block = strip.block;
        let mut planes = strip.planes.into_iter();
        while let Some(first) = planes.next() {
            let mut second = planes.next().map(|p| p.chunks_exact_mut(width));
            let windows = Windows {
                pixels: input,
                plane,
                blocks: super::blocks(kernel.channels),
                taps: self.taps,
                weights: &rows[block / 2 * kernel.rows()..][..kernel.rows()],
                stride: self.stride,
            };
            for (i, line) in first.chunks_exact_mut(width).enumerate() {
                let other: &mut [Pixel] = second.as_mut().and_then(Iterator::next).unwrap_or_default();
                let at = strip.start + i * width;
                let second = block + usize::from(!other.is_empty());
                let skip = skip.map(|s| [block, second].map(|b| &s[b * self.out.area() + at..][..width]));
                let gate =
                    gate.map(|(x, norm)| [block, second].map(|b| (&x[b * self.out.area() + at..][..width], &norm[b])));
                let ending =
                    Ending { bias: bias.map(|b| &b[block / 2]), gate, skip, activation: self.epilogue.activation };
                self.arch.dispatch(Line { windows, start: start(i), ending, out: [line, other] });
            }
            block += 2;
        }
    }
}

thread_local! {
    /// A padded strip; kept, for its memory is asked for at every layer.
    static SCRATCH: RefCell<Vec<Pixel>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Vec<Pixel>) -> T) -> T {
    // Work on a strip never waits for other work, so the scratch of a thread is never borrowed
    // twice.
    SCRATCH.with_borrow_mut(work)
}

/// Copies the rows `rows.0 .. rows.0 + rows.1` of the padded image into `out`, behind the norm;
/// what lies outside the image is 0.
fn pad(arch: Arch, source: LayerInput<'_>, image: usize, rows: (usize, usize), g: Geometry, out: &mut Vec<Pixel>) {
    let size = source.size;
    let (above, left, width) = (g.before(size.h), g.before(size.w), g.padded(size.w));
    out.clear();
    out.reserve(size.blocks * rows.1 * width);
    let zeros = |out: &mut Vec<Pixel>, count: usize| out.extend(std::iter::repeat_n([0.0; LANES], count));
    for (block, plane) in source.image(image).chunks_exact(size.area()).enumerate() {
        for y in rows.0..rows.0 + rows.1 {
            if y < above || y >= size.h + above {
                zeros(out, width);
            } else {
                zeros(out, left);
                let at = out.len();
                out.extend_from_slice(&plane[(y - above) * size.w..][..size.w]);
                if let Some(norm) = source.norm {
                    arch.dispatch(Rectify { affine: &norm[block], pixels: &mut out[at..] });
                }
                zeros(out, g.behind(size.w));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nchw16c::packing::pack;

    fn value(i: usize) -> f32 {
        ((i * 37 % 101) as f32 - 50.0) * 0.02
    }

    fn maps(size: Maps, from: usize) -> Vec<Pixel> {
        (0..size.n * size.image()).map(|i| std::array::from_fn(|k| value(from + i * LANES + k))).collect()
    }

    fn norms(blocks: usize, from: usize) -> Vec<Affine> {
        let lane = |b: usize, k: usize| value(from + 53 * b + k);
        let norm = |b| Affine {
            scale: std::array::from_fn(|k| 1.0 + lane(b, k)),
            shift: std::array::from_fn(|k| lane(b, k + 29)),
        };
        (0..blocks).map(norm).collect()
    }

    /// Sets what belongs to no image of `size` aside: the first blocks of each image of `whole`.
    fn first(maps: &[Pixel], whole: Maps, size: Maps) -> Vec<Pixel> {
        maps.chunks_exact(whole.image()).flat_map(|image| &image[..size.image()]).copied().collect()
    }

    #[test]
    fn a_norm_before_and_a_gate_behind_are_those_of_maps_that_were_laid_down() {
        for g in
            [(1, 1, 0), (3, 1, 1), (3, 2, 1)].map(|(kernel, stride, padding)| Geometry::even(kernel, stride, padding))
        {
            let whole = Maps { n: 2, blocks: 4, h: 9, w: 11 };
            let size = Maps { blocks: 3, ..whole };
            let kernel = Kernel { outputs: 48, channels: 48, taps: g.kernel * g.kernel };
            let weights: Vec<f32> = (0..kernel.outputs * kernel.channels * kernel.taps).map(|i| value(i * 7)).collect();
            let rows = pack(&weights, kernel);
            let weights = Weights { kernel, rows: &rows, bias: None };
            let out = output(size, kernel.outputs, g);
            let more = Maps { blocks: out.blocks + 1, ..out };
            let (x, given, rest) = (maps(whole, 0), maps(more, 11), maps(more, 5));
            let (before, behind) = (norms(size.blocks, 3), norms(out.blocks, 17));

            let mut laid = first(&x, whole, size);
            for (i, plane) in laid.chunks_exact_mut(size.area()).enumerate() {
                let Affine { scale, shift } = before[i % size.blocks];
                for pixel in plane {
                    *pixel = std::array::from_fn(|k| (pixel[k] * scale[k] + shift[k]).max(0.0));
                }
            }
            let sums = convolve(laid.as_flattened(), size, weights, g, Epilogue::default());
            let (given_here, rest_here) = (first(&given, more, out), first(&rest, more, out));
            let mut expected = pixels(&sums).to_vec();
            for (i, pixel) in expected.iter_mut().enumerate() {
                let Affine { scale, shift } = behind[i / out.area() % out.blocks];
                *pixel = std::array::from_fn(|k| {
                    let open = given_here[i][k] * scale[k] + shift[k] > 0.0;
                    (if open { scale[k] * pixel[k] } else { 0.0 }) + rest_here[i][k]
                });
            }
            let mut found = vec![[f32::NAN; LANES]; expected.len()];
            let source = LayerInput { pixels: &x, size, norm: Some(&before) };
            let gate = Some(Gate { x: &given, norm: &behind });
            convolve_to(
                source,
                weights,
                g,
                Epilogue { gate, skip: Some(&rest), activation: Activation::None },
                &mut found,
            );
            assert_eq!(found, expected, "{g:?}");
        }
    }
}
