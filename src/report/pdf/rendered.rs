//! The image of a case as it is printed: its greys through the window or table of the report, the
//! shutter closed and the overlays drawn as the reader had them on screen, with those of the
//! presentation state that was applied; and what of that is said below it. It lies as in its file:
//! turns, mirrors and zoom are not printed.

use image::{DynamicImage, imageops};

use super::document::EmbeddedImage;
use crate::imaging::display::VoiChoice;
use crate::imaging::hatching::hatch;
use crate::imaging::shutter::Shutters;
use crate::imaging::superimposed::{self, OverlayInk};
use crate::imaging::{DisplayTable, PixelData, Region, View, Window, WindowFunction, render_region, render_rgb};
use crate::language::{digits, text, tr};
use crate::report::case::CaseReport;
use crate::report::on_screen::OnScreen;
use crate::report::redact;

/// Longest side of the image in pixels.
const LONGEST: usize = 1600;

/// The image at print size: grey where it has no colours of its own, under the closed shutter and
/// the overlays of its file.
pub(in crate::report) fn rendered(case: &CaseReport) -> EmbeddedImage {
    let image = of_pixels(case);
    let overlays = if case.anonymize { &[][..] } else { case.on_screen.overlays(&case.frame) };
    let open = Shutters::default();
    let shutters = case.on_screen.shutters(&case.frame).unwrap_or(&open);
    let (width, height) = within(case);
    let region = Region::whole(&case.frame.pixels.plane);
    let Some(over) = superimposed::picture(overlays, shutters, region, [width, height], OverlayInk::default()) else {
        return image;
    };
    let mut image = match image {
        EmbeddedImage::Grey(grey) => DynamicImage::ImageLuma8(grey).into_rgb8(),
        EmbeddedImage::Color(colour) => colour,
        overlay @ EmbeddedImage::Overlay(_) => return overlay,
    };
    for (pixel, over) in image.pixels_mut().zip(over.pixels()) {
        let [r, g, b, opacity] = over.0.map(f32::from);
        for (under, over) in pixel.0.iter_mut().zip([r, g, b]) {
            *under = (f32::from(*under) + (over - f32::from(*under)) * opacity / 255.0).round() as u8;
        }
    }
    EmbeddedImage::Color(image)
}

fn of_pixels(case: &CaseReport) -> EmbeddedImage {
    let frame = &case.frame;
    let voi = case.on_screen.table.map_or(VoiChoice::Window(case.window), VoiChoice::OfFile);
    let view = View { voi, reader_invert: case.inverted_by_reader };
    let (width, height) = within(case);
    if let Some(missing) = frame.pixels.missing {
        let whole = render_rgb(&PixelData { missing: None, ..frame.pixels.clone() }, &view);
        let mut image = imageops::resize(&whole, width as u32, height as u32, imageops::FilterType::Triangle);
        hatch(&mut image, missing, frame.pixels.plane.height);
        return EmbeddedImage::Color(image);
    }
    if let Some(color) = &frame.pixels.color {
        let mut image = imageops::resize(color.as_ref(), width as u32, height as u32, imageops::FilterType::Triangle);
        if case.inverted_by_reader {
            imageops::invert(&mut image);
        }
        return EmbeddedImage::Color(DynamicImage::ImageRgb8(image).into_rgb8());
    }
    let table = DisplayTable::new(&frame.pixels, &view);
    EmbeddedImage::Grey(render_region(&frame.pixels.plane, &table, Region::whole(&frame.pixels.plane), width, height))
}

/// Columns and rows of the print, the aspect ratio kept and no side longer than [`LONGEST`].
fn within(case: &CaseReport) -> (usize, usize) {
    let plane = &case.frame.pixels.plane;
    let (width, height) = (plane.width.max(1), plane.height.max(1));
    let longest = width.max(height);
    if longest <= LONGEST {
        return (width, height);
    }
    let scaled = |side: usize| (side * LONGEST).div_ceil(longest).max(1);
    (scaled(width), scaled(height))
}

/// Window and polarity of the printed image.
pub(super) fn display(case: &CaseReport) -> String {
    if case.frame.pixels.color.is_some() {
        return text!("Own colours of the file").to_owned();
    }
    let presented = case.on_screen.presentation.as_ref().and_then(|state| state.inverted);
    let inverted = match (case.inverted_by_reader, presented.is_some_and(|i| i != case.frame.pixels.inverted)) {
        (false, _) => None,
        (true, true) => Some(text!("inverted by the presentation state")),
        (true, false) => Some(text!("inverted by the reader")),
    };
    let table = redact::on_screen(case).and_then(|shown| shown.table);
    let window = table.map_or_else(|| windowed(case.window), |name| tr!("VOI table {name}", name));
    inverted.map_or_else(|| window.clone(), |inverted| format!("{window}, {inverted}"))
}

/// A window in words.
pub(super) fn windowed(window: Window) -> String {
    let function = match window.function {
        WindowFunction::Linear => "",
        WindowFunction::LinearExact => text!("(exact)"),
        WindowFunction::Sigmoid => text!("(sigmoid)"),
    };
    format!("W {} L {} {function}", plain(window.width), plain(window.center)).trim_end().to_owned()
}

/// The sides of the patient as the image is printed (never turned), its marker, and what of the file
/// is left out of the print.
pub(super) fn of_file(case: &CaseReport) -> String {
    let shown = &case.frame.display;
    let mut words = vec![String::new()];
    if let Some(sides) = &shown.orientation {
        words.extend((!sides.left.is_empty()).then(|| tr!("{letters} at the left", letters = sides.left)));
        words.extend((!sides.top.is_empty()).then(|| tr!("{letters} at the top", letters = sides.top)));
    }
    if !shown.side_mark.is_empty() {
        words.push(tr!("marked {}", shown.side_mark));
    }
    let state = case.on_screen.presentation.is_some();
    let all = if state { OnScreen { graphics: true, ..case.on_screen.clone() } } else { OnScreen::default() };
    if !all.overlays(&case.frame).is_empty() {
        // They may be words that name somebody.
        let said = match (case.anonymize, case.on_screen.graphics, state) {
            (true, _, true) => text!("overlays are left out"),
            (true, _, false) => text!("overlays of the file are left out"),
            (false, true, true) => text!("with the overlays"),
            (false, true, false) => text!("with the overlays of the file"),
            (false, false, true) => text!("without the overlays, which the reader had hidden"),
            (false, false, false) => text!("without the overlays of the file, which the reader had hidden"),
        };
        words.push(said.to_owned());
    }
    if let Some(annotations) = all.annotations() {
        words.push(match (case.on_screen.graphics, case.anonymize && !annotations.texts.is_empty()) {
            (false, _) => text!("without its annotations, which the reader had hidden").into(),
            (true, true) => text!("with its annotations, their words left out").into(),
            (true, false) => text!("with its annotations").into(),
        });
    }
    let shutters = OnScreen { shutter: true, ..case.on_screen.clone() };
    if shutters.shutters(&case.frame).is_some() {
        let closed = text!("the display shutter is closed");
        let opened = text!("the display shutter is opened by the reader");
        words.push(if case.on_screen.shutter { closed } else { opened }.to_owned());
    }
    let record = redact::on_screen(case);
    if let Some(name) = record.as_ref().and_then(|shown| shown.presentation_state.as_ref()) {
        words.insert(1, tr!("presentation state {name}", name));
    }
    if record.is_some_and(|shown| shown.turned) {
        words.push(text!("turned or mirrored on screen, printed as it lies in its file").into());
    }
    words.join("; ")
}

fn plain(value: f32) -> String {
    digits(value, if value.fract() == 0.0 || value.abs() >= 100.0 { 0 } else { 2 })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::imaging::bit_plane::BitPlane;
    use crate::imaging::overlay_plane::OverlayPlane;
    use crate::imaging::shutter::Shutter;
    use crate::report::sample_case::case;
    use crate::study::{Annotations, DisplayAttributes, Drawing, PresentationState, TextNote};

    #[test]
    fn shutter_and_overlays_are_printed_and_said_and_overlays_not_where_names_are_struck() {
        let mut case = case();
        let plane = &case.frame.pixels.plane;
        let (columns, rows) = (plane.width, plane.height);
        assert!(matches!(rendered(&case), EmbeddedImage::Grey(_)));
        let right = columns as f32 / 2.0;
        let shapes = vec![Shutter::Rectangle { left: 0.0, top: 0.0, right, bottom: rows as f32 }];
        let mut bits = vec![false; columns * rows];
        bits[0] = true;
        let overlay = OverlayPlane {
            group: 0x6000,
            bits: Arc::new(BitPlane::new(columns, rows, bits)),
            left: 0,
            top: 0,
            name: String::new(),
        };
        let display = DisplayAttributes {
            overlays: vec![overlay],
            shutters: Shutters { shapes, grey: 77 },
            ..case.frame.display.clone()
        };
        case.frame = Arc::new(crate::study::Frame { display, ..(*case.frame).clone() });
        let EmbeddedImage::Color(image) = rendered(&case) else { panic!("white on grey is drawn") };
        assert_eq!((image.get_pixel(0, 0).0, image.get_pixel(columns as u32 - 1, 0).0), ([255; 3], [77; 3]));
        assert!(of_file(&case).ends_with("with the overlays of the file; the display shutter is closed"));
        case.anonymize = true;
        let EmbeddedImage::Color(image) = rendered(&case) else { panic!() };
        assert_ne!(image.get_pixel(0, 0).0, [255; 3]);
        assert!(of_file(&case).contains("left out"));
    }

    #[test]
    fn an_applied_state_is_printed_as_it_was_on_screen_and_said() {
        let mut case = case();
        let plane = &case.frame.pixels.plane;
        let (right, bottom) = (plane.width as f32 / 2.0, plane.height as f32);
        let shapes = vec![Shutter::Rectangle { left: 0.0, top: 0.0, right, bottom }];
        let drawing = Drawing { points: vec![[10.0, 10.0], [60.0, 40.0]], filled: false, color: Some([255, 0, 0]) };
        let note = TextNote { text: "nodule".into(), at: [60.0, 40.0], anchor: None, color: None };
        let state = PresentationState {
            label: "NODULES".into(),
            description: String::new(),
            creator: "Reader^One".into(),
            date: "20261120".into(),
            voi: None,
            inverted: None,
            turns: 1,
            mirrored: false,
            area: None,
            shutters: Shutters { shapes, grey: 77 },
            overlays: Vec::new(),
            annotations: Annotations { drawings: vec![drawing], texts: vec![note], incomplete: false },
            notes: Vec::new(),
        };
        case.on_screen = OnScreen { presentation: Some(state), turned: true, ..OnScreen::default() };
        let EmbeddedImage::Color(image) = rendered(&case) else { panic!("the shutter is closed") };
        assert_eq!(image.get_pixel(image.width() - 1, 0).0, [77; 3]);
        let said = of_file(&case);
        for words in
            ["presentation state NODULES, 2026-11-20, by Reader One", "with its annotations", "closed", "as it lies"]
        {
            assert!(said.contains(words), "{words} is missing in {said}");
        }
        (case.on_screen.shutter, case.on_screen.graphics) = (false, false);
        assert!(matches!(rendered(&case), EmbeddedImage::Grey(_)));
        let said = of_file(&case);
        assert!(said.contains("without its annotations") && said.contains("opened by the reader"), "{said}");
        case.anonymize = true;
        assert!(!of_file(&case).contains("Reader One") && of_file(&case).contains("NODULES"));
    }
}
