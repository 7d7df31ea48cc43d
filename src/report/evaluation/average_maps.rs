//! Mean maps in a common lung frame, each over the mean image: where a model looks on average, right
//! calls, false positives and missed findings apart.

use image::{Rgb, RgbImage};

use crate::evaluation::anatomy::Call;
use crate::evaluation::summarize::lung_frame::{FrameMean, SIDE};
use crate::figures::contact_sheet::{ContactSheet, Tile};
use crate::imaging::overlay::{OverlayStyle, blended, compose};
use crate::imaging::{Plane, resize};

/// Side of a tile in pixels.
const TILE: usize = 288;
/// Tiles of a row: one for each kind of call that is told apart.
const COLUMNS: usize = Call::TOLD.len();

/// A mean map with what it is of.
pub struct AverageMap {
    pub target: String,
    pub call: Call,
    pub mean: FrameMean,
}

/// The maps over the mean image; all on one scale.
#[must_use]
pub fn sheet(model: &str, image: &FrameMean, maps: &[AverageMap]) -> ContactSheet {
    let ground = grey(&image.mean().unwrap_or_else(|| Plane::filled(SIDE, SIDE, 0.0)));
    let means: Vec<Option<Plane>> = maps.iter().map(|map| map.mean.mean()).collect();
    let top = means.iter().flatten().flat_map(|plane| &plane.values).copied().fold(0.0, f32::max);
    let tile = |(map, mean): (&AverageMap, &Option<Plane>)| {
        let n = map.mean.images();
        let shown = mean.as_ref().map(|plane| {
            let scaled = plane.values.iter().map(|v| if top > 0.0 { v / top } else { 0.0 }).collect();
            resize(&Plane { values: scaled, ..*plane }, TILE, TILE)
        });
        let image =
            shown.map_or_else(|| ground.clone(), |map| blended(&ground, &compose(&map, &OverlayStyle::default())));
        let maps = if n == 1 { "map" } else { "maps" };
        Tile { image: image.into(), caption: format!("{}, {}: {n} {maps}", map.target, map.call.name()), fault: false }
    };
    ContactSheet {
        title: format!("{model}: mean evidence in a common lung frame, one scale"),
        columns: COLUMNS,
        side: TILE as u32,
        tiles: maps.iter().zip(&means).map(tile).collect(),
    }
}

/// Values from 0 to 1 as an image of [`TILE`] pixels a side.
fn grey(plane: &Plane) -> RgbImage {
    let plane = resize(plane, TILE, TILE);
    RgbImage::from_fn(TILE as u32, TILE as u32, |x, y| {
        Rgb([(plane.at(x as usize, y as usize).clamp(0.0, 1.0) * 255.0).round() as u8; 3])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_tile_for_each_map_and_says_of_how_many() {
        let mean = |value: f32, n: usize| {
            let mut mean = FrameMean::default();
            (0..n).for_each(|_| mean.add(&Plane::filled(8, 8, value), [0.2, 0.2, 0.8, 0.8]));
            mean
        };
        let map = |call: Call, n: usize| AverageMap { target: "Pneumonia".into(), call, mean: mean(0.5, n) };
        let maps = [map(Call::Right, 2), map(Call::FalsePositive, 1), map(Call::Missed, 0)];
        let sheet = sheet("toy", &mean(0.5, 3), &maps);
        let captions: Vec<&str> = sheet.tiles.iter().map(|tile| tile.caption.as_str()).collect();
        assert_eq!(
            captions,
            ["Pneumonia, right calls: 2 maps", "Pneumonia, false positives: 1 map", "Pneumonia, missed: 0 maps"]
        );
        assert!(sheet.png().is_ok());
    }
}
