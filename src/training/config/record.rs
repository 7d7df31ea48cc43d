//! A copy of the configuration in the run's folder, so that runs can be told apart by what they
//! were asked to do.

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use crate::files::read_text;
use crate::limits;
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Name of the copy in the run's folder.
pub const FILE: &str = "config.toml";

/// Writes what `config` was read from into `folder`; seed and fold are those that the run really
/// has.
///
/// A configuration that was not read from a file leaves no copy.
pub fn write(folder: &Path, config: &Config) -> Result<()> {
    let Ok(mut table) = config.source.parse::<Table>() else { return Ok(()) };
    if table.is_empty() {
        return Ok(());
    }
    let seed = set(&mut table, "seed", config.seed as i64);
    let data = table.get_mut("data").and_then(Value::as_table_mut);
    let fold = data.is_some_and(|data| set(data, "fold", config.data.fold as i64));
    // Unchanged, the author's own words and comments are kept.
    let text = if seed || fold { table.to_string() } else { config.source.clone() };
    write_whole(&folder.join(FILE), text.as_bytes())
}

/// Sets a number whose absence means 0; tells whether that changed anything.
fn set(table: &mut Table, key: &str, value: i64) -> bool {
    let before = table.get(key).and_then(Value::as_integer).unwrap_or(0);
    if before != value {
        table.insert(key.into(), Value::Integer(value));
    }
    before != value
}

/// The copy in `folder` as keys and values: `optimization.batch` and `32`. Lists of tables are
/// numbered from 1.
pub fn read(folder: &Path) -> Result<Vec<(String, String)>> {
    let path = folder.join(FILE);
    let text = read_text(&path, limits::CONFIGURATION_BYTES)
        .map_err(|error| Error::Read { path: path.clone(), source: error.into() })?;
    let table: Table = text.parse().map_err(|e: toml::de::Error| Error::Config { path, reason: e.to_string() })?;
    Ok(flat(&table))
}

/// A table as dotted keys and values.
pub fn flat(table: &Table) -> Vec<(String, String)> {
    let mut out = Vec::new();
    descend(String::new(), &Value::Table(table.clone()), &mut out);
    out
}

fn descend(key: String, value: &Value, out: &mut Vec<(String, String)>) {
    let below = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(part, value)| descend(below(part), value, out)),
        Value::Array(list) if list.iter().any(Value::is_table) => {
            list.iter().enumerate().for_each(|(i, value)| descend(below(&(i + 1).to_string()), value, out));
        }
        Value::String(words) => out.push((key, words.clone())),
        other => out.push((key, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_dotted_keys_and_lists_of_tables_are_numbered() {
        let table =
            "seed = 3\n[data]\nfolders = [\"a\"]\n[[phase]]\nepochs = 2\n[[phase]]\nepochs = 4".parse().unwrap();
        let mut flat = flat(&table);
        flat.sort();
        let pair = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
        let expected = [("data.folders", "[\"a\"]"), ("phase.1.epochs", "2"), ("phase.2.epochs", "4"), ("seed", "3")];
        assert_eq!(flat, expected.map(pair));
    }

    #[test]
    fn a_number_that_is_absent_is_nought_and_only_a_change_is_told() {
        let mut table = Table::new();
        assert!(!set(&mut table, "seed", 0));
        assert!(set(&mut table, "seed", 7));
        assert_eq!(table.get("seed"), Some(&Value::Integer(7)));
    }
}
