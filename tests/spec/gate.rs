//! What the input gates of the built-in models let through, and what they say to what they refuse.

use candle_core::Device;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use pellucid::model::candidate_model::CandidateModel;
use pellucid::model::gate::GateVerdict;
use pellucid::model::registry;
use pellucid::phantom::{Age, PhantomRecipe, render};
use pellucid::study::open_image;

use super::toy;

const CHEST: &str = "a frontal chest radiograph";
const BRAIN: &str = "an MRI slice of the brain";

fn gate(model: &str) -> CandidateModel {
    registry::candidate(model, &Device::Cpu).expect("built in, and sound")
}

/// The verdict on a picture that was saved under `name` and opened again.
fn verdict(gate: &CandidateModel, picture: &DynamicImage, name: &str) -> GateVerdict {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    picture.save(&path).unwrap();
    let frame = open_image(&path).unwrap();
    gate.judge(&frame, &frame.model_plane()).unwrap().expect("a verdict")
}

/// A chest phantom of a child in 8 bits.
fn film(size: usize) -> GrayImage {
    let plane = render(&PhantomRecipe { size, age: Age::Child, ..PhantomRecipe::default() }).plane;
    GrayImage::from_fn(size as u32, size as u32, |x, y| Luma([(plane.at(x as usize, y as usize) / 16.06) as u8]))
}

fn coloured(film: &GrayImage, colour: impl Fn(u32, u32, u8) -> [u8; 3]) -> DynamicImage {
    let picture = RgbImage::from_fn(film.width(), film.height(), |x, y| Rgb(colour(x, y, film.get_pixel(x, y).0[0])));
    picture.into()
}

/// What an endoscope sees: folds around a dark lumen, in red.
fn endoscopy() -> DynamicImage {
    let picture = RgbImage::from_fn(320, 240, |x, y| {
        let (dx, dy) = (x as f32 - 170.0, y as f32 - 110.0);
        let r = dx.hypot(dy);
        let light =
            if r > 112.0 { 0.0 } else { (0.25 + r / 130.0) * (0.85 + 0.15 * (r / 7.0 + 2.0 * dy.atan2(dx)).sin()) };
        Rgb([230.0 * light, 110.0 * light, 90.0 * light].map(|v| v as u8))
    });
    picture.into()
}

/// Windows with bars, words and a table before a shaded ground.
fn desktop(dark: bool) -> GrayImage {
    let (desk, paper, bar, ink) = if dark { (20, 40, 62, 210) } else { (128, 245, 210, 25) };
    GrayImage::from_fn(1280, 720, |x, y| {
        let word = |x: u32, y: u32| y % 18 < 9 && (x / 6 + y / 18 * 5) % 11 < 8 && !(x + y).is_multiple_of(3);
        let within = |l: u32, t: u32, w: u32, h: u32| (l..l + w).contains(&x) && (t..t + h).contains(&y);
        let value = if within(0, 690, 1280, 30) {
            bar
        } else if within(60, 40, 620, 420) {
            if y < 70 {
                bar
            } else if word(x, y) && y > 84 && (80..640).contains(&x) {
                ink
            } else {
                paper
            }
        } else if within(560, 200, 660, 460) {
            if y < 228 {
                bar
            } else if x % 80 == 0 || y % 24 == 0 {
                128
            } else if word(x, y) && x % 80 > 20 {
                ink
            } else {
                paper
            }
        } else {
            desk + (y / 24) as u8
        };
        Luma([value])
    })
}

/// A rounded rectangle with an even edge and shading that goes with `turn`.
fn rounded(turn: f32, power: f32) -> GrayImage {
    GrayImage::from_fn(256, 256, |x, y| {
        let (u, v) = ((x as f32 - 128.0) / 88.0, (y as f32 - 128.0) / 104.0);
        let cover = ((1.0 - (u.abs().powf(power) + v.abs().powf(power)).powf(1.0 / power)) / 0.05).clamp(0.0, 1.0);
        Luma([(cover * (150.0 + 60.0 * (u * turn.cos() + v * turn.sin()))) as u8])
    })
}

/// The picture after JPEG of this quality.
fn jpeg(picture: &GrayImage, quality: u8) -> DynamicImage {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).unwrap();
    image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap()
}

// ——— colour ———

#[test]
fn a_picture_in_colour_is_refused_by_both_gates_at_once_and_each_says_why() {
    for (model, asks) in [("chest-xray", CHEST), ("brain-mri", BRAIN)] {
        let gate = gate(model);
        for name in ["scope.png", "scope.jpg", "scope.tif"] {
            let said = verdict(&gate, &endoscopy(), name);
            assert!(!said.accepted && said.is_judged() && said.number().is_none(), "{model}, {name}: {said:?}");
            assert!(said.reason.starts_with("The image is in colour: "), "{}", said.reason);
            assert!(said.reason.contains(&format!("{asks} has none")), "{}", said.reason);
        }
    }
}

#[test]
fn a_grey_film_in_three_samples_a_faint_tint_and_a_mark_are_no_colour() {
    let (gate, film) = (gate("chest-xray"), film(512));
    let grey = verdict(&gate, &film.clone().into(), "grey.png");
    assert!(grey.accepted, "{grey:?}");
    let same = verdict(&gate, &coloured(&film, |_, _, v| [v; 3]), "three.png");
    assert_eq!(same, grey);
    let tinted = coloured(&film, |_, _, v| [v, v, (f32::from(v) * 0.92) as u8]);
    assert!(verdict(&gate, &tinted, "tint.png").accepted);
    assert!(verdict(&gate, &tinted, "tint.jpg").accepted);
    // An arrow and a letter: about one pixel in a hundred.
    let mark = |x: u32, y: u32| (400..480).contains(&x) && (40..72).contains(&y);
    let marked = coloured(&film, |x, y, v| if mark(x, y) { [230, 20, 20] } else { [v; 3] });
    assert!(verdict(&gate, &marked, "marked.png").accepted);
    let sepia = coloured(&film, |_, _, v| [v, (f32::from(v) * 0.75) as u8, (f32::from(v) * 0.45) as u8]);
    let said = verdict(&gate, &sepia, "sepia.png");
    assert!(said.reason.contains("save it in grey"), "{said:?}");
}

#[test]
fn a_model_without_a_gate_refuses_colour_only_where_its_modalities_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let judged = |modality: &str| {
        let fits = format!("\n[fits]\nmodalities = [\"{modality}\"]\n");
        let home = toy::model_with(&folder.path().join(modality), &|manifest| manifest + &fits);
        let path = folder.path().join("scope.png");
        endoscopy().save(&path).unwrap();
        let frame = open_image(&path).unwrap();
        let candidate = registry::candidate(home.to_str().unwrap(), &Device::Cpu).unwrap();
        candidate.judge(&frame, &frame.model_plane()).unwrap()
    };
    let said = judged("DX").expect("a refusal");
    assert!(said.reason.contains("in colour") && said.reason.contains("meant for DX only"), "{}", said.reason);
    assert_eq!(judged("ES"), None, "an endoscopy is in colour");
}

// ——— what can be told by counting ———

#[test]
fn black_even_tiny_and_nearly_even_images_are_refused_with_their_own_reasons() {
    let specks = GrayImage::from_fn(300, 300, |x, y| Luma([if x % 90 == 7 && y % 90 == 9 { 200 } else { 30 }]));
    for model in ["chest-xray", "brain-mri"] {
        let gate = gate(model);
        let said = |picture: GrayImage| verdict(&gate, &picture.into(), "image.png").reason;
        assert!(said(GrayImage::new(300, 300)).contains("every pixel has the same value"));
        assert!(said(GrayImage::from_pixel(300, 300, Luma([90]))).contains("every pixel has the same value"));
        assert!(said(specks.clone()).contains("but for a few"), "{}", said(specks.clone()));
        assert!(said(film(40)).contains("only 40 × 40 pixels"));
    }
}

#[test]
fn screens_are_refused_in_both_themes_and_after_lossy_compression() {
    for model in ["chest-xray", "brain-mri"] {
        let gate = gate(model);
        for dark in [false, true] {
            let screen = desktop(dark);
            let half = image::imageops::resize(&screen, 640, 360, image::imageops::FilterType::Triangle);
            for picture in [screen.clone().into(), jpeg(&half, 15), half.into()] {
                let said = verdict(&gate, &picture, "screen.png");
                assert!(!said.accepted, "{model}, dark {dark}: {said:?}");
            }
        }
    }
}

#[test]
fn a_screen_with_text_is_told_by_its_sharp_steps() {
    let said = verdict(&gate("chest-xray"), &desktop(false).into(), "screen.png");
    assert!(said.reason.contains("a page or a screenshot"), "{}", said.reason);
}

// ——— what takes a network ———

#[test]
fn rounded_rectangles_are_no_slices_of_the_brain_and_no_chests() {
    for model in ["brain-mri", "chest-xray"] {
        let gate = gate(model);
        for (i, power) in [2.0, 3.0, 5.0, 9.0].into_iter().enumerate() {
            let shape = rounded(i as f32 * 1.7, power);
            for picture in [shape.clone().into(), jpeg(&shape, 20)] {
                let said = verdict(&gate, &picture, "shape.png");
                assert!(!said.accepted, "{model}, power {power}: {said:?}");
            }
        }
    }
}

#[test]
fn phantoms_of_both_ages_resemble_a_frontal_chest_radiograph() {
    let gate = gate("chest-xray");
    for (seed, age) in [(3, Age::Child), (4, Age::Adult), (5, Age::Child), (6, Age::Adult)] {
        let plane = render(&PhantomRecipe { seed, age, size: 512, ..PhantomRecipe::default() }).plane;
        let picture = GrayImage::from_fn(512, 512, |x, y| Luma([(plane.at(x as usize, y as usize) / 16.06) as u8]));
        for picture in [picture.clone().into(), jpeg(&picture, 40)] {
            let said = verdict(&gate, &picture, "film.png");
            let reason = "This resembles a frontal chest radiograph, upright and with its greys the right way round.";
            assert_eq!((said.accepted, said.reason.as_str()), (true, reason), "seed {seed}");
        }
    }
}

#[test]
fn a_film_on_its_head_and_one_in_the_negative_are_refused_for_what_they_are() {
    let (gate, film) = (gate("chest-xray"), film(512));
    let turned = verdict(&gate, &image::imageops::rotate180(&film).into(), "film.png");
    assert!(turned.reason.contains("stands on its head"), "{turned:?}");
    let negative = GrayImage::from_fn(512, 512, |x, y| Luma([255 - film.get_pixel(x, y).0[0]]));
    let said = verdict(&gate, &negative.into(), "film.png");
    assert!(said.reason.contains("greys are inverted"), "{said:?}");
}
