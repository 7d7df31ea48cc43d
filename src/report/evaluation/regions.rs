//! A sheet of the regions where the map lies worst and best: the image under the map, what was
//! marked in green, what the map shows above Otsu's threshold in red, and a cross where it points.

use image::{DynamicImage, Rgb, RgbImage, imageops::FilterType};

use crate::evaluation::localization::marks::Mark;
use crate::evaluation::localization::run::{LocalizedFinding, Localizer};
use crate::evaluation::localization::scaled;
use crate::evaluation::localization::summary::RegionResult;
use crate::explain::scale::{Scale, under};
use crate::figures::contact_sheet::{ContactSheet, Tile};
use crate::imaging::display::{View, render_rgb};
use crate::study::{Frame, open_image};

/// Tiles of a row: one row of the worst regions, one of the best.
const ROW: usize = 6;
/// Side of a tile in pixels.
const SIDE: u32 = 288;
const MARKED: Rgb<u8> = Rgb([60, 220, 90]);
const SHOWN: Rgb<u8> = Rgb([255, 70, 60]);
const POINT: Rgb<u8> = Rgb([255, 255, 255]);

/// The sheet; regions are ranked by the first method's overlap above Otsu's threshold. Each is
/// measured again: images and maps of a whole set are too large to keep.
#[must_use]
pub fn sheet(localizer: &Localizer<'_>, results: &[RegionResult], marks: &[&Mark]) -> ContactSheet {
    let overlap = |i: &usize| results[*i].maps.first().map_or(0.0, |map| map.measured.iou_otsu);
    let mut order: Vec<usize> = (0..results.len()).collect();
    order.sort_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    let row = ROW.min(order.len().div_ceil(2)).max(1);
    let mut chosen: Vec<usize> = order.iter().take(row).copied().collect();
    chosen.extend(order.iter().rev().take(row.min(order.len() - chosen.len())));
    let tiles: Vec<Tile> = chosen
        .into_iter()
        .map(|i| {
            let image = tile(localizer, marks[i]).unwrap_or_else(|| RgbImage::new(1, 1));
            let (caption, points_inside) = words(&results[i]);
            Tile { image: image.into(), caption, fault: !points_inside }
        })
        .collect();
    let method = localizer.methods().first().map_or("map", |m| m.name());
    let title = format!(
        "{method} of {}: worst regions above, best below. Green: marked. Red: the map above Otsu's threshold. Cross: its maximum.",
        localizer.model().manifest.name
    );
    ContactSheet { title, columns: row, side: SIDE, tiles }
}

/// What a region came to, and whether the map points inside.
fn words(result: &RegionResult) -> (String, bool) {
    let Some(found) = result.maps.first().map(|map| &map.measured) else { return (result.image.clone(), false) };
    let points = match (found.point, found.points_inside) {
        (None, _) => "shows nothing".to_owned(),
        (_, true) => format!("IoU {:.2}, points inside", found.iou_otsu),
        (_, false) => format!("IoU {:.2}, points outside", found.iou_otsu),
    };
    (format!("{points}: {} {}", result.finding, result.image), found.points_inside)
}

fn tile(localizer: &Localizer<'_>, mark: &Mark) -> Option<RgbImage> {
    let found = localizer.again(mark).ok()??;
    let frame = open_image(&mark.image).ok()?;
    drawn(localizer, &frame, &found)
}

fn drawn(localizer: &Localizer<'_>, frame: &Frame, finding: &LocalizedFinding) -> Option<RgbImage> {
    let map = finding.maps.first()?;
    let found = &finding.result.maps.first()?.measured;
    let image = DynamicImage::ImageRgb8(render_rgb(&frame.pixels, &View::initial(&frame.pixels)));
    let image = image.resize(SIDE, SIDE, FilterType::Triangle).into_rgb8();
    let mut tile = under(&image, &localizer.model().manifest.input, map, Scale::PerClass);
    let (width, height) = (image.width() as usize, image.height() as usize);
    if let Some(values) = scaled(&localizer.on_grid(map, frame, width, height)) {
        outline(&mut tile, SHOWN, &|x, y| values[y * width + x] > found.otsu);
    }
    let region = &finding.region;
    let (across, down) = (region.width as f64 / width as f64, region.height as f64 / height as f64);
    let cell = |at: usize, scale: f64, of: usize| (((at as f64 + 0.5) * scale) as usize).min(of - 1);
    outline(&mut tile, MARKED, &|x, y| {
        region.inside[cell(y, down, region.height) * region.width + cell(x, across, region.width)]
    });
    if let Some((x, y)) = found.point {
        cross(&mut tile, ((x as f64 + 0.5) / across) as i64, ((y as f64 + 0.5) / down) as i64);
    }
    Some(tile)
}

/// Colours the pixels of a shape that touch what is outside of it, two deep.
fn outline(image: &mut RgbImage, color: Rgb<u8>, inside: &dyn Fn(usize, usize) -> bool) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let reach = |at: usize, of: usize| at.saturating_sub(2)..(at + 3).min(of);
    for y in 0..height {
        for x in 0..width {
            let edge = || {
                let at_border = x < 2 || y < 2 || x + 2 >= width || y + 2 >= height;
                at_border || reach(x, width).any(|a| !inside(a, y)) || reach(y, height).any(|b| !inside(x, b))
            };
            if inside(x, y) && edge() {
                image.put_pixel(x as u32, y as u32, color);
            }
        }
    }
}

/// A cross with a dark rim, so that it is seen on every ground.
fn cross(image: &mut RgbImage, x: i64, y: i64) {
    for (thick, color) in [(1, Rgb([0, 0, 0])), (0, POINT)] {
        for along in -(7 + thick)..=7 + thick {
            for side in -thick..=thick {
                for (dx, dy) in [(along, side), (side, along)] {
                    let at = (u32::try_from(x + dx), u32::try_from(y + dy));
                    if let (Ok(x), Ok(y)) = at
                        && let Some(pixel) = image.get_pixel_mut_checked(x, y)
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
        let mut image = RgbImage::new(20, 20);
        outline(&mut image, MARKED, &|x, y| (5..15).contains(&x) && (5..15).contains(&y));
        let colored = |x, y| *image.get_pixel(x, y) == MARKED;
        assert!(colored(5, 5) && colored(6, 10) && colored(10, 14));
        assert!(!colored(4, 5) && !colored(7, 7) && !colored(10, 10));
    }

    #[test]
    fn a_cross_at_the_border_stays_on_the_image() {
        let mut image = RgbImage::new(20, 20);
        cross(&mut image, 0, 19);
        assert_eq!(*image.get_pixel(0, 19), POINT);
        assert_eq!(*image.get_pixel(7, 19), POINT);
        assert_eq!(*image.get_pixel(19, 0), Rgb([0, 0, 0]));
    }
}
