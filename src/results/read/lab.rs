//! Colours of DICOM (PS3.3 C.10.7.1.1): `CIELab` of the ICC profile connection space, in 16 bits.
//!
//! `L* = 100 v / 65535`, `a* = 255 v / 65535 − 128`, `b*` likewise. The connection space is under D50;
//! sRGB (IEC 61966-2-1) is under D65, so XYZ is adapted by Bradford's matrix first. Colours that sRGB
//! does not have are cut at its ends.

/// White of D50, `Y` = 1.
const D50: [f64; 3] = [0.964_22, 1.0, 0.825_21];
/// XYZ under D50 to linear sRGB, Bradford's adaptation included (Lindbloom).
const TO_SRGB: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

/// The colour on the screen, 8 bits of sRGB; nothing where there are not three numbers of 16 bits.
pub(super) fn srgb(values: &[i64]) -> Option<[u8; 3]> {
    let [l, a, b] = <[i64; 3]>::try_from(values).ok()?;
    let part = |v: i64| u16::try_from(v).ok().map(|v| f64::from(v) / 65_535.0);
    let (l, a, b) = (100.0 * part(l)?, 255.0 * part(a)? - 128.0, 255.0 * part(b)? - 128.0);
    let y = (l + 16.0) / 116.0;
    let xyz = [y + a / 500.0, y, y - b / 200.0].map(inverse_of_root);
    let xyz: [f64; 3] = std::array::from_fn(|i| xyz[i] * D50[i]);
    Some(TO_SRGB.map(|row| encoded(row.iter().zip(xyz).map(|(m, v)| m * v).sum())))
}

/// Inverse of CIE's cube root with its linear foot (CIE 15:2004, 8.2.1).
fn inverse_of_root(t: f64) -> f64 {
    const FOOT: f64 = 6.0 / 29.0;
    if t > FOOT { t.powi(3) } else { 3.0 * FOOT * FOOT * (t - 4.0 / 29.0) }
}

/// Linear light to 8 bits of sRGB.
fn encoded(linear: f64) -> u8 {
    let v = linear.clamp(0.0, 1.0);
    let v = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (255.0 * v).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A colour in the numbers of a file.
    fn of(l: f64, a: f64, b: f64) -> [u8; 3] {
        let whole = |v: f64| v.round() as i64;
        let values = [655.35 * l, (a + 128.0) * 257.0, (b + 128.0) * 257.0].map(whole);
        srgb(&values).unwrap()
    }

    #[test]
    fn colours_of_the_connection_space_are_those_of_srgb() {
        // CIELab under D50 of the corners of sRGB (Lindbloom's calculator).
        let close = |found: [u8; 3], wanted: [u8; 3]| found.iter().zip(wanted).all(|(f, w)| f.abs_diff(w) <= 1);
        for (lab, rgb) in [
            ((100.0, 0.0, 0.0), [255, 255, 255]),
            ((0.0, 0.0, 0.0), [0, 0, 0]),
            ((54.29, 80.81, 69.89), [255, 0, 0]),
            ((87.82, -79.27, 80.99), [0, 255, 0]),
            ((29.57, 68.30, -112.03), [0, 0, 255]),
        ] {
            let found = of(lab.0, lab.1, lab.2);
            assert!(close(found, rgb), "{lab:?} is {found:?}");
        }
    }

    #[test]
    fn what_is_no_colour_is_none() {
        assert_eq!(srgb(&[1, 2]), None);
        assert_eq!(srgb(&[1, 2, 70_000]), None);
        assert_eq!(srgb(&[]), None);
    }
}
