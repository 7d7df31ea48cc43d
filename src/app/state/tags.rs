//! The tag browser: the elements of the file on screen, and of another one beside them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Reason;
use crate::study::{PairedRow, TagList, TagRow, paired};

/// What is known of the elements of a file.
pub type Listed = Result<Arc<TagList>, Reason>;

/// The window of the tag browser while it is open.
#[derive(Clone, Debug, Default)]
pub struct TagBrowser {
    /// The file on screen.
    pub file: PathBuf,
    /// The file that it is compared with.
    pub other: Option<PathBuf>,
    pub search: String,
    pub differences_only: bool,
    /// Sequences and items that are closed, by their place.
    pub(in crate::app) closed: HashSet<String>,
    pub(in crate::app) lists: HashMap<PathBuf, Listed>,
    /// The chosen row, by its place.
    pub selected: Option<String>,
    pairs: Vec<PairedRow>,
    visible: Vec<usize>,
}

impl TagBrowser {
    /// Of this file, whose elements are not known yet.
    pub(in crate::app) fn new(file: PathBuf) -> Self {
        Self { file, ..Self::default() }
    }

    /// What is known of a file; nothing while it is being read.
    pub fn list(&self, path: &Path) -> Option<&Listed> {
        self.lists.get(path)
    }

    /// The rows that are shown, each with the row of the other file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (PairedRow, Option<&TagRow>, Option<&TagRow>)> {
        self.visible.iter().map(move |at| self.row(self.pairs[*at]))
    }

    /// The row number `at` of those that are shown.
    pub fn at(&self, at: usize) -> Option<(PairedRow, Option<&TagRow>, Option<&TagRow>)> {
        self.visible.get(at).map(|at| self.row(self.pairs[*at]))
    }

    /// How many rows there are in all, and how many of them differ.
    pub fn counts(&self) -> (usize, usize) {
        (self.pairs.len(), self.pairs.iter().filter(|pair| pair.differs).count())
    }

    /// Whether a sequence or an item is open.
    pub fn is_open(&self, place: &str) -> bool {
        !self.closed.contains(place)
    }

    fn row(&self, pair: PairedRow) -> (PairedRow, Option<&TagRow>, Option<&TagRow>) {
        let of = |path: Option<&PathBuf>, at: Option<usize>| {
            path.and_then(|path| self.lists.get(path)?.as_ref().ok()).zip(at).and_then(|(list, at)| list.rows.get(at))
        };
        (pair, of(Some(&self.file), pair.first), of(self.other.as_ref(), pair.second))
    }

    /// Takes in that files, search or what is open have changed.
    pub(in crate::app) fn refresh(&mut self) {
        let sound = |path: &PathBuf| self.lists.get(path).and_then(|list| list.as_ref().ok()).cloned();
        let first = sound(&self.file).unwrap_or_default();
        let second = self.other.as_ref().and_then(sound);
        self.pairs = match &second {
            Some(second) => paired(&first, second),
            None => {
                (0..first.rows.len()).map(|at| PairedRow { first: Some(at), second: None, differs: false }).collect()
            }
        };
        let wanted = self.search.trim().to_lowercase();
        let of = |pair: &PairedRow| {
            pair.first.map(|at| &first.rows[at]).or_else(|| Some(&second.as_ref()?.rows[pair.second?]))
        };
        let matches = |pair: &PairedRow| {
            let rows =
                [pair.first.map(|at| &first.rows[at]), second.as_ref().zip(pair.second).map(|(l, at)| &l.rows[at])];
            let found = wanted.is_empty() || rows.into_iter().flatten().any(|row| is_found(row, &wanted));
            found && (pair.differs || !self.differences_only || second.is_none())
        };
        // What lies around a row that is shown is shown, too.
        let mut places: HashSet<&str> = HashSet::new();
        for pair in self.pairs.iter().filter(|pair| matches(pair)) {
            let Some(row) = of(pair) else { continue };
            places.insert(&row.place);
            places.extend(row.place.match_indices('/').map(|(end, _)| &row.place[..end]));
        }
        let searching = !wanted.is_empty();
        let is_closed = |place: &str| {
            let mut around = place.match_indices('/').map(|(end, _)| &place[..end]);
            !searching && around.any(|outer| self.closed.contains(outer))
        };
        let is_shown = |at: &usize| {
            of(&self.pairs[*at]).is_some_and(|row| places.contains(row.place.as_str()) && !is_closed(&row.place))
        };
        self.visible = (0..self.pairs.len()).filter(is_shown).collect();
    }
}

/// Whether a row holds what is looked for, in lower case: in its tag with or without brackets, its
/// name, its representation or its value.
fn is_found(row: &TagRow, wanted: &str) -> bool {
    let digits: String = row.tag.chars().filter(char::is_ascii_hexdigit).collect();
    row.tag.to_lowercase().contains(wanted)
        || (wanted.len() >= 4 && digits.to_lowercase().contains(wanted))
        || row.vr.to_lowercase() == *wanted
        || row.name.to_lowercase().contains(wanted)
        || row.value.to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(rows: &[(&str, &str, &str)]) -> TagBrowser {
        let row = |(place, name, value): &(&str, &str, &str)| TagRow {
            depth: place.matches('/').count(),
            place: (*place).into(),
            tag: place.rsplit('/').next().unwrap().into(),
            vr: "LO".into(),
            name: (*name).into(),
            value: (*value).into(),
            cut: false,
            private: false,
            inside: 0,
        };
        let list = TagList { rows: rows.iter().map(row).collect(), left_out: false };
        let lists = HashMap::from([("a.dcm".into(), Ok(Arc::new(list)))]);
        let mut browser = TagBrowser { file: "a.dcm".into(), lists, ..TagBrowser::default() };
        browser.refresh();
        browser
    }

    fn shown(browser: &TagBrowser) -> Vec<String> {
        browser.rows().filter_map(|(_, row, _)| row.map(|row| row.name.clone())).collect()
    }

    #[test]
    fn a_search_shows_what_lies_around_what_it_finds_and_opens_it() {
        let mut browser = browser(&[
            ("(0008,0060)", "Modality", "DX"),
            ("(0040,0275)", "RequestAttributesSequence", "1 item"),
            ("(0040,0275)/00001", "", "1 element"),
            ("(0040,0275)/00001/(0032,1060)", "RequestedProcedureDescription", "Chest PA"),
        ]);
        assert_eq!(shown(&browser).len(), 4);
        browser.closed.insert("(0040,0275)".into());
        browser.refresh();
        assert_eq!(shown(&browser), ["Modality", "RequestAttributesSequence"]);
        for search in ["chest", "00321060", "(0032,1060)", "procedured"] {
            browser.search = search.into();
            browser.refresh();
            assert_eq!(shown(&browser), ["RequestAttributesSequence", "", "RequestedProcedureDescription"], "{search}");
        }
        browser.search = "no such thing".into();
        browser.refresh();
        assert!(shown(&browser).is_empty());
    }
}
