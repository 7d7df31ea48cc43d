//! The spread of the samples in numbers: [`Posterior::entropy_in_words`] has it in English for files.

use crate::language::{digits, tr, translated};
use crate::uncertainty::Posterior;

/// All of the entropy and its two parts, in one sentence without its full stop.
pub(crate) fn entropy(posterior: &Posterior) -> String {
    let share = |nats: f32| digits(posterior.share(nats), 2);
    tr!(
        "Entropy {all} of 1: {image} uncertainty about the image (aleatoric), {own} {measure}",
        all = share(posterior.predictive_entropy),
        image = share(posterior.expected_entropy()),
        own = share(posterior.mutual_information),
        measure = translated(posterior.source.measures())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::SampleSource;

    #[test]
    fn in_english_it_is_that_of_files_and_in_german_numbers_have_a_comma() {
        for source in SampleSource::ALL {
            let posterior = Posterior {
                predictive_entropy: 0.41,
                mutual_information: 0.03,
                max_entropy: 1.0,
                source,
                ..Posterior::default()
            };
            assert_eq!(entropy(&posterior), posterior.entropy_in_words());
            let german = crate::language::within("de", || entropy(&posterior));
            assert!(german.contains("0,41") && !german.contains("uncertainty"), "{german}");
        }
    }
}
