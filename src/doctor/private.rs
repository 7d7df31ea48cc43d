//! Who uses the machine stands nowhere on the page: errors and folders name paths, and paths name
//! people.

use std::env;

use directories::UserDirs;

/// What tells who the user is.
pub(super) struct User {
    home: Option<String>,
    names: Vec<String>,
}

impl User {
    /// The user of this process, as far as the system tells.
    pub(super) fn of_system() -> Self {
        let home = UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let folder = home.as_deref().and_then(|home| home.file_name()).map(|name| name.to_string_lossy().into_owned());
        let variables = ["USER", "LOGNAME", "USERNAME", "SUDO_USER"].into_iter().filter_map(|name| env::var(name).ok());
        let names = variables.chain(folder).filter(|name| !name.is_empty()).collect();
        Self { home: home.map(|home| home.display().to_string()).filter(|home| home.len() > 1), names }
    }

    /// The text with `~` for the home folder and `…` wherever else a name of the user is a part of a
    /// path or a word of its own.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let text = self.home.as_ref().map_or_else(|| text.to_owned(), |home| text.replace(home.as_str(), "~"));
        let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let hidden = |part: &str| {
            let word = part.trim_end_matches(ends);
            if self.names.iter().any(|name| name == word) { part.replacen(word, "…", 1) } else { part.to_owned() }
        };
        text.split_inclusive(ends).map(hidden).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_and_names_of_the_user_are_hidden_and_other_words_stay() {
        let user = User { home: Some("/home/jdoe".into()), names: vec!["jdoe".into()] };
        for (text, shown) in [
            ("/home/jdoe/.config/pellucid, 3 GB free", "~/.config/pellucid, 3 GB free"),
            ("the file /scratch/jdoe/models/a.toml: no", "the file /scratch/…/models/a.toml: no"),
            ("“jdoe”", "“…”"),
            ("jdoes and xjdoe", "jdoes and xjdoe"),
        ] {
            assert_eq!(user.hidden_in(text), shown);
        }
        assert_eq!(User { home: None, names: Vec::new() }.hidden_in("/home/x"), "/home/x");
    }
}
