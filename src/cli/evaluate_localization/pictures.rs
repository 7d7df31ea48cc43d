//! A sheet of the regions where the map lies worst and best: the film under the map, what was marked in green, what the map
//! shows above Otsu's threshold in red, and a cross where it points.

use std::path::Path;

use image::{DynamicImage, Rgb, RgbImage, imageops::FilterType};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::marks::Mark;
use super::{Judge, Looked, Notes, SEED};
use crate::evaluation::localization::scaled;
use crate::evaluation::localization::summary::Case;
use crate::explain::scale::{Scale, under};
use crate::imaging::display::{View, render_rgb};
use crate::study::{Frame, open_image};
use crate::training::sheet::{Sheet, Tile};

/// Tiles of a row: one row of the worst regions, one of the best.
const ROW: usize = 6;
/// Side of a tile in pixels.
const SIDE: u32 = 288;
const MARKED: Rgb<u8> = Rgb([60, 220, 90]);
const SHOWN: Rgb<u8> = Rgb([255, 70, 60]);
const POINT: Rgb<u8> = Rgb([255, 255, 255]);

/// The sheet as the bytes of a PNG file; regions are ranked by the first method's overlap above Otsu's threshold.
pub fn sheet(judge: &Judge<'_>, dir: &Path, cases: &[Case], marks: &[&Mark]) -> anyhow::Result<Vec<u8>> {
    let overlap = |i: &usize| cases[*i].trials.first().map_or(0.0, |t| t.measured.iou_otsu);
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    let row = ROW.min(order.len().div_ceil(2)).max(1);
    let mut chosen: Vec<usize> = order.iter().take(row).copied().collect();
    chosen.extend(order.iter().rev().take(row.min(order.len() - chosen.len())));
    let tiles: Vec<Tile> = chosen
        .into_iter()
        .map(|i| {
            let picture = tile(judge, dir, marks[i]).unwrap_or_else(|| RgbImage::new(1, 1));
            let (said, points_inside) = words(&cases[i]);
            Tile { picture: picture.into(), caption: said, fault: !points_inside }
        })
        .collect();
    let method = judge.options.methods.first().map_or("map", |m| m.name());
    let title = format!(
        "{method} of {}: worst regions above, best below. Green: marked. Red: the map above Otsu's threshold. Cross: its maximum.",
        judge.setting.model.manifest.name
    );
    Ok(Sheet { title, columns: row, side: SIDE, tiles }.png()?)
}

/// What a region came to, and whether the map points inside.
fn words(case: &Case) -> (String, bool) {
    let Some(found) = case.trials.first().map(|t| &t.measured) else { return (case.image.clone(), false) };
    let points = match (found.point, found.points_inside) {
        (None, _) => "shows nothing".to_owned(),
        (_, true) => format!("IoU {:.2}, points inside", found.iou_otsu),
        (_, false) => format!("IoU {:.2}, points outside", found.iou_otsu),
    };
    (format!("{points}: {} {}", case.finding, case.image), found.points_inside)
}

/// The film with its map, looked at again: films are too large to keep.
fn tile(judge: &Judge<'_>, dir: &Path, mark: &Mark) -> Option<RgbImage> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let looked = judge.look(dir, std::slice::from_ref(mark), &mut Notes::default(), &mut random).ok()?;
    let frame = open_image(&mark.image).ok()?;
    looked.into_iter().next().and_then(|(looked, _)| drawn(judge, &frame, &looked))
}

fn drawn(judge: &Judge<'_>, frame: &Frame, looked: &Looked) -> Option<RgbImage> {
    let map = looked.maps.first()?;
    let found = &looked.case.trials.first()?.measured;
    let film = DynamicImage::ImageRgb8(render_rgb(frame, &View::initial(frame)));
    let film = film.resize(SIDE, SIDE, FilterType::Triangle).into_rgb8();
    let mut picture = under(&film, &judge.setting.model.manifest.input, map, Scale::PerClass);
    let (width, height) = (film.width() as usize, film.height() as usize);
    if let Some(values) = scaled(&judge.on_grid(map, frame, width, height)) {
        outline(&mut picture, SHOWN, &|x, y| values[y * width + x] > found.otsu);
    }
    let region = &looked.region;
    let (across, down) = (region.width as f64 / width as f64, region.height as f64 / height as f64);
    let cell = |at: usize, scale: f64, of: usize| (((at as f64 + 0.5) * scale) as usize).min(of - 1);
    outline(&mut picture, MARKED, &|x, y| {
        region.inside[cell(y, down, region.height) * region.width + cell(x, across, region.width)]
    });
    if let Some((x, y)) = found.point {
        cross(&mut picture, ((x as f64 + 0.5) / across) as i64, ((y as f64 + 0.5) / down) as i64);
    }
    Some(picture)
}

/// Colours the pixels of a shape that touch what is outside of it, two deep.
fn outline(picture: &mut RgbImage, color: Rgb<u8>, inside: &dyn Fn(usize, usize) -> bool) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let reach = |at: usize, of: usize| at.saturating_sub(2)..(at + 3).min(of);
    for y in 0..height {
        for x in 0..width {
            let edge = || {
                let at_border = x < 2 || y < 2 || x + 2 >= width || y + 2 >= height;
                at_border || reach(x, width).any(|a| !inside(a, y)) || reach(y, height).any(|b| !inside(x, b))
            };
            if inside(x, y) && edge() {
                picture.put_pixel(x as u32, y as u32, color);
            }
        }
    }
}

/// A cross with a dark rim, so that it is seen on every ground.
fn cross(picture: &mut RgbImage, x: i64, y: i64) {
    for (thick, color) in [(1, Rgb([0, 0, 0])), (0, POINT)] {
        for along in -(7 + thick)..=7 + thick {
            for side in -thick..=thick {
                for (dx, dy) in [(along, side), (side, along)] {
                    let at = (u32::try_from(x + dx), u32::try_from(y + dy));
                    if let (Ok(x), Ok(y)) = at
                        && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
                    {
                        *pixel = color;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_two_pixels_deep_and_leaves_the_inside() {
        let mut picture = RgbImage::new(20, 20);
        outline(&mut picture, MARKED, &|x, y| (5..15).contains(&x) && (5..15).contains(&y));
        let colored = |x, y| *picture.get_pixel(x, y) == MARKED;
        assert!(colored(5, 5) && colored(6, 10) && colored(10, 14));
        assert!(!colored(4, 5) && !colored(7, 7) && !colored(10, 10));
    }

    #[test]
    fn a_cross_at_the_border_stays_on_the_picture() {
        let mut picture = RgbImage::new(20, 20);
        cross(&mut picture, 0, 19);
        assert_eq!(*picture.get_pixel(0, 19), POINT);
        assert_eq!(*picture.get_pixel(7, 19), POINT);
        assert_eq!(*picture.get_pixel(19, 0), Rgb([0, 0, 0]));
    }
}
