//! VGG16 (Simonyan and Zisserman 2015, configuration D) and its form with batch norm, as
//! torchvision has them.
//!
//! A plain chain ([`super::plain`]): 13 convolutions in five blocks, an average to 7×7, two dense
//! layers of 4096 with a dropout of 0.5 behind each, the head at `classifier.6`.

use crate::architecture::{Architecture, Family};

/// The published shape.
pub(super) fn published(family: Family) -> Architecture {
    Architecture {
        widths: vec![64, 128, 256, 512, 512],
        blocks: vec![2, 2, 3, 3, 3],
        hidden: Some(vec![4096, 4096]),
        grid: Some(7),
        ..Architecture::bare(family, 0.5)
    }
}
