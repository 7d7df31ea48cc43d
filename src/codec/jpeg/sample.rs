//! Samples as bytes and as words: what takes either is written once.

use super::interleaved::{self, LANES};
use crate::image::Samples;
use crate::memory::zeros;

/// A sample of a plane or an image.
///
/// What is computed of several samples is computed in 16 bits: sixteen samples of 12 bits, the most
/// that are taken together, stay below 2¹⁶.
pub(super) trait Sample: Copy + Default + Into<u16> + 'static {
    fn of(value: u16) -> Self;
    fn packed(samples: Vec<Self>) -> Samples;
    /// The samples, none if they are of the other kind.
    fn all(samples: &Samples) -> &[Self];
    fn all_mut(samples: &mut Samples) -> &mut [Self];
    fn taken(samples: &mut Samples) -> Vec<Self>;
    /// Three rows as pixels.
    fn interleaved(rows: &[[Self; LANES]; 3], pixels: &mut [[Self; 3]; LANES]);
}

macro_rules! sample {
    ($of:ty, $kind:ident, $interleaved:path) => {
        impl Sample for $of {
            #[inline(always)]
            fn of(value: u16) -> Self {
                value as Self
            }

            fn packed(samples: Vec<Self>) -> Samples {
                Samples::$kind(samples)
            }

            #[inline(always)]
            fn all(samples: &Samples) -> &[Self] {
                if let Samples::$kind(samples) = samples { samples } else { &[] }
            }

            #[inline(always)]
            fn all_mut(samples: &mut Samples) -> &mut [Self] {
                if let Samples::$kind(samples) = samples { samples } else { &mut [] }
            }

            fn taken(samples: &mut Samples) -> Vec<Self> {
                if let Samples::$kind(samples) = samples { std::mem::take(samples) } else { Vec::new() }
            }

            #[inline(always)]
            fn interleaved(rows: &[[Self; LANES]; 3], pixels: &mut [[Self; 3]; LANES]) {
                $interleaved(rows, pixels);
            }
        }
    };
}

sample!(u8, Bytes, interleaved::bytes);
sample!(u16, Words, interleaved::any);

/// So many samples of 0; `None` where there is no memory for them.
pub(super) fn black<S: Sample>(count: usize) -> Option<Samples> {
    zeros(count).map(S::packed)
}
