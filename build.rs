//! Embeds the models found in `models/` and the commit, so that the binary alone does the main job.
//!
//! Writes `$OUT_DIR/embedded_models.rs`: a slice of `(name, [(file name, bytes)])`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets the manifest folder");
    let out = env::var("OUT_DIR").expect("cargo sets the output folder");
    println!("cargo::rerun-if-changed=models");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rustc-env=PELLUCID_COMMIT={}", commit(&root));
    fs::write(Path::new(&out).join("embedded_models.rs"), embed(&Path::new(&root).join("models")))
        .expect("the output folder is writable");
}

fn commit(root: &str) -> String {
    Command::new("git")
        .args(["-C", root, "rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|o| o.status.success())
        .map_or_else(|| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
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

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}
