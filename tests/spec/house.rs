//! The rules of the house: data flows left to right, no file uses one that uses it, only the upper
//! floors of the viewer know its window library, files stay small. `docs/architecture.md` describes
//! the rooms.

use std::fs;
use std::path::{Path, PathBuf};

use super::source_graph::{Module, SourceGraph, circles, files};

/// What everyone may use and what uses no room: one idea a file, nothing of the field.
const GROUND_FLOOR: [&str; 10] =
    ["cancel", "connections", "files", "fonts", "language", "limits", "memory", "panic_guard", "printable", "stats"];

/// What the viewer and the command line may use: every room before them.
const ALL_BEFORE: &[&str] = &[];

/// The rooms in the order in which data flows, each with the rooms that it may use beside the
/// ground floor.
const ROOMS: &[(&str, &[&str])] = &[
    ("codec", &[]),
    ("imaging", &[]),
    ("study", &["codec", "imaging"]),
    ("phantom", &["imaging", "study"]),
    ("network", &[]),
    ("model", &["imaging", "study", "network"]),
    ("audit", &["model"]),
    ("uncertainty", &["imaging", "network", "model"]),
    ("explain", &["imaging", "network", "model"]),
    ("measurement", &["imaging", "study", "model", "explain"]),
    ("feedback", &["imaging", "study", "model", "measurement"]),
    ("engine", &["imaging", "study", "network", "model", "uncertainty", "explain"]),
    ("evaluation", &["imaging", "study", "network", "model", "uncertainty", "explain", "engine"]),
    ("figures", &["imaging"]),
    (
        "training",
        &["imaging", "study", "phantom", "network", "model", "uncertainty", "explain", "evaluation", "figures"],
    ),
    ("wording", &["imaging", "study", "model", "uncertainty", "explain", "measurement", "engine"]),
    (
        "report",
        &[
            "wording",
            "imaging",
            "study",
            "network",
            "model",
            "uncertainty",
            "explain",
            "measurement",
            "feedback",
            "engine",
            "evaluation",
            "figures",
        ],
    ),
    (
        "results",
        &["imaging", "study", "model", "uncertainty", "explain", "measurement", "feedback", "engine", "report"],
    ),
    (
        "pipeline",
        &["imaging", "study", "network", "model", "explain", "engine", "evaluation", "figures", "training", "report"],
    ),
    ("pacs", &["study"]),
    ("reader_study", &["imaging", "study", "network", "model", "explain", "engine", "evaluation", "figures", "report"]),
    ("serve", &["study", "model", "pacs"]),
    ("batch", &["study", "evaluation", "pacs"]),
    ("app", ALL_BEFORE),
    ("doctor", &["study", "network", "model", "app"]),
    ("cli", ALL_BEFORE),
];

/// The floors of the viewer, from the ground up: a floor may use those before it. Only the last two
/// know egui.
const FLOORS: [&str; 5] = ["state", "command", "update", "ui", "runtime"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What a module uses that the rule of its room does not allow.
fn is_allowed(user: &Module, used: &Module) -> bool {
    let (from, to) = (&user[0], &used[0]);
    // What rooms find is in English, so that files say the same whoever reads the screen; it is said
    // in another language where people read it: on screen and on the pages of a report.
    if to == "language" {
        return from == to || ["wording", "report", "app", "cli"].contains(&from.as_str());
    }
    if from == to || GROUND_FLOOR.contains(&to.as_str()) {
        return true;
    }
    if ["app", "cli"].contains(&from.as_str()) {
        let place = |name: &String| ROOMS.iter().position(|(room, _)| room == name);
        return place(to) < place(from);
    }
    ROOMS.iter().find(|(room, _)| room == from).is_some_and(|(_, allowed)| allowed.contains(&to.as_str()))
}

#[test]
fn data_flows_from_left_to_right() {
    let uses = SourceGraph::read().uses();
    let wrong: Vec<String> = (uses.iter().filter(|(user, _)| !user.is_empty()))
        .flat_map(|(user, used)| used.iter().filter(|used| !is_allowed(user, used)).map(move |used| (user, used)))
        .map(|(user, used)| format!("{} uses {}", user.join("::"), used.join("::")))
        .collect();
    assert!(wrong.is_empty(), "against the order of the rooms:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_of_a_room_uses_one_that_uses_it() {
    let uses = SourceGraph::read().uses();
    let rooms = ROOMS.iter().map(|(room, _)| *room).chain(GROUND_FLOOR);
    for room in rooms {
        let circles = circles(&uses, &|module| module.first().is_some_and(|first| first == room));
        let names: Vec<String> = circles.iter().map(|module| module.join("::")).collect();
        assert!(names.is_empty(), "files of {room} use each other in a circle: {}", names.join(", "));
    }
}

#[test]
fn the_viewer_is_built_from_the_ground_up() {
    let floor = |module: &Module| {
        let name = module.get(1).filter(|_| module[0] == "app")?;
        FLOORS.iter().position(|floor| floor == name)
    };
    for (user, used) in SourceGraph::read().uses() {
        let Some(own) = floor(&user) else { continue };
        // `ui` and `runtime` stand side by side.
        let fine = |other: usize| other <= own && (own, other) != (4, 3);
        let wrong = used.iter().find(|used| floor(used).is_some_and(|other| !fine(other)));
        assert!(wrong.is_none(), "{} uses {}, which stands above it", user.join("::"), wrong.unwrap().join("::"));
    }
}

#[test]
fn only_the_viewer_knows_egui() {
    for (path, text) in files(&source()) {
        let floor = |name: &str| source().join("app").join(name);
        if ["ui", "runtime", "mod.rs"].iter().any(|above| path.starts_with(floor(above))) {
            continue;
        }
        let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        let named = code.iter().find(|l| l.contains("egui::") || l.contains("eframe::") || l.contains("egui_extras::"));
        assert!(named.is_none(), "{} names the window library: {}", path.display(), named.unwrap());
    }
}

/// Nothing else opens a connection; what is fetched or sent is so because the user asked for it.
#[test]
fn only_the_fetching_of_models_and_archives_know_the_network() {
    let fetching = source().join("model").join("fetch");
    let (pacs, shared) = (source().join("pacs"), source().join("connections"));
    for (path, text) in files(&source()) {
        if [&fetching, &pacs, &shared].iter().any(|room| path.starts_with(room)) {
            continue;
        }
        let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        let knows = |line: &&&str| {
            ["ureq", "std::net", "TcpStream", "TcpListener", "UdpSocket", "UnixStream"].iter().any(|n| line.contains(n))
        };
        let named = code.iter().find(knows);
        assert!(named.is_none(), "{} names the network: {}", path.display(), named.unwrap());
    }
    let users: Vec<Module> = SourceGraph::read()
        .uses()
        .into_iter()
        .filter(|(user, used)| {
            user.get(1).is_none_or(|m| m != "fetch") && used.iter().any(|u| u.get(1).is_some_and(|m| m == "fetch"))
        })
        .map(|(user, _)| user)
        .collect();
    for user in users {
        let asked = matches!(user[0].as_str(), "app" | "cli") || user.get(1).is_some_and(|m| m == "catalogue");
        assert!(asked, "{} fetches files, and nobody asked it to", user.join("::"));
    }
}

#[test]
fn every_room_of_the_crate_has_a_rule() {
    for entry in fs::read_dir(source()).unwrap().flatten().filter(|e| e.path().is_dir()) {
        let room = entry.file_name().into_string().unwrap();
        let known = GROUND_FLOOR.contains(&room.as_str()) || ROOMS.iter().any(|(known, _)| *known == room);
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
