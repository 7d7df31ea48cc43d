//! Published networks take three channels; a radiograph has one.
//!
//! A grey image `v` reaches channel `c` as `(v − m_c)/s_c`. With the same mean and deviation on all
//! channels these are one image `u` three times, and `Σ_c W_c ∗ u = (Σ_c W_c) ∗ u`: the stem is
//! folded to one channel, exactly and up to the border.
//!
//! With a mean and deviation for each channel (ImageNet's) the convolution is
//! `(Σ_c W_c/s_c) ∗ v − Σ_c (m_c/s_c)·W_c ∗ 1`, whose second term is a number inside the image but
//! not at its border: the zeros of the padding are put on after normalisation, so taps that stick
//! out bring no `m_c/s_c`. No stem of one channel does the same there. Such a network keeps its
//! three channels and is shown the grey image three times, normalised for each.

use candle_core::{Result, Tensor};

/// The stem's kernel `(O, 3, k, k)` folded to `(O, 1, k, k)`, or `None` where that would not be
/// exact because mean or deviation differ from channel to channel (one value stands for all
/// channels).
pub fn fold_input_channels(kernel: &Tensor, mean: &[f32], sd: &[f32]) -> Result<Option<Tensor>> {
    let alike = |values: &[f32]| values.windows(2).all(|pair| pair[0] == pair[1]);
    if alike(mean) && alike(sd) { kernel.sum_keepdim(1).map(Some) } else { Ok(None) }
}
