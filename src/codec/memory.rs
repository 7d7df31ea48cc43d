//! Memory for what a stream says that it holds, asked for and not taken: a number in a file is no
//! reason to end.

/// So many zeros; `None` where there is no memory for them.
pub(crate) fn zeros<T: Clone + Default>(count: usize) -> Option<Vec<T>> {
    filled(count, T::default())
}

/// So many copies of a value; `None` where there is no memory for them.
pub(crate) fn filled<T: Clone>(count: usize, value: T) -> Option<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, value);
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_memory_holds_is_told() {
        assert_eq!(zeros::<u16>(3), Some(vec![0; 3]));
        assert_eq!(zeros::<u64>(usize::MAX / 8), None);
        assert_eq!(filled(usize::MAX, [0_u8; 64]), None);
    }
}
