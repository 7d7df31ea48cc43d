//! The service: what arrives by the network or in the folder is scored and sent, once, whatever
//! happens to the peer or to the process in between.
//!
//! The process that is killed is this test program itself: with `PELLUCID_TEST_SERVICE` set, the test
//! [`the_service_of_a_child`] serves until it is killed. Its scorer is quick and makes two results of
//! each image, whose UIDs and bytes follow from the image alone.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pellucid::cancel::CancelToken;
use pellucid::pacs::dimse::ae::Node;
use pellucid::pacs::dimse::receiver::{Arrivals, Arrived, Inbox, Receiver};
use pellucid::serve::board::Tally;
use pellucid::serve::drift::Observation;
use pellucid::serve::service::Service;
use pellucid::serve::{Hooks, ResultFile, Scored, Scorer};
use pellucid::study::wire::StoredObject;

use super::dicom_bytes::{EXPLICIT, Object};
use super::images::{uid, write};
use super::peer::{Process, caller, files, free_port, node, settings};

pub(crate) const SECONDARY: &str = "1.2.840.10008.5.1.4.1.1.7";

pub(crate) const HOOKS: Hooks<'static> = Hooks { calibration: &|_| None, ready: &|_| {}, sent: &|_| {} };

/// Results that follow from the image alone.
pub(crate) struct Quick;

impl Scorer for Quick {
    fn score(&mut self, image: &Path) -> Result<Scored, String> {
        let object = StoredObject::open(image).map_err(|e| e.to_string())?;
        let result = |part: u8| {
            let sop_instance = format!("{}.{part}", object.sop_instance);
            let made = Object::new(4, 4, 8)
                .text((8, 0x18), "UI", &sop_instance)
                .text((0x10, 0x10), "PN", "TEST^PHANTOM")
                .text((0x10, 0x20), "LO", "P17")
                .text((0x20, 0x0D), "UI", &object.study)
                .text((0x20, 0x0E), "UI", "2.25.3001")
                .pixels("OB", 1, vec![part; 16]);
            ResultFile { sop_class: SECONDARY.into(), sop_instance, bytes: made.file(EXPLICIT) }
        };
        let observation = Observation { model: "quick".into(), ..Observation::default() };
        Ok(Scored { results: vec![result(1), result(2)], observation: Some(observation), because: String::new() })
    }
}

fn service(folder: &Path, node: Node, listen: Option<u16>) -> Service {
    let address = |port| (SocketAddr::from(([127, 0, 0, 1], port)), settings());
    Service {
        inbox: folder.join("inbox"),
        state: folder.join("state"),
        queue: 50,
        once: listen.is_none(),
        remove: false,
        again: false,
        commit: false,
        caller: caller(),
        node,
        listen: listen.map(address),
    }
}

fn run(service: &Service) -> Tally {
    service.run(&mut Quick, &HOOKS, &CancelToken::default()).unwrap()
}

/// An archive that counts how often each instance comes, and breaks off a share of all objects.
pub(crate) struct Archive {
    pub came: Mutex<HashMap<String, usize>>,
    /// Of a hundred objects, so many are not answered: the association is broken off.
    pub broken: u32,
    calls: Mutex<u32>,
    pub faults: Mutex<u32>,
}

impl Archive {
    /// One that listens; yields its port.
    pub(crate) fn start(folder: &Path, broken: u32) -> (Arc<Self>, u16, CancelToken) {
        let archive =
            Arc::new(Self { came: Mutex::default(), broken, calls: Mutex::default(), faults: Mutex::default() });
        let cancel = CancelToken::default();
        let mut settings = settings();
        settings.title = "ARCHIVE".parse().unwrap();
        let inbox = Inbox::at(folder).unwrap();
        let receiver =
            Receiver::bind(([127, 0, 0, 1], 0).into(), settings, inbox, archive.clone(), cancel.clone()).unwrap();
        let port = receiver.address().port();
        let run = move || receiver.run(&CancelToken::default());
        std::thread::Builder::new().name("archive".into()).spawn(run).unwrap();
        (archive, port, cancel)
    }
}

impl Arrivals for Archive {
    fn arrived(&self, object: &Arrived) -> io::Result<()> {
        *self.came.lock().unwrap().entry(object.sop_instance.to_string()).or_default() += 1;
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        // The object is kept and its sender does not hear of it: the worst moment to break off.
        if call * 37 % 100 < self.broken {
            *self.faults.lock().unwrap() += 1;
            panic!("the association breaks off here");
        }
        Ok(())
    }
}

#[test]
fn what_lies_in_the_folder_is_scored_and_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, port, cancel) = Archive::start(&folder.path().join("archive"), 0);
    let service = service(folder.path(), node("ARCHIVE", port), None);
    std::fs::create_dir(&service.inbox).unwrap();
    for number in 1..=3 {
        write(&service.inbox, number);
    }
    // One image under two names, something that is no image, and a file that is hidden.
    std::fs::copy(service.inbox.join("1.dcm"), service.inbox.join("copy.dcm")).unwrap();
    std::fs::write(service.inbox.join("notes.txt"), "no image").unwrap();
    std::fs::write(service.inbox.join(".hidden.dcm"), "no image").unwrap();
    let tally = run(&service);
    assert_eq!((tally.received, tally.done, tally.sent, tally.given_up), (3, 3, 6, 0));
    assert_eq!(archive.came.lock().unwrap().values().copied().collect::<Vec<_>>(), [1; 6]);
    // Begun again, nothing is left to do.
    write(&service.inbox, 4);
    let tally = run(&service);
    assert_eq!((tally.received, tally.sent), (4, 8));
    assert!(archive.came.lock().unwrap().values().all(|times| *times == 1));
    assert!(files(&folder.path().join("state/outbox")).is_empty(), "what is sent is not kept");
    let journal = std::fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap();
    assert!(!journal.contains("PHANTOM") && !journal.contains("P17"), "no patient");
    cancel.cancel();
}

#[test]
fn results_wait_for_a_peer_that_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut service = service(folder.path(), node("ARCHIVE", port), None);
    service.once = false;
    std::fs::create_dir(&service.inbox).unwrap();
    write(&service.inbox, 1);
    let stop = CancelToken::default();
    let (given, stopping) = (service.clone(), stop.clone());
    let running = std::thread::Builder::new()
        .name("service".into())
        .spawn(move || given.run(&mut Quick, &HOOKS, &stopping).unwrap())
        .unwrap();
    std::thread::sleep(Duration::from_secs(4));
    let mut archive_settings = settings();
    archive_settings.title = "ARCHIVE".parse().unwrap();
    let archive = super::peer::Listening::on(port, &folder.path().join("archive"), archive_settings);
    let until = Instant::now() + Duration::from_secs(30);
    while archive.log.arrived.lock().unwrap().len() < 2 {
        assert!(Instant::now() < until, "nothing came");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(500));
    stop.cancel();
    let tally = running.join().unwrap();
    assert_eq!((tally.sent, tally.done), (2, 1));
}

/// Scores nothing.
struct Refusing;

impl Scorer for Refusing {
    fn score(&mut self, _: &Path) -> Result<Scored, String> {
        Err("it cannot be".into())
    }
}

#[test]
fn what_cannot_be_scored_is_refused_and_tried_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join("broken.dcm"), {
        // An image whose file ends in its pixels.
        let mut bytes = super::images::object(1).file(EXPLICIT);
        bytes.truncate(bytes.len() - 40);
        bytes
    })
    .unwrap();
    let service = service(folder.path(), node("ARCHIVE", free_port()), None);
    let tally = service.run(&mut Refusing, &HOOKS, &CancelToken::default()).unwrap();
    assert_eq!((tally.received, tally.refused, tally.sent), (1, 1, 0));
    // Asked for once more, it is tried once more.
    let again = Service { again: true, ..service };
    let tally = again.run(&mut Refusing, &HOOKS, &CancelToken::default()).unwrap();
    assert_eq!((tally.received, tally.refused), (1, 1));
}

#[test]
fn results_that_orthanc_answers_for_are_noted() {
    let (folder, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ours = free_port();
    let known = serde_json::json!(["PELLUCID", "127.0.0.1", ours]);
    let Some((_process, node)) = super::orthanc::orthanc(there.path(), &known, &serde_json::json!({})) else { return };
    let mut service = service(folder.path(), node, Some(ours));
    service.commit = true;
    std::fs::create_dir(&service.inbox).unwrap();
    write(&service.inbox, 1);
    let stop = CancelToken::default();
    let (given, stopping) = (service.clone(), stop.clone());
    let running = std::thread::Builder::new()
        .name("service".into())
        .spawn(move || given.run(&mut Quick, &HOOKS, &stopping).unwrap())
        .unwrap();
    let journal = folder.path().join("state/journal.jsonl");
    let until = Instant::now() + Duration::from_secs(40);
    while !std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("committed")) {
        assert!(Instant::now() < until, "nobody answers");
        std::thread::sleep(Duration::from_millis(100));
    }
    stop.cancel();
    let tally = running.join().unwrap();
    assert_eq!((tally.sent, tally.done, tally.committed), (2, 1, 2));
}

/// The service in a process of its own, which listens on `port`.
pub(crate) fn child(folder: &Path, port: u16, archive: u16) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "service::the_service_of_a_child", "--nocapture", "--include-ignored"]);
    command.env("PELLUCID_TEST_SERVICE", folder).env("PELLUCID_TEST_PORTS", format!("{port} {archive}"));
    Process(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
#[ignore = "it is what other tests kill"]
fn the_service_of_a_child() {
    let Some(folder) = std::env::var_os("PELLUCID_TEST_SERVICE").map(PathBuf::from) else { return };
    let ports = std::env::var("PELLUCID_TEST_PORTS").unwrap();
    let (port, archive) = ports.split_once(' ').unwrap();
    let service = service(&folder, node("ARCHIVE", archive.parse().unwrap()), Some(port.parse().unwrap()));
    service.run(&mut Quick, &HOOKS, &CancelToken::default()).unwrap();
}

#[test]
fn nothing_is_lost_or_doubled_when_peers_break_off_and_the_process_is_killed() {
    super::soak::soak(60, 20, 3);
}

/// The number of results of so many images.
pub(crate) fn results(images: usize) -> Vec<String> {
    let mut uids: Vec<String> = (1..=images).flat_map(|n| [format!("{}.1", uid(n)), format!("{}.2", uid(n))]).collect();
    uids.sort();
    uids
}
