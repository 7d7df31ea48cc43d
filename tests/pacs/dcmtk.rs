//! With dcmtk: storescp, dcmqrscp, echoscu and storescu, plain.

use std::fmt::Write as _;
use std::process::Command;

use dicom_dictionary_std::tags;
use pellucid::pacs::dimse::echo;
use pellucid::pacs::dimse::find::{Level, Query, find};
use pellucid::pacs::dimse::receiver::Inbox;
use pellucid::pacs::dimse::retrieve::{get, order_move};
use pellucid::pacs::dimse::wanted::Wanted;
use pellucid::pacs::uid::Uid;

use super::images::{SERIES, STUDY, stored, uid, write};
use super::ours::send;
use super::peer::{Listening, caller, files, free_port, node, program, settings, start};

#[test]
fn storescp_stores_what_is_sent() {
    let Some(program) = program("storescp") else { return };
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let port = free_port();
    let _scp =
        start(Command::new(program).args(["-aet", "STORESCP", "-od"]).arg(there.path()).arg(port.to_string()), port);
    let node = node("STORESCP", port);
    echo(&caller(), &node).unwrap();
    assert_eq!(send(&node, &stored(here.path(), 3)), [Ok(0), Ok(0), Ok(0)]);
    assert_eq!(files(there.path()).len(), 3);
}

#[test]
fn echoscu_and_storescu_reach_our_receiver() {
    let (Some(echoscu), Some(storescu)) = (program("echoscu"), program("storescu")) else { return };
    let (here, inbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let receiver = Listening::start(inbox.path(), settings());
    let port = receiver.port.to_string();
    assert!(Command::new(echoscu).args(["-aec", "PELLUCID", "127.0.0.1", &port]).status().unwrap().success());
    let (one, two) = (write(here.path(), 1), write(here.path(), 2));
    // One of them twice.
    let mut command = Command::new(storescu);
    command.args(["-aec", "PELLUCID", "127.0.0.1", &port]).args([&one, &two, &one]);
    assert!(command.status().unwrap().success());
    assert_eq!(files(inbox.path()), [format!("{}.dcm", uid(1)), format!("{}.dcm", uid(2))]);
    // Ours, which writes it otherwise, is the same object.
    assert_eq!(send(&receiver.node(), &stored(here.path(), 2)), [Ok(0), Ok(0)]);
}

#[test]
fn dcmqrscp_is_queried_and_retrieved_from() {
    let Some(program) = program("dcmqrscp") else { return };
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (port, ours) = (free_port(), free_port());
    let mut config = format!("NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n");
    let _ = write!(config, "HostTable BEGIN\nus = (PELLUCID, 127.0.0.1, {ours})\nHostTable END\n");
    config.push_str("VendorTable BEGIN\nVendorTable END\nAETable BEGIN\n");
    let database = there.path().join("db");
    std::fs::create_dir(&database).unwrap();
    let _ = writeln!(config, "QRSCP {} RW (200, 1024mb) ANY\nAETable END", database.display());
    let path = there.path().join("dcmqrscp.cfg");
    std::fs::write(&path, config).unwrap();
    let _scp = start(Command::new(program).arg("-c").arg(path), port);
    archive(&node("QRSCP", port), here.path(), ours);
}

/// An archive that knows our listener on port `ours`: stored to, queried on every level, and
/// retrieved from in both ways.
pub(crate) fn archive(node: &pellucid::pacs::dimse::ae::Node, here: &std::path::Path, ours: u16) {
    echo(&caller(), node).unwrap();
    assert_eq!(send(node, &stored(here, 3)), [Ok(0), Ok(0), Ok(0)]);
    let ask = |query: &Query, most: usize| {
        let mut found = Vec::new();
        find(&caller(), node, query, &mut |answer| {
            found.push(answer);
            found.len() < most
        })
        .unwrap();
        found
    };
    let patients = ask(&Query::of(Level::Patient).matching(tags::PATIENT_ID, "P17"), 9);
    assert_eq!((patients.len(), patients[0].text(tags::PATIENT_NAME).as_str()), (1, "TEST^PHANTOM"));
    let by_date = Query::of(Level::Study).matching(tags::STUDY_DATE, "20260101-20260131");
    let studies = ask(&by_date.matching(tags::PATIENT_NAME, "TEST*"), 9);
    assert_eq!((studies.len(), studies[0].code(tags::STUDY_INSTANCE_UID).as_str()), (1, STUDY));
    assert!(ask(&Query::of(Level::Study).matching(tags::PATIENT_ID, "NOBODY"), 9).is_empty());
    let series = ask(&Query::of(Level::Series).matching(tags::STUDY_INSTANCE_UID, STUDY), 9);
    assert_eq!((series.len(), series[0].code(tags::SERIES_INSTANCE_UID).as_str()), (1, SERIES));
    let images = Query::of(Level::Image).matching(tags::STUDY_INSTANCE_UID, STUDY);
    let images = images.matching(tags::SERIES_INSTANCE_UID, SERIES);
    assert_eq!(ask(&images, 9).len(), 3);
    assert_eq!(ask(&images, 1).len(), 1, "one is enough");

    let (study, series) = (Uid::of(STUDY).unwrap(), Some(Uid::of(SERIES).unwrap()));
    let all = Wanted { study: study.clone(), series: None, instance: None };
    let one = Wanted { study, series, instance: Some(Uid::of(&uid(2)).unwrap()) };
    let inbox = tempfile::tempdir().unwrap();
    let got = get(&caller(), node, &one, &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).unwrap();
    assert_eq!((got.files.len(), got.refused.len()), (1, 0));
    let got = get(&caller(), node, &all, &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).unwrap();
    assert_eq!((got.files.len(), got.refused.len(), got.counts.failed), (3, 0, 0));
    assert_eq!(files(inbox.path()).len(), 3);

    let inbox = tempfile::tempdir().unwrap();
    let receiver = Listening::on(ours, inbox.path(), settings());
    let counts = order_move(&caller(), node, &all, &"PELLUCID".parse().unwrap(), &mut |_| {}).unwrap();
    assert_eq!((counts.completed, counts.failed), (3, 0));
    assert_eq!(files(inbox.path()).len(), 3);
    drop(receiver);
    let said = order_move(&caller(), node, &all, &"NOBODY".parse().unwrap(), &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("the move with status"), "{said}");
}
