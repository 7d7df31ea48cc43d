//! A case by its number: which seed, and what becomes of it.

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::figures;
use crate::mutate;
use crate::readers::Reader;
use crate::seeds::Seed;

/// What all cases follow from, beside their numbers.
const SEED: u64 = 0x7065_6C6C_7563_6964;

/// A file and who reads it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) reader: Reader,
    pub(crate) bytes: Vec<u8>,
    /// Of the sound file, or of this one where it was constructed.
    pub(crate) format: String,
    /// Words of the sentence with which it must be refused; empty where it need not be.
    pub(crate) says: &'static str,
}

/// The readers that are given files: all, or the one that is named (`Onnx`).
fn readers() -> Vec<Reader> {
    let Ok(named) = std::env::var("PELLUCID_MUTATION_READER") else { return Reader::ALL.to_vec() };
    let own: Vec<Reader> = Reader::ALL.into_iter().filter(|reader| format!("{reader:?}") == named).collect();
    assert!(!own.is_empty(), "PELLUCID_MUTATION_READER is “{named}”, which is no reader");
    own
}

/// Mutated file `number`.
pub(crate) fn mutated(seeds: &[Seed], number: u64) -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // Readers take turns, however many seeds each has.
    let readers = readers();
    let reader = readers[(number % readers.len() as u64) as usize];
    let own: Vec<&Seed> = seeds.iter().filter(|seed| seed.reader == reader).collect();
    let seed = own[rng.random_range(0..own.len())];
    let other = own[rng.random_range(0..own.len())];
    let (bytes, how) = mutate::mutated(seed, other, &mut rng);
    let format = figures::format(reader, &seed.bytes);
    Case { name: format!("{number}: {} {how}", seed.name), reader, bytes, format, says: "" }
}
