//! Tables of results in other programs: columns of a kind, named as the document says, and of the same
//! values as the other ways to get them.

use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::cli::{code, lines, pellucid, said};
use super::documents::{code_spans, sections};
use crate::toy;

type Rows = Vec<Vec<(String, Field)>>;

fn parquet(path: &Path) -> Rows {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect()
}

fn value<'a>(row: &'a [(String, Field)], name: &str) -> &'a Field {
    &row.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no column {name}")).1
}

/// Whether docs/tables.md has a row for a column.
fn is_documented(column: &str) -> bool {
    let told = sections("docs/tables.md").into_iter().find(|s| s.heading == "Columns").unwrap();
    let names: Vec<String> =
        told.table().flat_map(|row| code_spans(&row[0]).map(str::to_owned).collect::<Vec<_>>()).collect();
    names.iter().any(|name| match name.strip_suffix(" CLASS") {
        Some(kind) => column.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' ')),
        None => name == column,
    })
}

#[test]
fn tables_have_the_columns_of_the_document_and_the_values_of_the_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    for i in 0..3 {
        toy::picture(&path.join(format!("set/NORMAL/IM-{i}-1.png")), i);
        toy::picture(&path.join(format!("set/PNEUMONIA/person{i}_1.png")), 10 + i);
    }
    let predict = pellucid(path, &["predict", "set", "--model", "toy", "--json", "--out", "results.parquet"]);
    assert_eq!(code(&predict), 0, "{}", said(&predict));
    let (rows, records) = (parquet(&path.join("results.parquet")), lines(&predict));
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(&records) {
        assert_eq!(*value(row, "image"), Field::Str(record["image"].as_str().unwrap().into()));
        for score in record["predictions"].as_array().unwrap() {
            let Field::Double(p) = value(row, &format!("p {}", score["label"].as_str().unwrap())) else { panic!() };
            assert!((p - score["probability"].as_f64().unwrap()).abs() < 1e-6);
        }
        row.iter().for_each(|(name, _)| assert!(is_documented(name), "docs/tables.md does not say what `{name}` is"));
    }
    let evaluate = ["evaluate", "set", "--model", "toy", "--json", "--out"];
    assert_eq!(code(&pellucid(path, &[&evaluate[..], &["scored.parquet"]].concat())), 0);
    assert_eq!(code(&pellucid(path, &[&evaluate[..], &["scored.csv"]].concat())), 0);
    assert_eq!(code(&pellucid(path, &[&evaluate[..], &["whole"]].concat())), 0);
    let rows = parquet(&path.join("scored.parquet"));
    for (name, _) in &rows[0] {
        assert!(is_documented(name), "docs/tables.md does not say what `{name}` is");
    }
    let known = pellucid::training::experiments::crossval::read_table(&path.join("whole/predictions.csv")).unwrap();
    let again = pellucid::training::experiments::crossval::read_table(&path.join("scored.csv")).unwrap();
    assert_eq!(known, again, "the table alone is that of the folder");
    for (row, prediction) in rows.iter().zip(&known.rows) {
        for (t, target) in known.targets.iter().enumerate() {
            assert_eq!(*value(row, &format!("p {}", target.name)), Field::Double(prediction.probability[t]));
            let truth = prediction.truth[t].map_or(Field::Null, Field::Bool);
            assert_eq!(*value(row, &format!("truth {}", target.name)), truth);
        }
    }
    let odd = pellucid(path, &["predict", "set", "--model", "toy", "--out", "results.xlsx"]);
    assert!(code(&odd) == 2 && said(&odd).contains("ends in .csv or .parquet"), "{}", said(&odd));
    // Python names columns that there are, with a class of its own.
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md")).unwrap();
    let snippets: String = text.split("```python").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let columns = snippets.split('"').skip(1).step_by(2).filter(|word| !word.ends_with(".parquet"));
    let mut seen = 0;
    for column in columns {
        assert!(is_documented(column), "Python reads `{column}`");
        seen += 1;
    }
    assert!(seen > 5);
    // A Python that has pandas and Polars runs them, where one is named.
    let Some(python) = std::env::var_os("PELLUCID_PYTHON") else {
        println!("not run: PELLUCID_PYTHON names no Python with pandas, pyarrow and polars");
        return;
    };
    let program = snippets.replace("pneumonia", "Pneumonia");
    let ran = std::process::Command::new(python).args(["-c", &program]).current_dir(path).output().unwrap();
    assert!(ran.status.success() && !ran.stdout.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn two_models_are_compared_on_a_set_as_on_their_evaluations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    fs::rename(path.join("toy"), path.join("first")).unwrap();
    toy::model(path);
    for i in 0..6 {
        toy::picture(&path.join(format!("set/NORMAL/IM-{i}-1.png")), i);
        toy::picture(&path.join(format!("set/PNEUMONIA/person{i}_1.png")), 10 + i);
    }
    for model in ["first", "toy"] {
        let out = format!("of-{model}");
        assert_eq!(code(&pellucid(path, &["evaluate", "set", "--model", model, "--out", &out])), 0);
    }
    let kept = pellucid(path, &["compare", "of-first", "of-toy", "--json"]);
    let direct = pellucid(path, &["compare", "first", "toy", "--on", "set", "--json"]);
    assert_eq!(code(&direct), 0, "{}", said(&direct));
    let without_names = |output| {
        let mut found = lines(output).pop().unwrap();
        for comparison in found["comparisons"].as_array_mut().unwrap() {
            let object = comparison.as_object_mut().unwrap();
            object.remove("runs");
            object.remove("verdict");
        }
        found
    };
    assert_eq!(without_names(&direct), without_names(&kept));
    let twice = pellucid(path, &["compare", "toy", "toy", "--on", "set"]);
    assert!(code(&twice) == 2 && said(&twice).contains("named twice"), "{}", said(&twice));
}
