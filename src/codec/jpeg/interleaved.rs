//! Red, green and blue of several pixels, which come as three rows, pixel by pixel.
//!
//! Of bytes sixteen pixels at a time: each sixteen bytes of the result take theirs from every row by
//! one shuffle, and the three are laid over each other. Compilers turn the plain loop into single
//! bytes.

#[cfg(target_arch = "x86_64")]
use pulp::{bytemuck, core_arch::x86};

/// Pixels that are interleaved at once.
pub(super) const LANES: usize = 32;

/// Any samples, one after the other.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn any<S: Copy>([red, green, blue]: &[[S; LANES]; 3], pixels: &mut [[S; 3]; LANES]) {
    for (((pixel, red), green), blue) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
        *pixel = [*red, *green, *blue];
    }
}

/// Bytes by shuffles, where the machine has them.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn bytes(rows: &[[u8; LANES]; 3], pixels: &mut [[u8; 3]; LANES]) {
    #[cfg(target_arch = "x86_64")]
    if let (Some(sse2), Some(ssse3)) = (x86::Sse2::try_new(), x86::Ssse3::try_new()) {
        let (out, _) = pixels.as_flattened_mut().as_chunks_mut::<16>();
        for (i, out) in out.iter_mut().enumerate() {
            let part = |row: usize| {
                let (sixteen, _) = rows[row].as_chunks::<16>();
                ssse3._mm_shuffle_epi8(bytemuck::cast(sixteen[i / 3]), bytemuck::cast(PLACES[i % 3][row]))
            };
            *out = bytemuck::cast(sse2._mm_or_si128(sse2._mm_or_si128(part(0), part(1)), part(2)));
        }
        return;
    }
    any(rows, pixels);
}

/// For each sixteen of the 48 bytes of sixteen pixels, and for each row, which of its bytes goes
/// where; 128 for none.
#[cfg(target_arch = "x86_64")]
const PLACES: [[[u8; 16]; 3]; 3] = {
    let mut places = [[[128; 16]; 3]; 3];
    let mut byte = 0;
    while byte < 48 {
        places[byte / 16][byte % 3][byte % 16] = (byte / 3) as u8;
        byte += 1;
    }
    places
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_put_the_colours_of_a_pixel_together() {
        let rows: [[u8; LANES]; 3] = [0, 1, 2].map(|row| std::array::from_fn(|i| (8 * i + row) as u8));
        let (mut expected, mut found) = ([[0; 3]; LANES], [[0; 3]; LANES]);
        any(&rows, &mut expected);
        bytes(&rows, &mut found);
        assert_eq!(found, expected);
        assert_eq!(found[31], [248, 249, 250]);
    }
}
