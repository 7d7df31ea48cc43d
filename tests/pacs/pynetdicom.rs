//! With pynetdicom in both roles: storage, storage commitment asked for and reported, and refused
//! where it is asked of us. `PELLUCID_PYTHON` names a Python that has it, where `python3` has not.

use std::process::Command;
use std::time::{Duration, Instant};

use pellucid::pacs::dimse::commitment::{Reference, request};
use pellucid::pacs::dimse::echo;
use pellucid::pacs::uid::Uid;

use super::images::{CR, stored, uid, write};
use super::ours::send;
use super::peer::{Listening, caller, files, free_port, node, settings, start};

/// A Python with pynetdicom, and the script.
fn script() -> Option<Command> {
    let python = std::env::var_os("PELLUCID_PYTHON").unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", "import pynetdicom"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: {} has no pynetdicom", python.display());
        return None;
    }
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pacs/pynetdicom_peer.py"));
    Some(command)
}

#[test]
fn pynetdicom_stores_and_answers_for_what_it_was_sent() {
    let Some(mut script) = script() else { return };
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    let port = free_port();
    let _scp = start(script.args(["scp", &port.to_string(), &receiver.port.to_string()]), port);
    let node = node("PYNET", port);
    echo(&caller(), &node).unwrap();
    assert_eq!(send(&node, &stored(here.path(), 2)), [Ok(0), Ok(0)]);
    let reference = |uid: &str| Reference { sop_class: CR.into(), sop_instance: Uid::of(uid).unwrap() };
    let wanted = [reference(&uid(1)), reference(&uid(2)), reference("2.25.404")];
    let transaction = Uid::of("2.25.18").unwrap();
    request(&caller(), &node, &transaction, &wanted, Duration::from_millis(100)).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while receiver.log.reports.lock().unwrap().is_empty() {
        assert!(Instant::now() < until, "no report came");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = receiver.log.reports.lock().unwrap()[0].clone();
    assert_eq!((report.transaction, report.committed.len()), (transaction, 2));
    assert_eq!(report.failed, [(Uid::of("2.25.404").unwrap(), 0x0112)]);
}

#[test]
fn pynetdicom_reaches_our_receiver_which_answers_for_nothing() {
    let Some(mut script) = script() else { return };
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    let path = write(here.path(), 1);
    let output = script.args(["scu", &receiver.port.to_string()]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files(inbox.path()), [format!("{}.dcm", uid(1))]);
}
