//! A new study: its folder with the commented plan, the table of truth, and a place for results.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::case_table::TableCase;
use super::errors::StudyError;
use super::plan::{Case, Design, Plan, Shows};
use super::truth::{self, CaseTruth};
use super::{PLAN, RESULTS, TRUTH, order};
use crate::files::{sha256_of_file, writing};
use crate::limits;

/// Makes the folder of a study from a plan without cases; codes of cases follow an order that tells
/// nothing of their truth.
///
/// # Errors
/// When the folder holds a study already, an image cannot be read, or nothing can be written.
pub fn create(folder: &Path, mut plan: Plan, table: &[TableCase]) -> Result<Plan, StudyError> {
    if folder.join(PLAN).exists() || folder.join(TRUTH).exists() {
        return Err(StudyError::There(folder.to_owned()));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StudyError::Write { path, source }
    };
    std::fs::create_dir_all(folder.join(RESULTS)).map_err(failed(folder))?;
    let root = folder.canonicalize().map_err(failed(folder))?;
    let shuffled = order::drawn_order(plan.seed, table.len());
    let digits = table.len().to_string().len().max(3);
    let mut truths = Vec::new();
    for (number, case) in shuffled.into_iter().map(|i| &table[i]).enumerate() {
        let unread = |source| StudyError::Read { path: case.path.clone(), source };
        let sha256 = sha256_of_file(&case.path, limits::OBJECT_BYTES).map_err(unread)?;
        let absolute = case.path.canonicalize().map_err(|e| unread(e.into()))?;
        let path = from(&root, absolute);
        plan.cases.push(Case { id: format!("c{:0digits$}", number + 1), path, sha256 });
        truths.push(CaseTruth { positive: case.positive, lesions: case.lesions.clone() });
    }
    plan.check()?;
    let table = truth::table(plan.cases.iter().map(|c| c.id.as_str()).zip(&truths))
        .map_err(|e| StudyError::Write { path: folder.join(TRUTH), source: e.into() })?;
    let write = |name: &str, bytes: &[u8]| {
        let path: PathBuf = folder.join(name);
        writing::private(&path, bytes).map_err(failed(&path))
    };
    write(TRUTH, &table)?;
    write(PLAN, commented(&plan).as_bytes())?;
    Ok(plan)
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

/// The plan with what each line decides.
fn commented(plan: &Plan) -> String {
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let design = match plan.design {
        Design::Sequential => "sequential",
        Design::Crossover => "crossover",
    };
    let readers: Vec<String> = plan.readers.iter().map(|r| text(r)).collect();
    let balanced = match order::balanced_number(plan) {
        1 => String::new(),
        n => format!("# A multiple of {n} readers balances the order of the arms.\n"),
    };
    let mut out = format!(
        "# The plan of a reader study: what is fixed before the first case is read.
#
#   pellucid study run FOLDER --reader R1     reads the next cases of a reader
#   pellucid study analyse FOLDER             compares the arms, once readers have finished
#
# It holds no truth: that stands in {TRUTH}, which only the analysis needs. Keep {TRUTH} off the machines
# of readers. Whatever is read carries a fingerprint of this plan: once reading has begun, only name,
# question, washout_days and decision may be changed, and readers be added at the end of their list.

format = {}
name = {}
# What readers are asked of every case.
question = {}
# Label or group of the model whose score and map are shown.
finding = {}
# Name of the model, or its folder.
model = {}
# \"crossover\": each arm in a session of its own; \"sequential\": every case in all arms at once, first without the
# model, and what was said then stays.
design = \"{design}\"
# Decides who reads what when.
seed = {}
# Days between two sessions of a reader.
washout_days = {}
# Confidence (0-100) from which on a reading counts as \"yes\".
decision = {}
# Readers mark on the image what they see, each mark with a confidence of its own.
marks = {}
# Codes that name nobody: letters, digits, - and _.
{balanced}readers = [{}]
",
        plan.format,
        text(&plan.name),
        text(&plan.question),
        text(&plan.finding),
        text(&plan.model),
        plan.seed,
        plan.washout_days,
        plan.decision,
        plan.marks,
        readers.join(", "),
    );
    out.push_str("\n# What is shown of the model: \"nothing\", \"score\", or \"map\" (score and map, of the method that is named).\n");
    for arm in &plan.arms {
        let shows = match arm.shows {
            Shows::Nothing => "nothing",
            Shows::Score => "score",
            Shows::Map => "map",
        };
        let _ = write!(out, "[[arm]]\nname = {}\nshows = \"{shows}\"\n", text(&arm.name));
        if let Some(method) = arm.method {
            let _ = writeln!(out, "method = \"{}\"", method.key());
        }
        out.push('\n');
    }
    out.push_str("# The images, by the folder of this file, with codes for results and the hashes of their files.\n");
    for case in &plan.cases {
        let path = text(&case.path.to_string_lossy());
        let _ = write!(out, "[[case]]\nid = \"{}\"\npath = {path}\nsha256 = \"{}\"\n\n", case.id, case.sha256);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::plan::PlacedPlan;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_new_study_is_read_as_it_was_asked_for_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let table: Vec<TableCase> = (0..6)
            .map(|i| {
                let path = folder.path().join(format!("image {i}.png"));
                std::fs::write(&path, [i]).unwrap();
                TableCase { path, positive: i < 3, lesions: Vec::new() }
            })
            .collect();
        for design in [Design::Crossover, Design::Sequential] {
            let place = folder.path().join(format!("{design:?}"));
            let asked = Plan { cases: Vec::new(), name: "A \"study\" # of maps".into(), ..plan(design) };
            let made = create(&place, asked, &table).unwrap();
            let read = PlacedPlan::read(&place).unwrap();
            assert_eq!(read.plan, made);
            assert!((0..6).all(|c| read.image(c).exists()));
            let truth = truth::read(&place.join(TRUTH), &made).unwrap();
            assert_eq!(truth.iter().filter(|t| t.positive).count(), 3);
            assert!(truth.iter().map(|t| t.positive).ne([true, true, true, false, false, false]), "the order tells it");
            for (case, truth) in truth.iter().enumerate() {
                let path = read.image(case);
                let original = table.iter().find(|t| t.path.file_name() == path.file_name()).unwrap();
                assert_eq!(original.positive, truth.positive);
            }
            assert!(matches!(create(&place, made, &table), Err(StudyError::There(_))));
        }
    }
}
