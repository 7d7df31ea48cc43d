//! Rows of the store as tables: the Parquet parts of a shard, and whatever is made of a whole collection.
//!
//! Part `k` holds the rows numbered `k · 2048` to `(k + 1) · 2048 - 1`. It is a function of the store
//! alone, written whole or not at all, and made again where a row in it changed; a part that is not
//! known as made is made, so that a killed process leaves none behind that is wrong. All parts have the
//! same columns: when a class or a figure comes up for the first time, those before are made again.

use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use super::BatchError;
use super::row::{Cell, Cells, ClassRow, FIGURES, JudgedBy, Kind, Row, RowTable};
use super::schema::{PART, path_of};
use super::store::Store;
use crate::evaluation::result_table::ResultTable;
use crate::files::kept_folder::make_private;
use crate::files::writing;

/// Folder of the parts, in the results folder.
pub const FOLDER: &str = "parts";

/// Columns with their kinds.
type Columns = Vec<(String, Kind)>;

/// The columns of every table of these results: those of `predict --out`, then what a batch knows beside.
///
/// # Errors
/// When the classes cannot be read.
pub(super) fn columns(connection: &Connection) -> rusqlite::Result<Columns> {
    let mut columns: Columns = Vec::new();
    let mut add = |name: &str, kind| columns.push((name.to_owned(), kind));
    add("image", Kind::Text);
    add("sop_instance_uid", Kind::Text);
    add("frame", Kind::Whole);
    add("model", Kind::Text);
    add("accepted", Kind::Truth);
    let mut query = connection.prepare("SELECT name, figures FROM classes ORDER BY id")?;
    let classes: Vec<(String, i64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (class, figures) in &classes {
        for (_, figure) in FIGURES.iter().enumerate().filter(|(i, _)| figures >> i & 1 == 1) {
            add(&format!("{figure} {class}"), Kind::Number);
        }
    }
    for (class, _) in classes.iter().filter(|(_, figures)| figures >> FIGURES.len() & 1 == 1) {
        add(&format!("state {class}"), Kind::Text);
    }
    add("inside population", Kind::Truth);
    add("copy_of", Kind::Text);
    add("warnings", Kind::Text);
    add("outcome", Kind::Text);
    add("reason", Kind::Text);
    add("image_sha256", Kind::Text);
    add("model_sha256", Kind::Text);
    Ok(columns)
}

/// Hands out the rows numbered from `first` up to `end`, in the order of their numbers.
fn cells(connection: &Connection, first: i64, end: i64, each: &mut dyn FnMut(&Cells)) -> rusqlite::Result<()> {
    let mut files = connection.prepare(
        "SELECT f.path, f.outcome, coalesce(f.reason, r.reason, ''), f.image_sha256, f.result, r.sop_instance_uid,
                r.frame, r.model, r.model_sha256, r.accepted, r.inside_population, r.warnings,
                (SELECT o.path FROM files o WHERE o.image_sha256 = f.image_sha256 AND o.number < f.number
                 ORDER BY o.number LIMIT 1)
         FROM files f LEFT JOIN results r ON r.id = f.result
         WHERE f.number >= ?1 AND f.number < ?2 ORDER BY f.number",
    )?;
    let mut scores = connection.prepare(
        "SELECT c.name, s.p, s.logit, s.mean, s.sd, s.p05, s.p95, s.state
         FROM scores s JOIN classes c ON c.id = s.class WHERE s.result = ?1 ORDER BY s.place",
    )?;
    let mut rows = files.query(params![first, end])?;
    while let Some(row) = rows.next()? {
        let image = path_of(row.get_ref(0)?).display().to_string();
        let result: Option<i64> = row.get(4)?;
        let mut cells = match result {
            None => vec![("image".to_owned(), Cell::Text(image))],
            Some(result) => {
                let classes = scores.query_map([result], class)?.collect::<rusqlite::Result<_>>()?;
                let copy_of = Some(path_of(row.get_ref(12)?).display().to_string()).filter(|path| !path.is_empty());
                judged(row, classes)?.cells(&image, copy_of.as_deref())
            }
        };
        let more = [("outcome", 1), ("reason", 2), ("image_sha256", 3), ("model_sha256", 8)];
        for (name, column) in more {
            let words: Option<String> = row.get(column)?;
            cells.extend(words.filter(|words| !words.is_empty()).map(|words| (name.to_owned(), Cell::Text(words))));
        }
        each(&cells);
    }
    Ok(())
}

fn judged(row: &SqlRow<'_>, classes: Vec<ClassRow>) -> rusqlite::Result<Row> {
    let model = row.get::<_, Option<String>>(7)?.zip(row.get::<_, Option<String>>(8)?);
    Ok(Row {
        sop_instance_uid: row.get(5)?,
        frame: row.get(6)?,
        model: model.map(|(name, sha256)| JudgedBy { name, sha256 }),
        accepted: row.get(9)?,
        reason: String::new(),
        is_damaged: false,
        classes,
        inside_population: row.get(10)?,
        warnings: row.get(11)?,
    })
}

fn class(row: &SqlRow<'_>) -> rusqlite::Result<ClassRow> {
    let mut figures = [None; FIGURES.len()];
    for (i, figure) in figures.iter_mut().enumerate() {
        *figure = row.get(i + 1)?;
    }
    Ok(ClassRow { name: row.get(0)?, figures, state: row.get(FIGURES.len() + 1)? })
}

/// Number behind the last row.
pub(super) fn end(connection: &Connection) -> rusqlite::Result<i64> {
    let last: Option<i64> = connection.query_row("SELECT max(number) FROM files", [], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last + 1))
}

/// The rows numbered from `first` up to `end` as a table.
pub(super) fn table(
    connection: &Connection,
    columns: &[(String, Kind)],
    first: i64,
    end: i64,
) -> rusqlite::Result<ResultTable> {
    let mut table = RowTable::new(columns);
    cells(connection, first, end, &mut |row| table.push(row))?;
    Ok(table.finish())
}

impl Store {
    /// Makes the parts that are complete; at the end of a run all of them, and removes those that hold no
    /// row any more.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn make_parts(&self, is_end: bool) -> Result<(), BatchError> {
        let failed = self.failed("read");
        let folder = self.folder.join(FOLDER);
        make_private(&folder).map_err(|source| BatchError::Write { path: folder.clone(), source })?;
        let columns = columns(&self.connection).map_err(&failed)?;
        let stamp = columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\n");
        let stamp = crate::files::sha256(stamp.as_bytes());
        let end = end(&self.connection).map_err(&failed)?;
        for part in 0..=end / PART {
            let (first, behind) = (part * PART, (part + 1) * PART);
            let made: Option<String> = self
                .connection
                .query_row("SELECT columns FROM parts WHERE number = ?1", [part], |row| row.get(0))
                .optional()
                .map_err(&failed)?;
            let path = self.part(part);
            // While it runs, what was made is left alone but for new rows.
            let is_made = match made {
                Some(made) => !is_end || (made == stamp && path.exists()),
                None => false,
            };
            if is_made || (end < behind && !is_end) {
                continue;
            }
            let table = table(&self.connection, &columns, first, behind).map_err(&failed)?;
            if table.is_empty() {
                match fs::remove_file(&path) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                        return Err(BatchError::Write { path, source });
                    }
                    _ => continue,
                }
            }
            let bytes = table.of_kind(&path).map_err(|source| BatchError::Part { path: path.clone(), source })?;
            writing::private(&path, &bytes).map_err(|source| BatchError::Write { path: path.clone(), source })?;
            self.connection
                .execute("INSERT OR REPLACE INTO parts(number, columns) VALUES(?1, ?2)", params![part, stamp])
                .map_err(self.failed("written"))?;
        }
        Ok(())
    }

    fn part(&self, number: i64) -> PathBuf {
        self.folder.join(FOLDER).join(format!("part-{number:05}.parquet"))
    }
}
