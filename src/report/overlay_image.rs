//! The image of a case under its maps as pictures that stand alone: with the words burned in that
//! say what they are, and that they are for research only.
//!
//! The words stand in bars above and below, so that nothing of the image is covered. Names that are
//! burned into the pixels of the image itself stay.

use image::{DynamicImage, RgbImage, imageops};

use super::case::CaseReport;
use super::pdf::document::EmbeddedImage;
use super::pdf::images::legend_words;
use super::pdf::rendered::rendered;
use super::redact;
use super::{NOT_A_DEVICE, ReportError};
use crate::explain::Attribution;
use crate::explain::scale::{painted, shows_something};
use crate::figures::annotated::annotated;
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, TextStyle, wrapped};
use crate::imaging::contour::contours;
use crate::imaging::overlay::blended;
use crate::language::{ENGLISH, said, text, tr, translated, within};

/// Width of a picture in points: words have one size in it, however many pixels it has.
const WIDTH: f32 = 420.0;
/// Words cannot be read in a picture narrower than this, so that it is enlarged.
const NARROWEST: u32 = 640;
/// Room beside the words.
const MARGIN: f32 = 6.0;
/// Levels of the contour lines.
const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];
const ORANGE: Ink = Ink::Of([255, 184, 77]);

/// A picture of a case.
#[derive(Clone, Debug)]
pub struct OverlayImage {
    /// Index of the class that the map is of; nothing where there is no map.
    pub class: Option<usize>,
    /// What it shows, in English words, for DICOM objects.
    pub title: String,
    pub image: RgbImage,
}

/// What must be said of every result of an image that its model is not for: refused by the gate, or
/// outside the population. Nothing where nothing speaks against it. In English, for DICOM objects.
#[must_use]
pub fn reservation(case: &CaseReport) -> Option<String> {
    within(ENGLISH, || spoken_against(case))
}

/// The same in the language of the thread.
fn spoken_against(case: &CaseReport) -> Option<String> {
    let refused = case.analysis.gate.as_ref().filter(|gate| !gate.accepted);
    let clean = |reason: &str| said(&redact::clean(case, reason));
    Some(match (refused, case.outside()) {
        (Some(gate), _) if case.analysis.scored => {
            tr!("REFUSED BY THE INPUT GATE, shown anyway: {reason}", reason = clean(&gate.reason))
        }
        (Some(gate), _) => tr!("REFUSED BY THE INPUT GATE, not scored: {reason}", reason = clean(&gate.reason)),
        (None, Some(reason)) => {
            tr!("OUTSIDE THE POPULATION that the model was measured on: {reason}", reason = clean(reason))
        }
        (None, None) if !case.analysis.scored => text!("NOT SCORED").to_owned(),
        (None, None) => return None,
    })
}

/// The image under the map of each class of the report; the image alone, with the reason, where
/// nothing was scored or no map was made. The words in it are in the language of the report.
///
/// # Errors
/// When a picture would have more pixels than a figure may have.
pub fn overlay_images(case: &CaseReport) -> Result<Vec<OverlayImage>, ReportError> {
    within(&case.language, || drawn(case))
}

fn drawn(case: &CaseReport) -> Result<Vec<OverlayImage>, ReportError> {
    let base = enlarged(match rendered(case) {
        EmbeddedImage::Grey(grey) => DynamicImage::ImageLuma8(grey).into_rgb8(),
        EmbeddedImage::Color(colour) => colour,
        EmbeddedImage::Overlay(overlay) => DynamicImage::ImageRgba8(overlay).into_rgb8(),
    });
    let maps = case.classes.iter().filter_map(|&class| Some((class, case.attribution(class)?)));
    let maps: Vec<(usize, &Attribution)> = maps.filter(|_| case.analysis.scored).collect();
    if maps.is_empty() {
        let title = || text!("No map").to_owned();
        let image = framed(&base, &head(case, &title()), &Block::default())?;
        return Ok(vec![OverlayImage { class: None, title: within(ENGLISH, title), image }]);
    }
    maps.into_iter().map(|(class, map)| of_class(case, &base, class, map)).collect()
}

fn of_class(case: &CaseReport, base: &RgbImage, class: usize, map: &Attribution) -> Result<OverlayImage, ReportError> {
    let title = || {
        let what = format!("{}: {}", case.class_name(class), map.method.name());
        let what = if map.method.has_layer() { tr!("{what}, layer {layer}", what, layer = map.layer) } else { what };
        if shows_something(map) { what } else { tr!("{what}; no positive evidence for this class", what) }
    };
    let mut image = base.clone();
    if shows_something(map) {
        let plane = case.scaled_map(map, base.width() as usize, base.height() as usize);
        image = blended(&image, &painted(&plane, map.method.is_signed(), &case.overlay));
        if case.overlay.contours {
            image = annotated(&image, &lines(&contours(&plane, &LEVELS, plane.width, plane.height)), 1.0)?;
        }
    }
    let legend = block(&[(legend_words(case), CAPTION.ink(Ink::White))]);
    let image = framed(&image, &head(case, &title()), &legend)?;
    Ok(OverlayImage { class: Some(class), title: within(ENGLISH, title), image })
}

fn lines(contours: &[crate::imaging::contour::Contour]) -> Block {
    let mut block = Block::default();
    for contour in contours {
        for (width, ink) in [(3.0, Ink::Black), (1.2, Ink::White)] {
            block.shapes.push(Shape::Line { points: contour.points.clone(), width, ink, closed: contour.closed });
        }
    }
    block
}

/// The words above a picture.
fn head(case: &CaseReport, title: &str) -> Block {
    let manifest = &case.model.manifest;
    let weights = shortened(&case.model.sha256);
    let model = tr!("Model {} {}, weights {}", manifest.name, manifest.version, weights);
    let research = format!("{} {}", text!("RESEARCH USE ONLY."), translated(NOT_A_DEVICE));
    let mut words = vec![(research, BODY.bold().ink(ORANGE))];
    words.extend(spoken_against(case).map(|words| (words, BODY.bold().ink(ORANGE))));
    words.push((title.to_owned(), BODY.bold().ink(Ink::White)));
    words.push((format!("{model}. Pellucid {}.", crate::VERSION), CAPTION.ink(Ink::White)));
    block(&words)
}

fn shortened(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Paragraphs, one below the other, with room around.
fn block(words: &[(String, TextStyle)]) -> Block {
    let mut block = Block::space(MARGIN / 2.0);
    for (text, style) in words {
        for line in wrapped(text, *style, WIDTH - 2.0 * MARGIN) {
            let top = block.height;
            block.text(MARGIN, top, Align::Left, *style, &line);
            block.height = top + style.line();
        }
    }
    block.height += MARGIN / 2.0;
    block
}

/// Wide enough for words.
fn enlarged(picture: RgbImage) -> RgbImage {
    let times = NARROWEST.div_ceil(picture.width().max(1)).min(NARROWEST);
    // A strip of a few columns would become a tower.
    let fits = u64::from(picture.height()) * u64::from(times) <= 4 * u64::from(NARROWEST);
    if times <= 1 || !fits {
        return picture;
    }
    imageops::resize(&picture, picture.width() * times, picture.height() * times, imageops::FilterType::Nearest)
}

/// The picture between two black bars with words.
fn framed(picture: &RgbImage, above: &Block, below: &Block) -> Result<RgbImage, ReportError> {
    let scale = picture.width() as f32 / WIDTH;
    let height = |block: &Block| (block.height * scale).ceil() as u32;
    let mut canvas = RgbImage::new(picture.width(), height(above) + picture.height() + height(below));
    imageops::replace(&mut canvas, picture, 0, i64::from(height(above)));
    let mut words = Block::default();
    words.put(0.0, 0.0, above);
    words.put(0.0, (height(above) + picture.height()) as f32 / scale, below);
    Ok(annotated(&canvas, &words, scale)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::population::PopulationVerdict;
    use crate::report::sample_case::{analysis, case};

    #[test]
    fn each_class_has_a_picture_with_words_above_and_below_the_image() {
        let case = CaseReport { classes: vec![1, 2], ..case() };
        let images = overlay_images(&case).unwrap();
        assert_eq!(images.iter().map(|one| one.class).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert!(images[0].title.starts_with("Bacterial pneumonia: Grad-CAM"), "{}", images[0].title);
        // 300 columns are enlarged so that words can be read.
        assert_eq!(images[0].image.width(), 900);
        assert!(images[0].image.height() > 720);
        let orange = images[0].image.enumerate_pixels().filter(|(_, _, p)| p.0 == [255, 184, 77]).count();
        assert!(orange > 100, "words in orange: {orange}");
        assert_ne!(images[0].image, images[1].image);
    }

    #[test]
    fn what_speaks_against_the_model_is_burned_in() {
        let plain = overlay_images(&case()).unwrap();
        assert_eq!(reservation(&case()), None);
        let mut outside = case();
        let verdict = PopulationVerdict {
            inside: false,
            reason: "The patient is 66 years old.".into(),
            condition: None,
            distance: None,
            threshold: None,
        };
        outside.analysis = Arc::new(crate::engine::Analysis { population: Some(verdict), ..analysis() });
        assert!(reservation(&outside).unwrap().starts_with("OUTSIDE THE POPULATION"));
        let marked = overlay_images(&outside).unwrap();
        assert!(marked[0].image.height() > plain[0].image.height());
    }

    #[test]
    fn an_image_that_was_refused_has_no_map_and_says_why() {
        let mut refused = case();
        let mut analysis = analysis();
        analysis.scored = false;
        let gate = analysis.gate.as_mut().unwrap();
        (gate.accepted, gate.reason) = (false, "A hand.".into());
        refused.analysis = Arc::new(analysis);
        let images = overlay_images(&refused).unwrap();
        assert_eq!((images.len(), images[0].class), (1, None));
        assert_eq!(reservation(&refused).unwrap(), "REFUSED BY THE INPUT GATE, not scored: A hand.");
    }
}
