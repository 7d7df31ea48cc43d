//! The keyring of the system, a real one: GNOME Keyring on a bus of its own, in a home of its own. A
//! password that was typed once is there for the next process, and after the keyring itself was started
//! again; and it is in no file of ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::orthanc::{Orthanc, PASSWORD, USER};

/// Opens the keyring, which has an empty password, and then does what is asked.
const OPENED: &str =
    "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec sh -c \"$1\"";

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// Runs a line of the shell in a home of its own; `keyring` where a keyring is there.
fn run(home: &Path, keyring: bool, line: &str) -> Output {
    let mut command = if keyring {
        let mut command = Command::new("dbus-run-session");
        command.args(["--", "sh", "-c", OPENED, "sh", line]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    };
    let run = home.join("run");
    std::fs::create_dir_all(&run).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    command.env("HOME", home).env("XDG_DATA_HOME", home.join("data")).env("XDG_RUNTIME_DIR", &run);
    command.env("PELLUCID", env!("CARGO_BIN_EXE_pellucid"));
    for name in ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "PELLUCID_SECRET_WARD"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Files of ours, or the keyring's, that hold a text.
fn files_with(folder: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, words));
        } else if std::fs::read(&path).is_ok_and(|bytes| text(&bytes).contains(words)) {
            found.push(path);
        }
    }
    found
}

fn add(port: u16) -> String {
    format!(
        "printf '{PASSWORD}\\n' | \"$PELLUCID\" pacs peers add ward --web http://127.0.0.1:{port}/dicom-web --user {USER} --secret-stdin"
    )
}

#[test]
fn a_password_lives_in_the_keyring_and_survives_its_restart() {
    let all = ["dbus-run-session", "gnome-keyring-daemon"].map(program);
    let (true, Some(orthanc)) = (all.iter().all(Option::is_some), Orthanc::start()) else { return };
    let home = tempfile::tempdir().unwrap();
    let check = "\"$PELLUCID\" pacs peers check ward";
    let added = run(home.path(), true, &format!("{} && {check}", add(orthanc.port)));
    assert!(added.status.success(), "{}{}", text(&added.stdout), text(&added.stderr));
    assert!(text(&added.stdout).contains("answers"), "{}", text(&added.stdout));
    // Another bus, another keyring daemon, another process.
    let again = run(home.path(), true, check);
    assert!(again.status.success(), "{}{}", text(&again.stdout), text(&again.stderr));
    let peers = home.path().join("data/pellucid/peers.toml");
    assert!(std::fs::read_to_string(&peers).unwrap().contains(USER));
    assert!(files_with(home.path(), PASSWORD).is_empty(), "{:?}", files_with(home.path(), PASSWORD));
    // Whoever changes the address does not get the password sent there.
    let moved = std::fs::read_to_string(&peers).unwrap().replace("/dicom-web", "/dicom-web/x");
    std::fs::write(&peers, moved).unwrap();
    let said = text(&run(home.path(), true, check).stderr);
    assert!(said.contains("wants a name and a password"), "{said}");
    std::fs::write(&peers, std::fs::read_to_string(&peers).unwrap().replace("/dicom-web/x", "/dicom-web")).unwrap();
    let removed = run(
        home.path(),
        true,
        &format!(
            "\"$PELLUCID\" pacs peers remove ward; {}",
            add(orthanc.port).replace("--secret-stdin", "--no-secret")
        ),
    );
    assert!(removed.status.success(), "{}", text(&removed.stderr));
    let forgotten = run(home.path(), true, check);
    assert!(
        !forgotten.status.success() && text(&forgotten.stderr).contains("wants a name"),
        "{}",
        text(&forgotten.stderr)
    );
}

#[test]
fn where_no_keyring_answers_it_is_said_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let added = run(home.path(), false, &add(1));
    let said = text(&added.stderr);
    assert!(added.status.success(), "the archive is known all the same: {said}");
    assert!(said.contains("is not kept: no keyring of the system answers"), "{said}");
    assert!(said.contains("set PELLUCID_SECRET_WARD"), "{said}");
    let check = run(home.path(), false, "\"$PELLUCID\" pacs peers check ward </dev/null");
    let said = text(&check.stderr);
    assert!(!check.status.success() && said.contains("PELLUCID_SECRET_WARD"), "{said}");
}
