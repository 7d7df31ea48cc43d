//! The command line: what is printed, and the exit codes that scripts use.

use std::process::{Command, Output};

use serde_json::Value;

use super::images::{uid, write};
use super::peer::{Listening, files, free_port, settings};

fn pellucid(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pellucid")).arg("pacs").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_folder_is_sent_and_what_is_damaged_in_it_is_said() {
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    write(here.path(), 1);
    std::fs::write(here.path().join("notes.txt"), "no image").unwrap();
    let node = receiver.node().to_string();
    let output = pellucid(&["send", &node, here.path().to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((line["sop_instance_uid"].as_str(), line["status"].as_u64()), (Some(uid(1).as_str()), Some(0)));
    // A DICOM file whose structure is not sound is not passed over in silence.
    let damaged = [&[0; 128][..], b"DICM", &[8, 0, 0x18, 0, b'U', b'I', 0xFF, 0x7F, b'1']].concat();
    std::fs::write(here.path().join("damaged.dcm"), damaged).unwrap();
    let output = pellucid(&["send", &node, here.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("damaged.dcm"), "{}", said(&output));
    assert_eq!(files(inbox.path()).len(), 1);
}

#[test]
fn what_cannot_be_meant_is_a_mistake_in_usage() {
    let node = format!("PACS@127.0.0.1:{}", free_port());
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tls/localhost.pem");
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tls/localhost.key.pem");
    let plain = ["--tls-certificate", certificate, "--tls-key", key];
    for arguments in [
        vec!["find", &node, "--key", "Rows=512"],
        vec!["find", &node, "--key", "Nonsense=1"],
        vec!["find", &node, "--level", "image"],
        vec!["get", &node, "--study", "../1", "--out", "x"],
        vec!["echo", "PACS@host"],
        [&["echo", &node][..], &plain].concat(),
        [&["receive", "x", "--listen", "0"][..], &plain].concat(),
    ] {
        let output = pellucid(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
    }
    let output = pellucid(&["echo", &node]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("cannot be reached"), "{}", said(&output));
}
