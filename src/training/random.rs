//! Random streams that are named, not carried along.
//!
//! `stream(seed, purpose, epoch, place)` is always the same sequence, whatever was drawn before it
//! and on which thread. `ChaCha`'s 64-bit stream number keeps the sequences of one seed apart.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What the numbers are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Split = 1,
    Order,
    Augment,
    MixUp,
    Dropout,
    Smote,
    Surroundings,
}

/// The sequence of `place` (image, batch, tensor …) in `epoch` for `purpose`.
pub(super) fn stream(seed: u64, purpose: Purpose, epoch: usize, place: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((purpose as u64) << 56));
    rng.set_stream(((epoch as u64) << 40) ^ place as u64);
    rng
}
