//! `cargo run --manifest-path fuzz/Cargo.toml --bin corpus`: writes the seeds to `fuzz/corpus`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let count = pellucid_fuzz::write_corpus(folder)?;
    println!("{count} seeds are in {}", folder.join("corpus").display());
    Ok(())
}
