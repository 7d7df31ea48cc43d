//! Which of several models fits an image, and why, in a sentence.
//!
//! Two things are asked of every model: what the file says of its modality and body part
//! ([`Fits`](crate::model::fits::Fits)), and what the model's input gate says of the pixels. What
//! the file says against a model rules it out. Of the others the one is taken whose gate accepts
//! the image; of several, the one that the file speaks for, then the higher gate score, then the
//! order of the registry. A model that the file speaks for in all it asks is taken even where its
//! gate refuses: the reader sees the refusal and its reason. Where nothing but refusals is left, no
//! model fits, and that is said too.

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::fits::Statement;
use crate::model::gate::GateVerdict;
use crate::study::ImageEntry;

/// The choice of a model for one image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Choice {
    /// Name in the registry; `None` when no model fits.
    pub model: Option<String>,
    /// A few words: "modality, body part and gate", "chosen by hand".
    pub grounds: String,
    /// A sentence: "brain-mri: modality MR, body part HEAD, and the image looks like its training
    /// images".
    pub because: String,
    /// The model that comes nearest; the one to take when the reader insists.
    pub nearest: Option<String>,
    /// The verdict of that model's gate, where it was asked: it is not asked twice about one image.
    #[serde(skip)]
    pub gate: Option<GateVerdict>,
    /// Highest gate score of all models whose gate came to one.
    pub score: Option<f32>,
    /// What each model said, in the order of the registry; empty where none was asked.
    pub opinions: Vec<Opinion>,
}

/// What one model said of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Opinion {
    pub model: String,
    /// `None` for a model that has no gate and that the file does not rule out.
    pub accepted: Option<bool>,
    /// The gate's score; `None` where its network was not asked.
    pub score: Option<f32>,
    /// Whether the file itself says that the model is not for it.
    #[serde(skip)]
    pub ruled_out: bool,
    /// A sentence.
    pub reason: String,
}

/// A model that stands to choice.
#[derive(Clone, Debug)]
pub struct Considered {
    pub name: String,
    /// What the file says to it.
    pub statement: Statement,
    /// What its gate says of the pixels; `None` where it has no gate, or was not asked.
    pub gate: Option<GateVerdict>,
}

impl Considered {
    fn refuses(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| !gate.accepted)
    }

    fn accepts(&self) -> bool {
        self.statement.against.is_none() && self.gate.as_ref().is_some_and(|gate| gate.accepted)
    }

    fn opinion(&self) -> Opinion {
        let (accepted, score, reason) = match (&self.statement.against, &self.gate) {
            (Some(against), _) => (Some(false), None, against.sentence()),
            (None, Some(gate)) => (Some(gate.accepted), gate.number(), gate.reason.clone()),
            (None, None) => (None, None, "It has no gate to look at the image.".to_owned()),
        };
        Opinion { model: self.name.clone(), accepted, score, ruled_out: self.statement.against.is_some(), reason }
    }

    /// Whether it may be taken: accepted, or wanted by everything that the file says.
    fn may_be_taken(&self) -> bool {
        self.accepts() || self.statement.all
    }

    fn score(&self) -> Option<f32> {
        self.gate.as_ref().and_then(GateVerdict::number)
    }

    /// Sorts the better candidate higher.
    fn rank(&self) -> (bool, bool, bool, usize, f32) {
        let spoken_for = (self.statement.all, self.statement.agreed.len());
        (self.statement.against.is_none(), self.accepts(), spoken_for.0, spoken_for.1, self.score().unwrap_or(0.0))
    }
}

impl Choice {
    /// What somebody named.
    #[must_use]
    pub fn by_hand(name: &str) -> Self {
        Self::of(name, "chosen by hand", format!("{name}: chosen by hand"))
    }

    /// The only model that there is.
    #[must_use]
    pub fn only(name: &str) -> Self {
        Self::of(name, "the only model", format!("{name}: the only model installed"))
    }

    fn of(name: &str, grounds: &str, because: String) -> Self {
        let (model, nearest) = (Some(name.to_owned()), Some(name.to_owned()));
        Self { model, grounds: grounds.to_owned(), because, nearest, ..Self::default() }
    }

    /// The nearest model, unless the file itself speaks against it: a mammogram is no slice of a
    /// brain, whatever a reader insists on.
    #[must_use]
    pub fn offered(&self) -> Option<&str> {
        let nearest = self.nearest.as_deref()?;
        (!self.opinions.iter().any(|opinion| opinion.model == nearest && opinion.ruled_out)).then_some(nearest)
    }

    /// The verdict that stands for all models when none fits.
    #[must_use]
    pub fn refusal(&self) -> GateVerdict {
        GateVerdict::refused(self.score.unwrap_or(f32::NAN), 0.5, self.because.clone())
    }
}

/// Chooses for the image `entry`. `considered` stands in the order of the registry, and holds two
/// models or more.
#[must_use]
pub fn choose(entry: &ImageEntry, considered: &[Considered]) -> Choice {
    let mut order: Vec<&Considered> = considered.iter().collect();
    // A stable sort keeps the order of the registry among equals.
    order.sort_by(|a, b| b.rank().partial_cmp(&a.rank()).unwrap_or(std::cmp::Ordering::Equal));
    let nearest = order.first().map(|best| best.name.clone());
    let gate = order.first().and_then(|best| best.gate.clone());
    let score = considered.iter().filter_map(Considered::score).reduce(f32::max);
    let opinions = considered.iter().map(Considered::opinion).collect();
    let Some(best) = order.into_iter().find(|one| one.may_be_taken()) else {
        let because = nothing_fits(considered);
        return Choice { model: None, grounds: "no model fits".into(), because, nearest, gate, score, opinions };
    };
    let because = format!("{}: {}", best.name, reasons(entry, best, considered));
    Choice { model: Some(best.name.clone()), grounds: grounds(best), because, nearest, gate, score, opinions }
}

fn grounds(best: &Considered) -> String {
    let mut grounds: Vec<&str> = Vec::new();
    for agreed in &best.statement.agreed {
        grounds.push(if agreed.starts_with("modality") { "modality" } else { "body part" });
    }
    if best.accepts() {
        grounds.push(if grounds.is_empty() { "its gate alone" } else { "gate" });
    }
    match grounds.as_slice() {
        [.., _] if best.refuses() => format!("by {}; its gate refuses", grounds.join(" and ")),
        [one] => format!("by {one}"),
        [first @ .., last] => format!("by {} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

fn reasons(entry: &ImageEntry, best: &Considered, considered: &[Considered]) -> String {
    let agreed = best.statement.agreed.join(", ");
    if !agreed.is_empty() {
        return match &best.gate {
            Some(gate) if gate.accepted => format!("{agreed}, and the image looks like its training images"),
            Some(_) => format!("{agreed}; its gate refuses the image"),
            None => format!("{agreed}; it has no gate to look at the image"),
        };
    }
    let others = considered.iter().filter(|one| one.name != best.name);
    let (accepting, refusing): (Vec<_>, Vec<_>) =
        others.filter(|one| one.statement.against.is_none() && one.gate.is_some()).partition(|one| one.accepts());
    let mut words = format!("{}; its gate accepts it", subject(entry));
    if !refusing.is_empty() {
        let _ = write!(words, ", {} not", owners(&refusing, "does", "do"));
    }
    if !accepting.is_empty() {
        let _ = write!(words, ", with a higher score than {}", names(&accepting));
    }
    words
}

/// What kind of file says so little: "a PNG without modality".
fn subject(entry: &ImageEntry) -> String {
    let meta = &entry.meta;
    let kind = match meta.transfer_syntax.as_str() {
        raster if raster.starts_with(|c: char| c.is_ascii_uppercase()) => format!("a {raster}"),
        _ => "a file".to_owned(),
    };
    match meta.modality.trim() {
        "" => format!("{kind} without modality"),
        modality => format!("{kind} of modality {modality}"),
    }
}

/// "brain-mri's does", "those of a and b do"
fn owners(of: &[&Considered], one: &str, several: &str) -> String {
    match of {
        [single] => format!("{}'s {one}", single.name),
        _ => format!("those of {} {several}", names(of)),
    }
}

fn names(of: &[&Considered]) -> String {
    let names: Vec<&str> = of.iter().map(|one| one.name.as_str()).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// Why each model is not the one.
fn nothing_fits(considered: &[Considered]) -> String {
    let why = |one: &Considered| {
        let name = &one.name;
        match (&one.statement.against, &one.gate) {
            (Some(against), _) => format!("{name} is not for {}", against.what),
            (None, Some(gate)) => format!("{name}: {}", gate.reason.trim_end_matches('.')),
            (None, None) => format!("{name} has no gate to look at the image"),
        }
    };
    let reasons: Vec<String> = considered.iter().map(why).collect();
    format!("no model fits: {}; choose one by hand to see its result marked as unfit", reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fits::Fits;
    use crate::study::{Identity, Metadata};
    use crate::study::{SharedUid, StackPlace};

    fn image(modality: &str, part: &str) -> ImageEntry {
        let transfer_syntax = if modality.is_empty() { "PNG" } else { "1.2.840.10008.1.2.1" }.into();
        let (modality, body_part) = (modality.into(), part.into());
        ImageEntry {
            path: "image".into(),
            identity: Identity::default(),
            meta: Metadata { modality, body_part, transfer_syntax, ..Metadata::default() },
            columns: 1,
            rows: 1,
            frames: 1,
            has_pixels: true,
            title: String::new(),
            shared_uid: SharedUid::default(),
            place: StackPlace::default(),
        }
    }

    fn fits(modality: &str, part: &str) -> Fits {
        Fits { modalities: vec![modality.into()], body_parts: vec![part.into()], views: Vec::new() }
    }

    fn verdict(score: f32) -> GateVerdict {
        let reason = format!("It scores {score}.");
        GateVerdict { accepted: score >= 0.5, ..GateVerdict::refused(score, 0.5, reason) }
    }

    /// The choice among a chest model and a brain model with these gate scores.
    fn chosen(entry: &ImageEntry, chest: f32, brain: f32) -> Choice {
        let one = |name: &str, fits: Fits, score| Considered {
            name: name.into(),
            statement: fits.statement(&entry.meta),
            gate: Some(verdict(score)),
        };
        choose(entry, &[one("chest", fits("DX", "CHEST"), chest), one("brain", fits("MR", "HEAD"), brain)])
    }

    #[test]
    fn modality_body_part_and_gate_speak_for_a_model() {
        let choice = chosen(&image("MR", "HEAD"), 0.1, 0.9);
        assert_eq!(choice.model.as_deref(), Some("brain"));
        let because = "brain: modality MR, body part HEAD, and the image looks like its training images";
        assert_eq!((choice.because.as_str(), choice.grounds.as_str()), (because, "by modality, body part and gate"));
    }

    #[test]
    fn a_picture_without_attributes_is_left_to_the_gates() {
        let choice = chosen(&image("", ""), 0.8, 0.2);
        assert_eq!(choice.because, "chest: a PNG without modality; its gate accepts it, brain's does not");
        assert_eq!((choice.grounds.as_str(), choice.nearest.as_deref()), ("by its gate alone", Some("chest")));
        let both = chosen(&image("", ""), 0.8, 0.9);
        assert_eq!(both.because, "brain: a PNG without modality; its gate accepts it, with a higher score than chest");
    }

    #[test]
    fn equal_scores_are_settled_by_the_order_of_the_registry() {
        assert_eq!(chosen(&image("", ""), 0.8, 0.8).model.as_deref(), Some("chest"));
    }

    #[test]
    fn what_every_gate_refuses_fits_no_model_and_each_says_why() {
        let choice = chosen(&image("", ""), 0.1, 0.3);
        let because = "no model fits: chest: It scores 0.1; brain: It scores 0.3; choose one by hand to see its result marked as unfit";
        assert_eq!((choice.model.as_deref(), choice.because.as_str()), (None, because));
        let opinion = |model: &str, score: f32| Opinion {
            model: model.into(),
            accepted: Some(false),
            score: Some(score),
            ruled_out: false,
            reason: format!("It scores {score}."),
        };
        assert_eq!(choice.opinions, [opinion("chest", 0.1), opinion("brain", 0.3)]);
        assert_eq!((choice.nearest.as_deref(), choice.score), (Some("brain"), Some(0.3)));
        assert_eq!(choice.offered(), Some("brain"), "pixels are refused, which a reader may know better");
    }

    #[test]
    fn what_no_gate_scored_has_no_score_and_may_be_offered() {
        let open = fits("DX", "CHEST").statement(&image("", "").meta);
        let gate = GateVerdict::without_a_score(0.5, "The image is in colour.".into());
        let one = |name: &str| Considered { name: name.into(), statement: open.clone(), gate: Some(gate.clone()) };
        let choice = choose(&image("", ""), &[one("chest"), one("brain")]);
        assert_eq!((choice.model.as_deref(), choice.score), (None, None));
        assert!(choice.opinions.iter().all(|said| said.accepted == Some(false) && said.score.is_none()));
        assert!(choice.refusal().is_judged() && choice.refusal().number().is_none());
        assert_eq!(choice.offered(), Some("chest"), "pixels are refused, which a reader may know better");
    }

    #[test]
    fn a_knee_fits_no_model_though_its_modality_and_its_pixels_would() {
        let choice = chosen(&image("MR", "KNEE"), 0.9, 0.9);
        assert_eq!(choice.model, None);
        assert_eq!(choice.opinions[1].reason, "The file says body part KNEE; this model is meant for HEAD only.");
        assert!(choice.because.contains("chest is not for modality MR; brain is not for body part KNEE"), "{choice:?}");
        assert_eq!(choice.offered(), None, "the file rules every model out");
    }

    #[test]
    fn a_chest_that_the_gate_refuses_is_shown_with_its_refusal() {
        let choice = chosen(&image("DX", "CHEST"), 0.1, 0.9);
        assert_eq!(choice.because, "chest: modality DX, body part CHEST; its gate refuses the image");
        assert_eq!(choice.grounds, "by modality and body part; its gate refuses");
    }

    #[test]
    fn the_modality_alone_does_not_speak_for_a_model_that_refuses() {
        let choice = chosen(&image("MR", ""), 0.9, 0.1);
        assert_eq!(choice.model, None);
        assert!(choice.because.contains("chest is not for modality MR; brain: It scores 0.1;"), "{}", choice.because);
        assert_eq!(choice.nearest.as_deref(), Some("brain"));
    }

    #[test]
    fn a_model_without_a_gate_is_taken_only_where_the_file_speaks_for_it() {
        let one = |name: &str, fits: &Fits, entry: &ImageEntry, gate| Considered {
            name: name.into(),
            statement: fits.statement(&entry.meta),
            gate,
        };
        let both = |entry: &ImageEntry| {
            let open = one("open", &fits("DX", "HAND"), entry, None);
            choose(entry, &[open, one("chest", &fits("DX", "CHEST"), entry, Some(verdict(0.2)))])
        };
        assert_eq!(
            both(&image("DX", "HAND")).because,
            "open: modality DX, body part HAND; it has no gate to look at the image"
        );
        let picture = both(&image("", ""));
        assert!(
            picture.because.contains("open has no gate to look at the image; chest: It scores 0.2;"),
            "{}",
            picture.because
        );
    }
}
