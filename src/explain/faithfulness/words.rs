//! The figures in words, the same on the screen, on paper and on the command line.
//!
//! The steps between "hardly" and "greatly" are ours and only choose a word; the number always
//! stands beside it.

use super::measure::{Better, Measure, Measured};
use super::randomization::{Outcome, Randomization};
use super::verdict::MARGIN;

/// What no figure here can say.
pub const NOT_THE_FINDING: &str = "These figures say whether the map tells what moved this model's score. They cannot say whether it \
                                   lies on the finding: a map can be true to a model that looks at the wrong place.";

/// What a measure asks of a map.
#[must_use]
pub fn question(measure: Measure) -> &'static str {
    match measure {
        Measure::Deletion => {
            "Does the score fall as what the map marks is removed? Area under the curve (Petsiuk et al. 2018)"
        }
        Measure::Insertion => {
            "Does the score rise as what the map marks is put back? Area under the curve (Petsiuk et al. 2018)"
        }
        Measure::Road => {
            "The same with a filling that betrays no shape: what removing the least marked pixels leaves of the score, minus what \
             removing the most marked ones leaves, halved (Rong et al. 2022)"
        }
        Measure::Drop => {
            "How much of the score is lost when only what the map marks is left (Chattopadhyay et al. 2018)"
        }
    }
}

/// "lower" or "higher".
#[must_use]
pub fn better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
    }
}

/// Which of map, blob and random map are best: all that lie within [`MARGIN`] of the best one.
#[must_use]
pub fn best(figure: &Measured) -> [bool; 3] {
    let values = [&figure.map, &figure.blob, &figure.random].map(|reading| match figure.better {
        Better::Lower => -reading.value,
        Better::Higher => reading.value,
    });
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.map(|value| top - value <= MARGIN)
}

/// How much the map changes under noise that no reader sees.
#[must_use]
pub fn sensitivity(change: f64) -> String {
    let word = match change {
        c if c < 0.05 => "hardly changes the map",
        c if c < 0.2 => "changes the map a little",
        c if c < 0.5 => "changes the map clearly",
        _ => "changes the map greatly",
    };
    format!("Noise too weak to be seen {word}: by up to {:.1} % of its size.", 100.0 * change)
}

/// What the randomisation check says.
#[must_use]
pub fn randomization(check: &Randomization) -> String {
    let last = check.steps.last().map_or_else(String::new, |step| {
        let [rho, ssim] = [step.spearman, step.ssim].map(|v| format!("{v:.2}").replace('-', "−"));
        format!(" (rank correlation {rho}, SSIM {ssim} with every stage forgotten)")
    });
    match check.outcome {
        Outcome::Passes => format!("Passed: the map changes when the model forgets what it learned{last}."),
        Outcome::Fails => format!(
            "Failed: the map stays much the same when the model forgets what it learned{last}, so it may show the image rather \
             than the model."
        ),
        Outcome::Undecided => {
            "No verdict: the map has too few values, or they are all the same, so chance alone could make two \
                               maps alike."
                .into()
        }
    }
}

/// Why a map was not made again for altered images and forgetful models.
#[must_use]
pub fn too_costly(method: &str, cost: &str) -> String {
    format!(
        "Not measured: sensitivity to noise and the randomisation check. They need the map made again a dozen times, and {method} \
         takes {cost}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::measure::Measurement;
    use crate::explain::faithfulness::randomization::RandomizedStage;

    #[test]
    fn every_figure_within_the_margin_of_the_best_is_best() {
        let reading = |value| Measurement { value, curve: Vec::new() };
        let figure = |better, [map, blob, random]: [f64; 3]| Measured {
            measure: Measure::Deletion,
            better,
            map: reading(map),
            blob: reading(blob),
            random: reading(random),
        };
        assert_eq!(best(&figure(Better::Lower, [0.2, 0.205, 0.4])), [true, true, false]);
        assert_eq!(best(&figure(Better::Higher, [0.2, 0.205, 0.4])), [false, false, true]);
    }

    #[test]
    fn a_word_never_stands_without_its_number() {
        assert_eq!(sensitivity(0.031), "Noise too weak to be seen hardly changes the map: by up to 3.1 % of its size.");
        assert!(sensitivity(1.4).contains("greatly: by up to 140.0 %"));
        let step = RandomizedStage { stage: "stage1".into(), spearman: 0.91, ssim: 0.8 };
        let check = Randomization { steps: vec![step], outcome: Outcome::Fails };
        assert!(randomization(&check).contains("rank correlation 0.91, SSIM 0.80"));
    }
}
