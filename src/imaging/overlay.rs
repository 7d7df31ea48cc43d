//! Laying a map over the image: scale → place → colour → blend.
//!
//! ```text
//! raw map ──scaled──► 0–1 ──placed──► size of the image ──compose──► RGBA ──over──► image + map
//! ```
//!
//! Nothing here computes an attribution, so every setting changes the image at once.
//!
//! The image is never brightened where the map is transparent: the overlay is blended by Porter &
//! Duff's *over* on the encoded grey values (as graphics cards do for the screen, so that screen
//! and paper agree),
//!
//! ```text
//! out = image · (1 − a) + colour · a        a = opacity · table alpha · edge(value)
//! ```
//!
//! where `edge` is 0 up to the threshold and reaches 1 a tenth above it. The soft edge is there
//! because a hard one draws an outline, and a map is not the outline of a lesion. At `a = 0` the
//! image comes back bit for bit.

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde::{Deserialize, Serialize};

use super::Plane;
use super::colormap::ColorMap;

/// How maps are coloured; shared by the viewer and the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverlayStyle {
    /// Key of the colour map.
    pub colormap: String,
    /// 0–1.
    pub opacity: f32,
    /// Values of the scaled map below this are left transparent, 0–1.
    pub threshold: f32,
    /// All classes on one scale (else each on its own).
    pub shared_scale: bool,
    pub contours: bool,
}

impl Default for OverlayStyle {
    fn default() -> Self {
        Self { colormap: "viridis".into(), opacity: 0.5, threshold: 0.15, shared_scale: true, contours: false }
    }
}

impl OverlayStyle {
    /// The chosen colour map; the first of the menu where the key is unknown or the map is a signed
    /// one.
    #[must_use]
    pub fn map(&self) -> ColorMap {
        ColorMap::from_key(&self.colormap).filter(|map| !map.is_signed()).unwrap_or(ColorMap::Viridis)
    }

    /// Opacity of a pixel whose scaled value has this size (0–1), before the table's own
    /// transparency.
    fn alpha(&self, size: f32) -> f32 {
        const EDGE: f32 = 0.1;
        let edge = if self.threshold <= 0.0 { 1.0 } else { ((size - self.threshold) / EDGE).clamp(0.0, 1.0) };
        self.opacity.clamp(0.0, 1.0) * edge
    }
}

/// Which part of the image a map covers, in fractions of its width and height.
///
/// A network that squashes its input sees the whole image; a letterboxed input reaches beyond it
/// (left below 0), a centre crop stays inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Area {
    /// The whole image.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
}

/// The positive part of a raw map as fractions of `top` (0–1); all zero when `top` is not positive.
#[must_use]
pub fn scaled(raw: &Plane, top: f32) -> Plane {
    let factor = if top > 0.0 { 1.0 / top } else { 0.0 };
    // `max` turns a NaN into 0.
    let values = raw.values.iter().map(|v| (v.max(0.0) * factor).min(1.0)).collect();
    Plane { width: raw.width, height: raw.height, values }
}

/// `a − b` of two scaled maps of one size, from −1 to 1. The smaller size wins where they differ.
#[must_use]
pub fn difference(a: &Plane, b: &Plane) -> Plane {
    let b =
        if (a.width, a.height) == (b.width, b.height) { b.clone() } else { placed(b, Area::WHOLE, a.width, a.height) };
    let values = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
    Plane { width: a.width, height: a.height, values }
}

/// The map enlarged to the size of an image, bilinearly, with half-pixel centres
/// (`align_corners=False`).
///
/// Pixels outside `area` become 0.
#[must_use]
pub fn placed(map: &Plane, area: Area, width: usize, height: usize) -> Plane {
    if map.width == 0 || map.height == 0 {
        return Plane::filled(width, height, 0.0);
    }
    let columns = taps(map.width, width, area.left, area.right);
    let rows = taps(map.height, height, area.top, area.bottom);
    let mut values = Vec::with_capacity(width * height);
    for row in &rows {
        for column in &columns {
            values.push(match (row, column) {
                (Some((y, dy)), Some((x, dx))) => {
                    let (x1, y1) = ((x + 1).min(map.width - 1), (y + 1).min(map.height - 1));
                    let upper = map.at(*x, *y) * (1.0 - dx) + map.at(x1, *y) * dx;
                    let lower = map.at(*x, y1) * (1.0 - dx) + map.at(x1, y1) * dx;
                    upper * (1.0 - dy) + lower * dy
                }
                _ => 0.0,
            });
        }
    }
    Plane { width, height, values }
}

/// For each of `to` pixels the sample left of its centre and the distance to it, or `None` outside
/// the area.
fn taps(from: usize, to: usize, start: f32, end: f32) -> Vec<Option<(usize, f32)>> {
    (0..to)
        .map(|i| {
            let part = ((i as f32 + 0.5) / to as f32 - start) / (end - start);
            (0.0..=1.0).contains(&part).then(|| {
                let x = (part * from as f32 - 0.5).clamp(0.0, (from - 1) as f32);
                (x as usize, x.fract())
            })
        })
        .collect()
}

/// The overlay of a scaled map (0–1), in straight RGBA of the same size.
#[must_use]
pub fn compose(map: &Plane, style: &OverlayStyle) -> RgbaImage {
    let table = style.map();
    painted(map, |value| faded(table.color(value), style.alpha(value)))
}

/// The overlay of a signed map (−1 to 1) in the difference colours; the threshold counts for both
/// signs.
#[must_use]
pub fn compose_difference(map: &Plane, style: &OverlayStyle) -> RgbaImage {
    painted(map, |value| faded(ColorMap::Difference.color(0.5 * (value + 1.0)), style.alpha(value.abs())))
}

fn painted(map: &Plane, paint: impl Fn(f32) -> [u8; 4]) -> RgbaImage {
    RgbaImage::from_fn(map.width as u32, map.height as u32, |x, y| Rgba(paint(map.at(x as usize, y as usize))))
}

fn faded([r, g, b, a]: [u8; 4], alpha: f32) -> [u8; 4] {
    [r, g, b, (f32::from(a) * alpha).round() as u8]
}

/// One overlay pixel over one image pixel.
#[must_use]
pub fn over(film: [u8; 3], [r, g, b, a]: [u8; 4]) -> [u8; 3] {
    let a = u32::from(a);
    let mix = |below: u8, above: u8| ((u32::from(below) * (255 - a) + u32::from(above) * a + 127) / 255) as u8;
    [mix(film[0], r), mix(film[1], g), mix(film[2], b)]
}

/// The overlay over the image; what lies outside the smaller of the two stays image.
#[must_use]
pub fn blended(film: &RgbImage, overlay: &RgbaImage) -> RgbImage {
    let mut out = film.clone();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        if let Some(above) = overlay.get_pixel_checked(x, y) {
            *pixel = Rgb(over(pixel.0, above.0));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Plane {
        Plane { width: 4, height: 1, values: vec![-1.0, 0.0, 1.0, 4.0] }
    }

    #[test]
    fn scaling_drops_the_negative_part_and_ends_at_one() {
        let map = ramp();
        assert_eq!(scaled(&map, 4.0).values, [0.0, 0.0, 0.25, 1.0]);
    }

    #[test]
    fn a_map_without_a_positive_value_scales_to_nothing() {
        let map = Plane::filled(3, 3, -2.0);
        assert!(scaled(&map, 0.0).values.iter().all(|&v| v == 0.0));
    }

    #[test]
    fn enlarging_uses_half_pixel_centres() {
        // torch: interpolate([[0, 1]], size=(1, 4), mode="bilinear", align_corners=False) = 0,
        // 0.25, 0.75, 1.
        let map = Plane { width: 2, height: 1, values: vec![0.0, 1.0] };
        assert_eq!(placed(&map, Area::WHOLE, 4, 1).values, [0.0, 0.25, 0.75, 1.0]);
    }

    #[test]
    fn a_letterboxed_map_is_cut_to_the_picture_and_a_cropped_one_leaves_a_border() {
        let map = Plane { width: 4, height: 1, values: vec![9.0, 1.0, 2.0, 9.0] };
        let beyond = placed(&map, Area { left: -0.5, right: 1.5, ..Area::WHOLE }, 2, 1);
        assert_eq!(beyond.values, [1.0, 2.0]);
        let inside = placed(&Plane::filled(1, 1, 5.0), Area { left: 0.25, right: 0.75, ..Area::WHOLE }, 4, 1);
        assert_eq!(inside.values, [0.0, 5.0, 5.0, 0.0]);
    }

    #[test]
    fn the_film_comes_back_bit_for_bit_where_the_map_is_below_the_threshold() {
        let film = RgbImage::from_fn(4, 1, |x, _| Rgb([x as u8 * 60; 3]));
        let map = Plane { width: 4, height: 1, values: vec![0.0, 0.1, 0.19, 0.2] };
        for colormap in ColorMap::SEQUENTIAL {
            let style =
                OverlayStyle { colormap: colormap.key().into(), opacity: 1.0, threshold: 0.2, ..Default::default() };
            assert_eq!(blended(&film, &compose(&map, &style)), film, "{colormap:?}");
        }
    }

    #[test]
    fn full_opacity_shows_the_colour_and_half_the_mean() {
        let map = Plane::filled(1, 1, 1.0);
        let style = OverlayStyle { opacity: 1.0, ..Default::default() };
        assert_eq!(compose(&map, &style).get_pixel(0, 0).0, [253, 231, 37, 255]);
        assert_eq!(over([100, 100, 100], [253, 231, 37, 255]), [253, 231, 37]);
        assert_eq!(over([100, 100, 100], [200, 0, 100, 128]), [150, 50, 100]);
        assert_eq!(over([100, 7, 255], [200, 0, 100, 0]), [100, 7, 255]);
    }

    #[test]
    fn equal_maps_have_no_difference_to_show() {
        let map = scaled(&ramp(), 4.0);
        let style = OverlayStyle { threshold: 0.0, opacity: 1.0, ..Default::default() };
        let picture = compose_difference(&difference(&map, &map), &style);
        assert!(picture.pixels().all(|p| p.0[3] == 0));
    }

    #[test]
    fn the_sign_of_a_difference_is_its_hue() {
        let map = Plane { width: 2, height: 1, values: vec![-1.0, 1.0] };
        let picture = compose_difference(&map, &OverlayStyle::default());
        let (b, a) = (picture.get_pixel(0, 0).0, picture.get_pixel(1, 0).0);
        assert!(b[2] > b[0] && a[0] > a[2] && a[3] == b[3] && a[3] > 0);
    }

    #[test]
    fn the_signed_map_is_never_used_for_a_heat_map() {
        let style = OverlayStyle { colormap: "difference".into(), ..Default::default() };
        assert_eq!(style.map(), ColorMap::Viridis);
    }
}
