//! What a labelled set says about a model's probabilities, kept beside the manifest
//! (`calibration.toml`): the cuts of the [`conformal`] states, the reliability diagram, and how
//! often the operating thresholds are right.
//!
//! It belongs to certain weights and a certain temperature and is left aside, with a sentence, when
//! the model has others: a state at a stated risk that was measured on another network would be a
//! lie. `pellucid evaluate DIR --calibrate FOLDER` writes it, and so does every training from its
//! calibration part; the note says what else these images chose.
//!
//! Reliability is that of bins of equally many images. Intervals are Wilson's 95 % with the
//! effective number of patients ([`crate::evaluation::proportion`]); in files of format 1 those of
//! reliability take images for independent.
//!
//! Format 2 has cuts that never cross and the operating points; files of format 1 are read as
//! [`conformal::uncrossed`] has it.

use serde::{Deserialize, Serialize};

use super::conformal::{self, Cuts, Verdict};
use super::study_calibration::StudyCalibration;
use crate::model::manifest::Manifest;
use crate::printable::shortened;

/// Name of the file in a model's folder.
pub const FILE: &str = "calibration.toml";
/// Counts up when fields change their meaning.
const FORMAT: u32 = 2;
/// Formats that are read.
const READ: std::ops::RangeInclusive<u32> = 1..=FORMAT;

/// Why there is nothing to say about a model's probabilities, in a sentence for the reader.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    #[error(
        "This model brings no calibration.toml: nobody has measured on labelled images what its probabilities are worth. `pellucid evaluate DIR --calibrate FOLDER` makes one."
    )]
    Missing,
    #[error("The calibration.toml of this model cannot be read, so it is left aside: {}", shortened(.0))]
    Unreadable(String),
    #[error(
        "The calibration.toml of this model was measured with other weights (SHA-256 {}, the model has {found}), so it is left aside. `pellucid evaluate DIR --calibrate FOLDER` measures anew.",
        shortened(stated)
    )]
    OtherWeights { stated: String, found: String },
    #[error(
        "The calibration.toml of this model was measured at the temperature {stated}, the model has {found}, so it is left aside. `pellucid evaluate DIR --calibrate FOLDER` measures anew."
    )]
    OtherTemperature { stated: f32, found: f32 },
    #[error("The calibration.toml of this model says nothing about “{}”, so it is left aside.", shortened(.0))]
    Lacks(String),
    #[error("The calibration.toml of this model is left aside: {}.", shortened(.0))]
    Field(String),
}

/// `calibration.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub format: u32,
    /// Name of the model it was made for; a help for people, the hash decides.
    pub model: String,
    /// SHA-256 of the weights, lower-case hex.
    pub weights_sha256: String,
    /// The manifest's temperature at which the probabilities were taken.
    pub temperature: f32,
    /// The calibration set, in words.
    pub set: String,
    pub images: usize,
    /// As far as they can be told apart.
    pub patients: usize,
    /// When it was measured, `2026-11-20`.
    pub date: String,
    /// What else these images did to the model.
    pub note: String,
    /// Risks of the cuts, rising, 0–½.
    pub risks: Vec<f64>,
    /// Labels, then groups.
    pub targets: Vec<Target>,
    /// How often the thresholds of labels and groups are right, where images with and without were
    /// known; none in format 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operating: Vec<OperatingPoint>,
    /// The same of whole studies or series; `None` where that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<StudyCalibration>,
}

/// A label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub name: String,
    /// Images that are known to show it.
    pub with: usize,
    /// Images that are known not to.
    pub without: usize,
    /// Cuts of [`Cuts::present_above`], one a risk.
    pub present_above: Vec<f32>,
    /// Cuts of [`Cuts::absent_below`], one a risk.
    pub absent_below: Vec<f32>,
    /// Expected calibration error over the bins, 0–1.
    pub ece: f64,
    /// Brier score, 0–1.
    pub brier: f64,
    pub bins: Vec<Bin>,
}

/// Images of similar probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    pub n: usize,
    /// Mean probability.
    pub said: f64,
    /// Share of the images that have the finding, and its 95 % interval.
    pub seen: f64,
    pub low: f64,
    pub high: f64,
}

/// How often an operating threshold is right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    pub name: String,
    /// The manifest's threshold at which it was measured.
    pub threshold: f32,
    /// Share of the images with the finding that reach it.
    pub sensitivity: Proportion,
    /// Share of the images without the finding that do not.
    pub specificity: Proportion,
}

/// A share, and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proportion {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Proportion {
    /// All three lie in 0–1 and in their order.
    fn is_one(&self) -> bool {
        0.0 <= self.low && self.low <= self.value && self.value <= self.high && self.high <= 1.0
    }
}

impl Calibration {
    /// An empty one of the present format.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            format: FORMAT,
            model: manifest.name.clone(),
            weights_sha256: manifest.weights_sha256.clone(),
            temperature: manifest.temperature,
            set: String::new(),
            images: 0,
            patients: 0,
            date: String::new(),
            note: String::new(),
            risks: conformal::RISKS.to_vec(),
            targets: Vec::new(),
            operating: Vec::new(),
            study: None,
        }
    }

    /// Reads the file of the model of `manifest`.
    ///
    /// # Errors
    /// When it is no such file, or of another model.
    pub fn parse(text: &str, manifest: &Manifest) -> Result<Self, CalibrationError> {
        let read: Self = toml::from_str(text).map_err(|e| CalibrationError::Unreadable(e.to_string()))?;
        read.check(manifest)?;
        Ok(read)
    }

    /// The file.
    ///
    /// # Errors
    /// When the values cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Whether it belongs to the model and can be meant.
    fn check(&self, manifest: &Manifest) -> Result<(), CalibrationError> {
        let wrong = |words: String| Err(CalibrationError::Field(words));
        if !READ.contains(&self.format) {
            return wrong(format!("it is of format {}, this program reads formats up to {FORMAT}", self.format));
        }
        if self.weights_sha256 != manifest.weights_sha256 {
            let (stated, found) = (short(&self.weights_sha256), short(&manifest.weights_sha256));
            return Err(CalibrationError::OtherWeights { stated, found });
        }
        if self.temperature != manifest.temperature {
            let (stated, found) = (self.temperature, manifest.temperature);
            return Err(CalibrationError::OtherTemperature { stated, found });
        }
        let rising = self.risks.windows(2).all(|w| w[0] < w[1]);
        if self.risks.is_empty() || !rising || !self.risks.iter().all(|r| *r > 0.0 && *r < 0.5) {
            return wrong("its risks must rise between 0 and 0.5".into());
        }
        let names = manifest.labels.iter().map(|l| &l.name).chain(manifest.groups.iter().map(|g| &g.name));
        for name in names {
            let Some(target) = self.target(name) else { return Err(CalibrationError::Lacks(name.clone())) };
            let cuts = [&target.present_above, &target.absent_below];
            let unit = |values: &Vec<f32>| values.iter().all(|v| (0.0..=1.0).contains(v));
            if !cuts.iter().all(|c| c.len() == self.risks.len() && unit(c)) {
                return wrong(format!("“{name}” needs one cut between 0 and 1 for each risk"));
            }
            let falling = target.present_above.is_sorted_by(|a, b| a >= b);
            if !falling || !target.absent_below.is_sorted_by(|a, b| a <= b) {
                return wrong(format!("the cuts of “{name}” must not leave less undecided at a smaller error rate"));
            }
            let figures = target.bins.iter().flat_map(|b| [b.said, b.seen, b.low, b.high]);
            if !figures.chain([target.ece, target.brier]).all(|v| (0.0..=1.0).contains(&v)) {
                return wrong(format!("the values of “{name}” must lie in 0–1"));
            }
        }
        if let Some(point) = self.operating.iter().find(|o| !o.sensitivity.is_one() || !o.specificity.is_one()) {
            return wrong(format!(
                "sensitivity and specificity of “{}” must lie within their intervals, in 0–1",
                point.name
            ));
        }
        let names = manifest.labels.iter().map(|l| &l.name).chain(manifest.groups.iter().map(|g| &g.name));
        match &self.study {
            Some(study) => study.check(names, self.risks.len()).map_err(CalibrationError::Field),
            None => Ok(()),
        }
    }

    /// What is known of a label or a group.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|t| t.name == name)
    }

    /// How often the threshold of a label or a group is right; `None` where that was not measured
    /// at this threshold.
    #[must_use]
    pub fn operating(&self, name: &str, threshold: f32) -> Option<&OperatingPoint> {
        self.operating.iter().find(|o| o.name == name && o.threshold == threshold)
    }

    /// The number of a risk among those of the file.
    #[must_use]
    pub fn risk_number(&self, risk: f64) -> Option<usize> {
        self.risks.iter().position(|r| (r - risk).abs() < 1e-9)
    }

    /// The cuts of a label or a group at a risk; `None` where the file has no such risk or target.
    #[must_use]
    pub fn cuts(&self, name: &str, risk: f64) -> Option<Cuts> {
        self.all_cuts(name)?.get(self.risk_number(risk)?).copied()
    }

    /// The cuts of a label or a group at every risk of the file.
    #[must_use]
    pub fn all_cuts(&self, name: &str) -> Option<Vec<Cuts>> {
        let Target { with, without, present_above, absent_below, .. } = self.target(name)?;
        let cuts = conformal::uncrossed(present_above, absent_below).into_iter().zip(&self.risks);
        let enough = |risk: f64| (*with).min(*without) >= conformal::fewest(risk);
        let of = |((present_above, absent_below), risk): ((f32, f32), &f64)| Cuts {
            present_above,
            absent_below,
            enough: enough(*risk),
        };
        Some(cuts.map(of).collect())
    }

    /// The set in one phrase: `validation part of train.toml, 717 images of 415 patients`.
    #[must_use]
    pub fn set_in_words(&self) -> String {
        format!("{}, {} images of {} patients", self.set, self.images, self.patients)
    }
}

impl Target {
    /// Why a verdict is as it is, in a sentence.
    #[must_use]
    pub fn reason(&self, verdict: Verdict, risk: f64) -> String {
        let Self { name, with, without, .. } = self;
        let percent = percent(risk);
        match verdict {
            Verdict::Present => {
                format!(
                    "Of {without} images without “{name}”, hardly any had so high a probability: at an error rate of {percent} it is not one of them."
                )
            }
            Verdict::Absent => {
                format!(
                    "Of {with} images with “{name}”, hardly any had so low a probability: at an error rate of {percent} it is not one of them."
                )
            }
            Verdict::FitsBoth => {
                format!(
                    "At an error rate of {percent} the probability fits images with “{name}” and images without it."
                )
            }
            Verdict::FitsNeither => {
                format!(
                    "At an error rate of {percent} the probability fits neither images with “{name}” nor images without it."
                )
            }
            Verdict::HeldBack => format!(
                "By itself the probability of “{name}” would be decided at an error rate of {percent}, but that would contradict what is undecided of the other labels, so nothing is said."
            ),
            Verdict::Withheld => "The image is outside the population that this model was measured on.".to_owned(),
            Verdict::TooFew => format!(
                "With {with} images with and {without} without “{name}” nothing can be said at an error rate of {percent}; it takes {} of either.",
                conformal::fewest(risk)
            ),
        }
    }
}

/// A risk as people write it: `10 %`.
#[must_use]
pub fn percent(risk: f64) -> String {
    let value = (risk * 1000.0).round() / 10.0;
    format!("{value} %")
}

/// The first digits of a hash.
fn short(hash: &str) -> String {
    let first: String = hash.chars().take(8).collect();
    format!("{first}…")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::registry;

    /// A calibration of two labels and a group of the model of `manifest`, with cuts at 0.3 and
    /// 0.6.
    pub(crate) fn made(manifest: &Manifest) -> Calibration {
        let names = manifest.labels.iter().map(|l| &l.name).chain(manifest.groups.iter().map(|g| &g.name));
        let target = |name: &String| Target {
            name: name.clone(),
            with: 40,
            without: 60,
            present_above: vec![0.6; conformal::RISKS.len()],
            absent_below: vec![0.3; conformal::RISKS.len()],
            ece: 0.04,
            brier: 0.09,
            bins: vec![Bin { n: 50, said: 0.2, seen: 0.18, low: 0.1, high: 0.31 }],
        };
        Calibration {
            set: "validation part".into(),
            images: 100,
            patients: 80,
            date: "2026-11-20".into(),
            note: "Chosen on it: the temperature.".into(),
            targets: names.map(target).collect(),
            ..Calibration::of(manifest)
        }
    }

    /// A file that version 0.5 wrote, of one label; its cuts cross from 10 % on.
    const FORMAT_1: &str = r#"
format = 1
model = "chest-xray"
weights_sha256 = "HASH"
temperature = 1.3
set = "some"
images = 664
patients = 362
date = "2026-11-26"
note = ""
risks = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2]
"#;

    #[test]
    fn a_file_of_version_0_5_is_read_and_its_crossed_cuts_are_drawn_back() {
        let names = manifest().labels.into_iter().map(|l| l.name).chain(manifest().groups.into_iter().map(|g| g.name));
        let target = |name: String| {
            format!(
                "[[targets]]\nname = \"{name}\"\nwith = 171\nwithout = 493\nece = 0.02\nbrier = 0.03\nbins = []\n\
                 present_above = [0.90, 0.78, 0.385, 0.104, 0.05, 0.03]\nabsent_below = [0.06, 0.12, 0.336, 0.70, 0.87, 0.93]\n"
            )
        };
        let text = FORMAT_1.replace("HASH", &"ab".repeat(32)) + &names.map(target).collect::<String>();
        let read = Calibration::parse(&text, &manifest()).unwrap();
        let states = |p: f32| -> Vec<&str> {
            let cuts = read.all_cuts("Normal").unwrap();
            cuts.iter().map(|c| c.judge(p).state().word()).collect()
        };
        // Up to version 0.5 an image of 0.5 was present at 5 % and undecided at 10 %.
        assert_eq!(states(0.5), ["undecided", "undecided", "present", "present", "present", "present"]);
        assert_eq!(states(0.2), ["undecided", "undecided", "absent", "absent", "absent", "absent"]);
        assert_eq!(states(0.35), ["undecided"; 6], "where the better hypothesis changes the old file does not tell");
        assert_eq!(read.operating("Normal", 0.5), None);
        let rising = text.replace("0.385, 0.104", "0.385, 0.6");
        assert!(Calibration::parse(&rising, &manifest()).unwrap_err().to_string().contains("smaller error rate"));
    }

    fn manifest() -> Manifest {
        let chest = registry::manifest(registry::DEFAULT).unwrap();
        Manifest { weights_sha256: "ab".repeat(32), temperature: 1.3, ..chest }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let made = made(&manifest());
        let text = made.to_toml().unwrap();
        assert_eq!(Calibration::parse(&text, &manifest()), Ok(made));
    }

    #[test]
    fn a_calibration_of_other_weights_is_left_aside_with_a_sentence() {
        let text = made(&manifest()).to_toml().unwrap();
        let other = Manifest { weights_sha256: "cd".repeat(32), ..manifest() };
        let words = Calibration::parse(&text, &other).unwrap_err().to_string();
        assert!(words.contains("other weights") && words.contains("abababab…"), "{words}");
        let warmer = Manifest { temperature: 1.4, ..manifest() };
        assert!(Calibration::parse(&text, &warmer).unwrap_err().to_string().contains("temperature 1.3"));
    }

    #[test]
    fn a_damaged_file_is_a_sentence_and_no_panic() {
        let whole = made(&manifest());
        let said = |c: &Calibration| Calibration::parse(&c.to_toml().unwrap(), &manifest()).unwrap_err().to_string();
        assert!(Calibration::parse("format = 'x'", &manifest()).unwrap_err().to_string().contains("cannot be read"));
        let mut lacking = whole.clone();
        lacking.targets.pop();
        assert!(said(&lacking).contains("says nothing about"));
        let mut short = whole.clone();
        short.targets[0].absent_below.pop();
        assert!(said(&short).contains("one cut between 0 and 1"));
        let mut wild = whole.clone();
        wild.targets[0].present_above[0] = f32::NAN;
        assert!(said(&wild).contains("one cut between 0 and 1"));
        assert!(said(&Calibration { risks: vec![0.2, 0.1], ..whole.clone() }).contains("must rise"));
        assert!(said(&Calibration { format: 3, ..whole.clone() }).contains("format 3"));
        let share = |value| Proportion { value, low: 0.8, high: 0.9 };
        let point =
            OperatingPoint { name: "Normal".into(), threshold: 0.5, sensitivity: share(0.85), specificity: share(1.5) };
        assert!(said(&Calibration { operating: vec![point], ..whole }).contains("within their intervals"));
    }

    #[test]
    fn cuts_are_those_of_the_risk_and_know_when_images_are_too_few() {
        let mut made = made(&manifest());
        made.targets[0].present_above = vec![0.7; 6];
        let name = made.targets[0].name.clone();
        let cuts = made.cuts(&name, 0.10).unwrap();
        assert_eq!((cuts.present_above, cuts.absent_below, cuts.enough), (0.7, 0.3, true));
        assert!(!made.cuts(&name, 0.02).unwrap().enough, "40 images are too few for 2 %");
        assert_eq!(made.cuts(&name, 0.07), None);
        assert_eq!(made.cuts("Fracture", 0.10), None);
    }

    #[test]
    fn risks_are_written_as_people_write_them() {
        assert_eq!([0.01, 0.1, 0.15].map(percent), ["1 %", "10 %", "15 %"]);
    }
}
