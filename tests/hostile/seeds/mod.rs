//! Small sound files of every kind that is read, made by code or kept as golden files.

pub(crate) mod dicom;
pub(crate) mod kept;
pub(crate) mod model;
mod presentation;
mod rasters;
pub(crate) mod results;
mod streams;
mod texts;
mod weights;

use std::sync::OnceLock;

use crate::readers::{Bench, Reader};

/// A sound file.
#[derive(Clone)]
pub(crate) struct Seed {
    pub(crate) name: String,
    pub(crate) reader: Reader,
    pub(crate) bytes: Vec<u8>,
    /// The program refuses it, sound as it is: it would run code, or its data is not here.
    pub(crate) is_refused: bool,
}

impl Seed {
    fn of(reader: Reader, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), reader, bytes: bytes.into(), is_refused: false }
    }
}

/// Every seed, in an order that stays.
pub(crate) fn all() -> Vec<Seed> {
    static ALL: OnceLock<Vec<Seed>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = dicom::all();
        all.extend(streams::all());
        all.extend(presentation::all());
        all.extend(results::all());
        all.extend(rasters::all());
        all.extend(weights::all());
        all.extend(model::all());
        all.extend(texts::all());
        all.extend(kept::all());
        all.push(Seed::of(Reader::Report, "case report", Bench::new().sound_report()));
        all
    })
    .clone()
}
