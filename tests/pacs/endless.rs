//! Nodes that answer for ever, too much, too slowly or with lengths that lie, when they are asked, fetched
//! from and told to move: each ends in a sentence, within its bound, and at once when somebody cancels.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use dicom_dictionary_std::tags;
use dicom_ul::pdu::PDataValueType;
use pellucid::cancel::CancelToken;
use pellucid::pacs::archive::{ArchiveError, Query as Question};
use pellucid::pacs::dimse::find::{Level, Query, find};
use pellucid::pacs::dimse::receiver::Inbox;
use pellucid::pacs::dimse::retrieve::{get, order_move};
use pellucid::pacs::dimse::wanted::Wanted;
use pellucid::pacs::dimse::{Caller, DimseError};
use pellucid::pacs::open::open;
use pellucid::pacs::uid::Uid;

use super::images::STUDY;
use super::peer::{caller, files, node, peer};
use super::scp::{Asked, CANCEL, FIND, GET, node_with, say, texts};

const PENDING: u16 = 0xFF00;

/// A study by its number.
fn study(number: usize) -> Vec<u8> {
    texts(&[((0x10, 0x20), &format!("P{number}")), ((0x20, 0x0D), &format!("2.25.{number}"))])
}

/// Answers until the caller is gone, whatever it says.
fn for_ever(mut stream: TcpStream) {
    let Some(asked) = Asked::next(&mut stream) else { return };
    let has_data = asked.field == FIND;
    for number in 1.. {
        let data = has_data.then(|| study(number));
        if !asked.answer(&mut stream, PENDING, [9, (number % 9) as u16, 0], data.as_deref()) {
            return;
        }
        // Slowly enough that the time ends before the count of answers that are heard out.
        if !has_data {
            thread::sleep(Duration::from_millis(20));
        } else if number % 16 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn wanted() -> Wanted {
    Wanted { study: Uid::of(STUDY).unwrap(), series: None, instance: None }
}

/// A caller with no patience.
fn hasty() -> Caller {
    let mut hasty = caller();
    let second = Duration::from_secs(1);
    hasty.waits.answer = second;
    (hasty.waits.query, hasty.waits.association) = (2 * second, 3 * second);
    hasty
}

/// Every way of asking a node, with this caller; what each fails with, and how long it took.
fn each_way(caller: &Caller, port: u16) -> Vec<(&'static str, DimseError, Duration)> {
    let (node, inbox) = (node("SCP", port), tempfile::tempdir().unwrap());
    let ways: [(&str, &dyn Fn() -> Option<DimseError>); 3] = [
        ("find", &|| find(caller, &node, &Query::of(Level::Study), &mut |_| true).err()),
        ("get", &|| get(caller, &node, &wanted(), &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).err()),
        ("move", &|| order_move(caller, &node, &wanted(), &"PELLUCID".parse().unwrap(), &mut |_| {}).err()),
    ];
    let timed = |(name, way): (&'static str, &dyn Fn() -> Option<DimseError>)| {
        let begun = Instant::now();
        let error = way().unwrap_or_else(|| panic!("{name} came to an end"));
        (name, error, begun.elapsed())
    };
    let ended = ways.into_iter().map(timed).collect();
    assert!(files(inbox.path()).is_empty());
    ended
}

#[test]
fn answers_without_an_end_are_broken_off_within_the_bound_and_the_sentence_says_which() {
    let port = node_with(for_ever);
    for (way, error, took) in each_way(&hasty(), port) {
        let said = error.to_string();
        assert!(matches!(error, DimseError::Slow { .. }), "{way}: {said}");
        assert!(said.contains(if way == "find" { "the answers to a query" } else { "an association" }), "{said}");
        assert!(took < Duration::from_secs(20), "{way} took {took:?}");
    }
}

#[test]
fn a_byte_now_and_then_is_silence_and_four_gigabytes_are_refused_unread() {
    let drips = |mut stream: TcpStream| {
        let Some(_) = Asked::next(&mut stream) else { return };
        for byte in [4, 0, 0, 0, 0, 90].into_iter().chain([0; 90]) {
            thread::sleep(Duration::from_millis(100));
            if std::io::Write::write_all(&mut stream, &[byte]).is_err() {
                return;
            }
        }
    };
    let mut patient = hasty();
    patient.waits.query = Duration::from_mins(1);
    patient.waits.association = Duration::from_mins(1);
    for (way, error, took) in each_way(&patient, node_with(drips)) {
        assert!(matches!(error, DimseError::Silent { seconds: 1, .. }), "{way}: {error}");
        assert!(took < Duration::from_secs(12), "{way} took {took:?}");
    }
    let lies = |mut stream: TcpStream| {
        let Some(_) = Asked::next(&mut stream) else { return };
        let _ = std::io::Write::write_all(&mut stream, &[4, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        thread::sleep(Duration::from_secs(3));
    };
    for (way, error, took) in each_way(&patient, node_with(lies)) {
        assert!(error.to_string().contains("a PDU of 4294967295 bytes"), "{way}: {error}");
        assert!(took < Duration::from_secs(4), "{way} took {took:?}");
    }
}

#[test]
fn whoever_cancels_waits_less_than_a_second() {
    let silent = |mut stream: TcpStream| {
        let _ = Asked::next(&mut stream);
        thread::sleep(Duration::from_secs(3));
    };
    for port in [node_with(for_ever), node_with(silent)] {
        let (node, inbox) = (node("SCP", port), tempfile::tempdir().unwrap());
        for way in ["find", "get", "move"] {
            let mut patient = caller();
            patient.cancel = CancelToken::default();
            let cancel = patient.cancel.clone();
            let later = move || {
                thread::sleep(Duration::from_millis(200));
                cancel.cancel();
                Instant::now()
            };
            let cancelled = thread::Builder::new().name("cancel".into()).spawn(later).unwrap();
            let error = match way {
                "find" => find(&patient, &node, &Query::of(Level::Study), &mut |_| true).err(),
                "get" => get(&patient, &node, &wanted(), &Inbox::at(inbox.path()).unwrap(), &mut |_| {}).err(),
                _ => order_move(&patient, &node, &wanted(), &"PELLUCID".parse().unwrap(), &mut |_| {}).err(),
            };
            let after = cancelled.join().unwrap().elapsed();
            assert!(matches!(error, Some(DimseError::Cancelled(_))), "{way}: {error:?}");
            assert!(after < Duration::from_secs(1), "{way}: {after:?}");
        }
    }
}

#[test]
fn of_more_studies_than_are_listed_it_is_said_although_the_node_goes_on() {
    let archive = open(&peer(&node("SCP", node_with(for_ever))), None).unwrap();
    let begun = Instant::now();
    let found = archive.find(&Question::default(), &CancelToken::default()).unwrap();
    assert_eq!((found.studies.len(), found.more), (2000, true));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn series_beyond_those_that_are_listed_are_counted() {
    let port = node_with(|mut stream| {
        let Some(asked) = Asked::next(&mut stream) else { return };
        assert_eq!(asked.wanted().code(tags::QUERY_RETRIEVE_LEVEL), "SERIES");
        for number in 1..=2003 {
            let uid = if number == 7 { "none".to_owned() } else { format!("2.25.{number}") };
            asked.answer(&mut stream, PENDING, [0; 3], Some(&texts(&[((0x20, 0x0E), &uid)])));
        }
        asked.answer(&mut stream, 0, [0; 3], None);
        let _ = Asked::next(&mut stream);
    });
    let archive = open(&peer(&node("SCP", port)), None).unwrap();
    let found = archive.series(STUDY, &CancelToken::default()).unwrap();
    assert_eq!((found.series.len(), found.left, found.unreadable), (2000, 2, 1));
}

#[test]
fn a_node_that_hears_of_no_more_wishes_is_hung_up_on() {
    // It goes on after C-CANCEL, which is its right for a moment.
    let port = node_with(|mut stream| {
        let Some(asked) = Asked::next(&mut stream) else { return };
        asked.answer(&mut stream, PENDING, [0; 3], Some(&study(1)));
        let cancelled = Asked::next(&mut stream).unwrap();
        assert_eq!(cancelled.field, CANCEL);
        while asked.answer(&mut stream, PENDING, [0; 3], Some(&study(2))) {}
    });
    let begun = Instant::now();
    let mut found = 0;
    let enough = find(&caller(), &node("SCP", port), &Query::of(Level::Study), &mut |_| {
        found += 1;
        false
    });
    assert_eq!((enough.unwrap(), found), (1, 1));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn a_node_without_answers_to_queries_is_fetched_from_all_the_same_in_several_associations() {
    // It counts one object, and fails it whatever is proposed.
    let associations = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = associations.clone();
    let port = node_with(move |mut stream| {
        let Some(asked) = Asked::next(&mut stream) else { return };
        if asked.field != GET {
            asked.answer(&mut stream, 0xC001, [0; 3], None);
            return;
        }
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        asked.answer(&mut stream, 0xB000, [0, 0, 1], None);
        let _ = Asked::next(&mut stream);
    });
    let inbox = tempfile::tempdir().unwrap();
    let inbox = Inbox::at(inbox.path()).unwrap();
    let got = get(&caller(), &node("SCP", port), &wanted(), &inbox, &mut |_| {}).unwrap();
    assert_eq!((got.files.len(), got.counts.failed), (0, 1));
    assert!(got.refused[0].contains("1 of 1 objects did not come"), "{:?}", got.refused);
    assert_eq!(associations.load(std::sync::atomic::Ordering::SeqCst), 7, "one for each six classes");
}

#[test]
fn an_archive_that_is_given_up_says_so_in_its_own_words() {
    let port = node_with(|mut stream| {
        let Some(asked) = Asked::next(&mut stream) else { return };
        say(&mut stream, asked.context, PDataValueType::Data, vec![0; 8]);
        thread::sleep(Duration::from_secs(1));
    });
    let archive = open(&peer(&node("SCP", port)), None).unwrap();
    let error = archive.find(&Question::default(), &CancelToken::default()).unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Failed(why) if why.to_string().contains("a data set where a command")),
        "{error}"
    );
}
