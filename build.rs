//! Embeds the models found in `models/` and the commit, so that the binary alone does the main job.
//!
//! Writes `$OUT_DIR/embedded_models.rs`: a slice of `(name, [(file name, bytes)])`, and
//! `$OUT_DIR/embedded_segmenter.rs`: the files of the lung segmenter, which is no model to select.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets the manifest folder");
    let out = env::var("OUT_DIR").expect("cargo sets the output folder");
    println!("cargo::rerun-if-changed=models");
    // The log of HEAD grows with every commit; outside a checkout there is none.
    if let Some(log) = git(&root, &["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = git(&root, &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=PELLUCID_COMMIT={commit}");
    fs::write(Path::new(&out).join("embedded_models.rs"), embed(&Path::new(&root).join("models")))
        .expect("the output folder is writable");
    let segmenter = segmenter(&Path::new(&root).join("models").join("lungs"));
    fs::write(Path::new(&out).join("embedded_segmenter.rs"), segmenter).expect("the output folder is writable");
}

fn git(root: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// One entry for each folder of `models/` that holds a manifest, in the order of their names.
fn embed(models: &Path) -> String {
    let mut source = String::from("&[\n");
    for folder in sorted(models).into_iter().filter(|p| p.join("manifest.toml").is_file()) {
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        writeln!(source, "    ({name:?}, &[").expect("writing to a string");
        for file in sorted(&folder).into_iter().filter(|p| p.is_file()) {
            let file_name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
            writeln!(source, "        ({file_name:?}, include_bytes!({:?}) as &[u8]),", file.display().to_string())
                .expect("writing to a string");
        }
        source.push_str("    ]),\n");
    }
    source.push_str("]\n");
    source
}

/// The two files of a segmenter that describes itself; nothing of one that is still to be trained.
fn segmenter(folder: &Path) -> String {
    let mut source = String::from("&[\n");
    if folder.join("segmenter.toml").is_file() {
        for name in ["segmenter.toml", "weights.safetensors"] {
            let path = folder.join(name).display().to_string();
            writeln!(source, "    ({name:?}, include_bytes!({path:?}) as &[u8]),").expect("writing to a string");
        }
    }
    source.push_str("]\n");
    source
}

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}
