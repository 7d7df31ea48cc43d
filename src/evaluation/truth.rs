//! What is known of an image: its class, or only a group of classes.
//!
//! Truths come from folder names and from rules on file names. Names are compared without regard to
//! case, blanks and punctuation, and the manifest's aliases count. Anything named like a group
//! counts for that group only: pneumonia of an unknown cause is neither right nor wrong as "viral".

use std::path::Path;

use super::vocabulary::{folded, means_normal};
use crate::model::manifest::{Head, Label, Manifest};

/// What an image is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// Number of the label in the manifest.
    Class(usize),
    /// Number of the group in the manifest; the class within it is unknown.
    Group(usize),
}

/// A rule on file names that cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RuleError {
    #[error("the label rule \"{0}\" is not of the form TEXT=LABEL")]
    Form(String),
    #[error("the label rule \"{rule}\" names \"{name}\", which the model does not know; it knows {known}")]
    Unknown { rule: String, name: String, known: String },
}

/// The group or label that `name` means: by name or alias, or as a word of public sets for the
/// label that says normal.
#[must_use]
pub fn named(manifest: &Manifest, name: &str) -> Option<Truth> {
    let wanted = folded(name);
    let means = |own: &str, aliases: &[String]| folded(own) == wanted || aliases.iter().any(|a| folded(a) == wanted);
    if wanted.is_empty() {
        return None;
    }
    let group = manifest.groups.iter().position(|g| means(&g.name, &g.aliases)).map(Truth::Group);
    let label = || manifest.labels.iter().position(|l| means(&l.name, &l.aliases));
    let normal = || normal_label(&manifest.labels).filter(|_| means_normal(name));
    group.or_else(|| label().or_else(normal).map(Truth::Class))
}

/// The label that says that there is nothing to find, where there is one.
#[must_use]
pub fn normal_label(labels: &[Label]) -> Option<usize> {
    labels.iter().position(|l| means_normal(&l.name) || l.aliases.iter().any(|a| means_normal(a)))
}

/// Labels and groups with their aliases, for people: `Normal (also NORMAL), …`.
#[must_use]
pub fn known(manifest: &Manifest) -> String {
    let labels = manifest.labels.iter().map(|l| (&l.name, &l.aliases));
    let groups = manifest.groups.iter().map(|g| (&g.name, &g.aliases));
    let names: Vec<String> = labels
        .chain(groups)
        .map(|(name, aliases)| {
            let others: Vec<&str> = aliases.iter().map(String::as_str).filter(|a| folded(a) != folded(name)).collect();
            if others.is_empty() { name.clone() } else { format!("{name} (also {})", others.join(", ")) }
        })
        .collect();
    names.join(", ")
}

/// What a truth says of each target: the manifest's labels, then its groups.
///
/// Exclusive classes leave one present and the others absent; of a group alone its members are
/// unknown. A finding that need not exclude others says nothing about them, unless it is that there
/// is none.
#[must_use]
pub fn answers(manifest: &Manifest, truth: Truth) -> Vec<Option<bool>> {
    let own: Vec<usize> = match truth {
        Truth::Class(k) => vec![k],
        Truth::Group(g) => manifest.members(&manifest.groups[g]),
    };
    let exclusive = manifest.head == Head::Softmax || own.iter().any(|k| Some(*k) == normal_label(&manifest.labels));
    // Whether one of `members` is present.
    let answer = |members: &[usize]| {
        let shared = own.iter().filter(|k| members.contains(k)).count();
        match shared {
            _ if shared == own.len() => Some(true),
            0 if exclusive => Some(false),
            _ => None,
        }
    };
    let labels = (0..manifest.labels.len()).map(|k| answer(&[k]));
    labels.chain(manifest.groups.iter().map(|g| answer(&manifest.members(g)))).collect()
}

/// The answers of a group from those of its labels where nothing else is known of it.
#[must_use]
pub fn of_group(members: &[usize], labels: &[Option<bool>]) -> Option<bool> {
    let mut asked = members.iter().map(|&k| labels[k]);
    if asked.clone().any(|a| a == Some(true)) {
        Some(true)
    } else if asked.any(|a| a.is_none()) {
        None
    } else {
        Some(false)
    }
}

/// Answers about labels and groups from the values of a row: above 0.5 present, NaN unknown;
/// labels, then groups.
#[must_use]
pub fn of_row(manifest: &Manifest, values: &[f32]) -> Vec<Option<bool>> {
    let (labels, groups) = values.split_at(manifest.labels.len());
    let answer = |v: f32| (!v.is_nan()).then_some(v > 0.5);
    let mut truth: Vec<Option<bool>> = labels.iter().map(|v| answer(*v)).collect();
    let present: Vec<usize> = (0..truth.len()).filter(|k| truth[*k] == Some(true)).collect();
    // One of exclusive classes, or that there is no finding, says of all others that they are
    // absent.
    let only =
        present.len() == 1 && (manifest.head == Head::Softmax || normal_label(&manifest.labels) == Some(present[0]));
    if only {
        truth.iter_mut().filter(|t| t.is_none()).for_each(|t| *t = Some(false));
    }
    let present = present.len();
    for (group, stated) in manifest.groups.iter().zip(groups) {
        let members = manifest.members(group);
        // A row that names the group alone leaves its members open; one that denies it denies them.
        if *stated > 0.5 && !members.iter().any(|&k| truth[k] == Some(true)) {
            members.iter().for_each(|&k| truth[k] = None);
        } else if *stated == 0.0 {
            members.iter().for_each(|&k| truth[k] = truth[k].or(Some(false)));
        }
        if *stated > 0.5 && manifest.head == Head::Softmax {
            let outside = (0..labels.len()).filter(|k| !members.contains(k));
            outside.for_each(|k| truth[k] = truth[k].or(Some(false)));
        }
        let of_members = of_group(&members, &truth);
        truth.push(if *stated > 0.5 { Some(true) } else { of_members });
    }
    if manifest.head == Head::Softmax && present > 1 {
        // Exclusive classes that coincide cannot be evaluated as classes.
        truth[..labels.len()].iter_mut().filter(|t| **t == Some(true)).for_each(|t| *t = None);
    }
    truth
}

/// Rules that give a label by a part of the file name: `bacteria=Bacterial pneumonia,virus=Viral
/// pneumonia`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<(String, Truth)>);

impl Rules {
    /// Reads rules that are separated by commas.
    pub fn parse(text: &str, manifest: &Manifest) -> Result<Self, RuleError> {
        let rules = text.split(',').map(str::trim).filter(|r| !r.is_empty());
        let read = rules.map(|rule| {
            let (part, name) = rule.split_once('=').ok_or_else(|| RuleError::Form(rule.to_owned()))?;
            let (part, name) = (part.trim().to_lowercase(), name.trim());
            if part.is_empty() {
                return Err(RuleError::Form(rule.to_owned()));
            }
            let truth = named(manifest, name).ok_or_else(|| RuleError::Unknown {
                rule: rule.to_owned(),
                name: name.to_owned(),
                known: known(manifest),
            })?;
            Ok((part, truth))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The truth of a file: by the first rule whose text its name holds (without regard to case),
    /// else by the nearest folder, up to and including `root`, that is named like a label or a
    /// group.
    #[must_use]
    pub fn truth(&self, manifest: &Manifest, root: &Path, file: &Path) -> Option<Truth> {
        let name = file.file_name()?.to_string_lossy().to_lowercase();
        if let Some((_, truth)) = self.0.iter().find(|(part, _)| name.contains(part)) {
            return Some(*truth);
        }
        let folders = file.ancestors().skip(1).take_while(|f| f.starts_with(root));
        folders.filter_map(Path::file_name).find_map(|f| named(manifest, &f.to_string_lossy()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The chest model in small.
    pub(crate) fn chest() -> Manifest {
        toml::from_str(
            r#"
            name = "chest"
            version = "1"
            description = "d"
            licence = "l"
            head = "softmax"
            target_layer = "stage4"
            weights_sha256 = ""
            architecture = { family = "compact-resnet", widths = [], blocks = [], strides = [], dropout = 0.2 }
            input = { width = 224, height = 224, channels = 1, resize = "squash", normalization = "per-image" }
            training = { data = "d", population = "p", images = 1, date = "2026" }
            labels = [{ name = "Normal" }, { name = "Bacterial pneumonia", aliases = ["bacteria"] }, { name = "Viral pneumonia" }]
            groups = [{ name = "Pneumonia", members = ["Bacterial pneumonia", "Viral pneumonia"], aliases = ["PNEUMONIA", "pneu"], threshold = 0.6 }]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn names_are_compared_without_case_blanks_and_punctuation() {
        let manifest = chest();
        assert_eq!(named(&manifest, "NORMAL"), Some(Truth::Class(0)));
        assert_eq!(named(&manifest, "bacterial_Pneumonia"), Some(Truth::Class(1)));
        assert_eq!(named(&manifest, "Bacteria"), Some(Truth::Class(1)));
        assert_eq!(named(&manifest, "pneumonia"), Some(Truth::Group(0)));
        assert_eq!(named(&manifest, "glioma"), None);
        assert_eq!(named(&manifest, "--"), None);
    }

    #[test]
    fn no_finding_is_the_label_that_says_normal() {
        let mut manifest = chest();
        for name in ["No Finding", "no_findings", "Healthy", "NEGATIVE"] {
            assert_eq!(named(&manifest, name), Some(Truth::Class(0)), "{name}");
        }
        manifest.labels[0].name = "Rest".into();
        assert_eq!(named(&manifest, "No Finding"), None);
        manifest.labels[0].aliases = vec!["normal".into()];
        assert_eq!(named(&manifest, "No Finding"), Some(Truth::Class(0)));
    }

    #[test]
    fn a_rule_on_the_file_name_comes_before_the_folder() {
        let manifest = chest();
        let rules = Rules::parse("bacteria=Bacterial pneumonia, virus = viral-pneumonia", &manifest).unwrap();
        let truth = |file: &str| rules.truth(&manifest, Path::new("/set"), Path::new(file));
        assert_eq!(truth("/set/PNEUMONIA/person1_Virus_2.jpeg"), Some(Truth::Class(2)));
        assert_eq!(truth("/set/PNEUMONIA/person1.jpeg"), Some(Truth::Group(0)));
        assert_eq!(truth("/set/test/NORMAL/more/a.png"), Some(Truth::Class(0)));
        assert_eq!(truth("/set/other/a.png"), None);
        assert_eq!(
            Rules::default().truth(&manifest, Path::new("/x/normal"), Path::new("/x/normal/a.png")),
            Some(Truth::Class(0))
        );
    }

    #[test]
    fn a_group_leaves_its_members_open_and_excludes_the_rest() {
        let mut manifest = chest();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(answers(&manifest, Truth::Class(1)), [no, yes, no, yes]);
        assert_eq!(answers(&manifest, Truth::Group(0)), [no, None, None, yes]);
        manifest.head = Head::Sigmoid;
        assert_eq!(answers(&manifest, Truth::Class(1)), [None, yes, None, yes]);
        // Whoever is normal has none of the findings.
        assert_eq!(answers(&manifest, Truth::Class(0)), [yes, no, no, no]);
        assert_eq!(of_group(&[1, 2], &[no, no, None]), None);
        assert_eq!(of_group(&[1, 2], &[no, no, no]), no);
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_a_sentence() {
        let manifest = chest();
        assert_eq!(Rules::parse("bacteria", &manifest), Err(RuleError::Form("bacteria".into())));
        let words = Rules::parse("fungus=Fungal pneumonia", &manifest).unwrap_err().to_string();
        assert!(words.contains("Fungal pneumonia") && words.contains("Pneumonia (also pneu)"), "{words}");
    }

    #[test]
    fn a_row_that_names_a_group_alone_leaves_its_labels_open() {
        let (yes, no) = (Some(true), Some(false));
        let manifest = chest();
        assert_eq!(of_row(&manifest, &[0.0, 0.0, 0.0, 1.0]), [no, None, None, yes]);
        assert_eq!(of_row(&manifest, &[0.0, 1.0, 0.0, 0.0]), [no, yes, no, yes]);
        // Some other finding: neither normal nor pneumonia.
        assert_eq!(of_row(&manifest, &[0.0; 4]), [no, no, no, no]);
    }

    #[test]
    fn a_table_that_knows_some_of_the_labels_says_what_follows_for_the_others() {
        let (yes, no, nan) = (Some(true), Some(false), f32::NAN);
        let manifest = chest();
        // CheXpert has columns for "No Finding" and "Pneumonia", and none for the causes.
        assert_eq!(of_row(&manifest, &[0.0, nan, nan, 1.0]), [no, None, None, yes]);
        assert_eq!(of_row(&manifest, &[1.0, nan, nan, 0.0]), [yes, no, no, no]);
        assert_eq!(of_row(&manifest, &[nan, nan, nan, 1.0]), [no, None, None, yes]);
        assert_eq!(of_row(&manifest, &[0.0, nan, nan, 0.0]), [no, no, no, no]);
        assert_eq!(of_row(&manifest, &[nan, nan, nan, nan]), [None, None, None, None]);
    }

    #[test]
    fn classes_that_coincide_are_no_class() {
        let truth = of_row(&chest(), &[0.0, 1.0, 1.0, 0.0]);
        assert_eq!(truth, [Some(false), None, None, Some(true)]);
    }
}
