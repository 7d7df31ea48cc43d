//! A record as the row of a table: one cell a figure, named like the columns of `evaluate`'s table.

use super::Record;
use crate::evaluation::result_table::{Column, ResultTable};

/// A cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) enum Cell {
    Text(String),
    Number(f64),
    Whole(i64),
    Truth(bool),
}

impl Record<'_> {
    /// Names and values of what is known of the image.
    pub(in crate::cli) fn cells(&self) -> Vec<(String, Cell)> {
        let text = |name: &str, words: &str| (name.to_owned(), Cell::Text(words.to_owned()));
        let mut cells = vec![text("image", &self.image)];
        if !self.sop_instance_uid.is_empty() {
            cells.push(text("sop_instance_uid", self.sop_instance_uid));
        }
        cells.extend(self.frame.map(|frame| ("frame".to_owned(), Cell::Whole(i64::from(frame)))));
        cells.extend(self.model.as_ref().map(|model| text("model", model.name)));
        cells.push(("accepted".to_owned(), Cell::Truth(self.gate.accepted)));
        for row in self.predictions.iter().chain(&self.groups) {
            let figures = [
                ("p", Some(row.probability)),
                ("logit", row.logit),
                ("mean", row.mean),
                ("sd", row.sd),
                ("p05", row.p05),
                ("p95", row.p95),
            ];
            let known = figures.into_iter().filter_map(|(name, value)| Some((name, value?)));
            cells.extend(known.map(|(name, value)| (format!("{name} {}", row.label), Cell::Number(f64::from(value)))));
        }
        let states = self.conformal.iter().flat_map(|conformal| &conformal.states);
        cells.extend(states.map(|s| text(&format!("state {}", s.label), s.state.word())));
        cells.extend(self.population.map(|p| ("inside population".to_owned(), Cell::Truth(p.inside))));
        cells.extend(self.copy_of.as_ref().map(|other| text("copy_of", other)));
        if !self.warnings.is_empty() {
            cells.push(text("warnings", &self.warnings.join(" ")));
        }
        cells
    }
}

/// Rows as a table: a column for each name, in the order in which names came up.
pub(in crate::cli) fn table(rows: &[Vec<(String, Cell)>]) -> ResultTable {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut table = ResultTable::default();
    for name in names {
        let cells: Vec<Option<&Cell>> =
            rows.iter().map(|row| row.iter().find(|(own, _)| own == name).map(|(_, cell)| cell)).collect();
        let column = match cells.iter().flatten().next() {
            Some(Cell::Number(_)) => Column::Number(cells.iter().map(|c| number(*c)).collect()),
            Some(Cell::Whole(_)) => Column::Whole(cells.iter().map(|c| whole(*c)).collect()),
            Some(Cell::Truth(_)) => Column::Truth(cells.iter().map(|c| truth(*c)).collect()),
            Some(Cell::Text(_)) | None => Column::Text(cells.iter().map(|c| words(*c)).collect()),
        };
        table.push(name, column);
    }
    table
}

fn number(cell: Option<&Cell>) -> Option<f64> {
    if let Some(Cell::Number(value)) = cell { Some(*value) } else { None }
}

fn whole(cell: Option<&Cell>) -> Option<i64> {
    if let Some(Cell::Whole(value)) = cell { Some(*value) } else { None }
}

fn truth(cell: Option<&Cell>) -> Option<bool> {
    if let Some(Cell::Truth(value)) = cell { Some(*value) } else { None }
}

fn words(cell: Option<&Cell>) -> Option<String> {
    if let Some(Cell::Text(words)) = cell { Some(words.clone()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_different_models_share_a_table_with_gaps() {
        let row = |image: &str, name: &str, p: f64| {
            vec![("image".to_owned(), Cell::Text(image.into())), (format!("p {name}"), Cell::Number(p))]
        };
        let made = table(&[row("1.png", "Mass", 0.5), row("2.png", "Nodule", 0.25)]);
        let text = made.of_kind(std::path::Path::new("x.csv")).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "image,p Mass,p Nodule\n1.png,0.5,\n2.png,,0.25\n");
    }
}
