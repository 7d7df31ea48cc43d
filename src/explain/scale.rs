//! From raw map to overlay: `ReLU` → scale to 0–1 → bilinear to the image, as the `grad-cam`
//! package does it.
//!
//! Pure functions on a finished [`Attribution`]: switching scale or size never causes a new
//! computation. Maps side by side share one scale by default ([`shared_top`]), or a class with
//! hardly any evidence looks as hot as the winner.
//!
//! [Signed](super::Method::is_signed) maps keep what speaks against: they are scaled to −1–1 by
//! their largest size, and zero stays zero.

use image::{RgbImage, RgbaImage};

use super::{Attribution, Evidence};
use crate::imaging::overlay::{Area, placed};
use crate::imaging::{Plane, overlay};
use crate::model::manifest::{Input, Resize};

/// Keeps the division of an empty map defined, as in the `grad-cam` package.
const EPSILON: f32 = 1e-7;

/// Share of the pixels of a fine-grained map that lie below the top of its scale: else a few single
/// pixels would leave the rest dark.
const PEAKS: f64 = 0.99;

/// What counts as 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// The map's own maximum (min-max of the map after `ReLU`).
    PerClass,
    /// A maximum common to several maps, see [`shared_top`].
    Shared { max: f32 },
}

/// The largest value that several maps show, by size where they are signed: the top of their shared
/// scale; 0 when they show nothing.
#[must_use]
pub fn shared_top<'a>(maps: impl IntoIterator<Item = &'a Attribution>) -> f32 {
    maps.into_iter().map(top).fold(0.0, f32::max)
}

/// The largest value that a map shows; of a fine-grained one, the value that a hundredth of the
/// pixels exceeds.
fn top(map: &Attribution) -> f32 {
    let signed = map.method.is_signed();
    let sizes = map.raw.values.iter().map(|v| if signed { v.abs() } else { v.max(0.0) });
    if !map.method.is_fine_grained() {
        return sizes.fold(0.0, f32::max);
    }
    let mut sizes: Vec<f32> = sizes.collect();
    let at = (sizes.len() as f64 * PEAKS) as usize;
    match sizes.len() {
        0 => 0.0,
        n => {
            let (_, value, rest) = sizes.select_nth_unstable_by(at.min(n - 1), f32::total_cmp);
            // A map of a few lone pixels still shows them.
            if *value > 0.0 { *value } else { rest.iter().copied().fold(0.0, f32::max) }
        }
    }
}

/// Whether there is anything to see: positive evidence, or for a signed map anything at all.
#[must_use]
pub fn shows_something(map: &Attribution) -> bool {
    map.evidence == Evidence::Positive || (map.method.is_signed() && !map.is_flat())
}

/// The map at its own resolution, scaled to 0–1 (signed maps to −1–1). All zeros when there is no
/// positive evidence.
#[must_use]
pub fn scaled(attribution: &Attribution, scale: Scale) -> Plane {
    let raw = &attribution.raw;
    if attribution.method.is_signed() {
        let max = if let Scale::Shared { max } = scale { max } else { top(attribution) };
        let factor = if max > 0.0 { 1.0 / max } else { 0.0 };
        let values = raw.values.iter().map(|v| (v * factor).clamp(-1.0, 1.0)).collect();
        return Plane { width: raw.width, height: raw.height, values };
    }
    if attribution.evidence == Evidence::NonePositive {
        return Plane::filled(raw.width, raw.height, 0.0);
    }
    match scale {
        Scale::PerClass => {
            let top = top(attribution);
            let mut values: Vec<f32> = raw.values.iter().map(|v| v.clamp(0.0, top)).collect();
            min_max(&mut values);
            Plane { width: raw.width, height: raw.height, values }
        }
        Scale::Shared { max } => overlay::scaled(raw, max),
    }
}

fn min_max(values: &mut [f32]) {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for v in values {
        *v = (*v - low) / (high - low + EPSILON);
    }
}

/// The map at `width × height`, 0–1: scaled, resized with half-pixel centres and, on its own scale,
/// stretched to 0–1 again (interpolation lowers a peak; the `grad-cam` package stretches after it,
/// too). `area` is the part of the image that the network saw, see [`area`].
#[must_use]
pub fn on_picture(attribution: &Attribution, scale: Scale, area: Area, width: usize, height: usize) -> Plane {
    let mut map = placed(&scaled(attribution, scale), area, width, height);
    if scale == Scale::PerClass && attribution.evidence == Evidence::Positive && !attribution.method.is_signed() {
        min_max(&mut map.values);
    }
    map
}

/// The positive part of a map on a grid that covers the image, as fractions of its largest value:
/// what is measured of where the evidence lies.
#[must_use]
pub fn evidence(attribution: &Attribution, area: Area, width: usize, height: usize) -> Plane {
    let top = attribution.raw.values.iter().copied().fold(0.0, f32::max);
    placed(&overlay::scaled(&attribution.raw, top), area, width, height)
}

/// The image under one map, in the colours that the viewer opens with.
#[must_use]
pub fn under(film: &RgbImage, input: &Input, map: &Attribution, scale: Scale) -> RgbImage {
    let (width, height) = (film.width() as usize, film.height() as usize);
    let is_signed = map.method.is_signed();
    let map = on_picture(map, scale, area(input, width, height), width, height);
    overlay::blended(film, &painted(&map, is_signed, &overlay::OverlayStyle::default()))
}

/// A map from [`on_picture`] in colours: on a sequential scale, or around a transparent zero where
/// it is signed.
#[must_use]
pub fn painted(map: &Plane, signed: bool, style: &overlay::OverlayStyle) -> RgbaImage {
    if signed { overlay::compose_difference(map, style) } else { overlay::compose(map, style) }
}

/// The part of an image of `width × height` that a network with this input saw.
#[must_use]
pub fn area(input: &Input, width: usize, height: usize) -> Area {
    let (w, h) = (width as f32, height as f32);
    let (iw, ih) = (input.width as f32, input.height as f32);
    // Sides of the seen rectangle as fractions of the image's sides.
    let (along, down) = match input.resize {
        Resize::Squash => (1.0, 1.0),
        Resize::Letterbox => {
            let scale = (iw / w).min(ih / h);
            (iw / (w * scale), ih / (h * scale))
        }
        Resize::CenterCrop => (input.crop * w.min(h * iw / ih) / w, input.crop * h.min(w * ih / iw) / h),
    };
    Area { left: 0.5 - along / 2.0, top: 0.5 - down / 2.0, right: 0.5 + along / 2.0, bottom: 0.5 + down / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Method, Subject};

    fn map(values: [f32; 4]) -> Attribution {
        let raw = Plane { width: 2, height: 2, values: values.to_vec() };
        Attribution::new(Method::GradCam, Subject::class(0), "stage4".into(), 1.0, raw).unwrap()
    }

    #[test]
    fn per_class_stretches_the_positive_part_to_one() {
        let plane = scaled(&map([-3.0, 0.0, 1.0, 2.0]), Scale::PerClass);
        for (value, expected) in plane.values.iter().zip([0.0, 0.0, 0.5, 1.0]) {
            assert!((value - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn on_a_shared_scale_the_weaker_class_stays_weak() {
        let (strong, weak) = (map([0.0, 0.0, 0.0, 4.0]), map([0.0, 0.0, 1.0, 0.0]));
        let max = shared_top([&strong, &weak]);
        assert_eq!(max, 4.0);
        assert!((scaled(&weak, Scale::Shared { max }).at(0, 1) - 0.25).abs() < 1e-6);
        assert!((on_picture(&strong, Scale::Shared { max }, Area::WHOLE, 2, 2).at(1, 1) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_positive_evidence_every_scale_gives_zeros() {
        let nothing = map([-1.0, -2.0, 0.0, -1.0]);
        for scale in [Scale::PerClass, Scale::Shared { max: 0.0 }] {
            assert_eq!(on_picture(&nothing, scale, Area::WHOLE, 3, 5), Plane::filled(3, 5, 0.0));
        }
    }

    #[test]
    fn single_pixels_do_not_darken_a_fine_grained_map() {
        let mut values = vec![1.0; 1000];
        values[7] = 90.0;
        let raw = Plane { width: 100, height: 10, values };
        let fine = Attribution { method: Method::SmoothGrad, raw, ..map([1.0; 4]) };
        assert_eq!(shared_top([&fine]), 1.0);
        assert_eq!(shared_top([&Attribution { method: Method::GradCam, ..fine.clone() }]), 90.0);
        let lone = Plane { width: 100, height: 10, values: (0..1000).map(|i| f32::from(u8::from(i == 3))).collect() };
        assert_eq!(shared_top([&Attribution { raw: lone, ..fine }]), 1.0);
    }

    #[test]
    fn a_signed_map_keeps_what_speaks_against() {
        let signed = Attribution { method: Method::IntegratedGradients, ..map([-4.0, 0.0, 1.0, 2.0]) };
        assert_eq!(scaled(&signed, Scale::PerClass).values, [-1.0, 0.0, 0.25, 0.5]);
        assert_eq!(scaled(&signed, Scale::Shared { max: 8.0 }).values, [-0.5, 0.0, 0.125, 0.25]);
        assert_eq!(shared_top([&signed, &map([0.0, 0.0, 0.0, 3.0])]), 4.0);
        let against = Attribution { method: Method::Occlusion, ..map([-1.0, 0.0, 0.0, 0.0]) };
        assert!(shows_something(&against) && !shows_something(&map([-1.0, 0.0, 0.0, 0.0])));
    }

    #[test]
    fn upsampling_uses_half_pixel_centres_and_ends_at_zero_and_one() {
        let plane = on_picture(&map([0.0, 1.0, 0.0, 1.0]), Scale::PerClass, Area::WHOLE, 4, 1);
        for (value, expected) in plane.values.iter().zip([0.0, 0.25, 0.75, 1.0]) {
            assert!((value - expected).abs() < 1e-5, "{:?}", plane.values);
        }
        let plane = on_picture(&map([4.0, 0.0, 0.0, 0.0]), Scale::PerClass, Area::WHOLE, 3, 3);
        assert!((plane.at(0, 0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_map_lies_where_the_network_looked() {
        let input = |resize| Input {
            width: 100,
            height: 100,
            channels: 1,
            resize,
            crop: 1.0,
            smoothing: 0.0,
            normalization: crate::model::manifest::Normalization::PerImage,
            value_range: [0.0, 1.0],
            mean: Vec::new(),
            sd: Vec::new(),
        };
        assert_eq!(area(&input(Resize::Squash), 400, 200), Area::WHOLE);
        // 400 × 200 becomes 100 × 50 with 25 rows of black above and below: half an image's height
        // on each side.
        let tall = area(&input(Resize::Letterbox), 400, 200);
        assert_eq!(tall, Area { left: 0.0, top: -0.5, right: 1.0, bottom: 1.5 });
        let middle = area(&input(Resize::CenterCrop), 400, 200);
        assert_eq!(middle, Area { left: 0.25, top: 0.0, right: 0.75, bottom: 1.0 });
        let inner = area(&Input { crop: 0.5, ..input(Resize::CenterCrop) }, 400, 200);
        assert_eq!(inner, Area { left: 0.375, top: 0.25, right: 0.625, bottom: 0.75 });
    }
}
