//! Kernels in the order in which the inner loops read them.
//!
//! A kernel `(O, C, k, k)` becomes, for each pair of output blocks, each block of input channels,
//! each tap and each channel of the block, one [`WidePixel`] of 32 outputs. Channels and outputs
//! that do not exist are 0.

use rayon::prelude::*;

use super::{LANES, WIDE, WidePixel, blocks};

/// Size of a kernel: outputs, channels, taps (`k·k`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub outputs: usize,
    pub channels: usize,
    pub taps: usize,
}

impl Kernel {
    /// Pairs of output blocks.
    pub(crate) fn pairs(self) -> usize {
        self.outputs.div_ceil(WIDE)
    }

    /// Rows of one pair.
    pub(crate) fn rows(self) -> usize {
        blocks(self.channels) * self.taps * LANES
    }
}

/// The kernel for a forward pass.
pub(crate) fn pack(weights: &[f32], k: Kernel) -> Vec<WidePixel> {
    let mut rows = vec![[0.0; WIDE]; k.pairs() * k.rows()];
    rows.par_chunks_exact_mut(k.rows()).enumerate().for_each(|(pair, rows)| {
        for lane in 0..WIDE.min(k.outputs - pair * WIDE) {
            let kernel = &weights[(pair * WIDE + lane) * k.channels * k.taps..][..k.channels * k.taps];
            for (c, taps) in kernel.chunks_exact(k.taps).enumerate() {
                let first = c / LANES * k.taps * LANES + c % LANES;
                for (tap, w) in taps.iter().enumerate() {
                    rows[first + tap * LANES][lane] = *w;
                }
            }
        }
    });
    rows
}

/// The kernel for the gradient of the input: outputs take the place of channels, and only `taps`
/// are there, in this order.
pub(crate) fn pack_transposed(weights: &[f32], k: Kernel, taps: &[usize]) -> Vec<WidePixel> {
    let swapped = Kernel { outputs: k.channels, channels: k.outputs, taps: taps.len() };
    let mut rows = vec![[0.0; WIDE]; swapped.pairs() * swapped.rows()];
    if taps.is_empty() {
        return rows;
    }
    rows.par_chunks_exact_mut(swapped.rows()).enumerate().for_each(|(pair, rows)| {
        let lanes = WIDE.min(k.channels - pair * WIDE);
        for o in 0..k.outputs {
            let kernel = &weights[(o * k.channels + pair * WIDE) * k.taps..][..lanes * k.taps];
            let first = o / LANES * taps.len() * LANES + o % LANES;
            for (i, tap) in taps.iter().enumerate() {
                let row = &mut rows[first + i * LANES];
                for (lane, w) in kernel.chunks_exact(k.taps).enumerate() {
                    row[lane] = w[*tap];
                }
            }
        }
    });
    rows
}

/// The inverse of [`pack`], for gradients.
pub(crate) fn unpack(rows: &[WidePixel], k: Kernel) -> Vec<f32> {
    let mut weights = vec![0.0; k.outputs * k.channels * k.taps];
    weights.par_chunks_exact_mut(k.channels * k.taps).enumerate().for_each(|(o, kernel)| {
        let rows = &rows[o / WIDE * k.rows()..][..k.rows()];
        for (c, taps) in kernel.chunks_exact_mut(k.taps).enumerate() {
            let first = c / LANES * k.taps * LANES + c % LANES;
            for (tap, w) in taps.iter_mut().enumerate() {
                *w = rows[first + tap * LANES][o % WIDE];
            }
        }
    });
    weights
}

/// The bias in rows of 32, 0 where there is no output.
pub(crate) fn pack_bias(bias: &[f32]) -> Vec<WidePixel> {
    let mut rows = vec![[0.0; WIDE]; bias.len().div_ceil(WIDE)];
    for (o, b) in bias.iter().enumerate() {
        rows[o / WIDE][o % WIDE] = *b;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacking_undoes_packing() {
        let k = Kernel { outputs: 40, channels: 19, taps: 9 };
        let weights: Vec<f32> = (0..k.outputs * k.channels * k.taps).map(|i| i as f32).collect();
        assert_eq!(unpack(&pack(&weights, k), k), weights);
    }
}
