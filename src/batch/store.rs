//! The truth of a batch: which files there are, and what came of each.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::BatchError;
use super::finished::{Finished, Stamp};
use super::row::FAILED;
use super::schema::{self, FILE, LIST_IS_WHOLE, PART, about, end_study, failed, path_of, put, value_of};
use super::shard::Shard;
use super::write::write;
use crate::files::kept_folder::make_private;

/// What decides a row beside the image and the model, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The program's version.
    pub program: String,
    /// How images are analysed, like `samples 100 of mc-dropout, seed 7`.
    pub analysis: String,
    pub shard: Shard,
}

/// The model, or the models that one is chosen from, by everything that decides their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    /// Of all their files, lower-case hex.
    pub sha256: String,
    /// For people: names with the beginnings of the hashes of their weights.
    pub models: String,
}

/// A file of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub path: PathBuf,
    /// Named rather than found in a folder: it must be an image.
    pub is_named: bool,
    /// As it was when the judge of today judged it, and the outcome.
    pub seen: Option<(Stamp, String)>,
}

/// An open results folder.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) folder: PathBuf,
    pub(super) path: PathBuf,
    judge: i64,
    run: i64,
}

impl Store {
    /// Opens the results in `folder`, or begins them, for a run with this judge.
    ///
    /// # Errors
    /// When another process has them, they are of other settings, or they cannot be read or written.
    pub fn open(folder: &Path, settings: &Settings, judge: &Judge) -> Result<Self, BatchError> {
        make_private(folder).map_err(|source| BatchError::Write { path: folder.to_owned(), source })?;
        let path = folder.join(FILE);
        let connection = schema::open(&path)?;
        let mut store = Self { connection, folder: folder.to_owned(), path, judge: 0, run: 0 };
        store.begin(settings, judge)?;
        Ok(store)
    }

    fn begin(&mut self, settings: &Settings, judge: &Judge) -> Result<(), BatchError> {
        let failed = failed(&self.path, "opened");
        let transaction = self.connection.transaction().map_err(&failed)?;
        let ours = [
            ("program", settings.program.clone()),
            ("settings", settings.analysis.clone()),
            ("shard", settings.shard.to_string()),
        ];
        for (key, ours) in ours {
            transaction
                .execute("INSERT OR IGNORE INTO about(key, value) VALUES(?1, ?2)", params![key, ours])
                .map_err(&failed)?;
            let theirs = about(&transaction, key).map_err(&failed)?.unwrap_or_default();
            if theirs != ours {
                let with_kind = |value: String| format!("{key} {value}");
                let (theirs, ours) = (with_kind(theirs), with_kind(ours));
                return Err(BatchError::OtherSettings { path: self.path.clone(), theirs, ours });
            }
        }
        let run: i64 = about(&transaction, "run").map_err(&failed)?.and_then(|run| run.parse().ok()).unwrap_or(0) + 1;
        put(&transaction, "run", &run.to_string()).map_err(&failed)?;
        put(&transaction, "list", "begun").map_err(&failed)?;
        transaction
            .execute("INSERT OR IGNORE INTO judges(sha256, models) VALUES(?1, ?2)", params![judge.sha256, judge.models])
            .map_err(&failed)?;
        let judge = transaction
            .query_row("SELECT id FROM judges WHERE sha256 = ?1", [&judge.sha256], |row| row.get(0))
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        (self.judge, self.run) = (judge, run);
        Ok(())
    }

    /// Where the results lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> BatchError + use<> {
        failed(&self.path, doing)
    }

    /// Keeps a fact on the whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, key: &str, value: &str) -> Result<(), BatchError> {
        put(&self.connection, key, value).map_err(self.failed("written"))
    }

    /// Takes files into the list of this run.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn list(&mut self, files: &[(PathBuf, bool)]) -> Result<(), BatchError> {
        let (failed, run) = (self.failed("written"), self.run);
        let transaction = self.connection.transaction().map_err(&failed)?;
        {
            let mut insert = transaction
                .prepare(
                    "INSERT INTO files(path, run, named) VALUES(?1, ?2, ?3)
                     ON CONFLICT(path) DO UPDATE SET named = max(excluded.named, CASE WHEN run = excluded.run
                     THEN named ELSE 0 END), run = excluded.run",
                )
                .map_err(&failed)?;
            for (path, named) in files {
                insert.execute(params![value_of(path), run, named]).map_err(&failed)?;
            }
        }
        transaction.commit().map_err(&failed)
    }

    /// Nothing more will be listed in this run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_list(&self) -> Result<(), BatchError> {
        put(&self.connection, "list", LIST_IS_WHOLE).map_err(self.failed("written"))
    }

    /// How many files are in the list of this run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn listed(&self) -> Result<u64, BatchError> {
        let count = self
            .connection
            .query_row("SELECT count(*) FROM files WHERE run = ?1", [self.run], |row| row.get::<_, i64>(0));
        Ok(count.map_err(self.failed("read"))?.unsigned_abs())
    }

    /// The next files of the list behind `last`, in the order of their paths' bytes; failures are
    /// forgotten where they are to be looked at `again`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn next(&self, last: Option<&Path>, most: usize, again: bool) -> Result<Vec<Listed>, BatchError> {
        let failed = self.failed("read");
        let mut query = self
            .connection
            .prepare(
                "SELECT path, named, bytes, modified, judge, outcome FROM files
                 WHERE run = ?1 AND path > ?2 ORDER BY path LIMIT ?3",
            )
            .map_err(&failed)?;
        let behind = last.map_or_else(|| Value::Text(String::new()), value_of);
        let rows = query.query_map(params![self.run, behind, most as i64], |row| {
            let outcome: Option<String> = row.get(5)?;
            let is_of_today = row.get::<_, Option<i64>>(4)? == Some(self.judge);
            let outcome = outcome.filter(|outcome| is_of_today && !(again && outcome == FAILED));
            let stamp = row.get::<_, Option<i64>>(2)?.zip(row.get::<_, Option<i64>>(3)?);
            let (path, is_named) = (path_of(row.get_ref(0)?), row.get(1)?);
            Ok(Listed { path, is_named, seen: stamp.zip(outcome) })
        });
        rows.and_then(Iterator::collect).map_err(&failed)
    }

    /// What the judge of today made of this content, and the outcome; of failures nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn known(&self, image: &str) -> Result<Option<(i64, String)>, BatchError> {
        let found = self.connection.query_row(
            "SELECT id, outcome FROM results WHERE image_sha256 = ?1 AND judge = ?2",
            params![image, self.judge],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        found.optional().map_err(self.failed("read"))
    }

    /// Writes what came of files, all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn commit(&mut self, finished: &[Finished]) -> Result<(), BatchError> {
        let (failed, run, judge) = (self.failed("written"), self.run, self.judge);
        let transaction = self.connection.transaction().map_err(&failed)?;
        let written: rusqlite::Result<()> = finished.iter().try_for_each(|one| write(&transaction, one, run, judge));
        written.and_then(|()| transaction.commit()).map_err(&failed)
    }

    /// Takes studies of an archive into the list.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn list_studies<'a>(&mut self, uids: impl Iterator<Item = &'a str>) -> Result<(), BatchError> {
        let failed = self.failed("written");
        let transaction = self.connection.transaction().map_err(&failed)?;
        for uid in uids {
            transaction.execute("INSERT OR IGNORE INTO studies(uid, is_done) VALUES(?1, 0)", [uid]).map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)
    }

    /// How many studies are not done.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open_studies(&self) -> Result<u64, BatchError> {
        let count =
            self.connection.query_row("SELECT count(*) FROM studies WHERE NOT is_done", [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(self.failed("read"))?.unsigned_abs())
    }

    /// The first study behind `last` that is not done.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_study(&self, last: &str) -> Result<Option<String>, BatchError> {
        let query = "SELECT uid FROM studies WHERE NOT is_done AND uid > ?1 ORDER BY uid LIMIT 1";
        self.connection.query_row(query, [last], |row| row.get(0)).optional().map_err(self.failed("read"))
    }

    /// Notes that a study is done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_study(&self, uid: &str) -> Result<(), BatchError> {
        end_study(&self.connection, uid).map_err(self.failed("written"))
    }

    /// Forgets files that are in the list no more and have no result: those that were never looked at, and
    /// failures.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_gone(&self) -> Result<(), BatchError> {
        let failed = self.failed("written");
        let gone = "run < ?1 AND result IS NULL";
        let parts = format!("DELETE FROM parts WHERE number IN (SELECT number / {PART} FROM files WHERE {gone})");
        self.connection.execute(&parts, [self.run]).map_err(&failed)?;
        self.connection.execute(&format!("DELETE FROM files WHERE {gone}"), [self.run]).map(drop).map_err(&failed)
    }

    /// Leaves one file without the log beside it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close(self) -> Result<(), BatchError> {
        schema::close(&self.connection).map_err(self.failed("closed"))
    }
}
