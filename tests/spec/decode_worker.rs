//! Decoders that are not ours run in a process of their own: it may hang, end, or ask for more
//! memory than there is, and the program says a sentence and goes on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pellucid::study::StudyError;
use pellucid::study::foreign::{Pool, Trial};

use super::cli::{code, npy, pellucid, said};
use crate::dicom_bytes::Object;

const LONG: Duration = Duration::from_mins(1);
const MEMORY: u64 = 512 << 20;

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_pellucid").into()
}

/// Waits until a pool has a process at work.
fn at_work(pool: &Pool) -> u32 {
    let start = Instant::now();
    loop {
        if let Some(id) = pool.at_work().first() {
            return *id;
        }
        assert!(start.elapsed() < LONG, "no process was started");
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
fn kill(id: u32) {
    assert!(Command::new("kill").args(["-9", &id.to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_costs_its_image_a_sentence_and_the_next_one_nothing() {
    let pool = Pool::with_trials(program(), 1);
    thread::scope(|scope| {
        let asked = scope.spawn(|| pool.run_trial(Trial::Sleep, LONG, MEMORY));
        let id = at_work(&pool);
        kill(id);
        let error = asked.join().unwrap().unwrap_err();
        assert!(matches!(error, StudyError::CodecPanic), "{error}");
        assert!(error.to_string().contains("probably damaged"), "{error}");
        pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
        assert_ne!(pool.waiting(), [id]);
    });
}

#[cfg(unix)]
#[test]
fn a_process_that_ended_while_nobody_asked_it_is_not_missed() {
    let pool = Pool::with_trials(program(), 1);
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
    let [id] = pool.waiting()[..] else { panic!("one process waits") };
    kill(id);
    // Until the system has told: what is not there any more cannot be signalled but as a zombie.
    thread::sleep(Duration::from_millis(200));
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
}

#[test]
fn what_takes_too_long_is_stopped() {
    let pool = Pool::with_trials(program(), 1);
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
    let start = Instant::now();
    let error = pool.run_trial(Trial::Sleep, Duration::from_millis(300), MEMORY).unwrap_err();
    assert!(error.to_string().contains("took longer than"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
}

#[cfg(unix)]
#[test]
fn what_stands_still_is_stopped_however_long_it_may_work() {
    let pool = Pool::with_trials(program(), 1);
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
    let start = Instant::now();
    let error = pool.run_trial_for(Trial::Sleep, LONG, 2 * LONG, MEMORY).unwrap_err();
    assert!(error.to_string().contains("took longer than"), "{error}");
    assert!(start.elapsed() < LONG / 2, "it took {:?}", start.elapsed());
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
}

#[cfg(unix)]
#[test]
fn what_computes_for_ever_is_ended_by_the_system() {
    let pool = Pool::with_trials(program(), 1);
    // Nobody loses patience so early: the processor has worked for a second or two.
    let start = Instant::now();
    let error = pool.run_trial_for(Trial::Spin, Duration::from_millis(500), LONG, MEMORY).unwrap_err();
    assert!(error.to_string().contains("took longer than"), "{error}");
    assert!(start.elapsed() < LONG, "it took {:?}", start.elapsed());
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
}

#[test]
fn a_fault_that_ends_the_process_or_a_panic_is_a_sentence() {
    let pool = Pool::with_trials(program(), 1);
    for trial in [Trial::Abort, Trial::Panic, Trial::Abort] {
        let error = pool.run_trial(trial, LONG, MEMORY).unwrap_err();
        assert!(matches!(error, StudyError::CodecPanic), "{trial:?}: {error}");
        pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_and_no_file_can_be_opened() {
    let pool = Pool::with_trials(program(), 1);
    // Of the address space, blocks of this size take twice what they hold.
    pool.run_trial(Trial::Allocate, LONG, 5 * MEMORY).unwrap();
    let error = pool.run_trial(Trial::Allocate, LONG, MEMORY).unwrap_err();
    assert!(matches!(error, StudyError::CodecPanic), "{error}");
    let error = pool.run_trial(Trial::Open, LONG, MEMORY).unwrap_err();
    assert!(error.to_string().contains("open files"), "{error}");
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
}

#[test]
fn no_more_processes_run_than_may_and_they_are_asked_again() {
    let pool = Pool::with_trials(program(), 2);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..5).for_each(|_| pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap()));
        }
    });
    assert!((1..=2).contains(&pool.waiting().len()), "{:?}", pool.waiting());
    assert!(pool.at_work().is_empty());
    let before = pool.waiting();
    pool.run_trial(Trial::Nothing, LONG, MEMORY).unwrap();
    assert_eq!(before.len(), pool.waiting().len());
}

#[test]
fn trials_are_not_for_everyone() {
    let error = Pool::new(program(), 1).run_trial(Trial::Nothing, LONG, MEMORY).unwrap_err();
    assert!(error.to_string().contains("a trial"), "{error}");
}

#[test]
fn another_program_is_no_decoder() {
    // It ends at once, or says something else than the greeting.
    for other in ["/bin/true", "/bin/echo"].into_iter().filter(|path| Path::new(path).exists()) {
        assert!(Pool::new(other.into(), 1).run_trial(Trial::Nothing, LONG, MEMORY).is_err(), "{other}");
    }
}

#[test]
fn a_process_ends_with_whoever_asked_in_the_middle_of_an_image_too() {
    let mut worker = Command::new(program());
    worker.args(["decode-worker", "--trials"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut worker = worker.spawn().unwrap();
    let mut greeting = [0; 8];
    worker.stdout.as_mut().unwrap().read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting[..6], b"PELDEC");
    // A request to sleep for a minute: decoder 5, memory, seconds, no size, one byte.
    let mut request = vec![5];
    request.extend((1_u64 << 30).to_le_bytes());
    request.extend(100_u32.to_le_bytes());
    request.extend([0; 10]);
    request.extend(1_u64.to_le_bytes());
    request.push(1);
    let mut pipe = worker.stdin.take().unwrap();
    pipe.write_all(&request).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(worker.try_wait().unwrap().is_none(), "it sleeps");
    drop(pipe);
    let start = Instant::now();
    while worker.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "it is still there");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_no_request_ends_the_process() {
    let mut worker = Command::new(program());
    worker.arg("decode-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut worker = worker.spawn().unwrap();
    worker.stdin.take().unwrap().write_all(&[0xFF; 400]).unwrap();
    let output = worker.wait_with_output().unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (8, 0), "nothing but the greeting");
}

/// A grey JPEG 2000 stream of 7 × 5 samples of 12 bits, from `tests/golden/transfer_syntaxes.py`.
fn jpeg_2000() -> Vec<u8> {
    let mut rest: &[u8] = include_bytes!("../golden/transfer_syntaxes.bin");
    loop {
        let (uid, behind) = rest[1..].split_at(rest[0].into());
        let length = u32::from_le_bytes(behind[3..7].try_into().unwrap()) as usize;
        if uid == b"1.2.840.10008.1.2.4.90" && behind[..3] == [12, 0, 1] {
            return behind[7..7 + length].to_vec();
        }
        rest = &behind[7 + length..];
    }
}

#[test]
fn the_program_decodes_as_the_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = Object::new(7, 5, 16).bits(12, 11, false).fragments(&[], vec![jpeg_2000()]);
    let file = file.file("1.2.840.10008.1.2.4.90");
    fs::write(folder.path().join("a.dcm"), &file).unwrap();
    let picture = image::GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 6 + y) as u8]));
    picture.save(folder.path().join("b.png")).unwrap();
    picture.save(folder.path().join("c.tif")).unwrap();
    for name in ["a.dcm", "b.png", "c.tif"] {
        let output = pellucid(folder.path(), &["inspect", name, "--pixels", "out.npy"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        let expected = pellucid::study::open_image(&folder.path().join(name)).unwrap();
        assert_eq!(npy(&folder.path().join("out.npy")).1, expected.pixels.plane.values, "{name}");
    }
}
