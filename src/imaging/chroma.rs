//! Whether an image is in colour.
//!
//! The chroma of a pixel is the largest of its three samples less the smallest (the C of HSV; A. R.
//! Smith, SIGGRAPH 1978), taken as a part of what the brightest hundredth of the image holds, so
//! that a dark image is judged like a bright one. A grey image that was stored in three samples has
//! none, and what JPEG adds to it by rounding, or the faint tint of a scanned sheet, stays below
//! [`FAINT`]. Markers and annotations are strong, but few pixels: see [`MARKERS`].
//!
//! What it does not do: tell a grey image under a strong tint (sepia) from a colour photograph.
//! Both are in colour.

use image::RgbImage;

/// Chroma up to this part of the image's brightness is no colour.
const FAINT: f32 = 1.0 / 8.0;
/// Nor is chroma up to this many of 255: JPEG's rounding of a dark grey image.
const ROUNDING: f32 = 16.0;
/// The largest share of coloured pixels that markers, arrows and a stamp have. Of 5,708 public
/// slices of the brain, some with coloured marks, none has more than 0.0395; the smallest share of
/// an image with a colour overlay (a Doppler ultrasound) was 0.052.
pub const MARKERS: f32 = 0.04;

/// The share of pixels that have a hue, 0–1.
#[must_use]
pub fn coloured_share(image: &RgbImage) -> f32 {
    let bound = (FAINT * f32::from(brightness(image))).max(ROUNDING);
    let coloured = image.pixels().filter(|p| f32::from(chroma(p.0)) > bound).count();
    coloured as f32 / (image.pixels().len().max(1)) as f32
}

fn chroma([r, g, b]: [u8; 3]) -> u8 {
    r.max(g).max(b) - r.min(g).min(b)
}

/// The largest sample of a pixel, for the pixel that outshines 99 of 100.
fn brightness(image: &RgbImage) -> u8 {
    let mut counts = [0_usize; 256];
    image.pixels().for_each(|p| counts[usize::from(p.0[0].max(p.0[1]).max(p.0[2]))] += 1);
    let mut brighter = image.pixels().len() / 100;
    (0..=255_u8)
        .rev()
        .find(|v| {
            let here = counts[usize::from(*v)];
            let found = here > brighter;
            brighter = brighter.saturating_sub(here);
            found
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Greys from dark to bright with something laid over them.
    fn picture(over: impl Fn(u32, u32, u8) -> [u8; 3]) -> RgbImage {
        RgbImage::from_fn(100, 100, |x, y| Rgb(over(x, y, (20 + 2 * y) as u8)))
    }

    #[test]
    fn greys_in_three_samples_have_no_hue() {
        assert_eq!(coloured_share(&picture(|_, _, v| [v; 3])), 0.0);
        let rounded = picture(|x, y, v| [v, v.saturating_sub((x % 5) as u8), v.saturating_add((y % 7) as u8)]);
        assert_eq!(coloured_share(&rounded), 0.0, "what JPEG does to a grey image is no colour");
    }

    #[test]
    fn the_faint_tint_of_a_scan_is_no_colour_and_sepia_is() {
        let tint = |blue: f32| picture(move |_, _, v| [v, v, (f32::from(v) * blue) as u8]);
        assert_eq!(coloured_share(&tint(0.93)), 0.0);
        assert!(coloured_share(&tint(0.4)) > 0.5);
    }

    #[test]
    fn a_mark_is_counted_by_its_pixels() {
        let marked = picture(|x, y, v| if x < 10 && y < 10 { [255, 0, 0] } else { [v; 3] });
        assert!((coloured_share(&marked) - 0.01).abs() < 1e-6);
    }

    #[test]
    fn a_dark_colour_picture_is_in_colour_all_the_same() {
        let dark = picture(|_, _, v| [v / 3, v / 8, v / 9]);
        assert!(coloured_share(&dark) > 0.5);
        assert_eq!(coloured_share(&RgbImage::new(8, 8)), 0.0);
    }
}
