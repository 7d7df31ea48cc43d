//! Which file of the program uses which: read from the sources, for the rules of the house.
//!
//! A file is a module. It uses what its `use` declarations and the paths in its code lead to,
//! followed through `pub use` to where a thing is defined. Comments and inline test modules are
//! left out: a test may look anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// A module by its path, `["network", "layers"]` for `crate::network::layers`.
pub(crate) type Module = Vec<String>;

static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(pub(?:\([^)]*\))? )?use ([^;]+);").unwrap());
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+").unwrap());
static INLINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(?:pub(?:\([^)]*\))? )?mod \w+ \{").unwrap());

/// The files of `src` with what each uses.
pub(crate) struct SourceGraph {
    files: BTreeMap<Module, String>,
    /// The rooms that are crates of their own.
    crates: BTreeSet<String>,
    /// Names that a module hands on, with the place that they come from.
    handed_on: BTreeMap<Module, Module>,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under `folder`, with its text.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the source is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("sources are text");
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The module that a file is; `None` for `main.rs`.
fn module_of(file: &Path) -> Option<Module> {
    let inside = file.strip_prefix(source()).ok()?.with_extension("");
    let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match module.last()?.as_str() {
        "main" => return None,
        "mod" | "lib" => drop(module.pop()),
        _ => {}
    }
    Some(module)
}

/// The code without comments and without inline modules, which are tests here.
fn code(text: &str) -> String {
    let mut lines: String = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        lines.extend([line, "\n"]);
    }
    while let Some(found) = INLINE.find(&lines) {
        let end = lines[found.end()..].find("\n}").map_or(lines.len(), |at| found.end() + at + 2);
        lines.replace_range(found.start()..end, "");
    }
    lines
}

/// The paths of a `use` declaration, braces spelled out.
fn spelled_out(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let segments = |path: &str| -> Vec<String> {
        let path = path.split(" as ").next().unwrap_or(path);
        path.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
    };
    let Some(open) = tree.find('{') else { return vec![segments(tree)] };
    let (before, inner) = (segments(&tree[..open]), &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())]);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().expect("there is one").push(c),
        }
    }
    let inner = parts.iter().filter(|part| !part.trim().is_empty()).flat_map(|part| spelled_out(part));
    inner.map(|path| before.iter().cloned().chain(path.into_iter().filter(|s| s != "self")).collect()).collect()
}

impl SourceGraph {
    /// Reads all of `src`.
    pub(crate) fn read() -> Self {
        let files: BTreeMap<Module, String> =
            files(&source()).into_iter().filter_map(|(path, text)| Some((module_of(&path)?, code(&text)))).collect();
        let crates = files.keys().filter_map(|module| module.first());
        let crates = crates.filter(|room| source().join(room).join("Cargo.toml").is_file()).cloned().collect();
        let mut graph = Self { files, crates, handed_on: BTreeMap::new() };
        let mut handed_on = BTreeMap::new();
        for (module, text) in &graph.files {
            for found in USE.captures_iter(text).filter(|found| found.get(1).is_some()) {
                for path in spelled_out(&found[2]) {
                    if let (Some(name), Some(place)) = (path.last().cloned(), graph.absolute(&path, module)) {
                        handed_on.insert(module.iter().cloned().chain([name]).collect::<Module>(), place);
                    }
                }
            }
        }
        graph.handed_on = handed_on;
        graph
    }

    /// The room whose `Cargo.toml` makes it a crate of its own, if the module stands in one.
    fn crate_of(&self, module: &Module) -> Option<String> {
        self.crates.contains(module.first()?).then(|| module[0].clone())
    }

    /// The path from the root of the program, if it leads into the program.
    fn absolute(&self, path: &[String], module: &Module) -> Option<Module> {
        let up = path.iter().take_while(|s| *s == "super").count();
        let rest = |n: usize| path[n..].iter().cloned();
        match path.first()?.as_str() {
            // A room that is a crate of its own stands below the root like every other.
            "crate" => Some(self.crate_of(module).into_iter().chain(rest(1)).collect()),
            "self" => Some(module.iter().cloned().chain(rest(1)).collect()),
            "super" => Some(module.iter().take(module.len().checked_sub(up)?).cloned().chain(rest(up)).collect()),
            // `pub use pellucid_network as network` in the root.
            member if member.strip_prefix("pellucid_").is_some_and(|room| self.crates.contains(room)) => {
                Some([member["pellucid_".len()..].to_owned()].into_iter().chain(rest(1)).collect())
            }
            child => {
                let child: Module = module.iter().cloned().chain([child.to_owned()]).collect();
                self.files.contains_key(&child).then(|| module.iter().cloned().chain(rest(0)).collect())
            }
        }
    }

    /// The file in which what a path names is defined.
    fn defined_in(&self, mut path: Module) -> Module {
        for _ in 0..8 {
            let inside = (0..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n])).unwrap_or(0);
            let handed_on = path.get(..=inside).and_then(|name| self.handed_on.get(name));
            match handed_on {
                Some(place) if *place != path => path = place.iter().chain(&path[inside + 1..]).cloned().collect(),
                _ => return path[..inside].to_vec(),
            }
        }
        path
    }

    /// Every file with the files that it uses, itself left out.
    pub(crate) fn uses(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of_file = |(module, text): (&Module, &String)| {
            let declared = USE.captures_iter(text).flat_map(|found| spelled_out(&found[2]));
            let body = USE.replace_all(text, "");
            let named = PATH.find_iter(&body).map(|p| p.as_str().split("::").map(str::to_owned).collect::<Vec<_>>());
            let places = declared.chain(named.collect::<Vec<_>>()).filter_map(|path| self.absolute(&path, module));
            let used = places.map(|place| self.defined_in(place)).filter(|used| used != module && !used.is_empty());
            (module.clone(), used.collect())
        };
        self.files.iter().map(of_file).collect()
    }
}

/// Whether one module stands inside the other.
pub(crate) fn are_nested(a: &Module, b: &Module) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The files of `among` that lie on circles, or lead into one and are led to by one; parent and
/// child may use each other.
pub(crate) fn circles(uses: &BTreeMap<Module, BTreeSet<Module>>, among: &dyn Fn(&Module) -> bool) -> BTreeSet<Module> {
    let mut left: BTreeSet<Module> = uses.keys().filter(|m| among(m)).cloned().collect();
    let edge = |a: &Module, b: &Module| !are_nested(a, b) && uses[a].contains(b);
    loop {
        let open = |m: &&Module| !left.iter().any(|o| edge(m, o)) || !left.iter().any(|o| edge(o, m));
        let gone: Vec<Module> = left.iter().filter(open).cloned().collect();
        if gone.is_empty() {
            return left;
        }
        left.retain(|m| !gone.contains(m));
    }
}

#[test]
fn a_use_declaration_is_spelled_out() {
    let paths = spelled_out("crate::a::{self, b::{C, D as E}, f}");
    let paths: Vec<String> = paths.iter().map(|p| p.join("::")).collect();
    assert_eq!(paths, ["crate::a", "crate::a::b::C", "crate::a::b::D", "crate::a::f"]);
}

#[test]
fn a_circle_is_found_and_what_only_leads_to_it_is_not_blamed() {
    let module = |name: &str| vec!["room".to_owned(), name.to_owned()];
    let uses = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"]), ("d", vec![])];
    let uses = uses.into_iter().map(|(m, used)| (module(m), used.into_iter().map(module).collect())).collect();
    assert_eq!(circles(&uses, &|_| true), [module("b"), module("c")].into());
}
