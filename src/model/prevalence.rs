//! What a call is worth where the finding is rare: predictive values at the prevalence that the
//! reader states.
//!
//! With sensitivity `se`, specificity `sp` and a share `π` of patients who have the finding, by
//! Bayes' rule (Altman and Bland, BMJ 309 (1994) 102):
//!
//! ```text
//! PPV = se·π / (se·π + (1 − sp)(1 − π))          of those called, the share that has it
//! NPV = sp(1 − π) / (sp(1 − π) + (1 − se)π)      of those not called, the share that has it not
//! ```
//!
//! Both rise with `se` and `sp`, so their intervals reach from the lower ends of the two 95 %
//! intervals to the upper ones: as both ends at once are less likely than either, they are rather
//! too wide than too narrow.
//!
//! What it does not do: the prevalence is the reader's, not the model's; sensitivity and
//! specificity are taken to be the same where the finding is rarer or more frequent, which they are
//! only where the patients are alike in all else (spectrum effect). A probability of 0.9 is itself
//! no share of such patients: the model's probabilities hold at the prevalence of its training.

use std::str::FromStr;

use crate::model::calibration::Proportion;
use crate::model::manifest::Manifest;

/// What a reader states: a share of patients, of a finding by name or of the one that the model is
/// about.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// Label or group; `None` for the model's only group or label.
    pub name: Option<String>,
    /// 0–1, both excluded.
    pub share: f64,
}

/// Why a prevalence cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrevalenceError {
    #[error("“{0}” is no prevalence; write a share between 0 and 1 or a percentage, such as 0.01, 1% or NAME=1%")]
    NoShare(String),
    #[error("the model {model} has no “{name}”; it has: {known}")]
    Unknown { model: String, name: String, known: String },
    #[error("the prevalence of which finding? Write NAME=SHARE; the model {model} has: {known}")]
    Unnamed { model: String, known: String },
}

impl FromStr for Stated {
    type Err = PrevalenceError;

    fn from_str(text: &str) -> Result<Self, PrevalenceError> {
        let refuse = || PrevalenceError::NoShare(text.to_owned());
        let (name, share) = match text.rsplit_once('=') {
            Some((name, share)) => (Some(name.trim().to_owned()).filter(|n| !n.is_empty()), share.trim()),
            None => (None, text.trim()),
        };
        let (number, whole) = share.strip_suffix('%').map_or((share, 1.0), |percent| (percent.trim_end(), 100.0));
        let share = number.parse::<f64>().map_err(|_| refuse())? / whole;
        if share > 0.0 && share < 1.0 { Ok(Self { name, share }) } else { Err(refuse()) }
    }
}

impl Stated {
    /// The label or group of a model that is meant, as the manifest writes it.
    ///
    /// # Errors
    /// Where the model has none of that name, or several and none was named.
    pub fn target<'a>(&self, manifest: &'a Manifest) -> Result<&'a str, PrevalenceError> {
        let labels = manifest.labels.iter().map(|l| (&l.name, &l.aliases));
        let mut all = labels.chain(manifest.groups.iter().map(|g| (&g.name, &g.aliases)));
        let model = || manifest.name.clone();
        let Some(wanted) = &self.name else {
            return only(manifest).ok_or_else(|| PrevalenceError::Unnamed { model: model(), known: known(manifest) });
        };
        let is = |name: &String| name.eq_ignore_ascii_case(wanted);
        let found = all.find(|(name, aliases)| is(name) || aliases.iter().any(is));
        found.map(|(name, _)| name.as_str()).ok_or_else(|| PrevalenceError::Unknown {
            model: model(),
            name: wanted.clone(),
            known: known(manifest),
        })
    }
}

/// The finding that a model is about: its only group, or its only label.
#[must_use]
pub fn only(manifest: &Manifest) -> Option<&str> {
    match (manifest.groups.as_slice(), manifest.labels.as_slice()) {
        ([group], _) => Some(&group.name),
        ([], [label]) => Some(&label.name),
        _ => None,
    }
}

fn known(manifest: &Manifest) -> String {
    let groups = manifest.groups.iter().map(|g| g.name.as_str());
    groups.chain(manifest.labels.iter().map(|l| l.name.as_str())).collect::<Vec<_>>().join(", ")
}

/// Of those called the share that has the finding; `None` where nobody would be called.
#[must_use]
pub fn positive(sensitivity: Proportion, specificity: Proportion, prevalence: f64) -> Option<Proportion> {
    between(sensitivity, specificity, |se, sp| {
        let (right, wrong) = (se * prevalence, (1.0 - sp) * (1.0 - prevalence));
        right / (right + wrong)
    })
}

/// Of those not called the share that does not have it; `None` where everybody would be called.
#[must_use]
pub fn negative(sensitivity: Proportion, specificity: Proportion, prevalence: f64) -> Option<Proportion> {
    between(sensitivity, specificity, |se, sp| {
        let (right, wrong) = (sp * (1.0 - prevalence), (1.0 - se) * prevalence);
        right / (right + wrong)
    })
}

fn between(se: Proportion, sp: Proportion, of: impl Fn(f64, f64) -> f64) -> Option<Proportion> {
    let value = of(se.value, sp.value);
    // An end at which nobody is called tells nothing: the whole range is open then.
    let end = |value: f64, open: f64| if value.is_finite() { value } else { open };
    value.is_finite().then(|| Proportion {
        value,
        low: end(of(se.low, sp.low), 0.0).min(value),
        high: end(of(se.high, sp.high), 1.0).max(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    fn proportion(value: f64, low: f64, high: f64) -> Proportion {
        Proportion { value, low, high }
    }

    #[test]
    fn predictive_values_are_those_of_bayes_rule() {
        // The sensitivity and specificity of Altman and Bland's example, at a prevalence of 1 in 4,
        // by hand.
        let (se, sp) = (proportion(0.9, 0.85, 0.94), proportion(0.67, 0.55, 0.77));
        let ppv = positive(se, sp, 0.25).unwrap();
        assert!((ppv.value - 0.225 / (0.225 + 0.2475)).abs() < 1e-12);
        assert!((ppv.low - 0.2125 / (0.2125 + 0.3375)).abs() < 1e-12, "the lower ends of both");
        assert!((negative(se, sp, 0.25).unwrap().value - 0.5025 / (0.5025 + 0.025)).abs() < 1e-12);
        // Where one in a hundred has it, most calls are wrong.
        assert!(positive(se, sp, 0.01).unwrap().value < 0.03);
    }

    #[test]
    fn without_an_error_the_interval_has_a_width_and_without_a_call_there_is_no_value() {
        let perfect = proportion(1.0, 0.9, 1.0);
        let ppv = positive(perfect, perfect, 0.01).unwrap();
        assert!(ppv.value == 1.0 && ppv.low < 0.1 && ppv.high == 1.0, "{ppv:?}");
        assert_eq!(positive(proportion(0.0, 0.0, 0.1), perfect, 0.5), None);
    }

    #[test]
    fn a_prevalence_is_a_share_or_a_percentage_of_a_finding() {
        let stated = |text: &str| text.parse::<Stated>();
        assert_eq!(stated("0.01"), Ok(Stated { name: None, share: 0.01 }));
        assert_eq!(stated("1 %"), Ok(Stated { name: None, share: 0.01 }));
        assert_eq!(stated("Viral pneumonia=2%").unwrap().name.as_deref(), Some("Viral pneumonia"));
        for wrong in ["", "5", "0", "1", "100%", "nan", "x=y", "-0.1"] {
            assert!(stated(wrong).unwrap_err().to_string().contains("is no prevalence"), "{wrong}");
        }
    }

    #[test]
    fn without_a_name_the_models_only_group_is_meant() {
        let chest = registry::manifest("chest-xray").unwrap();
        let stated = |text: &str| text.parse::<Stated>().unwrap();
        assert_eq!(stated("1%").target(&chest), Ok("Pneumonia"));
        assert_eq!(stated("viral=1%").target(&chest), Ok("Viral pneumonia"));
        let said = stated("Mass=1%").target(&chest).unwrap_err().to_string();
        assert!(said.contains("has no “Mass”; it has: Pneumonia, Normal"), "{said}");
        let several = Manifest { groups: Vec::new(), ..chest };
        assert!(stated("1%").target(&several).unwrap_err().to_string().contains("which finding?"));
    }
}
