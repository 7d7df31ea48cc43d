//! The sentences of the faithfulness of a map: those that
//! [`words`](crate::explain::faithfulness::words) has in English for files.

use super::method_cost;
use crate::explain::Method;
use crate::explain::faithfulness::randomization::{Outcome, Randomization};
use crate::language::{decimal, text, tr};

/// How far noise that cannot be seen changes the map; `change` is a part of its size.
pub(crate) fn sensitivity(change: f64) -> String {
    let percent = decimal(format!("{:.1}", 100.0 * change));
    match change {
        c if c < 0.05 => tr!("Noise too weak to be seen hardly changes the map: by up to {} % of its size.", percent),
        c if c < 0.2 => tr!("Noise too weak to be seen changes the map a little: by up to {} % of its size.", percent),
        c if c < 0.5 => tr!("Noise too weak to be seen changes the map clearly: by up to {} % of its size.", percent),
        _ => tr!("Noise too weak to be seen changes the map greatly: by up to {} % of its size.", percent),
    }
}

/// What the randomisation check came to.
pub(crate) fn randomization(check: &Randomization) -> String {
    let last = check.steps.last().map_or_else(String::new, |step| {
        let [rho, ssim] = [step.spearman, step.ssim].map(|v| decimal(format!("{v:.2}").replace('-', "−")));
        format!(" {}", tr!("(rank correlation {rho}, SSIM {ssim} with every stage forgotten)", rho, ssim))
    });
    match check.outcome {
        Outcome::Passes => tr!("Passed: the map changes when the model forgets what it learned{}.", last),
        Outcome::Fails => tr!(
            "Failed: the map stays much the same when the model forgets what it learned{}, so it may show the image rather \
             than the model.",
            last
        ),
        Outcome::Undecided => text!(
            "No verdict: the map has too few values, or they are all the same, so chance alone could make two \
             maps alike."
        )
        .into(),
    }
}

/// Why a map was not made again for altered images and forgetful models.
pub(crate) fn too_costly(method: Method) -> String {
    tr!(
        "Not measured: sensitivity to noise and the randomisation check. They need the map made again a dozen times, and {method} \
         takes {cost}.",
        method = method.name(),
        cost = method_cost::in_words(method.cost())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::randomization::RandomizedStage;
    use crate::explain::faithfulness::words;

    #[test]
    fn in_english_they_are_those_of_files() {
        for method in Method::ALL {
            assert_eq!(too_costly(method), words::too_costly(method.name(), &method.cost().words()));
        }
        for change in [0.031, 0.1, 0.3, 1.4] {
            assert_eq!(sensitivity(change), words::sensitivity(change));
        }
        for outcome in [Outcome::Passes, Outcome::Fails, Outcome::Undecided] {
            let step = RandomizedStage { stage: "stage1".into(), spearman: -0.91, ssim: 0.8 };
            let check = Randomization { steps: vec![step], outcome };
            assert_eq!(randomization(&check), words::randomization(&check));
            let none = Randomization { steps: Vec::new(), outcome };
            assert_eq!(randomization(&none), words::randomization(&none));
        }
    }
}
