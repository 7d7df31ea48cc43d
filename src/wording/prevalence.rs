//! What a call means at a stated prevalence: the sentences that [`AtPrevalence`] has in English for
//! files.

use crate::engine::prevalence::AtPrevalence;
use crate::language::{decimal, said, tr};
use crate::model::calibration::Proportion;

/// What it means for this image, in a sentence; a reason why nothing is known stays as it is.
pub(crate) fn in_words(at: &AtPrevalence) -> String {
    let (label, prevalence, reason) = (&at.label, share(at.prevalence), said(&at.reason));
    if !reason.is_empty() {
        return tr!(
            "At a prevalence of {prevalence} of {label} nothing is known of its call. {reason}",
            prevalence,
            label,
            reason
        );
    }
    let of = |value: Proportion| {
        let low = share(value.low);
        (share(value.value), low.trim_end_matches(" %").to_owned(), share(value.high))
    };
    match (at.reached, if at.reached { at.ppv } else { at.npv }.map(of)) {
        (true, Some((value, low, high))) => tr!(
            "At a prevalence of {prevalence} of {label}, {value} ({low}–{high}) of the images that reach its threshold have it (PPV).",
            prevalence,
            label,
            value,
            low,
            high
        ),
        (false, Some((value, low, high))) => tr!(
            "At a prevalence of {prevalence} of {label}, {value} ({low}–{high}) of the images below its threshold do not have it (NPV).",
            prevalence,
            label,
            value,
            low,
            high
        ),
        (true, None) => {
            tr!("At a prevalence of {prevalence} of {label} no image lies that reach its threshold.", prevalence, label)
        }
        (false, None) => {
            tr!("At a prevalence of {prevalence} of {label} no image lies below its threshold.", prevalence, label)
        }
    }
}

/// What the values rest on.
pub(crate) fn ground(at: &AtPrevalence) -> Option<String> {
    let figure = |p: Proportion| decimal(format!("{:.3} ({:.3}–{:.3})", p.value, p.low, p.high));
    let (sensitivity, specificity) = (figure(at.sensitivity?), figure(at.specificity?));
    Some(tr!("Sensitivity {}, specificity {}: {}.", sensitivity, specificity, said(&at.on)))
}

/// A share as people write it, never quite all and never quite nothing: `17 %`, `0.4 %`, `>99.9 %`.
fn share(share: f64) -> String {
    let percent = share * 100.0;
    decimal(match percent {
        p if p > 0.0 && p < 0.05 => "<0.1 %".into(),
        p if (99.95..100.0).contains(&p) => ">99.9 %".into(),
        p if (10.0..=90.0).contains(&p) => format!("{p:.0} %"),
        p => format!("{} %", (p * 10.0).round() / 10.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_they_are_those_of_files() {
        let value = |value: f64| Some(Proportion { value, low: 0.9 * value, high: 0.5 + 0.5 * value });
        for (reached, known, prevalence) in
            [(true, value(0.17), 0.02), (false, value(0.9996), 0.5), (true, None, 0.0001), (false, None, 0.3)]
        {
            for reason in ["", "Nobody measured it."] {
                let at = AtPrevalence {
                    label: "Pneumonia".into(),
                    prevalence,
                    reached,
                    ppv: known,
                    npv: known,
                    sensitivity: value(0.8),
                    specificity: known,
                    on: "a set".into(),
                    reason: reason.into(),
                };
                assert_eq!(in_words(&at), at.in_words());
                assert_eq!(ground(&at), at.ground());
            }
        }
    }
}
