//! The lines of the list: patient → study → series → image, as far as they are open.
//!
//! A series is one line, closed until it is opened. An image that stands alone in its series is that
//! line. Pictures that name no series are lines of their own below their folder.

use std::collections::HashSet;
use std::sync::Arc;

use super::words;
use crate::app::state::State;
use crate::app::state::stack::is_stack;
use crate::study::{ImageEntry, Series};

/// A line of the list.
pub(super) enum Row<'a> {
    Header(Header<'a>),
    Series(SeriesRow<'a>),
    Image(ImageRow<'a>),
}

/// A patient, a study, or pictures of a folder.
pub(super) struct Header<'a> {
    pub depth: usize,
    /// Of its open state.
    pub key: String,
    pub words: String,
    pub open: bool,
    /// Study or Series Instance UID.
    pub uid: &'a str,
}

/// A series of several images.
pub(super) struct SeriesRow<'a> {
    pub series: &'a Series,
    pub key: String,
    pub open: bool,
}

/// An image.
pub(super) struct ImageRow<'a> {
    pub entry: &'a Arc<ImageEntry>,
    /// Number in the series, from 1.
    pub number: usize,
    /// The series, where it is the only image of one.
    pub alone: Option<&'a Series>,
    /// Below a line of its series.
    pub nested: bool,
}

/// What the reader opened of what begins closed, and closed of what begins open.
pub(super) type Toggled = HashSet<String>;

/// All lines.
pub(super) fn rows<'a>(state: &'a State, toggled: &Toggled) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let anonymize = state.preferences.anonymize;
    for (p, patient) in state.catalogue.patients.iter().enumerate() {
        let key = format!("patient {p} {}", patient.id);
        let open = !toggled.contains(&key);
        rows.push(Row::Header(Header { depth: 0, key, words: words::patient(patient, p, anonymize), open, uid: "" }));
        for (s, study) in patient.studies.iter().enumerate().filter(|_| open) {
            let key = format!("study {p} {s} {}", study.uid);
            let open = !toggled.contains(&key);
            let words = words::study(study, anonymize);
            rows.push(Row::Header(Header { depth: 1, key, words, open, uid: &study.uid }));
            for (r, series) in study.series.iter().enumerate().filter(|_| open) {
                of_series(series, format!("series {p} {s} {r} {}", series.uid), toggled, &mut rows);
            }
        }
    }
    rows
}

fn of_series<'a>(series: &'a Series, key: String, toggled: &Toggled, rows: &mut Vec<Row<'a>>) {
    if let [entry] = series.images.as_slice() {
        rows.push(Row::Image(ImageRow { entry, number: 1, alone: Some(series), nested: false }));
        return;
    }
    let nested = is_stack(series);
    let open = toggled.contains(&key) == nested;
    rows.push(if nested {
        Row::Series(SeriesRow { series, key, open })
    } else {
        Row::Header(Header { depth: 2, key, words: words::series(series), open, uid: &series.uid })
    });
    if open {
        let images = series.images.iter().zip(1..);
        rows.extend(images.map(|(entry, number)| Row::Image(ImageRow { entry, number, alone: None, nested })));
    }
}

impl Row<'_> {
    /// Whether the line stands for an image: it is the image, or its series and that is closed.
    pub(super) fn stands_for(&self, image: &Arc<ImageEntry>) -> bool {
        match self {
            Self::Header(_) => false,
            Self::Series(row) => !row.open && row.series.images.iter().any(|one| Arc::ptr_eq(one, image)),
            Self::Image(row) => Arc::ptr_eq(row.entry, image),
        }
    }
}
