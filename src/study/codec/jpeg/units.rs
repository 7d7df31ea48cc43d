//! The units of entropy-coded data, read and not decoded: blocks of coefficients, and lossless
//! samples.

use super::huffman::{Bits, Codes, Ended};
use super::segments::ScanHeader;

/// A difference of DC values or of lossless samples: its size, then so many bits (T.81 F.2.2.1,
/// H.1.2.2).
pub(super) fn difference(bits: &mut Bits<'_>, codes: &Codes) -> Result<(), Ended> {
    match bits.code(codes)? {
        size @ 0..=15 => bits.skip(size.into()),
        // 32768 needs no further bits.
        16 => Ok(()),
        _ => Err(Ended),
    }
}

/// All coefficients of a block (T.81 F.2.2.2).
pub(super) fn block(bits: &mut Bits<'_>, dc: &Codes, ac: &Codes) -> Result<(), Ended> {
    difference(bits, dc)?;
    let mut k = 1;
    while k < 64 {
        let code = bits.code(ac)?;
        match (code >> 4, code & 15) {
            (15, 0) => k += 16,
            (_, 0) => break,
            (zeros, size) => {
                k += usize::from(zeros) + 1;
                bits.skip(size.into())?;
            }
        }
    }
    if k > 64 { Err(Ended) } else { Ok(()) }
}

/// The coefficients of a band for the first time (T.81 G.1.2.2).
pub(super) fn first_pass(
    bits: &mut Bits<'_>,
    scan: &ScanHeader,
    codes: &Codes,
    history: &mut u64,
    run: &mut u32,
) -> Result<(), Ended> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let (mut k, last) = (u32::from(scan.first), u32::from(scan.last.min(63)));
    while k <= last {
        let code = bits.code(codes)?;
        match (u32::from(code >> 4), code & 15) {
            (15, 0) => k += 16,
            (length, 0) => {
                *run = (1 << length) - 1 + bits.take(length as usize)?;
                return Ok(());
            }
            (zeros, size) => {
                k += zeros;
                bits.skip(size.into())?;
                if k > last {
                    return Err(Ended);
                }
                *history |= 1 << k;
                k += 1;
            }
        }
    }
    Ok(())
}

/// One more bit for the coefficients of a band, and those that come in with it (T.81 G.1.2.3).
pub(super) fn refinement(
    bits: &mut Bits<'_>,
    scan: &ScanHeader,
    codes: &Codes,
    history: &mut u64,
    run: &mut u32,
) -> Result<(), Ended> {
    let (mut k, last) = (u32::from(scan.first), u32::from(scan.last.min(63)));
    while *run == 0 && k <= last {
        let code = bits.code(codes)?;
        let (mut zeros, size) = (u32::from(code >> 4), code & 15);
        if size == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.take(zeros as usize)?;
            break;
        }
        if size > 0 {
            bits.skip(1)?;
        }
        while k <= last {
            if *history >> k & 1 == 1 {
                bits.skip(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            k += 1;
        }
        if size > 0 && k <= last {
            *history |= 1 << k;
        }
        k += 1;
    }
    if *run > 0 {
        for _ in (k..=last).filter(|k| *history >> k & 1 == 1) {
            bits.skip(1)?;
        }
        *run -= 1;
    }
    Ok(())
}
