//! A new configuration with every key: `pellucid train --new FILE`.
//!
//! Keys, kinds, defaults and meanings are those of the tables in the documents, which are part of
//! the program; tests hold those tables to what is read. A line that begins with `# ` is words, one
//! that begins with `#` and a key is a setting that is taken as it stands there, or an example.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::network::architecture::Family;
use crate::training::data::part::SplitPart;
use crate::training::{Error, Result};

const TRAINING: &str = include_str!("../../../docs/training.md");
const MODELS: &str = include_str!("../../../docs/models.md");

/// The tables, in the order of the file; whether a table may stand there without a key.
const TABLES: [(&str, bool); 20] = [
    ("[data]", true),
    ("[data.csv]", false),
    ("[[data.label_rule]]", false),
    ("[architecture]", true),
    ("[input]", false),
    ("[[phase]]", true),
    ("[optimization]", true),
    ("[balance]", true),
    ("[transfer]", true),
    ("[[unfreeze]]", false),
    ("[augment]", true),
    ("[thresholds]", true),
    ("[pipeline]", true),
    ("[[labels]]", false),
    ("[[groups]]", false),
    ("[fits]", true),
    ("[population]", false),
    ("[provenance]", true),
    ("[[suggestions]]", false),
    ("CONFIG.toml", false),
];
/// What stands for a value that has to be filled in.
const FILL_IN: &str = "…";

/// What is known of a new configuration.
#[derive(Clone, Debug)]
pub struct NewConfig {
    /// Folders of class folders, as the file names them.
    pub folders: Vec<PathBuf>,
    pub family: Family,
}

impl NewConfig {
    /// For the images in `data`, which holds a folder for each class, or such folders for each part
    /// of the data; `file` is where it will lie.
    ///
    /// # Errors
    /// When the folder cannot be read or holds no folders.
    pub fn of(file: &Path, data: &Path, family: Family) -> Result<Self> {
        let failed = |source| Error::Read { path: data.into(), source };
        let mut inside: Vec<PathBuf> = std::fs::read_dir(data)
            .map_err(failed)?
            .flatten()
            .map(|entry| entry.path())
            .filter(|p| p.is_dir())
            .collect();
        inside.sort();
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if inside.is_empty() {
            let said = format!("{} holds no folders; one for each class is needed", data.display());
            return Err(Error::Data(said));
        }
        let parts = inside.iter().all(|folder| SplitPart::named(&name(folder)).is_some());
        let folders = if parts { inside } else { vec![data.to_owned()] };
        let folders = folders.iter().map(|folder| as_named(file, folder)).collect::<Result<_>>()?;
        Ok(Self { folders, family })
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "# A training of Pellucid: `pellucid train FILE` makes a model, `pellucid pipeline FILE` a model and a verdict.\n\
             # A line of the form `#key = value` is what is taken without it; {FILL_IN} is to be filled in. Take the # away to set it.\n\n"
        );
        // Keys of no table stand before the first table.
        for (name, stands) in TABLES.iter().rev().take(1).chain(&TABLES[..TABLES.len() - 1]) {
            self.table(&mut text, name, *stands);
        }
        text
    }

    fn table(&self, text: &mut String, name: &str, stands: bool) {
        if name != "CONFIG.toml" {
            let _ = writeln!(text, "\n{}{name}", if stands { "" } else { "#" });
        }
        for key in rows(name).into_iter().filter(|key| !key.is_table()) {
            let _ = writeln!(text, "# {}", key.words());
            let setting = match (name, key.name.as_str()) {
                ("[data]", "folders") => format!("folders = {}", self.listed()),
                ("[data]", "test") => "test = 0.2".to_owned(),
                ("[architecture]", "family") => format!("family = \"{}\"", self.family),
                ("[[phase]]", "epochs") => "epochs = 20".to_owned(),
                (_, own) => format!("#{own} = {}", key.default().unwrap_or(FILL_IN)),
            };
            let _ = writeln!(text, "{setting}");
        }
    }

    fn listed(&self) -> String {
        let folders = self.folders.iter().map(|f| toml::Value::String(f.to_string_lossy().replace('\\', "/")));
        toml::Value::Array(folders.collect()).to_string()
    }
}

/// The path of a folder as a file names it: relative where it lies below the file's own.
fn as_named(file: &Path, folder: &Path) -> Result<PathBuf> {
    let failed = |path: &Path, source| Error::Read { path: path.into(), source };
    let own = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = own.canonicalize().map_err(|e| failed(own, e))?;
    let folder = folder.canonicalize().map_err(|e| failed(folder, e))?;
    let below = folder.strip_prefix(&own).map(Path::to_owned).unwrap_or(folder);
    Ok(if below.as_os_str().is_empty() { PathBuf::from(".") } else { below })
}

/// A row of a table in the documents.
struct Key {
    name: String,
    kind: String,
    default: String,
    meaning: String,
}

impl Key {
    /// It has a table of its own.
    fn is_table(&self) -> bool {
        self.kind == "table" || self.kind == "tables"
    }

    /// The value in TOML that it has where it is left out, if one can be written.
    fn default(&self) -> Option<&str> {
        self.default.strip_prefix('`')?.strip_suffix('`')
    }

    fn words(&self) -> String {
        let without = if self.default().is_some() || self.default == "none" {
            String::new()
        } else if self.default == "required" {
            ", required".to_owned()
        } else {
            format!("; without it: {}", self.default)
        };
        format!("{} ({}{without})", self.meaning.replace('`', ""), self.kind)
    }
}

/// The keys of a table, as the documents have them.
fn rows(table: &str) -> Vec<Key> {
    let heading = format!("### `{table}`");
    let section = [TRAINING, MODELS].into_iter().find_map(|document| {
        let after = document.split_once(&format!("{heading}\n"))?.1;
        Some(after.split("\n#").next().unwrap_or(after))
    });
    let lines = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    lines.filter_map(key).collect()
}

fn key(line: &str) -> Option<Key> {
    // A bar within a cell is written with a stroke before it.
    let line = line.replace("\\|", "\u{0}");
    let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|"));
    let (name, kind, default, meaning) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let name = name.split('`').nth(1)?.to_owned();
    Some(Key { name, kind, default, meaning })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::config::Config;

    fn images(folder: &Path) {
        for class in ["set/a", "set/b"] {
            std::fs::create_dir_all(folder.join(class)).unwrap();
        }
    }

    /// What a configuration says, without its name and its words.
    fn read(folder: &Path, text: &str) -> String {
        let path = folder.join("c.toml");
        std::fs::write(&path, text).unwrap();
        let config = Config::read(&path).unwrap_or_else(|e| panic!("{e}\n{text}"));
        format!("{:?}", Config { source: String::new(), ..config })
    }

    #[test]
    fn every_family_makes_a_configuration_that_is_read_as_one_with_nothing_but_folders_and_family() {
        let folder = tempfile::tempdir().unwrap();
        images(folder.path());
        for family in [Family::CustomCnn, Family::Resnet18, Family::Densenet121] {
            let new = NewConfig::of(&folder.path().join("c.toml"), &folder.path().join("set"), family).unwrap();
            let least = format!("[data]\nfolders = [\"set\"]\ntest = 0.2\n[architecture]\nfamily = \"{family}\"\n");
            assert_eq!(read(folder.path(), &new.text()), read(folder.path(), &least));
        }
    }

    #[test]
    fn what_stands_behind_a_key_is_what_is_taken_without_it() {
        let folder = tempfile::tempdir().unwrap();
        images(folder.path());
        let file = folder.path().join("c.toml");
        let text = NewConfig::of(&file, &folder.path().join("set"), Family::CustomCnn).unwrap().text();
        let mut set = String::new();
        let mut stands = true;
        for line in text.lines() {
            if line.starts_with('[') || line.starts_with("#[") {
                stands = line.starts_with('[');
            }
            let setting =
                line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '[']) && !rest.contains(FILL_IN));
            let setting = setting.filter(|rest| stands && !rest.starts_with("test ="));
            let _ = writeln!(set, "{}", setting.unwrap_or(line));
        }
        assert!(set.matches("\nlearning_rate = ").count() == 1 && set.contains("\nseed = 0"), "{set}");
        assert_eq!(read(folder.path(), &set), read(folder.path(), &text));
    }

    #[test]
    fn every_table_of_the_documents_is_in_it() {
        for (name, _) in TABLES {
            assert!(!rows(name).is_empty(), "{name} has no keys");
        }
        let new = NewConfig { folders: vec!["x".into()], family: Family::CustomCnn };
        for key in rows("[optimization]") {
            assert!(new.text().contains(&format!("\n#{} = ", key.name)), "{}", key.name);
        }
    }

    #[test]
    fn folders_of_parts_are_named_each_and_other_places_by_their_whole_path() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["own/train/a", "own/val/a", "far/a"] {
            std::fs::create_dir_all(folder.path().join(class)).unwrap();
        }
        let file = folder.path().join("own/c.toml");
        let of = |data: &str| NewConfig::of(&file, &folder.path().join(data), Family::CustomCnn);
        assert_eq!(of("own").unwrap().folders, [PathBuf::from("train"), PathBuf::from("val")]);
        assert!(of("far").unwrap().folders[0].is_absolute());
        let said = of("far/a").unwrap_err().to_string();
        assert!(said.contains("one for each class is needed"), "{said}");
    }
}
