//! Our caller and our receiver: what one sends the other has, whole, private, and once.

use std::io::Read as _;
use std::time::{Duration, Instant};

use pellucid::pacs::dimse::store::store;
use pellucid::pacs::dimse::{DimseError, echo};
use pellucid::study::wire::StoredObject;

use super::dicom_bytes::{BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT};
use super::images::{object, stored, uid};
use super::peer::{Listening, caller, files, free_port, node, settings};

/// Sends objects, and yields what was said of each.
pub(crate) fn send(node: &pellucid::pacs::dimse::ae::Node, objects: &[StoredObject]) -> Vec<Result<u16, String>> {
    let mut said = Vec::new();
    let ended = store(&caller(), node, objects, &mut |_, r| said.push(r.map(|s| s.status).map_err(|e| e.to_string())));
    ended.unwrap();
    said
}

#[test]
fn what_is_sent_lies_in_the_inbox_whole_private_and_once() {
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let objects = stored(here.path(), 3);
    let receiver = Listening::start(inbox.path(), settings());
    echo(&caller(), &receiver.node()).unwrap();
    assert_eq!(send(&receiver.node(), &objects), [Ok(0), Ok(0), Ok(0)]);
    assert_eq!(send(&receiver.node(), &objects[..1]), [Ok(0)], "twice is once");
    let names: Vec<String> = (1..=3).map(|n| format!("{}.dcm", uid(n))).collect();
    assert_eq!(files(inbox.path()), names);
    for (object, name) in objects.iter().zip(&names) {
        let path = inbox.path().join(name);
        let came = StoredObject::open(&path).unwrap();
        let bytes = |o: &StoredObject| {
            let mut bytes = Vec::new();
            o.data_set().unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(&came), bytes(object));
        assert!(came.has_same_content(object).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    assert_eq!(receiver.log.arrived.lock().unwrap()[0].sender, "PELLUCID");
}

#[test]
fn every_transfer_syntax_arrives_as_it_was_sent() {
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    for (number, syntax) in [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED].into_iter().enumerate() {
        let path = here.path().join("one.dcm");
        std::fs::write(&path, object(number).file(syntax)).unwrap();
        let sent = StoredObject::open(&path).unwrap();
        assert_eq!(send(&receiver.node(), std::slice::from_ref(&sent)), [Ok(0)], "{syntax}");
        let came = StoredObject::open(&inbox.path().join(format!("{}.dcm", uid(number)))).unwrap();
        assert_eq!((came.transfer_syntax.as_str(), came.length), (syntax, sent.length));
    }
}

#[test]
fn another_image_with_the_same_uid_is_refused_and_the_first_stays() {
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    let path = here.path().join("one.dcm");
    let mut said = Vec::new();
    for pixels in [1_u8, 2] {
        let other = object(1).pixels("OW", 2, vec![pixels; 128]);
        std::fs::write(&path, other.file(EXPLICIT)).unwrap();
        said.extend(send(&receiver.node(), &[StoredObject::open(&path).unwrap()]));
    }
    assert_eq!(said[0], Ok(0));
    assert!(said[1].as_ref().unwrap_err().contains("0111H"), "{said:?}");
    // The same pixels of somebody else, and an object without pixels whose words differ.
    let other = object(1).pixels("OW", 2, vec![1; 128]).text((0x10, 0x20), "LO", "P18");
    std::fs::write(&path, other.file(EXPLICIT)).unwrap();
    said.extend(send(&receiver.node(), &[StoredObject::open(&path).unwrap()]));
    assert!(said[2].as_ref().unwrap_err().contains("0111H"), "{said:?}");
    // The same object in another representation is the same.
    std::fs::write(&path, object(1).pixels("OW", 2, vec![1; 128]).file(IMPLICIT)).unwrap();
    assert_eq!(send(&receiver.node(), &[StoredObject::open(&path).unwrap()]), [Ok(0)]);
    let kept = std::fs::read(inbox.path().join(format!("{}.dcm", uid(1)))).unwrap();
    assert!(kept.ends_with(&[1; 128]));
}

#[test]
fn who_is_not_known_or_asks_for_another_title_is_refused_with_the_reason() {
    let inbox = tempfile::tempdir().unwrap();
    let mut strict = settings();
    strict.allowed = vec!["CT1@127.0.0.1".parse().unwrap()];
    let receiver = Listening::start(inbox.path(), strict);
    let said = echo(&caller(), &receiver.node()).unwrap_err().to_string();
    assert!(said.contains("calling AE title not recognized") && said.contains("Our own title"), "{said}");
    let mut ct = caller();
    ct.title = "CT1".parse().unwrap();
    echo(&ct, &receiver.node()).unwrap();
    let said = echo(&ct, &node("OTHER", receiver.port)).unwrap_err().to_string();
    assert!(said.contains("called AE title not recognized"), "{said}");
    let said = echo(&ct, &node("PELLUCID", free_port())).unwrap_err().to_string();
    assert!(said.contains("cannot be reached"), "{said}");
}

#[test]
fn an_object_that_is_too_large_is_broken_off_and_leaves_nothing() {
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut small = settings();
    small.object_bytes = 300;
    let receiver = Listening::start(inbox.path(), small);
    let objects = stored(here.path(), 1);
    let mut heard = Vec::new();
    store(&caller(), &receiver.node(), &objects, &mut |_, result| heard.push(result)).unwrap();
    assert!(matches!(heard[..], [Err(DimseError::Aborted { .. } | DimseError::Closed { .. })]), "{heard:?}");
    // What was staged goes right after the association is broken off.
    let until = Instant::now() + Duration::from_secs(5);
    while !files(inbox.path()).is_empty() {
        assert!(Instant::now() < until, "{:?}", files(inbox.path()));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn more_associations_than_are_allowed_are_turned_away() {
    let inbox = tempfile::tempdir().unwrap();
    let mut few = settings();
    few.associations = 1;
    few.waits.answer = Duration::from_secs(3);
    let receiver = Listening::start(inbox.path(), few);
    // One that stands and says nothing.
    let _standing = super::unruly::associated(receiver.port);
    let said = echo(&caller(), &receiver.node()).unwrap_err().to_string();
    assert!(said.contains("local limit exceeded") && said.contains("later"), "{said}");
    // Its silence ends it.
    let until = Instant::now() + Duration::from_secs(15);
    while echo(&caller(), &receiver.node()).is_err() {
        assert!(Instant::now() < until, "the silent one still stands");
        std::thread::sleep(Duration::from_millis(100));
    }
}
