//! A sheet of pictures with a line of text under each, as an image: what a data set, its faults or its augmentation
//! look like is seen, not read.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use plotters::backend::BitMapBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Text;
use plotters::style::{FontStyle, IntoFont, RGBColor, register_font};

use super::{Error, Result};
use crate::imaging::Plane;
use crate::imaging::resample::resize;

static FONT: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
const GAP: u32 = 8;
const LINE: u32 = 16;
const TITLE: u32 = 28;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// Most tiles of a sheet.
const TILES: usize = 2000;

/// What a tile shows.
pub enum Picture {
    /// Values from 0 to 1.
    Grey(Plane),
    Color(RgbImage),
}

impl From<Plane> for Picture {
    fn from(plane: Plane) -> Self {
        Self::Grey(plane)
    }
}

impl From<RgbImage> for Picture {
    fn from(picture: RgbImage) -> Self {
        Self::Color(picture)
    }
}

/// A picture with its caption.
pub struct Tile {
    pub picture: Picture,
    pub caption: String,
    /// What is written in red is a fault.
    pub fault: bool,
}

/// Tiles in rows of `columns`.
pub struct Sheet {
    pub title: String,
    pub columns: usize,
    /// Side of a tile in pixels.
    pub side: u32,
    pub tiles: Vec<Tile>,
}

impl Sheet {
    /// Draws the sheet.
    pub fn draw(&self) -> Result<RgbImage> {
        let tiles = &self.tiles[..self.tiles.len().min(TILES)];
        let columns = self.columns.max(1) as u32;
        let rows = (tiles.len() as u32).div_ceil(columns);
        let (across, down) = (self.side + GAP, self.side + LINE + GAP);
        let (width, height) = (columns * across + GAP, TITLE + rows * down + GAP);
        let mut sheet = RgbImage::from_pixel(width, height, PAPER);
        let place = |i: usize| (GAP + i as u32 % columns * across, TITLE + i as u32 / columns * down);
        for (i, tile) in tiles.iter().enumerate() {
            let (left, top) = place(i);
            let fitted = fit(&tile.picture, self.side);
            let (dx, dy) = ((self.side - fitted.width()) / 2, (self.side - fitted.height()) / 2);
            imageops::replace(&mut sheet, &fitted, i64::from(left + dx), i64::from(top + dy));
        }
        let said = |e: &dyn std::fmt::Display| Error::Picture(e.to_string());
        register_font("sheet", FontStyle::Normal, FONT)
            .map_err(|_| Error::Picture("the font cannot be read".into()))?;
        let mut pixels = sheet.into_raw();
        {
            let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
            let title = ("sheet", 17).into_font();
            area.draw(&Text::new(shortened(&self.title, &title, width - 2 * GAP), (GAP as i32, 5), title))
                .map_err(|e| said(&e))?;
            for (i, tile) in tiles.iter().enumerate() {
                let (left, top) = place(i);
                let color = if tile.fault { RGBColor(180, 20, 20) } else { RGBColor(40, 40, 40) };
                let font = ("sheet", 12).into_font();
                let text = shortened(&tile.caption, &font, self.side);
                let at = (left as i32, (top + self.side + 1) as i32);
                area.draw(&Text::new(text, at, font.color(&color))).map_err(|e| said(&e))?;
            }
            area.present().map_err(|e| said(&e))?;
        }
        RgbImage::from_raw(width, height, pixels).ok_or_else(|| Error::Picture("the sheet has the wrong size".into()))
    }

    /// The sheet as the bytes of a PNG file.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let drawn = self.draw()?;
        drawn.write_to(&mut bytes, image::ImageFormat::Png).map_err(|e| Error::Picture(e.to_string()))?;
        Ok(bytes.into_inner())
    }
}

/// The whole picture within a square of `side`, aspect ratio kept.
fn fit(picture: &Picture, side: u32) -> RgbImage {
    let scaled = |n: u32, longest: u32| {
        let exact = (u64::from(n) * u64::from(side)).div_ceil(u64::from(longest.max(1)));
        exact.clamp(1, u64::from(side)) as u32
    };
    match picture {
        Picture::Grey(plane) => {
            let (width, height) = (plane.width as u32, plane.height as u32);
            let longest = width.max(height);
            let fitted = resize(plane, scaled(width, longest) as usize, scaled(height, longest) as usize);
            RgbImage::from_fn(fitted.width as u32, fitted.height as u32, |x, y| {
                Rgb([(fitted.at(x as usize, y as usize) * 255.0).round().clamp(0.0, 255.0) as u8; 3])
            })
        }
        Picture::Color(picture) if picture.width().max(picture.height()) == side => picture.clone(),
        Picture::Color(picture) => {
            let (width, height) = picture.dimensions();
            let longest = width.max(height);
            imageops::resize(picture, scaled(width, longest), scaled(height, longest), FilterType::Triangle)
        }
    }
}

/// Text that fits into `width` pixels: its middle gives way, for names differ at their ends.
fn shortened(text: &str, font: &plotters::style::FontDesc<'_>, width: u32) -> String {
    let fits = |t: &str| font.box_size(t).is_ok_and(|(w, _)| w <= width);
    if fits(text) {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let mut kept = letters.len().min(400);
    while kept > 2 {
        kept -= 1;
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let short: String = letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect();
        if fits(&short) {
            return short;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(grey: f32, fault: bool) -> Tile {
        Tile { picture: Plane::filled(40, 20, grey).into(), caption: "a long/name/of/a/file-0001.png".into(), fault }
    }

    #[test]
    fn tiles_stand_in_rows_with_their_captions_below() {
        let sheet = Sheet {
            title: "Three".into(),
            columns: 2,
            side: 64,
            tiles: vec![tile(0.0, false), tile(0.5, true), tile(1.0, false)],
        };
        let drawn = sheet.draw().unwrap();
        assert_eq!(drawn.dimensions(), (2 * 72 + 8, 28 + 2 * 88 + 8));
        assert_eq!(*drawn.get_pixel(8 + 32, 28 + 32), Rgb([0; 3]));
        assert_eq!(*drawn.get_pixel(8 + 72 + 32, 28 + 32), Rgb([128; 3]));
        // The aspect ratio is kept: above and below the picture there is paper.
        assert_eq!(*drawn.get_pixel(8 + 32, 28 + 4), PAPER);
        let caption = |left: u32| (left..left + 64).flat_map(|x| (93..108).map(move |y| (x, y)));
        assert!(caption(8).any(|(x, y)| drawn.get_pixel(x, y).0.iter().all(|v| *v < 128)), "a caption is written");
        let red = |(x, y): (u32, u32)| drawn.get_pixel(x, y).0[0].abs_diff(drawn.get_pixel(x, y).0[1]) > 60;
        assert!(caption(80).any(red) && !caption(8).any(red), "a fault is red");
    }

    #[test]
    fn a_long_name_keeps_its_ends() {
        register_font("sheet", FontStyle::Normal, FONT).ok().unwrap();
        let font = ("sheet", 12).into_font();
        let short = shortened("person1_bacteria_0000000000000000000000000001", &font, 100);
        assert!(short.starts_with("person") && short.ends_with('1') && short.contains('…'), "{short}");
    }
}
