//! How the output of a stage lies in memory, and which of its values belong to places of the image.
//!
//! Convolutions make maps `(N, C, H, W)`; on the CPU they lie in blocks of channels on the way (see
//! [`super::nchw16c`]). Transformers make tokens `(N, T, D)`: tokens of no place in front (a class
//! token, registers), then one for each patch, row by row from the upper left corner; those that
//! work on windows make maps with the channels last. What runs on from a stage is given all of it,
//! for a class token is part of what the rest of the network reads; what is laid over the image are
//! planes `(N, C, rows, columns)` of the patches alone ([`Layout::planes`]). Gradients have the
//! shape of what they are taken for, so they become planes in the same way.
//!
//! How many rows and columns the patches have cannot be told from the number of tokens: the grid
//! follows from the size of the network's input, and tokens that do not fill it are an error, never
//! a map of another shape.
//!
//! Where a norm stands beside a residual path, what runs on needs both. Such a stage carries the
//! path along in front of the normed values, `(…, carried + C)`; places and channels are those of
//! the normed values, as where the `grad-cam` package hooks `blocks.11.norm1` of a vision
//! transformer.

use candle_core::{Tensor, bail};

use super::Result;
use super::nchw16c::to_planes;
use super::target_layer::Places;

/// What a stage yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `(N, F)`, or whatever else knows no places.
    Vector,
    /// `(N, C, H, W)`, on the CPU in blocks of channels on the way.
    Maps { channels: usize },
    /// `(N, H, W, carried + channels)`.
    ChannelsLast { carried: usize, channels: usize },
    /// `(N, prefix + rows · columns, carried + channels)`.
    Tokens { prefix: usize, carried: usize, channels: usize },
}

impl Layout {
    /// Channels of a map that can be laid over the image; `None` where there are no places.
    #[must_use]
    pub fn channels(self) -> Option<usize> {
        match self {
            Self::Vector => None,
            Self::Maps { channels } | Self::ChannelsLast { channels, .. } | Self::Tokens { channels, .. } => {
                Some(channels)
            }
        }
    }

    /// An output as other stages and callers are given it: maps as `(N, C, H, W)`, all else as it
    /// is. Nothing is lost.
    pub fn unblocked(self, output: &Tensor) -> Result<Tensor> {
        match self {
            Self::Maps { channels } => to_planes(output, channels),
            _ => Ok(output.clone()),
        }
    }

    /// The places of an output, or of a gradient for one, as `(N, C, rows, columns)`; what has none
    /// as it is. `grid` is that of the stage: see [`super::Network::grid`]. Gradients flow back.
    ///
    /// # Errors
    /// When an output is not of the shape that this layout and the grid say.
    pub fn planes(self, output: &Tensor, grid: Places) -> Result<Tensor> {
        let Places { columns, rows } = grid;
        match self {
            Self::Vector => Ok(output.clone()),
            Self::Maps { channels } => to_planes(output, channels),
            Self::ChannelsLast { carried, channels } => {
                let (_, h, w, wide) = output.dims4()?;
                if (h, w, wide) != (rows, columns, carried + channels) {
                    bail!(
                        "maps of {w} × {h} with {wide} channels came from a stage that makes {columns} × {rows} with {}",
                        carried + channels
                    );
                }
                output.narrow(3, carried, channels)?.permute((0, 3, 1, 2))?.contiguous()
            }
            Self::Tokens { prefix, carried, channels } => {
                let (n, tokens, wide) = output.dims3()?;
                if (tokens, wide) != (prefix + rows * columns, carried + channels) {
                    bail!(
                        "{tokens} tokens of {wide} values are not {prefix} in front and one for each of {columns} × \
                         {rows} patches with {} values; the input has another size than the network was run on",
                        carried + channels
                    );
                }
                let patches = output.narrow(1, prefix, rows * columns)?.narrow(2, carried, channels)?;
                patches.transpose(1, 2)?.contiguous()?.reshape((n, channels, rows, columns))
            }
        }
    }

    /// The mean over the places of an output that has some, `(N, C)`.
    ///
    /// # Errors
    /// When an output is not of this layout.
    pub fn means(self, output: &Tensor) -> Result<Tensor> {
        match self {
            Self::Vector => bail!("a vector has no places to average over"),
            Self::Maps { channels } => to_planes(output, channels)?.mean((2, 3)),
            Self::ChannelsLast { carried, channels } => output.narrow(3, carried, channels)?.mean((1, 2)),
            Self::Tokens { prefix, carried, channels } => {
                let patches = output.dim(1)?.saturating_sub(prefix);
                output.narrow(1, prefix, patches)?.narrow(2, carried, channels)?.mean(1)
            }
        }
    }

    /// Sets one channel of the values of one [unblocked](Self::unblocked) output to 0, everywhere:
    /// also in tokens of no place, as the `grad-cam` package ablates vision transformers.
    pub fn ablate(self, values: &mut [f32], channel: usize) {
        match self {
            Self::Vector => {}
            Self::Maps { channels } => {
                let area = values.len() / channels.max(1);
                values[channel * area..(channel + 1) * area].fill(0.0);
            }
            Self::ChannelsLast { carried, channels } | Self::Tokens { carried, channels, .. } => {
                values.iter_mut().skip(carried + channel).step_by(carried + channels).for_each(|v| *v = 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// Every value says where it stands: `100 · token + place in the token`.
    fn tokens(count: usize, wide: usize) -> Tensor {
        let values: Vec<f32> = (0..count).flat_map(|t| (0..wide).map(move |c| (100 * t + c) as f32)).collect();
        Tensor::from_vec(values, (1, count, wide), &Device::Cpu).unwrap()
    }

    const LAYOUT: Layout = Layout::Tokens { prefix: 2, carried: 3, channels: 2 };
    const GRID: Places = Places { columns: 4, rows: 2 };

    #[test]
    fn patches_stand_in_rows_without_the_tokens_in_front_and_what_is_carried() {
        let planes = LAYOUT.planes(&tokens(10, 5), GRID).unwrap();
        let found = planes.squeeze(0).unwrap().to_vec3::<f32>().unwrap();
        let expected = |channel: usize| {
            let row =
                |first: usize| -> Vec<f32> { (first..first + 4).map(|t| (100 * t + 3 + channel) as f32).collect() };
            vec![row(2), row(6)]
        };
        assert_eq!(found, [expected(0), expected(1)]);
        let means = LAYOUT.means(&tokens(10, 5)).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(means, [[553.0, 554.0]]);
    }

    #[test]
    fn tokens_that_do_not_fill_the_grid_are_an_error_and_no_map() {
        for (count, wide, grid) in [(9, 5, GRID), (10, 4, GRID), (10, 5, Places { columns: 3, rows: 3 }), (8, 5, GRID)]
        {
            let error = LAYOUT.planes(&tokens(count, wide), grid).unwrap_err().to_string();
            assert!(error.contains("patches"), "{error}");
        }
        // As many patches, but the grid stands on its side: the caller's grid decides.
        let upright = LAYOUT.planes(&tokens(10, 5), Places { columns: 2, rows: 4 }).unwrap();
        assert_eq!(upright.dims(), [1, 2, 4, 2]);
    }

    #[test]
    fn channels_that_come_last_become_planes() {
        let layout = Layout::ChannelsLast { carried: 1, channels: 2 };
        let x = tokens(6, 3).reshape((1, 2, 3, 3)).unwrap();
        let planes = layout.planes(&x, Places { columns: 3, rows: 2 }).unwrap();
        let found = planes.squeeze(0).unwrap().to_vec3::<f32>().unwrap();
        assert_eq!(found[1], [[2.0, 102.0, 202.0], [302.0, 402.0, 502.0]]);
        assert!(layout.planes(&x, Places { columns: 2, rows: 3 }).is_err());
        assert_eq!(layout.means(&x).unwrap().to_vec2::<f32>().unwrap(), [[251.0, 252.0]]);
    }

    #[test]
    fn an_ablated_channel_is_gone_from_every_token_and_what_is_carried_stays() {
        let mut values = tokens(10, 5).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        LAYOUT.ablate(&mut values, 1);
        for (i, v) in values.iter().enumerate() {
            let whole = (100 * (i / 5) + i % 5) as f32;
            assert_eq!(*v, if i % 5 == 4 { 0.0 } else { whole });
        }
        let mut maps = vec![1.0; 12];
        Layout::Maps { channels: 3 }.ablate(&mut maps, 1);
        assert_eq!(maps.iter().sum::<f32>(), 8.0);
        assert_eq!(maps[4..8], [0.0; 4]);
    }
}
