//! RGB from `YCbCr` (ITU-T T.871 section 7), to the bit as libjpeg does it.
//!
//! R = Y + 1.402 (Cr − c), G = Y − 0.34414 (Cb − c) − 0.71414 (Cr − c), B = Y + 1.772 (Cb − c),
//! with c half the range. Whether an image is `YCbCr` is for the caller to know: from
//! [`Header::is_ycbcr`](super::Header::is_ycbcr), and from what stands around the stream.

use crate::image::Image;

/// Fractional bits of the factors.
const BITS: u32 = 16;
const HALF: i64 = 1 << (BITS - 1);
const CR_TO_R: i64 = 91_881;
const CB_TO_G: i64 = 22_554;
const CR_TO_G: i64 = 46_802;
const CB_TO_B: i64 = 116_130;

/// Converts an image of three components in place; any other stays as it is.
///
/// Behind the rows that are complete, pixels of zeros are missing, and stay zeros.
pub fn ycbcr_to_rgb(image: &mut Image) {
    if image.components != 3 {
        return;
    }
    let highest = (1_i64 << image.precision) - 1;
    let centre = 1_i64 << (image.precision - 1);
    let complete = image.complete_rows.saturating_mul(image.columns);
    let (pixels, _) = image.samples.as_chunks_mut::<3>();
    for (i, pixel) in pixels.iter_mut().enumerate() {
        if i >= complete && *pixel == [0; 3] {
            continue;
        }
        let [y, cb, cr] = pixel.map(i64::from);
        let (cb, cr) = (cb - centre, cr - centre);
        let red = y + ((CR_TO_R * cr + HALF) >> BITS);
        let green = y + ((-CB_TO_G * cb - CR_TO_G * cr + HALF) >> BITS);
        let blue = y + ((CB_TO_B * cb + HALF) >> BITS);
        *pixel = [red, green, blue].map(|v| v.clamp(0, highest) as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(precision: u8, complete_rows: usize, pixel: [u16; 3]) -> Vec<u16> {
        let mut image = Image {
            columns: 1,
            rows: 1,
            components: 3,
            precision,
            samples: pixel.to_vec(),
            complete_rows,
            lacks_detail: false,
        };
        ycbcr_to_rgb(&mut image);
        image.samples
    }

    #[test]
    fn grey_stays_grey_and_primaries_come_back() {
        assert_eq!(rgb(8, 1, [77, 128, 128]), [77, 77, 77]);
        assert_eq!(rgb(8, 1, [76, 85, 255]), [254, 0, 0]);
        assert_eq!(rgb(8, 1, [150, 44, 21]), [0, 255, 1]);
        assert_eq!(rgb(8, 1, [29, 255, 107]), [0, 0, 254]);
        assert_eq!(rgb(12, 1, [2000, 2048, 2048]), [2000, 2000, 2000]);
        assert_eq!(rgb(16, 1, [0xFFFF, 0xFFFF, 0]), [0x4C8B, 0xFFFF, 0xFFFF]);
    }

    #[test]
    fn what_is_missing_stays_black() {
        assert_eq!(rgb(8, 0, [0, 0, 0]), [0, 0, 0]);
        assert_eq!(rgb(8, 1, [0, 0, 0]), [0, 135, 0]);
    }
}
