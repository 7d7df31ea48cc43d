//! Similar cases in a record: the object of `--json`, and the lines for people.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::session::Analyzed;
use crate::engine::similar::{Similar, SimilarCases, how_to_make};
use crate::printable::printable;

/// Similar cases, or the reason why there are none.
#[derive(Serialize)]
pub(super) struct SimilarRecord<'a> {
    /// `null` where a case is similar.
    none_because: Option<String>,
    #[serde(flatten)]
    found: Option<&'a SimilarCases>,
}

impl<'a> SimilarRecord<'a> {
    pub(super) fn of(similar: &'a Similar, analyzed: &Analyzed) -> Self {
        match similar {
            Similar::NoGallery => {
                let model = analyzed.outcome.as_ref().map_or("MODEL", |(model, _)| model.origin.as_str());
                let because =
                    format!("This model has no gallery; make one of images of your own with `{}`.", how_to_make(model));
                Self { none_because: Some(because), found: None }
            }
            Similar::Unusable(reason) => {
                Self { none_because: Some(format!("No similar case: {reason}.")), found: None }
            }
            Similar::Cases(cases) => Self { none_because: cases.none(), found: Some(cases) },
        }
    }

    /// A line a case, nearest first, with what the distance means.
    pub(super) fn write(&self, text: &mut String) {
        if let Some(because) = &self.none_because {
            let _ = writeln!(text, "  {}", printable(because));
        }
        let Some(found) = self.found else { return };
        if !found.cases.is_empty() {
            let SimilarCases { images, folder, made, .. } = found;
            let folder = folder.display().to_string();
            let _ = writeln!(text, "  Similar cases, of {images} images of {} ({made}):", printable(&folder));
        }
        for case in &found.cases {
            let label = if case.label.is_empty() { "no label" } else { &case.label };
            let path = case.path.display().to_string();
            let _ = writeln!(
                text,
                "    {:.4}  {}  {}  ({})",
                case.distance,
                printable(label),
                printable(&path),
                case.in_words()
            );
        }
        for remark in &found.remarks {
            let _ = writeln!(text, "    {remark}");
        }
    }
}
