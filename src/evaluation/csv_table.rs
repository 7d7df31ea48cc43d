//! Tables for machines: a header and rows of cells as CSV.

/// A table for machines: a header and rows of cells.
pub(crate) fn csv<S: AsRef<str>>(
    header: impl IntoIterator<Item = S>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> csv::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(header.into_iter().map(|name| name.as_ref().to_owned()))?;
    for row in rows {
        table.write_record(row)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_a_cell_are_quoted() {
        let table = csv(["image", "patient"], [vec!["1.png".into(), "p, 1".into()]]).unwrap();
        assert_eq!(String::from_utf8(table).unwrap(), "image,patient\n1.png,\"p, 1\"\n");
    }
}
