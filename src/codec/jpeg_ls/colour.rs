//! Colour transforms of Hewlett-Packard's encoder, which others write too: an APP8 segment `mrfx`
//! names one. They are outside of T.87; all arithmetic is modulo the range of a sample.

use super::JpegLsError;

/// What to undo behind the decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transform {
    #[default]
    None,
    Hp1,
    Hp2,
    Hp3,
}

impl Transform {
    /// By the number in the segment.
    pub(super) fn of(number: u8) -> Result<Self, JpegLsError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Hp1),
            2 => Ok(Self::Hp2),
            3 => Ok(Self::Hp3),
            4 => Err(JpegLsError::unsupported("the colour transform “RGB as YUV, lossy” (mrfx 4)")),
            5 => Err(JpegLsError::unsupported("a colour transform by a matrix (mrfx 5)")),
            _ => Err(JpegLsError::unsupported(format!("an unknown colour transform (mrfx {number})"))),
        }
    }

    /// Turns a pixel of samples of 8 or 16 bits into red, green and blue.
    #[inline]
    pub(super) fn undo(self, pixel: [u16; 3], precision: u8) -> [u16; 3] {
        let [v1, v2, v3] = pixel.map(i32::from);
        let mask = (1 << precision) - 1;
        let half = 1 << (precision - 1);
        let rgb = match self {
            Self::None => [v1, v2, v3],
            Self::Hp1 => [v1 + v2 - half, v2, v3 + v2 - half],
            Self::Hp2 => {
                let red = (v1 + v2 - half) & mask;
                [red, v2, v3 + ((red + v2) >> 1) - half]
            }
            Self::Hp3 => {
                let green = v1 - ((v3 + v2) >> 2) + half / 2;
                [v3 + green - half, green, v2 + green - half]
            }
        };
        rgb.map(|sample| (sample & mask) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forward transforms.
    fn forward(transform: Transform, [r, g, b]: [i32; 3]) -> [u16; 3] {
        let values = match transform {
            Transform::None => [r, g, b],
            Transform::Hp1 => [r - g + 128, g, b - g + 128],
            Transform::Hp2 => [r - g + 128, g, b - ((r + g) >> 1) + 128],
            Transform::Hp3 => {
                let (v2, v3) = ((b - g + 128) & 255, (r - g + 128) & 255);
                [g + ((v2 + v3) >> 2) - 64, v2, v3]
            }
        };
        values.map(|v| (v & 255) as u16)
    }

    #[test]
    fn every_colour_comes_back() {
        for transform in [Transform::None, Transform::Hp1, Transform::Hp2, Transform::Hp3] {
            for n in 0..=255 {
                for rgb in [[n, 255 - n, n], [n, n, n], [255, n, 0], [0, n, 255], [n, 0, 255 - n], [0, 255, n]] {
                    let back = transform.undo(forward(transform, rgb), 8);
                    assert_eq!(back.map(i32::from), rgb, "{transform:?}");
                }
            }
        }
    }
}
