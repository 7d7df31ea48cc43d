//! Places and ranks of the methods, as [`super`] defines them.

use super::MethodSummary;
use crate::explain::faithfulness::measure::Measure;

/// The mean places of the methods that are ranked.
pub(super) fn place(standings: &mut [MethodSummary]) {
    let mut ranked: Vec<&mut MethodSummary> = standings.iter_mut().filter(|s| s.apart().is_none()).collect();
    let mut sums = vec![0.0; ranked.len()];
    for m in 0..Measure::ALL.len() {
        // In the digits that are shown: maps that are the same but for rounding share their places.
        let digits = |s: &&mut MethodSummary| Some((1e3 * s.measures.get(m)?.over_blob.mean).round());
        let values: Vec<Option<f64>> = ranked.iter().map(digits).collect();
        for (sum, own) in sums.iter_mut().zip(&values) {
            let Some(own) = own else { continue };
            let others = || values.iter().flatten();
            let (ahead, equal) = (others().filter(|v| *v > own).count(), others().filter(|v| *v == own).count());
            *sum += ahead as f64 + f64::midpoint(1.0, equal as f64);
        }
    }
    for (standing, sum) in ranked.iter_mut().zip(sums) {
        standing.place = Some(sum / Measure::ALL.len() as f64);
    }
}

/// Ranks the methods that have a place, and puts them in that order, the others behind.
pub(super) fn rank(standings: &mut [MethodSummary]) {
    let key = |s: &MethodSummary| Some((s.better_than_blob()?, s.place?));
    let is_ahead = |a: (usize, f64), b: (usize, f64)| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1);
    let keys: Vec<Option<(usize, f64)>> = standings.iter().map(key).collect();
    for (standing, own) in standings.iter_mut().zip(&keys) {
        standing.rank = own.map(|own| 1 + keys.iter().flatten().filter(|other| is_ahead(**other, own)).count());
    }
    standings.sort_by_key(|s| (s.rank.unwrap_or(usize::MAX), s.apart()));
}
