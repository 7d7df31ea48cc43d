//! Where a finding stands against its operating threshold, in words; the numbers are always printed
//! beside them.

use serde::Serialize;

use super::case::Finding;
use crate::language::named;

/// A finding against its operating threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ThresholdPosition {
    Above,
    Below,
    /// The samples reach to both sides of the threshold, or lie on the other side of it than the
    /// probability does.
    Undecided,
}

impl ThresholdPosition {
    #[must_use]
    pub(super) fn of(finding: &Finding) -> Self {
        let above = finding.probability >= finding.threshold;
        match &finding.summary {
            Some(s) if s.crosses(finding.threshold) || (s.p05 >= finding.threshold) != above => Self::Undecided,
            _ if above => Self::Above,
            _ => Self::Below,
        }
    }

    #[must_use]
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Above => named!("above"),
            Self::Below => named!("below"),
            Self::Undecided => named!("crosses"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::Summary;

    fn finding(mean: f32, p05: f32, p95: f32) -> Finding {
        Finding {
            name: "Pneumonia".into(),
            is_group: false,
            member: false,
            logit: None,
            probability: mean,
            threshold: 0.5,
            summary: Some(Summary { mean, sd: 0.1, p05, p95 }),
        }
    }

    #[test]
    fn an_interval_that_holds_the_threshold_is_undecided() {
        assert_eq!(ThresholdPosition::of(&finding(0.6, 0.4, 0.8)), ThresholdPosition::Undecided);
        assert_eq!(ThresholdPosition::of(&finding(0.6, 0.5, 0.8)), ThresholdPosition::Above);
        assert_eq!(ThresholdPosition::of(&finding(0.3, 0.1, 0.49)), ThresholdPosition::Below);
    }

    #[test]
    fn samples_on_the_other_side_than_the_probability_are_undecided() {
        let apart = Finding { probability: 0.9, ..finding(0.3, 0.1, 0.45) };
        assert_eq!(ThresholdPosition::of(&apart), ThresholdPosition::Undecided);
        let apart = Finding { probability: 0.1, ..finding(0.7, 0.6, 0.8) };
        assert_eq!(ThresholdPosition::of(&apart), ThresholdPosition::Undecided);
    }

    #[test]
    fn without_samples_the_single_pass_decides() {
        let single = Finding { summary: None, ..finding(0.7, 0.0, 0.0) };
        assert_eq!(ThresholdPosition::of(&single), ThresholdPosition::Above);
    }
}
