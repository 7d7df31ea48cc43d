//! Files of a report: safe names, and writing both files at once or not at all.

use std::path::{Path, PathBuf};

use super::case::CaseReport;
use super::image_file::ImageFile;
use super::{ReportError, pdf, sidecar};
use crate::files;
use crate::files::writing::{Access, Staged};
use crate::language::within;

/// Writes the report into a folder under a name of its own and returns the path of the PDF; the
/// JSON lies beside it.
///
/// Nothing is overwritten, and nothing is left behind when it fails.
pub fn export(case: &CaseReport, folder: &Path) -> Result<PathBuf, ReportError> {
    let stem = stem(case);
    let free = |n: u32| {
        let name = if n == 1 { stem.clone() } else { format!("{stem}-{n}") };
        let path = folder.join(name).with_extension("pdf");
        (!path.exists() && !path.with_extension("json").exists()).then_some(path)
    };
    let path = (1..1000).find_map(free).unwrap_or_else(|| folder.join(&stem).with_extension("pdf"));
    export_to(case, &path)?;
    Ok(path)
}

/// Writes the report to this path, and its JSON beside it; files of these names are replaced.
pub fn export_to(case: &CaseReport, path: &Path) -> Result<(), ReportError> {
    let source = ImageFile::of(case);
    let document = within(&case.language, || pdf::pdf(case, &source))?;
    let sidecar =
        sidecar::Sidecar { pdf_sha256: Some(files::sha256(&document)), ..sidecar::Sidecar::of(case, &source) };
    let sidecar = serde_json::to_vec_pretty(&sidecar)?;
    let json = path.with_extension("json");
    // Both are on the disk before either gets its name, and the PDF never stands without its JSON.
    let (document, sidecar) = (staged(path, &document)?, staged(&json, &sidecar)?);
    let failed = |path: &Path, source| ReportError::Write { path: path.to_owned(), source };
    sidecar.persist().map_err(|e| failed(&json, e))?;
    if let Err(e) = document.persist() {
        let _ = std::fs::remove_file(&json);
        return Err(failed(path, e));
    }
    Ok(())
}

/// The bytes of the PDF of a case, in its language, for those who put it into a file of another kind.
///
/// # Errors
/// When a font cannot be embedded.
pub fn document(case: &CaseReport) -> Result<Vec<u8>, ReportError> {
    within(&case.language, || pdf::pdf(case, &ImageFile::of(case)))
}

/// Everything that a report says of a case, in English; anonymised when the case is.
#[must_use]
pub fn record(case: &CaseReport) -> sidecar::Sidecar {
    sidecar::Sidecar::of(case, &ImageFile::of(case))
}

/// Writes one file whole or not at all, for its owner alone; a file of this name is replaced.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    staged(path, bytes)?.persist().map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// The bytes in a temporary file beside `path`.
fn staged(path: &Path, bytes: &[u8]) -> Result<Staged, ReportError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The kind alone: the rest of the message would name the temporary file.
    Staged::of(path, Access::Private, bytes)
        .map_err(|e| ReportError::Write { path: folder.to_owned(), source: e.kind().into() })
}

/// A file name without extension: patient and day of the study, or the time of the report alone
/// where they are left out.
fn stem(case: &CaseReport) -> String {
    let entry = &case.frame.entry;
    let meta = &entry.meta;
    let made = case.created.format("%Y%m%d-%H%M%S").to_string();
    let who = if case.anonymize {
        "anonymous".to_owned()
    } else {
        let file = entry.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = [&meta.patient_id, &meta.patient_name, &file]
            .into_iter()
            .map(|text| safe(text))
            .find(|text| !text.is_empty());
        [name.unwrap_or_else(|| "case".into()), safe(&meta.study_date)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("_")
    };
    format!("pellucid_{who}_{made}")
}

/// Letters and figures; everything else becomes one hyphen. At most 40 characters.
fn safe(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join("-");
    text.chars().take(40).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_on_every_file_system() {
        assert_eq!(safe("Doe^Jane / ../..\\x:*?"), "Doe-Jane-x");
        assert_eq!(safe("山田^太郎"), "山田-太郎");
        assert_eq!(safe("../../"), "");
        assert!(safe(&"a".repeat(300)).len() <= 40);
    }
}
