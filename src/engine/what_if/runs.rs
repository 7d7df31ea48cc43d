//! A part of an image in few numbers: for steps back, for changes that are kept, and for reports.

use serde::{Deserialize, Serialize};

/// Pixels of an image as runs: the first pixel and the length of each, row by row; a run may go on in
/// the next row. Written as one list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u32>", try_from = "Vec<u32>")]
pub struct Runs(Vec<[u32; 2]>);

/// A list of numbers that are no runs.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("runs of pixels are pairs of numbers: the first pixel and how many")]
pub struct NoRuns;

impl From<Runs> for Vec<u32> {
    fn from(runs: Runs) -> Self {
        runs.0.into_flattened()
    }
}

impl TryFrom<Vec<u32>> for Runs {
    type Error = NoRuns;

    fn try_from(numbers: Vec<u32>) -> Result<Self, NoRuns> {
        let (pairs, rest) = numbers.as_chunks();
        if rest.is_empty() { Ok(Self(pairs.to_vec())) } else { Err(NoRuns) }
    }
}

impl Runs {
    /// The pixels that are taken.
    #[must_use]
    pub fn of(taken: &[bool]) -> Self {
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(first) = taken[at..].iter().position(|taken| *taken).map(|next| at + next) {
            let length = taken[first..].iter().position(|taken| !*taken).unwrap_or(taken.len() - first);
            runs.push([first as u32, length as u32]);
            at = first + length;
        }
        Self(runs)
    }

    /// True without any pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many runs there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The pixels of an image of that many; `None` where a run leaves it or goes back.
    #[must_use]
    pub fn taken(&self, pixels: usize) -> Option<Vec<bool>> {
        let mut taken = vec![false; pixels];
        let mut at = 0_u64;
        for [first, length] in &self.0 {
            let end = u64::from(*first) + u64::from(*length);
            if u64::from(*first) < at || *length == 0 {
                return None;
            }
            taken.get_mut(*first as usize..usize::try_from(end).ok()?)?.fill(true);
            at = end;
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_give_back_the_pixels_that_they_were_made_of() {
        for bits in 0_u32..1 << 10 {
            let taken: Vec<bool> = (0..10).map(|i| bits >> i & 1 == 1).collect();
            let runs = Runs::of(&taken);
            assert_eq!(runs.taken(10), Some(taken));
            assert_eq!(runs.is_empty(), bits == 0);
        }
    }

    #[test]
    fn runs_of_another_image_or_out_of_order_are_none() {
        for runs in [vec![[8, 3]], vec![[4, 2], [0, 1]], vec![[0, 4], [3, 2]], vec![[2, 0]], vec![[u32::MAX, u32::MAX]]]
        {
            assert_eq!(Runs(runs.clone()).taken(10), None, "{runs:?}");
        }
    }
}
