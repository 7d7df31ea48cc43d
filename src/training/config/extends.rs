//! `extends = "base.toml"`: what a configuration does not say is said by another one.
//!
//! The path is relative to the file that names it, and a base may extend another. Tables are laid
//! over each other key by key; everything else, lists of tables too, replaces what the base has.
//! `name` is that of the file that is run and never a base's: two runs of one name would share a
//! folder. Data folders stay relative to the configuration that is run.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::fault::{Check, ConfigFault};
use crate::files::read_text;
use crate::limits;

/// The key.
pub(super) const KEY: &str = "extends";
/// Most configurations that extend each other.
const DEPTH: usize = 8;

/// A configuration with all that it extends.
pub(super) struct Flattened {
    /// As it was written, where it extends nothing; else made of all.
    pub text: String,
    pub table: Table,
}

/// `text`, which was read from `path`, with all that it extends.
pub(super) fn flatten(path: &Path, text: String) -> Check<Flattened> {
    let mut table = parsed(path, &text)?;
    if !table.contains_key(KEY) {
        return Ok(Flattened { text, table });
    }
    let mut seen = vec![known_as(path)];
    let mut file = path.to_owned();
    while let Some(base) = table.remove(KEY) {
        let Value::String(named) = base else { return Err(ConfigFault::ExtendsNoPath) };
        file = file.parent().unwrap_or(Path::new("")).join(named);
        let own = known_as(&file);
        if seen.contains(&own) {
            return Err(ConfigFault::ExtendsItself(file));
        }
        seen.push(own);
        if seen.len() > DEPTH {
            return Err(ConfigFault::ExtendsTooDeep(DEPTH));
        }
        let text = read_text(&file, limits::CONFIGURATION_BYTES)
            .map_err(|source| ConfigFault::ExtendsUnreadable { path: file.clone(), source })?;
        let mut below = parsed(&file, &text)?;
        below.remove("name");
        lay_over(&mut below, table);
        table = below;
    }
    Ok(Flattened { text: table.to_string(), table })
}

fn parsed(path: &Path, text: &str) -> Check<Table> {
    text.parse().map_err(|e: toml::de::Error| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ConfigFault::Toml(format!("{name}: {}", e.to_string().trim_end()))
    })
}

/// One name for a file, however it is written.
fn known_as(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Lays `over` over `table`, tables key by key. `extends` of `table` stays: it is the next one.
fn lay_over(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn flat(folder: &tempfile::TempDir, name: &str) -> Check<Table> {
        let path = folder.path().join(name);
        flatten(&path, std::fs::read_to_string(&path).unwrap()).map(|f| f.table)
    }

    #[test]
    fn tables_are_laid_over_each_other_and_lists_replace() {
        let folder = folder(&[
            (
                "sub/base.toml",
                "extends = \"../root.toml\"\nseed = 2\n[optimization]\nbatch = 8\n[[phase]]\nepochs = 9\n",
            ),
            ("root.toml", "name = \"root\"\nseed = 1\nsize = 64\n[optimization]\nbatch = 4\nmomentum = 0.5\n"),
            ("own.toml", "extends = \"sub/base.toml\"\n[optimization]\nloss = \"focal\"\n[[phase]]\nepochs = 1\n"),
        ]);
        let expected =
            "seed = 2\nsize = 64\n[optimization]\nbatch = 8\nmomentum = 0.5\nloss = \"focal\"\n[[phase]]\nepochs = 1\n";
        assert_eq!(flat(&folder, "own.toml").unwrap(), expected.parse().unwrap());
    }

    #[test]
    fn circles_chains_without_an_end_and_missing_files_are_refused_in_words() {
        let mut files: Vec<(String, String)> =
            (0..12).map(|i| (format!("{i}.toml"), format!("extends = \"{}.toml\"\n", i + 1))).collect();
        files.push(("a.toml".into(), "extends = \"b.toml\"\n".into()));
        files.push(("b.toml".into(), "extends = \"./a.toml\"\n".into()));
        files.push(("none.toml".into(), "extends = \"nowhere.toml\"\n".into()));
        files.push(("odd.toml".into(), "extends = 3\n".into()));
        files.push(("broken.toml".into(), "extends = \"bad.toml\"\n".into()));
        files.push(("bad.toml".into(), "seed = \n".into()));
        let named: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let folder = folder(&named);
        for (name, words) in [
            ("a.toml", "extends itself"),
            ("0.toml", "more than 8 configurations"),
            ("none.toml", "nowhere.toml"),
            ("odd.toml", "the path of another configuration"),
            ("broken.toml", "bad.toml"),
        ] {
            let said = flat(&folder, name).unwrap_err().to_string();
            assert!(said.contains(words), "{name}: {said}");
        }
    }

    #[test]
    fn who_extends_nothing_keeps_their_own_words() {
        let folder = folder(&[("own.toml", "# mine\nseed = 3\n")]);
        let path = folder.path().join("own.toml");
        assert_eq!(flatten(&path, "# mine\nseed = 3\n".into()).unwrap().text, "# mine\nseed = 3\n");
    }
}
