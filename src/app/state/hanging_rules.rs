//! Simple hanging rules: which images stand where, by what the current image is and whether a prior
//! of it is open.
//!
//! A file of rules in TOML; the first rule that suits the current image is taken:
//!
//! ```toml
//! [[rule]]
//! modality = ["CR", "DX"]
//! body_part = "chest"
//! view = "frontal"
//! prior = true
//! grid = "1x2"
//! slots = ["current", "prior"]
//! ```
//!
//! No more than that: no windows, no sorting, no conditions on other attributes, none of DICOM's
//! Hanging Protocol objects (PS3.3 C.23).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};

use super::State;
use super::grid::{Grid, MOST_SLOTS, SlotIndex};
use super::prior::view_family;
use crate::printable::shortened;
use crate::study::{ImageEntry, Metadata, Series, Study};

/// Most rules of a file.
const MOST_RULES: usize = 200;

/// What is wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}", shortened(reason))]
pub struct RulesError {
    /// From 1.
    pub line: usize,
    pub reason: String,
}

/// The rules of a file, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HangingRules {
    #[serde(default, rename = "rule")]
    pub rules: Vec<HangingRule>,
}

/// One rule: when it holds, and what stands where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HangingRule {
    /// For people.
    #[serde(default)]
    pub name: String,
    /// Any of these; empty for every modality.
    #[serde(default, deserialize_with = "one_or_several")]
    pub modality: Vec<String>,
    /// A part of Body Part Examined, or where a file has none, of its descriptions.
    #[serde(default, deserialize_with = "one_or_several")]
    pub body_part: Vec<String>,
    /// View Position, or `frontal` (PA, AP) and `lateral` (LL, RL, LATERAL).
    #[serde(default, deserialize_with = "one_or_several")]
    pub view: Vec<String>,
    /// Whether a prior is open; either, where nothing is said.
    #[serde(default)]
    pub prior: Option<bool>,
    #[serde(deserialize_with = "grid")]
    pub grid: Grid,
    /// Row by row; places beyond the last stay empty.
    #[serde(deserialize_with = "slots")]
    pub slots: Vec<SlotRule>,
}

/// What comes into a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotRule {
    Empty,
    Current,
    Prior,
    /// The first image of the current or the prior study with these views or sides.
    Of {
        prior: bool,
        view: Vec<String>,
    },
    /// The first image of this series, from 1, of the current or the prior study.
    Series {
        prior: bool,
        number: usize,
    },
}

impl HangingRules {
    /// The rules of a file.
    ///
    /// # Errors
    /// The line, and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.get(..at).map_or(0, |before| before.matches('\n').count());
            RulesError { line, reason: error.message().trim().trim_end_matches('.').to_owned() }
        })?;
        if rules.rules.len() > MOST_RULES {
            return Err(RulesError { line: 1, reason: format!("a file has at most {MOST_RULES} rules") });
        }
        Ok(rules)
    }

    /// The first rule that suits an image.
    #[must_use]
    pub fn suiting(&self, meta: &Metadata, has_prior: bool) -> Option<&HangingRule> {
        self.rules.iter().find(|rule| rule.suits(meta, has_prior))
    }
}

impl HangingRule {
    fn suits(&self, meta: &Metadata, has_prior: bool) -> bool {
        let any = |list: &[String], suits: &dyn Fn(&str) -> bool| list.is_empty() || list.iter().any(|one| suits(one));
        let lower = |text: &str| text.trim().to_lowercase();
        let part = match lower(&meta.body_part) {
            part if part.is_empty() => {
                [&meta.study_description, &meta.series_description, &meta.protocol].map(|text| lower(text)).join(" ")
            }
            part => part,
        };
        any(&self.modality, &|one| lower(one) == lower(&meta.modality))
            && any(&self.body_part, &|one| part.contains(&lower(one)))
            && any(&self.view, &|one| is_view(meta, one))
            && self.prior.is_none_or(|wanted| wanted == has_prior)
    }
}

/// Whether a view is the one that a word names.
fn is_view(meta: &Metadata, word: &str) -> bool {
    let word = word.trim().to_uppercase();
    let view = meta.view_position.trim().to_uppercase();
    !view.is_empty() && (view == word || view_family(&view) == word)
}

impl State {
    /// What stands where by a rule, for an image and its prior; the images in the order of the
    /// places.
    pub fn hung_by(&self, rule: &HangingRule, current: &Arc<ImageEntry>) -> Vec<Option<Arc<ImageEntry>>> {
        let prior = self.prior_of(current).ok();
        let found = |slot: &SlotRule| match slot {
            SlotRule::Empty => None,
            SlotRule::Current => Some(current.clone()),
            SlotRule::Prior => prior.clone(),
            SlotRule::Of { prior: of_prior, view } => {
                let of = if *of_prior { prior.as_ref()? } else { current };
                let fits = |image: &&Arc<ImageEntry>| view.iter().all(|word| has(&image.meta, word));
                // The image itself before another one of its study.
                Some(of).filter(fits).or_else(|| self.study_of(of)?.iter_images().find(fits)).cloned()
            }
            SlotRule::Series { prior: of_prior, number } => {
                let of = if *of_prior { prior.as_ref()? } else { current };
                self.study_of(of)?.iter_series().nth(number - 1)?.images.iter().find(|image| image.has_pixels).cloned()
            }
        };
        let mut images: Vec<_> = rule.slots.iter().map(found).collect();
        images.resize(rule.grid.slots().min(MOST_SLOTS), None);
        images
    }

    /// The study of an image of the list.
    fn study_of(&self, entry: &ImageEntry) -> Option<&Study> {
        let mut studies = self.catalogue.patients.iter().flat_map(|patient| &patient.studies);
        let holds = |study: &&Study| study.iter_images().any(|image| std::ptr::eq(image.as_ref(), entry));
        studies.find(holds)
    }
}

/// Whether an image has this view or side.
fn has(meta: &Metadata, word: &str) -> bool {
    is_view(meta, word) || meta.laterality.trim().eq_ignore_ascii_case(word)
}

impl Study {
    fn iter_series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|series| series.images.iter().any(|image| image.has_pixels))
    }

    fn iter_images(&self) -> impl Iterator<Item = &Arc<ImageEntry>> {
        self.series.iter().flat_map(|series| &series.images).filter(|image| image.has_pixels)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let list = match OneOrSeveral::deserialize(from) {
        Ok(OneOrSeveral::One(one)) => vec![one],
        Ok(OneOrSeveral::Several(several)) => several,
        Err(_) => return Err(de::Error::custom("a text or a list of texts is expected, like [\"CR\", \"DX\"]")),
    };
    Ok(list)
}

fn grid<'de, D: Deserializer<'de>>(from: D) -> Result<Grid, D::Error> {
    let words = String::deserialize(from)?;
    let known = |grid: &Grid| format!("{}x{}", grid.rows, grid.columns);
    let found = Grid::ALL.into_iter().find(|grid| known(grid) == words.trim().replace('×', "x").replace(' ', ""));
    found.ok_or_else(|| {
        let all: Vec<String> = Grid::ALL.iter().map(known).collect();
        let words = quoted(&words);
        de::Error::custom(format!("there is no grid “{words}”; there are {} (rows x columns)", all.join(", ")))
    })
}

fn slots<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SlotRule>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    if words.len() > MOST_SLOTS {
        return Err(de::Error::custom(format!("a grid has at most {MOST_SLOTS} places")));
    }
    words.iter().map(|words| slot(words).map_err(de::Error::custom)).collect()
}

/// What a file says, as far as a sentence quotes it.
fn quoted(words: &str) -> String {
    words.chars().take(60).collect()
}

/// `current`, `prior`, `current:lateral`, `prior:L CC`, `series 2`, `prior series 2`, `empty`.
fn slot(words: &str) -> Result<SlotRule, String> {
    let plain = words.trim().to_lowercase();
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|number| *number > 0);
    let known = match plain.split_once(':').map(|(of, view)| (of.trim(), view)) {
        Some((of @ ("current" | "prior"), view)) if !view.trim().is_empty() => {
            Some(SlotRule::Of { prior: of == "prior", view: view.split_whitespace().map(str::to_owned).collect() })
        }
        Some(_) => None,
        None => match plain.as_str() {
            "empty" | "" => Some(SlotRule::Empty),
            "current" => Some(SlotRule::Current),
            "prior" => Some(SlotRule::Prior),
            other => {
                let (prior, rest) = match other.strip_prefix("prior ") {
                    Some(rest) => (true, rest),
                    None => (false, other),
                };
                let number = rest.trim().strip_prefix("series").and_then(number);
                number.map(|number| SlotRule::Series { prior, number })
            }
        },
    };
    known.ok_or_else(|| {
        let words = quoted(words);
        format!(
            "“{words}” names no image; there are current, prior, current:lateral (or another view or side), \
             series 2, prior series 2, empty"
        )
    })
}

/// The place of an image among those of a rule, else the first place that has one.
#[must_use]
pub fn active_place(images: &[Option<Arc<ImageEntry>>], current: &Arc<ImageEntry>) -> Option<SlotIndex> {
    let is_current = |image: &Option<Arc<ImageEntry>>| image.as_ref().is_some_and(|image| Arc::ptr_eq(image, current));
    images.iter().position(is_current).or_else(|| images.iter().position(Option::is_some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_taken_by_modality_part_view_and_prior() {
        let rules = HangingRules::parse(
            "[[rule]]\nmodality = ['CR', 'dx']\nbody_part = 'chest'\nview = 'frontal'\nprior = true\ngrid = '1x2'\n\
             slots = ['current', 'prior']\n[[rule]]\nmodality = 'MG'\ngrid = '2 × 2'\n\
             slots = ['current:R CC', 'current:L CC', 'prior series 2', 'empty']\n",
        )
        .unwrap();
        let meta = |modality: &str, part: &str, view: &str| Metadata {
            modality: modality.into(),
            body_part: part.into(),
            view_position: view.into(),
            ..Metadata::default()
        };
        let grid = |meta: &Metadata, prior| rules.suiting(meta, prior).map(|rule| rule.grid.words());
        assert_eq!(grid(&meta("DX", "CHEST PORTABLE", "AP"), true).as_deref(), Some("1 × 2"));
        assert_eq!(grid(&meta("DX", "CHEST", "AP"), false), None);
        assert_eq!(grid(&meta("DX", "HAND", "AP"), true), None);
        assert_eq!(grid(&meta("DX", "CHEST", "LL"), true), None);
        // Without a body part, descriptions are asked.
        let described = Metadata { study_description: "Chest two views".into(), ..meta("CR", "", "PA") };
        assert_eq!(grid(&described, true).as_deref(), Some("1 × 2"));
        assert_eq!(grid(&meta("MG", "BREAST", "CC"), false).as_deref(), Some("2 × 2"));
        let expected = [
            SlotRule::Of { prior: false, view: vec!["r".into(), "cc".into()] },
            SlotRule::Of { prior: false, view: vec!["l".into(), "cc".into()] },
            SlotRule::Series { prior: true, number: 2 },
            SlotRule::Empty,
        ];
        assert_eq!(rules.rules[1].slots, expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |text: &str| HangingRules::parse(text).unwrap_err().to_string();
        let words = said("[[rule]]\ngrid = '1x2'\nslots = ['current', 'next']\n");
        assert!(words.starts_with("line 3: “next” names no image"), "{words}");
        let words = said("[[rule]]\nmodality = 'CR'\ngrid = '4x4'\nslots = []\n");
        assert!(words.starts_with("line 3: there is no grid “4x4”"), "{words}");
        let words = said("[[rule]]\ngrid = '1x1'\nslots = []\nwindow = 3\n");
        assert!(words.starts_with("line 4: unknown field `window`"), "{words}");
        assert!(said("[[rule]\n").starts_with("line 1: "));
    }
}
