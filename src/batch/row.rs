//! What a model says of one image, as a row: of `predict --out` and of a batch alike.

use std::collections::HashMap;

use crate::evaluation::result_table::{Column, ResultTable};

/// One image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub sop_instance_uid: String,
    /// Of an image with several frames, counted from 1.
    pub frame: Option<u32>,
    /// `None` where no model fits.
    pub model: Option<JudgedBy>,
    /// What the input gate says.
    pub accepted: bool,
    /// Why there are no scores, where there are none; empty where there are.
    pub reason: String,
    /// The image is damaged: it has a row, and is a failure all the same.
    pub is_damaged: bool,
    /// Labels, then groups.
    pub classes: Vec<ClassRow>,
    /// Whether it belongs to the population of the model; `None` where that is not known.
    pub inside_population: Option<bool>,
    /// Sentences, one behind the other.
    pub warnings: String,
}

/// The model that scored an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedBy {
    pub name: String,
    /// Of its weights, lower-case hex.
    pub sha256: String,
}

/// A label or a group. Groups have no logit; without samples there is no distribution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassRow {
    pub name: String,
    /// In the order of [`FIGURES`].
    pub figures: [Option<f64>; FIGURES.len()],
    /// Present, absent, undecided or withheld; `None` where nothing is said.
    pub state: Option<String>,
}

/// The figures of a class, as columns are named.
pub const FIGURES: [&str; 6] = ["p", "logit", "mean", "sd", "p05", "p95"];

/// A cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Number(f64),
    Whole(i64),
    Truth(bool),
}

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Whole,
    Truth,
}

impl Cell {
    fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Whole(_) => Kind::Whole,
            Self::Truth(_) => Kind::Truth,
        }
    }
}

/// What came of an image, as it is written.
pub const SCORED: &str = "scored";
pub const NOT_SCORED: &str = "not scored";
pub const FAILED: &str = "failed";
/// Of a file beside the images.
pub const NO_IMAGE: &str = "no image";

/// Cells with the names of their columns.
pub type Cells = Vec<(String, Cell)>;

impl Row {
    /// What came of the image: a damaged one is a failure, though it has a row.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (self.is_damaged, self.classes.is_empty()) {
            (true, _) => FAILED,
            (false, true) => NOT_SCORED,
            (false, false) => SCORED,
        }
    }

    /// Names and values of what is known of the image in the file `image`, which may be a copy of another
    /// one.
    #[must_use]
    pub fn cells(&self, image: &str, copy_of: Option<&str>) -> Cells {
        let text = |name: &str, words: &str| (name.to_owned(), Cell::Text(words.to_owned()));
        let mut cells = vec![text("image", image)];
        if !self.sop_instance_uid.is_empty() {
            cells.push(text("sop_instance_uid", &self.sop_instance_uid));
        }
        cells.extend(self.frame.map(|frame| ("frame".to_owned(), Cell::Whole(i64::from(frame)))));
        cells.extend(self.model.as_ref().map(|model| text("model", &model.name)));
        cells.push(("accepted".to_owned(), Cell::Truth(self.accepted)));
        for class in &self.classes {
            let known = FIGURES.iter().zip(class.figures).filter_map(|(name, value)| Some((name, value?)));
            cells.extend(known.map(|(name, value)| (format!("{name} {}", class.name), Cell::Number(value))));
        }
        let states = self.classes.iter().filter_map(|class| Some((class, class.state.as_ref()?)));
        cells.extend(states.map(|(class, state)| text(&format!("state {}", class.name), state)));
        cells.extend(self.inside_population.map(|inside| ("inside population".to_owned(), Cell::Truth(inside))));
        cells.extend(copy_of.map(|other| text("copy_of", other)));
        if !self.warnings.is_empty() {
            cells.push(text("warnings", &self.warnings));
        }
        cells
    }
}

/// Rows as a table: a column for each name, in the order in which names came up.
#[must_use]
pub fn table(rows: &[Cells]) -> ResultTable {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, cell) in rows.iter().flatten() {
        places.entry(name).or_insert_with(|| {
            columns.push((name.clone(), cell.kind()));
            columns.len() - 1
        });
    }
    let mut table = RowTable::new(&columns);
    rows.iter().for_each(|row| table.push(row));
    table.finish()
}

/// A table of columns that are known before, made row by row.
pub struct RowTable {
    columns: Vec<(String, Column)>,
    places: HashMap<String, usize>,
}

impl RowTable {
    /// Without rows.
    #[must_use]
    pub fn new(columns: &[(String, Kind)]) -> Self {
        let empty = |kind| match kind {
            Kind::Text => Column::Text(Vec::new()),
            Kind::Number => Column::Number(Vec::new()),
            Kind::Whole => Column::Whole(Vec::new()),
            Kind::Truth => Column::Truth(Vec::new()),
        };
        let places = columns.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        Self { columns: columns.iter().map(|(name, kind)| (name.clone(), empty(*kind))).collect(), places }
    }

    /// Adds a row; what it does not have is missing, and cells of other names or kinds are left out.
    pub fn push(&mut self, row: &Cells) {
        let before = self.columns.first().map_or(0, |(_, column)| column.len());
        for (name, cell) in row {
            let Some((_, column)) = self.places.get(name).map(|place| &mut self.columns[*place]) else { continue };
            if column.len() > before {
                continue;
            }
            match (column, cell) {
                (Column::Text(column), Cell::Text(words)) => column.push(Some(words.clone())),
                (Column::Number(column), Cell::Number(value)) => column.push(Some(*value)),
                (Column::Whole(column), Cell::Whole(value)) => column.push(Some(*value)),
                (Column::Truth(column), Cell::Truth(value)) => column.push(Some(*value)),
                _ => {}
            }
        }
        for (_, column) in self.columns.iter_mut().filter(|(_, column)| column.len() == before) {
            match column {
                Column::Text(column) => column.push(None),
                Column::Number(column) => column.push(None),
                Column::Whole(column) => column.push(None),
                Column::Truth(column) => column.push(None),
            }
        }
    }

    /// All rows.
    #[must_use]
    pub fn finish(self) -> ResultTable {
        let mut table = ResultTable::default();
        for (name, column) in self.columns {
            table.push(&name, column);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_different_models_share_a_table_with_gaps() {
        let row = |image: &str, name: &str, p: f64| {
            vec![("image".to_owned(), Cell::Text(image.into())), (format!("p {name}"), Cell::Number(p))]
        };
        let rows = [row("1.png", "Mass", 0.5), row("2.png", "Nodule", 0.25)];
        let csv =
            |table: ResultTable| String::from_utf8(table.of_kind(std::path::Path::new("x.csv")).unwrap()).unwrap();
        assert_eq!(csv(table(&rows)), "image,p Mass,p Nodule\n1.png,0.5,\n2.png,,0.25\n");
        let columns = [("p Mass".to_owned(), Kind::Number), ("frame".to_owned(), Kind::Whole)];
        let mut given = RowTable::new(&columns);
        rows.iter().for_each(|row| given.push(row));
        assert_eq!(csv(given.finish()), "p Mass,frame\n0.5,\n,\n");
    }
}
