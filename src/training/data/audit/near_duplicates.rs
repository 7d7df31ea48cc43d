//! Near-duplicates: images that show the same exposure, whatever was done to the file since.
//!
//! | found | up to |
//! |---|---|
//! | compressed, resized, softened, noisy | JPEG of quality 30, half or twice the size |
//! | other tones | gamma, window, contrast, equalisation; inverted |
//! | cut, or with a border added | 5 % at each side |
//! | turned | 5°, and by quarters of a turn |
//! | mirrored | left and right, top and bottom |
//! | text or a marker burned in | what leaves most of the image |
//!
//! and two of these together. [`super::candidates`] chooses pairs, [`super::alignment`] lays them
//! over each other; two images are near-duplicates where their [detail](super::detail) then
//! correlates, on their common part and without the quarter that agrees least, by more than chance
//! allows in this very set: see [`Comparison::limit`]. How many of each kind are found, and how
//! many pairs of different patients are taken for one, was measured: see
//! `docs/training.md`.
//!
//! Neighbouring slices of one scan and two exposures of one patient within seconds may be as alike,
//! and are found too. Not found: strong crops (10 % of a side and more), turns of 8° and more
//! beside the quarters, images with next to no detail, elastic changes.

use std::cell::LazyCell;
use std::collections::HashMap;

use rayon::prelude::*;

use super::alignment::{Affine, Template};
use super::candidates::{Candidate, Orientation, candidates};
use super::detail::{COARSE, Detail, FINE};
use super::fingerprint::Fingerprint;
use crate::training::Result;

/// Bounds of the least correlation of near-duplicates.
const LIMITS: [f32; 2] = [0.8, 0.95];
/// Its upper bound where fewer than [`MANY`] pairs are compared, of which hardly any can be alike
/// by chance, and the least deviation, which few pairs do not tell.
const OF_FEW: f32 = 0.92;
const LEAST_OF_FEW: f32 = 0.2;
const MANY: usize = 500;
/// Pairs from which it is estimated what chance does.
const SAMPLE: usize = 512;
/// How many standard deviations above the common pair chance does not reach.
const DEVIATIONS: f32 = 4.5;
/// Least correlation on the coarse squares of pairs that are looked at more closely.
const PROMISING: f32 = 0.7;
/// Share of it that two steps of the registration must reach.
const HOPE: f32 = 0.8;
/// Images of the same pixels that are paired with near-duplicates one by one; further copies belong
/// to the first.
const COPIES: usize = 32;

/// Two images that show the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearDuplicate {
    pub images: [usize; 2],
    /// Of the details, laid over each other; 1 for the same pixels.
    pub correlation: f32,
    pub change: Change,
}

/// What was done to the first image to make the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub orientation: Orientation,
    pub inverted: bool,
    /// Further turn, clockwise, in degrees.
    pub degrees: f32,
    /// How much larger things are in the second.
    pub enlarged: f32,
}

impl Change {
    const NONE: Self = Self { orientation: Orientation::UPRIGHT, inverted: false, degrees: 0.0, enlarged: 1.0 };

    /// `map` goes from places of the second image to places of the first.
    fn of(candidate: &Candidate, map: &Affine) -> Self {
        let Candidate { orientation, inverted, .. } = *candidate;
        let rest = orientation.map().inverse().map_or(*map, |upright| map.after(&upright));
        Self { orientation, inverted, degrees: -rest.degrees(), enlarged: 1.0 / rest.scale().abs().max(1e-3) }
    }

    /// In words; empty where nothing was done that can be seen.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        let Orientation { mirrored, quarters } = self.orientation;
        match (mirrored, quarters) {
            (true, 0) => words.push("mirrored left to right".to_owned()),
            (true, 2) => words.push("mirrored top to bottom".to_owned()),
            (true, _) => words.push("mirrored and turned by 90°".to_owned()),
            (false, 2) => words.push("turned by 180°".to_owned()),
            (false, 1 | 3) => words.push("turned by 90°".to_owned()),
            _ => {}
        }
        if self.inverted {
            words.push("inverted".into());
        }
        if self.degrees.abs() >= 0.5 {
            words.push(format!("turned by {:.1}°", self.degrees.abs()));
        }
        let percent = 100.0 * (self.enlarged - 1.0);
        if percent.abs() >= 1.0 {
            let how = if percent > 0.0 { "enlarged" } else { "made smaller" };
            words.push(format!("{how} by {:.0} %", percent.abs()));
        }
        words.join(", ")
    }
}

/// Every pair, in rising order, of the same pixels or of one exposure; of more than [`COPIES`]
/// copies of the same pixels, each with the first alone.
///
/// # Errors
/// When the sketches cannot be multiplied.
pub fn near_duplicates(images: &[&Fingerprint], progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<NearDuplicate>> {
    let mut copies: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    for (i, image) in images.iter().enumerate() {
        copies.entry(image.pixels).or_default().push(i);
    }
    let group = |image: usize| -> &[usize] { copies.get(&images[image].pixels).map_or(&[], Vec::as_slice) };
    let mut firsts: Vec<usize> = copies.values().map(|group| group[0]).collect();
    firsts.sort_unstable();
    let mut found: Vec<NearDuplicate> = Vec::new();
    for &first in &firsts {
        let group = group(first);
        for (place, &b) in group.iter().enumerate().skip(1) {
            let before = if group.len() <= COPIES { &group[..place] } else { &group[..1] };
            let same = |&a: &usize| NearDuplicate { images: [a, b], correlation: 1.0, change: Change::NONE };
            found.extend(before.iter().map(same));
        }
    }
    let (with_detail, details): (Vec<usize>, Vec<&Detail>) =
        firsts.iter().filter_map(|&i| Some((i, images[i].coarse.as_ref()?))).unzip();
    let candidates = candidates(&details, progress)?;
    let fine: Vec<&Detail> = with_detail.iter().filter_map(|&i| images[i].fine.as_ref()).collect();
    let comparison = Comparison { coarse: &details, fine: &fine };
    let least = comparison.limit(&candidates);
    let of_one: Vec<&[Candidate]> = candidates.chunk_by(|a, b| a.images[0] == b.images[0]).collect();
    let near: Vec<NearDuplicate> =
        of_one.into_par_iter().flat_map_iter(|candidates| comparison.near(candidates, least)).collect();
    for pair in near {
        let [a, b] = pair.images.map(|i| with_detail[i]);
        for &a in group(a).iter().take(COPIES) {
            found.extend(group(b).iter().take(COPIES).map(|&b| ordered(NearDuplicate { images: [a, b], ..pair })));
        }
    }
    found.sort_by_key(|pair| pair.images);
    Ok(found)
}

/// The smaller number first.
fn ordered(pair: NearDuplicate) -> NearDuplicate {
    let [a, b] = pair.images;
    if a < b {
        return pair;
    }
    let Change { degrees, enlarged, .. } = pair.change;
    NearDuplicate {
        images: [b, a],
        change: Change { degrees: -degrees, enlarged: 1.0 / enlarged, ..pair.change },
        ..pair
    }
}

/// The details of all images that have any.
struct Comparison<'a> {
    coarse: &'a [&'a Detail],
    fine: &'a [&'a Detail],
}

impl Comparison<'_> {
    /// The near-duplicates among the candidates of one image.
    fn near(&self, candidates: &[Candidate], least: f32) -> Vec<NearDuplicate> {
        self.agreements(candidates, PROMISING).into_iter().flatten().filter(|pair| pair.correlation >= least).collect()
    }

    /// How well an image agrees with each of its candidates; `None` where the coarse squares
    /// correlate by less than `promising`.
    fn agreements(&self, candidates: &[Candidate], promising: f32) -> Vec<Option<NearDuplicate>> {
        let Some(first) = candidates.first().map(|c| c.images[0]) else { return Vec::new() };
        let Some(rough) = Template::new(COARSE.side, self.coarse[first].values()) else {
            return vec![None; candidates.len()];
        };
        let close = LazyCell::new(|| Template::new(FINE.side, self.fine[first].values()));
        let look = |candidate: &Candidate| {
            let second = candidate.images[1];
            let sign = if candidate.inverted { -1.0 } else { 1.0 };
            // The template is the first image: its places go to places of the second.
            let roughly =
                rough.align(&self.coarse[second].values(), sign, candidate.start.inverse()?, 10, HOPE * promising);
            if roughly.correlation < promising || !roughly.map.is_near(&candidate.orientation.map().inverse()?) {
                return None;
            }
            let found = close.as_ref()?.align(&self.fine[second].values(), sign, roughly.map, 8, 0.0);
            let change = Change::of(candidate, &found.map.inverse()?);
            Some(NearDuplicate { images: candidate.images, correlation: found.trimmed, change })
        };
        candidates.iter().map(look).collect()
    }

    /// The correlation that candidates of different exposures do not reach: so many standard
    /// deviations above their median.
    ///
    /// How alike images of different patients are depends on the set: slices of different heads
    /// hardly correlate, computed phantoms do much. Fisher's z of the correlations is near normal;
    /// median and deviation are taken from the lower half alone, so that near-duplicates, of which
    /// a set may be full, do not raise them.
    fn limit(&self, candidates: &[Candidate]) -> f32 {
        let [lowest, highest] = LIMITS;
        let (highest, least) = if candidates.len() < MANY { (OF_FEW, LEAST_OF_FEW) } else { (highest, 0.0) };
        let every = candidates.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<&Candidate> = candidates.iter().step_by(every).collect();
        let found: Vec<Option<NearDuplicate>> =
            sample.into_par_iter().flat_map_iter(|candidate| self.agreements(&[*candidate], 0.0)).collect();
        let mut z: Vec<f32> =
            found.iter().flatten().map(|pair| pair.correlation.clamp(-0.999, 0.999).atanh()).collect();
        if z.len() < 20 {
            return highest;
        }
        z.sort_by(f32::total_cmp);
        let at = |q: f32| z[(q * (z.len() - 1) as f32).round() as usize];
        // The 25th and 5th percentile of a normal distribution lie 0.674 and 1.645 deviations below
        // its median.
        let deviation = ((at(0.25) - at(0.05)) / (1.645 - 0.674)).max(least);
        let median = at(0.25) + 0.674 * deviation;
        (median + DEVIATIONS * deviation).tanh().clamp(lowest, highest)
    }
}

#[cfg(test)]
mod tests;
