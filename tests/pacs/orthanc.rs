//! With Orthanc (Debian's package), plain: storage, queries, both ways of retrieval, and storage
//! commitment with its report over an association of Orthanc's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pellucid::cancel::CancelToken;
use pellucid::pacs::archive::Query;
use pellucid::pacs::dimse::ae::Node;
use pellucid::pacs::dimse::commitment::{Reference, request};
use pellucid::pacs::dimse::receiver::Inbox;
use pellucid::pacs::dimse::retrieve::get;
use pellucid::pacs::dimse::wanted::Wanted;
use pellucid::pacs::open::open;
use pellucid::pacs::uid::Uid;
use pellucid::study::wire::StoredObject;
use serde_json::{Value, json};

use super::images::{CR, SERIES, STUDY, compressed, uid, write};
use super::ours::send;
use super::peer::{Listening, Process, caller, free_port, node, peer, program, settings, start};

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

/// Objects of one study as they lie in a node that transcodes neither.
const SYNTAXES: [&str; 4] =
    ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];

fn in_many_syntaxes(folder: &Path) -> Vec<StoredObject> {
    let file = |(number, syntax): (usize, &&str)| {
        let path = folder.join(format!("{number}.dcm"));
        let bytes = match number {
            1 | 2 => compressed(number, syntax),
            _ => super::images::object(number).file(syntax),
        };
        std::fs::write(&path, bytes).unwrap();
        StoredObject::open(&path).unwrap()
    };
    SYNTAXES.iter().enumerate().map(|(i, syntax)| file((i + 1, syntax))).collect()
}

#[test]
fn what_orthanc_cannot_transcode_comes_as_it_lies() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let more = json!({ "TranscodeDicomProtocol": false });
    let Some((_process, node)) = orthanc(there.path(), &json!(["PELLUCID", "127.0.0.1", 1]), &more) else { return };
    let objects = in_many_syntaxes(here.path());
    assert!(send(&node, &objects).iter().all(Result::is_ok));
    let syntax_of = |path: &PathBuf| StoredObject::open(path).unwrap().transfer_syntax;
    let wanted = |series, instance| Wanted { study: Uid::of(STUDY).unwrap(), series, instance };
    let series = || Some(Uid::of(SERIES).unwrap());
    for (wanted, count) in
        [(wanted(None, None), 4), (wanted(series(), None), 4), (wanted(series(), Some(Uid::of(&uid(1)).unwrap())), 1)]
    {
        let inbox = tempfile::tempdir().unwrap();
        let got = get(&caller(), &node, &wanted, &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).unwrap();
        assert_eq!((got.files.len(), got.counts.failed, got.refused), (count, 0, Vec::new()));
        for object in &objects[..count] {
            let came = inbox.path().join(format!("{}.dcm", object.sop_instance));
            assert_eq!(syntax_of(&came), object.transfer_syntax);
        }
    }
}

#[test]
fn a_study_of_more_classes_than_one_association_has_room_for_comes_whole() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some((_process, node)) = orthanc(there.path(), &json!(["PELLUCID", "127.0.0.1", 1]), &json!({})) else {
        return;
    };
    // The classes of CR, CT, MR, ultrasound, secondary captures, angiography, nuclear medicine and PET.
    let classes = ["1", "2", "4", "6.1", "7", "12.1", "20", "128"];
    let object = |(at, class): (usize, &&str)| {
        let path = here.path().join(format!("{at}.dcm"));
        let class = format!("1.2.840.10008.5.1.4.1.1.{class}");
        let object = super::images::object(at).text((8, 0x16), "UI", &class);
        // Orthanc ends a retrieval at the first object without a context: series are asked for by themselves.
        let bytes = object.text((0x20, 0x0E), "UI", &format!("2.25.15{at}")).file("1.2.840.10008.1.2.1");
        std::fs::write(&path, bytes).unwrap();
        StoredObject::open(&path).unwrap()
    };
    let objects: Vec<_> = classes.iter().enumerate().map(object).collect();
    assert!(send(&node, &objects).iter().all(Result::is_ok));
    let inbox = tempfile::tempdir().unwrap();
    let wanted = Wanted { study: Uid::of(STUDY).unwrap(), series: None, instance: None };
    let mut told = Vec::new();
    let got = get(&caller(), &node, &wanted, &Inbox::at(inbox.path()).unwrap(), &mut |c| told.push(c.completed));
    let got = got.unwrap();
    assert_eq!((got.files.len(), got.counts.completed, got.counts.failed, got.refused), (8, 8, 0, Vec::new()));
    assert!(told.is_sorted() && told.last() == Some(&8), "{told:?}");
}

#[test]
fn body_parts_stand_with_the_series_and_are_asked_for_there() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some((_process, node)) = orthanc(there.path(), &json!(["PELLUCID", "127.0.0.1", 1]), &json!({})) else {
        return;
    };
    let objects = [StoredObject::open(&write(here.path(), 1)).unwrap()];
    assert!(send(&node, &objects).iter().all(Result::is_ok));
    let (archive, cancel) = (open(&peer(&node), None).unwrap(), CancelToken::default());
    let found = archive.find(&Query::default(), &cancel).unwrap();
    assert_eq!((found.studies.len(), &found.studies[0].body_parts), (1, &None), "the study does not say them");
    let mut told = Vec::new();
    let studies = [STUDY.to_owned(), "2.25.404".to_owned()];
    archive.body_parts(&studies, &cancel, &mut |study, parts| told.push((study.to_owned(), parts))).unwrap();
    assert_eq!(told, [(STUDY.to_owned(), vec!["CHEST".to_owned()]), ("2.25.404".to_owned(), Vec::new())]);
}
