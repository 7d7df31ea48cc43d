//! PNG, JPEG and TIFF of every kind that is opened.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype};

use super::Seed;
use super::dicom::noise;
use crate::readers::Reader;

const WIDTH: u32 = 13;
const HEIGHT: u32 = 11;

/// A picture of noise in every kind of pixel of the `image` crate.
fn pictures() -> Vec<(&'static str, DynamicImage)> {
    let bytes = |samples: u32| noise((WIDTH * HEIGHT * samples) as usize);
    let words = |samples: u32| bytes(samples).iter().map(|v| u16::from(*v) * 257).collect::<Vec<u16>>();
    let of = |w: u32, h: u32| (w, h);
    let (w, h) = of(WIDTH, HEIGHT);
    vec![
        ("L8", image::GrayImage::from_raw(w, h, bytes(1)).unwrap().into()),
        ("LA8", image::GrayAlphaImage::from_raw(w, h, bytes(2)).unwrap().into()),
        ("RGB8", image::RgbImage::from_raw(w, h, bytes(3)).unwrap().into()),
        ("RGBA8", image::RgbaImage::from_raw(w, h, bytes(4)).unwrap().into()),
        ("L16", DynamicImage::ImageLuma16(image::ImageBuffer::from_raw(w, h, words(1)).unwrap())),
        ("LA16", DynamicImage::ImageLumaA16(image::ImageBuffer::from_raw(w, h, words(2)).unwrap())),
        ("RGB16", DynamicImage::ImageRgb16(image::ImageBuffer::from_raw(w, h, words(3)).unwrap())),
        ("RGBA16", DynamicImage::ImageRgba16(image::ImageBuffer::from_raw(w, h, words(4)).unwrap())),
    ]
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Option<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).ok()?;
    Some(bytes.into_inner())
}

/// Depths below a byte, palettes, transparency, and chunks beside the pixels.
fn pngs() -> Vec<Seed> {
    let mut all = Vec::new();
    for (name, color, depth) in [
        ("1 bit", png::ColorType::Grayscale, png::BitDepth::One),
        ("2 bits", png::ColorType::Grayscale, png::BitDepth::Two),
        ("4 bits", png::ColorType::Grayscale, png::BitDepth::Four),
        ("palette of 4 bits", png::ColorType::Indexed, png::BitDepth::Four),
        ("palette", png::ColorType::Indexed, png::BitDepth::Eight),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
        encoder.set_color(color);
        encoder.set_depth(depth);
        let row = (WIDTH as usize * depth as usize).div_ceil(8);
        if color == png::ColorType::Indexed {
            encoder.set_palette(noise(3 << (depth as usize)));
            encoder.set_trns(noise(1 << (depth as usize)));
        }
        encoder.add_text_chunk("Title".into(), "a radiograph".into()).unwrap();
        encoder.add_ztxt_chunk("Comment".into(), "a radiograph ".repeat(20)).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&noise(row * HEIGHT as usize)).unwrap();
        writer.finish().unwrap();
        all.push(Seed::of(Reader::Raster, format!("PNG, {name}"), bytes));
    }
    all
}

fn jpegs() -> Vec<Seed> {
    let mut all = Vec::new();
    for (name, kind, samples) in [
        ("grey", jpeg_encoder::ColorType::Luma, 1),
        ("colour", jpeg_encoder::ColorType::Rgb, 3),
        ("inks", jpeg_encoder::ColorType::CmykAsYcck, 4),
    ] {
        for progressive in [false, true] {
            let mut bytes = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
            encoder.set_progressive(progressive);
            if !progressive {
                encoder.set_restart_interval(1);
            }
            let pixels = noise((WIDTH * HEIGHT) as usize * samples);
            encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, kind).unwrap();
            all.push(Seed::of(Reader::Raster, format!("JPEG, {name}, progressive: {progressive}"), bytes));
        }
    }
    all
}

fn tiffs() -> Vec<Seed> {
    let mut all = Vec::new();
    let deflate = Compression::Deflate(tiff::encoder::DeflateLevel::Fast);
    for (name, compression) in [
        ("unpacked", Compression::Uncompressed),
        ("LZW", Compression::Lzw),
        ("deflate", deflate),
        ("packbits", Compression::Packbits),
    ] {
        let pixels = (WIDTH * HEIGHT) as usize;
        let mut grey = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut grey).unwrap().with_compression(compression);
        encoder.write_image::<colortype::Gray8>(WIDTH, HEIGHT, &noise(pixels)).unwrap();
        let mut wide = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut wide).unwrap().with_compression(compression);
        if compression == deflate {
            encoder = encoder.with_predictor(Predictor::Horizontal);
        }
        let words: Vec<u16> = noise(3 * pixels).iter().map(|v| u16::from(*v)).collect();
        encoder.write_image::<colortype::RGB16>(WIDTH, HEIGHT, &words).unwrap();
        let mut floats = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut floats).unwrap().with_compression(compression);
        let values: Vec<f32> = noise(pixels).iter().map(|v| f32::from(*v) / 7.0).collect();
        encoder.write_image::<colortype::Gray32Float>(WIDTH, HEIGHT, &values).unwrap();
        let mut long = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new_big(&mut long).unwrap().with_compression(compression);
        encoder.write_image::<colortype::Gray8>(WIDTH, HEIGHT, &noise(pixels)).unwrap();
        for (kind, bytes) in [("grey", grey), ("colour", wide), ("floats", floats), ("long addresses", long)] {
            all.push(Seed::of(Reader::Raster, format!("TIFF, {name}, {kind}"), bytes.into_inner()));
        }
    }
    all
}

pub(crate) fn all() -> Vec<Seed> {
    let mut all = Vec::new();
    for (name, picture) in pictures() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff] {
            let bytes = written(&picture, format);
            all.extend(bytes.map(|bytes| Seed::of(Reader::Raster, format!("{format:?}, {name}"), bytes)));
        }
    }
    all.extend(pngs());
    all.extend(jpegs());
    all.extend(tiffs());
    all
}
