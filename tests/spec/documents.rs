//! What the documents promise to their readers: the README is short, lines fit, every link leads
//! somewhere, and nothing that has a name in the program is missing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use pellucid::explain::Method;
use pellucid::network::architecture::Family;

/// Longest line of the README, of `docs/` and of what else is read by people, in characters.
pub(crate) const WIDTH: usize = 120;
/// Longest row of a table, in characters.
const ROW: usize = 200;
/// Most lines of the README.
const README_LINES: usize = 150;

/// The folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every document for people, model cards included.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs"), root().join("models")];
    let top = fs::read_dir(root()).unwrap().flatten().map(|e| e.path()).filter(|path| path.is_file());
    found.extend(top);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.retain(|path| path.extension().is_some_and(|e| e == "md"));
    found.sort();
    found
}

/// A heading and what stands below it, up to the next heading.
pub(crate) struct Section {
    /// Without the number signs.
    pub heading: String,
    pub text: String,
}

impl Section {
    /// The rows of its table as cells, heads and rules included.
    pub(crate) fn table(&self) -> impl Iterator<Item = Vec<String>> {
        let rows = self.text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        rows.map(|row| {
            let cells = row.replace("\\|", "\u{0}");
            cells.split(" | ").map(|cell| cell.trim().replace('\u{0}', "\\|")).collect()
        })
    }
}

/// The sections of a document of the project; blocks of code are text.
pub(crate) fn sections(document: &str) -> Vec<Section> {
    let (mut found, mut fenced) = (Vec::<Section>::new(), false);
    for line in read(&root().join(document)).lines() {
        fenced ^= line.starts_with("```");
        let heading = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#') && !fenced);
        if let Some(heading) = heading {
            found.push(Section { heading: heading.to_owned(), text: String::new() });
        } else if let Some(section) = found.last_mut() {
            section.text.extend([line, "\n"]);
        }
    }
    found
}

/// What stands between backticks.
pub(crate) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_is_read_in_a_few_minutes() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines; what is more than {README_LINES} belongs into docs/");
}

#[test]
fn lines_fit_a_window() {
    // The cards of models are tables of measurements.
    for path in documents().iter().filter(|path| !path.starts_with(root().join("models"))) {
        for (number, line) in read(path).lines().enumerate() {
            // A row of a table cannot be broken; the README has none that would have to be.
            let most = if line.starts_with('|') && !path.ends_with("README.md") { ROW } else { WIDTH };
            let length = line.chars().count();
            assert!(length <= most, "{}:{}: {length} characters, at most {most}", path.display(), number + 1);
        }
    }
}

/// The links of a document with the numbers of their lines: what stands in `](…)` outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut fenced) = (Vec::new(), false);
    for (number, line) in text.lines().enumerate() {
        fenced ^= line.starts_with("```");
        let prose: String = line.split('`').step_by(2).filter(|_| !fenced).collect::<Vec<_>>().join("`");
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(targets.map(|target| (number + 1, target.to_owned())));
    }
    found
}

/// The anchors that GitHub gives to the headings of a document.
fn anchors(text: &str) -> Vec<String> {
    let (mut found, mut fenced, mut seen) = (Vec::new(), false, HashMap::<String, usize>::new());
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        let Some(heading) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#') && !fenced)
        else {
            continue;
        };
        let kept = heading.trim().to_lowercase();
        let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
        let anchor = kept.replace(' ', "-");
        let times = seen.entry(anchor.clone()).or_default();
        found.push(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    for path in documents() {
        let text = read(&path);
        for (line, target) in links(&text) {
            if target.contains("://") {
                continue;
            }
            let at = format!("{}:{line}: {target}", path.display());
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(to.exists(), "{at}: there is no such file");
            let known = || anchors(&read(&to));
            assert!(anchor.is_empty() || known().iter().any(|a| a == anchor), "{at}: it has no such heading");
        }
    }
}

#[test]
fn the_readme_leads_to_every_document() {
    let readme = root().join("README.md");
    let to: Vec<PathBuf> = links(&read(&readme)).into_iter().map(|(_, target)| root().join(target)).collect();
    for path in documents().into_iter().filter(|path| *path != readme) {
        assert!(to.contains(&path), "README.md does not lead to {}", path.display());
    }
}

#[test]
fn the_citation_is_that_of_this_version() {
    let version = format!("\nversion: {}\n", env!("CARGO_PKG_VERSION"));
    assert!(read(&root().join("CITATION.cff")).contains(&version), "CITATION.cff states another version");
}

#[test]
fn every_method_is_explained() {
    let text = read(&root().join("docs/explanations.md"));
    for method in Method::ALL {
        let entry = format!("- **{}** (`{}`, ", method.name(), method.key());
        assert!(text.contains(&entry), "docs/explanations.md has no entry that begins with {entry}");
    }
}

#[test]
fn every_architecture_is_described() {
    let section = sections("docs/models.md").into_iter().find(|s| s.heading == "Architectures").unwrap();
    for family in Family::ALL {
        assert!(section.text.contains(&format!("`{}`", family.name())), "docs/models.md does not describe {family}");
    }
}
