//! A few made things, each with the inputs it was made of.
//!
//! Every painter keeps its own; looking through a handful is quicker than hashing their keys.
//! Whatever was not asked for in a frame is forgotten at its end.

/// A made thing, the inputs it was made of, and whether this frame asked for it.
struct Entry<K, V> {
    key: K,
    value: V,
    used: bool,
}

/// A few made things.
pub(super) struct Made<K, V>(Vec<Entry<K, V>>);

impl<K, V> Default for Made<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V: Clone> Made<K, V> {
    /// What was made of `key`; it is kept for the next frame.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.0.iter_mut().find(|e| e.key == *key)?;
        entry.used = true;
        Some(entry.value.clone())
    }

    /// Keeps what was made of `key`.
    pub(super) fn put(&mut self, key: K, value: V) {
        self.0.push(Entry { key, value, used: true });
    }

    /// Forgets what was not asked for since the last call, and yields it.
    pub(super) fn sweep(&mut self) -> Vec<V> {
        let (kept, gone) = std::mem::take(&mut self.0).into_iter().partition(|e: &Entry<K, V>| e.used);
        self.0 = kept;
        self.0.iter_mut().for_each(|e| e.used = false);
        gone.into_iter().map(|e: Entry<K, V>| e.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_frame_does_not_ask_for_is_forgotten_at_its_end() {
        let mut made = Made::default();
        made.put("a", 1);
        made.put("b", 2);
        assert!(made.sweep().is_empty(), "both were new");
        assert_eq!(made.get(&"a"), Some(1));
        assert_eq!(made.sweep(), [2]);
        assert_eq!((made.get(&"a"), made.get(&"b")), (Some(1), None));
    }
}
