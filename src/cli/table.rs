//! Tables for people, as text: columns of a fixed width with two blanks between them, and how
//! numbers stand in them.

use crate::evaluation::bootstrap::Estimate;

/// How a cell stands in its column; widths are in characters, and what is longer sticks out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Left(usize),
    Right(usize),
}

/// One row of a table.
pub(super) fn row<S: AsRef<str>>(columns: &[Column], cells: impl IntoIterator<Item = S>) -> String {
    let cell = |(column, cell): (&Column, S)| match (*column, cell.as_ref()) {
        (Column::Left(width), text) => format!("{text:<width$}"),
        (Column::Right(width), text) => format!("{text:>width$}"),
    };
    columns.iter().zip(cells).map(cell).collect::<Vec<_>>().join("  ")
}

/// The width of the longest of some names, and no less than `least`.
pub(super) fn width<'a>(names: impl IntoIterator<Item = &'a str>, least: usize) -> usize {
    names.into_iter().map(|name| name.chars().count()).fold(least, usize::max)
}

/// Three digits, a dash where there is nothing to say.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |v| format!("{v:.3}"))
}

/// A value with its interval, as far as they are known.
pub(super) fn interval(Estimate(value, low, high): Estimate) -> String {
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (value, ..) => number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_by_characters() {
        let columns = [Column::Right(4), Column::Left(6)];
        assert_eq!(row(&columns, ["1", "–"]), "   1  –     ");
        assert_eq!(row(&columns, ["10000", "ab"]), "10000  ab    ");
        assert_eq!(width(["Lung", "Mässe"], 3), 5);
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        assert_eq!(number(None), "–");
        assert_eq!(interval(Estimate(Some(0.5), None, None)), "0.500");
        assert_eq!(interval(Estimate(Some(0.5), Some(0.25), Some(0.75))), "0.500 (0.250–0.750)");
        assert_eq!(interval(Estimate::default()), "–");
    }
}
