//! Names of a head's outputs: `A,B,C`, or a file with a name a line or a JSON list. An empty name
//! hides its output.

use std::path::Path;

use super::ImportError;
use crate::files::read_text;
use crate::limits::MANIFEST_BYTES;

/// The labels that a text or a file names, in order; empty names stand for outputs that are not
/// shown.
pub fn parse(given: &str) -> Result<Vec<String>, ImportError> {
    let path = Path::new(given);
    let labels: Vec<String> = if path.exists() && !path.is_dir() {
        let text = read_text(path, MANIFEST_BYTES)
            .map_err(|error| ImportError::Labels(format!("the list of labels {given} cannot be read: {error}")))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.trim_start().starts_with('[') {
            serde_json::from_str(text)
                .map_err(|error| ImportError::Labels(format!("{given} is no JSON list of names: {error}")))?
        } else {
            text.lines().map(|line| line.trim().to_owned()).collect()
        }
    } else if !given.contains(',') && (given.contains('/') || path.extension().is_some()) {
        return Err(ImportError::Labels(format!("there is no file {given}; give names with commas or a file")));
    } else {
        given.split(',').map(|label| label.trim().to_owned()).collect()
    };
    if labels.iter().all(String::is_empty) {
        return Err(ImportError::Labels("no label has a name".into()));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_empty_places() {
        assert_eq!(parse("A, B,,C").unwrap(), ["A", "B", "", "C"]);
        assert!(parse(",,").unwrap_err().to_string().contains("no label has a name"));
        assert!(parse("labels.txt").unwrap_err().to_string().contains("there is no file"));
    }

    #[test]
    fn files_hold_a_name_a_line_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let (lines, json) = (folder.path().join("lines.txt"), folder.path().join("list.json"));
        std::fs::write(&lines, "A\n\n B \n").unwrap();
        std::fs::write(&json, r#"["A", "", "B"]"#).unwrap();
        assert_eq!(parse(lines.to_str().unwrap()).unwrap(), ["A", "", "B"]);
        assert_eq!(parse(json.to_str().unwrap()).unwrap(), ["A", "", "B"]);
        std::fs::write(&json, "[1, 2").unwrap();
        assert!(parse(json.to_str().unwrap()).is_err());
    }
}
