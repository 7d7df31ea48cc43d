//! What the documents print works as printed: commands are understood, configurations are read, and
//! the examples that need nothing but images are run on a handful of phantoms.

use std::fs;
use std::path::{Path, PathBuf};

use pellucid::cli;
use pellucid::training::config::Config;
use pellucid::training::experiments::ablation::grid::Grid;
use pellucid::training::experiments::search::plan::SearchPlan;

use super::cli::{code, lines, pellucid, said};
use super::documents::{self, code_spans, sections};

/// Commands that are checked word by word and not run here, with the reason.
const ONLY_READ: [(&str, &str); 19] = [
    ("demo", "opens a window; `.ci/run` runs it"),
    ("models import", "needs published weights, which are not handed on"),
    ("models remove", "removes a model of the user's"),
    ("models background", "tests/spec/explaining.rs runs it"),
    ("crossval", "tests/spec/comparing_runs.rs runs it"),
    ("compare", "tests/spec/comparing_runs.rs runs it"),
    ("ablate", "tests/spec/comparing_runs.rs runs it"),
    ("pipeline", "tests/spec/pipeline.rs runs it"),
    ("search", "tests/spec/pipeline.rs runs it"),
    ("train CONFIG.toml --find-rate", "tests/spec/pipeline.rs runs it"),
    ("faithfulness", "takes minutes; tests/spec/faithfulness_command.rs runs it on a small network"),
    ("report", "tests/spec/cli.rs runs it"),
    ("explain", "tests/spec/explaining.rs runs it"),
    ("evaluate DIR --localization", "tests/spec/localization.rs runs it"),
    ("evaluate DIR --anatomy", "tests/spec/anatomy.rs runs it"),
    ("summarize", "tests/spec/anatomy.rs runs it"),
    ("evaluate DIR --calibrate", "tests/spec/uncertainty.rs runs it"),
    ("train-gate", "takes an hour"),
    ("help", "prints help"),
];

/// A fenced block of a document.
struct Block {
    place: String,
    /// What stands behind the opening fence: `sh`, `toml` for a training configuration or a part of
    /// one, `toml grid` for a grid, `toml search` for a search, `python` for tests/spec/tables.rs, `toml hanging` for hanging rules, which tests/spec/hanging.rs reads.
    language: String,
    text: String,
}

/// The documents of today: the change log tells of commands as they were.
fn documents() -> Vec<PathBuf> {
    let mut all = documents::documents();
    all.retain(|path| !path.ends_with("CHANGELOG.md"));
    all
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for path in documents() {
        let mut open = false;
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            match (line.strip_prefix("```"), open) {
                (Some(language), false) => {
                    let place = format!("{}:{}", path.display(), number + 1);
                    blocks.push(Block { place, language: language.trim().to_owned(), text: String::new() });
                    open = true;
                }
                (Some(_), true) => open = false,
                (None, true) => blocks.last_mut().unwrap().text.extend([line, "\n"]),
                (None, false) => {}
            }
        }
        assert!(!open, "{} ends inside a block", path.display());
    }
    blocks
}

/// Every command of the program that a document prints, in a block or between backticks, with its
/// place.
fn commands() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in blocks().into_iter().filter(|b| b.language == "sh") {
        for line in block.text.replace("\\\n", " ").lines() {
            let line = line.split(" # ").next().unwrap().trim();
            let own = line.strip_prefix("pellucid ").or_else(|| line.strip_prefix("cargo run --release -- "));
            found.extend(own.map(|c| (block.place.clone(), c.to_owned())));
        }
    }
    for path in documents() {
        let mut fenced = false;
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            fenced ^= line.starts_with("```");
            let quoted = line.split('`').skip(1).step_by(2).filter(|_| !fenced);
            let place = format!("{}:{}", path.display(), number + 1);
            found.extend(quoted.filter_map(|c| c.strip_prefix("pellucid ")).map(|c| (place.clone(), c.to_owned())));
        }
    }
    found
}

/// The words of a command as a shell takes them: options in brackets are given, of alternatives the
/// first, and what stands for a name of the program's is one.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quote = None;
    for c in command.chars().filter(|c| !['[', ']', '…'].contains(c)) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    for i in 0..words.len() {
        let stands_for = match (words[i].as_str(), i.checked_sub(1).map(|before| words[before].as_str())) {
            ("METHOD", _) => "grad-cam",
            ("COMMAND", _) => "train",
            ("NAME", Some("--arch")) => "densenet121",
            ("PRESET", _) => "imagenet",
            ("$SHARD", _) => "3/16",
            (word, _) => word.split('|').next().unwrap(),
        };
        let stands_for = stands_for.to_owned();
        words[i] = stands_for;
    }
    words
}

#[test]
fn every_command_that_is_printed_is_understood() {
    let all = commands();
    assert!(all.len() > 30, "the documents print {} commands", all.len());
    for (place, command) in all {
        let words = words(&command);
        // A command that is only named has no arguments; it must be there.
        let named = words.iter().all(|w| w.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let help: Vec<String> = words.iter().cloned().chain(["--help".to_owned()]).collect();
        let understood = cli::check(&words).or_else(|said| if named { cli::check(&help) } else { Err(said) });
        assert!(understood.is_ok(), "{place}: pellucid {command}: {}", understood.unwrap_err());
    }
}

#[test]
fn what_is_only_read_is_printed_somewhere() {
    let all = commands();
    for (command, reason) in ONLY_READ {
        assert!(all.iter().any(|(_, c)| c.starts_with(command)), "nothing prints {command} any more ({reason})");
    }
}

/// Eight small phantoms of each of two classes below `radiographs`.
fn radiographs(folder: &Path) {
    for (class, seed, kind) in [("normal", "1", "--healthy"), ("pneumonia", "101", "--opacity=right-lower")] {
        let out = format!("radiographs/{class}");
        let make = ["phantom", "--out", &out, "--seed", seed, "--count", "8", "--size", "96", "--format", "png", kind];
        assert_eq!(code(&pellucid(folder, &make)), 0);
        for file in fs::read_dir(folder.join(out)).unwrap().flatten().map(|e| e.path()) {
            if file.to_string_lossy().ends_with("-mask.png") {
                fs::remove_file(file).unwrap();
            }
        }
    }
}

/// The configurations that the documents print, as they are printed.
fn configurations() -> Vec<Block> {
    blocks().into_iter().filter(|b| b.language == "toml").collect()
}

#[test]
fn every_configuration_that_is_printed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    radiographs(folder.path());
    let all = configurations();
    let whole = all.iter().find(|b| b.text.contains("[data]")).expect("the documents print a configuration");
    for block in &all {
        // What is no configuration of its own is a part of one.
        let text =
            if block.text.contains("[data]") { block.text.clone() } else { format!("{}\n{}", whole.text, block.text) };
        let path = folder.path().join("pneumonia.toml");
        fs::write(&path, text).unwrap();
        let read = Config::read(&path);
        assert!(read.is_ok(), "{}: {}", block.place, read.unwrap_err());
    }
}

#[test]
fn every_grid_that_is_printed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let first = configurations().into_iter().find(|b| b.text.contains("[data]")).unwrap();
    fs::write(folder.path().join("pneumonia.toml"), first.text).unwrap();
    for block in blocks().into_iter().filter(|b| b.language == "toml grid") {
        let path = folder.path().join("grid.toml");
        fs::write(&path, block.text).unwrap();
        let cells = Grid::read(&path).and_then(|grid| grid.cells());
        assert!(cells.is_ok_and(|cells| cells.len() > 1), "{}", block.place);
    }
}

#[test]
fn every_search_that_is_printed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let first = configurations().into_iter().find(|b| b.text.contains("[data]")).unwrap();
    fs::write(folder.path().join("pneumonia.toml"), first.text).unwrap();
    let all: Vec<Block> = blocks().into_iter().filter(|b| b.language == "toml search").collect();
    assert!(!all.is_empty());
    for block in all {
        let path = folder.path().join("search.toml");
        fs::write(&path, block.text).unwrap();
        let plan = SearchPlan::read(&path);
        assert!(plan.is_ok(), "{}: {}", block.place, plan.unwrap_err());
    }
}

#[test]
fn no_block_is_of_a_kind_that_nothing_checks() {
    for block in blocks() {
        assert!(
            ["sh", "text", "python", "toml", "toml grid", "toml hanging", "toml search"]
                .contains(&block.language.as_str()),
            "{}",
            block.place
        );
    }
}

#[test]
fn the_first_training_runs_as_printed_and_leaves_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    radiographs(path);
    let first = configurations().into_iter().find(|b| b.text.contains("[data]")).unwrap();
    fs::write(path.join("pneumonia.toml"), first.text).unwrap();
    let output = pellucid(path, &["train", "pneumonia.toml", "--max-epochs", "1"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    for file in ["model/manifest.toml", "model/CARD.md", "log.csv", "curves.png", "split.csv"] {
        assert!(path.join("runs/pneumonia").join(file).is_file(), "{file}");
    }
    for (command, ending) in [
        (vec!["data", "check", "radiographs"], 0),
        (vec!["data", "split", "pneumonia.toml", "--out", "split.csv"], 0),
        (vec!["data", "preview", "pneumonia.toml", "--out", "sheet.png"], 0),
        (vec!["models", "list"], 0),
        (vec!["models", "show", "chest-xray"], 0),
        (
            vec![
                "inspect",
                "radiographs/normal/phantom-1.png",
                "--json",
                "--pixels",
                "values.npy",
                "--display",
                "shown.png",
            ],
            0,
        ),
        (vec!["evaluate", "radiographs", "--model", "runs/pneumonia/model"], 0),
        (vec!["predict", "radiographs/normal/phantom-1.png", "--json"], 0),
    ] {
        let output = pellucid(path, &command);
        assert_eq!(code(&output), ending, "{command:?}: {}", said(&output));
    }
    let output =
        pellucid(path, &["predict", "radiographs/normal/phantom-1.png", "--json", "--model", "runs/pneumonia/model"]);
    let lines = lines(&output);
    assert_eq!(lines.len(), 1, "{}", said(&output));
    let documented = sections("docs/using.md").into_iter().find(|s| s.heading == "Scripts").unwrap();
    let fields: Vec<String> =
        documented.table().flat_map(|row| code_spans(&row[0]).map(str::to_owned).collect::<Vec<_>>()).collect();
    for field in lines[0].as_object().unwrap().keys() {
        assert!(fields.contains(field), "docs/using.md does not say what `{field}` is");
    }
}
