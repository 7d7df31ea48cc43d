//! With Orthanc (Debian's package), plain: storage, queries, both ways of retrieval, and storage
//! commitment with its report over an association of Orthanc's own.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pellucid::pacs::dimse::ae::Node;
use pellucid::pacs::dimse::commitment::{Reference, request};
use pellucid::pacs::uid::Uid;
use serde_json::{Value, json};

use super::images::{CR, uid};
use super::peer::{Listening, Process, caller, free_port, node, program, settings, start};

/// An Orthanc in a folder that knows our listener on port `ours`; with further settings.
pub(crate) fn orthanc(folder: &Path, ours: &Value, more: &Value) -> Option<(Process, Node)> {
    let program = program("Orthanc")?;
    let (dicom, http) = (free_port(), free_port());
    let mut config = json!({
        "Name": "test",
        "StorageDirectory": folder.join("db"),
        "IndexDirectory": folder.join("db"),
        "Plugins": [],
        "HttpPort": http,
        "RemoteAccessAllowed": false,
        "AuthenticationEnabled": false,
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "DicomAlwaysAllowEcho": true,
        "DicomAlwaysAllowStore": true,
        "DicomAlwaysAllowFind": true,
        "DicomAlwaysAllowGet": true,
        "DicomAlwaysAllowMove": true,
        "DicomModalities": { "us": ours },
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = folder.join("orthanc.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let process = start(Command::new(program).arg(path), dicom);
    Some((process, node("ORTHANC", dicom)))
}

#[test]
fn orthanc_is_stored_to_queried_and_retrieved_from() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ours = free_port();
    let Some((_process, node)) = orthanc(there.path(), &json!(["PELLUCID", "127.0.0.1", ours]), &json!({})) else {
        return;
    };
    super::dcmtk::archive(&node, here.path(), ours);

    let inbox = tempfile::tempdir().unwrap();
    let receiver = Listening::on(ours, inbox.path(), settings());
    let reference = |uid: &str| Reference { sop_class: CR.into(), sop_instance: Uid::of(uid).unwrap() };
    let wanted = [reference(&uid(1)), reference("2.25.404")];
    let transaction = Uid::of("2.25.17").unwrap();
    let now = request(&caller(), &node, &transaction, &wanted, Duration::from_secs(2)).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let report = loop {
        if let Some(report) = now.first().cloned().or_else(|| receiver.log.reports.lock().unwrap().first().cloned()) {
            break report;
        }
        assert!(Instant::now() < until, "no report came");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(report.transaction, transaction);
    assert_eq!(report.committed, [Uid::of(&uid(1)).unwrap()]);
    assert_eq!(report.failed.iter().map(|(uid, _)| uid.as_str()).collect::<Vec<_>>(), ["2.25.404"]);
}
