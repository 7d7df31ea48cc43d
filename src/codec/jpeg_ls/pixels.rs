//! One line of several components that are interleaved by sample (T.87 B.3, ILV = 2): a run goes on
//! while all of them repeat, and what ends it ends it for all.

use super::bits::Bits;
use super::coding::{Coding, predict};
use super::contexts::Contexts;
use super::lines::{Damaged, Lines, RunIndex, regular, run_length, steep_interruption};

/// Decodes a line of the `N` components that `lines` begins with.
pub(super) fn decode<const WHOLE: bool, const N: usize>(
    bits: &mut Bits,
    coding: &Coding,
    contexts: &mut Contexts,
    run: &mut RunIndex,
    lines: &mut [Lines],
) -> Result<(), Damaged> {
    let Some(lines) = lines.first_chunk_mut::<N>() else { return Err(Damaged) };
    lines.iter_mut().for_each(Lines::begin);
    let width = lines[0].width();
    let mut own = *bits;
    let mut x = 0;
    while x < width {
        // No `map`: it would be a call for each pixel.
        let (mut neighbours, mut of) = ([Neighbours::default(); N], [0; N]);
        let mut repeats = true;
        for c in 0..N {
            neighbours[c] = Neighbours::at(&lines[c], x);
            of[c] = neighbours[c].context(coding);
            repeats &= of[c] == 0;
        }
        if repeats {
            let length;
            (own, length) = run_length(own, run, width - x)?;
            for (line, around) in lines.iter_mut().zip(&neighbours) {
                line.current[x + 1..=x + length].fill(around.left as u16);
            }
            x += length;
            if x == width {
                break;
            }
            let [steep, _] = &mut contexts.interruptions;
            for (line, around) in lines.iter_mut().zip(&neighbours) {
                let above = i32::from(line.above[x + 1]);
                let sample;
                (own, sample) = steep_interruption::<WHOLE>(own, coding, steep, *run, around.left, above)?;
                line.current[x + 1] = sample as u16;
            }
            run.fall();
        } else {
            for c in 0..N {
                let Neighbours { left, above, corner, .. } = neighbours[c];
                let predicted = predict(left, above, corner);
                let sample = regular::<WHOLE>(&mut own, coding, contexts, of[c], predicted)?;
                lines[c].current[x + 1] = sample as u16;
            }
        }
        x += 1;
    }
    *bits = own;
    Ok(())
}

/// Ra, Rb, Rc and Rd.
#[derive(Clone, Copy, Debug, Default)]
struct Neighbours {
    left: i32,
    above: i32,
    corner: i32,
    next: i32,
}

impl Neighbours {
    #[inline]
    fn at(lines: &Lines, x: usize) -> Self {
        Self {
            left: lines.current[x].into(),
            corner: lines.above[x].into(),
            above: lines.above[x + 1].into(),
            next: lines.above[x + 2].into(),
        }
    }

    #[inline]
    fn context(self, coding: &Coding) -> i32 {
        let Self { left, above, corner, next } = self;
        81 * coding.level(next - above) + 9 * coding.level(above - corner) + coding.level(corner - left)
    }
}
