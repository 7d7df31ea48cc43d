//! Secured associations: our caller and receiver, dcmtk and Orthanc, with certificates of both sides.

use std::path::PathBuf;
use std::process::Command;

use pellucid::pacs::dimse::ae::Node;
use pellucid::pacs::dimse::tls::TlsFiles;
use pellucid::pacs::dimse::{Caller, DimseError, echo};
use serde_json::json;

use super::images::{stored, uid, write};
use super::orthanc::orthanc;
use super::peer::{Listening, caller, files, free_port, node, program, settings, start};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tls").join(name)
}

/// The listener's certificate, and whom it believes.
fn called(authorities: bool) -> TlsFiles {
    TlsFiles {
        authorities: authorities.then(|| golden("caller.pem")),
        certificate: Some(golden("localhost.pem")),
        key: Some(golden("localhost.key.pem")),
    }
}

fn secured_caller(with_certificate: bool) -> Caller {
    let files = TlsFiles {
        authorities: Some(golden("localhost.pem")),
        certificate: with_certificate.then(|| golden("caller.pem")),
        key: with_certificate.then(|| golden("caller.key.pem")),
    };
    let mut secured = caller();
    secured.tls = Some(files.calling().unwrap());
    secured
}

fn sent(caller: &Caller, node: &Node) {
    let here = tempfile::tempdir().unwrap();
    let objects = stored(here.path(), 2);
    let mut said = Vec::new();
    let ended = pellucid::pacs::dimse::store::store(caller, node, &objects, &mut |_, r| said.push(r.unwrap().status));
    ended.unwrap();
    assert_eq!(said, [0, 0]);
}

#[test]
fn both_sides_show_a_certificate_or_nothing_is_exchanged() {
    let inbox = tempfile::tempdir().unwrap();
    let mut strict = settings();
    strict.tls = Some(called(true).called().unwrap());
    let receiver = Listening::start(inbox.path(), strict);
    let node = receiver.node();
    echo(&secured_caller(true), &node).unwrap();
    sent(&secured_caller(true), &node);
    assert_eq!(files(inbox.path()), [format!("{}.dcm", uid(1)), format!("{}.dcm", uid(2))]);
    // Without a certificate of its own, plain, and by a name that the certificate does not have.
    echo(&secured_caller(false), &node).unwrap_err();
    let said = echo(&caller(), &node).unwrap_err();
    assert!(matches!(said, DimseError::Violation { .. } | DimseError::Closed { .. }), "{said}");
    let mut stranger = secured_caller(true);
    stranger.tls = TlsFiles { authorities: Some(golden("caller.pem")), ..TlsFiles::default() }.calling().ok();
    let said = echo(&stranger, &node).unwrap_err();
    assert!(matches!(said, DimseError::Handshake { .. }), "{said}");
}

#[test]
fn a_caller_without_a_certificate_is_taken_where_none_is_asked_for() {
    let inbox = tempfile::tempdir().unwrap();
    let mut open = settings();
    open.tls = Some(called(false).called().unwrap());
    let receiver = Listening::start(inbox.path(), open);
    echo(&secured_caller(false), &receiver.node()).unwrap();
}

#[test]
fn dcmtk_speaks_to_us_secured_in_both_directions() {
    let (Some(storescp), Some(storescu)) = (program("storescp"), program("storescu")) else { return };
    let there = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut scp = Command::new(storescp);
    scp.arg("+tls").arg(golden("localhost.key.pem")).arg(golden("localhost.pem"));
    scp.arg("+cf").arg(golden("caller.pem")).args(["-aet", "STORESCP", "-od"]).arg(there.path());
    let _scp = start(scp.arg(port.to_string()), port);
    let node = node("STORESCP", port);
    echo(&secured_caller(true), &node).unwrap();
    sent(&secured_caller(true), &node);
    assert_eq!(files(there.path()).len(), 2);

    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut strict = settings();
    strict.tls = Some(called(true).called().unwrap());
    let receiver = Listening::start(inbox.path(), strict);
    let mut scu = Command::new(storescu);
    scu.arg("+tls").arg(golden("caller.key.pem")).arg(golden("caller.pem"));
    scu.arg("+cf").arg(golden("localhost.pem")).args(["-aec", "PELLUCID", "127.0.0.1", &receiver.port.to_string()]);
    let output = scu.arg(write(here.path(), 1)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files(inbox.path()), [format!("{}.dcm", uid(1))]);
}

#[test]
fn orthanc_is_stored_to_and_retrieved_from_secured() {
    use pellucid::pacs::dimse::receiver::Inbox;
    use pellucid::pacs::dimse::retrieve::get;
    use pellucid::pacs::dimse::wanted::Wanted;
    use pellucid::pacs::uid::Uid;

    let there = tempfile::tempdir().unwrap();
    let more = json!({
        "DicomTlsEnabled": true,
        "DicomTlsCertificate": golden("localhost.pem"),
        "DicomTlsPrivateKey": golden("localhost.key.pem"),
        "DicomTlsTrustedCertificates": golden("caller.pem"),
    });
    let ours = json!(["PELLUCID", "127.0.0.1", free_port()]);
    let Some((_process, node)) = orthanc(there.path(), &ours, &more) else { return };
    let caller = secured_caller(true);
    echo(&caller, &node).unwrap();
    sent(&caller, &node);
    let inbox = tempfile::tempdir().unwrap();
    let wanted = Wanted { study: Uid::of(super::images::STUDY).unwrap(), series: None, instance: None };
    let got = get(&caller, &node, &wanted, &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).unwrap();
    assert_eq!((got.files.len(), got.refused.len()), (2, 0));
}
