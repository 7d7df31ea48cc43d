//! Recommended display colours of DICOM in the colours of a screen.
//!
//! PS3.3 C.10.7.1.1 encodes CIE L*a*b* of the profile connection space (white point D50) in three
//! numbers of 16 bits: L* from 0 to 100, a* and b* from −128 to 127.
//!
//! ```text
//! fy = (L* + 16) / 116      fx = fy + a*/500      fz = fy − b*/200
//! X = Xn f⁻¹(fx) …          f⁻¹(t) = t³ where t > 6/29, else 3 (6/29)² (t − 4/29)
//! ```
//!
//! (CIE 15:2018), then Bradford's adaptation from D50 to D65 and sRGB (IEC 61966-2-1). Colours beyond
//! what a screen shows are clipped.

/// White of the profile connection space.
const D50: [f64; 3] = [0.964_22, 1.0, 0.825_21];
/// XYZ under D50 to linear sRGB, Bradford's adaptation included (B. Lindbloom).
const TO_SRGB: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

/// The colour of three encoded numbers.
pub(super) fn screen_color([l, a, b]: [u16; 3]) -> [u8; 3] {
    let l = f64::from(l) * 100.0 / 65_535.0;
    let [a, b] = [a, b].map(|v| f64::from(v) * 255.0 / 65_535.0 - 128.0);
    let y = (l + 16.0) / 116.0;
    let whole = |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let xyz = [whole(y + a / 500.0) * D50[0], whole(y) * D50[1], whole(y - b / 200.0) * D50[2]];
    TO_SRGB.map(|row| {
        let linear = row.iter().zip(xyz).map(|(m, v)| m * v).sum::<f64>().clamp(0.0, 1.0);
        let value = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (value * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L*, a*, b* as PS3.3 C.10.7.1.1 encodes them.
    fn encoded([l, a, b]: [f64; 3]) -> [u16; 3] {
        [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0].map(|part| (part * 65_535.0).round() as u16)
    }

    #[test]
    fn colours_are_those_of_other_programs() {
        // The way back, by NumPy of the published matrices of sRGB and of Bradford's adaptation.
        for (lab, rgb) in [
            ([0.0, 0.0, 0.0], [0, 0, 0]),
            ([100.0, 0.0, 0.0], [255, 255, 255]),
            ([53.585, 0.0, 0.0], [128, 128, 128]),
            ([54.29, 80.81, 69.89], [255, 0, 0]),
            ([87.82, -79.27, 80.99], [0, 255, 0]),
            ([29.57, 68.29, -112.03], [0, 0, 255]),
            ([97.61, -15.75, 93.39], [255, 255, 0]),
        ] {
            let found = screen_color(encoded(lab));
            let near = found.iter().zip(rgb).all(|(a, b): (&u8, i32)| (i32::from(*a) - b).abs() <= 2);
            assert!(near, "{lab:?} is {found:?} and not {rgb:?}");
        }
    }

    #[test]
    fn what_no_screen_shows_is_clipped() {
        assert_eq!(screen_color(encoded([50.0, 127.0, 127.0]))[0], 255);
    }
}
