//! `study.toml` as text, with what each line decides.

use std::fmt::Write as _;

use super::plan::{Design, Plan, Shows};
use super::{TRUTH, order};

/// The plan with what each line decides.
pub(super) fn commented(plan: &Plan) -> String {
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
# of readers. Whatever is read carries the hash of this plan. Once reading has begun, only name, question,
# washout_days and decision can be changed, and readers be added at the end of their list; the analysis
# says what was changed and which readings were made before.

format = {}
name = {}
# What readers are asked of every case.
question = {}
# Label or group of the model whose score and map are shown.
finding = {}
# Name of the model, or its folder, and the hash of the weights that are to be read with.
model = {}
weights_sha256 = {}
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
# Hash of this plan when the study was made, without name and paths. It stays as it is.
registered = {}
",
        plan.format,
        text(&plan.name),
        text(&plan.question),
        text(&plan.finding),
        text(&plan.model),
        text(&plan.weights_sha256),
        plan.seed,
        plan.washout_days,
        plan.decision,
        plan.marks,
        readers.join(", "),
        text(&plan.registered),
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
    out.push_str(
        "# The images, by the folder of this file, with codes for results, hashes of their files, and salted hashes of \
         their truth.\n",
    );
    for case in &plan.cases {
        let path = text(&case.path.to_string_lossy());
        let _ = writeln!(out, "[[case]]\nid = \"{}\"\npath = {path}", case.id);
        let _ = writeln!(out, "sha256 = {}\ntruth_sha256 = {}\n", text(&case.sha256), text(&case.truth_sha256));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
