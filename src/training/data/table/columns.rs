//! Which column of a table says what, and what its cells say.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluation::truth::normal_label;
use crate::evaluation::vocabulary::means_normal;
use crate::model::manifest::{Head, Label};
use crate::training::config::{Blank, Table, Uncertain, same_name};
use crate::training::data::listed::{label_called, quoted};
use crate::training::data::truth;

/// What the words of a table are looked up in.
#[derive(Clone, Copy)]
pub struct Schema<'a> {
    pub labels: &'a [Label],
    pub head: Head,
    /// A table with a column for some of the labels will do; the others are unknown.
    pub partial: bool,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableFault {
    #[error("cannot be read: {0}")]
    Csv(#[from] csv::Error),
    #[error("has no column \"{name}\"; its columns are {columns}")]
    NoColumn { name: String, columns: String },
    #[error("has no column that looks like a file name (name it with `image`); its columns are {0}")]
    NoImages(String),
    #[error(
        "has neither a column of label strings (name it with `labels`) nor a column for {missing}; its columns are {columns}"
    )]
    NoLabels { missing: String, columns: String },
    #[error("has more than {0} images")]
    TooMany(usize),
}

/// Why a row of a table is left out.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum RowFault {
    #[error("it has {0} of the labels, but the labels of a softmax head exclude each other")]
    NotExclusive(usize),
    #[error("\"{0}\" is none of 1, 0, -1 and empty")]
    Cell(String),
}

/// Words that were met on the way through a table.
#[derive(Default)]
pub(super) struct Met {
    /// Words that are no label, with the number of their images.
    pub(super) foreign: BTreeMap<String, usize>,
    /// Labels that some image has.
    pub(super) seen: BTreeSet<usize>,
}

/// Numbers of the columns.
pub(super) struct Columns {
    pub(super) image: usize,
    /// The column of label strings, or one column a label.
    pub(super) labels: Labels,
    /// Columns that are none of the labels, and may be findings, with their names.
    pub(super) others: Vec<(usize, String)>,
    pub(super) patient: Option<usize>,
    pub(super) split: Option<usize>,
    pub(super) age: Option<usize>,
    pub(super) sex: Option<usize>,
    pub(super) view: Option<usize>,
}

pub(super) enum Labels {
    Text(usize),
    Each(Vec<Option<usize>>),
}

impl Columns {
    pub(super) fn of(schema: Schema<'_>, table: &Table, header: &[String]) -> Result<Self, TableFault> {
        let place = |name: &str| header.iter().position(|h| same_name(h, name));
        let find = |named: &Option<String>, usual: &[&str]| match named {
            Some(name) => match header.iter().position(|h| h == name).or_else(|| place(name)) {
                Some(i) => Ok(Some(i)),
                None => Err(TableFault::NoColumn { name: name.clone(), columns: quoted(header) }),
            },
            None => Ok(usual.iter().find_map(|n| place(n))),
        };
        let image = find(&table.image, &["Image Index", "Path", "image", "file name", "file", "filepath", "image id"])?;
        let Some(image) = image else {
            return Err(TableFault::NoImages(quoted(header)));
        };
        let text = find(&table.labels, &["Finding Labels", "labels", "label", "findings", "class", "diagnosis"])?;
        let normal = normal_label(schema.labels);
        let columns: Vec<Option<usize>> = (schema.labels.iter().enumerate())
            .map(|(k, l)| {
                let own = place(&l.name).or_else(|| l.aliases.iter().find_map(|a| place(a)));
                own.or_else(|| header.iter().position(|h| means_normal(h)).filter(|_| Some(k) == normal))
            })
            .collect();
        let others = (header.iter().enumerate()).filter(|(i, _)| !columns.contains(&Some(*i)));
        let others = others.map(|(i, name)| (i, name.clone())).collect();
        let labels = match text {
            Some(i) if table.labels.is_some() || columns.iter().any(Option::is_none) => Labels::Text(i),
            _ => {
                let missing = columns.iter().zip(schema.labels).filter(|(c, _)| c.is_none());
                let missing: Vec<&str> = missing.map(|(_, l)| l.name.as_str()).collect();
                let enough = schema.partial && missing.len() < columns.len();
                if !missing.is_empty() && !enough {
                    return Err(TableFault::NoLabels { missing: quoted(missing), columns: quoted(header) });
                }
                Labels::Each(columns)
            }
        };
        Ok(Self {
            image,
            labels,
            others,
            patient: find(&table.patient, &["Patient ID", "patient", "subject id", "subject"])?,
            split: find(&table.split, &["split"])?,
            age: find(&table.age, &["Patient Age", "age"])?,
            sex: find(&table.sex, &["Patient Gender", "Patient Sex", "sex", "gender"])?,
            view: find(&table.view, &["View Position", "Frontal/Lateral", "view"])?,
        })
    }

    pub(super) fn truth(
        &self,
        schema: Schema<'_>,
        table: &Table,
        row: &csv::StringRecord,
        met: &mut Met,
    ) -> Result<Vec<f32>, RowFault> {
        let cell = |i: usize| row.get(i).unwrap_or_default().trim();
        let truth = match &self.labels {
            Labels::Text(i) => {
                let mut truth = vec![0.0; schema.labels.len()];
                for word in cell(*i).split(table.separator.as_str()).map(str::trim).filter(|w| !w.is_empty()) {
                    match label_called(schema.labels, word) {
                        Some(k) => truth[k] = 1.0,
                        None if same_name(word, &table.none) => {
                            normal_label(schema.labels).into_iter().for_each(|k| truth[k] = 1.0);
                        }
                        None => *met.foreign.entry(word.to_owned()).or_default() += 1,
                    }
                }
                truth
            }
            Labels::Each(columns) => {
                let of = |i: &Option<usize>| i.map_or(Ok(f32::NAN), |i| value(cell(i), table));
                columns.iter().map(of).collect::<Result<_, _>>()?
            }
        };
        truth::present(&truth).for_each(|k| {
            met.seen.insert(k);
        });
        if schema.head == Head::Softmax && truth::class(&truth).is_none() {
            return Err(RowFault::NotExclusive(truth::present(&truth).count()));
        }
        Ok(truth)
    }

    /// What a row has beside the labels.
    pub(super) fn findings<'a>(&'a self, row: &'a csv::StringRecord, table: &'a Table) -> Vec<&'a str> {
        match &self.labels {
            Labels::Text(i) => row.get(*i).unwrap_or_default().split(table.separator.as_str()).map(str::trim).collect(),
            Labels::Each(_) => {
                let present = |i: usize| value(row.get(i).unwrap_or_default().trim(), table) == Ok(1.0);
                self.others.iter().filter(|(i, _)| present(*i)).map(|(_, name)| name.as_str()).collect()
            }
        }
    }
}

/// What the cell of a label says.
fn value(cell: &str, table: &Table) -> Result<f32, RowFault> {
    let number = match cell.to_lowercase().as_str() {
        "" | "nan" => None,
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        "u" => Some(-1.0),
        other => Some(other.parse::<f32>().map_err(|_| RowFault::Cell(cell.to_owned()))?),
    };
    match number {
        None if table.blank == Blank::Absent => Ok(0.0),
        None => Ok(f32::NAN),
        Some(v) if v == 0.0 || v == 1.0 => Ok(v),
        Some(-1.0) => Ok(match table.uncertain {
            Uncertain::Ones => 1.0,
            Uncertain::Zeros => 0.0,
            Uncertain::Ignore => f32::NAN,
        }),
        Some(_) => Err(RowFault::Cell(cell.to_owned())),
    }
}
