//! A new study: its folder with the commented plan, the table of truth, the images under their codes,
//! and a place for results.
//!
//! Images are copied by default, because names of files and folders may tell the truth
//! (`PNEUMONIA/1.png`), and a reader may see them. What stands inside of a file stays in the copy.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::case_table::TableCase;
use super::commitment::{of_plan, of_truth};
use super::errors::StudyError;
use super::plan::{Case, Plan};
use super::truth::{self, CaseTruth};
use super::{CASE_IMAGES, PLAN, RESULTS, TRUTH, kept_plans, order, template};
use crate::files::writing::{self, Access};
use crate::files::{FileError, hex, open_regular, sha256_of_file};
use crate::limits;
use crate::study::may_be_an_image;

/// Where the images of a study lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// In its folder, under the codes of their cases.
    Copied,
    /// Where they were; the plan holds their paths.
    InPlace,
}

/// Makes the folder of a study from a plan without cases; codes of cases follow an order that tells
/// nothing of their truth.
///
/// # Errors
/// When the folder holds a study already, an image cannot be read, or nothing can be written. No copy of
/// an image is left behind then.
pub fn create(folder: &Path, plan: Plan, table: &[TableCase], images: Images) -> Result<Plan, StudyError> {
    let copies = folder.join(CASE_IMAGES);
    let copied = images == Images::Copied;
    if folder.join(PLAN).exists() || folder.join(TRUTH).exists() || (copied && copies.exists()) {
        return Err(StudyError::There(folder.to_owned()));
    }
    let made = make(folder, plan, table, copied.then_some(&copies));
    if made.is_err() && copied {
        let _ = std::fs::remove_dir_all(&copies);
    }
    made
}

/// Makes it, with copies in a folder where they are asked for.
fn make(folder: &Path, mut plan: Plan, table: &[TableCase], copies: Option<&PathBuf>) -> Result<Plan, StudyError> {
    std::fs::create_dir_all(folder.join(RESULTS)).map_err(failed(folder))?;
    if let Some(copies) = copies {
        std::fs::create_dir_all(copies).map_err(failed(copies))?;
    }
    let root = folder.canonicalize().map_err(failed(folder))?;
    // Not by the seed, which stands in the plan: tables often begin with the positives.
    let shuffled = order::drawn_order(rand::random(), table.len());
    let digits = table.len().to_string().len().max(3);
    let mut truths = Vec::new();
    for (number, case) in shuffled.into_iter().map(|i| &table[i]).enumerate() {
        let id = format!("c{:0digits$}", number + 1);
        let unread = |source| StudyError::Read { path: case.path.clone(), source };
        let path = if copies.is_some() {
            let name = Path::new(CASE_IMAGES).join(with_ending(&id, &case.path));
            let place = folder.join(&name);
            copy(&case.path, &place).map_err(unread)?;
            name
        } else {
            from(&root, case.path.canonicalize().map_err(|e| unread(e.into()))?)
        };
        let sha256 = sha256_of_file(&root.join(&path), limits::OBJECT_BYTES).map_err(unread)?;
        let truth = CaseTruth { positive: case.positive, lesions: case.lesions.clone(), salt: salt() };
        plan.cases.push(Case { truth_sha256: of_truth(&id, &truth), id, path, sha256 });
        truths.push(truth);
    }
    plan.registered = of_plan(&plan);
    plan.check()?;
    let table = truth::table(plan.cases.iter().map(|c| c.id.as_str()).zip(&truths))
        .map_err(|e| StudyError::Write { path: folder.join(TRUTH), source: e.into() })?;
    kept_plans::keep(folder, &plan)?;
    let write = |name: &str, bytes: &[u8]| {
        let path: PathBuf = folder.join(name);
        writing::private(&path, bytes).map_err(failed(&path))
    };
    write(TRUTH, &table)?;
    write(PLAN, template::commented(&plan).as_bytes())?;
    Ok(plan)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StudyError {
    let path = path.to_owned();
    move |source| StudyError::Write { path, source }
}

/// The code with the ending of the file, where that is one of an image: another might tell something.
fn with_ending(id: &str, path: &Path) -> String {
    let ending = path.extension().filter(|_| may_be_an_image(path)).map(|e| e.to_string_lossy().to_lowercase());
    ending.map_or_else(|| id.to_owned(), |ending| format!("{id}.{ending}"))
}

fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let mut source = open_regular(from, limits::OBJECT_BYTES)?.file.take(limits::OBJECT_BYTES.saturating_add(1));
    writing::replace(to, Access::Private, |file| io::copy(&mut source, file).map(drop))?;
    Ok(())
}

/// Sixteen random bytes.
fn salt() -> String {
    hex(&rand::random::<[u8; 16]>())
}

/// A path from the folder of the study on, where it lies in it or beside it: both can then be moved
/// together.
fn from(root: &Path, path: PathBuf) -> PathBuf {
    if let Ok(inside) = path.strip_prefix(root) {
        return inside.to_owned();
    }
    let beside = root.parent().filter(|above| above.parent().is_some()).and_then(|above| path.strip_prefix(above).ok());
    beside.map(|rest| Path::new("..").join(rest)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::super::plan::{Design, PlacedPlan};
    use super::*;

    /// Six images, the first three with the finding, as their folders say.
    fn table(folder: &Path) -> Vec<TableCase> {
        let case = |i: u8| {
            let folder = folder.join(if i < 3 { "PNEUMONIA" } else { "NORMAL" });
            std::fs::create_dir_all(&folder).unwrap();
            let path =
                folder.join(if i.is_multiple_of(2) { format!("image {i}.PNG") } else { format!("{i}.pneumonia") });
            std::fs::write(&path, [i]).unwrap();
            TableCase { path, positive: i < 3, lesions: Vec::new() }
        };
        (0..6).map(case).collect()
    }

    #[test]
    fn a_new_study_is_read_as_it_was_asked_for_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        for (design, images) in [(Design::Crossover, Images::Copied), (Design::Sequential, Images::InPlace)] {
            let place = folder.path().join(format!("{design:?}"));
            let asked = Plan { cases: Vec::new(), name: "A \"study\" # of maps".into(), ..plan(design) };
            let made = create(&place, asked, &table, images).unwrap();
            let read = PlacedPlan::read(&place).unwrap();
            assert_eq!(read.plan, made);
            assert_eq!(made.registered, of_plan(&made));
            let truth = truth::read(&place.join(TRUTH), &made).unwrap();
            assert_eq!(truth.iter().filter(|t| t.positive).count(), 3);
            for (case, truth) in truth.iter().enumerate() {
                let number = std::fs::read(read.image(case)).unwrap()[0];
                assert_eq!(number < 3, truth.positive);
                assert_eq!(of_truth(&made.cases[case].id, truth), made.cases[case].truth_sha256);
            }
            assert!(matches!(create(&place, made, &table, images), Err(StudyError::There(_))));
        }
    }

    #[test]
    fn the_copies_of_images_have_the_codes_of_their_cases_for_names_and_no_word_of_the_truth() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("study");
        let asked = Plan { cases: Vec::new(), ..plan(Design::Crossover) };
        let made = create(&place, asked, &table(folder.path()), Images::Copied).unwrap();
        for case in &made.cases {
            let ending = if std::fs::read(place.join(&case.path)).unwrap()[0].is_multiple_of(2) { ".png" } else { "" };
            assert_eq!(case.path, Path::new("cases").join(format!("{}{ending}", case.id)));
        }
        let text = std::fs::read_to_string(place.join(PLAN)).unwrap();
        assert!(["PNEUMONIA/", "NORMAL", "pneumonia\"", "image 0"].iter().all(|word| !text.contains(word)), "{text}");
    }

    #[test]
    fn which_code_an_image_gets_cannot_be_found_from_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let case = |i: u8| {
            let path = folder.path().join(format!("{i}.png"));
            std::fs::write(&path, [i]).unwrap();
            TableCase { path, positive: i < 10, lesions: Vec::new() }
        };
        let table: Vec<TableCase> = (0..20).map(case).collect();
        let order = |name: &str| -> Vec<u8> {
            let asked = Plan { cases: Vec::new(), ..plan(Design::Crossover) };
            let place = folder.path().join(name);
            let made = create(&place, asked, &table, Images::Copied).unwrap();
            made.cases.iter().map(|case| std::fs::read(place.join(&case.path)).unwrap()[0]).collect()
        };
        let (one, other) = (order("one"), order("other"));
        assert_ne!(one, other, "the same plan, made twice");
        assert_ne!(one, (0..20).collect::<Vec<u8>>());
    }

    #[test]
    fn an_image_that_cannot_be_read_leaves_no_study_and_no_copies() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = table(folder.path());
        table[5].path = folder.path().join("gone.png");
        let place = folder.path().join("study");
        let asked = Plan { cases: Vec::new(), ..plan(Design::Crossover) };
        let failed = create(&place, asked, &table, Images::Copied);
        assert!(matches!(failed, Err(StudyError::Read { path, .. }) if path.ends_with("gone.png")));
        assert!(!place.join(PLAN).exists() && !place.join(TRUTH).exists() && !place.join(CASE_IMAGES).exists());
    }
}
