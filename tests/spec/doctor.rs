//! What the program says of the machine that it runs on, and what packages are made from.

use std::fs;

use super::cli::{code, lines, pellucid, said};

#[test]
fn doctor_tries_every_part_and_prints_a_page_without_the_name_of_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["doctor"]);
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(code(&output), 0, "{page}{}", said(&output));
    let parts = [
        "Program",
        "System",
        "Memory",
        "Computing",
        "Display",
        "Models",
        "Decoders",
        "Fonts",
        "Dialogs",
        "Keyring",
        "Folders",
    ];
    for part in parts {
        assert!(page.lines().any(|line| line.split_whitespace().nth(1) == Some(part)), "{part} in\n{page}");
    }
    // Without a display the viewer alone is missing.
    assert!(page.contains("limited  Display"), "{page}");
    assert!(page.contains("chest-xray (built in): version"), "{page}");
    let home = std::env::var("HOME").unwrap_or_default();
    assert!(home.len() < 4 || !page.contains(&home), "{page}");
}

#[test]
fn doctor_says_the_same_to_machines() {
    let folder = tempfile::tempdir().unwrap();
    let findings = lines(&pellucid(folder.path(), &["doctor", "--json"]));
    let of = |part: &str| findings.iter().find(|finding| finding["part"] == part).unwrap();
    assert_eq!(of("Decoders")["condition"], "works");
    let decoded = of("Decoders")["text"].as_str().unwrap();
    for syntax in
        ["JPEG 2000", "JPEG-LS", "RLE Lossless", "JPEG XL", "High-Throughput JPEG 2000", "Deflated Image Frame"]
    {
        assert!(decoded.contains(syntax), "{syntax} in {decoded}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_said_and_ends_with_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jdoe");
    fs::write(&file, "").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .arg("doctor")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("TMPDIR", &file)
        .env("USER", "jdoe")
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(code(&output), 3, "{page}");
    assert!(page.contains("fails    Folders    temporary files: "), "{page}");
    assert!(!page.contains("jdoe"), "a path names the user: {page}");
}

#[test]
fn shells_complete_every_command_and_each_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = pellucid(folder.path(), &["completions", shell]);
        let script = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(code(&output), 0, "{}", said(&output));
        for word in ["predict", "deidentify", "doctor", "anonymize"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    let output = pellucid(folder.path(), &["completions", "--manual", "man"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let page = fs::read_to_string(folder.path().join("man/pellucid-predict.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("pellucid"), "{page}");
    assert!(folder.path().join("man/pellucid.1").is_file());
    assert!(!folder.path().join("man/pellucid-decode-worker.1").exists(), "it is no command for people");
    assert_eq!(code(&pellucid(folder.path(), &["completions"])), 2);
}
