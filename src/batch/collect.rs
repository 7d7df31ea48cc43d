//! Shards joined: one table of all images, and what is missing, double or at odds.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use super::BatchError;
use super::merge::{Found, Merged};
use super::parts::{columns, end, table};
use super::schema::{self, FILE, PART, failed, path_of};
use crate::evaluation::result_table::{Kind, ParquetRows, ResultTableError};
use crate::files::writing::{Access, Staged, StagedFolder};

/// Bins of a histogram of probabilities.
pub const BINS: usize = 10;
/// Most names that are given of what is missing.
const NAMED: usize = 20;

/// What a collection came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub shards: usize,
    pub missing_shards: Vec<u32>,
    /// Shards whose list was not finished.
    pub broken_lists: Vec<String>,
    /// Files of a list that nothing is known of.
    pub gaps: u64,
    /// The first of them.
    pub first_gaps: Vec<String>,
    /// Files that more than one shard holds.
    pub twice: u64,
    /// Models that rows are by, in words; more than one is a disagreement.
    pub judges: Vec<String>,
    /// Files by what came of them.
    pub outcomes: BTreeMap<String, u64>,
    /// Files that are copies of another one, byte for byte.
    pub copies: u64,
    /// SOP Instance UIDs that files of different content claim.
    pub shared_uids: u64,
    pub classes: Vec<ClassSummary>,
}

/// The probabilities of a class over all images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassSummary {
    pub class: String,
    pub images: u64,
    pub mean: f64,
    /// Images by probability, in tenths.
    pub histogram: [u64; BINS],
    /// Images by state.
    pub states: BTreeMap<String, u64>,
}

impl Summary {
    /// What keeps it from being whole, in sentences; failures of images are not among them.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.missing_shards.is_empty() {
            let some: Vec<String> = self.missing_shards.iter().take(NAMED).map(ToString::to_string).collect();
            let more = if self.missing_shards.len() > NAMED { " …" } else { "" };
            let missing = self.missing_shards.len();
            faults.push(format!("{missing} of the shards are missing: {}{more}", some.join(", ")));
        }
        for folder in &self.broken_lists {
            faults.push(format!("the list of {folder} was not finished, so that what it lacks is not known"));
        }
        if self.gaps > 0 {
            faults.push(format!("{} listed files have no result, the first {}", self.gaps, self.first_gaps[0]));
        }
        if self.twice > 0 {
            faults.push(format!(
                "{} files are in more than one of the folders; the first row of each was taken",
                self.twice
            ));
        }
        if self.judges.len() > 1 {
            faults.push(format!("the rows are by different models: {}", self.judges.join("; ")));
        }
        faults
    }
}

/// The folders of results at these places: each itself, or those in it.
///
/// # Errors
/// When there are none.
pub fn folders(places: &[PathBuf]) -> Result<Vec<PathBuf>, BatchError> {
    let mut folders = Vec::new();
    for place in places {
        let before = folders.len();
        if place.join(FILE).is_file() {
            folders.push(place.clone());
        }
        let entries = std::fs::read_dir(place).map_err(|error| BatchError::Source {
            path: place.clone(),
            reason: format!("the folder cannot be read: {error}"),
        })?;
        let mut inside: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.join(FILE).is_file()).collect();
        inside.sort();
        folders.extend(inside);
        if folders.len() == before {
            let reason = format!("there is no {FILE} in it or in a folder of it; name the --out of a batch");
            return Err(BatchError::Source { path: place.clone(), reason });
        }
    }
    Ok(folders)
}

/// Joins the results in `folders` into the file `out` (.parquet, .csv or .sqlite), where one is wanted.
/// With `gaps`, the paths that nothing is known of are written there, as a list.
///
/// # Errors
/// When a folder cannot be read, shards are of different runs, or a file cannot be written.
pub fn collect(folders: &[PathBuf], out: Option<&Path>, gaps: Option<&Path>) -> Result<Summary, BatchError> {
    let made = match out {
        Some(out) => Made::of(out)?,
        None => Made::Nothing,
    };
    let beside = out.or(gaps).and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let beside = beside.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source| BatchError::Write { path, source }
    };
    let scratch = StagedFolder::new(&beside).map_err(write(&beside))?;
    let path = scratch.path().join(FILE);
    let merged = Merged::make(&path)?;
    let mut found: Vec<Found> = Vec::with_capacity(folders.len());
    for folder in folders {
        let next = merged.add(folder)?;
        if let Some(first) = found.first() {
            agree(first, &next)?;
        }
        found.push(next);
    }
    let summary = summary(&merged.connection, &found).map_err(failed(&path, "read"))?;
    if let Some(gaps) = gaps {
        write_gaps(&merged.connection, gaps, &path)?;
    }
    match (made, out) {
        (Made::Sqlite, Some(out)) => {
            let first = found.first().map(|first| first.settings.clone()).unwrap_or_default();
            schema::put(&merged.connection, "collected", &first).map_err(failed(&path, "written"))?;
            schema::close(&merged.connection).map_err(failed(&path, "written"))?;
            drop(merged);
            std::fs::rename(&path, out).map_err(write(out))?;
        }
        (Made::Table(kind), Some(out)) => write_table(&merged.connection, kind, out, &path)?,
        (_, None) | (Made::Nothing, _) => {}
    }
    Ok(summary)
}

/// What is made of a collection.
#[derive(Clone, Copy)]
enum Made {
    Nothing,
    Table(Kind),
    Sqlite,
}

impl Made {
    fn of(out: &Path) -> Result<Self, BatchError> {
        let is_sqlite = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sqlite"));
        match Kind::of(out) {
            Some(kind) => Ok(Self::Table(kind)),
            None if is_sqlite => Ok(Self::Sqlite),
            None => Err(BatchError::Collect(format!(
                "\"{}\" says no kind of file: its name ends in .parquet, .csv or .sqlite",
                out.display()
            ))),
        }
    }
}

/// Whether two shards are of one run.
fn agree(first: &Found, other: &Found) -> Result<(), BatchError> {
    let apart = |what: &str, of: &dyn Fn(&Found) -> String| {
        let (first_says, other_says) = (of(first), of(other));
        let sentence = format!(
            "{} and {} are of different runs: {what} {first_says} and {other_says}; collect them apart",
            first.folder.display(),
            other.folder.display()
        );
        if first_says == other_says { Ok(()) } else { Err(BatchError::Collect(sentence)) }
    };
    apart("of so many shards:", &|found| found.shard.of().to_string())?;
    apart("settings", &|found| found.settings.clone())
}

fn summary(connection: &Connection, found: &[Found]) -> rusqlite::Result<Summary> {
    let numbers: Vec<u32> = found.iter().map(|found| found.shard.number()).collect();
    let of = found.first().map_or(0, |found| found.shard.of());
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let mut outcomes = BTreeMap::new();
    let mut query =
        connection.prepare("SELECT outcome, count(*) FROM files WHERE outcome IS NOT NULL GROUP BY outcome")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        outcomes.insert(row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs());
    }
    let mut judges = connection.prepare(
        "SELECT models || ' [' || substr(sha256, 1, 8) || ']' FROM judges
         WHERE id IN (SELECT judge FROM results WHERE id IN (SELECT result FROM files)) ORDER BY id",
    )?;
    let judges = judges.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut first_gaps = Vec::new();
    each_gap(connection, NAMED as i64, &mut |path| first_gaps.push(path.display().to_string()))?;
    Ok(Summary {
        shards: found.len(),
        missing_shards: (1..=of).filter(|number| !numbers.contains(number)).collect(),
        broken_lists: found
            .iter()
            .filter(|found| found.is_list_broken)
            .map(|found| found.folder.display().to_string())
            .collect(),
        gaps: count("SELECT count(*) FROM files WHERE outcome IS NULL")?,
        first_gaps,
        twice: found.iter().map(|found| found.twice).sum(),
        judges,
        outcomes,
        copies: count("SELECT count(*) - count(DISTINCT image_sha256) FROM files WHERE result IS NOT NULL")?,
        shared_uids: count(
            "SELECT count(*) FROM (SELECT 1 FROM results WHERE sop_instance_uid <> '' GROUP BY sop_instance_uid
             HAVING count(DISTINCT image_sha256) > 1)",
        )?,
        classes: classes(connection)?,
    })
}

fn classes(connection: &Connection) -> rusqlite::Result<Vec<ClassSummary>> {
    let mut classes: BTreeMap<i64, (ClassSummary, f64)> = BTreeMap::new();
    let mut query = connection.prepare(
        "SELECT c.id, c.name, min(9, max(0, CAST(s.p * 10 AS INTEGER))), count(*), sum(s.p), s.state
         FROM files f JOIN scores s ON s.result = f.result JOIN classes c ON c.id = s.class
         WHERE s.p IS NOT NULL GROUP BY 1, 3, 6 ORDER BY 1, 3",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let (bin, images): (usize, u64) = (row.get::<_, u8>(2)?.into(), row.get::<_, i64>(3)?.unsigned_abs());
        let empty = ClassSummary { class: name, images: 0, mean: 0.0, histogram: [0; BINS], states: BTreeMap::new() };
        let (class, sum) = classes.entry(id).or_insert((empty, 0.0));
        class.images += images;
        class.histogram[bin.min(BINS - 1)] += images;
        *sum += row.get::<_, f64>(4)?;
        if let Some(state) = row.get::<_, Option<String>>(5)? {
            *class.states.entry(state).or_default() += images;
        }
    }
    Ok(classes
        .into_values()
        .map(|(class, sum)| ClassSummary { mean: sum / class.images.max(1) as f64, ..class })
        .collect())
}

fn each_gap(connection: &Connection, most: i64, each: &mut dyn FnMut(PathBuf)) -> rusqlite::Result<()> {
    let mut query = connection.prepare("SELECT path FROM files WHERE outcome IS NULL ORDER BY path LIMIT ?1")?;
    let mut rows = query.query([most])?;
    while let Some(row) = rows.next()? {
        each(path_of(row.get_ref(0)?));
    }
    Ok(())
}

fn write_gaps(connection: &Connection, gaps: &Path, store: &Path) -> Result<(), BatchError> {
    let write = |source| BatchError::Write { path: gaps.to_owned(), source };
    let mut staged = Staged::of(gaps, Access::Private, b"").map_err(write)?;
    let mut file = std::io::BufWriter::new(staged.file());
    let mut written = Ok(());
    each_gap(connection, i64::MAX, &mut |path| {
        if written.is_ok() {
            written = file.write_all(path.as_os_str().as_encoded_bytes()).and_then(|()| file.write_all(b"\n"));
        }
    })
    .map_err(failed(store, "read"))?;
    written.and_then(|()| file.flush()).map_err(write)?;
    drop(file);
    staged.persist().map_err(write)
}

/// All rows as one table, block by block.
fn write_table(connection: &Connection, kind: Kind, out: &Path, store: &Path) -> Result<(), BatchError> {
    let write = |source| BatchError::Write { path: out.to_owned(), source };
    let part = |source: ResultTableError| BatchError::Part { path: out.to_owned(), source };
    let read = failed(store, "read");
    let mut staged = Staged::of(out, Access::Private, b"").map_err(write)?;
    let mut file = std::io::BufWriter::new(staged.file());
    let columns = columns(connection).map_err(&read)?;
    let (mut first, end) = (0, end(connection).map_err(&read)?);
    let mut block = || -> Result<_, BatchError> {
        let table = table(connection, &columns, first, first + PART).map_err(&read)?;
        first += PART;
        Ok((table, first >= end))
    };
    match kind {
        Kind::Parquet => {
            let (mut table, mut is_last) = block()?;
            let mut rows = ParquetRows::begin(&mut file, &table).map_err(part)?;
            loop {
                rows.append(&table).map_err(part)?;
                if is_last {
                    break;
                }
                (table, is_last) = block()?;
            }
            rows.end().map_err(part)?;
        }
        Kind::Csv => {
            for number in 0.. {
                let (table, is_last) = block()?;
                let text = table.of_kind(out).map_err(part)?;
                // The names of the columns stand in every block, and once in the file.
                let header = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                file.write_all(if number == 0 { &text } else { &text[header..] }).map_err(write)?;
                if is_last {
                    break;
                }
            }
        }
    }
    file.flush().map_err(write)?;
    drop(file);
    staged.persist().map_err(write)
}
