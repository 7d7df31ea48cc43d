//! Every kind of near-duplicate that the table promises, on phantoms, and phantoms of different
//! patients.

use std::io::Cursor;

use image::{GrayImage, ImageFormat};
use rayon::prelude::*;

use super::*;
use crate::imaging::Plane;
use crate::imaging::resample::{Region, bilinear, resize, sample_region};
use crate::training::data::audit::testing::radiograph;

/// Patients whose images are changed.
const PATIENTS: u64 = 3;

type Kind = (&'static str, fn(&Plane) -> Plane);

fn each(image: &Plane, change: impl Fn(f32) -> f32) -> Plane {
    Plane { values: image.values.iter().map(|v| change(*v).clamp(0.0, 1.0)).collect(), ..*image }
}

fn moved(image: &Plane, from: impl Fn(f32, f32) -> (f32, f32)) -> Plane {
    let side = image.width;
    let half = side as f32 / 2.0;
    let value = |i: usize| {
        let (u, v) = ((i % side) as f32 + 0.5 - half, (i / side) as f32 + 0.5 - half);
        let (x, y) = from(u, v);
        let (x, y) = (x + half - 0.5, y + half - 0.5);
        let last = (side - 1) as f32;
        if !(0.0..=last).contains(&x) || !(0.0..=last).contains(&y) {
            return 0.0;
        }
        let (i, j) = ((x as usize).min(side - 2), (y as usize).min(side - 2));
        let row = |j: usize| image.at(i, j) * (1.0 - x.fract()) + image.at(i + 1, j) * x.fract();
        row(j) * (1.0 - y.fract()) + row(j + 1) * y.fract()
    };
    Plane { values: (0..side * side).map(value).collect(), ..*image }
}

fn turned(image: &Plane, degrees: f32) -> Plane {
    let (sin, cos) = degrees.to_radians().sin_cos();
    moved(image, |u, v| (cos * u + sin * v, cos * v - sin * u))
}

/// Without these shares of the sides: left, top, right, bottom.
fn cut(image: &Plane, [left, top, right, bottom]: [f32; 4]) -> Plane {
    let (w, h) = (image.width as f32, image.height as f32);
    let region = Region { x: left * w, y: top * h, width: (1.0 - left - right) * w, height: (1.0 - top - bottom) * h };
    sample_region(image, region, image.width, image.height)
}

fn compressed(image: &Plane, quality: u8) -> Plane {
    let greys = image.values.iter().map(|v| (v * 255.0).round() as u8).collect();
    let copy = GrayImage::from_raw(image.width as u32, image.height as u32, greys).unwrap();
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    copy.write_with_encoder(encoder).unwrap();
    let back = image::ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).decode().unwrap().to_luma8();
    Plane { values: back.into_raw().into_iter().map(|v| f32::from(v) / 255.0).collect(), ..*image }
}

fn noisy(image: &Plane) -> Plane {
    use rand::{Rng, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let values = image.values.iter().map(|v| (v + 0.15 * (random.random::<f32>() - 0.5)).clamp(0.0, 1.0)).collect();
    Plane { values, ..*image }
}

fn bordered(image: &Plane) -> Plane {
    moved(image, |u, v| (1.1 * u, 1.1 * v))
}

fn labelled(image: &Plane) -> Plane {
    let side = image.width;
    let inside =
        |i: usize| (i % side) * 10 < side * 3 && (i / side) * 12 < side && (i / 3 + i / side / 3).is_multiple_of(2);
    Plane { values: image.values.iter().enumerate().map(|(i, v)| if inside(i) { 1.0 } else { *v }).collect(), ..*image }
}

const KINDS: [Kind; 22] = [
    ("JPEG of quality 30", |i| compressed(i, 30)),
    ("half the size", |i| resize(i, i.width / 2, i.height / 2)),
    ("twice the size", |i| bilinear(i, 2 * i.width, 2 * i.height)),
    ("cut at every side", |i| cut(i, [0.05; 4])),
    ("cut at the left", |i| cut(i, [0.05, 0.0, 0.0, 0.0])),
    ("cut at two sides", |i| cut(i, [0.0, 0.05, 0.05, 0.0])),
    ("turned by 5°", |i| turned(i, 5.0)),
    ("turned by −5°", |i| turned(i, -5.0)),
    ("mirrored", |i| moved(i, |u, v| (-u, v))),
    ("mirrored top to bottom", |i| moved(i, |u, v| (u, -v))),
    ("turned by 90°", |i| moved(i, |u, v| (v, -u))),
    ("inverted", |i| each(i, |v| 1.0 - v)),
    ("gamma 2", |i| each(i, |v| v * v)),
    ("window", |i| each(i, |v| (v - 0.15) / 0.7)),
    ("less contrast", |i| each(i, |v| 0.3 + 0.4 * v)),
    ("noise", noisy),
    ("blur", |i| resize(&resize(i, i.width / 3, i.height / 3), i.width, i.height)),
    ("border", bordered),
    ("marker", labelled),
    ("mirrored and turned", |i| turned(&moved(i, |u, v| (-u, v)), 5.0)),
    ("inverted and cut", |i| cut(&each(i, |v| 1.0 - v), [0.05; 4])),
    ("cut, turned", |i| turned(&cut(i, [0.05; 4]), -5.0)),
];

fn fingerprints(images: &[Plane]) -> Vec<Fingerprint> {
    images.par_iter().map(Fingerprint::of).collect()
}

fn found(images: &[Plane]) -> Vec<NearDuplicate> {
    near_duplicates(&fingerprints(images).iter().collect::<Vec<_>>(), &|_| ()).unwrap()
}

#[test]
fn every_kind_of_copy_is_found_and_no_other_patient() {
    let patients: Vec<Plane> = (1..=PATIENTS).into_par_iter().map(radiograph).collect();
    let originals = fingerprints(&patients);
    for (name, change) in KINDS {
        let copies = fingerprints(&patients.iter().map(change).collect::<Vec<_>>());
        let all: Vec<&Fingerprint> = originals.iter().chain(&copies).collect();
        let pairs = near_duplicates(&all, &|_| ()).unwrap();
        let pairs: Vec<[usize; 2]> = pairs.iter().map(|pair| pair.images).collect();
        let n = PATIENTS as usize;
        let expected: Vec<[usize; 2]> = (0..n).map(|i| [i, n + i]).collect();
        assert_eq!(pairs, expected, "{name}");
    }
}

#[test]
fn what_was_done_is_told_in_words() {
    let image = radiograph(1);
    let words = |other: Plane| {
        let found = found(&[image.clone(), other]);
        assert_eq!(found.len(), 1);
        found[0].change.words()
    };
    assert_eq!(words(compressed(&image, 60)), "");
    assert_eq!(words(moved(&image, |u, v| (-u, v))), "mirrored left to right");
    assert_eq!(words(moved(&image, |u, v| (u, -v))), "mirrored top to bottom");
    assert_eq!(words(moved(&image, |u, v| (-u, -v))), "turned by 180°");
    assert_eq!(words(each(&image, |v| 1.0 - v)), "inverted");
    let turned = words(turned(&each(&image, |v| 1.0 - v), 4.0));
    assert!(turned == "inverted, turned by 4.0°" || turned == "inverted, turned by 3.9°", "{turned}");
    assert!(words(cut(&image, [0.05; 4])).starts_with("enlarged by 11 %"), "{}", words(cut(&image, [0.05; 4])));
}

#[test]
fn other_patients_are_no_near_duplicates() {
    let patients: Vec<Plane> = (100..124).into_par_iter().map(radiograph).collect();
    let pairs: Vec<_> = found(&patients).iter().map(|pair| (pair.images, pair.correlation)).collect();
    assert_eq!(pairs, []);
}

#[test]
fn copies_of_the_same_pixels_are_pairs_whatever_they_show() {
    let flat = Plane::filled(40, 40, 0.5);
    let pairs = found(&[flat.clone(), radiograph(1), flat]);
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].images, pairs[0].correlation), ([0, 2], 1.0));
}

#[test]
fn no_images_and_one_image_have_no_pairs() {
    assert_eq!(found(&[]), []);
    assert_eq!(found(&[radiograph(1)]), []);
}
