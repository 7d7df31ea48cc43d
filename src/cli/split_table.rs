//! A table of image, patient and part, as `pellucid data split` and a run write it.

use std::collections::HashMap;
use std::path::Path;

use anyhow::anyhow;

use crate::files::lines::BoundedLines;
use crate::files::open_regular;
use crate::limits;
use crate::printable::shortened;
use crate::training::data::part::SplitPart;

/// Part and patient of images by their path below the folder of the data.
pub(super) type SplitTable = HashMap<String, (SplitPart, Option<String>)>;

/// Part and patient of each image that a split table names.
pub(super) fn read(path: &Path) -> anyhow::Result<SplitTable> {
    let refuse = |why: String| anyhow!("the split table {} {why}", path.display());
    let opened = open_regular(path, limits::TABLE_BYTES).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let mut table =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(opened.file));
    let header = table.headers().map_err(|e| refuse(format!("cannot be read: {e}")))?.clone();
    let column = |wanted: &str| header.iter().position(|h| h.eq_ignore_ascii_case(wanted));
    let missing = |wanted: &str| {
        let there: Vec<&str> = header.iter().collect();
        refuse(format!("has no column \"{wanted}\"; its columns are {}", shortened(&there.join(", "))))
    };
    let image = column("image").ok_or_else(|| missing("image"))?;
    let split = column("split").ok_or_else(|| missing("split"))?;
    let patient = column("patient");
    let mut rows = HashMap::new();
    for (number, row) in table.records().enumerate() {
        let row = row.map_err(|e| refuse(format!("cannot be read: {e}")))?;
        let name = row.get(split).unwrap_or_default();
        let part = SplitPart::named(name).ok_or_else(|| {
            refuse(format!("says \"{}\" in row {}; a part is {}", shortened(name), number + 2, SplitPart::NAMES))
        })?;
        let patient = patient.and_then(|p| row.get(p)).filter(|p| !p.is_empty()).map(str::to_owned);
        rows.insert(row.get(image).unwrap_or_default().to_owned(), (part, patient));
    }
    Ok(rows)
}
