//! Tables of labels: NIH `Data_Entry_2017.csv` (all findings of an image in one string) and the form of `CheXpert` (one
//! column a finding: 1, 0, −1 for uncertain, empty).
//!
//! A column that is not named in the configuration is looked for by the names of public sets. Images are found by
//! their path below the folders, else by file name; where names repeat, the path that agrees longest from its end wins.
//!
//! A word for an image without findings is the label that says normal, where there is one. Findings that may include a label
//! ([`crate::evaluation::vocabulary`]) are counted and named.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::super::config::{Ambiguous, Blank, Table, Uncertain, same_name};
use super::super::{Error, Result, truth};
use super::{Facts, Gathered, Listed, Origin, Part, key_of, label_called, name_of, quoted};
use crate::evaluation::truth::normal_label;
use crate::evaluation::vocabulary::{may_include, means_normal};
use crate::files::open_regular;
use crate::files::walk::files_below;
use crate::limits;
use crate::network::manifest::{Head, Label};
use crate::study::Warning;
use crate::study::patients::Patients;

/// Most rows with the same fault that are named one by one.
const NAMED: usize = 20;

/// What the words of a table are looked up in.
#[derive(Clone, Copy)]
pub struct Schema<'a> {
    pub labels: &'a [Label],
    pub head: Head,
    /// A table with a column for some of the labels will do; the others are unknown.
    pub partial: bool,
}

/// Adds the images of a table.
pub fn list(schema: Schema<'_>, table: &Table, root: &Path, patients: &Patients, found: &mut Gathered) -> Result<()> {
    let path = root.join(&table.file);
    let refuse = |reason: String| Error::Data(format!("the table {} {reason}", path.display()));
    let opened = open_regular(&path, limits::TABLE_BYTES)
        .map_err(|error| Error::Read { path: path.clone(), source: error.into() })?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(opened.file);
    let header: Vec<String> = rows
        .headers()
        .map_err(|e| refuse(said(&e)))?
        .iter()
        .map(|h| h.trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    let columns = Columns::of(schema, table, &header).map_err(&refuse)?;
    let folders: Vec<PathBuf> = match &table.images[..] {
        [] => {
            // The parent of a bare file name is empty, and no folder that could be read.
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
            vec![parent.unwrap_or(Path::new(".")).to_owned()]
        }
        named => named.iter().map(|f| root.join(f)).collect(),
    };
    let images = Images::below(folders)?;
    let mut tally = Tally::default();
    let before = found.files.len();
    for (number, row) in rows.records().enumerate() {
        let row = row.map_err(|e| refuse(said(&e)))?;
        let cell = |i: Option<usize>| i.and_then(|i| row.get(i)).unwrap_or_default().to_owned();
        let name = cell(Some(columns.image));
        let at = |reason: String| Warning { path: PathBuf::from(&name), reason };
        if name.is_empty() {
            tally.fault(&mut found.warnings, at(format!("row {} of the table names no image", number + 2)));
            continue;
        }
        let facts = Facts { age: cell(columns.age), sex: cell(columns.sex), view: cell(columns.view) };
        if !table.views.is_empty() && !table.views.iter().any(|v| same_name(v, &facts.view)) {
            tally.views += 1;
            continue;
        }
        let truth = match columns.truth(schema, table, &row, &mut tally) {
            Ok(truth) => truth,
            Err(reason) => {
                tally.fault(&mut found.warnings, at(reason));
                continue;
            }
        };
        let Some(file) = images.find(&name) else {
            tally.fault(&mut found.warnings, at("no file of this name lies below the folders of images".into()));
            continue;
        };
        if tally.is_ambiguous(schema, columns.findings(&row, table), &truth) && table.ambiguous == Ambiguous::LeaveOut {
            continue;
        }
        let key = key_of(root, &file);
        found.files.push(Listed {
            patient: patients.lead(&name, &key, Some(&cell(columns.patient))),
            key,
            origin: Origin::File(file),
            truth,
            part: Part::named(&cell(columns.split)),
            facts,
        });
        if found.files.len() - before > limits::FILES_AT_ONCE {
            return Err(refuse(format!("has more than {} images", limits::FILES_AT_ONCE)));
        }
    }
    tally.conclude(schema, table, &path, &columns, found.files.len() - before, found)
}

fn said(error: &csv::Error) -> String {
    format!("cannot be read: {error}")
}

/// Numbers of the columns.
struct Columns {
    image: usize,
    /// The column of label strings, or one column a label.
    labels: Labels,
    /// Columns that are none of the labels, and may be findings, with their names.
    others: Vec<(usize, String)>,
    patient: Option<usize>,
    split: Option<usize>,
    age: Option<usize>,
    sex: Option<usize>,
    view: Option<usize>,
}

enum Labels {
    Text(usize),
    Each(Vec<Option<usize>>),
}

impl Columns {
    fn of(schema: Schema<'_>, table: &Table, header: &[String]) -> std::result::Result<Self, String> {
        let place = |name: &str| header.iter().position(|h| same_name(h, name));
        let find = |named: &Option<String>, usual: &[&str]| match named {
            Some(name) => match header.iter().position(|h| h == name).or_else(|| place(name)) {
                Some(i) => Ok(Some(i)),
                None => Err(format!("has no column \"{name}\"; its columns are {}", quoted(header))),
            },
            None => Ok(usual.iter().find_map(|n| place(n))),
        };
        let image = find(&table.image, &["Image Index", "Path", "image", "file name", "file", "filepath", "image id"])?;
        let Some(image) = image else {
            return Err(format!(
                "has no column that looks like a file name; name it with `image`. Its columns are {}",
                quoted(header)
            ));
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
                    return Err(format!(
                        "has neither a column of label strings (name it with `labels`) nor a column for {}; its columns \
                         are {}",
                        quoted(missing),
                        quoted(header)
                    ));
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

    fn truth(
        &self,
        schema: Schema<'_>,
        table: &Table,
        row: &csv::StringRecord,
        tally: &mut Tally,
    ) -> std::result::Result<Vec<f32>, String> {
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
                        None => *tally.foreign.entry(word.to_owned()).or_default() += 1,
                    }
                }
                truth
            }
            Labels::Each(columns) => {
                let of = |i: &Option<usize>| i.map_or(Ok(f32::NAN), |i| value(cell(i), table));
                columns.iter().map(of).collect::<std::result::Result<_, _>>()?
            }
        };
        truth::present(&truth).for_each(|k| {
            tally.seen.insert(k);
        });
        if schema.head == Head::Softmax && truth::class(&truth).is_none() {
            return Err(format!(
                "it has {} of the labels, but the labels of a softmax head exclude each other",
                truth::present(&truth).count()
            ));
        }
        Ok(truth)
    }

    /// What a row has beside the labels.
    fn findings<'a>(&'a self, row: &'a csv::StringRecord, table: &'a Table) -> Vec<&'a str> {
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
fn value(cell: &str, table: &Table) -> std::result::Result<f32, String> {
    let number = match cell.to_lowercase().as_str() {
        "" | "nan" => None,
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        "u" => Some(-1.0),
        other => Some(other.parse::<f32>().map_err(|_| format!("\"{cell}\" is none of 1, 0, -1 and empty"))?),
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
        Some(_) => Err(format!("\"{cell}\" is none of 1, 0, -1 and empty")),
    }
}

/// What was met on the way through a table.
#[derive(Default)]
struct Tally {
    /// Words that are no label, with the number of their images.
    foreign: BTreeMap<String, usize>,
    /// Labels that some image has.
    seen: BTreeSet<usize>,
    faults: usize,
    first: String,
    views: usize,
    /// Images whose findings may include a label that they do not have, those findings, and these labels.
    ambiguous: usize,
    vague: BTreeMap<String, usize>,
    included: BTreeSet<usize>,
}

impl Tally {
    fn fault(&mut self, warnings: &mut Vec<Warning>, warning: Warning) {
        if self.faults == 0 {
            self.first = format!("{}: {}", warning.path.display(), warning.reason);
        }
        self.faults += 1;
        if self.faults <= NAMED {
            warnings.push(warning);
        }
    }

    /// Whether one of `findings` may include a label that the image does not have, nor any other that it may include.
    fn is_ambiguous(&mut self, schema: Schema<'_>, findings: Vec<&str>, truth: &[f32]) -> bool {
        let mut ambiguous = false;
        for word in findings.into_iter().filter(|w| label_called(schema.labels, w).is_none()) {
            let included: Vec<usize> =
                (0..truth.len()).filter(|&k| may_include(word, &schema.labels[k].name)).collect();
            if included.iter().any(|&k| truth[k] == 0.0) && !included.iter().any(|&k| truth[k] > 0.5) {
                *self.vague.entry(word.to_owned()).or_default() += 1;
                self.included.extend(included);
                ambiguous = true;
            }
        }
        self.ambiguous += usize::from(ambiguous);
        ambiguous
    }

    /// What is to be said of images whose findings may include a label.
    fn vagueness(&self, schema: Schema<'_>, policy: Ambiguous) -> Option<String> {
        let names: Vec<&str> = self.included.iter().map(|&k| schema.labels[k].name.as_str()).collect();
        // Of "Bacterial pneumonia" and "Pneumonia" the latter says it.
        let whole = |n: &&&str| !names.iter().any(|o| o != *n && n.to_lowercase().contains(&o.to_lowercase()));
        let included = quoted(names.iter().filter(whole));
        let list: Vec<String> = self.vague.iter().map(|(word, n)| format!("{word} {n}")).collect();
        let fate = match policy {
            Ambiguous::Keep => "they count as without it; ambiguous = leave-out leaves them out",
            Ambiguous::LeaveOut => "they were left out",
        };
        let (n, list) = (self.ambiguous, list.join(", "));
        (n > 0)
            .then(|| format!("{n} images have findings that may include {included} without saying so ({list}): {fate}"))
    }

    fn conclude(
        self,
        schema: Schema<'_>,
        table: &Table,
        path: &Path,
        columns: &Columns,
        images: usize,
        found: &mut Gathered,
    ) -> Result<()> {
        found.foreign.extend(self.foreign.keys().cloned());
        if matches!(columns.labels, Labels::Each(_)) {
            found.foreign.extend(columns.others.iter().map(|(_, name)| name.clone()));
        }
        let warnings = &mut found.warnings;
        let there = quoted(self.foreign.keys());
        if self.seen.is_empty() && !self.foreign.is_empty() && matches!(columns.labels, Labels::Text(_)) {
            let wanted = quoted(schema.labels.iter().map(|l| &l.name));
            let path = path.display();
            return Err(Error::Data(format!("the table {path} names none of the labels {wanted}; it names {there}")));
        }
        if images == 0 {
            let path = path.display();
            let why = if self.faults == 0 { "it has no rows".to_owned() } else { self.first };
            let views =
                if self.views > 0 { format!(" ({} rows are of other views)", self.views) } else { String::new() };
            return Err(Error::NoImages(format!("the table {path} yields nothing; {why}{views}")));
        }
        let vague = self.vagueness(schema, table.ambiguous);
        let mut say = |reason: String| warnings.push(Warning { path: path.into(), reason });
        if self.faults > NAMED {
            say(format!("{} rows were left out in all", self.faults));
        }
        let absent = schema.labels.iter().enumerate().filter(|(k, _)| !self.seen.contains(k));
        let absent: Vec<&str> = absent.map(|(_, l)| l.name.as_str()).collect();
        if !absent.is_empty() {
            let other = if there.is_empty() { String::new() } else { format!("; it also names {there}") };
            say(format!("no image of it has {}{other}", quoted(absent)));
        } else if !there.is_empty() {
            say(format!("it also names {there}, which is none of the labels; they count as absent"));
        }
        vague.into_iter().for_each(say);
        Ok(())
    }
}

/// The files below some folders, by name.
struct Images {
    folders: Vec<PathBuf>,
    by_name: HashMap<String, Vec<PathBuf>>,
}

impl Images {
    fn below(folders: Vec<PathBuf>) -> Result<Self> {
        let mut by_name: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for folder in &folders {
            if let Err(source) = std::fs::read_dir(folder) {
                return Err(Error::Read { path: folder.clone(), source });
            }
            for path in files_below(folder).flatten().take(4 * limits::FILES_AT_ONCE) {
                by_name.entry(name_of(&path)).or_default().push(path);
            }
        }
        Ok(Self { folders, by_name })
    }

    /// The file that the table calls `name`.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let wanted = Path::new(name);
        // A table may name only what lies below the folders: a path that climbs out of them is matched by its name.
        if wanted.components().all(|c| matches!(c, std::path::Component::Normal(_)))
            && let Some(file) = self.folders.iter().map(|f| f.join(wanted)).find(|f| f.is_file())
        {
            return Some(file);
        }
        let agree = |file: &&PathBuf| {
            let ends = file.components().rev().zip(wanted.components().rev());
            ends.take_while(|(a, b)| a == b).count()
        };
        // `max_by_key` takes the last of equals, the sorted first is wanted: the order is turned round.
        self.by_name.get(&name_of(wanted))?.iter().rev().max_by_key(agree).cloned()
    }
}
