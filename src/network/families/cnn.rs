//! Three networks to be trained from scratch, as textbooks and notebooks have them.
//!
//! Plain chains ([`super::plain`]) that take any input from 32×32:
//!
//! - shallow: two convolutions (32, 64), each pooled, a 4×4 grid, a dense layer of 128 (the shape
//!   of LeNet-5, `LeCun` et al. 1998, with ReLU and dropout, as in the Keras example for small
//!   images);
//! - deep: six convolutions in three pairs (32, 64, 128), pooled after each pair as in VGG, a 4×4
//!   grid, a dense layer of 256;
//! - custom: four blocks of one convolution with batch norm (32, 64, 128, 256), pooled, averaged
//!   over the map, a dense layer of 128.
//!
//! Dropout 0.5 stands between the dense layer and the head. Widths, convolutions a block, grid and
//! dense layers can be set.

use crate::architecture::{Architecture, Family};

/// The shape as described above.
pub(super) fn published(family: Family) -> Architecture {
    let (widths, blocks, hidden, grid) = match family {
        Family::ShallowCnn => (vec![32, 64], vec![1, 1], 128, 4),
        Family::DeepCnn => (vec![32, 64, 128], vec![2, 2, 2], 256, 4),
        _ => (vec![32, 64, 128, 256], vec![1, 1, 1, 1], 128, 1),
    };
    Architecture { widths, blocks, hidden: Some(vec![hidden]), grid: Some(grid), ..Architecture::bare(family, 0.5) }
}
