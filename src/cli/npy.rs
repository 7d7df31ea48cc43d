//! `NumPy`'s `.npy` files, version 1.0 (NEP 1): a header in Python's notation, then little-endian
//! values, C order.

/// The bytes of an array of `f32` with this shape.
pub(super) fn bytes<'a>(shape: &[usize], values: impl IntoIterator<Item = &'a f32>) -> Vec<u8> {
    let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let comma = if sides.len() == 1 { "," } else { "" };
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{comma}), }}", sides.join(", "));
    // Magic, version, length and header fill a multiple of 64 bytes and end in a line feed.
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(values.into_iter().flat_map(|v| v.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_numpy_writes() {
        let file = bytes(&[1, 2, 2], &[1.0, -2.0, 0.5, 0.0]);
        assert_eq!(file.len(), 128 + 16);
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(file[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2), }  "));
        assert_eq!(file[127], b'\n');
        assert_eq!(&file[132..136], &(-2f32).to_le_bytes());
    }

    #[test]
    fn one_dimension_is_a_tuple_too() {
        assert!(bytes(&[3], &[0.0; 3])[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"));
    }
}
