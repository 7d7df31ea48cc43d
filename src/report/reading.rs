//! Where a finding stands against its operating threshold, in words; the numbers are always printed beside them.

use serde::Serialize;

use super::case::Finding;

/// A finding against its operating threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    Above,
    Below,
    /// The 5–95 % interval holds the threshold.
    Undecided,
}

impl Reading {
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        match &finding.summary {
            Some(s) if s.crosses(finding.threshold) => Self::Undecided,
            _ if finding.mean() >= finding.threshold => Self::Above,
            _ => Self::Below,
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::Undecided => "crosses",
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
        assert_eq!(Reading::of(&finding(0.6, 0.4, 0.8)), Reading::Undecided);
        assert_eq!(Reading::of(&finding(0.6, 0.5, 0.8)), Reading::Above);
        assert_eq!(Reading::of(&finding(0.3, 0.1, 0.49)), Reading::Below);
    }

    #[test]
    fn without_samples_the_single_pass_decides() {
        let single = Finding { summary: None, ..finding(0.7, 0.0, 0.0) };
        assert_eq!(Reading::of(&single), Reading::Above);
    }
}
