//! Files that the program keeps beside images and of studies, and those that a user writes for it.

use std::fs;
use std::path::Path;

use pellucid::app::runtime::settings_file;
use pellucid::app::state::hanging_rules::HangingRules;
use pellucid::audit;
use pellucid::feedback::kept::FeedbackFile;
use pellucid::files::read_text;
use pellucid::limits::MANIFEST_BYTES;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::kept::MeasurementFile;
use pellucid::model::catalogue::Catalogue;
use pellucid::pacs::peers::file::Peers;
use pellucid::reader_study::plan::PlacedPlan;
use pellucid::reader_study::{case_table, journal, truth};
use pellucid::report::impression_store::ImpressionStore;
use pellucid::training::experiments::search::plan::SearchPlan;

use super::{Read, Reader, said, text};
use crate::seeds::kept::plan;

pub(super) fn read(reader: Reader, path: &Path) -> Read {
    match reader {
        Reader::Measurements => said(MeasurementFile::read(path), |f| format!("{} kept", f.measurements.len())),
        Reader::Feedback => {
            said(FeedbackFile::parse(&text(path), path), |file| format!("{} models", file.models.len()))
        }
        Reader::StudyPlan => said(PlacedPlan::read(path), |placed| placed.plan.fingerprint()),
        Reader::StudyCases => said(case_table::read(path), |cases| format!("{} cases", cases.len())),
        Reader::StudyRecords => said(journal::read_records(path), |records| format!("{} readings", records.len())),
        Reader::StudyTruth => said(truth::read(path, &plan()), |truths| format!("{} cases", truths.len())),
        Reader::Catalogue => said(Catalogue::parse(&text(path)), |c| format!("{} models", c.models.len())),
        Reader::Audit => said(audit::verify::verify(path), |found| found.holds().to_string()),
        Reader::HangingRules => {
            let written = read_text(path, MANIFEST_BYTES).map_err(|e| e.to_string())?;
            said(HangingRules::parse(&written), |file| format!("{} rules", file.rules.len()))
        }
        Reader::Peers => said(Peers::read(path), |peers| format!("{} peers", peers.all().len())),
        Reader::Preferences => match settings_file::read(path) {
            (_, Some(sentence)) => Err(sentence),
            (settings, None) => Ok(format!("{} recent", settings.recent.len())),
        },
        Reader::Impression => impression(path),
        Reader::Search => said(SearchPlan::read(path), |search| format!("{} ranges", search.ranges.len())),
        _ => unreachable!("{reader:?} is read elsewhere"),
    }
}

/// Reads an impression, and keeps it once more, as two windows with one image do.
fn impression(path: &Path) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let store = ImpressionStore::new(folder.path().to_owned());
    let image = ImageIdentity { pixels_sha256: "00ff".into(), sop_instance_uid: "2.25.1".into(), frame: 0 };
    fs::copy(path, store.path(&image)).unwrap();
    let found = store.find(&image).map_err(|e| e.to_string())?.ok_or("nothing is kept")?;
    said(store.keep(&image, found), |()| "kept".to_owned())
}
