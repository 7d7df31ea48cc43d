//! Randomisation checks counted by their outcome, and why a method has no rank.

/// Randomisation checks by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RandomizationCounts {
    pub passes: usize,
    pub fails: usize,
    pub undecided: usize,
}

impl RandomizationCounts {
    /// Checks that say something.
    #[must_use]
    pub fn decided(self) -> usize {
        self.passes + self.fails
    }

    /// All that were made.
    #[must_use]
    pub fn made(self) -> usize {
        self.decided() + self.undecided
    }
}

/// Why a method has no rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoRank {
    NotChecked,
    Undecided,
    KnownToFail,
    Fails,
    FewPatients,
}

impl NoRank {
    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::NotChecked => "not-checked",
            Self::Undecided => "check-undecided",
            Self::KnownToFail => "known-to-fail-the-check",
            Self::Fails => "fails-the-check",
            Self::FewPatients => "few-patients",
        }
    }

    /// The reason in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotChecked => "the randomisation check was not made",
            Self::Undecided => "the randomisation check can say nothing of it",
            Self::KnownToFail => "known to fail the randomisation check, and so few images do not clear it",
            Self::Fails => "fails the randomisation check",
            Self::FewPatients => "too few patients",
        }
    }
}
