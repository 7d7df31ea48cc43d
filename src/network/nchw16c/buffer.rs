//! Room for the maps between two layers of a block, kept from call to call.
//!
//! Memory that comes from the system is cleared page by page, and memory that is asked for with
//! zeros in it is cleared again: together a quarter of a pass through a small network. What is
//! overwritten as a whole needs neither.

use std::cell::Cell;

use super::{LANES, Pixel};

/// Pixels that a thread keeps at most: 64 MiB.
const MOST: usize = 1 << 20;

thread_local! {
    static BUFFER: Cell<Vec<Pixel>> = const { Cell::new(Vec::new()) };
}

/// Lends `count` pixels, whatever they hold. A thread that is asked for more while it lends, as
/// one that helps out with other work may be, makes new ones.
pub(crate) fn with_buffer<T>(count: usize, work: impl FnOnce(&mut [Pixel]) -> T) -> T {
    let mut buffer = BUFFER.take();
    if buffer.len() < count {
        buffer = vec![[0.0; LANES]; count];
    }
    let done = work(&mut buffer[..count]);
    if buffer.len() <= MOST {
        BUFFER.set(buffer);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_kept_and_a_second_one_at_a_time_is_another() {
        let first = with_buffer(8, |outer| {
            outer.fill([1.0; LANES]);
            let inner = with_buffer(4, |inner| inner.as_ptr());
            assert_ne!(outer.as_ptr(), inner);
            outer.as_ptr()
        });
        // The one that was given back last is kept, with what it holds.
        with_buffer(8, |again| assert_eq!((again.as_ptr(), again[7]), (first, [1.0; LANES])));
        with_buffer(MOST + 1, |large| large[MOST] = [2.0; LANES]);
        with_buffer(1, |small| assert_ne!(small[0], [2.0; LANES]));
    }
}
