//! Why a file was not de-identified, as sentences that say what to do. They name tags, and no
//! value.

use dicom_core::Tag;
use thiserror::Error;

use super::options::Region;
use crate::panic_guard::Panicked;
use crate::study::StudyError;

/// Why a file was not de-identified; nothing was written then.
#[derive(Debug, Error)]
pub enum DeidentifyError {
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(
        "It is no DICOM file but {0}, which has no attributes to go by: name, notes and places may stand in its own text \
         fields, in its file name and in its pixels. Only DICOM images are de-identified."
    )]
    NotDicom(&'static str),
    #[error(
        "It is no image but a {0}, whose content is free text or graphics that no program can clear of names. Only images are de-identified."
    )]
    NotAnImage(String),
    #[error(
        "It is a DICOMDIR, an index of a medium with the names of its patients. Make a new one for the files that were written."
    )]
    Directory,
    #[error(
        "After everything was struck, a word of {of} is still in {place}, so that nothing was written. It stands where it \
         cannot be taken out: decompress the image first (for example with gdcmconv --raw in.dcm out.dcm), or have a person look at \
         it."
    )]
    Survives { place: Tag, of: Tag },
    #[error(
        "It holds {words} words of names, numbers and places, where at most {most} are looked for in what is left. Nobody has so many; nothing was written."
    )]
    TooManyNames { words: usize, most: usize },
    #[error("The search for struck words could not be made: {0}.")]
    Search(String),
    #[error(
        "The region {region} lies outside of the image, which has {columns} × {rows} pixels. Name regions that fit, or give such images a run of their own."
    )]
    RegionOutside { region: Region, columns: usize, rows: usize },
    #[error("Pixels in floating point cannot be blanked here. Leave the regions out, or have a person blank them.")]
    FloatPixels,
}

impl From<Panicked> for DeidentifyError {
    fn from(panicked: Panicked) -> Self {
        Self::Study(panicked.into())
    }
}
