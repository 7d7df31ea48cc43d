//! What the measures of a map come to, in one sentence: the
//! [verdict](crate::explain::faithfulness::verdict) that files put into English.

use crate::explain::faithfulness::verdict::{Caveat, Standing, Unbeaten};
use crate::explain::faithfulness::{Faithfulness, Measure};
use crate::language::{text, tr};

/// The verdict in one sentence that does not flatter.
pub(crate) fn sentence(known: &Faithfulness) -> String {
    let verdict = known.verdict();
    let said = compared(&verdict.standing);
    let said = match verdict.caveat {
        Some(Caveat::HardlyChanges) => tr!(
            "The map hardly changes when the network's weights are randomised, so it may show the image rather than what the network \
             learned, whatever the measures say: {}",
            begun_small(&said)
        ),
        Some(Caveat::Undecided) => {
            tr!("{}; whether it changes when the network's weights are randomised cannot be told", said)
        }
        Some(Caveat::Unchecked) => {
            tr!("{}; whether it changes when the network's weights are randomised was not checked", said)
        }
        None => said,
    };
    format!("{said}.")
}

/// With a small first letter, behind a colon.
fn begun_small(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn compared(standing: &Standing) -> String {
    match standing {
        Standing::NothingMarked => {
            text!("The map marks no place more than another, so there is nothing to evaluate").into()
        }
        Standing::Indistinguishable => text!(
            "On this image the measures cannot tell the map from a centred blob or a random map: the score moves alike \
             with all three"
        )
        .into(),
        Standing::NoBetter { than, by } => {
            let failed = failure(*by);
            match than {
                Unbeaten::Both => {
                    tr!("On this image the map is not better than a centred blob or a random map: {}", failed)
                }
                Unbeaten::Blob => tr!("On this image the map is not better than a centred blob: {}", failed),
                Unbeaten::Random => tr!("On this image the map is not better than a random map: {}", failed),
            }
        }
        Standing::NeverBetterThanBoth { of } => {
            tr!("On this image none of {} measures finds the map better than both a centred blob and a random map", of)
        }
        Standing::BetterOnAll { of } => {
            tr!("On this image the map is better than a centred blob and a random map on the one measure taken"
                | "On this image the map is better than a centred blob and a random map on all {n} measures" % *of)
        }
        Standing::BetterOnSome { of, others } => on_some(*of, others),
    }
}

fn on_some(of: usize, others: &[Measure]) -> String {
    let (count, better) = (others.len(), of - others.len());
    let others: Vec<&str> = others.iter().copied().map(subject).collect();
    let others = listed(&others);
    if 2 * better <= of {
        tr!(
            "On this image the map is better than a centred blob and a random map on only {better} of {of} measures, while {others} is no better"
                | "On this image the map is better than a centred blob and a random map on only {better} of {of} measures, while {others} are no better"
                    % count,
            better,
            of,
            others
        )
    } else {
        tr!(
            "On this image the map is better than a centred blob and a random map on {better} of {of} measures, while {others} is no better"
                | "On this image the map is better than a centred blob and a random map on {better} of {of} measures, while {others} are no better"
                    % count,
            better,
            of,
            others
        )
    }
}

/// What a map fails to do by a measure.
fn failure(measure: Measure) -> &'static str {
    match measure {
        Measure::Deletion => text!("removing what it marks lowers the score no faster"),
        Measure::Insertion => text!("putting back what it marks raises the score no faster"),
        Measure::Road => text!("filling in what it marks costs no more of the score"),
        Measure::Drop => text!("what it marks keeps no more of the score"),
    }
}

fn subject(measure: Measure) -> &'static str {
    match measure {
        Measure::Deletion => text!("its deletion curve"),
        Measure::Insertion => text!("its insertion curve"),
        Measure::Road => text!("its ROAD"),
        Measure::Drop => text!("its drop in confidence"),
    }
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {} {last}", first.join(", "), text!("and")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::randomization::{Outcome, Randomization};
    use crate::explain::faithfulness::{Better, Measured, Measurement};

    /// As many figures as leads; each has the map's lead over the blob and over the random map.
    fn figures(leads: &[(f64, f64)]) -> Vec<Measured> {
        let figure = |(measure, (blob, random)): (Measure, &(f64, f64))| {
            let sign = if measure.better() == Better::Lower { 1.0 } else { -1.0 };
            let reading = |value| Measurement { value, curve: Vec::new() };
            Measured {
                measure,
                better: measure.better(),
                map: reading(0.5),
                blob: reading(0.5 + sign * blob),
                random: reading(0.5 + sign * random),
            }
        };
        Measure::ALL.into_iter().zip(leads).map(figure).collect()
    }

    #[test]
    fn in_english_it_is_the_sentence_of_files() {
        let leads: [&[(f64, f64)]; 9] = [
            &[],
            &[(0.1, 0.2)],
            &[(0.1, 0.2); 4],
            &[(0.0, 0.001), (0.0, -0.009), (0.0, 0.0), (0.005, 0.0)],
            &[(0.1, 0.2), (0.1, -0.2), (0.1, 0.1), (0.3, 0.1)],
            &[(0.1, 0.2), (0.1, -0.2), (0.1, 0.005), (-0.3, 0.1)],
            &[(0.0, 0.2), (-0.1, 0.2), (0.0, 0.1), (0.009, 0.1)],
            &[(-0.1, -0.2); 4],
            &[(0.1, -0.2), (-0.1, 0.2), (0.0, 0.0), (0.0, 0.0)],
        ];
        for leads in leads {
            for outcome in [None, Some(Outcome::Passes), Some(Outcome::Fails), Some(Outcome::Undecided)] {
                let check = outcome.map(|outcome| Randomization { steps: Vec::new(), outcome });
                let known = Faithfulness::new(figures(leads), None, check);
                assert_eq!(sentence(&known), known.sentence, "{leads:?} {outcome:?}");
            }
        }
        let noise = Faithfulness::new(figures(&[(0.1, -0.2); 4]), None, None);
        assert_eq!(sentence(&noise), noise.sentence);
    }
}
