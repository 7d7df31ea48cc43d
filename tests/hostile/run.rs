//! Cases in child processes, each watched: who ends before its last case, or stays with one, is
//! started again behind it, and the case is a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pellucid::panic_guard::guarded;

use crate::case::{self, Case};
use crate::constructed;
use crate::figures::{self, Figures};
use crate::readers::Bench;
use crate::seeds;
use crate::watch::{Cost, Watch};

/// Longest time of the processor that a case may take.
const TIME: Duration = Duration::from_secs(5);
/// Most memory that a process may have while it reads a case.
const MEMORY: u64 = 1_500_000_000;
/// A process that stays with one case for so long by the clock waits for something that never comes.
const WAIT: Duration = Duration::from_mins(5);
/// Address space of a child: what would take more ends there, and not the machine.
const ADDRESSES: u64 = 16 << 30;
/// Where a panic that becomes a sentence, or another way to decode, is no failure: the crates of
/// jxl-oxide, which the program runs in a process of its own because they do so.
const APART: &str = "/jxl-";
/// Longest sentence.
const SENTENCE: usize = 10_000;
/// Children at once.
const CHILDREN: u64 = 2;
/// Most cases that a child reads before a fresh one goes on.
const BATCH: u64 = 2000;

/// Where panics were since the last case: also those that the program turns into a sentence.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Cases of one kind, from the first to before the last.
pub(crate) struct Run {
    kind: &'static str,
    first: u64,
    last: u64,
}

impl Run {
    pub(crate) fn of_mutations(first: u64, count: u64) -> Self {
        Self { kind: "mutated", first, last: first + count }
    }

    pub(crate) fn of_constructed() -> Self {
        Self { kind: "constructed", first: 0, last: constructed::all().len() as u64 }
    }

    /// Runs every case, and fails where one did.
    pub(crate) fn hold(&self) {
        let folder = tempfile::tempdir().unwrap();
        let next = AtomicU64::new(self.first);
        let reports: Vec<Report> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..CHILDREN)
                .map(|number| {
                    let place = folder.path().join(number.to_string());
                    let next = &next;
                    scope.spawn(move || self.work(&place, next))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let all = reports.into_iter().fold(Report::default(), Report::and);
        println!("{} files, from {} to before {}:\n{}", self.kind, self.first, self.last, figures::table(&all.figures));
        let cases: u64 = all.figures.values().map(|figures| figures.cases).sum();
        assert_eq!(cases, self.last - self.first, "every case was read");
        assert!(all.failures.is_empty(), "{}", all.failures.join("\n"));
    }

    /// Takes batches until there are no more.
    fn work(&self, place: &Path, next: &AtomicU64) -> Report {
        let mut report = Report::default();
        let batch = ((self.last - self.first) / (4 * CHILDREN)).clamp(1, BATCH);
        loop {
            let begin = next.fetch_add(batch, Ordering::Relaxed);
            if begin >= self.last {
                return report;
            }
            let end = (begin + batch).min(self.last);
            let mut at = begin;
            while at < end {
                fs::create_dir_all(place).unwrap();
                let mut child = self.start(place, at, end);
                let ended = wait(&mut child, place);
                let found = Report::read(place);
                at = found.next.unwrap_or(at);
                let whole = at >= end;
                report = report.and(found);
                fs::remove_dir_all(place).unwrap();
                if !whole {
                    report.failures.push(format!("{} case {at}: {ended}", self.kind));
                    let lost = Figures { cases: 1, failures: 1, ..Figures::default() };
                    report.add("the process ended", lost);
                    at += 1;
                }
            }
        }
    }

    fn start(&self, place: &Path, from: u64, to: u64) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
            .env("PELLUCID_HOSTILE", format!("{} {from} {to} {}", self.kind, place.display()))
            // Lets the numbers of the processor's time be those of the case.
            .env("RAYON_NUM_THREADS", "2")
            .stdout(Stdio::null())
            .stderr(File::create(place.join("stderr")).unwrap());
        command.spawn().unwrap()
    }
}

/// Waits until a child ends, or stays with one case for too long: how it ended.
fn wait(child: &mut Child, place: &Path) -> String {
    let mut seen = (String::new(), Instant::now());
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            let _ = File::open(place.join("stderr")).and_then(|mut file| file.read_to_string(&mut said));
            let last: Vec<&str> = said.lines().rev().take(6).collect();
            return format!("the process ended ({status}): {}", last.into_iter().rev().collect::<Vec<_>>().join(" | "));
        }
        let at = fs::read_to_string(place.join("at")).unwrap_or_default();
        if at != seen.0 {
            seen = (at, Instant::now());
        } else if seen.1.elapsed() > WAIT {
            child.kill().unwrap();
            child.wait().unwrap();
            return format!("it took more than {} s by the clock", WAIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What came of some cases.
#[derive(Default)]
struct Report {
    figures: BTreeMap<String, Figures>,
    failures: Vec<String>,
    /// The case that would have come next.
    next: Option<u64>,
}

impl Report {
    fn and(mut self, other: Self) -> Self {
        for (format, figures) in other.figures {
            self.add(&format, figures);
        }
        self.failures.extend(other.failures);
        self
    }

    fn add(&mut self, format: &str, figures: Figures) {
        let all = self.figures.entry(format.to_owned()).or_default();
        *all = all.and(figures);
    }

    /// What a child has written down: a line a case, with tabs between number, format, acceptance,
    /// milliseconds, bytes and failure.
    fn read(place: &Path) -> Self {
        let mut report = Self::default();
        for line in fs::read_to_string(place.join("cases")).unwrap_or_default().lines() {
            let [number, format, accepted, time, peak, failure] = line.splitn(6, '\t').collect::<Vec<_>>()[..] else {
                continue;
            };
            report.next = Some(number.parse::<u64>().unwrap() + 1);
            let figures = Figures {
                cases: 1,
                accepted: u64::from(accepted == "1" && failure.is_empty()),
                failures: u64::from(!failure.is_empty()),
                slowest: Duration::from_millis(time.parse().unwrap()),
                peak: peak.parse().unwrap(),
            };
            report.add(format, figures);
            report.failures.extend(Some(failure.to_owned()).filter(|failure| !failure.is_empty()));
        }
        report
    }
}

/// The cases of a child, as the environment says.
pub(crate) fn child() {
    let Ok(asked) = std::env::var("PELLUCID_HOSTILE") else { return };
    let [kind, from, to, place] = asked.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{asked}") };
    let (from, to, place): (u64, u64, PathBuf) = (from.parse().unwrap(), to.parse().unwrap(), place.into());
    limit_addresses();
    // The guard takes over the hook that is there, so it is called before another is set.
    guarded(|| ()).unwrap();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PANICS.lock().unwrap().push(format!("{place}: {}", info.payload_as_str().unwrap_or_default()));
    }));
    let bench = Bench::new();
    let seeds = seeds::all();
    let made = if kind == "constructed" { constructed::all() } else { Vec::new() };
    let mut cases = File::create(place.join("cases")).unwrap();
    for number in from..to {
        fs::write(place.join("at"), number.to_string()).unwrap();
        let case = match made.get(number as usize) {
            Some(constructed) => constructed.case(),
            None => case::mutated(&seeds, number),
        };
        let format = case.format.clone();
        let (accepted, cost, failure) = judge(&bench, case, &format!("{kind}-{number}"));
        let line = format!("{format}\t{}\t{}\t{}\t{failure}", u8::from(accepted), cost.time.as_millis(), cost.peak);
        writeln!(cases, "{number}\t{line}").unwrap();
    }
}

/// Reads a case: whether it was accepted, what it cost, and what is wrong with that. A file that
/// went wrong is kept as `keep`.
fn judge(bench: &Bench, case: Case, keep: &str) -> (bool, Cost, String) {
    let path = bench.write(case.reader, &case.bytes);
    let Case { name, reader, bytes, says, .. } = case;
    // Only what the program holds is to be counted.
    drop(bytes);
    PANICS.lock().unwrap().clear();
    let watch = Watch::start();
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.read_at(reader, &path)));
    let cost = watch.stop();
    let mut wrong = String::new();
    let mut say = |what: String| {
        let _ = write!(wrong, "; {what}");
    };
    let panics: Vec<String> = PANICS.lock().unwrap().drain(..).collect();
    let handled = read.is_ok();
    for panic in panics.into_iter().filter(|panic| !handled || !panic.contains(APART)) {
        let what = if handled { "a panic that was made a sentence" } else { "a panic" };
        say(format!("{what} at {}", panic.replace(['\n', '\t'], " ")));
    }
    if cost.time > TIME {
        say(format!("it took {:.1} s", cost.time.as_secs_f64()));
    }
    if cost.peak > MEMORY {
        say(format!("it took {} MB", cost.peak / 1_000_000));
    }
    let refused = match &read {
        Ok(Err(sentence)) => Some(sentence),
        _ => None,
    };
    if let Some(sentence) = refused.filter(|s| s.trim().is_empty() || s.len() > SENTENCE) {
        say(format!("it was refused in {} bytes", sentence.len()));
    }
    if !says.is_empty() && !refused.is_some_and(|sentence| sentence.contains(says)) {
        say(format!("it was not refused with “{says}”"));
    }
    if !wrong.is_empty() {
        wrong = format!("{name} read by {reader:?}{wrong}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
        let _ = fs::create_dir_all(&folder).and_then(|()| fs::copy(&path, folder.join(keep)));
    }
    if let Some(log) = std::env::var_os("PELLUCID_HOSTILE_LOG") {
        let said: String = match &read {
            Ok(Ok(what) | Err(what)) => what.chars().take(200).collect(),
            Err(_) => String::new(),
        };
        let mut log = File::options().append(true).create(true).open(log).unwrap();
        writeln!(log, "{keep} {name} {:?} {} MB: {said}", cost.time, cost.peak / 1_000_000).unwrap();
    }
    (matches!(read, Ok(Ok(_))), cost, wrong)
}

#[cfg(target_os = "linux")]
fn limit_addresses() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let limit = Rlimit { current: Some(ADDRESSES), maximum: Some(ADDRESSES) };
    setrlimit(Resource::As, limit).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn limit_addresses() {}
