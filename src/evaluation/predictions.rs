//! What a model says of each image of a set, beside what is known of it: the one value that every
//! evaluation takes, and the table that it is kept in.
//!
//! ```text
//! image,patient,called,truth Glioma,says Glioma,p Glioma,logit Glioma,…,truth Tumor,says Tumor,p Tumor,age,sex
//! ```
//!
//! Labels have a logit, groups of labels none. Truth is 1, 0 or empty (unknown). `called` stands
//! only where the labels exclude each other. Whatever other columns there are describe the image:
//! age, sex, view, site.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::confusion::mean;
use crate::files::lines::BoundedLines;
use crate::model::manifest::Head;
use crate::printable::shortened;

/// A label or a group of labels, as a yes-or-no question.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub name: String,
    /// A group: at least one of its labels is present.
    pub group: bool,
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The image's own name: its path below the set's folder.
    pub image: String,
    /// Whose image it is; empty where nobody knows.
    pub patient: String,
    /// Present, absent or unknown; one entry a target.
    pub truth: Vec<Option<bool>>,
    /// Probability after temperature; one entry a target.
    pub probability: Vec<f64>,
    /// Whether the model's operating threshold is reached; one entry a target.
    pub says: Vec<bool>,
    /// Logits of the labels, which are the first targets.
    pub logits: Vec<f64>,
    /// What else is known: age, sex, view, site.
    pub facts: BTreeMap<String, String>,
}

/// Everything that a model says of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub head: Head,
    /// Labels, then groups.
    pub targets: Vec<Target>,
    pub rows: Vec<Prediction>,
}

/// A table that holds no predictions.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    #[error("the table cannot be read: {}", shortened(.0))]
    Csv(String),
    #[error("the table has no column \"{wanted}\"; its columns are {}", shortened(there))]
    Column { wanted: String, there: String },
    #[error("row {row} has \"{}\" in the column \"{}\", where {expected} belongs", shortened(value), shortened(column))]
    Value { row: usize, column: String, value: String, expected: &'static str },
    #[error("the table has no rows")]
    Empty,
}

impl Predictions {
    /// Names of the labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(|t| !t.group).map(|t| t.name.as_str())
    }

    /// Number of the target called `name`, without regard to case.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<usize> {
        self.targets.iter().position(|t| t.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Rows whose truth about `target` is known: their numbers, probabilities and truths.
    #[must_use]
    pub fn known(&self, target: usize) -> Known {
        let mut known = Known::default();
        for (i, row) in self.rows.iter().enumerate() {
            if let Some(positive) = row.truth[target] {
                known.rows.push(i);
                known.scores.push(row.probability[target]);
                known.positive.push(positive);
            }
        }
        known
    }

    /// The table.
    pub fn to_csv(&self) -> Result<Vec<u8>, TableError> {
        let refuse = |e: &dyn Display| TableError::Csv(e.to_string());
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut facts: Vec<&str> = self.rows.iter().flat_map(|r| r.facts.keys().map(String::as_str)).collect();
        facts.sort_unstable();
        facts.dedup();
        let mut header = vec!["image".to_owned(), "patient".into()];
        if self.head == Head::Softmax {
            header.push("called".into());
        }
        for target in &self.targets {
            header.extend(["truth", "says", "p"].map(|kind| format!("{kind} {}", target.name)));
            if !target.group {
                header.push(format!("logit {}", target.name));
            }
        }
        header.extend(facts.iter().map(|f| (*f).to_owned()));
        table.write_record(&header).map_err(|e| refuse(&e))?;
        for row in &self.rows {
            let mut cells = vec![row.image.clone(), row.patient.clone()];
            if self.head == Head::Softmax {
                cells.push(self.targets[row.called()].name.clone());
            }
            for (t, target) in self.targets.iter().enumerate() {
                cells.push(row.truth[t].map_or_else(String::new, |p| u8::from(p).to_string()));
                cells.push(u8::from(row.says[t]).to_string());
                cells.push(row.probability[t].to_string());
                if !target.group {
                    cells.push(row.logits[t].to_string());
                }
            }
            cells.extend(facts.iter().map(|f| row.facts.get(*f).cloned().unwrap_or_default()));
            table.write_record(&cells).map_err(|e| refuse(&e))?;
        }
        table.into_inner().map_err(|e| refuse(&e))
    }

    /// Reads the table again.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, TableError> {
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(BoundedLines::new(bytes));
        let header: Vec<String> =
            table.headers().map_err(|e| TableError::Csv(e.to_string()))?.iter().map(str::to_owned).collect();
        let column = |wanted: String| {
            let there = || header.iter().map(|h| format!("\"{h}\"")).collect::<Vec<_>>().join(", ");
            let found = header.iter().position(|h| *h == wanted);
            found.ok_or_else(|| TableError::Column { wanted, there: there() })
        };
        let (image, patient) = (column("image".into())?, column("patient".into())?);
        let names: Vec<&str> = header.iter().filter_map(|h| h.strip_prefix("p ")).collect();
        let Some(first) = names.first() else { return Err(column("p LABEL".into()).unwrap_err()) };
        column(format!("logit {first}"))?;
        let mut places = Vec::new();
        let mut targets = Vec::new();
        for name in names {
            let logit = header.iter().position(|h| *h == format!("logit {name}"));
            targets.push(Target { name: name.to_owned(), group: logit.is_none() });
            places.push((
                column(format!("truth {name}"))?,
                column(format!("says {name}"))?,
                column(format!("p {name}"))?,
                logit,
            ));
        }
        let used: Vec<usize> =
            places.iter().flat_map(|(t, s, p, l)| [Some(*t), Some(*s), Some(*p), *l]).flatten().collect();
        let called = header.iter().position(|h| h == "called");
        let facts: Vec<usize> = (0..header.len())
            .filter(|i| !used.contains(i) && *i != image && *i != patient && Some(*i) != called)
            .collect();
        let mut rows = Vec::new();
        for (number, record) in table.records().enumerate() {
            let record = record.map_err(|e| TableError::Csv(e.to_string()))?;
            let refuse = |at: usize, expected: &'static str| TableError::Value {
                row: number + 2,
                column: header[at].clone(),
                value: record[at].to_owned(),
                expected,
            };
            let yes = |at: usize| match &record[at] {
                "1" => Ok(Some(true)),
                "0" => Ok(Some(false)),
                "" => Ok(None),
                _ => Err(refuse(at, "1, 0 or nothing")),
            };
            let number_at = |at: usize| {
                let value = record[at].parse::<f64>().ok().filter(|v| v.is_finite());
                value.ok_or_else(|| refuse(at, "a number"))
            };
            let mut row = Prediction {
                image: record[image].to_owned(),
                patient: record[patient].to_owned(),
                truth: Vec::new(),
                probability: Vec::new(),
                says: Vec::new(),
                logits: Vec::new(),
                facts: BTreeMap::new(),
            };
            for &(truth, says, p, logit) in &places {
                row.truth.push(yes(truth)?);
                row.says.push(yes(says)?.unwrap_or(false));
                row.probability.push(number_at(p)?);
                if let Some(logit) = logit {
                    row.logits.push(number_at(logit)?);
                }
            }
            let known = facts.iter().filter(|f| !record[**f].is_empty());
            row.facts = known.map(|&f| (header[f].clone(), record[f].to_owned())).collect();
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(TableError::Empty);
        }
        let head = if called.is_some() { Head::Softmax } else { Head::Sigmoid };
        Ok(Self { head, targets, rows })
    }
}

impl Prediction {
    /// Number of the label with the highest logit, the first of equals.
    #[must_use]
    pub fn called(&self) -> usize {
        super::confusion::argmax(&self.logits)
    }

    /// How much of the image is called rightly, 0–1, where something is known: of exclusive classes
    /// whether the highest is the true one, of findings the share of the known ones that are
    /// decided rightly at their thresholds. Its mean over images is the one *accuracy* of a model;
    /// that of a single label or group, as a yes-or-no question, is its accuracy at the threshold.
    #[must_use]
    pub fn right(&self, head: Head) -> Option<f64> {
        let share = |right: bool| f64::from(u8::from(right));
        match head {
            Head::Softmax => self.class().map(|class| share(class == self.called())),
            Head::Sigmoid => {
                let labels = self.truth.iter().zip(&self.says).take(self.logits.len());
                mean(labels.map(|(truth, says)| truth.map(|truth| share(truth == *says))))
            }
        }
    }

    /// The only label that is known to be present: the class, where labels exclude each other.
    #[must_use]
    pub fn class(&self) -> Option<usize> {
        let labels = &self.truth[..self.logits.len()];
        let mut present = (0..labels.len()).filter(|k| labels[*k] == Some(true));
        present.next().filter(|_| present.next().is_none())
    }
}

/// Images whose truth about one target is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Numbers of the rows.
    pub rows: Vec<usize>,
    pub scores: Vec<f64>,
    pub positive: Vec<bool>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two labels and a group, three images.
    pub(crate) fn three() -> Predictions {
        let target = |name: &str, group| Target { name: name.into(), group };
        let row = |image: &str, truth: [Option<bool>; 3], p: f64| Prediction {
            image: image.into(),
            patient: format!("patient of {image}"),
            truth: truth.to_vec(),
            probability: vec![p, 1.0 - p, 1.0 - p],
            says: vec![p >= 0.5, p < 0.5, p < 0.5],
            logits: vec![p.ln(), (1.0 - p).ln()],
            facts: BTreeMap::from([("sex".into(), "F".into())]),
        };
        Predictions {
            head: Head::Softmax,
            targets: vec![target("Normal", false), target("Nodule, solid", false), target("Abnormal", true)],
            rows: vec![
                row("a/1.png", [Some(true), Some(false), Some(false)], 0.9),
                row("b/2.png", [Some(false), Some(true), Some(true)], 0.2),
                row("c/3, left.png", [Some(false), None, Some(true)], 0.6),
            ],
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let all = three();
        let bytes = all.to_csv().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with(
            "image,patient,called,truth Normal,says Normal,p Normal,logit Normal,\"truth Nodule, solid\""
        ));
        assert_eq!(Predictions::from_csv(&bytes).unwrap(), all);
    }

    #[test]
    fn a_group_may_be_known_where_the_class_is_not() {
        let all = three();
        assert_eq!(all.rows.iter().map(Prediction::class).collect::<Vec<_>>(), [Some(0), Some(1), None]);
        assert_eq!(all.known(1).rows, [0, 1]);
        assert_eq!(all.known(2).positive, [false, true, true]);
    }

    #[test]
    fn accuracy_is_the_share_of_each_image_that_is_called_rightly() {
        let mut all = three();
        let right = |all: &Predictions, head| all.rows.iter().map(|r| r.right(head)).collect::<Vec<_>>();
        // Of the third image the class is unknown; as a finding its first label is called, though
        // absent.
        assert_eq!(right(&all, Head::Softmax), [Some(1.0), Some(1.0), None]);
        assert_eq!(right(&all, Head::Sigmoid), [Some(1.0), Some(1.0), Some(0.0)]);
        all.rows[0].says[1] = true;
        assert_eq!(right(&all, Head::Sigmoid)[0], Some(0.5));
    }

    #[test]
    fn a_table_of_something_else_is_refused_in_words() {
        let words = |text: &str| Predictions::from_csv(text.as_bytes()).unwrap_err().to_string();
        assert!(words("name,score\na,1\n").contains("no column \"image\"; its columns are \"name\", \"score\""));
        assert!(words("image,patient\na,b\n").contains("\"p LABEL\""));
        let header = "image,patient,called,truth A,says A,p A,logit A\n";
        assert_eq!(words(header), "the table has no rows");
        assert!(words(&format!("{header}a,b,A,1,1,NaN,0\n")).contains("row 2 has \"NaN\" in the column \"p A\""));
        assert!(words(&format!("{header}a,b,A,yes,1,0.5,0\n")).contains("1, 0 or nothing"));
    }
}
