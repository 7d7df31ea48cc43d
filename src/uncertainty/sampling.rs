//! Where samples come from: what is varied while everything else stays, and so what their spread
//! measures.
//!
//! *MC dropout* varies the network at random around its weights. *Test-time augmentation* varies
//! the image as another radiograph of the same patient might differ; its spread is the variability
//! under presentation and says nothing of the weights. An *ensemble* asks several networks that
//! were trained apart; its spread is uncertainty about the weights, as far as a handful shows it.

use serde::{Deserialize, Serialize};

use super::Posterior;

/// Most values of a batch's first activation, so that samples cost neither memory nor reaction
/// time.
pub(super) const BATCH_VALUES: usize = 1 << 18;

/// What differs from sample to sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleSource {
    /// The dropout masks of one network.
    #[default]
    McDropout,
    /// Place and tone of the image.
    TestTime,
    /// The networks of several models.
    Ensemble,
}

impl SampleSource {
    pub const ALL: [Self; 3] = [Self::McDropout, Self::TestTime, Self::Ensemble];

    /// Name on the command line and in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::McDropout => "mc-dropout",
            Self::TestTime => "test-time",
            Self::Ensemble => "ensemble",
        }
    }

    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::McDropout => "MC dropout",
            Self::TestTime => "Test-time augmentation",
            Self::Ensemble => "Ensemble",
        }
    }

    /// What the count of samples counts: `dropout 64 of 100`.
    #[must_use]
    pub fn counted(self) -> &'static str {
        match self {
            Self::McDropout => "dropout",
            Self::TestTime => "test-time augmentation",
            Self::Ensemble => "ensemble",
        }
    }

    /// The samples in a sentence: `dropout samples`.
    #[must_use]
    pub fn samples(self) -> &'static str {
        match self {
            Self::McDropout => "dropout samples",
            Self::TestTime => "varied copies of the image",
            Self::Ensemble => "models of an ensemble",
        }
    }

    /// What the disagreement of the samples (their mutual information) measures.
    #[must_use]
    pub fn measures(self) -> &'static str {
        match self {
            Self::McDropout => "uncertainty about the model (epistemic)",
            Self::TestTime => "variability under presentation",
            Self::Ensemble => "disagreement of the models (epistemic)",
        }
    }

    /// What it does, and what its spread does not cover, in one sentence.
    #[must_use]
    pub fn explained(self) -> &'static str {
        match self {
            Self::McDropout => {
                "Parts of the network are left out at random; the spread is uncertainty about its weights, not about images unlike its training images."
            }
            Self::TestTime => {
                "The image is shifted, turned, scaled and toned a little; the spread is variability under presentation, not uncertainty about the model's weights."
            }
            Self::Ensemble => {
                "Models that were trained apart score the same image; the spread is where they disagree, not where all are wrong alike."
            }
        }
    }

    /// Number of samples where nobody asks for another; an ensemble has as many as it has models.
    #[must_use]
    pub fn usual_samples(self) -> usize {
        match self {
            Self::TestTime => 32,
            Self::McDropout | Self::Ensemble => 100,
        }
    }

    /// Why a model cannot be asked this way; `None` where it can. `stochastic`: it has an active
    /// dropout; `others`: further models of its ensemble.
    #[must_use]
    pub fn unavailable(self, stochastic: bool, others: usize) -> Option<&'static str> {
        match self {
            Self::McDropout if !stochastic => {
                Some("This model has no stochastic layer, so MC dropout cannot say how sure it is.")
            }
            Self::Ensemble if others == 0 => {
                Some("No further model with the labels of this one was given (--ensemble), so there is no ensemble.")
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for SampleSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

/// There is no source of samples of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {}", SampleSource::ALL.map(SampleSource::key).join(", "))]
pub struct UnknownSource;

impl std::str::FromStr for SampleSource {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        Self::ALL.into_iter().find(|s| s.key() == text).ok_or(UnknownSource)
    }
}

/// Why there is no posterior.
#[derive(Debug, thiserror::Error)]
pub enum SamplingError {
    #[error("Sample {sample} gave numbers that are not finite. No interval can be shown.")]
    NotFinite { sample: usize },
    #[error("The sampling was stopped.")]
    Stopped,
    #[error("The models of the ensemble do not say the same: {0}")]
    Ensemble(#[from] crate::model::labels::OtherLabels),
    #[error("The network could not be run for the samples: {0}")]
    Network(#[from] candle_core::Error),
}

/// Draws samples batch by batch, so that bars move while they arrive.
pub trait Sampler {
    /// Number of samples drawn so far.
    fn done(&self) -> usize;

    /// Number of samples in the end.
    fn total(&self) -> usize;

    /// Draws the next batch; false when there was nothing left to draw. `stop` is asked wherever a
    /// step takes long.
    ///
    /// # Errors
    /// [`SamplingError::Stopped`] once `stop` says so; otherwise when the network fails.
    fn advance(&mut self, stop: &dyn Fn() -> bool) -> Result<bool, SamplingError>;

    /// The posterior of the samples so far.
    fn posterior(&self) -> Posterior;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_written_as_it_is_read() {
        for source in SampleSource::ALL {
            assert_eq!(source.key().parse(), Ok(source));
            assert_eq!(serde_json::to_string(&source).unwrap(), format!("\"{}\"", source.key()));
        }
        assert!("dropout".parse::<SampleSource>().unwrap_err().to_string().contains("mc-dropout"));
    }

    #[test]
    fn what_cannot_be_asked_has_a_reason() {
        assert!(SampleSource::McDropout.unavailable(false, 0).unwrap().contains("no stochastic layer"));
        assert_eq!(SampleSource::McDropout.unavailable(true, 0), None);
        assert_eq!(SampleSource::TestTime.unavailable(false, 0), None);
        assert!(SampleSource::Ensemble.unavailable(true, 0).unwrap().contains("--ensemble"));
        assert_eq!(SampleSource::Ensemble.unavailable(false, 2), None);
    }
}
