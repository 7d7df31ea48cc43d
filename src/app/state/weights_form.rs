//! What the reader says about published weights before they become a model: the fields of the
//! import dialog.

use std::path::{Path, PathBuf};

use crate::model::import::convention::{Convention, NamedArchitecture};
use crate::model::import::draft::Request;
use crate::model::import::preset::Preset;
use crate::model::import::{ImportError, labels};
use crate::model::manifest::Head;
use crate::network::architecture::Family;

/// Endings of files that hold weights and never images.
const ENDINGS: [&str; 8] = ["safetensors", "pth", "pt", "tar", "h5", "hdf5", "keras", "onnx"];

/// The fields of the import dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsForm {
    pub file: PathBuf,
    pub name: String,
    pub architecture: NamedArchitecture,
    pub preset: Preset,
    pub head: Head,
    /// Labels with commas between them, or the path of a file; empty for those of the preset.
    pub labels: String,
    /// A dropout that is added before the head.
    pub dropout: Option<f32>,
    /// The import is on its way.
    pub running: bool,
    /// Why it was refused.
    pub refusal: Option<String>,
}

impl WeightsForm {
    /// A form for `file` with what its name tells.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        let stem = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let named = |family: &Family| stem.replace(['-', '_'], "").contains(&family.name().replace('-', ""));
        let keras = ["h5", "hdf5", "keras"].iter().any(|ending| stem.ends_with(ending));
        // A prefix says whose conventions; the reader sees it and may choose another.
        let prefix = |c: &Convention| stem.starts_with(&c.prefix().replace('-', "_"));
        let convention = Convention::ALL.into_iter().find(prefix);
        // timm's names say a network's size where torchvision's say its letter.
        let written = stem.split(['-', '.']).next().and_then(|name| name.parse().ok());
        let family = written.or_else(|| Family::ALL.into_iter().rev().find(named));
        let family = family.unwrap_or(if stem.contains("resnet") { Family::Resnet50 } else { Family::Densenet121 });
        let preset = match family {
            Family::Densenet121 | Family::Densenet169 | Family::Densenet201 if keras => Preset::KerasTorch,
            _ if keras => Preset::KerasCaffe,
            _ if stem.contains("chexnet") => Preset::Chexnet,
            _ => Preset::Imagenet,
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name = stem.split('.').next().unwrap_or_default().chars().map(plain).collect::<String>();
        let name = name.trim_matches('-').to_owned();
        let head = if preset.labels().is_some() { Head::Sigmoid } else { Head::Softmax };
        let convention = convention.filter(|_| family.is_inverted());
        let architecture = NamedArchitecture { family, convention };
        let labels = String::new();
        Self { file, name, architecture, preset, head, labels, dropout: None, running: false, refusal: None }
    }

    /// Whether the file lays out its network itself, by its ending.
    #[must_use]
    pub fn is_onnx(&self) -> bool {
        self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
    }

    /// What is to be imported.
    ///
    /// # Errors
    /// When the labels cannot be read.
    pub fn request(&self) -> Result<Request, ImportError> {
        let given = self.labels.trim();
        let labels = if given.is_empty() { None } else { Some(labels::parse(given)?) };
        Ok(Request {
            file: self.file.clone(),
            family: self.architecture.family,
            convention: self.architecture.convention,
            labels,
            head: self.head,
            preset: self.preset,
            name: self.name.trim().to_owned(),
            dropout: self.dropout,
            size: None,
            resize: None,
            mean: Vec::new(),
            sd: Vec::new(),
            licence: None,
            description: None,
            ignore_unexpected: false,
            replace: false,
            prepared: None,
        })
    }
}

/// The one path among `paths`, if it can only hold weights.
#[must_use]
pub fn only_weights(paths: &[PathBuf]) -> Option<&Path> {
    let [path] = paths else { return None };
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    (ENDINGS.contains(&ending.as_str()) && !path.is_dir()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_fills_the_form() {
        let form = WeightsForm::new("/tmp/keras_resnet50.weights.h5".into());
        assert_eq!(
            (form.architecture.family, form.preset, form.name.as_str()),
            (Family::Resnet50, Preset::KerasCaffe, "keras-resnet50")
        );
        let form = WeightsForm::new("CheXNet.pth.tar".into());
        assert_eq!(
            (form.architecture.family, form.preset, form.head),
            (Family::Densenet121, Preset::Chexnet, Head::Sigmoid)
        );
        let form = WeightsForm::new("tf_efficientnet_lite0-0aa007d2.pth".into());
        assert_eq!(form.architecture.to_string(), "tf-efficientnet-lite0");
        assert_eq!(WeightsForm::new("vgg16_bn-6c64b313.pth".into()).architecture.family, Family::Vgg16Bn);
    }

    #[test]
    fn one_file_of_weights_is_no_image() {
        assert!(only_weights(&["a.PTH".into()]).is_some() && only_weights(&["a.onnx".into()]).is_some());
        assert!(only_weights(&["a.dcm".into()]).is_none() && only_weights(&["a".into()]).is_none());
        assert!(only_weights(&["a.pth".into(), "b.dcm".into()]).is_none());
    }
}
