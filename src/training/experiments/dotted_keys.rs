//! Keys of a configuration by their dotted names (`optimization.batch`, `phase.1.epochs`): set, laid
//! over, taken away. Entries of a list are numbered from 1.

use toml::{Table, Value};

/// A key that nothing can be set at.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyFault {
    #[error("`{list}` is a list of {length}, and \"{number}\" is no entry of it that `{key}` could be below")]
    NoEntry { list: String, length: usize, number: String, key: String },
    #[error("`{value}` is a value, so that `{key}` cannot be below it")]
    NotATable { value: String, key: String },
}

/// Takes a dotted key away, where it is there.
pub(super) fn take_away(table: &mut Table, key: &str) {
    match key.split_once('.') {
        None => drop(table.remove(key)),
        Some((head, rest)) => {
            if let Some(inner) = table.get_mut(head).and_then(Value::as_table_mut) {
                take_away(inner, rest);
            }
        }
    }
}

/// Sets a dotted key; a table is laid over the one that is there.
pub(super) fn put(table: &mut Table, key: &str, value: Value) -> std::result::Result<(), KeyFault> {
    let Some((head, rest)) = key.split_once('.') else {
        return match (table.get_mut(key), value) {
            (Some(Value::Table(there)), Value::Table(new)) => new.into_iter().try_for_each(|(k, v)| put(there, &k, v)),
            (_, value) => {
                table.insert(key.to_owned(), value);
                Ok(())
            }
        };
    };
    match table.entry(head).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => put(inner, rest, value),
        Value::Array(list) => {
            let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
            let length = list.len();
            let place = number.parse::<usize>().ok().and_then(|n| list.get_mut(n.checked_sub(1)?));
            match place {
                Some(place) if rest.is_empty() => *place = value,
                Some(Value::Table(inner)) => return put(inner, rest, value),
                _ => {
                    return Err(KeyFault::NoEntry {
                        list: head.to_owned(),
                        length,
                        number: number.to_owned(),
                        key: key.to_owned(),
                    });
                }
            }
            Ok(())
        }
        _ => Err(KeyFault::NotATable { value: head.to_owned(), key: key.to_owned() }),
    }
}
