//! Measurements of one image as a file: what is kept between two starts, exported and imported.
//!
//! JSON that names the image by [`ImageIdentity`] and holds points and words. An exported file also
//! says what each came to; reading it, that is passed over, since it is measured anew on the image.
//! The file of an image also keeps whether it is a key image; it may hold nothing else.
//! A file that names nobody has neither the UID nor the hash of the pixels nor the reader's words,
//! and is taken on an image of its size.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::identity::ImageIdentity;
use super::{Measured, Measurement, MeasurementError, Words, check};
use crate::files::{FileError, read_text, writing};
use crate::limits;
use crate::study::Frame;

/// Says what kind of file it is.
pub const FORMAT: &str = "pellucid measurements";
/// Counts up when fields change their meaning.
pub const FORMAT_VERSION: u32 = 1;

/// Why a file of measurements could not be read, written or taken.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("{} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: FileError },
    #[error("{} is no file of measurements of Pellucid: {reason}", path.display())]
    NotMeasurements { path: PathBuf, reason: String },
    #[error("{} is not taken: {source}", path.display())]
    Wrong { path: PathBuf, source: MeasurementError },
    #[error("the measurements could not be written to {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error(
        "{} belongs to another image: its pixels are not those of this one; open the image that it was made on",
        path.display()
    )]
    OtherImage { path: PathBuf },
    #[error(
        "{} belongs to an image of {was_columns} × {was_rows} pixels, and this one has {columns} × {rows}; open the \
         image that it was made on",
        path.display()
    )]
    OtherSize { path: PathBuf, was_columns: usize, was_rows: usize, columns: usize, rows: usize },
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasurementFile {
    pub format: String,
    pub format_version: u32,
    pub software: String,
    pub image: ImageIdentity,
    pub columns: usize,
    pub rows: usize,
    /// The reader marked the image as a key image; not there in files of before 0.7.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_image: bool,
    pub measurements: Vec<Entry>,
}

/// A measurement, and in an exported file what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub measurement: Measurement,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Measured>,
}

impl MeasurementFile {
    /// Of an image of `width × height`, without values.
    #[must_use]
    pub fn new(image: ImageIdentity, [columns, rows]: [usize; 2], measurements: &[Measurement]) -> Self {
        let entry = |one: &Measurement| Entry { measurement: one.clone(), values: None };
        Self {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION,
            software: format!("Pellucid {}", crate::VERSION),
            image,
            columns,
            rows,
            key_image: false,
            measurements: measurements.iter().map(entry).collect(),
        }
    }

    /// For other programs and people: with values; where `anonymized` without UID, hash and words.
    #[must_use]
    pub fn exported(image: ImageIdentity, frame: &Frame, measurements: &[Measurement], anonymized: bool) -> Self {
        let plane = &frame.pixels.plane;
        let calibration = Calibration::among(measurements);
        let mut file = Self::new(image, [plane.width, plane.height], measurements);
        for entry in &mut file.measurements {
            entry.values = Some(Measured::of(&entry.measurement, frame, calibration));
            if anonymized {
                entry.measurement.name = Words::default();
            }
        }
        if anonymized {
            (file.image.pixels_sha256, file.image.sop_instance_uid) = (String::new(), String::new());
        }
        file
    }

    /// Reads a file of any origin.
    ///
    /// # Errors
    /// When it cannot be read, is something else, or holds what cannot be.
    pub fn read(path: &Path) -> Result<Self, KeptError> {
        let text = read_text(path, limits::MEASUREMENT_BYTES)
            .map_err(|source| KeptError::Read { path: path.to_owned(), source })?;
        let not = |reason: String| KeptError::NotMeasurements { path: path.to_owned(), reason };
        let file: Self = serde_json::from_str(&text).map_err(|e| not(format!("line {}: {}", e.line(), kind(&e))))?;
        match (file.format.as_str(), file.format_version) {
            (FORMAT, FORMAT_VERSION) => {}
            (FORMAT, version) => {
                return Err(not(format!("its format has version {version}, this program reads {FORMAT_VERSION}")));
            }
            _ => return Err(not("it does not say that it is one".into())),
        }
        check(&file.all(), [file.columns, file.rows])
            .map_err(|source| KeptError::Wrong { path: path.to_owned(), source })?;
        Ok(file)
    }

    /// Writes it whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// When the folder is not there or not writable, or the disk is full.
    pub fn write(&self, path: &Path) -> Result<(), KeptError> {
        let put = || writing::private(path, &serde_json::to_vec_pretty(self)?);
        put().map_err(|source| KeptError::Write { path: path.to_owned(), source })
    }

    /// The measurements, for an image of this identity and size.
    ///
    /// # Errors
    /// Where the file, which lies at `path`, belongs to another image.
    pub fn for_image(
        &self,
        path: &Path,
        image: &ImageIdentity,
        [columns, rows]: [usize; 2],
    ) -> Result<Vec<Measurement>, KeptError> {
        let path = path.to_owned();
        if (self.columns, self.rows) != (columns, rows) {
            return Err(KeptError::OtherSize { path, was_columns: self.columns, was_rows: self.rows, columns, rows });
        }
        if !self.image.pixels_sha256.is_empty() && self.image.pixels_sha256 != image.pixels_sha256 {
            return Err(KeptError::OtherImage { path });
        }
        Ok(self.all())
    }

    fn all(&self) -> Vec<Measurement> {
        self.measurements.iter().map(|entry| entry.measurement.clone()).collect()
    }
}

/// What is wrong with a text, without quoting it: it may hold words about a patient.
fn kind(error: &serde_json::Error) -> &'static str {
    use serde_json::error::Category;
    match error.classify() {
        Category::Io | Category::Eof => "it ends early",
        Category::Syntax => "it is no JSON",
        Category::Data => "a field is missing or holds something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Kind;

    fn image(pixels: &str, uid: &str) -> ImageIdentity {
        ImageIdentity { pixels_sha256: pixels.into(), sop_instance_uid: uid.into(), frame: 0 }
    }

    fn length(id: u64) -> Measurement {
        let points = vec![[1.0, 2.5], [3.25, 4.0]];
        Measurement {
            id,
            kind: Kind::Length,
            points,
            name: Words::new("nodule"),
            thorax_proposed: false,
            known_mm: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again_to_the_last_digit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let file = MeasurementFile::new(image("ab", "1.2"), [10, 10], &[length(1), length(2)]);
        file.write(&path).unwrap();
        assert_eq!(MeasurementFile::read(&path).unwrap(), file);
        let taken = file.for_image(&path, &image("ab", "other file, same pixels"), [10, 10]).unwrap();
        assert_eq!(taken, [length(1), length(2)]);
    }

    #[test]
    fn measurements_of_another_image_are_refused() {
        let file = MeasurementFile::new(image("ab", "1.2"), [10, 10], &[length(1)]);
        let said =
            |image: &ImageIdentity, size| file.for_image(Path::new("m.json"), image, size).unwrap_err().to_string();
        assert!(said(&image("cd", "1.2"), [10, 10]).contains("another image"));
        assert!(said(&image("ab", "1.2"), [10, 12]).contains("10 × 10"));
        let nameless = MeasurementFile { image: image("", ""), ..file };
        assert_eq!(nameless.for_image(Path::new("m.json"), &image("cd", "9"), [10, 10]).unwrap().len(), 1);
    }

    #[test]
    fn hostile_files_are_refused_with_a_sentence_that_quotes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let good = serde_json::to_string(&MeasurementFile::new(image("ab", "1.2"), [10, 10], &[length(1)])).unwrap();
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let said = MeasurementFile::read(&path).unwrap_err().to_string();
            assert!(!said.contains("nodule"), "{said}");
            said
        };
        assert!(refused("{").contains("ends early"));
        assert!(refused("nodule").contains("no JSON"));
        assert!(refused("{\"format\": \"nodule\"}").contains("missing"));
        assert!(refused(&good.replace(FORMAT, "another program")).contains("does not say"));
        assert!(refused(&good.replace("\"format_version\":1", "\"format_version\":9")).contains("version 9"));
        assert!(refused(&good.replace("3.25", "3.25e99")).contains("nowhere near"));
        assert!(refused(&good.replace("[3.25,4.0]", "[3.25]")).contains("missing or"));
        assert!(refused(&good.replace("\"length\"", "\"cobb\"")).contains("2 points"));
        assert!(refused(&good.replace("nodule", &"nodule".repeat(1000))).contains("characters"));
        let many: Vec<Measurement> = (0..=limits::MEASUREMENTS as u64).map(length).collect();
        let many = serde_json::to_string(&MeasurementFile::new(image("ab", "1.2"), [10, 10], &many)).unwrap();
        assert!(refused(&many).contains("at most"));
        std::fs::File::create(&path).unwrap().set_len(limits::MEASUREMENT_BYTES + 1).unwrap();
        assert!(MeasurementFile::read(&path).unwrap_err().to_string().contains("bytes long"));
        std::fs::write(&path, &good).unwrap();
        assert!(MeasurementFile::read(&path).is_ok());
    }
}
