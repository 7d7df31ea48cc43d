//! A run survives kill −9 at any moment: what is on the disk is always a whole checkpoint, and
//! going on from it ends in the same model as a run that was never killed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CONFIG: &str = r#"
size = 32
seed = 5
[data]
folders = ["films"]
validation = 0.25
[[phase]]
epochs = 12
[optimization]
batch = 4
learning_rate = 0.01
schedule = "plateau"
plateau_patience = 1
average_decay = 0.9
[architecture]
family = "custom-cnn"
widths = [4, 4, 8, 8]
hidden = [8]
"#;

fn films(folder: &Path) {
    for (class, low) in [("dark", 20_u8), ("light", 120)] {
        let class = folder.join("films").join(class);
        std::fs::create_dir_all(&class).unwrap();
        for i in 0..16_u32 {
            let film =
                image::GrayImage::from_fn(32, 32, |x, y| image::Luma([low + ((x * 7 + y * 13 + i * 29) % 90) as u8]));
            film.save(class.join(format!("{i}.png"))).unwrap();
        }
    }
    std::fs::write(folder.join("tiny.toml"), CONFIG).unwrap();
}

fn command(folder: &Path, run: &str, resume: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    command.current_dir(folder).args(["train", "tiny.toml", "--out", run]);
    if resume {
        command.arg("--resume");
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_run_killed_again_and_again_ends_in_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    films(folder.path());
    let whole = command(folder.path(), "whole", false).output().unwrap();
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let checkpoint = folder.path().join("killed/checkpoint.safetensors");
    // Uneven times, so that the kills fall into steps, validation and writing alike.
    for (i, wait) in [130_u64, 211, 97, 173, 251, 149].into_iter().enumerate() {
        let mut run = command(folder.path(), "killed", checkpoint.exists()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        run.kill().unwrap();
        run.wait().unwrap();
        if checkpoint.exists() {
            let bytes = std::fs::read(&checkpoint).unwrap();
            safetensors::SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("kill {i} left a torn file: {e}"));
        }
    }
    let end = command(folder.path(), "killed", checkpoint.exists()).output().unwrap();
    assert!(end.status.success(), "{}", String::from_utf8_lossy(&end.stderr));
    let weights = |run: &str| std::fs::read(folder.path().join(run).join("model/weights.safetensors")).unwrap();
    assert!(weights("killed") == weights("whole"), "the weights differ");
}

#[test]
fn a_torn_checkpoint_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    films(folder.path());
    let first = command(folder.path(), "run", false).arg("--max-epochs").arg("1").output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let path = folder.path().join("run/checkpoint.safetensors");
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let refused = command(folder.path(), "run", true).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("does not fit this run"), "cut at {cut}: {said}");
    }
}
