//! Images through receive, score and send, with associations that break off and a process that is
//! killed: afterwards nothing is lost, and no result lies twice in the archive.
//!
//! The long run: `PELLUCID_SOAK=10000 cargo test --test pacs -- --ignored --nocapture a_long_soak`

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use pellucid::pacs::dimse::store::store;
use pellucid::serve::board::Board;
use pellucid::study::wire::StoredObject;

use super::dicom_bytes::EXPLICIT;
use super::images::{object, uid};
use super::peer::{Process, caller, files, free_port, node};
use super::service::{Archive, child, results};

/// Images that a sender has over one association.
const BATCH: usize = 25;

#[test]
#[ignore = "it takes an hour; PELLUCID_SOAK says how many images"]
fn a_long_soak() {
    let images = std::env::var("PELLUCID_SOAK").map_or(10_000, |text| text.parse().expect("a number"));
    soak(images, 20, 10);
}

fn wait_for(port: u16) {
    let until = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the service does not listen");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends `images` through a service that is killed so often, to an archive that breaks off `broken` of
/// a hundred objects; a sender that is broken off sends again what nobody answered for.
pub(crate) fn soak(images: usize, broken: u32, kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (archive, archive_port, cancel) = Archive::start(&folder.path().join("archive"), broken);
    let port = free_port();
    let started = Instant::now();
    let mut process = Some(child(folder.path(), port, archive_port));
    wait_for(port);
    let (mut killed, mut broken_off, mut cut) = (0, 0, 0);
    let every = images / (kills + 1);
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut next = 1;
    while next <= images {
        let last = (next + BATCH - 1).min(images);
        let batch: Vec<StoredObject> = (next..=last)
            .map(|number| {
                let path = out.join(format!("{}.dcm", number % BATCH));
                std::fs::write(&path, object(number).file(EXPLICIT)).unwrap();
                StoredObject::open(&path).unwrap()
            })
            .collect();
        next = last + 1;
        // Modalities break off, too: one in five begins an object and is gone.
        if last.div_ceil(BATCH) % 5 == 2 {
            super::unruly::cut_in_the_middle(port, last);
            cut += 1;
        }
        let mut unsent: Vec<StoredObject> = batch;
        while !unsent.is_empty() {
            let mut taken = vec![false; unsent.len()];
            let ended = store(&caller(), &node("PELLUCID", port), &unsent, &mut |i, result| taken[i] = result.is_ok());
            let kept = unsent.into_iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(object, _)| object);
            unsent = kept.collect();
            if ended.is_err() || !unsent.is_empty() {
                broken_off += usize::from(ended.is_err());
                thread::sleep(Duration::from_millis(100));
            }
        }
        if killed < kills && last >= every * (killed + 1) {
            // At uneven moments: in the middle of whatever it does.
            thread::sleep(Duration::from_millis(37 * (killed as u64 % 7)));
            kill(&mut process);
            killed += 1;
            process = Some(child(folder.path(), port, archive_port));
            wait_for(port);
        }
    }
    let expected = results(images);
    let until = Instant::now() + Duration::from_secs(60 + images as u64 / 10);
    loop {
        let came = archive.came.lock().unwrap().len();
        if came >= expected.len() {
            break;
        }
        assert!(Instant::now() < until, "{came} of {} results came", expected.len());
        thread::sleep(Duration::from_millis(100));
    }
    // The last answers are on their way into the journal.
    thread::sleep(Duration::from_secs(3));
    kill(&mut process);
    cancel.cancel();
    let took = started.elapsed();
    let tally = Board::open(&folder.path().join("state"), &mut |_| {}).unwrap().tally();
    let names: Vec<String> = expected.iter().map(|uid| format!("{uid}.dcm")).collect();
    let inbox: Vec<String> = files(&folder.path().join("inbox")).into_iter().filter(|f| !f.starts_with('.')).collect();
    let mut wanted: Vec<String> = (1..=images).map(|n| format!("{}.dcm", uid(n))).collect();
    wanted.sort();
    assert_eq!(inbox.len(), wanted.len(), "every image once in the inbox");
    assert_eq!(inbox, wanted);
    assert_eq!(files(&folder.path().join("archive")), names, "every result once in the archive");
    let came = archive.came.lock().unwrap();
    let more_than_once = came.values().filter(|times| **times > 1).count();
    let faults = *archive.faults.lock().unwrap();
    println!(
        "{images} images in {:.0} s: {} results in the archive, lost 0, doubled 0; {faults} associations broken off by \
         the archive, {cut} by senders, {killed} kills ({broken_off} senders cut by them); {more_than_once} results \
         came more than once, as the same object; the journal: {tally:?}",
        took.as_secs_f64(),
        names.len(),
    );
    assert_eq!((tally.received, tally.sent, tally.given_up, tally.refused), (images, 2 * images, 0, 0));
    assert_eq!(tally.done, images);
}

fn kill(process: &mut Option<Process>) {
    // Dropped, it is killed with SIGKILL.
    drop(process.take());
}
