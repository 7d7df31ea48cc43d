//! The figures in one sentence.
//!
//! A map earns a word of praise only where it beats **both** control maps, and by more than
//! [`MARGIN`]: on one image a smaller difference is within what another seed or another blob would
//! give. Where it hardly changes when the network forgets what it learned, the sentence begins with
//! that: whatever the measures say is then no evidence for the map. Where that was not checked, the
//! sentence says so. No mean is taken over measures that ask different questions.

use super::measure::{Better, Measure, Measured};
use super::randomization::Outcome;

/// Least difference that counts, in units of probability (each measure lies between −1 and 1).
pub const MARGIN: f64 = 0.01;

/// How the map stands to one control map: −1 worse, 0 the same within [`MARGIN`], 1 better.
fn standing(figure: &Measured, control: f64) -> i8 {
    let gain = match figure.better {
        Better::Lower => control - figure.map.value,
        Better::Higher => figure.map.value - control,
    };
    if gain > MARGIN {
        1
    } else if gain < -MARGIN {
        -1
    } else {
        0
    }
}

/// Whether the map is better than the centred blob and than the random map.
#[must_use]
pub fn beats(figure: &Measured) -> (bool, bool) {
    (standing(figure, figure.blob.value) > 0, standing(figure, figure.random.value) > 0)
}

/// What the figures, and the randomisation check where it was made, say about a map.
#[must_use]
pub fn sentence(figures: &[Measured], randomization: Option<Outcome>) -> String {
    let mut sentence = compared(figures);
    match randomization {
        Some(Outcome::Fails) => {
            sentence = format!(
                "The map hardly changes when the network's weights are randomised, so it may show the image rather than what the network learned, \
                 whatever the measures say: {}{}",
                sentence[..1].to_lowercase(),
                &sentence[1..]
            );
        }
        Some(Outcome::Undecided) if praises(figures) => {
            sentence.push_str("; whether it changes when the network's weights are randomised cannot be told");
        }
        None if praises(figures) => {
            sentence.push_str("; whether it changes when the network's weights are randomised was not checked");
        }
        _ => {}
    }
    sentence.push('.');
    sentence
}

/// Whether some measure finds the map better than both control maps.
fn praises(figures: &[Measured]) -> bool {
    figures.iter().any(|figure| beats(figure) == (true, true))
}

fn compared(figures: &[Measured]) -> String {
    let n = figures.len();
    let Some(first) = figures.first() else {
        return "The map marks no place more than another, so there is nothing to evaluate".into();
    };
    let alike = |f: &Measured| standing(f, f.blob.value) == 0 && standing(f, f.random.value) == 0;
    if figures.iter().all(alike) {
        return "On this image the measures cannot tell the map from a centred blob or a random map: the score moves \
                alike with all three"
            .into();
    }
    let count = |wins: fn((bool, bool)) -> bool| figures.iter().filter(|f| wins(beats(f))).count();
    let (over_blob, over_random, over_both) = (count(|(b, _)| b), count(|(_, r)| r), count(|(b, r)| b && r));
    if over_blob == 0 || over_random == 0 {
        let controls = match (over_blob, over_random) {
            (0, 0) => "a centred blob or a random map",
            (0, _) => "a centred blob",
            _ => "a random map",
        };
        return format!("On this image the map is not better than {controls}: {}", failure(first.measure));
    }
    if over_both == 0 {
        return format!(
            "On this image none of {n} measures finds the map better than both a centred blob and a random map"
        );
    }
    if over_both == n {
        let measures = if n == 1 { "the one measure taken".into() } else { format!("all {n} measures") };
        return format!("On this image the map is better than a centred blob and a random map on {measures}");
    }
    let others: Vec<&str> = figures.iter().filter(|f| beats(f) != (true, true)).map(|f| subject(f.measure)).collect();
    let only = if 2 * over_both <= n { "only " } else { "" };
    let verb = if others.len() == 1 { "is" } else { "are" };
    format!(
        "On this image the map is better than a centred blob and a random map on {only}{over_both} of {n} measures, while \
         {} {verb} no better",
        listed(&others)
    )
}

/// What a map fails to do by a measure.
fn failure(measure: Measure) -> &'static str {
    match measure {
        Measure::Deletion => "removing what it marks lowers the score no faster",
        Measure::Insertion => "putting back what it marks raises the score no faster",
        Measure::Road => "filling in what it marks costs no more of the score",
        Measure::Drop => "what it marks keeps no more of the score",
    }
}

fn subject(measure: Measure) -> &'static str {
    match measure {
        Measure::Deletion => "its deletion curve",
        Measure::Insertion => "its insertion curve",
        Measure::Road => "its ROAD",
        Measure::Drop => "its drop in confidence",
    }
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::measure::Measurement;

    /// Four figures; each has the map's lead over the blob and over the random map.
    fn panel(leads: [(f64, f64); 4]) -> Vec<Measured> {
        let figure = |(measure, (blob, random)): (Measure, (f64, f64))| {
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
    fn praise_takes_both_control_maps_on_every_measure() {
        assert_eq!(
            sentence(&panel([(0.1, 0.2); 4]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on all 4 measures."
        );
    }

    #[test]
    fn what_is_no_better_is_named() {
        assert_eq!(
            sentence(&panel([(0.1, 0.2), (0.1, -0.2), (0.1, 0.1), (0.3, 0.1)]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on 3 of 4 measures, while its insertion \
             curve is no better."
        );
        assert_eq!(
            sentence(&panel([(0.1, 0.2), (0.1, -0.2), (0.1, 0.005), (-0.3, 0.1)]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on only 1 of 4 measures, while its \
             insertion curve, its ROAD and its drop in confidence are no better."
        );
    }

    #[test]
    fn a_map_no_better_than_a_blob_is_told_so() {
        assert_eq!(
            sentence(&panel([(0.0, 0.2), (-0.1, 0.2), (0.0, 0.1), (0.009, 0.1)]), None),
            "On this image the map is not better than a centred blob: removing what it marks lowers the score no faster."
        );
        let neither = sentence(&panel([(-0.1, -0.2); 4]), None);
        assert!(neither.contains("not better than a centred blob or a random map"), "{neither}");
        let noise = sentence(&panel([(0.1, -0.2); 4]), None);
        assert!(noise.contains("not better than a random map"), "{noise}");
        let split = sentence(&panel([(0.1, -0.2), (-0.1, 0.2), (0.0, 0.0), (0.0, 0.0)]), None);
        assert!(split.contains("none of 4 measures"), "{split}");
    }

    #[test]
    fn scores_that_do_not_move_tell_nothing() {
        let nothing = sentence(&panel([(0.0, 0.001), (0.0, -0.009), (0.0, 0.0), (0.005, 0.0)]), None);
        assert!(nothing.contains("cannot tell the map from"), "{nothing}");
        assert!(sentence(&[], None).contains("nothing to evaluate"));
    }

    #[test]
    fn a_failed_randomisation_check_stands_before_what_the_measures_say() {
        let text = sentence(&panel([(0.1, 0.2); 4]), Some(Outcome::Fails));
        assert!(text.starts_with("The map hardly changes when the network's weights are randomised"), "{text}");
        assert!(text.ends_with("whatever the measures say: on this image the map is better than a centred blob and a random map on all 4 measures."), "{text}");
        assert_eq!(text.matches('.').count(), 1);
    }

    #[test]
    fn praise_without_the_randomisation_check_says_so() {
        let good = panel([(0.1, 0.2); 4]);
        assert!(sentence(&good, None).ends_with(
            "on all 4 measures; whether it changes when the network's weights are randomised was not checked."
        ));
        assert!(sentence(&good, Some(Outcome::Undecided)).ends_with("randomised cannot be told."));
        assert!(!sentence(&panel([(-0.1, -0.2); 4]), None).contains("randomised"));
    }
}
