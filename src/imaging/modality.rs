//! Stored values to modality values: the Modality LUT or the rescale of PS3.3 C.11.1.
//!
//! A file has either a Modality LUT Sequence or Rescale Slope and Intercept; the LUT wins where
//! both are there. Slopes may be negative: the order of grey values turns round and so does the
//! range.

/// How a stored value becomes a modality value (Hounsfield units, optical density, …).
#[derive(Clone, Debug, PartialEq)]
pub enum Modality {
    /// `value = slope · stored + intercept`.
    Rescale { slope: f64, intercept: f64 },
    /// `value = entries[stored − first]`; stored values outside take the first or last entry
    /// (C.11.1.1).
    Lut { first: i64, entries: Vec<f32> },
}

impl Default for Modality {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl Modality {
    /// Stored values are modality values.
    pub const IDENTITY: Self = Self::Rescale { slope: 1.0, intercept: 0.0 };

    /// The modality value of one stored value.
    #[must_use]
    pub fn apply(&self, stored: i64) -> f32 {
        match self {
            Self::Rescale { slope, intercept } => (slope * stored as f64 + intercept) as f32,
            Self::Lut { first, entries } => {
                let last = entries.len().saturating_sub(1) as i64;
                let index = stored.saturating_sub(*first).clamp(0, last);
                entries.get(index as usize).copied().unwrap_or(0.0)
            }
        }
    }

    /// The modality value of a stored number that is not an integer (Float Pixel Data); a LUT does
    /// not apply.
    #[must_use]
    pub fn apply_float(&self, stored: f64) -> f32 {
        match self {
            Self::Rescale { slope, intercept } => (slope * stored + intercept) as f32,
            Self::Lut { .. } => stored as f32,
        }
    }

    /// The modality values of two stored values, the lower first.
    #[must_use]
    pub fn range_between(&self, low: i64, high: i64) -> (f32, f32) {
        let (a, b) = (self.apply(low), self.apply(high));
        (a.min(b), a.max(b))
    }

    /// Lowest and highest modality value of the stored values `low..=high`; of a LUT, that of all
    /// its entries.
    #[must_use]
    pub fn range(&self, low: i64, high: i64) -> (f32, f32) {
        match self {
            Self::Rescale { .. } => self.range_between(low, high),
            Self::Lut { entries, .. } => entries
                .iter()
                .fold(None, |range: Option<(f32, f32)>, &v| Some(range.map_or((v, v), |(a, b)| (a.min(v), b.max(v)))))
                .unwrap_or((0.0, 0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescale_is_slope_times_stored_plus_intercept() {
        let ct = Modality::Rescale { slope: 1.0, intercept: -1024.0 };
        assert_eq!(ct.apply(0), -1024.0);
        assert_eq!(ct.apply(1064), 40.0);
        assert_eq!(ct.range(0, 4095), (-1024.0, 3071.0));
    }

    #[test]
    fn a_negative_slope_turns_the_order_of_greys_but_not_of_the_range() {
        let negative = Modality::Rescale { slope: -2.0, intercept: 10.0 };
        assert_eq!(negative.apply(3), 4.0);
        assert_eq!(negative.range(0, 100), (-190.0, 10.0));
    }

    #[test]
    fn values_outside_a_lut_take_its_first_or_last_entry() {
        let lut = Modality::Lut { first: 10, entries: vec![5.0, 9.0, 7.0] };
        assert_eq!(lut.apply(-4), 5.0);
        assert_eq!(lut.apply(10), 5.0);
        assert_eq!(lut.apply(11), 9.0);
        assert_eq!(lut.apply(99), 7.0);
        assert_eq!(lut.range(0, 255), (5.0, 9.0));
    }
}
