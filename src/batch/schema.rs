//! The tables of `results.sqlite`, and how it is opened.
//!
//! One process at a time: the lock is held from the first read to the end (`locking_mode = EXCLUSIVE`,
//! which also spares the shared memory that network file systems do not have). Transactions go to a
//! write-ahead log without waiting for the disk at each (`synchronous = NORMAL`): a killed process loses
//! nothing that was committed; a machine that loses power may lose the last seconds, and computes those
//! images again.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::BatchError;

/// Name of the file in the results folder.
pub(super) const FILE: &str = "results.sqlite";
/// Marks the file as one of ours: "PELL".
const APPLICATION: i32 = 0x5045_4c4c;
/// The layout of the tables.
const LAYOUT: i32 = 1;
/// Pages that are kept in memory, in KiB.
const CACHE: i32 = 8 << 10;

/// Rows of a part.
pub(super) const PART: i64 = 2048;

/// A path is text, or the bytes of what is no UTF-8. `number` is the place of a file's row among all
/// rows; files that are no images have none. A result is what one judge made of one content.
const TABLES: &str = "
CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE judges(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, models TEXT NOT NULL);
CREATE TABLE classes(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, figures INTEGER NOT NULL);
CREATE TABLE results(
    id INTEGER PRIMARY KEY,
    image_sha256 TEXT NOT NULL,
    judge INTEGER NOT NULL REFERENCES judges(id),
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    frame INTEGER,
    model TEXT,
    model_sha256 TEXT,
    accepted INTEGER NOT NULL,
    inside_population INTEGER,
    warnings TEXT NOT NULL,
    UNIQUE(image_sha256, judge)
);
CREATE TABLE scores(
    result INTEGER NOT NULL REFERENCES results(id),
    place INTEGER NOT NULL,
    class INTEGER NOT NULL REFERENCES classes(id),
    p REAL, logit REAL, mean REAL, sd REAL, p05 REAL, p95 REAL,
    state TEXT,
    PRIMARY KEY(result, place)
) WITHOUT ROWID;
CREATE TABLE files(
    path NOT NULL PRIMARY KEY,
    run INTEGER NOT NULL,
    named INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER,
    modified INTEGER,
    judge INTEGER REFERENCES judges(id),
    image_sha256 TEXT,
    result INTEGER REFERENCES results(id),
    outcome TEXT,
    reason TEXT,
    number INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX files_by_number ON files(number);
CREATE INDEX files_by_image ON files(image_sha256, number);
CREATE TABLE studies(uid TEXT PRIMARY KEY, is_done INTEGER NOT NULL, reason TEXT) WITHOUT ROWID;
CREATE TABLE parts(number INTEGER PRIMARY KEY, columns TEXT NOT NULL);
CREATE VIEW images AS
    SELECT f.path, f.outcome, coalesce(f.reason, r.reason) AS reason, f.image_sha256, r.sop_instance_uid,
           r.frame, r.model, r.model_sha256, r.accepted, r.inside_population, r.warnings
    FROM files f LEFT JOIN results r ON r.id = f.result WHERE f.outcome IS NOT NULL;
CREATE VIEW findings AS
    SELECT f.path, c.name AS class, s.p, s.logit, s.mean, s.sd, s.p05, s.p95, s.state
    FROM files f JOIN scores s ON s.result = f.result JOIN classes c ON c.id = s.class;
";

/// What SQLite says, as a sentence on the file.
pub(super) fn failed(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> BatchError + use<> {
    let path = path.to_owned();
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => BatchError::Taken(path.clone()),
        Some(ErrorCode::NotADatabase) => BatchError::Foreign(path.clone()),
        _ => BatchError::Store { path: path.clone(), doing, source },
    }
}

/// Opens the file, or makes it, with its tables; it is its owner's alone from its first byte on, and the
/// log beside it takes its mode from it.
pub(super) fn open(path: &Path) -> Result<Connection, BatchError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| BatchError::Write { path: path.to_owned(), source })?;
    opened(path)
}

/// Opens a file that must be there.
pub(super) fn open_known(path: &Path) -> Result<Connection, BatchError> {
    if !path.is_file() {
        return Err(BatchError::Foreign(path.to_owned()));
    }
    opened(path)
}

fn opened(path: &Path) -> Result<Connection, BatchError> {
    let failed = failed(path, "opened");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.busy_timeout(std::time::Duration::from_millis(500)).map_err(&failed)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(&failed)?;
    connection.pragma_update(None, "cache_size", -CACHE).map_err(&failed)?;
    // What a file of a stranger defines runs no function of this program.
    connection.pragma_update(None, "trusted_schema", "OFF").map_err(&failed)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(&failed)?;
    let layout: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&failed)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&failed)?;
    if tables > 0 && (application, layout) != (APPLICATION, LAYOUT) {
        return Err(BatchError::Foreign(path.to_owned()));
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(&failed)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(&failed)?;
    if tables == 0 {
        let make = format!(
            "BEGIN EXCLUSIVE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;"
        );
        connection.execute_batch(&make).map_err(&failed)?;
    }
    Ok(connection)
}

/// Makes one file of it, without the log beside it.
pub(super) fn close(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
}

/// A path as a value of the database.
pub(super) fn value_of(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        #[cfg(unix)]
        None => Value::Blob(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()),
        #[cfg(not(unix))]
        None => Value::Text(path.to_string_lossy().into_owned()),
    }
}

/// The path of a value.
pub(super) fn path_of(value: ValueRef<'_>) -> PathBuf {
    match value {
        #[cfg(unix)]
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
        }
        #[cfg(not(unix))]
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => PathBuf::from(String::from_utf8_lossy(bytes).into_owned()),
        _ => PathBuf::new(),
    }
}

pub(super) fn end_study(connection: &Connection, uid: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE studies SET is_done = 1 WHERE uid = ?1", [uid]).map(drop)
}

/// What stands under `list` once the list of the last run is whole.
pub(super) const LIST_IS_WHOLE: &str = "whole";

pub(super) fn about(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM about WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(super) fn put(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO about(key, value) VALUES(?1, ?2)", params![key, value]).map(drop)
}
