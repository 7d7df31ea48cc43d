//! One folder a class.

use std::path::{Path, PathBuf};

use super::listed::{Gathered, ImageFacts, ListedImage, Origin, label_called, name_of};
use crate::files::walk::files_below;
use crate::limits;
use crate::study::Warning;
use crate::study::patients::{Patients, key_of};
use crate::training::config::Config;
use crate::training::data::truth;
use crate::training::{Error, Result};

/// Adds the images below `root/folder`, which holds one folder a class. A rule on the file name
/// wins over the folder.
pub(super) fn list(
    config: &Config,
    root: &Path,
    folder: &Path,
    patients: &Patients,
    found: &mut Gathered,
) -> Result<()> {
    let folder = root.join(folder);
    let entries = std::fs::read_dir(&folder).map_err(|source| Error::Read { path: folder.clone(), source })?;
    let mut classes: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    classes.sort();
    for class in classes {
        let class_name = name_of(&class);
        let by_folder = label_called(&config.labels, &class_name);
        for file in files_below(&class).take(limits::FILES_AT_ONCE) {
            let path = match file {
                Ok(path) => path,
                Err(error) => {
                    found.warnings.push(Warning { path: error.path, reason: error.obstacle.to_string() });
                    continue;
                }
            };
            let file_name = name_of(&path);
            let rule = config.data.label_rules.iter().find(|r| file_name.contains(&r.contains));
            let Some(label) = rule.and_then(|r| config.label_index(&r.label)).or(by_folder) else {
                let reason = format!("neither a rule nor the folder name \"{class_name}\" gives it a label");
                found.warnings.push(Warning { path, reason });
                found.foreign.insert(class_name.clone());
                continue;
            };
            let key = key_of(root, &path);
            found.files.push(ListedImage {
                patient: patients.lead(&file_name, &key, None),
                origin: Origin::File(path),
                key,
                truth: truth::one_hot(label, config.labels.len()),
                part: None,
                facts: ImageFacts::default(),
            });
        }
    }
    Ok(())
}
