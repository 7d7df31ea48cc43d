//! One line of one component: regular mode and run mode (T.87 A.4 to A.7).

use super::bits::Bits;
use super::coding::{Coding, predict};
use super::contexts::{Contexts, Interruption};

/// An impossible code: no encoder writes it, so the data are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// J (A.2.1, initialisation 3): run segments of 2^J samples, by run index.
const J: [u8; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// How long runs have been of late.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunIndex(u8);

impl RunIndex {
    #[inline]
    fn order(self) -> u32 {
        u32::from(J[usize::from(self.0) % J.len()])
    }

    #[inline]
    fn rise(&mut self) {
        self.0 = (self.0 + 1).min(31);
    }

    #[inline]
    pub(super) fn fall(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

/// The line that is decoded and the one above, each with a sample before and one behind it.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) above: Vec<u16>,
    pub(super) current: Vec<u16>,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], current: vec![0; width + 2] }
    }

    /// Above the first line of an interval stand zeros (A.2.1).
    pub(super) fn restart(&mut self) {
        self.above.fill(0);
        self.current.fill(0);
    }

    pub(super) fn width(&self) -> usize {
        self.current.len() - 2
    }

    /// The samples outside of the image (A.2.1): left of the line is the first one above; behind
    /// the line above, its last one again. Left of the line above stands what was there when it was
    /// decoded.
    pub(super) fn begin(&mut self) {
        let width = self.width();
        self.current[0] = self.above[1];
        self.above[width + 1] = self.above[width];
    }

    pub(super) fn samples(&self) -> &[u16] {
        &self.current[1..=self.width()]
    }

    pub(super) fn end(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
    }
}

/// Decodes a line. `WHOLE` is [`Coding::whole`]. Bits go into what is called for a run and come
/// back, so that the loop can keep them in registers.
pub(super) fn decode<const WHOLE: bool>(
    bits: &mut Bits,
    coding: &Coding,
    contexts: &mut Contexts,
    run: &mut RunIndex,
    lines: &mut Lines,
) -> Result<(), Damaged> {
    lines.begin();
    let width = lines.width();
    let above = &lines.above[..width + 2];
    let current = &mut lines.current[..width + 2];
    let mut own = *bits;
    let mut x = 0;
    let mut left = i32::from(current[0]);
    // The gradient from corner to above is that from above to the next at the sample before.
    let (mut corner, mut over) = (i32::from(above[0]), i32::from(above[1]));
    let mut slope = coding.level(over - corner);
    while x < width {
        let next = i32::from(above[x + 2]);
        let next_slope = coding.level(next - over);
        let context = 81 * next_slope + 9 * slope + coding.level(corner - left);
        if context == 0 {
            let length;
            (own, length) = run_length(own, run, width - x)?;
            current[x + 1..=x + length].fill(left as u16);
            x += length;
            if x == width {
                break;
            }
            over = i32::from(above[x + 1]);
            (own, left) = interruption::<WHOLE>(own, coding, &mut contexts.interruptions, *run, left, over)?;
            run.fall();
            let next = i32::from(above[x + 2]);
            slope = coding.level(next - over);
            (corner, over) = (over, next);
        } else {
            let predicted = predict(left, over, corner);
            left = regular::<WHOLE>(&mut own, coding, contexts, context, predicted)?;
            slope = next_slope;
            (corner, over) = (over, next);
        }
        current[x + 1] = left as u16;
        x += 1;
    }
    *bits = own;
    Ok(())
}

/// A sample in regular mode, at a context of either sign.
#[expect(clippy::inline_always, reason = "bits stay in registers only where nothing takes their address")]
#[inline(always)]
pub(super) fn regular<const WHOLE: bool>(
    bits: &mut Bits,
    coding: &Coding,
    contexts: &mut Contexts,
    context: i32,
    predicted: i32,
) -> Result<i32, Damaged> {
    let sign = context >> 31;
    let signed = |value: i32| (value ^ sign) - sign;
    let context = contexts.regular(context.unsigned_abs());
    let k = context.golomb_parameter();
    let predicted = (predicted + signed(context.c)).clamp(0, coding.maxval);
    let mapped = bits.golomb(k, coding.escape(coding.limit), coding.qbpp).ok_or(Damaged)?;
    if mapped > coding.range as u32 {
        return Err(Damaged);
    }
    let error = context.unmap(mapped, k, coding.near);
    context.learn(error, coding);
    Ok(coding.reconstruct::<WHOLE>(predicted, signed(error)))
}

/// Samples that repeat the one to the left, of `most` that the line still takes (A.7.1).
pub(super) fn run_length<'a>(
    mut bits: Bits<'a>,
    run: &mut RunIndex,
    most: usize,
) -> Result<(Bits<'a>, usize), Damaged> {
    let mut length = 0;
    while bits.bit() {
        length += 1 << run.order();
        if length <= most {
            run.rise();
        }
        if length >= most {
            return Ok((bits, most));
        }
    }
    length += bits.number(run.order()) as usize;
    // A run that is interrupted leaves room for the sample that does it.
    if length < most { Ok((bits, length)) } else { Err(Damaged) }
}

/// The sample that ends a run (A.7.2).
fn interruption<'a, const WHOLE: bool>(
    bits: Bits<'a>,
    coding: &Coding,
    contexts: &mut [Interruption; 2],
    run: RunIndex,
    left: i32,
    above: i32,
) -> Result<(Bits<'a>, i32), Damaged> {
    let [steep, flat] = contexts;
    if (left - above).abs() <= coding.near {
        let (bits, error) = interruption_error(bits, coding, flat, run)?;
        return Ok((bits, coding.reconstruct::<WHOLE>(left, error)));
    }
    steep_interruption::<WHOLE>(bits, coding, steep, run, left, above)
}

/// The same, predicted from above: where components are interleaved by sample it is always so.
pub(super) fn steep_interruption<'a, const WHOLE: bool>(
    bits: Bits<'a>,
    coding: &Coding,
    context: &mut Interruption,
    run: RunIndex,
    left: i32,
    above: i32,
) -> Result<(Bits<'a>, i32), Damaged> {
    let (bits, error) = interruption_error(bits, coding, context, run)?;
    Ok((bits, coding.reconstruct::<WHOLE>(above, if left > above { -error } else { error })))
}

fn interruption_error<'a>(
    mut bits: Bits<'a>,
    coding: &Coding,
    context: &mut Interruption,
    run: RunIndex,
) -> Result<(Bits<'a>, i32), Damaged> {
    let k = context.golomb_parameter();
    let escape = coding.escape(coding.limit - run.order() - 1);
    let mapped = bits.golomb(k, escape, coding.qbpp).ok_or(Damaged)?;
    if mapped > coding.range as u32 {
        return Err(Damaged);
    }
    Ok((bits, context.unmap_and_learn(mapped, k, coding)))
}
