//! From modality values to network input: resize by the manifest's rule, smooth where it says so,
//! then normalise.
//!
//! The plane is polarity corrected and not windowed: nothing that the reader does with the mouse
//! changes a score.

use super::manifest::{Input, Normalization, Resize};
use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::{resize as scale, resize_part};

/// Share of the pixels at each end that per-image normalisation clips before it takes mean and
/// deviation.
const TAIL: f32 = 0.005;

/// `plane` at the input's size and normalised. `range` is the span that the stored bits can take,
/// for `fixed`.
pub fn to_input(plane: &Plane, input: &Input, range: (f32, f32)) -> Plane {
    let mut plane = fit(plane, input);
    normalize(&mut plane, input, range);
    plane
}

/// `plane` at the input's size: the middle of it where the input is cropped, else by its rule.
pub fn fit(plane: &Plane, input: &Input) -> Plane {
    if input.crop < 1.0 {
        inner_crop(plane, input.crop, input.width, input.height)
    } else {
        resize(plane, input.resize, input.width, input.height)
    }
}

/// The channels `C · H · W` of a plane from [`to_input`]: the same image, with each channel's own
/// mean and deviation.
pub fn channels(plane: &Plane, input: &Input) -> Vec<f32> {
    let at = |values: &[f32], c: usize, none: f32| values.get(c).or(values.first()).copied().unwrap_or(none);
    let (mean, sd) = (at(&input.mean, 0, 0.0), at(&input.sd, 0, 1.0));
    let fixed = input.normalization == Normalization::Fixed;
    let mut out = Vec::with_capacity(input.channels * plane.values.len());
    for c in 0..input.channels {
        let (own_mean, own_sd) = (at(&input.mean, c, 0.0), at(&input.sd, c, 1.0));
        if fixed && (own_mean, own_sd) != (mean, sd) {
            out.extend(plane.values.iter().map(|v| (v * sd + mean - own_mean) / own_sd));
        } else {
            out.extend_from_slice(&plane.values);
        }
    }
    out
}

/// torchvision's `Resize` and `CenterCrop`: the shorter side to `1/share` of the input, then the
/// middle.
fn inner_crop(plane: &Plane, share: f32, width: usize, height: usize) -> Plane {
    let short = (width.min(height) as f32 / share).round().max(1.0) as usize;
    let scaled_side = |side: usize, other: usize| (short * side.max(1) / side.min(other).max(1)).max(1);
    let (w, h) = (scaled_side(plane.width, plane.height), scaled_side(plane.height, plane.width));
    let (w, h) = (w.max(width), h.max(height));
    let offset = |whole: usize, part: usize| ((whole - part) as f32 / 2.0).round_ties_even() as usize;
    let (left, top) = (offset(w, width), offset(h, height));
    // Only the middle is made: the whole of an image of one column would be millions of rows.
    resize_part(plane, w, h, left..left + width, top..top + height)
}

/// `plane` at `width` × `height` by `rule`.
pub fn resize(plane: &Plane, rule: Resize, width: usize, height: usize) -> Plane {
    match rule {
        Resize::Squash => scale(plane, width, height),
        Resize::Letterbox => letterbox(plane, width, height),
        Resize::CenterCrop => scale(&center(plane, width, height), width, height),
    }
}

/// The largest centred part with the aspect ratio of `width` × `height`.
fn center(plane: &Plane, width: usize, height: usize) -> Plane {
    let w = plane.width.min(plane.height * width / height).max(1);
    let h = plane.height.min(plane.width * height / width).max(1);
    let (left, top) = ((plane.width - w) / 2, (plane.height - h) / 2);
    let values = (top..top + h).flat_map(|y| plane.values[y * plane.width + left..][..w].iter().copied()).collect();
    Plane { width: w, height: h, values }
}

/// The whole image, aspect ratio kept, on a ground of its smallest value.
fn letterbox(plane: &Plane, width: usize, height: usize) -> Plane {
    let factor = (width as f32 / plane.width as f32).min(height as f32 / plane.height as f32);
    let w = ((plane.width as f32 * factor).round() as usize).clamp(1, width);
    let h = ((plane.height as f32 * factor).round() as usize).clamp(1, height);
    let inner = scale(plane, w, h);
    let ground = inner.values.iter().copied().fold(f32::INFINITY, f32::min);
    let mut out = Plane::filled(width, height, ground);
    let (left, top) = ((width - w) / 2, (height - h) / 2);
    for (y, row) in inner.values.chunks_exact(w).enumerate() {
        out.values[(top + y) * width + left..][..w].copy_from_slice(row);
    }
    out
}

/// Smooths and normalises in place as the manifest says, a `fixed` one as the first channel; a
/// constant plane becomes zeros.
pub fn normalize(plane: &mut Plane, input: &Input, range: (f32, f32)) {
    if input.smoothing > 0.0 {
        *plane = gaussian(plane, input.smoothing);
    }
    match input.normalization {
        Normalization::PerImage => {
            clip_tails(&mut plane.values);
            standardize(&mut plane.values);
        }
        Normalization::Equalize => {
            equalize(&mut plane.values);
            standardize(&mut plane.values);
        }
        Normalization::Fixed => {
            let (low, span) = (range.0, (range.1 - range.0).max(f32::MIN_POSITIVE));
            let [black, white] = input.value_range;
            let mean = input.mean.first().copied().unwrap_or(0.0);
            let sd = input.sd.first().copied().unwrap_or(1.0);
            plane.values.iter_mut().for_each(|v| *v = ((*v - low) / span * (white - black) + black - mean) / sd);
        }
    }
}

fn clip_tails(values: &mut [f32]) {
    let Some(last) = values.len().checked_sub(1) else { return };
    let at = |share: f32| (share * last as f32).round() as usize;
    let mut parted = values.to_vec();
    let (below, high, _) = parted.select_nth_unstable_by(at(1.0 - TAIL), f32::total_cmp);
    let high = *high;
    // Of a single value both are the same.
    let low = if below.is_empty() { high } else { *below.select_nth_unstable_by(at(TAIL), f32::total_cmp).1 };
    values.iter_mut().for_each(|v| *v = v.clamp(low, high));
}

/// Replaces each value by its mid-rank, 0–1; equal values stay equal.
fn equalize(values: &mut [f32]) {
    // The bits of a value in the order of values, and behind them its place.
    let key = |(place, value): (usize, &f32)| {
        let bits = value.to_bits();
        let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        u64::from(ordered) << 32 | place as u64
    };
    let mut order: Vec<u64> = values.iter().enumerate().map(key).collect();
    order.sort_unstable();
    let order: Vec<u32> = order.into_iter().map(|key| key as u32).collect();
    let count = values.len() as f32;
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start] as usize];
        // What is no number does not even equal itself: every step takes one value at least.
        let mut end = start + 1;
        while end < order.len() && values[order[end] as usize] == value {
            end += 1;
        }
        let rank = (start + end) as f32 / (2.0 * count);
        order[start..end].iter().for_each(|i| values[*i as usize] = rank);
        start = end;
    }
}

fn standardize(values: &mut [f32]) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let var = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
    let scale = if var > 1e-12 { 1.0 / var.sqrt() } else { 0.0 };
    values.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) * scale) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Vec<f32> {
        (0..1000).map(|v| v as f32).collect()
    }

    #[test]
    fn ranks_of_values_that_are_no_numbers_end() {
        let mut values = [2.0, f32::NAN, 1.0, f32::NAN, f32::INFINITY];
        equalize(&mut values);
        assert_eq!(values.map(f32::is_finite), [true; 5]);
        assert!(values[2] < values[0] && values[0] < values[4]);
    }

    #[test]
    fn equalisation_undoes_any_rising_tone_curve() {
        let (mut plain, mut bent) = (ramp(), ramp());
        bent.iter_mut().for_each(|v| *v = 3.0 + (*v / 1000.0).powf(0.4) * 4000.0);
        equalize(&mut plain);
        equalize(&mut bent);
        assert_eq!(plain, bent);
    }

    #[test]
    fn a_smoothed_input_has_lost_its_finest_detail_and_kept_its_shapes() {
        let side = 32;
        let (shape, detail) = (|i: usize| (i % side / 16) as f32, |i: usize| ((i % side + i / side) % 2) as f32);
        let input = |smoothing| Input { smoothing, width: side, height: side, ..fixed(1, [0.0, 1.0], &[0.0], &[1.0]) };
        let seen = |values: Vec<f32>, smoothing| {
            to_input(&Plane { width: side, height: side, values }, &input(smoothing), (0.0, 1.0)).values
        };
        let plain: Vec<f32> = (0..side * side).map(shape).collect();
        let noisy: Vec<f32> = (0..side * side).map(|i| shape(i) + 0.2 * (detail(i) - 0.5)).collect();
        let apart = |smoothing| {
            let (a, b) = (seen(plain.clone(), smoothing), seen(noisy.clone(), smoothing));
            a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
        };
        assert!((apart(0.0) - 0.1).abs() < 1e-3);
        assert!(apart(1.0) < 0.005, "{}", apart(1.0));
        let smooth = seen(plain, 1.0);
        assert!(smooth[16 * side + 4] < 0.01 && smooth[16 * side + 28] > 0.99);
    }

    #[test]
    fn standardised_values_have_mean_zero_and_deviation_one() {
        let mut values = ramp();
        standardize(&mut values);
        let mean = values.iter().sum::<f32>() / 1000.0;
        let var = values.iter().map(|v| v * v).sum::<f32>() / 1000.0;
        assert!(mean.abs() < 1e-4 && (var - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_constant_image_becomes_zeros_and_never_nan() {
        let mut values = vec![7.0; 64];
        standardize(&mut values);
        assert!(values.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn one_burned_in_marker_does_not_change_the_scale() {
        let mut values = ramp();
        values[500] = 1e6;
        clip_tails(&mut values);
        assert!(values.iter().all(|v| *v <= 1000.0));
    }

    #[test]
    fn tails_and_ranks_are_those_of_the_sorted_values() {
        for count in [1, 2, 7, 200, 1003] {
            let values: Vec<f32> = (0..count).map(|i| ((i * 7919 % 97) as f32 - 48.0) * 0.5).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            let at = |share: f32| sorted[(share * (count - 1) as f32).round() as usize];
            let (mut clipped, mut ranked) = (values.clone(), values.clone());
            clip_tails(&mut clipped);
            equalize(&mut ranked);
            for (i, v) in values.iter().enumerate() {
                assert_eq!(clipped[i], v.clamp(at(TAIL), at(1.0 - TAIL)), "{v} of {count}");
                let below = values.iter().filter(|other| *other < v).count();
                let equal = values.iter().filter(|other| *other == v).count();
                assert_eq!(ranked[i], (2 * below + equal) as f32 / (2.0 * count as f32), "{v} of {count}");
            }
        }
    }

    fn fixed(channels: usize, value_range: [f32; 2], mean: &[f32], sd: &[f32]) -> Input {
        Input {
            width: 4,
            height: 4,
            channels,
            resize: Resize::CenterCrop,
            crop: 1.0,
            smoothing: 0.0,
            normalization: Normalization::Fixed,
            value_range,
            mean: mean.to_vec(),
            sd: sd.to_vec(),
        }
    }

    /// One stored value of an 8-bit image in every channel.
    fn normalized(value: f32, input: &Input) -> Vec<f32> {
        let plane = Plane { width: 4, height: 4, values: vec![value; 16] };
        let channels = channels(&to_input(&plane, input, (0.0, 255.0)), input);
        assert_eq!(channels.len(), input.channels * 16);
        channels.into_iter().step_by(16).collect()
    }

    #[test]
    fn every_channel_has_its_own_mean_and_deviation() {
        // torchvision: Normalize(mean, std)(to_tensor(100 repeated three times)); torchxrayvision:
        // normalize(100, 255); keras.applications.resnet50.preprocess_input(100 repeated three
        // times). Numbers by tests/golden/import.py.
        let close = |found: Vec<f32>, expected: &[f32]| {
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 2e-5 * e.abs().max(1.0)), "{found:?}");
        };
        let imagenet = fixed(3, [0.0, 1.0], &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]);
        close(normalized(100.0, &imagenet), &[-0.405_428, -0.285_014, -0.061_525]);
        close(normalized(100.0, &fixed(1, [-1024.0, 1024.0], &[0.0], &[1.0])), &[-220.862_75]);
        let caffe = fixed(3, [0.0, 255.0], &[103.939, 116.779, 123.68], &[1.0]);
        close(normalized(100.0, &caffe), &[-3.939, -16.779, -23.68]);
    }

    #[test]
    fn the_inner_crop_is_the_middle_of_a_larger_picture() {
        // 16×12 becomes 10×8 (shorter side 7/0.875), of which the middle 7×7 stays: columns 2 to 8
        // (1.5 to even), rows 0 to 6.
        let values = (0..16 * 12).map(|i| (i % 16) as f32).collect();
        let plane = Plane { width: 16, height: 12, values };
        let inner = inner_crop(&plane, 0.875, 7, 7);
        let whole = scale(&plane, 10, 8);
        assert_eq!((inner.width, inner.height), (7, 7));
        assert_eq!(inner.values[..7], whole.values[2..9]);
    }

    #[test]
    fn the_middle_of_an_image_of_one_column_is_made_without_its_ends() {
        let plane = Plane { width: 1, height: 60_000, values: (0..60_000).map(|v| v as f32).collect() };
        let inner = inner_crop(&plane, 0.875, 224, 224);
        assert_eq!((inner.width, inner.height), (224, 224));
        assert!((inner.at(100, 112) - 29_999.5).abs() < 1.0, "{}", inner.at(100, 112));
    }

    #[test]
    fn the_letterbox_keeps_the_aspect_ratio() {
        let plane = Plane { width: 40, height: 20, values: vec![5.0; 800] };
        let out = letterbox(&plane, 32, 32);
        assert_eq!((out.width, out.height, out.values.len()), (32, 32, 1024));
    }
}
