//! The results of several shards in one file of the same layout.
//!
//! Numbers of judges, classes and results differ from file to file, so each is found again by what it
//! names: a judge by its hash, a class by its name, a result by content and judge. All of it happens in
//! SQLite, on the disk: memory does not grow with the number of images.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::BatchError;
use super::schema::{self, FILE, LIST_IS_WHOLE, about, failed};
use super::shard::Shard;

/// One shard, as it was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub folder: PathBuf,
    pub shard: Shard,
    /// Version and settings, in words.
    pub settings: String,
    /// Its list was not finished: what it would have held is not known.
    pub is_list_broken: bool,
    /// Images that it holds and another shard held before.
    pub twice: u64,
}

/// A file into which shards are merged.
pub(super) struct Merged {
    pub connection: Connection,
    path: PathBuf,
}

const MERGE: &str = "
INSERT OR IGNORE INTO judges(sha256, models) SELECT sha256, models FROM shard.judges ORDER BY id;
INSERT OR IGNORE INTO classes(name, figures) SELECT name, 0 FROM shard.classes ORDER BY id;
UPDATE classes SET figures = figures | coalesce(
    (SELECT s.figures FROM shard.classes s WHERE s.name = classes.name), 0);
CREATE TEMP TABLE judge_map AS
    SELECT s.id AS theirs, j.id AS ours FROM shard.judges s JOIN main.judges j ON j.sha256 = s.sha256;
CREATE TEMP TABLE class_map AS
    SELECT s.id AS theirs, c.id AS ours FROM shard.classes s JOIN main.classes c ON c.name = s.name;
INSERT OR IGNORE INTO results(image_sha256, judge, outcome, reason, sop_instance_uid, frame, model, model_sha256,
                              accepted, inside_population, warnings)
    SELECT s.image_sha256, m.ours, s.outcome, s.reason, s.sop_instance_uid, s.frame, s.model, s.model_sha256,
           s.accepted, s.inside_population, s.warnings
    FROM shard.results s JOIN judge_map m ON m.theirs = s.judge ORDER BY s.id;
CREATE TEMP TABLE result_map(theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO result_map
    SELECT s.id, r.id FROM shard.results s JOIN judge_map m ON m.theirs = s.judge
    JOIN main.results r ON r.image_sha256 = s.image_sha256 AND r.judge = m.ours;
INSERT OR IGNORE INTO scores(result, place, class, p, logit, mean, sd, p05, p95, state)
    SELECT m.ours, s.place, c.ours, s.p, s.logit, s.mean, s.sd, s.p05, s.p95, s.state
    FROM shard.scores s JOIN result_map m ON m.theirs = s.result JOIN class_map c ON c.theirs = s.class;
";

const FILES: &str = "
INSERT OR IGNORE INTO files(path, run, named, bytes, modified, judge, image_sha256, result, outcome, reason, number)
    SELECT s.path, 1, s.named, s.bytes, s.modified, (SELECT ours FROM judge_map WHERE theirs = s.judge),
           s.image_sha256, (SELECT ours FROM result_map WHERE theirs = s.result), s.outcome, s.reason,
           s.number + ?1
    FROM shard.files s";

impl Merged {
    /// An empty file.
    pub(super) fn make(path: &Path) -> Result<Self, BatchError> {
        Ok(Self { connection: schema::open(path)?, path: path.to_owned() })
    }

    /// Adds a shard; what is there already stays as it is.
    pub(super) fn add(&self, folder: &Path) -> Result<Found, BatchError> {
        let theirs = folder.join(FILE);
        // Opened by itself first: whether it is one of ours, and what a killed process left of it.
        let failed_there = failed(&theirs, "read");
        let found = {
            let shard = schema::open_known(&theirs)?;
            let of = |key| about(&shard, key).map_err(&failed_there).map(Option::unwrap_or_default);
            Found {
                folder: folder.to_owned(),
                shard: of("shard")?.parse().map_err(|_| BatchError::Foreign(theirs.clone()))?,
                settings: format!("{}, {}", of("program")?, of("settings")?),
                is_list_broken: of("list")? != LIST_IS_WHOLE,
                twice: 0,
            }
        };
        let text = theirs.to_str().ok_or_else(|| BatchError::Source {
            path: theirs.clone(),
            reason: "its path is not text in UTF-8, and SQLite opens no other".into(),
        })?;
        self.connection.execute("ATTACH ?1 AS shard", [text]).map_err(&failed_there)?;
        let twice = self.merge();
        let detached = self.connection.execute_batch(
            "DROP TABLE IF EXISTS temp.judge_map; DROP TABLE IF EXISTS temp.class_map;
             DROP TABLE IF EXISTS temp.result_map; DETACH shard",
        );
        let twice = twice.map_err(failed(&self.path, "written"))?;
        detached.map_err(&failed_there)?;
        Ok(Found { twice, ..found })
    }

    /// Yields how many files were there already.
    fn merge(&self) -> rusqlite::Result<u64> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.execute_batch(MERGE)?;
        let base = super::parts::end(&transaction)?;
        let added = transaction.execute(FILES, params![base])? as u64;
        let all: i64 = transaction.query_row("SELECT count(*) FROM shard.files", [], |row| row.get(0))?;
        transaction.commit()?;
        Ok(all.unsigned_abs().saturating_sub(added))
    }
}
