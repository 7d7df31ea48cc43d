//! Memory for what a file says that it holds, asked for and not taken: a number in a file is no
//! reason to end.

use super::ImportError;

/// An empty list with room for `count` values.
///
/// # Errors
/// When there is no memory for them.
pub(super) fn room<T>(count: usize) -> Result<Vec<T>, ImportError> {
    let mut values = Vec::new();
    let bytes = count.saturating_mul(size_of::<T>()) as u64;
    values.try_reserve_exact(count).map_err(|_| ImportError::NoMemory { bytes })?;
    Ok(values)
}
