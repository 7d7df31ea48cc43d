//! A contact sheet: images in rows with a line of text under each. What a data set, its faults or
//! its augmentation look like is seen, not read.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::FigureError;
use super::layout::{Align, Block, CAPTION, Ink, TITLE, TextStyle, fitted_inside};
use super::raster::{Raster, png};
use crate::imaging::Plane;
use crate::imaging::resample::resize;

/// Pixels between tiles and around the sheet.
const GAP: u32 = 8;
/// Pixels of a caption.
const LINE: u32 = 16;
/// Pixels of the title.
const HEAD: u32 = 28;
/// One point is one pixel.
const HEADLINE: TextStyle = TITLE;
const WORDS: TextStyle = TextStyle { size: 11.0, ink: Ink::Text, ..CAPTION };
/// A caption that names a fault.
const RED: Ink = Ink::Of([180, 20, 20]);
/// Most tiles of a sheet.
const TILES: usize = 2000;

/// What a tile shows.
pub enum TileImage {
    /// Values from 0 to 1.
    Grey(Plane),
    Color(RgbImage),
}

impl From<Plane> for TileImage {
    fn from(plane: Plane) -> Self {
        Self::Grey(plane)
    }
}

impl From<RgbImage> for TileImage {
    fn from(image: RgbImage) -> Self {
        Self::Color(image)
    }
}

/// An image with its caption.
pub struct Tile {
    pub image: TileImage,
    pub caption: String,
    /// The caption names a fault and is red.
    pub fault: bool,
}

/// Tiles in rows of `columns`; tiles beyond 2000 are left out.
pub struct ContactSheet {
    pub title: String,
    pub columns: usize,
    /// Side of a tile in pixels.
    pub side: u32,
    pub tiles: Vec<Tile>,
}

impl ContactSheet {
    /// Draws the sheet; an error where it would have more pixels than a figure may.
    pub fn draw(&self) -> Result<RgbImage, FigureError> {
        let tiles = &self.tiles[..self.tiles.len().min(TILES)];
        // Both are at most 2000, so sizes below cannot overflow 64 bits.
        let columns = self.columns.clamp(1, tiles.len().max(1)) as u64;
        let rows = (tiles.len() as u64).div_ceil(columns);
        let (gap, side) = (u64::from(GAP), u64::from(self.side));
        let (across, down) = (side + gap, side + u64::from(LINE) + gap);
        let (width, height) = (columns * across + gap, u64::from(HEAD) + rows * down + gap);
        let (Ok(wide), Ok(high)) = (u32::try_from(width), u32::try_from(height)) else {
            return Err(FigureError::Size { width, height });
        };
        let mut sheet = Raster::white(wide, high)?;
        let mut words = Block::default();
        let room = (wide - 2 * GAP) as f32;
        words.text(GAP as f32, 4.0, Align::Left, HEADLINE, &fitted_inside(&self.title, HEADLINE, room));
        for (i, tile) in (0..).zip(tiles) {
            let (left, top) = (gap + i % columns * across, u64::from(HEAD) + i / columns * down);
            let (left, top) = (left as u32, top as u32);
            let fitted = fit(&tile.image, self.side);
            let (dx, dy) =
                (self.side.saturating_sub(fitted.width()) / 2, self.side.saturating_sub(fitted.height()) / 2);
            sheet.place(&fitted, left + dx, top + dy);
            let style = if tile.fault { WORDS.ink(RED) } else { WORDS };
            let caption = fitted_inside(&tile.caption, style, self.side as f32);
            words.text(left as f32, (top + self.side + 1) as f32, Align::Left, style, &caption);
        }
        sheet.draw(&words, 1.0);
        Ok(sheet.into_image())
    }

    /// The sheet as the bytes of a PNG file.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        png(&self.draw()?)
    }
}

/// The whole image within a square of `side`, aspect ratio kept.
fn fit(image: &TileImage, side: u32) -> RgbImage {
    let scaled = |n: u32, longest: u32| {
        let exact = (u64::from(n) * u64::from(side)).div_ceil(u64::from(longest.max(1)));
        exact.clamp(1, u64::from(side.max(1))) as u32
    };
    match image {
        TileImage::Grey(plane) => {
            let (width, height) = (plane.width as u32, plane.height as u32);
            let longest = width.max(height);
            let fitted = resize(plane, scaled(width, longest) as usize, scaled(height, longest) as usize);
            RgbImage::from_fn(fitted.width as u32, fitted.height as u32, |x, y| {
                Rgb([(fitted.at(x as usize, y as usize) * 255.0).round().clamp(0.0, 255.0) as u8; 3])
            })
        }
        TileImage::Color(image) if image.width().max(image.height()) == side => image.clone(),
        TileImage::Color(image) => {
            let (width, height) = image.dimensions();
            let longest = width.max(height);
            imageops::resize(image, scaled(width, longest), scaled(height, longest), FilterType::Triangle)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAPER: Rgb<u8> = Rgb([255; 3]);

    fn tile(grey: f32, fault: bool) -> Tile {
        Tile { image: Plane::filled(40, 20, grey).into(), caption: "a long/name/of/a/file-0001.png".into(), fault }
    }

    #[test]
    fn tiles_stand_in_rows_with_their_captions_below() {
        let sheet = ContactSheet {
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
        let dark = |(x, y): (u32, u32)| drawn.get_pixel(x, y).0.iter().all(|v| *v < 128);
        assert!((8..60).flat_map(|x| (4..22).map(move |y| (x, y))).any(dark), "a title is written");
        let caption = |left: u32| (left..left + 64).flat_map(|x| (93..108).map(move |y| (x, y)));
        assert!(caption(8).any(dark), "a caption is written");
        let red = |(x, y): (u32, u32)| drawn.get_pixel(x, y).0[0].abs_diff(drawn.get_pixel(x, y).0[1]) > 60;
        assert!(caption(80).any(red) && !caption(8).any(red), "a fault is red");
    }

    #[test]
    fn a_sheet_is_no_wider_than_its_tiles_and_no_larger_than_a_figure_may_be() {
        let sheet = |columns, side, n: usize| ContactSheet {
            title: String::new(),
            columns,
            side,
            tiles: (0..n).map(|_| tile(0.5, false)).collect(),
        };
        assert_eq!(sheet(usize::MAX, 64, 3).draw().unwrap().width(), 3 * 72 + 8);
        assert_eq!(sheet(4, 64, 0).draw().unwrap().dimensions(), (72 + 8, 28 + 8));
        for side in [100_000, u32::MAX] {
            assert!(matches!(sheet(1, side, 1).draw(), Err(FigureError::Size { .. })), "{side}");
        }
    }

    /// `PELLUCID_LOOK=folder cargo test --lib sheet_to_look_at -- --ignored`
    #[test]
    #[ignore = "writes a sheet for the eyes into the folder PELLUCID_LOOK"]
    fn sheet_to_look_at() {
        let folder = std::path::PathBuf::from(std::env::var("PELLUCID_LOOK").expect("PELLUCID_LOOK names a folder"));
        let captions =
            ["Normal: 0001.png", "", "person1_bacteria_0000000000000000000000000001.jpeg", "王小明 · 4711.dcm"];
        let tile = |i: usize| Tile {
            image: RgbImage::from_fn(200, 260, |x, y| Rgb([(x as usize * (i + 1)) as u8, y as u8, 128])).into(),
            caption: captions[i % captions.len()].into(),
            fault: i % 3 == 1,
        };
        let title =
            "Pairs that are the same or nearly so, worst first: of a folder whose name is far too long to be shown"
                .into();
        let sheet = ContactSheet { title, columns: 4, side: 128, tiles: (0..10).map(tile).collect() };
        std::fs::write(folder.join("sheet.png"), sheet.png().unwrap()).unwrap();
        assert!(folder.join("sheet.png").is_file());
    }
}
