//! Preset coding parameters (T.87 C.2.4.1.1): what a stream may say of its thresholds, and what
//! holds where it says 0 or nothing.

use super::JpegLsError;

/// The five numbers of an LSE segment of type 1; 0 stands for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Presets {
    pub(super) maxval: u16,
    pub(super) thresholds: [u16; 3],
    pub(super) reset: u16,
}

/// The numbers that hold for a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The greatest sample.
    pub(super) maxval: i32,
    /// The greatest error of a near-lossless sample; 0 is lossless.
    pub(super) near: i32,
    /// Gradients are told apart by T1 ≤ T2 ≤ T3.
    pub(super) thresholds: [i32; 3],
    /// Occurrences of a context at which its sums are halved.
    pub(super) reset: u32,
}

/// Defaults for MAXVAL = 255 (table C.3).
const BASIC: [i32; 3] = [3, 7, 21];
const RESET: u16 = 64;

impl Presets {
    /// Fills in the defaults for samples of `precision` bits and checks the rest (table C.1).
    pub(super) fn resolve(self, precision: u8, near: u8) -> Result<Parameters, JpegLsError> {
        let bound = (1i32 << precision) - 1;
        let maxval = if self.maxval == 0 { bound } else { i32::from(self.maxval) };
        if maxval > bound {
            return Err(malformed(format!("its greatest sample is {maxval}, beyond {precision} bits")));
        }
        let near = i32::from(near);
        if near > maxval / 2 {
            return Err(malformed(format!("its samples may err by {near}, more than half of {maxval}")));
        }
        let mut thresholds = default_thresholds(maxval, near);
        let mut least = near + 1;
        for (threshold, preset) in thresholds.iter_mut().zip(self.thresholds) {
            if preset != 0 {
                *threshold = i32::from(preset);
            }
            // A default that a preset before it has overtaken is as wrong as a preset.
            if *threshold < least || *threshold > maxval {
                return Err(malformed(format!("its threshold {threshold} is not between {least} and {maxval}")));
            }
            least = *threshold;
        }
        let reset = if self.reset == 0 { RESET } else { self.reset };
        if !(3..=maxval.max(255)).contains(&i32::from(reset)) {
            return Err(malformed(format!("its RESET is {reset}, where 3 to {} may stand", maxval.max(255))));
        }
        Ok(Parameters { maxval, near, thresholds, reset: reset.into() })
    }
}

fn malformed(what: String) -> JpegLsError {
    JpegLsError::Malformed(what)
}

/// C.2.4.1.1.1 with figure C.3.
fn default_thresholds(maxval: i32, near: i32) -> [i32; 3] {
    let mut least = near + 1;
    let mut clamped = |threshold: i32| {
        least = if threshold > maxval || threshold < least { least } else { threshold };
        least
    };
    let [t1, t2, t3] = BASIC;
    if maxval >= 128 {
        let factor = (maxval.min(4095) + 128) / 256;
        [
            clamped(factor * (t1 - 2) + 2 + 3 * near),
            clamped(factor * (t2 - 3) + 3 + 5 * near),
            clamped(factor * (t3 - 4) + 4 + 7 * near),
        ]
    } else {
        let factor = 256 / (maxval + 1);
        [
            clamped((t1 / factor + 3 * near).max(2)),
            clamped((t2 / factor + 5 * near).max(3)),
            clamped((t3 / factor + 7 * near).max(4)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(precision: u8, near: u8) -> [i32; 3] {
        Presets::default().resolve(precision, near).unwrap().thresholds
    }

    #[test]
    fn defaults_are_those_of_the_standard() {
        assert_eq!(thresholds(8, 0), [3, 7, 21]);
        assert_eq!(thresholds(12, 0), [18, 67, 276]);
        assert_eq!(thresholds(16, 0), [18, 67, 276], "samples above 12 bits have the thresholds of 12");
        assert_eq!(thresholds(8, 3), [12, 22, 42]);
    }

    #[test]
    fn defaults_of_few_grey_levels_stay_among_them() {
        // MAXVAL 3: 4 is greater than MAXVAL, so T3 falls back to T2.
        assert_eq!(thresholds(2, 0), [2, 3, 3]);
        assert_eq!(thresholds(4, 0), [2, 3, 4]);
        assert_eq!(thresholds(2, 1), [3, 3, 3]);
    }

    #[test]
    fn zeros_stand_for_defaults() {
        let presets = Presets { maxval: 0, thresholds: [9, 0, 31], reset: 0 };
        let parameters = presets.resolve(8, 0);
        assert!(parameters.is_err(), "the default T2 is below the T1 of the stream");
        let presets = Presets { maxval: 0, thresholds: [5, 0, 31], reset: 0 };
        let parameters = presets.resolve(8, 0).unwrap();
        assert_eq!((parameters.maxval, parameters.thresholds, parameters.reset), (255, [5, 7, 31], 64));
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for presets in [
            Presets { maxval: 256, ..Presets::default() },
            Presets { thresholds: [1, 7, 6], ..Presets::default() },
            Presets { thresholds: [0, 0, 256], ..Presets::default() },
            Presets { reset: 2, ..Presets::default() },
            Presets { reset: 256, ..Presets::default() },
        ] {
            assert!(presets.resolve(8, 0).is_err(), "{presets:?}");
        }
        assert!(Presets::default().resolve(8, 128).is_err(), "an error of more than half of the range");
        assert!(Presets { thresholds: [2, 7, 21], ..Presets::default() }.resolve(8, 2).is_err(), "T1 ≤ NEAR");
    }
}
