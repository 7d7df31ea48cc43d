//! How what came of a file goes into the tables, all of it or nothing.
//!
//! A result is written once for each content and judge. A row has its number for as long as it stays the
//! same; a row that changes gets a new one at the end, and the Parquet part that it leaves is made again.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::finished::{Finished, Outcome};
use super::row::{ClassRow, FAILED, FIGURES, NO_IMAGE, Row};
use super::schema::{PART, about, end_study, put, value_of};

/// Number, result, reason and image of a file as the store knows it.
type OldRow = (Option<i64>, Option<i64>, Option<String>, Option<String>);

pub(super) fn write(transaction: &Transaction<'_>, one: &Finished, run: i64, judge: i64) -> rusqlite::Result<()> {
    if let Some(study) = &one.ends {
        end_study(transaction, study)?;
    }
    let (result, outcome, reason) = match &one.outcome {
        Outcome::Unchanged(_) => return Ok(()),
        Outcome::Known { result, outcome } => (Some(*result), outcome.as_str(), None),
        Outcome::Judged(row) => {
            let image = one.image.as_deref().unwrap_or_default();
            (Some(judged(transaction, image, judge, row)?), row.outcome(), None)
        }
        Outcome::NoImage(reason) => (None, NO_IMAGE, Some(reason)),
        Outcome::Failed(reason) => (None, FAILED, Some(reason)),
    };
    let path = value_of(&one.path);
    let old: Option<OldRow> = transaction
        .query_row("SELECT number, result, reason, image_sha256 FROM files WHERE path = ?1", [&path], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let (number, old_result, old_reason, old_image) = old.unwrap_or_default();
    let is_as_before = old_result == result && old_reason.as_ref() == reason && old_image == one.image;
    let number = match number {
        Some(number) if is_as_before && outcome != NO_IMAGE => Some(number),
        old => {
            if let Some(old) = old {
                // The part that it leaves, and those of its copies, are to be made again.
                forget_part(transaction, old)?;
                transaction.execute(
                    "DELETE FROM parts WHERE number IN (SELECT number / ?2 FROM files WHERE image_sha256 = ?1)",
                    params![old_image, PART],
                )?;
            }
            (outcome != NO_IMAGE).then(|| next_number(transaction)).transpose()?
        }
    };
    if let Some(number) = number {
        forget_part(transaction, number)?;
    }
    let (bytes, modified) = one.stamp.unzip();
    transaction.execute(
        "INSERT INTO files(path, run, bytes, modified, judge, image_sha256, result, outcome, reason, number)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT(path) DO UPDATE SET run = excluded.run, bytes = excluded.bytes, modified = excluded.modified,
         judge = excluded.judge, image_sha256 = excluded.image_sha256, result = excluded.result,
         outcome = excluded.outcome, reason = excluded.reason, number = excluded.number",
        params![path, run, bytes, modified, judge, one.image, result, outcome, reason, number],
    )?;
    Ok(())
}

fn next_number(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    // Never one that was given before: parts may name it.
    let last = about(transaction, "last number")?.and_then(|number| number.parse::<i64>().ok());
    let next = last.map_or(0, |last| last + 1);
    put(transaction, "last number", &next.to_string())?;
    Ok(next)
}

fn forget_part(transaction: &Transaction<'_>, number: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM parts WHERE number = ?1", [number / PART]).map(drop)
}

/// Writes a result with its scores, once for each content and judge; yields its number.
fn judged(transaction: &Transaction<'_>, image: &str, judge: i64, row: &Row) -> rusqlite::Result<i64> {
    let model = row.model.as_ref();
    let inserted = transaction.execute(
        "INSERT OR IGNORE INTO results(image_sha256, judge, outcome, reason, sop_instance_uid, frame, model,
         model_sha256, accepted, inside_population, warnings) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            image,
            judge,
            row.outcome(),
            row.reason,
            row.sop_instance_uid,
            row.frame,
            model.map(|model| &model.name),
            model.map(|model| &model.sha256),
            row.accepted,
            row.inside_population,
            row.warnings,
        ],
    )?;
    let result = transaction.query_row(
        "SELECT id FROM results WHERE image_sha256 = ?1 AND judge = ?2",
        params![image, judge],
        |row| row.get(0),
    )?;
    if inserted > 0 {
        for (place, class) in row.classes.iter().enumerate() {
            let id = class_id(transaction, class)?;
            let [p, logit, mean, sd, p05, p95] = class.figures;
            transaction.execute(
                "INSERT INTO scores(result, place, class, p, logit, mean, sd, p05, p95, state)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![result, place as i64, id, p, logit, mean, sd, p05, p95, class.state],
            )?;
        }
    }
    Ok(result)
}

/// The number of a class; the figures that some image has of it are noted, for they are columns.
fn class_id(transaction: &Transaction<'_>, class: &ClassRow) -> rusqlite::Result<i64> {
    let figures = class.figures.iter().enumerate().map(|(i, figure)| i64::from(figure.is_some()) << i).sum::<i64>()
        | i64::from(class.state.is_some()) << FIGURES.len();
    let known = transaction
        .query_row("SELECT id, figures FROM classes WHERE name = ?1", [&class.name], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    match known {
        Some((id, known)) if known | figures == known => Ok(id),
        Some((id, known)) => {
            transaction.execute("UPDATE classes SET figures = ?2 WHERE id = ?1", params![id, known | figures])?;
            Ok(id)
        }
        None => {
            transaction.execute("INSERT INTO classes(name, figures) VALUES(?1, ?2)", params![class.name, figures])?;
            Ok(transaction.last_insert_rowid())
        }
    }
}
