//! Writes the case on screen as DICOM objects, in a folder of its own whose name says nothing of the
//! patient.

use std::path::Path;

use crate::app::update::written_objects::WrittenObjects;
use crate::files::sha256;
use crate::report::CaseReport;
use crate::results::ResultsError;
use crate::results::write::{WriteOptions, write, write_into};

/// Writes the objects into a folder within `folder`.
pub(super) fn export(case: &CaseReport, folder: &Path) -> Result<WrittenObjects, ResultsError> {
    let written = write(case, &WriteOptions::default())?;
    let name = format!("dicom-{}", case.created.format("%Y%m%d-%H%M%S"));
    let free = |n: u32| {
        let path = folder.join(if n == 1 { name.clone() } else { format!("{name}-{n}") });
        (!path.exists()).then_some(path)
    };
    let folder = (1..1000).find_map(free).unwrap_or_else(|| folder.join(&name));
    write_into(&folder, &written.objects)?;
    let hash =
        |object: &crate::results::write::ResultObject| Ok((object.kind.key().to_owned(), sha256(&object.bytes()?)));
    Ok(WrittenObjects {
        hashes: written.objects.iter().map(hash).collect::<Result<_, ResultsError>>()?,
        left_out: written.left_out.iter().map(|one| format!("{} ({})", one.kind.name(), one.reason)).collect(),
        anonymized: case.anonymize,
        folder,
    })
}
