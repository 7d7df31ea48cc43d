//! Which end of the grey scale is bright. The only place of the program that decides it.
//!
//! A file says so twice: MONOCHROME1 means that the lowest value is white (PS3.3 C.7.6.3.1.2), and
//! Presentation LUT Shape INVERSE says the same again (a DX image in MONOCHROME1 must carry
//! INVERSE, PS3.3 C.8.11.3.1). Two statements of one fact are not two inversions, so they are
//! joined by OR; the reader's own invert is then one XOR.

/// Whether the file shows its lowest value bright.
#[must_use]
pub fn of_file(photometric_interpretation: &str, presentation_lut_shape: &str) -> bool {
    photometric_interpretation.trim() == "MONOCHROME1" || presentation_lut_shape.trim() == "INVERSE"
}

/// Whether brightness is turned round at the end of the grey pipeline, after the window.
#[must_use]
pub fn is_inverted(file_inverted: bool, reader_invert: bool) -> bool {
    file_inverted ^ reader_invert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monochrome1_with_shape_inverse_is_one_inversion() {
        assert!(of_file("MONOCHROME1", "INVERSE"));
        assert!(of_file("MONOCHROME1 ", ""));
        assert!(of_file("MONOCHROME2", "INVERSE"));
        assert!(!of_file("MONOCHROME2", "IDENTITY"));
        assert!(!of_file("MONOCHROME2", ""));
    }

    #[test]
    fn the_readers_invert_turns_either_polarity() {
        assert!(is_inverted(true, false) && is_inverted(false, true));
        assert!(!is_inverted(true, true) && !is_inverted(false, false));
    }
}
