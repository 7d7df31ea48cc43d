//! Published models by name: what is there, and how one of them becomes a model of the user's own.
//!
//! ```text
//! assets/catalogue.toml ──► Catalogue ──► Entry ──► obtain: fetch, or a file of the user's
//! catalogue.toml of the user's own                  └► size and hash ──► import ──► a model with source, licence, citation
//! ```
//!
//! The catalogue says what could be read in the publishers' own sources, which its head names. What
//! they do not say (a size, a hash, the ages of patients) is left out there and called unknown here.

pub mod entry;
pub mod hash;
pub mod obtain;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::entry::{Entry, EntryError};
use super::registry;
use crate::files::{FileError, read_text};
use crate::limits::MANIFEST_BYTES;
use crate::printable::shortened;

const EMBEDDED: &str = include_str!("../../../assets/catalogue.toml");
/// The classes of ImageNet-1k in their order, as torchvision has them.
const IMAGENET: &str = include_str!("../../../assets/imagenet.txt");
/// A catalogue of the user's own, in the data folder.
const FILE: &str = "catalogue.toml";
/// Most models of a catalogue.
const MOST: usize = 1000;

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error("{}", shortened(&.0.to_string()))]
    Syntax(#[from] Box<toml::de::Error>),
    #[error("the model “{}”: {}", shortened(name), shortened(&source.to_string()))]
    Entry { name: String, source: Box<EntryError> },
    #[error("the model “{}” stands there twice", shortened(.0))]
    Twice(String),
    #[error("it has more than {MOST} models")]
    TooMany,
    #[error("your catalogue {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("your catalogue {path} cannot be used: {source}")]
    Own { path: PathBuf, source: Box<CatalogueError> },
    #[error("there is no published model called “{0}”; pellucid models available lists them{nearest}", nearest = near(.1.as_deref()))]
    Unknown(String, Option<String>),
}

fn near(name: Option<&str>) -> String {
    name.map(|name| format!(". Is {name} meant?")).unwrap_or_default()
}

/// Published models.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(default)]
    pub models: Vec<Entry>,
}

impl Catalogue {
    /// The models of the program, then those of `catalogue.toml` in the user's data folder.
    ///
    /// # Errors
    /// When that file cannot be used, or names a model as the program does.
    pub fn read() -> Result<Self, CatalogueError> {
        let own = registry::user_folder().and_then(|models| Some(models.parent()?.join(FILE)));
        Self::with(own.as_deref())
    }

    /// The models of the program alone.
    ///
    /// # Errors
    /// Never; a test reads them.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// When it is no catalogue, or an entry of it cannot be meant.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let mut catalogue: Self = toml::from_str(text).map_err(Box::new)?;
        if catalogue.models.len() > MOST {
            return Err(CatalogueError::TooMany);
        }
        for model in &mut catalogue.models {
            model
                .prepare()
                .map_err(|source| CatalogueError::Entry { name: model.name.clone(), source: Box::new(source) })?;
        }
        catalogue.check_names()?;
        Ok(catalogue)
    }

    fn with(own: Option<&Path>) -> Result<Self, CatalogueError> {
        let mut all = Self::embedded()?;
        let Some(path) = own else { return Ok(all) };
        let text = match read_text(path, MANIFEST_BYTES) {
            Ok(text) => text,
            Err(FileError::Unreadable(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(all),
            Err(source) => return Err(CatalogueError::Unreadable { path: path.to_owned(), source }),
        };
        let failed = |error| CatalogueError::Own { path: path.to_owned(), source: Box::new(error) };
        all.models.extend(Self::parse(&text).map_err(failed)?.models);
        all.check_names().map_err(failed)?;
        Ok(all)
    }

    fn check_names(&self) -> Result<(), CatalogueError> {
        let mut names = HashSet::new();
        match self.models.iter().find(|model| !names.insert(model.name.to_lowercase())) {
            Some(twice) => Err(CatalogueError::Twice(twice.name.clone())),
            None => Ok(()),
        }
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When there is none; the sentence names the nearest.
    pub fn find(&self, name: &str) -> Result<&Entry, CatalogueError> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| {
            let near = |model: &&Entry| strsim::jaro_winkler(&model.name, name);
            let nearest = self.models.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
            let nearest = nearest.filter(|model| near(model) > 0.7).map(|model| model.name.clone());
            CatalogueError::Unknown(name.to_owned(), nearest)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_catalogue_of_the_program_can_be_meant() {
        let catalogue = Catalogue::embedded().unwrap();
        assert!(catalogue.models.len() > 30);
        for model in &catalogue.models {
            assert!(model.address().is_https(), "{}", model.name);
            assert!(!model.licence.is_empty() && !model.citation.is_empty(), "{}", model.name);
            assert!(model.hash_from.is_empty() == model.expected().is_none(), "{}: who says so?", model.name);
        }
        let xrv = catalogue.find("xrv-densenet121-chexpert").unwrap();
        assert_eq!(xrv.shown_labels().count(), 11);
        let imagenet = catalogue.find("torchvision-resnet50-v2").unwrap();
        assert_eq!((imagenet.shown_labels().count(), imagenet.shown_labels().next()), (1000, Some("tench")));
    }

    #[test]
    fn a_name_that_is_not_there_names_its_neighbour() {
        let catalogue = Catalogue::embedded().unwrap();
        let said = catalogue.find("xrv-densnet121-all").unwrap_err().to_string();
        assert!(said.contains("Is xrv-densenet121-all meant?"), "{said}");
        let said = catalogue.find("zzz").unwrap_err().to_string();
        assert!(said.ends_with("lists them"), "{said}");
    }

    #[test]
    fn a_catalogue_of_ones_own_stands_behind_that_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let named = |c: Catalogue| c.models.into_iter().map(|model| model.name).collect::<Vec<_>>();
        assert_eq!(named(Catalogue::with(Some(&path)).unwrap()), named(Catalogue::embedded().unwrap()));
        let text = |name: &str| {
            format!(
                "[[models]]\nname = \"{name}\"\ntitle = \"t\"\npublisher = \"p\"\ntask = \"t\"\narchitecture = \"resnet18\"\n\
                 preset = \"imagenet\"\nhead = \"softmax\"\nlabels = [\"A\", \"B\"]\ndata = \"d\"\nlicence = \"l\"\ncitation = \"c\"\n\
                 page = \"https://a.org\"\naddress = \"https://a.org/w.pth\"\n"
            )
        };
        fs::write(&path, text("ours")).unwrap();
        let all = Catalogue::with(Some(&path)).unwrap();
        assert_eq!(all.models.last().unwrap().name, "ours");
        for (wrong, says) in [
            (text("chexnet-arnoweng"), "twice"),
            (text("ours") + "sha256 = \"abc\"\n", "sha256"),
            (text("ours").replace("https://a.org/w.pth", "http://a.org/w.pth"), "plain http"),
            (text("ours") + "surprise = 1\n", "surprise"),
            (text("../ours"), "name"),
            ("[[models]".to_owned(), "cannot be used"),
        ] {
            fs::write(&path, &wrong).unwrap();
            let said = Catalogue::with(Some(&path)).unwrap_err().to_string();
            assert!(said.contains(says) && said.contains("your catalogue"), "{said}");
        }
    }
}
