//! What the figures allow to say, in sentences that do not flatter.

use super::no_rank::{NoRank, RandomizationCounts};
use super::summary::{FEW, FaithfulnessSummary, MethodSummary};
use crate::explain::faithfulness::measure::Measure;

impl FaithfulnessSummary {
    /// One sentence after the other; a single one where there are too few patients to conclude
    /// anything.
    #[must_use]
    pub fn conclusions(&self) -> Vec<String> {
        if self.patients < FEW {
            let whose = match self.patients {
                1 => "One patient".to_owned(),
                n => format!("{n} patients"),
            };
            return vec![format!(
                "{whose} cannot tell which maps can be believed: nothing is concluded, and there is no rank."
            )];
        }
        let mut sentences = Vec::new();
        self.against_the_controls(&mut sentences);
        self.without_a_rank(&mut sentences);
        self.against_chance(&mut sentences);
        if self.checked > 0 {
            self.without_weights(&mut sentences);
        }
        sentences
    }

    fn against_the_controls(&self, sentences: &mut Vec<String>) {
        let all = Measure::ALL.len();
        let on_all = self.named(|s| s.rank.is_some() && s.better_than_blob() == Some(all));
        sentences.push(match on_all.as_slice() {
            [] => format!("No method that is ranked is better than a centred blob on all {all} measures."),
            _ => format!("Better than a centred blob on all {all} measures: {}.", on_all.join(", ")),
        });
        for (control, never) in [
            (
                "a centred blob, which knows nothing of the image",
                self.named(|s| !s.measures.is_empty() && s.better_than_blob() == Some(0)),
            ),
            ("a random map", self.named(|s| !s.measures.is_empty() && s.better_than_random() == Some(0))),
        ] {
            if !never.is_empty() {
                sentences
                    .push(format!("For this model no better than {control}, by any measure: {}.", never.join(", ")));
            }
        }
        let silent: Vec<String> = (self.standings.iter().filter(|s| s.silent > 0))
            .map(|s| format!("{} ({} of {})", s.method.name(), s.silent, s.images))
            .collect();
        if !silent.is_empty() {
            sentences.push(format!(
                "Some maps mark no place more than another; they are in no mean and count as beaten: {}.",
                silent.join(", ")
            ));
        }
        let few = self.named(|s| s.better_than_blob().is_none());
        if !few.is_empty() {
            sentences.push(format!(
                "Maps of fewer than {FEW} patients mark anything, so there is no rank: {}.",
                few.join(", ")
            ));
        }
    }

    /// Methods that the measures may praise and that yet are not ranked.
    fn without_a_rank(&self, sentences: &mut Vec<String>) {
        for reason in [NoRank::Fails, NoRank::KnownToFail, NoRank::Undecided, NoRank::NotChecked] {
            let list = self.named(|s| s.apart() == Some(reason));
            if !list.is_empty() {
                sentences.push(format!(
                    "Without a rank, whatever the measures say: {} ({}).",
                    list.join(", "),
                    reason.words()
                ));
            }
        }
    }

    /// Intervals of 95 % have their lower end above 0 by chance once in forty.
    fn against_chance(&self, sentences: &mut Vec<String>) {
        let compared: usize = self.standings.iter().map(|s| s.measures.len()).sum();
        if compared >= 40 {
            sentences.push(format!(
                "{compared} intervals were looked at: one in forty lies above 0 by chance alone, and ranks next to each other may change \
                 places with other images."
            ));
        }
    }

    fn without_weights(&self, sentences: &mut Vec<String>) {
        let fails = |c: RandomizationCounts| c.fails > 0 && 2 * c.fails >= c.decided();
        let known = |s: &MethodSummary| s.method.fails_sanity_check().is_some();
        let counted = |chosen: &dyn Fn(&MethodSummary) -> bool| -> Vec<String> {
            let chosen = self.standings.iter().filter(|s| chosen(s));
            chosen.map(|s| format!("{} ({} of {})", s.method.name(), s.checks.fails, s.checks.decided())).collect()
        };
        for (about, list) in [
            (
                "Fails the randomisation check, as is known of it (Adebayo et al. 2018): the map hardly changes when the model forgets \
                 what it learned",
                counted(&|s| fails(s.checks) && known(s)),
            ),
            (
                "Fails the randomisation check for this model, which is not known of it in general: the map hardly changes when the model \
                 forgets what it learned",
                counted(&|s| fails(s.checks) && !known(s)),
            ),
            (
                "Fails the randomisation check on some of the images",
                counted(&|s| s.checks.fails > 0 && !fails(s.checks)),
            ),
            (
                "Is known to fail the randomisation check (Adebayo et al. 2018) and did not fail it here; so few images do not clear it",
                counted(&|s| s.checks.passes > 0 && s.checks.fails == 0 && known(s)),
            ),
        ] {
            if !list.is_empty() {
                sentences.push(format!("{about}: {}.", list.join(", ")));
            }
        }
        let nothing = self.named(|s| s.checks.made() > 0 && s.checks.decided() == 0);
        if !nothing.is_empty() {
            sentences.push(format!(
                "The randomisation check can say nothing of maps with so few values, or the same everywhere: {}.",
                nothing.join(", ")
            ));
        }
        let unmade = self.named(|s| s.images > 0 && s.checks.made() == 0);
        if !unmade.is_empty() {
            sentences.push(format!(
                "The randomisation check was not made where a map marks nothing on the checked images: {}.",
                unmade.join(", ")
            ));
        }
    }

    fn named(&self, chosen: impl Fn(&MethodSummary) -> bool) -> Vec<&'static str> {
        self.standings.iter().filter(|s| chosen(s)).map(|s| s.method.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::faithfulness::testing::{case, checked, trial};
    use crate::evaluation::faithfulness::{ImageResult, MapResult};
    use crate::explain::Method;
    use crate::explain::faithfulness::randomization::Outcome;

    fn conclusions(methods: &[Method], maps: &[MapResult], images: usize) -> String {
        let cases: Vec<ImageResult> = (0..images).map(|i| case(i, maps.iter().cloned().map(Some).collect())).collect();
        FaithfulnessSummary::of(&cases, methods).conclusions().join("\n")
    }

    #[test]
    fn few_patients_conclude_nothing() {
        let maps = [checked(trial([0.1; 4]), Outcome::Fails)];
        assert_eq!(
            conclusions(&[Method::GradCam], &maps, 4),
            "4 patients cannot tell which maps can be believed: nothing is concluded, and there is no rank."
        );
        assert!(conclusions(&[Method::GradCam], &maps, 1).starts_with("One patient cannot"));
        assert!(conclusions(&[Method::GradCam], &maps, 0).starts_with("0 patients cannot"));
    }

    #[test]
    fn what_is_no_better_than_a_blob_is_named() {
        let passing = |leads| checked(trial(leads), Outcome::Passes);
        let text = conclusions(&[Method::GradCam, Method::EigenCam], &[passing([0.1; 4]), passing([-0.1; 4])], 6);
        assert!(text.contains("Better than a centred blob on all 4 measures: Grad-CAM."), "{text}");
        assert!(
            text.contains(
                "no better than a centred blob, which knows nothing of the image, by any measure: Eigen-CAM."
            ),
            "{text}"
        );
        assert!(text.contains("no better than a random map, by any measure: Eigen-CAM."), "{text}");
        let none = conclusions(&[Method::GradCam], &[passing([0.1, 0.1, 0.1, 0.0])], 6);
        assert!(none.contains("No method that is ranked is better than a centred blob on all 4 measures."), "{none}");
    }

    #[test]
    fn a_failed_check_is_held_against_what_is_known() {
        let methods = [Method::GuidedBackprop, Method::Saliency, Method::GuidedGradCam, Method::GradCam];
        let outcomes = [Outcome::Fails, Outcome::Fails, Outcome::Passes, Outcome::Undecided];
        let maps: Vec<MapResult> = outcomes.map(|o| checked(trial([0.1; 4]), o)).to_vec();
        let text = conclusions(&methods, &maps, 6);
        for part in [
            "as is known of it (Adebayo et al. 2018): the map hardly changes when the model forgets what it learned: Guided \
             backpropagation (6 of 6).",
            "not known of it in general: the map hardly changes when the model forgets what it learned: Saliency (6 of 6).",
            "did not fail it here; so few images do not clear it: Guided Grad-CAM (0 of 6).",
            "can say nothing of maps with so few values, or the same everywhere: Grad-CAM.",
            "No method that is ranked is better than a centred blob on all 4 measures.",
            "Without a rank, whatever the measures say: Guided backpropagation, Saliency (fails the randomisation check).",
            "Without a rank, whatever the measures say: Guided Grad-CAM (known to fail the randomisation check",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn maps_that_mark_nothing_and_checks_that_were_not_made_are_told() {
        let nothing = MapResult { measures: Vec::new(), sensitivity: None, randomization: None };
        let maps = [checked(trial([0.1; 4]), Outcome::Passes), nothing, trial([0.1; 4])];
        let text = conclusions(&[Method::GradCam, Method::LayerCam, Method::Rise], &maps, 6);
        assert!(text.contains("count as beaten: LayerCAM (6 of 6)."), "{text}");
        assert!(text.contains("so there is no rank: LayerCAM."), "{text}");
        assert!(text.contains("marks nothing on the checked images: RISE, LayerCAM."), "{text}");
        assert!(
            text.contains("Without a rank, whatever the measures say: RISE (the randomisation check was not made)."),
            "{text}"
        );
    }

    #[test]
    fn many_comparisons_come_with_a_warning() {
        let ten: Vec<MapResult> = vec![trial([0.1; 4]); 10];
        assert!(conclusions(&Method::ALL[..10], &ten, 6).contains("40 intervals were looked at"));
        assert!(!conclusions(&Method::ALL[..9], &ten[..9], 6).contains("by chance"));
    }
}
