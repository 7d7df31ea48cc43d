//! `GRID.toml`: a base configuration and axes of choices; every combination is a cell.
//!
//! ```toml
//! base = "images.toml"               # beside this file
//! folds = 5                         # cross-validate every cell; without it each is trained once
//! metric = "auroc"                  # what the plot shows; target = "Pneumonia" for that of one label or group
//!
//! [[axis]]                          # values of one key
//! key = "architecture.family"
//! values = ["custom-cnn", "resnet18"]
//!
//! [[axis]]                          # or named choices of several
//! name = "augmentation"
//! [[axis.level]]
//! name = "off"
//! unset = ["augment"]
//! [[axis.level]]
//! name = "turned"
//! set = { "augment.rotation" = 10.0, "augment.flip" = 0.5 }
//! ```
//!
//! `unset` goes before `set`. A table that is set is laid over the one that is there; entries of a
//! list are numbered from 1 (`phase.1.epochs`).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::evaluation::metric::Metric;
use crate::files::read_text;
use crate::limits;
use crate::training::config::Config;
use crate::training::experiments::dotted_keys::{KeyFault, put, take_away};
use crate::training::{Error, Result};

/// Most cells of a grid.
const CELLS: usize = 500;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base: PathBuf,
    folds: Option<usize>,
    metric: Option<Metric>,
    target: Option<String>,
    #[serde(default, rename = "axis")]
    axes: Vec<FileAxis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAxis {
    name: Option<String>,
    key: Option<String>,
    #[serde(default)]
    values: Vec<Value>,
    #[serde(default, rename = "level")]
    levels: Vec<Level>,
}

/// A choice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub name: String,
    /// Keys and what they become.
    #[serde(default)]
    pub set: Table,
    /// Keys that are taken away before.
    #[serde(default)]
    pub unset: Vec<String>,
}

/// One kind of choice.
#[derive(Clone, Debug)]
pub struct Axis {
    pub name: String,
    pub levels: Vec<Level>,
}

/// All combinations.
#[derive(Clone, Debug)]
pub struct Grid {
    pub path: PathBuf,
    pub base_path: PathBuf,
    /// Name of the base configuration.
    pub name: String,
    pub base: Table,
    pub folds: Option<usize>,
    pub metric: Metric,
    pub target: Option<String>,
    pub axes: Vec<Axis>,
}

/// One combination.
#[derive(Clone, Debug)]
pub struct Cell {
    /// From 1.
    pub number: usize,
    /// The level of each axis.
    pub levels: Vec<String>,
    /// Name of its folder.
    pub folder: String,
    /// Its configuration.
    pub table: Table,
}

impl Cell {
    /// Its levels in one line.
    #[must_use]
    pub fn name(&self) -> String {
        self.levels.join(", ")
    }
}

impl Grid {
    /// Reads the file and the base configuration that it names.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Grid { path: path.into(), reason };
        let file: File = toml::from_str(&text(path)?).map_err(|e| refuse(e.to_string().trim_end().to_owned()))?;
        let base_path = path.parent().unwrap_or(Path::new("")).join(&file.base);
        let base = Config::table(&base_path)?;
        let stem = || base_path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let name = base.get("name").and_then(Value::as_str).map_or_else(stem, str::to_owned);
        let axes: Vec<Axis> = file
            .axes
            .into_iter()
            .map(axis)
            .collect::<std::result::Result<_, _>>()
            .map_err(|e: GridFault| refuse(e.to_string()))?;
        if axes.is_empty() {
            return Err(refuse("it has no `[[axis]]`, so there is nothing to compare".into()));
        }
        if let Some(folds) = file.folds.filter(|f| !(2..=crate::training::experiments::crossval::MOST).contains(f)) {
            return Err(refuse(format!(
                "`folds` is {folds}; there can be 2 to {}",
                crate::training::experiments::crossval::MOST
            )));
        }
        let metric = file.metric.unwrap_or(Metric::Auroc);
        Ok(Self { path: path.into(), base_path, name, base, folds: file.folds, metric, target: file.target, axes })
    }

    /// The folder that data folders are relative to unless another is named: the base
    /// configuration's.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.base_path.parent().map(PathBuf::from).unwrap_or_default()
    }

    /// Every combination; the last axis changes first.
    pub fn cells(&self) -> Result<Vec<Cell>> {
        let refuse = |reason: String| Error::Grid { path: self.path.clone(), reason };
        let count = self.axes.iter().try_fold(1_usize, |n, a| n.checked_mul(a.levels.len())).unwrap_or(usize::MAX);
        if count > CELLS {
            return Err(refuse(format!("it has {count} cells; at most {CELLS} make sense")));
        }
        let mut cells = Vec::with_capacity(count);
        for number in 0..count {
            let mut table = self.base.clone();
            table.entry("name").or_insert_with(|| Value::String(self.name.clone()));
            let (mut left, mut chosen) = (number, Vec::new());
            for axis in self.axes.iter().rev() {
                chosen.push(&axis.levels[left % axis.levels.len()]);
                left /= axis.levels.len();
            }
            chosen.reverse();
            for level in &chosen {
                apply(&mut table, level).map_err(|e| refuse(format!("the level \"{}\": {e}", level.name)))?;
            }
            let levels: Vec<String> = chosen.iter().map(|l| l.name.clone()).collect();
            let folder = format!("{:02}-{}", number + 1, plain(&levels.join("-")));
            cells.push(Cell { number: number + 1, levels, folder, table });
        }
        Ok(cells)
    }
}

/// What is wrong with an axis.
#[derive(Debug, thiserror::Error)]
enum GridFault {
    #[error("an axis has neither a `name` nor a `key`")]
    NoName,
    #[error("the axis \"{0}\" has `values` and no `key` that they are of")]
    NoKey(String),
    #[error("the axis \"{0}\" has no levels; give `key` and `values`, or `[[axis.level]]`")]
    NoLevels(String),
    #[error("the axis \"{axis}\" has the level \"{level}\" twice")]
    LevelTwice { axis: String, level: String },
}

fn text(path: &Path) -> Result<String> {
    read_text(path, limits::CONFIGURATION_BYTES)
        .map_err(|error| Error::Read { path: path.into(), source: error.into() })
}

fn axis(file: FileAxis) -> std::result::Result<Axis, GridFault> {
    let FileAxis { name, key, values, mut levels } = file;
    let name = name.or_else(|| key.clone()).ok_or(GridFault::NoName)?;
    match key {
        Some(key) => levels.extend(values.into_iter().map(|value| Level {
            name: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            set: Table::from_iter([(key.clone(), value)]),
            unset: Vec::new(),
        })),
        None if !values.is_empty() => {
            return Err(GridFault::NoKey(name));
        }
        None => {}
    }
    if levels.is_empty() {
        return Err(GridFault::NoLevels(name));
    }
    if let Some((_, twice)) = levels.iter().enumerate().find(|(i, l)| levels[..*i].iter().any(|m| m.name == l.name)) {
        return Err(GridFault::LevelTwice { axis: name, level: twice.name.clone() });
    }
    Ok(Axis { name, levels })
}

/// Letters, digits and dashes of a text, for a folder.
fn plain(text: &str) -> String {
    let letters: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = letters.split('-').filter(|w| !w.is_empty()).collect();
    words.join("-").chars().take(60).collect()
}

fn apply(table: &mut Table, level: &Level) -> std::result::Result<(), KeyFault> {
    for key in &level.unset {
        take_away(table, key);
    }
    level.set.iter().try_for_each(|(key, value)| put(table, key, value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(axes: &str) -> Result<Grid> {
        let folder = tempfile::tempdir().unwrap();
        let base = "seed = 3\n[augment]\nflip = 0.5\n[architecture]\nfamily = \"vgg16\"\nwidths = [4]\n[[phase]]\nepochs = 2\n";
        std::fs::write(folder.path().join("films.toml"), base).unwrap();
        let path = folder.path().join("grid.toml");
        std::fs::write(&path, format!("base = \"films.toml\"\n{axes}")).unwrap();
        Grid::read(&path)
    }

    const AXES: &str = r#"
        [[axis]]
        key = "architecture.family"
        values = ["custom-cnn", "resnet18"]
        [[axis]]
        name = "augmentation"
        [[axis.level]]
        name = "off"
        unset = ["augment", "architecture.widths"]
        [[axis.level]]
        name = "turned"
        set = { "augment.rotation" = 10.0, "phase.1.epochs" = 5, architecture = { dropout = 0.2 } }
    "#;

    #[test]
    fn every_combination_is_a_cell_and_the_last_axis_changes_first() {
        let cells = grid(AXES).unwrap().cells().unwrap();
        let folders: Vec<&str> = cells.iter().map(|c| c.folder.as_str()).collect();
        assert_eq!(folders, ["01-custom-cnn-off", "02-custom-cnn-turned", "03-resnet18-off", "04-resnet18-turned"]);
        assert_eq!(cells[2].levels, ["resnet18", "off"]);
        assert_eq!(cells[0].table["name"].as_str(), Some("films"));
    }

    #[test]
    fn keys_are_set_laid_over_and_taken_away() {
        let cells = grid(AXES).unwrap().cells().unwrap();
        let (off, turned) = (&cells[2].table, &cells[3].table);
        assert!(off.get("augment").is_none() && off["architecture"].get("widths").is_none());
        assert_eq!(turned["augment"].to_string(), "{ flip = 0.5, rotation = 10.0 }");
        assert_eq!(turned["architecture"]["family"].as_str(), Some("resnet18"));
        assert_eq!(turned["architecture"]["dropout"].as_float(), Some(0.2));
        assert_eq!(turned["phase"][0]["epochs"].as_integer(), Some(5));
    }

    #[test]
    fn faults_of_a_grid_are_said_in_sentences() {
        let said = |axes: &str| match grid(axes) {
            Ok(grid) => grid.cells().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(said("").contains("no `[[axis]]`"));
        assert!(said("[[axis]]\nname = \"a\"").contains("the axis \"a\" has no levels"));
        assert!(said("[[axis]]\nvalues = [1]").contains("neither a `name` nor a `key`"));
        assert!(said("[[axis]]\nname = \"a\"\nvalues = [1]").contains("`values` and no `key`"));
        assert!(said("[[axis]]\nkey = \"seed\"\nvalues = [1, 1]").contains("the level \"1\" twice"));
        assert!(said("[[axis]]\nkey = \"seed.x\"\nvalues = [1]").contains("`seed` is a value"));
        assert!(
            said("[[axis]]\nkey = \"phase.2.epochs\"\nvalues = [1]").contains("a list of 1, and \"2\" is no entry")
        );
        assert!(said("folds = 1\n[[axis]]\nkey = \"seed\"\nvalues = [1]").contains("`folds` is 1"));
        assert!(said("[[axis]]\nkey = \"seed\"\nvalues = [1]\nlevels = 3").contains("unknown field `levels`"));
    }
}
