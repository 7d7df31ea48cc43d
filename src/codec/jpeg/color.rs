//! RGB from `YCbCr` (ITU-T T.871 section 7), to the bit as libjpeg does it.
//!
//! R = Y + 1.402 (Cr − c), G = Y − 0.34414 (Cb − c) − 0.71414 (Cr − c), B = Y + 1.772 (Cb − c),
//! with c half the range. Whether an image is `YCbCr` is for the caller to know: from
//! [`Header::is_ycbcr`](super::Header::is_ycbcr), and from what stands around the stream.

use super::interleaved::LANES;
use super::sample::Sample;

/// Fractional bits of the factors.
const BITS: u32 = 16;
const WHOLE: i64 = 1 << BITS;
const HALF: i64 = WHOLE / 2;
const CR_TO_R: i64 = 91_881;
const CB_TO_G: i64 = 22_554;
const CR_TO_G: i64 = 46_802;
const CB_TO_B: i64 = 116_130;
/// Most bits of a sample whose products stay below 2³¹.
const NARROW: u8 = 14;

/// Red, green and blue of a row of Y, Cb and Cr.
///
/// `incomplete`: pixels of zeros are missing, and stay zeros.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn row_to_rgb<S: Sample>([y, cb, cr]: [&[S]; 3], precision: u8, incomplete: bool, pixels: &mut [[S; 3]]) {
    if incomplete || precision > NARROW {
        for (((pixel, y), cb), cr) in pixels.iter_mut().zip(y).zip(cb).zip(cr) {
            let ycbcr = [*y, *cb, *cr].map(Into::into);
            *pixel = if incomplete && ycbcr == [0; 3] { ycbcr } else { wide(ycbcr, precision) }.map(S::of);
        }
        return;
    }
    let convert = |y: S, cb: S, cr: S| {
        let ycbcr = [y, cb, cr].map(Into::into);
        if size_of::<S>() == 1 { byte(ycbcr) } else { narrow(ycbcr, precision) }.map(S::of)
    };
    let (blocks, rest) = pixels.as_chunks_mut::<LANES>();
    let [(ys, y), (cbs, cb), (crs, cr)] = [y, cb, cr].map(<[S]>::as_chunks::<LANES>);
    for (((block, y), cb), cr) in blocks.iter_mut().zip(ys).zip(cbs).zip(crs) {
        // Each colour of all of them first, which vector units do at once.
        let mut rgb = [[S::default(); LANES]; 3];
        for i in 0..LANES {
            [rgb[0][i], rgb[1][i], rgb[2][i]] = convert(y[i], cb[i], cr[i]);
        }
        S::interleaved(&rgb, block);
    }
    for (((pixel, y), cb), cr) in rest.iter_mut().zip(y).zip(cb).zip(cr) {
        *pixel = convert(*y, *cb, *cr);
    }
}

/// The same for samples of 8 bits, in 16 bits where that suffices (`jdcolext-sse2.asm` of
/// libjpeg-turbo): of the factors only what is behind the nearest whole number is multiplied, and
/// twice the difference has a bit more than is wanted, to round by.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn byte([y, cb, cr]: [u16; 3]) -> [u16; 3] {
    let (y, cb, cr) = (y as i16, cb as i16 - 128, cr as i16 - 128);
    let part = |difference: i16, factor: i64| {
        let high = ((2 * i32::from(difference) * factor as i32) >> BITS) as i16;
        (high + 1) >> 1
    };
    let red = y + cr + part(cr, CR_TO_R - WHOLE);
    let blue = y + 2 * cb + part(cb, CB_TO_B - 2 * WHOLE);
    let both = i32::from(cb) * -CB_TO_G as i32 + i32::from(cr) * (WHOLE - CR_TO_G) as i32;
    let green = y - cr + ((both + HALF as i32) >> BITS) as i16;
    [red, green, blue].map(|value| value.clamp(0, 255) as u16)
}

/// The same in 32 bits, which vector units take twice as many of.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn narrow([y, cb, cr]: [u16; 3], precision: u8) -> [u16; 3] {
    let (highest, centre) = ((1_i32 << precision) - 1, 1_i32 << (precision - 1));
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - centre, i32::from(cr) - centre);
    let whole = |value: i32| (value + HALF as i32) >> BITS;
    let red = y + whole(CR_TO_R as i32 * cr);
    let green = y + whole(-CB_TO_G as i32 * cb - CR_TO_G as i32 * cr);
    let blue = y + whole(CB_TO_B as i32 * cb);
    [red, green, blue].map(|value| value.clamp(0, highest) as u16)
}

fn wide([y, cb, cr]: [u16; 3], precision: u8) -> [u16; 3] {
    let (highest, centre) = ((1_i64 << precision) - 1, 1_i64 << (precision - 1));
    let (y, cb, cr) = (i64::from(y), i64::from(cb) - centre, i64::from(cr) - centre);
    let red = y + ((CR_TO_R * cr + HALF) >> BITS);
    let green = y + ((-CB_TO_G * cb - CR_TO_G * cr + HALF) >> BITS);
    let blue = y + ((CB_TO_B * cb + HALF) >> BITS);
    [red, green, blue].map(|value| value.clamp(0, highest) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(precision: u8, incomplete: bool, pixel: [u16; 3]) -> [u16; 3] {
        let mut pixels = [[7; 3]];
        row_to_rgb([&pixel[..1], &pixel[1..2], &pixel[2..]], precision, incomplete, &mut pixels);
        pixels[0]
    }

    #[test]
    fn grey_stays_grey_and_primaries_come_back() {
        assert_eq!(rgb(8, false, [77, 128, 128]), [77, 77, 77]);
        assert_eq!(rgb(8, false, [76, 85, 255]), [254, 0, 0]);
        assert_eq!(rgb(8, false, [150, 44, 21]), [0, 255, 1]);
        assert_eq!(rgb(8, false, [29, 255, 107]), [0, 0, 254]);
        assert_eq!(rgb(12, false, [2000, 2048, 2048]), [2000, 2000, 2000]);
        assert_eq!(rgb(16, false, [0xFFFF, 0xFFFF, 0]), [0x4C8B, 0xFFFF, 0xFFFF]);
    }

    #[test]
    fn the_short_way_gives_the_same() {
        for precision in [8_u8, 12, 14] {
            let highest = (1_u32 << precision) - 1;
            let value = |i: u32| (i.wrapping_mul(2_654_435_761) >> (32 - u32::from(precision))).min(highest) as u16;
            let corners = (0..8).map(|i| [0, 1, 2].map(|bit| if i >> bit & 1 == 1 { highest as u16 } else { 0 }));
            for pixel in (0..2000).map(|i| [value(3 * i), value(3 * i + 1), value(3 * i + 2)]).chain(corners) {
                assert_eq!(narrow(pixel, precision), wide(pixel, precision), "{pixel:?} of {precision} bits");
            }
        }
    }

    #[test]
    fn bytes_give_the_same_whatever_they_are() {
        for (cb, cr) in (0..256_u16).flat_map(|cb| (0..256_u16).map(move |cr| (cb, cr))) {
            for y in [0, 1, 77, 128, 254, 255] {
                assert_eq!(byte([y, cb, cr]), wide([y, cb, cr], 8), "{y} {cb} {cr}");
            }
        }
    }

    #[test]
    fn rows_of_any_length_are_converted_pixel_by_pixel() {
        for length in [1, LANES - 1, LANES, LANES + 3, 2 * LANES + 1] {
            let row = |by: usize| (0..length).map(|i| (i * by % 256) as u8).collect::<Vec<_>>();
            let (y, cb, cr) = (row(7), row(13), row(29));
            let mut pixels = vec![[0; 3]; length];
            row_to_rgb([&y, &cb, &cr], 8, false, &mut pixels);
            let expected: Vec<_> =
                (0..length).map(|i| wide([y[i], cb[i], cr[i]].map(u16::from), 8).map(|v| v as u8)).collect();
            assert_eq!(pixels, expected);
        }
    }

    #[test]
    fn what_is_missing_stays_black() {
        assert_eq!(rgb(8, true, [0, 0, 0]), [0, 0, 0]);
        assert_eq!(rgb(8, false, [0, 0, 0]), [0, 135, 0]);
    }
}
