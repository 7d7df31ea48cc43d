//! Where a reader stands: what comes next, or why nothing does yet.

use chrono::{DateTime, TimeDelta, Utc};

use super::order::Reading;
use super::plan::Plan;
use super::record::Record;

/// What a reader can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Read this; its place in the order.
    Next(usize, Reading),
    /// Wait: the next session must not begin before.
    Washout { session: usize, until: DateTime<Utc> },
    /// The clock says an earlier time than the last reading.
    ClockBehind { last: DateTime<Utc> },
    /// Everything is read.
    Finished,
}

/// Where a reader stands who has read `read` of `schedule`, the last of it at `last`.
///
/// Between two sessions lie at least the days of the washout, counted from the last reading of the
/// one before. The clock of the machine is taken at its word, as long as it does not run backwards.
#[must_use]
pub fn standing(
    plan: &Plan,
    schedule: &[Reading],
    read: usize,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Standing {
    let Some(next) = schedule.get(read) else { return Standing::Finished };
    let Some(last) = last else { return Standing::Next(read, *next) };
    // A clock that is set by the network may step back a little.
    if now + TimeDelta::minutes(5) < last {
        return Standing::ClockBehind { last };
    }
    let before = read.checked_sub(1).map(|i| schedule[i].session);
    let until = last + TimeDelta::days(i64::from(plan.washout_days));
    if before.is_some_and(|session| session < next.session) && now < until {
        return Standing::Washout { session: next.session, until };
    }
    Standing::Next(read, *next)
}

/// When the last reading was made.
#[must_use]
pub fn last(records: &[Record]) -> Option<DateTime<Utc>> {
    records.iter().map(|r| r.read_at).max()
}

#[cfg(test)]
mod tests {
    use super::super::order::schedule;
    use super::super::plan::Design;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn the_next_session_waits_for_the_washout_and_the_rest_does_not() {
        let plan = plan(Design::Crossover);
        let order = schedule(&plan, 0);
        let then = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let after = |days: i64| then + TimeDelta::days(days);
        let at = |read: usize, now| standing(&plan, &order, read, Some(then), now);
        assert_eq!(standing(&plan, &order, 0, None, then), Standing::Next(0, order[0]));
        assert_eq!(at(5, after(0)), Standing::Next(5, order[5]));
        assert_eq!(at(6, after(27)), Standing::Washout { session: 1, until: after(28) });
        assert_eq!(at(6, after(28)), Standing::Next(6, order[6]));
        assert_eq!(at(3, after(-1)), Standing::ClockBehind { last: then });
        assert_eq!(at(12, after(0)), Standing::Finished);
    }

    #[test]
    fn a_sequential_study_has_no_washout() {
        let plan = plan(Design::Sequential);
        let order = schedule(&plan, 0);
        let then = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for read in 1..order.len() {
            assert_eq!(standing(&plan, &order, read, Some(then), then), Standing::Next(read, order[read]));
        }
    }
}
