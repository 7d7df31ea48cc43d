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

/// Which control maps a map is not better than on any measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbeaten {
    Blob,
    Random,
    Both,
}

/// How a map stands to both control maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The map marks no place more than another.
    NothingMarked,
    /// Every measure finds the map, the blob and the random map within [`MARGIN`] of each other.
    Indistinguishable,
    /// No measure finds the map better than this control map; `by` is the first that was taken.
    NoBetter { than: Unbeaten, by: Measure },
    /// Some measures find it better than the one, some than the other, none of `of` than both.
    NeverBetterThanBoth { of: usize },
    /// All `of` measures find it better than both.
    BetterOnAll { of: usize },
    /// Some do; `others` do not.
    BetterOnSome { of: usize, others: Vec<Measure> },
}

/// What the randomisation check adds to the measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caveat {
    /// The map hardly changes with the weights: the measures are then no evidence for it.
    HardlyChanges,
    /// It is praised, and whether it changes cannot be told.
    Undecided,
    /// It is praised, and whether it changes was not checked.
    Unchecked,
}

/// What is to be said of a map: decided here once, put into words here for files and reports and by
/// the viewer in the language of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub standing: Standing,
    pub caveat: Option<Caveat>,
}

impl Verdict {
    /// Weighs the measures, and the randomisation check where it was made.
    #[must_use]
    pub fn of(figures: &[Measured], randomization: Option<Outcome>) -> Self {
        let praised = figures.iter().any(|figure| beats(figure) == (true, true));
        let caveat = match randomization {
            Some(Outcome::Fails) => Some(Caveat::HardlyChanges),
            Some(Outcome::Undecided) if praised => Some(Caveat::Undecided),
            None if praised => Some(Caveat::Unchecked),
            _ => None,
        };
        Self { standing: Standing::of(figures), caveat }
    }

    /// The verdict in one English sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let said = self.standing.in_words();
        match self.caveat {
            Some(Caveat::HardlyChanges) => format!(
                "The map hardly changes when the network's weights are randomised, so it may show the image rather than what the network learned, \
                 whatever the measures say: {}{}.",
                said[..1].to_lowercase(),
                &said[1..]
            ),
            Some(Caveat::Undecided) => {
                format!("{said}; whether it changes when the network's weights are randomised cannot be told.")
            }
            Some(Caveat::Unchecked) => {
                format!("{said}; whether it changes when the network's weights are randomised was not checked.")
            }
            None => format!("{said}."),
        }
    }
}

impl Standing {
    fn of(figures: &[Measured]) -> Self {
        let of = figures.len();
        let Some(first) = figures.first() else { return Self::NothingMarked };
        let alike = |f: &Measured| standing(f, f.blob.value) == 0 && standing(f, f.random.value) == 0;
        if figures.iter().all(alike) {
            return Self::Indistinguishable;
        }
        let over_blob = figures.iter().any(|figure| beats(figure).0);
        let over_random = figures.iter().any(|figure| beats(figure).1);
        let than = match (over_blob, over_random) {
            (false, false) => Some(Unbeaten::Both),
            (false, true) => Some(Unbeaten::Blob),
            (true, false) => Some(Unbeaten::Random),
            (true, true) => None,
        };
        if let Some(than) = than {
            return Self::NoBetter { than, by: first.measure };
        }
        let others = figures.iter().filter(|figure| beats(figure) != (true, true)).map(|figure| figure.measure);
        let others: Vec<Measure> = others.collect();
        match others.len() {
            0 => Self::BetterOnAll { of },
            n if n == of => Self::NeverBetterThanBoth { of },
            _ => Self::BetterOnSome { of, others },
        }
    }

    /// Without the full stop.
    fn in_words(&self) -> String {
        match self {
            Self::NothingMarked => "The map marks no place more than another, so there is nothing to evaluate".into(),
            Self::Indistinguishable => {
                "On this image the measures cannot tell the map from a centred blob or a random map: the score moves \
                 alike with all three"
                    .into()
            }
            Self::NoBetter { than, by } => {
                let controls = match than {
                    Unbeaten::Both => "a centred blob or a random map",
                    Unbeaten::Blob => "a centred blob",
                    Unbeaten::Random => "a random map",
                };
                format!("On this image the map is not better than {controls}: {}", failure(*by))
            }
            Self::NeverBetterThanBoth { of } => format!(
                "On this image none of {of} measures finds the map better than both a centred blob and a random map"
            ),
            Self::BetterOnAll { of } => {
                let measures = if *of == 1 { "the one measure taken".into() } else { format!("all {of} measures") };
                format!("On this image the map is better than a centred blob and a random map on {measures}")
            }
            Self::BetterOnSome { of, others } => {
                let better = of - others.len();
                let only = if 2 * better <= *of { "only " } else { "" };
                let verb = if others.len() == 1 { "is" } else { "are" };
                let others: Vec<&str> = others.iter().copied().map(subject).collect();
                format!(
                    "On this image the map is better than a centred blob and a random map on {only}{better} of {of} measures, \
                     while {} {verb} no better",
                    listed(&others)
                )
            }
        }
    }
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

    fn said(figures: &[Measured], randomization: Option<Outcome>) -> String {
        Verdict::of(figures, randomization).sentence()
    }

    #[test]
    fn praise_takes_both_control_maps_on_every_measure() {
        assert_eq!(
            said(&panel([(0.1, 0.2); 4]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on all 4 measures."
        );
    }

    #[test]
    fn what_is_no_better_is_named() {
        assert_eq!(
            said(&panel([(0.1, 0.2), (0.1, -0.2), (0.1, 0.1), (0.3, 0.1)]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on 3 of 4 measures, while its insertion \
             curve is no better."
        );
        assert_eq!(
            said(&panel([(0.1, 0.2), (0.1, -0.2), (0.1, 0.005), (-0.3, 0.1)]), Some(Outcome::Passes)),
            "On this image the map is better than a centred blob and a random map on only 1 of 4 measures, while its \
             insertion curve, its ROAD and its drop in confidence are no better."
        );
    }

    #[test]
    fn a_map_no_better_than_a_blob_is_told_so() {
        assert_eq!(
            said(&panel([(0.0, 0.2), (-0.1, 0.2), (0.0, 0.1), (0.009, 0.1)]), None),
            "On this image the map is not better than a centred blob: removing what it marks lowers the score no faster."
        );
        let neither = said(&panel([(-0.1, -0.2); 4]), None);
        assert!(neither.contains("not better than a centred blob or a random map"), "{neither}");
        let noise = said(&panel([(0.1, -0.2); 4]), None);
        assert!(noise.contains("not better than a random map"), "{noise}");
        let split = said(&panel([(0.1, -0.2), (-0.1, 0.2), (0.0, 0.0), (0.0, 0.0)]), None);
        assert!(split.contains("none of 4 measures"), "{split}");
    }

    #[test]
    fn scores_that_do_not_move_tell_nothing() {
        let nothing = said(&panel([(0.0, 0.001), (0.0, -0.009), (0.0, 0.0), (0.005, 0.0)]), None);
        assert!(nothing.contains("cannot tell the map from"), "{nothing}");
        assert!(said(&[], None).contains("nothing to evaluate"));
    }

    #[test]
    fn a_failed_randomisation_check_stands_before_what_the_measures_say() {
        let text = said(&panel([(0.1, 0.2); 4]), Some(Outcome::Fails));
        assert!(text.starts_with("The map hardly changes when the network's weights are randomised"), "{text}");
        assert!(text.ends_with("whatever the measures say: on this image the map is better than a centred blob and a random map on all 4 measures."), "{text}");
        assert_eq!(text.matches('.').count(), 1);
    }

    #[test]
    fn praise_without_the_randomisation_check_says_so() {
        let good = panel([(0.1, 0.2); 4]);
        assert!(said(&good, None).ends_with(
            "on all 4 measures; whether it changes when the network's weights are randomised was not checked."
        ));
        assert!(said(&good, Some(Outcome::Undecided)).ends_with("randomised cannot be told."));
        assert!(!said(&panel([(-0.1, -0.2); 4]), None).contains("randomised"));
    }
}
