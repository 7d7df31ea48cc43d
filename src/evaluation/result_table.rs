//! Tables of results with columns of a kind, as CSV and as Parquet: what one reads back in another
//! program are numbers, truths and words, and nothing where nothing is known.
//!
//! Parquet is written plain and without compression, every column optional, a table as one row group:
//! every reader of the format knows that (pandas, Polars, R).

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::csv_table::csv;
use super::predictions::Predictions;
use crate::model::manifest::Head;

/// Why a table was not made.
#[derive(Debug, thiserror::Error)]
pub enum ResultTableError {
    #[error("the table could not be written as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    #[error("the table could not be written as CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("\"{0}\" says no kind of table: the name of a file ends in .csv or .parquet")]
    Kind(String),
}

/// Values of one kind, one a row; `None` where nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Whole(Vec<Option<i64>>),
    Truth(Vec<Option<bool>>),
}

impl Column {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Truth(values) => values.len(),
        }
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Words as numbers, where all that are known are some.
    #[must_use]
    pub fn of_words(words: Vec<Option<String>>) -> Self {
        let number = |word: &Option<String>| match word {
            None => Some(None),
            Some(word) => word.parse::<f64>().ok().filter(|n| n.is_finite()).map(Some),
        };
        let numbers: Option<Vec<Option<f64>>> = words.iter().map(number).collect();
        match numbers.filter(|numbers| numbers.iter().any(Option::is_some)) {
            Some(numbers) => Self::Number(numbers),
            None => Self::Text(words),
        }
    }

    /// The cell of a row as text; empty where nothing is known, 1 and 0 for truths.
    fn cell(&self, row: usize) -> String {
        let text = match self {
            Self::Text(values) => values[row].clone(),
            Self::Number(values) => values[row].map(|v| v.to_string()),
            Self::Whole(values) => values[row].map(|v| v.to_string()),
            Self::Truth(values) => values[row].map(|v| u8::from(v).to_string()),
        };
        text.unwrap_or_default()
    }

    fn physical(&self) -> Physical {
        match self {
            Self::Text(_) => Physical::BYTE_ARRAY,
            Self::Number(_) => Physical::DOUBLE,
            Self::Whole(_) => Physical::INT64,
            Self::Truth(_) => Physical::BOOLEAN,
        }
    }
}

/// Columns with their names, all of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultTable {
    columns: Vec<(String, Column)>,
}

impl ResultTable {
    /// Adds a column; a name that is there already gets a number.
    pub fn push(&mut self, name: &str, column: Column) {
        let taken: HashSet<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let free = |name: &String| !taken.contains(name.as_str());
        let mut names = std::iter::once(name.to_owned()).chain((2..).map(|n| format!("{name} {n}")));
        let name = names.find(free).unwrap_or_else(|| name.to_owned());
        self.columns.push((name, column));
    }

    /// What a model said of every image of a set, as `predictions.csv` has it.
    #[must_use]
    pub fn of_predictions(set: &Predictions) -> Self {
        let mut table = Self::default();
        let rows = &set.rows;
        let words = |of: &dyn Fn(usize) -> String| {
            Column::Text((0..rows.len()).map(|i| Some(of(i)).filter(|w| !w.is_empty())).collect())
        };
        table.push("image", words(&|i| rows[i].image.clone()));
        table.push("patient", words(&|i| rows[i].patient.clone()));
        if set.head == Head::Softmax {
            table.push("called", words(&|i| set.targets[rows[i].called()].name.clone()));
        }
        for (t, target) in set.targets.iter().enumerate() {
            let name = &target.name;
            table.push(&format!("truth {name}"), Column::Truth(rows.iter().map(|r| r.truth[t]).collect()));
            table.push(&format!("says {name}"), Column::Truth(rows.iter().map(|r| Some(r.says[t])).collect()));
            table.push(&format!("p {name}"), Column::Number(rows.iter().map(|r| Some(r.probability[t])).collect()));
            if !target.group {
                table.push(&format!("logit {name}"), Column::Number(rows.iter().map(|r| Some(r.logits[t])).collect()));
            }
        }
        let mut facts: Vec<&str> = rows.iter().flat_map(|r| r.facts.keys().map(String::as_str)).collect();
        facts.sort_unstable();
        facts.dedup();
        for fact in facts {
            table.push(fact, Column::of_words(rows.iter().map(|r| r.facts.get(fact).cloned()).collect()));
        }
        table
    }

    /// The bytes of a file of this name.
    ///
    /// # Errors
    /// When its ending is neither `.csv` nor `.parquet`, or it cannot be made.
    pub fn of_kind(&self, path: &Path) -> Result<Vec<u8>, ResultTableError> {
        match Kind::of(path) {
            Some(Kind::Csv) => self.to_csv(),
            Some(Kind::Parquet) => self.to_parquet(),
            None => Err(ResultTableError::Kind(path.display().to_string())),
        }
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    fn to_csv(&self) -> Result<Vec<u8>, ResultTableError> {
        let row = |row: usize| self.columns.iter().map(|(_, column)| column.cell(row)).collect();
        Ok(csv(self.columns.iter().map(|(name, _)| name.as_str()), (0..self.rows()).map(row))?)
    }

    fn to_parquet(&self) -> Result<Vec<u8>, ResultTableError> {
        let mut bytes = Vec::new();
        let mut rows = ParquetRows::begin(&mut bytes, self)?;
        rows.append(self)?;
        rows.end()?;
        Ok(bytes)
    }
}

/// A Parquet file that is written bit by bit, a row group for each table.
pub struct ParquetRows<W: Write + Send> {
    file: SerializedFileWriter<W>,
}

impl<W: Write + Send> ParquetRows<W> {
    /// A file of tables with the columns of this one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(into: W, like: &ResultTable) -> Result<Self, ResultTableError> {
        let field = |(name, column): &(String, Column)| {
            let text = matches!(column, Column::Text(_)).then_some(LogicalType::String);
            let built = Type::primitive_type_builder(name, column.physical())
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(text)
                .build();
            built.map(Arc::new)
        };
        let fields = like.columns.iter().map(field).collect::<Result<_, _>>()?;
        let schema = Arc::new(Type::group_type_builder("results").with_fields(fields).build()?);
        let properties = Arc::new(WriterProperties::builder().build());
        Ok(Self { file: SerializedFileWriter::new(into, schema, properties)? })
    }

    /// Adds the rows of a table.
    ///
    /// # Errors
    /// When it cannot be written, or its columns are others.
    pub fn append(&mut self, table: &ResultTable) -> Result<(), ResultTableError> {
        let mut group = self.file.next_row_group()?;
        for (_, column) in &table.columns {
            let Some(mut writer) = group.next_column()? else { break };
            match column {
                Column::Text(values) => {
                    let words: Vec<_> =
                        values.iter().map(|v| v.as_ref().map(|v| ByteArray::from(v.as_str()))).collect();
                    write::<ByteArrayType>(&mut writer, &words)?;
                }
                Column::Number(values) => write::<DoubleType>(&mut writer, values)?,
                Column::Whole(values) => write::<Int64Type>(&mut writer, values)?,
                Column::Truth(values) => write::<BoolType>(&mut writer, values)?,
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes the end of the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(self) -> Result<(), ResultTableError> {
        self.file.close()?;
        Ok(())
    }
}

/// Writes the known values, and where they stand.
fn write<T: DataType>(writer: &mut SerializedColumnWriter<'_>, values: &[Option<T::T>]) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
    let known: Vec<T::T> = values.iter().flatten().cloned().collect();
    writer.typed::<T>().write_batch(&known, Some(&levels), None)?;
    Ok(())
}

/// The kinds of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Csv,
    Parquet,
}

impl Kind {
    /// By the ending of a file's name.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_string_lossy().to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    fn table() -> ResultTable {
        let mut table = ResultTable::default();
        table.push("image", Column::Text(vec![Some("a, \"1\".png".into()), Some("ü.png".into()), None]));
        table.push("p Mass", Column::Number(vec![Some(0.1), None, Some(1.0 / 3.0)]));
        table.push("frame", Column::Whole(vec![None, Some(2), Some(-1)]));
        table.push("truth Mass", Column::Truth(vec![Some(true), Some(false), None]));
        table.push("image", Column::of_words(vec![Some("4.5".into()), None, Some("6".into())]));
        table
    }

    #[test]
    fn what_is_written_as_parquet_is_read_again_with_its_kinds_and_gaps() {
        let bytes = table().of_kind(Path::new("x.parquet")).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
        let rows: Vec<Vec<(String, Field)>> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect();
        let of = |row: usize, column: usize| rows[row][column].1.clone();
        assert_eq!(rows[0][4].0, "image 2", "a name stands once");
        assert_eq!(of(0, 0), Field::Str("a, \"1\".png".into()));
        assert_eq!((of(1, 1), of(2, 1)), (Field::Null, Field::Double(1.0 / 3.0)));
        assert_eq!((of(0, 2), of(2, 2)), (Field::Null, Field::Long(-1)));
        assert_eq!((of(0, 3), of(1, 3), of(2, 3)), (Field::Bool(true), Field::Bool(false), Field::Null));
        assert_eq!((of(0, 4), of(1, 4)), (Field::Double(4.5), Field::Null));
    }

    #[test]
    fn the_same_stands_in_the_table_of_text() {
        let text = String::from_utf8(table().of_kind(Path::new("X.CSV")).unwrap()).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[0], "image,p Mass,frame,truth Mass,image 2");
        assert_eq!(rows[1], "\"a, \"\"1\"\".png\",0.1,,1,4.5");
        assert_eq!(rows[2], "ü.png,,2,0,");
        assert!(table().of_kind(Path::new("x.xlsx")).unwrap_err().to_string().contains("ends in .csv or .parquet"));
    }

    #[test]
    fn a_table_without_rows_is_a_table() {
        let mut empty = ResultTable::default();
        empty.push("image", Column::Text(Vec::new()));
        let bytes = empty.of_kind(Path::new("x.parquet")).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
