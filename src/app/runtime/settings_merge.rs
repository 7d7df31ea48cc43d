//! Brings what this viewer changed into the settings that lie on the disk now, which another viewer
//! may have written meanwhile.
//!
//! A change is what differs between the settings as this viewer last wrote (or read) them and as they
//! are now; everything else stays as the file has it, also what this version does not know. Lists are
//! changed by what was added and taken away, so that two viewers do not lose each other's entries. A
//! list that was emptied is emptied.

use serde_json::Value;

/// Brings the changes from `base` to `ours` into `theirs`.
pub(super) fn merge(base: &Value, ours: &Value, theirs: &mut Value) {
    if base == ours {
        return;
    }
    match (base, ours, &mut *theirs) {
        (Value::Object(base), Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours {
                let before = base.get(key).unwrap_or(&Value::Null);
                match theirs.get_mut(key) {
                    Some(there) => merge(before, value, there),
                    None if before != value || !base.contains_key(key) => {
                        theirs.insert(key.clone(), value.clone());
                    }
                    None => {}
                }
            }
            for key in base.keys().filter(|key| !ours.contains_key(*key)) {
                theirs.remove(key);
            }
        }
        (Value::Array(base), Value::Array(ours), Value::Array(theirs)) => *theirs = list(base, ours, theirs),
        (_, ours, theirs) => *theirs = ours.clone(),
    }
}

/// A list with what was added or moved to its front, and without what was taken away.
fn list(base: &[Value], ours: &[Value], theirs: &[Value]) -> Vec<Value> {
    if ours.is_empty() {
        return Vec::new();
    }
    // What stands behind is as it was.
    let moved = (0..ours.len()).find(|from| is_part(&ours[*from..], base)).unwrap_or(ours.len());
    let front = &ours[..moved];
    let gone = |value: &Value| base.contains(value) && !ours.contains(value);
    let rest = theirs.iter().filter(|value| !front.contains(value) && !gone(value));
    front.iter().chain(rest).cloned().collect()
}

/// Whether the values stand in `all`, in this order.
fn is_part(values: &[Value], all: &[Value]) -> bool {
    let mut all = all.iter();
    values.iter().all(|value| all.any(|other| other == value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(base: &Value, ours: &Value, theirs: &Value) -> Value {
        let mut theirs = theirs.clone();
        merge(base, ours, &mut theirs);
        theirs
    }

    #[test]
    fn what_only_the_other_viewer_changed_stays() {
        let base = json!({"theme": "Dark", "smooth": true, "recent": ["a"], "keys": {"x": "1"}});
        let ours = json!({"theme": "Light", "smooth": true, "recent": ["b", "a"], "keys": {"x": "1", "y": "2"}});
        let theirs = json!({"theme": "Dark", "smooth": false, "recent": ["c", "a"], "keys": {"x": "3"}, "new": 7});
        let both = json!({"theme": "Light", "smooth": false, "recent": ["b", "c", "a"], "keys": {"x": "3", "y": "2"}, "new": 7});
        assert_eq!(merged(&base, &ours, &theirs), both);
    }

    #[test]
    fn entries_are_added_moved_and_taken_away() {
        let of = |base: Value, ours: Value, theirs: Value| merged(&base, &ours, &theirs);
        assert_eq!(of(json!(["a", "b"]), json!(["b", "a"]), json!(["a", "b", "c"])), json!(["b", "a", "c"]));
        assert_eq!(of(json!(["a", "b"]), json!(["a"]), json!(["c", "a", "b"])), json!(["c", "a"]));
        assert_eq!(of(json!(["a"]), json!(["a", "z"]), json!(["a", "c"])), json!(["a", "z", "c"]));
        assert_eq!(of(json!(["a"]), json!([]), json!(["c", "a"])), json!([]), "forgotten is forgotten");
        assert_eq!(of(json!({"k": 1}), json!({}), json!({"k": 1, "l": 2})), json!({"l": 2}));
    }
}
