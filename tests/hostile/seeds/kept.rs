//! Files that the program keeps: measurements, what a reader said, reader studies, the catalogue of
//! published models, the audit journal.

use std::fs;

use pellucid::app::runtime::settings_file;
use pellucid::app::state::Preferences;
use pellucid::audit::entry::{Entry, Event, What};
use pellucid::audit::journal::Journal;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::kept::MeasurementFile;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::reader_study::Plan;

use super::Seed;
use crate::readers::Reader;

const FEEDBACK: &str = r#"{"format": "pellucid feedback", "format_version": 1, "software": "Pellucid 0.6.0",
  "image": {"pixels_sha256": "00ff", "sop_instance_uid": "2.25.1", "frame": 0},
  "models": [{
    "model": {"name": "toy", "version": "1", "sha256": "00ff"},
    "answers": [{"finding": "Mass", "opinion": "present",
      "said": {"probability": 0.5, "threshold": 0.25, "call": "present"},
      "at": "2026-11-30T10:00:00+00:00", "before_result": false}],
    "marks": [{"measurement": 1, "finding": "Mass", "reason": "missed",
      "at": "2026-11-30T10:00:01+00:00", "before_result": true}],
    "remark": {"text": "seen", "at": "2026-11-30T10:00:02+00:00", "before_result": true}}]}
"#;

const PLAN: &str = r#"format = 1
name = "A study"
question = "Is there a mass?"
finding = "Mass"
model = "toy"
weights_sha256 = "00ff"
design = "crossover"
seed = 7
washout_days = 28
decision = 50
marks = true
readers = ["A", "B"]
registered = "0123456789abcdef0123456789abcdef"
[[arm]]
name = "without AI"
shows = "nothing"
[[arm]]
name = "with map"
shows = "map"
method = "grad-cam"
[[case]]
id = "c1"
path = "images/Mass/1.png"
sha256 = "00ff"
truth_sha256 = "1f"
[[case]]
id = "c2"
path = "images/Nodule/2.png"
sha256 = "ff00"
truth_sha256 = "2f"
"#;

const CASES: &str = "path,truth,x,y,width,height\nimages/1.png,1,225,547,86,79\nimages/1.png,1,610,300,50,40\n\
                     images/2.png,0,,,,\nimages/3.png,1,,,,\nimages/4.png,0,,,,\n";

/// Names of the columns of a reader's results.
pub(crate) const RECORD_HEADER: &str =
    "study,plan,reader,session,case,arm,confidence,seconds,read_at,marks,score,threshold,model\n";

const RECORDS: &str = "00ff,0123456789abcdef0123456789abcdef,A,1,c1,without AI,80,12.500,2026-11-30T10:00:00.000Z,\
                       10.0 20.0 80; 5.5 6.5 20,,,\n\
                       00ff,0123456789abcdef0123456789abcdef,A,2,c2,with map,10,3.250,2026-12-30T10:00:00.000Z,\
                       ,0.7,0.5,toy 1\n";

const TRUTH: &str = "case,truth,x,y,width,height,salt\nc1,1,225,547,86,79,ab\nc1,1,610,300,50,40,ab\nc2,0,,,,,cd\n";

const RULES: &str = r#"[[rule]]
name = "Chest beside its prior"
modality = ["CR", "DX"]
body_part = "chest"
view = "frontal"
prior = true
grid = "1x2"
slots = ["current", "prior"]
[[rule]]
modality = "MG"
grid = "2x2"
slots = ["current", "prior", "empty"]
"#;

const PEERS: &str = r#"[[peer]]
name = "Archive"
kind = "dimse"
host = "pacs.example.org"
port = 11112
called_ae = "ARCHIVE"
authorities = "/etc/ca.pem"
[[peer]]
name = "web"
kind = "web"
root = "https://pacs.example.org/dicom-web/"
user = "reader"
"#;

const IMPRESSION: &str = r#"{"format": "pellucid impression", "format_version": 1, "software": "Pellucid 0.6.0",
  "image": {"pixels_sha256": "00ff", "sop_instance_uid": "2.25.1", "frame": 0},
  "draft": "a mass", "remark": "seen with",
  "impression": {"text": "a mass", "written_at": "2026-11-30T10:00:00+00:00", "before_result": true,
    "remarks": [{"text": "and a nodule", "written_at": "2026-11-30T10:01:00+00:00"}]}}
"#;

const SEARCH: &str = r#"base = "table.toml"
trials = 9
metric = "auroc"
rungs = [2, 6, 18]
keep = 0.34
seed = 0
[[range]]
key = "optimization.learning_rate"
low = 1e-4
high = 1e-2
log = true
[[range]]
key = "optimization.batch"
values = [8, 16, 32]
"#;

/// The plan that readings and truths belong to.
pub(crate) fn plan() -> Plan {
    toml::from_str(PLAN).unwrap()
}

/// The settings of a viewer, as it writes them.
fn preferences() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    settings_file::write(&path, &Preferences::default()).unwrap();
    fs::read(path).unwrap()
}

/// Entries that stand for those of a published model.
const CATALOGUE_ENTRIES: usize = 3;

fn measurements() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("measurements.json");
    let image = ImageIdentity { pixels_sha256: "00ff".into(), sop_instance_uid: "2.25.1".into(), frame: 0 };
    let one = |id, kind, points: &[[f64; 2]]| Measurement {
        id,
        kind,
        points: points.to_vec(),
        name: Words::new("Nodule"),
        thorax_proposed: false,
        known_mm: None,
    };
    let list = [
        one(1, Kind::Length, &[[1.0, 1.0], [4.0, 5.0]]),
        one(2, Kind::Rectangle, &[[2.0, 2.0], [10.0, 10.0]]),
        one(3, Kind::Angle, &[[2.0, 2.0], [10.0, 10.0], [3.0, 9.0]]),
    ];
    MeasurementFile::new(image, [32, 24], &list).write(&path).unwrap();
    fs::read(path).unwrap()
}

fn audit() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let journal = Journal::new(path.clone());
    for event in [Event::Started, Event::Exported, Event::Ended] {
        journal.append(Entry::new(event, "report").with(vec![What::new("pdf").with_sha256("00ff")])).unwrap();
    }
    fs::read(path).unwrap()
}

pub(crate) fn all() -> Vec<Seed> {
    let catalogue: Vec<&str> = include_str!("../../../assets/catalogue.toml").split("[[models]]").collect();
    let catalogue = catalogue[..=CATALOGUE_ENTRIES].join("[[models]]");
    vec![
        Seed::of(Reader::Measurements, "measurements", measurements()),
        Seed::of(Reader::Feedback, "answers of a reader", FEEDBACK),
        Seed::of(Reader::StudyPlan, "plan of a study", PLAN),
        Seed::of(Reader::StudyCases, "cases of a study", CASES),
        Seed::of(Reader::StudyRecords, "readings of a reader", [RECORD_HEADER, RECORDS].concat()),
        Seed::of(Reader::StudyTruth, "truth of a study", TRUTH),
        Seed::of(Reader::HangingRules, "hanging rules", RULES),
        Seed::of(Reader::Peers, "peers", PEERS),
        Seed::of(Reader::Preferences, "settings", preferences()),
        Seed::of(Reader::Impression, "impression", IMPRESSION),
        Seed::of(Reader::Search, "search", SEARCH),
        Seed::of(Reader::Catalogue, "catalogue", catalogue),
        Seed::of(Reader::Audit, "audit journal", audit()),
    ]
}
