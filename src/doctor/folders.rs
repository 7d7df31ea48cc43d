//! Folders that the program writes to: a file is written to each and removed.

use std::path::Path;

use directories::ProjectDirs;

use super::Finding;

/// Room below which reports, models and training runs soon find none.
const LITTLE: u64 = 1 << 30;

pub(super) fn examine() -> Vec<Finding> {
    const PART: &str = "Folders";
    let own = ProjectDirs::from("", "", "pellucid");
    let Some(own) = own else {
        return vec![Finding::limited(
            PART,
            "there is no home folder: settings, measurements, impressions and models are not kept; set HOME",
        )];
    };
    let all = [
        ("settings", own.config_dir().to_owned()),
        ("data", own.data_dir().to_owned()),
        ("cache", own.cache_dir().to_owned()),
        ("temporary files", std::env::temp_dir()),
    ];
    all.into_iter().map(|(what, folder)| tried(PART, what, &folder)).collect()
}

fn tried(part: &'static str, what: &str, folder: &Path) -> Finding {
    let shown = folder.display();
    let place = existing(folder);
    if let Err(error) = tempfile::Builder::new().prefix(".pellucid-doctor").tempfile_in(place) {
        // The error of a temporary file names its path.
        let reason = error.kind();
        return Finding::fails(part, format!("{what}: {shown} cannot be written to ({reason})"));
    }
    match room(place) {
        Some(free) if free < LITTLE => {
            Finding::limited(part, format!("{what}: {shown} can be written to, but only {} MB are free", free >> 20))
        }
        Some(free) => Finding::works(part, format!("{what}: {shown}, {:.1} GB free", free as f64 / 1e9)),
        None => Finding::works(part, format!("{what}: {shown}")),
    }
}

/// The folder, or what is there of the way to it: the program makes the rest when it needs it.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder)
}

#[cfg(unix)]
fn room(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::super::Condition;
    use super::*;

    #[test]
    fn a_folder_that_is_a_file_is_said_to_be_unwritable_and_one_that_is_not_there_is_made_later() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("not/there")), folder.path());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(tried("Folders", "data", &file.join("below")).condition, Condition::Fails);
        std::fs::remove_file(&file).unwrap();
        let found = tried("Folders", "data", folder.path());
        assert!(found.text.starts_with("data: "), "{}", found.text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays behind");
    }
}
