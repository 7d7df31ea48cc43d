//! Tables of labels: NIH `Data_Entry_2017.csv` (all findings of an image in one string) and the
//! form of `CheXpert` (one column a finding: 1, 0, −1 for uncertain, empty).
//!
//! A column that is not named in the configuration is looked for by the names of public sets.
//! Images are found by their path below the folders, else by file name; where names repeat, the
//! path that agrees longest from its end wins.
//!
//! A word for an image without findings is the label that says normal, where there is one. Findings
//! that may include a label ([`crate::evaluation::vocabulary`]) are counted and named.

mod columns;
mod files;
mod tally;

use std::path::{Path, PathBuf};

use self::columns::{Columns, TableFault};
use self::files::FilesByName;
use self::tally::Tally;
use super::listed::{Gathered, ImageFacts, ListedImage, Origin};
use super::part::SplitPart;
use crate::files::lines::BoundedLines;
use crate::files::open_regular;
use crate::limits;
use crate::study::Warning;
use crate::study::patients::{Patients, key_of};
use crate::training::config::{Ambiguous, Table, same_name};
use crate::training::{Error, Result};

pub use self::columns::Schema;

/// Adds the images of a table.
pub fn list(schema: Schema<'_>, table: &Table, root: &Path, patients: &Patients, found: &mut Gathered) -> Result<()> {
    let path = root.join(&table.file);
    let refuse = |fault: TableFault| Error::Data(format!("the table {} {fault}", path.display()));
    let opened = open_regular(&path, limits::TABLE_BYTES)
        .map_err(|error| Error::Read { path: path.clone(), source: error.into() })?;
    let mut rows =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(opened.file));
    let header: Vec<String> = rows
        .headers()
        .map_err(|e| refuse(e.into()))?
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
    let images = FilesByName::below(folders)?;
    let mut tally = Tally::default();
    let before = found.files.len();
    for (number, row) in rows.records().enumerate() {
        let row = row.map_err(|e| refuse(e.into()))?;
        let cell = |i: Option<usize>| i.and_then(|i| row.get(i)).unwrap_or_default().to_owned();
        let name = cell(Some(columns.image));
        let at = |reason: String| Warning { path: PathBuf::from(&name), reason };
        if name.is_empty() {
            tally.fault(&mut found.warnings, at(format!("row {} of the table names no image", number + 2)));
            continue;
        }
        let facts = ImageFacts { age: cell(columns.age), sex: cell(columns.sex), view: cell(columns.view) };
        if !table.views.is_empty() && !table.views.iter().any(|v| same_name(v, &facts.view)) {
            tally.views += 1;
            continue;
        }
        let truth = match columns.truth(schema, table, &row, &mut tally.met) {
            Ok(truth) => truth,
            Err(reason) => {
                tally.fault(&mut found.warnings, at(reason.to_string()));
                continue;
            }
        };
        let Some(file) = images.find(&name) else {
            tally.fault(
                &mut found.warnings,
                at("no file of this name lies in the folders of the images or below them".into()),
            );
            continue;
        };
        if tally.is_ambiguous(schema, columns.findings(&row, table), &truth) && table.ambiguous == Ambiguous::LeaveOut {
            continue;
        }
        let key = key_of(root, &file);
        found.files.push(ListedImage {
            patient: patients.lead(&name, &key, Some(&cell(columns.patient))),
            key,
            origin: Origin::File(file),
            truth,
            part: SplitPart::named(&cell(columns.split)),
            facts,
        });
        if found.files.len() - before > limits::FILES_AT_ONCE {
            return Err(refuse(TableFault::TooMany(limits::FILES_AT_ONCE)));
        }
    }
    tally.conclude(schema, table, &path, &columns, found.files.len() - before, found)
}
