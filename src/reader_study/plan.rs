//! `study.toml`: what is fixed before the first case is read.
//!
//! It holds no truth but its hashes, so that it can lie on the machine of a reader. What decides what is
//! shown and in which order (arms, cases, seed, design, finding, model, marks) has a fingerprint, which
//! every reading carries: readings of another one are refused. Readers may be added at the end of their
//! list, and the washout and the threshold of a decision be corrected; that is not hidden, as every
//! reading carries the hash of the whole plan too ([`super::commitment`]).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::errors::StudyError;
use super::{ARMS, CASES, PLAN, READERS};
use crate::explain::Method;
use crate::files::{read_text, sha256};
use crate::limits;

/// The version of the format that this program writes and reads.
pub const FORMAT: u32 = 1;
/// Longest name of a study, an arm or a finding, and longest question, in characters.
const NAME: usize = 200;
/// Longest washout: ten years.
const WASHOUT_DAYS: u32 = 3650;
/// Longest code of a reader or a case, in characters.
const CODE: usize = 24;
/// Digits of the hash of a plan: 128 bits.
pub(super) const HASH: usize = 32;

/// The plan of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub format: u32,
    pub name: String,
    /// What readers are asked of every case.
    pub question: String,
    /// Label or group of the model whose score and map are shown.
    pub finding: String,
    /// Name of the model, or its folder.
    pub model: String,
    /// Of the weights that it had when the study was made, lower-case hex.
    pub weights_sha256: String,
    pub design: Design,
    /// Decides who reads what when.
    pub seed: u64,
    /// Days between the sessions of a reader.
    pub washout_days: u32,
    /// Confidence from which on a reading counts as "yes", 0–100.
    pub decision: u8,
    /// Readers mark what they see on the image.
    pub marks: bool,
    /// Codes that name nobody.
    pub readers: Vec<String>,
    /// Hash of the plan when the study was made ([`super::commitment::of_plan`]).
    pub registered: String,
    #[serde(rename = "arm")]
    pub arms: Vec<Arm>,
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// How the arms follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Every case in all arms, one behind the other, in one session: first without the model.
    Sequential,
    /// Every arm in a session of its own, with a washout between.
    Crossover,
}

/// A way of reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub name: String,
    pub shows: Shows,
    /// Method of the map, where one is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

/// What of the model's is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    Nothing,
    Score,
    /// The score, and a map.
    Map,
}

/// A case: one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its code in results.
    pub id: String,
    /// From the folder of the plan on, or absolute.
    pub path: PathBuf,
    /// Of the file, lower-case hex.
    pub sha256: String,
    /// Of what is true of it ([`super::commitment::of_truth`]).
    pub truth_sha256: String,
}

/// A plan with the folder that it lies in.
#[derive(Clone, Debug)]
pub struct PlacedPlan {
    pub plan: Plan,
    pub folder: PathBuf,
}

impl PlacedPlan {
    /// Reads `study.toml`, named itself or by its folder.
    ///
    /// # Errors
    /// When it cannot be read or used.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let file = if path.is_dir() { path.join(PLAN) } else { path.to_owned() };
        let text =
            read_text(&file, limits::STUDY_BYTES).map_err(|source| StudyError::Read { path: file.clone(), source })?;
        let unfit = |reason: String| StudyError::Plan { path: file.clone(), reason };
        let plan: Plan = toml::from_str(&text).map_err(|e| unfit(e.to_string().trim().replace('\n', " ")))?;
        plan.check().map_err(|e| match e {
            StudyError::Unfit(reason) => unfit(reason),
            other => other,
        })?;
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Ok(Self { plan, folder })
    }

    /// Where the image of a case lies.
    #[must_use]
    pub fn image(&self, case: usize) -> PathBuf {
        self.folder.join(&self.plan.cases[case].path)
    }
}

impl Plan {
    /// Whether the plan can be carried out.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn check(&self) -> Result<(), StudyError> {
        let unfit = |reason: String| Err(StudyError::Unfit(reason));
        if self.format != FORMAT {
            return unfit(format!("its format is {}, and this program reads {FORMAT}", self.format));
        }
        let counts = [
            ("readers", self.readers.len(), READERS),
            ("arms", self.arms.len(), ARMS),
            ("cases", self.cases.len(), CASES),
        ];
        for (what, n, most) in counts {
            if n == 0 || n > most {
                return unfit(format!("it has {n} {what}, and there must be 1 to {most}"));
            }
        }
        let texts = [&self.name, &self.question, &self.finding, &self.model];
        let texts = texts.into_iter().chain(self.arms.iter().map(|a| &a.name));
        for text in texts {
            if text.trim().is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
                return unfit(format!("a name or question must have 1 to {NAME} characters on one line"));
            }
        }
        if let Some(code) = self.readers.iter().chain(self.cases.iter().map(|c| &c.id)).find(|c| !is_code(c)) {
            return unfit(format!(
                "\"{}\" is no code: letters, digits, - and _ only, at most {CODE}",
                // Whoever reads it must come to what is wrong.
                code.chars().take(2 * CODE).collect::<String>().escape_debug()
            ));
        }
        twice("reader", self.readers.iter().map(String::as_str))?;
        twice("arm", self.arms.iter().map(|a| a.name.as_str()))?;
        twice("case", self.cases.iter().map(|c| c.id.as_str()))?;
        if !is_hash(&self.registered) {
            return unfit("\"registered\" is not the hash of a plan, which `pellucid study new` writes there".into());
        }
        if self.decision == 0 || self.decision > 100 {
            return unfit(format!("the decision is at {}, and must lie from 1 to 100", self.decision));
        }
        if self.washout_days > WASHOUT_DAYS {
            return unfit(format!("{} days between readings are more than {WASHOUT_DAYS}", self.washout_days));
        }
        for arm in &self.arms {
            match (arm.shows, arm.method) {
                (Shows::Map, None) => return unfit(format!("the arm \"{}\" shows a map of no method", arm.name)),
                (Shows::Nothing | Shows::Score, Some(_)) => {
                    return unfit(format!("the arm \"{}\" names a method and shows no map", arm.name));
                }
                _ => {}
            }
        }
        if self.design == Design::Sequential {
            let read_first = self.arms[0].shows == Shows::Nothing;
            let later = self.arms[1..].iter().all(|a| a.shows != Shows::Nothing);
            if !read_first || !later {
                return unfit(
                    "in a sequential study the first arm shows nothing of the model and every later one does, so that each case \
                     is read first"
                        .into(),
                );
            }
        }
        Ok(())
    }

    /// What decides what is shown and in which order, as a short hash.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let cases: Vec<(&str, &str)> = self.cases.iter().map(|c| (c.id.as_str(), c.sha256.as_str())).collect();
        let decided = serde_json::json!([
            self.format,
            self.finding,
            self.model,
            self.weights_sha256,
            self.design,
            self.seed,
            self.marks,
            self.arms,
            cases
        ]);
        sha256(decided.to_string().as_bytes())[..16].to_owned()
    }

    /// Number of a reader.
    ///
    /// # Errors
    /// When the plan does not name this reader.
    pub fn reader(&self, code: &str) -> Result<usize, StudyError> {
        self.readers.iter().position(|r| r == code).ok_or_else(|| StudyError::NoReader {
            reader: code.escape_debug().to_string(),
            known: self.readers.join(", "),
        })
    }

    /// The arm without the model, if there is one.
    #[must_use]
    pub fn unaided(&self) -> Option<usize> {
        self.arms.iter().position(|a| a.shows == Shows::Nothing)
    }
}

/// Whether a text can be a code of a reader or a case, and so a part of a file name.
pub(super) fn is_code(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=CODE).contains(&text.len()) && text.chars().all(fine)
}

/// Whether a text can be the hash of a plan, and so the name of a file.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == HASH && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), StudyError> {
    let mut seen = HashSet::new();
    for name in names {
        // Files of two readers must not fall together where case does not count.
        if !seen.insert(name.to_lowercase()) {
            return Err(StudyError::Unfit(format!("the {what} \"{name}\" is there twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::commitment::of_plan;
    use super::*;

    /// Two arms, four readers, six cases.
    pub(in crate::reader_study) fn plan(design: Design) -> Plan {
        let arm = |name: &str, shows, method| Arm { name: name.into(), shows, method };
        let mut plan = Plan {
            format: FORMAT,
            name: "Maps and readers".into(),
            question: "Is there a pneumonia?".into(),
            finding: "Pneumonia".into(),
            model: "toy".into(),
            weights_sha256: "ab".into(),
            design,
            seed: 1,
            washout_days: 28,
            decision: 50,
            marks: true,
            readers: ["R1", "R2", "R3", "R4"].map(str::to_owned).to_vec(),
            registered: String::new(),
            arms: vec![
                arm("without AI", Shows::Nothing, None),
                arm("score and map", Shows::Map, Some(Method::GradCam)),
            ],
            cases: (1..=6)
                .map(|i| Case {
                    id: format!("c{i}"),
                    path: format!("{i}.png").into(),
                    sha256: format!("{i}"),
                    truth_sha256: format!("{}", 10 * i),
                })
                .collect(),
        };
        plan.registered = of_plan(&plan);
        plan
    }

    #[track_caller]
    fn refused(plan: &Plan, words: &str) {
        let sentence = plan.check().unwrap_err().to_string();
        assert!(sentence.contains(words), "{sentence}");
    }

    #[test]
    fn plans_that_cannot_be_carried_out_are_refused_in_a_sentence() {
        let good = plan(Design::Crossover);
        good.check().unwrap();
        plan(Design::Sequential).check().unwrap();
        refused(&Plan { readers: vec!["Dr. Jane Doe".into()], ..good.clone() }, "is no code");
        refused(&Plan { readers: vec!["r1".into(), "R1".into()], ..good.clone() }, "twice");
        refused(&Plan { readers: Vec::new(), ..good.clone() }, "0 readers");
        refused(&Plan { decision: 0, ..good.clone() }, "decision");
        refused(&Plan { registered: "../truth".into(), ..good.clone() }, "not the hash");
        refused(&Plan { format: 9, ..good.clone() }, "format is 9");
        refused(&Plan { name: "two\nlines".into(), ..good.clone() }, "on one line");
        let mut no_method = good.clone();
        no_method.arms[1].method = None;
        refused(&no_method, "of no method");
        let mut late = plan(Design::Sequential);
        late.arms.reverse();
        refused(&late, "read first");
    }

    #[test]
    fn the_fingerprint_is_of_what_decides_what_is_shown() {
        let good = plan(Design::Crossover);
        let more = Plan { readers: vec!["R1".into()], washout_days: 1, ..good.clone() };
        assert_eq!(good.fingerprint(), more.fingerprint());
        assert_ne!(good.fingerprint(), Plan { seed: 2, ..good.clone() }.fingerprint());
        let mut other = good.clone();
        other.cases[0].sha256 = "0".into();
        assert_ne!(good.fingerprint(), other.fingerprint());
    }
}
