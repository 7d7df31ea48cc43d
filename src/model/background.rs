//! The background set of a model: what an ordinary image is, for explanations that compare with it
//! (Gradient SHAP, Deep SHAP).
//!
//! A set holds up to [`MOST`] images as the network sees them, before channels are made of them, in
//! a small file beside the manifest: a ZIP archive of grey images and `about.json`. An image is an
//! image of the training set, or, where images must not be handed on, the mean of a group of them
//! with the group's share as weight (as `shap.kmeans` sums a background up).
//!
//! Images are stored in 8 bits between their own smallest and largest value. A short archive can
//! claim any number of large images, so a set is held to the input of its model before the first
//! one is unpacked: each has its size and a file of its own, and all together stay within a budget.

use std::collections::HashSet;
use std::io::{Cursor, Read, Write};

use image::{GrayImage, ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;

use super::manifest::Input;
use super::preprocess::channels;
use crate::files::archive;
use crate::imaging::Plane;
use crate::limits::{BACKGROUND_PIXELS, MANIFEST_BYTES};
use crate::printable::shortened;

/// Name of the file beside the manifest.
pub const BACKGROUND: &str = "background.zip";
/// Most images of a set.
pub const MOST: usize = 1000;
/// Bytes of a packed image beside those of its pixels.
const PACKED_SLACK: u64 = 1 << 16;
const ABOUT: &str = "about.json";

/// Why a background set cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum BackgroundError {
    #[error("the background set is no archive of images, or it is damaged: {0}")]
    Archive(#[from] zip::result::ZipError),
    #[error("the background set cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("an image of the background set is damaged: {0}")]
    Picture(#[from] image::ImageError),
    #[error("the background set does not say what it is: {}", shortened(&.0.to_string()))]
    About(#[from] serde_json::Error),
    #[error("the background set has {found} images; from 1 to {MOST} are possible")]
    Count { found: usize },
    #[error("the images of the background set differ in size, or one of them has values that are not finite")]
    Uneven,
    #[error("the background set is for inputs of {found}, and the model takes {needed}; make it again for this model")]
    OtherInput { found: String, needed: String },
    #[error("the background set has {images} images of {found}, more than are held; make it again with fewer")]
    TooLarge { images: usize, found: String },
    #[error("the background set names the image “{}” more than once", shortened(.0))]
    Twice(String),
    #[error("the image “{}” of the background set is not the {needed} that the set says", shortened(name))]
    Size { name: String, needed: String },
}

/// What is said of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Where its images come from, in words: "means of 16 groups of 1,000 training images".
    pub source: String,
    /// The network's input that they were prepared for.
    pub input: Input,
    #[serde(rename = "pictures")]
    pub images: Vec<Entry>,
}

/// One image of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub file: String,
    /// Values of the darkest and the brightest stored grey.
    pub range: [f32; 2],
    /// How many images it stands for.
    pub weight: f64,
}

impl About {
    /// Whether it is worth unpacking.
    fn check(&self, input: Option<&Input>) -> Result<(), BackgroundError> {
        let (images, found) = (self.images.len(), self.input.sides());
        if images == 0 || images > MOST {
            return Err(BackgroundError::Count { found: images });
        }
        if let Some(input) = input.filter(|input| input.sides() != found) {
            return Err(BackgroundError::OtherInput { found, needed: input.sides() });
        }
        let pixels = self.input.width.checked_mul(self.input.height).and_then(|area| area.checked_mul(images));
        if pixels.is_none_or(|pixels| pixels > BACKGROUND_PIXELS) {
            return Err(BackgroundError::TooLarge { images, found });
        }
        let mut names = HashSet::new();
        match self.images.iter().find(|image| !names.insert(image.file.as_str())) {
            Some(twice) => Err(BackgroundError::Twice(twice.file.clone())),
            None => Ok(()),
        }
    }
}

/// A background set.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    about: About,
    /// Stored greys, one image behind the other.
    greys: Vec<u8>,
    width: usize,
    height: usize,
    total: f64,
}

impl Background {
    /// Makes a set of images from [`super::preprocess::to_input`], each with the number of images
    /// that it stands for.
    ///
    /// # Errors
    /// When there is none or too many, or they differ in size.
    pub fn new(source: String, input: Input, images: &[(Plane, f64)]) -> Result<Self, BackgroundError> {
        let Some((first, _)) = images.first().filter(|_| images.len() <= MOST) else {
            return Err(BackgroundError::Count { found: images.len() });
        };
        let (width, height) = (first.width, first.height);
        let mut greys = Vec::with_capacity(images.len() * width * height);
        let mut entries = Vec::with_capacity(images.len());
        for (i, (plane, weight)) in images.iter().enumerate() {
            let finite = plane.values.iter().all(|v| v.is_finite()) && *weight > 0.0 && weight.is_finite();
            if (plane.width, plane.height) != (width, height) || !finite {
                return Err(BackgroundError::Uneven);
            }
            let low = plane.values.iter().copied().fold(f32::INFINITY, f32::min);
            let high = plane.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let span = if high > low { high - low } else { 1.0 };
            greys.extend(plane.values.iter().map(|v| ((v - low) / span * 255.0).round() as u8));
            entries.push(Entry { file: format!("{:04}.png", i + 1), range: [low, low + span], weight: *weight });
        }
        Self::checked(About { source, input, images: entries }, greys, width, height)
    }

    fn checked(about: About, greys: Vec<u8>, width: usize, height: usize) -> Result<Self, BackgroundError> {
        let whole = greys.len() == about.images.len() * width * height && !greys.is_empty();
        let sound = about
            .images
            .iter()
            .all(|p| p.weight > 0.0 && p.weight.is_finite() && p.range.iter().all(|r| r.is_finite()));
        if !whole || !sound {
            return Err(BackgroundError::Uneven);
        }
        let total = about.images.iter().map(|p| p.weight).sum();
        Ok(Self { about, greys, width, height, total })
    }

    /// Reads a file that [`Self::to_bytes`] wrote; `input` is that of the model that it must be
    /// for, where there is one.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn from_bytes(bytes: &[u8], input: Option<&Input>) -> Result<Self, BackgroundError> {
        let mut archive = archive::open(Cursor::new(bytes))?;
        let mut read = |name: &str, most: u64| -> Result<Vec<u8>, BackgroundError> {
            let mut out = Vec::new();
            archive.by_name(name)?.take(most).read_to_end(&mut out)?;
            Ok(out)
        };
        let about: About = serde_json::from_slice(&read(ABOUT, MANIFEST_BYTES)?)?;
        about.check(input)?;
        let Input { width, height, .. } = about.input;
        let mut greys = Vec::new();
        for entry in &about.images {
            let packed = read(&entry.file, (width * height) as u64 * 2 + PACKED_SLACK)?;
            let mut reader = ImageReader::with_format(Cursor::new(packed), ImageFormat::Png);
            let mut limits = Limits::default();
            (limits.max_image_width, limits.max_image_height) = (Some(width as u32), Some(height as u32));
            limits.max_alloc = Some((width * height) as u64 * 8 + PACKED_SLACK);
            reader.limits(limits);
            let picture = reader.decode()?.into_luma8();
            if picture.dimensions() != (width as u32, height as u32) {
                return Err(BackgroundError::Size { name: entry.file.clone(), needed: about.input.sides() });
            }
            greys.extend(picture.into_raw());
        }
        Self::checked(about, greys, width, height)
    }

    /// The file.
    ///
    /// # Errors
    /// When an image cannot be encoded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BackgroundError> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        // Images are compressed already; the date is left at the format's first day, so that the
        // same set is the same file.
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(ABOUT, stored)?;
        archive.write_all(&serde_json::to_vec_pretty(&self.about)?)?;
        for (entry, greys) in self.about.images.iter().zip(self.greys.chunks_exact(self.width * self.height)) {
            let picture = GrayImage::from_raw(self.width as u32, self.height as u32, greys.to_vec());
            let mut bytes = Cursor::new(Vec::new());
            picture.ok_or(BackgroundError::Uneven)?.write_to(&mut bytes, ImageFormat::Png)?;
            archive.start_file(&entry.file, stored)?;
            archive.write_all(bytes.get_ref())?;
        }
        Ok(archive.finish()?.into_inner())
    }

    /// Where the images come from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.about.source
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.about.images.len()
    }

    /// Never: a set without an image is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.about.images.is_empty()
    }

    /// Channels, height and width of the network input that it is for.
    #[must_use]
    pub fn shape(&self) -> (usize, usize, usize) {
        (self.about.input.channels, self.height, self.width)
    }

    /// Image `index` as network input, `C·H·W`.
    #[must_use]
    pub fn picture(&self, index: usize) -> Vec<f32> {
        let [low, high] = self.about.images[index].range;
        let area = self.width * self.height;
        let step = (high - low) / 255.0;
        let values = self.greys[index * area..(index + 1) * area].iter().map(|g| low + step * f32::from(*g)).collect();
        channels(&Plane { width: self.width, height: self.height, values }, &self.about.input)
    }

    /// The image's weight; all add up to 1.
    #[must_use]
    pub fn share(&self, index: usize) -> f64 {
        self.about.images[index].weight / self.total
    }

    /// The image at a point of 0–1, so that each is drawn by its weight.
    #[must_use]
    pub fn draw(&self, at: f64) -> usize {
        let mut left = at;
        for i in 0..self.len() {
            left -= self.share(i);
            if left < 0.0 {
                return i;
            }
        }
        self.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::{Normalization, Resize};

    fn input() -> Input {
        Input {
            width: 3,
            height: 2,
            channels: 1,
            resize: Resize::Squash,
            crop: 1.0,
            smoothing: 0.0,
            normalization: Normalization::PerImage,
            value_range: [0.0, 1.0],
            mean: Vec::new(),
            sd: Vec::new(),
        }
    }

    fn set() -> Background {
        let plane = |factor: f32| Plane { width: 3, height: 2, values: (0..6).map(|i| factor * i as f32).collect() };
        Background::new("test".into(), input(), &[(plane(1.0), 3.0), (plane(-0.5), 1.0)]).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let set = set();
        let bytes = set.to_bytes().unwrap();
        assert_eq!(Background::from_bytes(&bytes, Some(&input())).unwrap(), set);
        assert_eq!(Background::from_bytes(&bytes, None).unwrap(), set);
        assert_eq!(bytes, set.to_bytes().unwrap(), "the same set is the same file");
        assert_eq!(set.shape(), (1, 2, 3));
    }

    #[test]
    fn pictures_come_back_within_half_a_grey() {
        for (v, i) in set().picture(0).iter().zip(0..) {
            assert!((v - i as f32).abs() <= 5.0 / 510.0 + 1e-6);
        }
    }

    #[test]
    fn pictures_are_drawn_by_their_weight() {
        let set = set();
        assert_eq!((set.share(0), set.share(1)), (0.75, 0.25));
        assert_eq!([0.0, 0.74, 0.76, 1.0].map(|at| set.draw(at)), [0, 0, 1, 1]);
    }

    #[test]
    fn damaged_sets_are_refused_in_words() {
        assert!(matches!(Background::new("none".into(), input(), &[]), Err(BackgroundError::Count { found: 0 })));
        let uneven = [(Plane::filled(3, 2, 0.0), 1.0), (Plane::filled(2, 3, 0.0), 1.0)];
        assert!(matches!(Background::new("uneven".into(), input(), &uneven), Err(BackgroundError::Uneven)));
        assert!(matches!(Background::from_bytes(b"no archive", None), Err(BackgroundError::Archive(_))));
        let bytes = set().to_bytes().unwrap();
        assert!(Background::from_bytes(&bytes[..bytes.len() / 2], None).is_err());
    }

    /// An archive of `about` with one image, `a.png`, of this size.
    fn archive(about: &About, side: u32) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(ABOUT, SimpleFileOptions::default()).unwrap();
        archive.write_all(&serde_json::to_vec(about).unwrap()).unwrap();
        archive.start_file("a.png", SimpleFileOptions::default()).unwrap();
        let mut png = Cursor::new(Vec::new());
        GrayImage::new(side, side).write_to(&mut png, ImageFormat::Png).unwrap();
        archive.write_all(png.get_ref()).unwrap();
        archive.finish().unwrap().into_inner()
    }

    fn about(names: &[&str], side: usize) -> About {
        let picture = |file: &&str| Entry { file: (*file).into(), range: [0.0, 1.0], weight: 1.0 };
        let images = names.iter().map(picture).collect();
        About { source: "test".into(), input: Input { width: side, height: side, ..input() }, images }
    }

    #[test]
    fn a_set_is_held_to_its_model_before_a_picture_is_unpacked() {
        let refused = |about: &About, side: u32, input: Option<&Input>| {
            Background::from_bytes(&archive(about, side), input).unwrap_err().to_string()
        };
        let model = Input { width: 224, height: 224, ..input() };
        let said = refused(&about(&["a.png"; MOST], 2048), 16, Some(&model));
        assert!(said.contains("2048×2048") && said.contains("224×224"), "{said}");
        assert!(refused(&about(&["a.png"; MOST], 224), 16, Some(&model)).contains("more than once"));
        let names: Vec<String> = (0..MOST).map(|i| format!("{i}.png")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(refused(&about(&names, 2048), 16, None).contains("more than are held"));
        assert!(refused(&about(&["a.png"], usize::MAX), 16, None).contains("more than are held"));
        // The image is larger, or smaller, than the set says.
        assert!(refused(&about(&["a.png"], 32), 4096, None).contains("image of the background set is damaged"));
        assert!(refused(&about(&["a.png"], 32), 16, None).contains("is not the 32×32"));
    }
}
