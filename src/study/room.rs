//! Memory for pixels, asked for and not taken: however large an image says that it is, the program
//! goes on where there is no memory for it.

use super::StudyError;

/// An empty list with room for `count` values.
///
/// # Errors
/// When there is no memory for them.
pub(super) fn room<T>(count: usize) -> Result<Vec<T>, StudyError> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| no_room::<T>(count))?;
    Ok(values)
}

/// The values, of which there are `count`.
pub(super) fn collected<T>(count: usize, values: impl Iterator<Item = T>) -> Result<Vec<T>, StudyError> {
    let mut all = room(count)?;
    all.extend(values.take(count));
    Ok(all)
}

/// The same list with zeros up to a length, or cut to it.
pub(super) fn resized(mut bytes: Vec<u8>, length: usize) -> Result<Vec<u8>, StudyError> {
    bytes.try_reserve_exact(length.saturating_sub(bytes.len())).map_err(|_| no_room::<u8>(length))?;
    bytes.resize(length, 0);
    Ok(bytes)
}

fn no_room<T>(count: usize) -> StudyError {
    StudyError::TooLarge(format!("there is no memory for its {} bytes", count.saturating_mul(size_of::<T>())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_memory_holds_is_a_sentence() {
        let error = room::<f32>(usize::MAX / 4).unwrap_err().to_string();
        assert!(error.contains("there is no memory for its"), "{error}");
        assert!(resized(vec![1], usize::MAX).is_err());
        assert_eq!(resized(vec![1, 2], 3).unwrap(), [1, 2, 0]);
        assert_eq!(collected(2, [1, 2, 3].into_iter()).unwrap(), [1, 2]);
    }
}
