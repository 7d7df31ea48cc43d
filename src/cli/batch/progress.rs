//! How far a batch is, on standard error: a bar on a terminal, else a line now and then for a log.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::batch::finished::Outcome;
use crate::batch::run::RunProgress;
use crate::batch::tally::Tally;
use crate::batch::tempo::{Tempo, in_words};
use crate::cli::output;

/// Between two lines.
const LINE: Duration = Duration::from_secs(30);
/// Between two looks at the pace.
const LOOK: Duration = Duration::from_secs(1);
/// Most failures that are said one by one; all of them are rows.
const SAID: u64 = 200;

/// Tells how far it is.
pub(super) struct Progress {
    bar: ProgressBar,
    tempo: Tempo,
    listed: u64,
    said: u64,
    last_line: Instant,
    last_look: Instant,
    /// Images that were computed, and not only looked at.
    computed: u64,
    ended: Option<Instant>,
}

impl Progress {
    /// Of so many files; 0 where that is not known.
    pub(super) fn begin(listed: u64) -> Self {
        let now = Instant::now();
        let bar = output::paced(listed);
        Self {
            bar,
            tempo: Tempo::begin(now),
            listed,
            said: 0,
            last_line: now,
            last_look: now,
            computed: 0,
            ended: None,
        }
    }

    /// A file was committed.
    pub(super) fn hear(&mut self, told: &RunProgress<'_>) {
        let path = &told.finished.path;
        match &told.finished.outcome {
            Outcome::Failed(reason) => self.complain(&format!("error: {} failed. Cause: {reason}", path.display())),
            Outcome::Judged(row) if row.is_damaged => {
                self.complain(&format!("error: {} was not scored. Cause: {}", path.display(), row.reason));
            }
            _ => {}
        }
        if matches!(told.finished.outcome, Outcome::Judged(_) | Outcome::Failed(_)) {
            self.computed += 1;
        }
        let now = Instant::now();
        if now.duration_since(self.last_look) >= LOOK {
            self.last_look = now;
            self.tempo.look(now, self.computed);
            self.bar.set_position(told.tally.files);
            self.bar.set_message(self.pace_in_words(told.tally));
        }
        if self.bar.is_hidden() && now.duration_since(self.last_line) >= LINE {
            self.last_line = now;
            output::remark(format!("{}; {}", self.count(told.tally), self.pace_in_words(told.tally)));
        }
    }

    fn complain(&mut self, sentence: &str) {
        self.said += 1;
        match self.said {
            0..=SAID => self.bar.suspend(|| output::remark(sentence)),
            more if more == SAID + 1 => {
                self.bar.suspend(|| output::remark("More images failed; each is a row with its reason"));
            }
            _ => {}
        }
    }

    fn count(&self, tally: Tally) -> String {
        match self.listed {
            0 => format!("{} files", tally.files),
            listed => {
                let percent = 100 * tally.files / listed.max(1);
                format!("{} of {listed} files ({percent} %), {} failed", tally.files, tally.failed)
            }
        }
    }

    fn pace_in_words(&self, tally: Tally) -> String {
        let pace =
            self.tempo.pace().map_or_else(|| "no pace yet".to_owned(), |pace| format!("{pace:.1} images a second"));
        match self.tempo.left(self.listed.saturating_sub(tally.files)) {
            Some(left) if self.listed > 0 => format!("{pace}, {} left", in_words(left)),
            _ => pace,
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self) {
        self.bar.finish_and_clear();
        self.ended = Some(Instant::now());
    }

    /// Images that were computed a second, over all of the run.
    pub(super) fn overall(&self) -> Option<f64> {
        self.tempo.overall(self.ended.unwrap_or_else(Instant::now), self.computed)
    }
}
