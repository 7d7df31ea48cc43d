//! Files that are not what they should be: every reader of the program is given thousands of them.
//!
//! Seeds are small sound files of every kind that is read ([`seeds`]). Each case changes one of them
//! ([`mutate`]) by a number from which all of it follows, so that a run is the same everywhere. To
//! these come files that were made to do harm ([`constructed`]). Every file goes through the readers
//! that the program itself uses ([`readers`]), in child processes that are watched ([`run`]): a
//! panic, an end of the process, more than five seconds or 1.5 GB is a failure, as is a refusal
//! without a sentence.
//!
//! The long run: `PELLUCID_MUTATIONS=200000 cargo test --test hostile`; with
//! `PELLUCID_MUTATION_READER=Onnx` all files go to one reader.

mod case;
mod constructed;
#[allow(dead_code, reason = "the specification uses more of it")]
#[path = "../spec/dicom_bytes.rs"]
mod dicom_bytes;
mod figures;
mod mutate;
mod readers;
mod run;
mod seeds;
#[allow(dead_code, reason = "the specification uses more of it")]
#[path = "../spec/toy.rs"]
mod toy;
mod watch;

use run::Run;

/// Mutated files where nothing else is asked for.
const MUTATIONS: u64 = 3000;

/// The number in an environment variable.
fn asked(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is “{text}”, which is no number")))
}

#[test]
fn every_seed_is_read() {
    let bench = readers::Bench::new();
    let mut wrong = Vec::new();
    for seed in seeds::all() {
        let read = bench.read(seed.reader, &seed.bytes);
        if read.is_ok() == seed.is_refused {
            wrong.push(format!("{}: {read:?}", seed.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mutated_files_end_with_a_sentence_within_time_and_memory() {
    Run::of_mutations(asked("PELLUCID_MUTATION_FIRST").unwrap_or(0), asked("PELLUCID_MUTATIONS").unwrap_or(MUTATIONS))
        .hold();
}

#[test]
fn files_made_to_do_harm_end_with_a_sentence_within_time_and_memory() {
    Run::of_constructed().hold();
}

#[test]
#[ignore = "started by the runs above, as a process of its own"]
fn child() {
    run::child();
}
