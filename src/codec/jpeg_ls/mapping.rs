//! Mapping tables (T.87 C.2.4.1.2): samples are indices, and a table says what they stand for.
//!
//! Tables of one and two bytes an entry are applied: images with few grey levels are coded so.
//! Wider ones are palettes, whose meaning T.87 leaves open; they are refused by name.

use super::JpegLsError;

/// A table as LSE segments of type 2 and 3 have brought it.
#[derive(Clone, Debug)]
struct Table {
    id: u8,
    /// Bytes of an entry.
    width: u8,
    entries: Vec<u8>,
}

/// The tables of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables(Vec<Table>);

impl Tables {
    /// Takes in an LSE segment of type 2.
    pub(super) fn begin(&mut self, segment: &[u8]) -> Result<(), JpegLsError> {
        let &[id, width, ref entries @ ..] = segment else { return Err(too_short()) };
        if id == 0 || width == 0 {
            return Err(JpegLsError::malformed("it has a mapping table without a number or with empty entries"));
        }
        self.0.retain(|table| table.id != id);
        self.0.push(Table { id, width, entries: entries.to_vec() });
        Ok(())
    }

    /// Takes in one of type 3, which goes on with a table.
    pub(super) fn go_on(&mut self, segment: &[u8]) -> Result<(), JpegLsError> {
        let &[id, width, ref entries @ ..] = segment else { return Err(too_short()) };
        match self.0.iter_mut().find(|table| table.id == id && table.width == width) {
            Some(table) => table.entries.extend_from_slice(entries),
            None => return Err(JpegLsError::malformed(format!("mapping table {id} goes on before it begins"))),
        }
        Ok(())
    }

    /// What samples of 0 to `maxval` stand for in the table that a scan names; 0 names none.
    pub(super) fn mapping(&self, id: u8, maxval: i32) -> Result<Option<Mapping>, JpegLsError> {
        if id == 0 {
            return Ok(None);
        }
        let Some(table) = self.0.iter().find(|table| table.id == id) else {
            return Err(JpegLsError::unsupported(format!("mapping table {id}, which is kept outside of it")));
        };
        let values: Vec<u16> = match table.width {
            1 => table.entries.iter().map(|value| u16::from(*value)).collect(),
            2 => table.entries.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
            width => {
                let what = format!("mapping table {id} with entries of {width} bytes (a palette)");
                return Err(JpegLsError::unsupported(what));
            }
        };
        if values.len() <= maxval as usize {
            return Err(JpegLsError::malformed(format!(
                "mapping table {id} has {} entries, its samples reach {maxval}",
                values.len()
            )));
        }
        Ok(Some(Mapping { values, precision: 8 * table.width }))
    }
}

fn too_short() -> JpegLsError {
    JpegLsError::malformed("a mapping table ends before it begins")
}

/// What the samples of a component stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    values: Vec<u16>,
    /// Bits of a value.
    pub(super) precision: u8,
}

impl Mapping {
    #[inline]
    pub(super) fn of(&self, index: u16) -> u16 {
        self.values.get(usize::from(index)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_goes_on_where_it_is_too_long_for_a_segment() {
        let mut tables = Tables::default();
        tables.begin(&[5, 2, 0, 10, 1, 0]).unwrap();
        assert!(tables.mapping(5, 3).unwrap_err().to_string().contains("2 entries"));
        tables.go_on(&[5, 2, 4, 1, 255, 255]).unwrap();
        let mapping = tables.mapping(5, 3).unwrap().unwrap();
        assert_eq!([0, 1, 2, 3].map(|i| mapping.of(i)), [10, 256, 1025, 65_535]);
        assert_eq!(mapping.precision, 16);
        assert_eq!(tables.mapping(0, 3), Ok(None));
    }

    #[test]
    fn what_cannot_be_applied_is_named() {
        let mut tables = Tables::default();
        tables.begin(&[5, 3, 255, 255, 255, 255, 0, 0]).unwrap();
        let palette = tables.mapping(5, 1).unwrap_err().to_string();
        assert!(palette.contains("mapping table 5") && palette.contains("palette"), "{palette}");
        assert!(tables.mapping(6, 1).unwrap_err().to_string().contains("mapping table 6"));
        assert!(tables.go_on(&[7, 1, 0]).is_err() && tables.begin(&[5]).is_err());
    }
}
