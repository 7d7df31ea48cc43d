//! The rules of the house: data flows left to right, only the viewer knows its window library, files stay small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the ground floor, which everyone may use and which use no room.
const GROUND_FLOOR: [&str; 2] = ["files", "fonts"];

/// Rooms and what each may use beside itself and the ground floor (`limits`, `files`, `fonts`, `memory`, `panic_guard`, `printable`, `VERSION`, `COMMIT`).
///
/// Three pairs see each other, on purpose and no more than said here: a frame holds `imaging` types and `imaging`
/// shows frames; a `network::Model` owns its `uncertainty::gate::Gate`, which is scored on network features;
/// the `report`'s verification computes a case again through the engine, while the engine knows nothing of reports.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("study", &["imaging"]),
    ("imaging", &["study"]),
    ("network", &["study", "imaging", "uncertainty"]),
    ("uncertainty", &["study", "imaging", "network"]),
    ("explain", &["study", "imaging", "network"]),
    ("engine", &["study", "imaging", "network", "uncertainty", "explain"]),
    ("report", &["study", "imaging", "network", "uncertainty", "explain", "engine", "evaluation"]),
    ("evaluation", &["study", "imaging", "network", "uncertainty", "explain"]),
    ("training", &["study", "imaging", "network", "uncertainty", "explain", "evaluation"]),
    ("app", &["study", "imaging", "network", "uncertainty", "explain", "engine", "report", "evaluation", "training"]),
    (
        "cli",
        &["study", "imaging", "network", "uncertainty", "explain", "engine", "report", "evaluation", "training", "app"],
    ),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under `folder`, with its text.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the source is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("sources are text");
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The rooms that `text` names by `crate::room`, comments left out.
fn named_rooms(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for after in line.split("crate::").skip(1) {
            // `use crate::{study::Frame, imaging::Plane};` names several.
            let parts: Vec<&str> = match after.strip_prefix('{') {
                Some(list) => list.split(',').map(str::trim).collect(),
                None => vec![after],
            };
            for part in parts {
                rooms.insert(part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    rooms
}

#[test]
fn data_flows_from_left_to_right() {
    let rooms: BTreeSet<&str> = MAY_USE.iter().map(|(room, _)| *room).collect();
    let ground: [(&str, &[&str]); 2] = GROUND_FLOOR.map(|folder| (folder, &[][..]));
    for (room, allowed) in MAY_USE.into_iter().chain(ground) {
        for (path, text) in files(&source().join(room)) {
            for named in named_rooms(&text) {
                let fine = named == room || !rooms.contains(named.as_str()) || allowed.contains(&named.as_str());
                assert!(fine, "{} uses crate::{named}, which stands to the right of {room}", path.display());
            }
        }
    }
}

#[test]
fn only_the_viewer_knows_egui() {
    for (path, text) in files(&source()) {
        if path.starts_with(source().join("app")) {
            continue;
        }
        let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        let named = code.iter().find(|l| l.contains("egui::") || l.contains("eframe::") || l.contains("egui_extras::"));
        assert!(named.is_none(), "{} names the window library: {}", path.display(), named.unwrap());
    }
}

#[test]
fn every_room_of_the_crate_has_a_rule() {
    for entry in fs::read_dir(source()).unwrap().flatten().filter(|e| e.path().is_dir()) {
        let room = entry.file_name().into_string().unwrap();
        let known = GROUND_FLOOR.contains(&room.as_str()) || MAY_USE.iter().any(|(known, _)| *known == room);
        assert!(known, "src/{room} is in no rule of tests/spec/house.rs");
    }
}

#[test]
fn a_file_is_one_idea() {
    for (path, text) in files(&source()) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines: past 500 it is two ideas", path.display());
    }
}

#[test]
fn unsafe_code_stays_out() {
    for (path, text) in files(&source()) {
        assert!(!text.contains("allow(unsafe_code)"), "{} allows unsafe code", path.display());
    }
}
