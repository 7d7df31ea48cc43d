//! Scoring archives: the rows of `predict`, written once, whatever ends the program, on any number of
//! machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use rusqlite::Connection;
use serde_json::Value;

use super::cli::{code, lines, pellucid, said};
use super::dicom_bytes::{EXPLICIT, Object};
use crate::toy;

type Row = BTreeMap<String, Field>;

/// The rows of a Parquet file by the image's name; what is missing is left out.
fn parquet(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let row =
        |row: parquet::record::Row| row.into_columns().into_iter().filter(|(_, cell)| *cell != Field::Null).collect();
    reader.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
}

/// All parts of a results folder, in their order.
fn parts(results: &Path) -> Vec<Row> {
    let mut parts: Vec<PathBuf> = fs::read_dir(results.join("parts")).unwrap().map(|e| e.unwrap().path()).collect();
    parts.sort();
    parts.iter().flat_map(|part| parquet(part)).collect()
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    match row.get(column) {
        Some(Field::Str(text)) => text,
        _ => "",
    }
}

fn batch(folder: &Path, more: &[&str]) -> Value {
    let output = pellucid(folder, &[&["batch", "--model", "toy", "--json"], more].concat());
    lines(&output).pop().unwrap_or_else(|| panic!("{}", said(&output)))
}

fn count(found: &Value, key: &str) -> u64 {
    found[key].as_u64().unwrap_or_else(|| panic!("no {key} in {found}"))
}

/// So many small images below `set`, in folders.
fn set(folder: &Path, images: u32) {
    toy::model(folder);
    for i in 0..images {
        small(&folder.join(format!("set/{}/{i}.png", i % 3)), i);
    }
}

fn small(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y * 3 + seed * 17) as u8])).save(path).unwrap();
}

fn results(folder: &Path) -> Vec<(String, String, String)> {
    let connection = Connection::open(folder.join("results.sqlite")).unwrap();
    let mut query = connection
        .prepare(
            "SELECT i.path, i.image_sha256, group_concat(s.class || s.p || coalesce(s.mean, '')) FROM images i
                  JOIN (SELECT * FROM findings ORDER BY path, class) s USING (path) GROUP BY i.path ORDER BY i.path",
        )
        .unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_batch_has_the_rows_of_predict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 0);
    for i in 0..19 {
        toy::picture(&path.join(format!("set/{}/{i:02}.png", i % 4)), i);
    }
    fs::copy(path.join("set/0/00.png"), path.join("set/3/zz-copy.png")).unwrap();
    let grey = Object::new(6, 4, 8).frames(2).pixels("OB", 1, (0..48).map(|i| i * 5).collect());
    fs::write(path.join("set/two-frames.dcm"), grey.file(EXPLICIT)).unwrap();
    fs::write(path.join("set/notes.txt"), "no image").unwrap();
    let cut = fs::read(path.join("set/1/01.png")).unwrap();
    fs::write(path.join("set/2/cut.png"), &cut[..cut.len() / 2]).unwrap();
    fs::write(path.join("set/2/broken.png"), &cut[..20]).unwrap();
    let predict = pellucid(path, &["predict", "set", "--model", "toy", "--out", "rows.parquet", "--json"]);
    assert_eq!(code(&predict), 3, "{}", said(&predict));
    let found = batch(path, &["set", "--out", "results"]);
    let all: BTreeMap<String, Row> =
        parts(&path.join("results")).into_iter().map(|r| (text(&r, "image").into(), r)).collect();
    let known = parquet(&path.join("rows.parquet"));
    for row in &known {
        let own = &all[text(row, "image")];
        for (column, cell) in row {
            // A pass of several images adds in the order of a pass of one.
            assert_eq!(own.get(column), Some(cell), "{column} of {}", text(row, "image"));
        }
        let more: BTreeSet<&str> = own.keys().filter(|key| !row.contains_key(*key)).map(String::as_str).collect();
        assert!(more.is_subset(&["outcome", "reason", "image_sha256", "model_sha256"].into()), "{more:?}");
    }
    let failed: Vec<&str> = all.values().filter(|r| text(r, "outcome") == "failed").map(|r| text(r, "image")).collect();
    assert_eq!(failed, ["set/2/broken.png", "set/2/cut.png"], "each file that predict complains of is a failure");
    for image in failed {
        assert!(text(&all[image], "reason").ends_with('.'), "{:?}", all[image]);
        assert!(said(&predict).contains(&format!("error: {image} ")), "{}", said(&predict));
    }
    assert_eq!(all.len(), known.len() + 1, "what cannot be read has a row of its own");
    let counts = ["files", "scored", "not_scored", "failed", "no_image"].map(|key| count(&found, key));
    assert_eq!(counts, [24, 21, 0, 2, 1], "{found}");
}

#[test]
fn the_model_that_fits_is_chosen_as_predict_chooses_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for i in 0..3 {
        toy::picture(&path.join(format!("set/{i}.png")), i);
    }
    let few = ["--samples", "2"];
    let predict = pellucid(path, &[&["predict", "set", "--out", "rows.parquet"], &few[..]].concat());
    let output = pellucid(path, &[&["batch", "set", "--out", "results"], &few[..]].concat());
    assert_eq!((code(&predict), code(&output)), (0, 0), "{}", said(&output));
    let own = parts(&path.join("results"));
    for (row, own) in parquet(&path.join("rows.parquet")).iter().zip(&own) {
        assert!(row.iter().all(|(column, cell)| own.get(column) == Some(cell)), "{row:?} {own:?}");
        assert_eq!(text(own, "outcome"), "not scored");
        assert!(!text(own, "reason").is_empty());
    }
}

#[test]
fn running_twice_adds_nothing_and_what_changed_gets_a_new_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 12);
    assert_eq!(count(&batch(path, &["set", "--out", "results"]), "unchanged"), 0);
    let (first, rows) = (parts(&path.join("results")), results(&path.join("results")));
    let again = batch(path, &["set", "--out", "results"]);
    assert_eq!((count(&again, "files"), count(&again, "unchanged"), count(&again, "scored")), (12, 12, 12));
    assert_eq!(parts(&path.join("results")), first);
    assert_eq!(results(&path.join("results")), rows);
    // A file of the same content is known, and one of another content is judged.
    fs::copy(path.join("set/0/0.png"), path.join("set/0/copy.png")).unwrap();
    small(&path.join("set/1/1.png"), 99);
    let changed = batch(path, &["set", "--out", "results"]);
    assert_eq!((count(&changed, "unchanged"), count(&changed, "known"), count(&changed, "scored")), (11, 1, 13));
    let now = parts(&path.join("results"));
    assert_eq!(now.len(), 13, "one row a file");
    let of = |rows: &[Row], image: &str| rows.iter().find(|row| text(row, "image") == image).unwrap().clone();
    assert_ne!(of(&now, "set/1/1.png")["image_sha256"], of(&first, "set/1/1.png")["image_sha256"]);
    assert_ne!(of(&now, "set/1/1.png")["p Normal"], of(&first, "set/1/1.png")["p Normal"]);
    assert_eq!(text(&of(&now, "set/0/copy.png"), "copy_of"), "set/0/0.png");
    let kept = Connection::open(path.join("results/results.sqlite")).unwrap();
    let all: i64 = kept.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
    assert_eq!(all, 13, "what was said of the content of before is kept");
    drop(kept);
    // Another model judges everything anew; another way of analysing belongs elsewhere.
    toy::other_weights(&path.join("toy"));
    let manifest = fs::read_to_string(path.join("toy/manifest.toml")).unwrap();
    let old = manifest.lines().find(|line| line.starts_with("weights_sha256")).unwrap().to_owned();
    let hash = pellucid::files::sha256(&fs::read(path.join("toy/weights.safetensors")).unwrap());
    fs::write(path.join("toy/manifest.toml"), manifest.replace(&old, &format!("weights_sha256 = \"{hash}\""))).unwrap();
    let other = batch(path, &["set", "--out", "results"]);
    // Copies that share a pass with their original are scored with it.
    assert_eq!((count(&other, "unchanged"), count(&other, "scored")), (0, 13));
    assert_eq!(parts(&path.join("results")).len(), 13);
    let refused = pellucid(path, &["batch", "set", "--model", "toy", "--out", "results", "--samples", "3"]);
    assert_eq!(code(&refused), 1);
    assert!(said(&refused).contains("results of other settings"), "{}", said(&refused));
}

#[cfg(unix)]
#[test]
fn results_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    set(folder.path(), 2);
    batch(folder.path(), &["set", "--out", "results"]);
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    let files = ["results/results.sqlite", "results/parts/part-00000.parquet"].map(mode);
    assert_eq!((mode("results"), files), (0o700, [0o600, 0o600]));
    let left: Vec<_> = fs::read_dir(folder.path().join("results")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no log is left beside the results: {left:?}");
}

fn spawned(folder: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    command.current_dir(folder).args(["batch", "set", "--model", "toy", "--out", "results"]).args(more);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Rows that a killed batch has committed: its log is read, and nothing is written.
fn committed(folder: &Path) -> usize {
    let Ok(connection) = Connection::open(folder.join("results/results.sqlite")) else { return 0 };
    let count =
        connection.query_row("SELECT count(*) FROM files WHERE outcome IS NOT NULL", [], |row| row.get::<_, i64>(0));
    count.unwrap_or(0) as usize
}

#[test]
fn a_batch_killed_again_and_again_ends_in_the_rows_of_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 700);
    batch(path, &["set", "--out", "whole"]);
    let (mut kills, mut before) = (0, 0);
    // Uneven times, from before the list is made to the writing of parts.
    for wait in [40_u64, 90, 230, 310, 170, 450, 270, 610, 130, 520, 390, 700].into_iter().cycle().take(60) {
        let mut run = spawned(path, &[]);
        let until = Instant::now() + Duration::from_millis(wait);
        while Instant::now() < until && run.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(10));
        }
        if run.try_wait().unwrap().is_some() {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        kills += 1;
        let now = committed(path);
        assert!(now >= before, "what was committed stays: {before}, then {now}");
        before = now;
    }
    assert!(kills > 2, "it was killed {kills} times");
    let end = batch(path, &["set", "--out", "results"]);
    assert_eq!((count(&end, "files"), count(&end, "scored")), (700, 700), "{end}");
    assert_eq!(results(&path.join("results")), results(&path.join("whole")), "nothing is lost or double");
    let by_name =
        |rows: Vec<Row>| rows.into_iter().map(|row| (text(&row, "image").to_owned(), row)).collect::<Vec<_>>();
    let (mut parts_now, mut parts_whole) = (by_name(parts(&path.join("results"))), by_name(parts(&path.join("whole"))));
    parts_now.sort_by(|a, b| a.0.cmp(&b.0));
    parts_whole.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(parts_now == parts_whole && parts_now.len() == 700, "and the parts hold the same");
}

#[cfg(unix)]
#[test]
fn a_batch_that_is_interrupted_ends_cleanly_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 900);
    let mut run = spawned(path, &[]);
    while !path.join("results/results.sqlite").exists() && run.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(20));
    }
    let busy = pellucid(path, &["batch", "set", "--model", "toy", "--out", "results"]);
    if run.try_wait().unwrap().is_none() {
        assert!(code(&busy) == 1 && said(&busy).contains("another process works on"), "{}", said(&busy));
    }
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = run.wait().unwrap();
    assert!([Some(130), Some(0)].contains(&status.code()), "{status}");
    assert!(!path.join("results/results.sqlite-wal").exists(), "one file is left");
    let end = batch(path, &["set", "--out", "results"]);
    assert_eq!((count(&end, "files"), count(&end, "scored")), (900, 900));
}

#[test]
fn shards_are_a_partition_and_collect_joins_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 60);
    fs::copy(path.join("set/0/0.png"), path.join("set/1/copy.png")).unwrap();
    fs::write(path.join("set/2/bad.png"), "bad").unwrap();
    batch(path, &["set", "--out", "whole"]);
    for shard in ["1/3", "2/3", "3/3"] {
        batch(path, &["set", "--out", "results", "--shard", shard]);
    }
    let collected = pellucid(path, &["collect", "results", "--out", "all.parquet", "--json"]);
    assert_eq!(code(&collected), 0, "{}", said(&collected));
    let summary = &lines(&collected)[0];
    assert_eq!((count(summary, "shards"), count(summary, "gaps"), count(summary, "twice")), (3, 0, 0));
    assert_eq!((summary["outcomes"]["scored"].as_u64(), summary["outcomes"]["failed"].as_u64()), (Some(61), Some(1)));
    assert_eq!(count(summary, "copies"), 1);
    let sorted = |mut rows: Vec<Row>| {
        // Which of two copies is the first is for the order of the shards to say.
        rows.iter_mut().for_each(|row| drop(row.remove("copy_of")));
        rows.sort_by(|a, b| text(a, "image").cmp(text(b, "image")));
        rows
    };
    assert_eq!(sorted(parquet(&path.join("all.parquet"))), sorted(parts(&path.join("whole"))));
    for class in summary["classes"].as_array().unwrap() {
        let bins: u64 = class["histogram"].as_array().unwrap().iter().map(|bin| bin.as_u64().unwrap()).sum();
        assert_eq!((bins, count(class, "images")), (61, 61));
    }
    // The same as text and as SQLite.
    let csv = pellucid(path, &["collect", "results", "--out", "all.csv"]);
    assert_eq!(code(&csv), 0, "{}", said(&csv));
    assert_eq!(fs::read_to_string(path.join("all.csv")).unwrap().lines().count(), 63);
    assert_eq!(code(&pellucid(path, &["collect", "results", "--out", "all.sqlite"])), 0);
    let connection = Connection::open(path.join("all.sqlite")).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM images", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 62);
    // A shard that is not there.
    fs::rename(path.join("results/shard-00002-of-00003"), path.join("elsewhere")).unwrap();
    let lacking = pellucid(path, &["collect", "results", "--json"]);
    assert_eq!(code(&lacking), 3);
    assert_eq!(lines(&lacking)[0]["missing_shards"], serde_json::json!([2]));
    assert!(said(&lacking).contains("1 of the shards are missing: 2"), "{}", said(&lacking));
    // And one that is there twice.
    let twice = pellucid(path, &["collect", "results", "elsewhere", "elsewhere", "--json"]);
    assert_eq!(code(&twice), 3);
    assert!(count(&lines(&twice)[0], "twice") > 5, "{}", said(&twice));
}

#[test]
fn collect_finds_gaps_and_models_that_disagree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 20);
    ["1/2", "2/2"].iter().for_each(|shard| drop(batch(path, &["set", "--out", "results", "--shard", shard])));
    let shard = path.join("results/shard-00001-of-00002/results.sqlite");
    let gap = {
        // What a batch that is killed leaves: a listed file that nothing is known of.
        let connection = Connection::open(&shard).unwrap();
        let gap: String = connection.query_row("SELECT min(path) FROM files", [], |row| row.get(0)).unwrap();
        connection
            .execute("UPDATE files SET outcome = NULL, result = NULL, number = NULL WHERE path = ?1", [&gap])
            .unwrap();
        connection.execute("UPDATE about SET value = 'begun' WHERE key = 'list'", []).unwrap();
        gap
    };
    let found = pellucid(path, &["collect", "results", "--gaps", "gaps.txt", "--json"]);
    assert_eq!(code(&found), 3);
    assert_eq!(fs::read_to_string(path.join("gaps.txt")).unwrap(), format!("{gap}\n"));
    assert_eq!(lines(&found)[0]["first_gaps"], serde_json::json!([gap]));
    assert!(said(&found).contains("listed files have no result"), "{}", said(&found));
    assert!(said(&found).contains("was not finished"), "{}", said(&found));
    let other = path.join("other");
    toy::model(&other);
    let args = ["batch", "set", "--model", "other/toy", "--out", "results", "--shard", "1/2"];
    let manifest =
        fs::read_to_string(other.join("toy/manifest.toml")).unwrap().replace("Random weights", "Other weights");
    fs::write(other.join("toy/manifest.toml"), manifest).unwrap();
    assert_eq!(code(&pellucid(path, &args)), 0);
    let apart = pellucid(path, &["collect", "results", "--json"]);
    assert_eq!(code(&apart), 3);
    assert!(said(&apart).contains("the rows are by different models"), "{}", said(&apart));
    assert_eq!(code(&pellucid(path, &["batch", "set", "--model", "toy", "--samples", "3", "--out", "few"])), 0);
    let settings = pellucid(path, &["collect", "results", "few"]);
    assert!(code(&settings) == 1 && said(&settings).contains("are of different runs"), "{}", said(&settings));
    let nothing = pellucid(path, &["collect", "set"]);
    assert!(code(&nothing) == 1 && said(&nothing).contains("there is no results.sqlite"), "{}", said(&nothing));
}

#[test]
fn lists_name_files_and_hostile_ones_are_refused_or_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 6);
    fs::write(
        path.join("some.txt"),
        "set/0/0.png\r\n\nset/1/1.png\nset/0/0.png\nset\nnowhere.png\n/dev/zero\nsome.txt\n",
    )
    .unwrap();
    let output = pellucid(path, &["batch", "some.txt", "--model", "toy", "--out", "results", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let found = &lines(&output)[0];
    assert_eq!((count(found, "files"), count(found, "scored"), count(found, "failed")), (6, 2, 4), "{}", said(&output));
    for row in parts(&path.join("results")).iter().filter(|row| text(row, "outcome") == "failed") {
        assert!(text(row, "reason").ends_with('.'), "{row:?}");
    }
    for (name, bytes, why) in [
        ("zero.txt", b"set/0/0.png\nset\0/1.png\n".to_vec(), "line 2 of zero.txt holds a zero byte"),
        ("long.txt", [vec![b'/'; 40_000], b"\n".to_vec()].concat(), "line 1 of long.txt is longer than"),
        ("image.txt", fs::read(path.join("set/0/0.png")).unwrap(), "a list holds a path a line"),
    ] {
        fs::write(path.join(name), bytes).unwrap();
        let output = pellucid(path, &["batch", name, "--model", "toy", "--out", "none"]);
        assert!(code(&output) == 1 && said(&output).contains(why), "{}", said(&output));
    }
    let missing = pellucid(path, &["batch", "nowhere.txt", "--model", "toy", "--out", "none"]);
    assert!(code(&missing) == 1 && said(&missing).contains("nowhere.txt: "), "{}", said(&missing));
    fs::write(path.join("none/results.sqlite"), "no database, but long enough to look like a file of one, or not?")
        .unwrap();
    let foreign = pellucid(path, &["batch", "set", "--model", "toy", "--out", "none"]);
    assert!(code(&foreign) == 1 && said(&foreign).contains("is no results file"), "{}", said(&foreign));
}

#[test]
fn a_list_may_come_from_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 3);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    command.current_dir(path).args(["batch", "-", "--model", "toy", "--out", "results", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"set/2/2.png\nset/1/1.png\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), count(&lines(&output)[0], "scored")), (0, 2), "{}", said(&output));
}

/// A DICOMDIR whose records of images name files by these components.
fn directory(files: &[&str]) -> Vec<u8> {
    let mut records = Vec::new();
    for (kind, file) in [("PATIENT", "")].into_iter().chain(files.iter().map(|file| ("IMAGE", *file))) {
        let mut record = Vec::new();
        for (tag, text) in [([4, 0, 0x30, 0x14], kind), ([4, 0, 0, 0x15], file)] {
            let padded = if text.len() % 2 == 1 { format!("{text} ") } else { text.to_owned() };
            record.extend([&tag[..], b"CS", &(padded.len() as u16).to_le_bytes(), padded.as_bytes()].concat());
        }
        records.extend([&[0xFE, 0xFF, 0, 0xE0][..], &(record.len() as u32).to_le_bytes(), &record].concat());
    }
    let directory = Object::new(1, 1, 8).text((8, 0x16), "UI", "1.2.840.10008.1.3.10");
    directory.bytes((4, 0x1220), "SQ", records).file(EXPLICIT)
}

#[test]
fn a_directory_of_a_medium_names_its_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    let grey = |seed: u8| {
        Object::new(6, 4, 8).text((8, 0x18), "UI", &format!("2.25.{seed}")).pixels(
            "OB",
            1,
            (0..24).map(|i| i * seed).collect(),
        )
    };
    fs::create_dir_all(path.join("cd/dicom/st000000")).unwrap();
    fs::write(path.join("cd/dicom/st000000/im000001"), grey(3).file(EXPLICIT)).unwrap();
    fs::write(path.join("cd/dicom/st000000/not-named"), grey(5).file(EXPLICIT)).unwrap();
    fs::write(path.join("cd/DICOMDIR"), directory(&["DICOM\\ST000000\\IM000001", "DICOM\\ST000000\\IM000002"]))
        .unwrap();
    let output = pellucid(path, &["batch", "cd/DICOMDIR", "--model", "toy", "--out", "results", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let found = &lines(&output)[0];
    assert_eq!((count(found, "scored"), count(found, "failed")), (1, 1), "{}", said(&output));
    for odd in ["..\\..\\SECRET", "DICOM\\..\\IM1", "/ETC/PASSWD", "A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A\\A"]
    {
        fs::write(path.join("cd/DICOMDIR"), directory(&[odd])).unwrap();
        let output = pellucid(path, &["batch", "cd/DICOMDIR", "--model", "toy", "--out", "odd", "--json"]);
        assert!(
            code(&output) == 1 && said(&output).contains("a file name that no medium has"),
            "{odd}: {}",
            said(&output)
        );
    }
}

#[test]
fn what_fails_is_looked_at_again_when_it_is_asked_for_or_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 3);
    fs::write(path.join("set/0/bad.png"), "bad").unwrap();
    let first = pellucid(path, &["batch", "set", "--model", "toy", "--out", "results"]);
    let again = pellucid(path, &["batch", "set", "--model", "toy", "--out", "results"]);
    assert_eq!((code(&first), code(&again)), (3, 3), "a failure stays one");
    assert!(
        said(&first).contains("set/0/bad.png failed") && !said(&again).contains("failed. Cause"),
        "{}",
        said(&again)
    );
    let asked = pellucid(path, &["batch", "set", "--model", "toy", "--out", "results", "--again"]);
    assert!(code(&asked) == 3 && said(&asked).contains("set/0/bad.png failed"), "{}", said(&asked));
    small(&path.join("set/0/bad.png"), 7);
    let mended = batch(path, &["set", "--out", "results"]);
    assert_eq!((count(&mended, "failed"), count(&mended, "scored")), (0, 4));
    fs::write(path.join("set/0/bad.png"), "bad").unwrap();
    assert_eq!(count(&batch(path, &["set", "--out", "results"]), "failed"), 1);
    fs::remove_file(path.join("set/0/bad.png")).unwrap();
    assert_eq!(count(&batch(path, &["set", "--out", "results"]), "failed"), 0);
    assert_eq!(parts(&path.join("results")).len(), 3, "a failure that is gone is none");
}

#[cfg(unix)]
#[test]
fn the_script_for_slurm_runs_as_it_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path, 5);
    fs::write(path.join("set/0/bad.png"), "bad").unwrap();
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scale.md")).unwrap();
    let script = document.split("```sh\n").find(|block| block.starts_with("#!/bin/sh")).unwrap();
    fs::write(path.join("batch.sh"), script.split("```").next().unwrap()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_pellucid")).parent().unwrap().display().to_string();
    let places = format!("{program}:{}", std::env::var("PATH").unwrap());
    for task in ["1", "2"] {
        let mut command = Command::new("sh");
        command.arg("batch.sh").current_dir(path).env("PATH", &places).env("ARCHIVE", "set").env("RESULTS", "results");
        command.env("SLURM_ARRAY_TASK_ID", task).env("SLURM_ARRAY_TASK_COUNT", "2");
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "a failed image is no reason to run again: {}", said(&output));
    }
    let collected = pellucid(path, &["collect", "results", "--json"]);
    assert_eq!((code(&collected), lines(&collected)[0]["outcomes"]["failed"].as_u64()), (0, Some(1)));
}
