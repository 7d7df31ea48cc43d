//! Copies of the plans that a study had, each under its hash: what was changed can be told from them.
//!
//! One is written when the study is made, and one before the first reading that is made under another
//! plan. A copy that is not what its name says counts as none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::PLANS;
use super::commitment::of_plan;
use super::errors::StudyError;
use super::plan::{PlacedPlan, Plan, is_hash};
use super::template::commented;
use crate::files::writing;

/// Copies by their hashes.
pub type KeptPlans = BTreeMap<String, Plan>;

/// Keeps a copy of the plan under its hash, unless there is one.
///
/// # Errors
/// When it cannot be written.
pub fn keep(folder: &Path, plan: &Plan) -> Result<(), StudyError> {
    let path = place(folder, &of_plan(plan));
    if path.exists() {
        return Ok(());
    }
    let write = || {
        std::fs::create_dir_all(folder.join(PLANS))?;
        writing::private(&path, commented(plan).as_bytes())
    };
    write().map_err(|source| StudyError::Write { path: path.clone(), source })
}

/// The copies of the plans with these hashes, as far as they are there and are what their names say.
#[must_use]
pub fn kept<'a>(folder: &Path, hashes: impl Iterator<Item = &'a str>) -> KeptPlans {
    let hashes: BTreeSet<&str> = hashes.filter(|hash| is_hash(hash)).collect();
    let copy = |hash: &str| {
        let plan = PlacedPlan::read(&place(folder, hash)).ok()?.plan;
        (of_plan(&plan) == hash).then(|| (hash.to_owned(), plan))
    };
    hashes.into_iter().filter_map(copy).collect()
}

fn place(folder: &Path, hash: &str) -> PathBuf {
    folder.join(PLANS).join(format!("{hash}.toml"))
}

#[cfg(test)]
mod tests {
    use super::super::plan::Design;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_copy_is_found_by_its_hash_and_a_changed_copy_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let good = plan(Design::Crossover);
        keep(folder.path(), &good).unwrap();
        keep(folder.path(), &good).unwrap();
        let hash = of_plan(&good);
        let found = kept(folder.path(), [hash.as_str(), "../../truth", "no hash"].into_iter());
        assert_eq!(found.get(&hash), Some(&good));
        let path = place(folder.path(), &hash);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("decision = 50", "decision = 60")).unwrap();
        assert!(kept(folder.path(), [hash.as_str()].into_iter()).is_empty());
    }
}
