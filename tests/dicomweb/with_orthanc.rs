//! Query, retrieval and storage with an archive that hospitals use.

use std::collections::HashSet;
use std::path::Path;

use chrono::NaiveDate;
use pellucid::cancel::CancelToken;
use pellucid::pacs::archive::{Archive, ArchiveError, ArchivedStudy, Moved, Query, Wanted};
use pellucid::pacs::peers::Auth;
use pellucid::pacs::peers::secret::Secret;
use pellucid::pacs::web::WebArchive;
use pellucid::study::wire::StoredObject;

use super::objects::Object;
use super::orthanc::{Orthanc, USER, peer};

const FIRST: &str = "2.25.1001";
const SECOND: &str = "2.25.1002";

fn archive(orthanc: &Orthanc) -> WebArchive {
    let (peer, secret) = orthanc.peer();
    WebArchive::new(&peer, Some(&secret)).unwrap()
}

/// Two studies: one of three images in two series, one of one image.
fn fill(archive: &dyn Archive, folder: &Path) -> Vec<StoredObject> {
    let of = |study, series, instance| Object::of(study, series, instance);
    let second = Object {
        name: "Müller^Hans",
        id: "P2",
        date: "20210105",
        modality: "CT",
        body_part: "ABDOMEN",
        ..of(SECOND, "2.25.2003", "2.25.3004")
    };
    let objects = [
        of(FIRST, "2.25.2001", "2.25.3001"),
        of(FIRST, "2.25.2001", "2.25.3002"),
        of(FIRST, "2.25.2002", "2.25.3003"),
        second,
    ];
    let stored: Vec<StoredObject> = objects.iter().map(|object| object.stored(folder)).collect();
    let mut last = Moved::default();
    let sent = archive.send(&stored, &CancelToken::default(), &mut |moved| last = moved).unwrap();
    assert_eq!(sent.len(), 4);
    for object in &sent {
        assert_eq!(object.refusal, None, "{}", object.sop_instance_uid);
    }
    assert_eq!((last.objects, last.of), (4, Some(4)));
    stored
}

fn parts(study: &ArchivedStudy) -> &[String] {
    study.body_parts.as_deref().unwrap_or_default()
}

#[test]
fn studies_are_found_fetched_and_sent_back() {
    let Some(orthanc) = Orthanc::start() else { return };
    let (archive, cancel) = (archive(&orthanc), CancelToken::default());
    archive.echo(&cancel).unwrap();
    assert!(archive.find(&Query::default(), &cancel).unwrap().studies.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let stored = fill(&archive, folder.path());

    let all = archive.find(&Query::default(), &cancel).unwrap();
    assert_eq!((all.studies.len(), all.more, all.unreadable), (2, false, 0));
    let asked = |query: Query| {
        let found = archive.find(&query, &cancel).unwrap();
        found.studies.into_iter().map(|study| study.study_uid).collect::<Vec<_>>()
    };
    let day = NaiveDate::from_ymd_opt(2021, 1, 1);
    for (query, uid) in [
        (Query { patient_name: "doe*".into(), ..Query::default() }, FIRST),
        (Query { patient_id: "P2".into(), ..Query::default() }, SECOND),
        (Query { from: day, ..Query::default() }, SECOND),
        (Query { to: day, ..Query::default() }, FIRST),
        (Query { modality: "CT".into(), ..Query::default() }, SECOND),
        (Query { study_uid: FIRST.into(), ..Query::default() }, FIRST),
    ] {
        assert_eq!(asked(query.clone()), [uid], "{}", query.dates());
    }
    assert!(asked(Query { patient_name: "nobody".into(), ..Query::default() }).is_empty());

    let first = all.studies.iter().find(|study| study.study_uid == FIRST).unwrap();
    assert_eq!((first.patient_name.as_str(), first.patient_id.as_str()), ("DOE^JANE", "P1"));
    assert_eq!((first.date, first.time.as_str()), (NaiveDate::from_ymd_opt(2020, 11, 30), "140500"));
    assert_eq!((first.modalities.as_slice(), first.images), (&["DX".to_owned()][..], Some(3)));
    assert_eq!((parts(first), first.description.as_str()), (&["CHEST".to_owned()][..], "Thorax p.a."));
    let second = all.studies.iter().find(|study| study.study_uid == SECOND).unwrap();
    assert_eq!(second.patient_name, "Müller^Hans");

    let mut told = Vec::new();
    let studies = [FIRST.to_owned(), SECOND.to_owned()];
    archive.body_parts(&studies, &cancel, &mut |study, parts| told.push((study.to_owned(), parts))).unwrap();
    assert_eq!(told, [(FIRST.into(), vec!["CHEST".to_owned()]), (SECOND.into(), vec!["ABDOMEN".to_owned()])]);

    let found = archive.series(FIRST, &cancel).unwrap();
    assert_eq!((found.left, found.more, found.unreadable), (0, false, 0));
    let counts: HashSet<_> = found.series.iter().map(|one| (one.series_uid.as_str(), one.images)).collect();
    assert_eq!(counts, HashSet::from([("2.25.2001", Some(2)), ("2.25.2002", Some(1))]));

    let inbox = tempfile::tempdir().unwrap();
    let wanted = Wanted { study_uid: FIRST.into(), series_uid: None, images: first.images };
    let mut last = Moved::default();
    let fetched = archive.fetch(&wanted, inbox.path(), &cancel, &mut |moved| last = moved).unwrap();
    assert_eq!((fetched.files.len(), fetched.refused.len()), (3, 0));
    assert_eq!((last.objects, last.of, last.bytes), (3, Some(3), fetched.bytes));
    for object in stored.iter().filter(|object| object.study == FIRST) {
        let came = StoredObject::open(&inbox.path().join(format!("{}.dcm", object.sop_instance))).unwrap();
        let pixels = |object: &StoredObject| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut object.data_set().unwrap(), &mut bytes).unwrap();
            bytes
        };
        assert_eq!(pixels(&came), pixels(object), "the data set is the same to the byte");
    }
    #[cfg(unix)]
    for file in &fetched.files {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let one = Wanted { series_uid: Some("2.25.2002".into()), ..wanted };
    let inbox = tempfile::tempdir().unwrap();
    let fetched = archive.fetch(&one, inbox.path(), &cancel, &mut |_| {}).unwrap();
    assert_eq!(fetched.files.len(), 1);

    let none = Wanted { study_uid: "2.25.9".into(), series_uid: None, images: None };
    let error = archive.fetch(&none, inbox.path(), &cancel, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("no such study"), "{error}");
}

#[test]
fn whoever_cannot_sign_in_hears_it() {
    let Some(orthanc) = Orthanc::start() else { return };
    let cancel = CancelToken::default();
    let wrong = Secret::new("wrong").unwrap();
    let said = |archive: WebArchive| match archive.echo(&cancel).unwrap_err() {
        ArchiveError::NotLetIn(why) => why,
        other => panic!("{other}"),
    };
    let named = WebArchive::new(&peer(orthanc.port, Auth::Basic { user: USER.into() }), Some(&wrong)).unwrap();
    assert!(said(named).contains("does not take"));
    let nobody = WebArchive::new(&peer(orthanc.port, Auth::None), None).unwrap();
    assert!(said(nobody).contains("wants a name and a password"));
    assert!(WebArchive::new(&peer(orthanc.port, Auth::Bearer), None).is_err());
    let token = WebArchive::new(&peer(orthanc.port, Auth::Bearer), Some(&wrong)).unwrap();
    assert!(said(token).contains("does not take"));
}
