//! Our own results, written and opened again beside their image: every value that was written is read,
//! of images inside and outside the population of the model, with names and without.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Local, TimeZone as _};
use pellucid::engine::lungs::{FieldsSource, Lungs};
use pellucid::engine::{Analysis, ModelInfo};
use pellucid::explain::Attribution;
use pellucid::feedback::{Answer, CaseFeedback, FindingAnswer, FreeRemark, Mark, MarkReason, Opinion, Said};
use pellucid::imaging::Plane;
use pellucid::imaging::contour::{Contour, contours};
use pellucid::measurement::geometry::LengthUnit;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::model::conformal::State;
use pellucid::report::impression::Remark;
use pellucid::report::measurements::MeasurementRecord;
use pellucid::report::overlay_image::overlay_images;
use pellucid::report::sidecar::{ScoreRecord, Sidecar};
use pellucid::report::{CaseReport, Impression, NOT_A_DEVICE, document, record, why_no_states};
use pellucid::results::codes::Code;
use pellucid::results::read::layers::{LaidOver, Layer, LayerKind, LayerReader};
use pellucid::results::read::{ReadObject, ReportItem, ReportTree, StructuredReport, Value, document_bytes, read};
use pellucid::results::write::{ObjectKind, WriteOptions, write, write_into};
use pellucid::study::deidentify::{Deidentifier, Key, Options};
use pellucid::study::{self, Catalogue, Frame, ImageEntry, PresentationState, presentation_states};

use super::results_write::{PLACE, SIDE, case, radiograph};
use super::study::scanned;

/// A case, and what is read of its objects.
struct Reopened {
    case: CaseReport,
    record: Sidecar,
    report: StructuredReport,
    laid: LaidOver,
    states: Vec<PresentationState>,
    document: Vec<u8>,
    /// The PDF of the report, as it is without an envelope.
    pdf: Vec<u8>,
    overlays: Vec<Frame>,
    objects: Vec<ReadObject>,
}

/// Whether the image lies inside the population of its model, and whether its patient is named.
#[derive(Clone, Copy, Debug)]
struct Circumstances {
    inside: bool,
    named: bool,
}

const ALL: [Circumstances; 4] = [
    Circumstances { inside: true, named: true },
    Circumstances { inside: false, named: true },
    Circumstances { inside: true, named: false },
    Circumstances { inside: false, named: false },
];

impl Reopened {
    /// Writes the objects of a case into the folder of its image, and opens all of it.
    fn of(circumstances: Circumstances) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = radiograph(folder.path(), &PLACE);
        let mut case = computed(&source);
        fill(&mut case, circumstances.inside);
        case.anonymize = !circumstances.named;
        let beside = folder.path().join("opened");
        std::fs::create_dir(&beside).unwrap();
        let image = beside.join("image.dcm");
        let mut options = WriteOptions::default();
        if circumstances.named {
            std::fs::copy(&source, &image).unwrap();
        } else {
            // Results of the same key belong to the image that it de-identifies.
            let key = Key::random().unwrap();
            options.key = Some(key.clone());
            let deidentified = Deidentifier::new(Options::default(), key).file(&source).unwrap();
            std::fs::write(&image, deidentified.bytes).unwrap();
        }
        let written = write(&case, &options).unwrap();
        assert!(written.left_out.is_empty(), "{:?}", written.left_out);
        write_into(&beside, &written.objects).unwrap();
        Self::read(case, &beside, (&image, written.objects.len()))
    }

    fn read(case: CaseReport, folder: &Path, (image, written): (&Path, usize)) -> Self {
        let catalogue = scanned(&[folder]);
        assert!(catalogue.warnings.is_empty(), "{:?}", catalogue.warnings);
        let entries: Vec<Arc<ImageEntry>> = catalogue.images().cloned().collect();
        assert_eq!((entries.len(), studies(&catalogue)), (written + 1, 1), "all of one study");
        let mut frame = study::open_image(image).unwrap();
        let laid = LayerReader::default().read(&frame, &entries);
        let files: Vec<PathBuf> = entries.iter().map(|entry| entry.path.clone()).collect();
        let states = presentation_states(&mut frame, &files);
        let of = |kind: ObjectKind| {
            let is = move |entry: &&Arc<ImageEntry>| {
                entry.path.file_name().unwrap().to_string_lossy().starts_with(&format!("{}_", kind.key()))
            };
            entries.iter().filter(is).map(|entry| entry.path.clone()).collect::<Vec<PathBuf>>()
        };
        let report = match read(&of(ObjectKind::StructuredReport)[0]).unwrap() {
            ReadObject::StructuredReport(report) => report,
            other => panic!("{other:?}"),
        };
        let overlays = of(ObjectKind::SecondaryCapture);
        Self {
            record: record(&case),
            report,
            laid,
            states,
            pdf: document(&case).unwrap(),
            document: document_bytes(&of(ObjectKind::EncapsulatedPdf)[0]).unwrap(),
            overlays: overlays.iter().map(|path| study::open_image(path).unwrap()).collect(),
            objects: files.iter().filter_map(|path| read(path).ok()).collect(),
            case,
        }
    }

    fn root(&self) -> At<'_> {
        At { tree: &self.report.tree, at: 0 }
    }

    fn groups(&self) -> Vec<At<'_>> {
        self.root().one("126010").all("125007")
    }

    fn group(&self, name: &str, kind: &str) -> At<'_> {
        let is = |group: &At<'_>| group.text("112039") == name && group.has(kind);
        self.groups().into_iter().find(is).unwrap_or_else(|| panic!("no {kind} of {name}"))
    }

    fn said(&self) -> At<'_> {
        self.root().one("C0034375")
    }
}

fn studies(catalogue: &Catalogue) -> usize {
    catalogue.patients.iter().map(|patient| patient.studies.len()).sum()
}

/// An item of a report, by its place.
#[derive(Clone, Copy)]
struct At<'a> {
    tree: &'a ReportTree,
    at: usize,
}

impl<'a> At<'a> {
    fn item(self) -> &'a ReportItem {
        &self.tree.items[self.at]
    }

    /// The items right inside it of a concept, by its code.
    fn all(self, code: &str) -> Vec<Self> {
        let is = |at: &usize| self.tree.items[*at].concept.as_ref().is_some_and(|concept| concept.value == code);
        self.tree.children(self.at).filter(is).map(|at| Self { at, ..self }).collect()
    }

    fn has(self, code: &str) -> bool {
        !self.all(code).is_empty()
    }

    fn one(self, code: &str) -> Self {
        let all = self.all(code);
        assert_eq!(all.len(), 1, "{code} in {}", self.item().line());
        all[0]
    }

    fn text(self, code: &str) -> &'a str {
        self.one(code).own_text()
    }

    fn own_text(self) -> &'a str {
        match &self.item().value {
            Value::Text(text) | Value::Name(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn number(self, code: &str) -> f64 {
        self.one(code).own_number().0
    }

    fn own_number(self) -> (f64, &'a str) {
        match &self.item().value {
            Value::Number { number: Some(number), unit: Some(unit), .. } => (*number, &unit.value),
            other => panic!("{other:?}"),
        }
    }

    fn code(self, code: &str) -> &'a str {
        self.one(code).own_code()
    }

    fn own_code(self) -> &'a str {
        match &self.item().value {
            Value::Code(code) => &code.value,
            other => panic!("{other:?}"),
        }
    }

    /// The derivation of a number; empty where it is none of several.
    fn derivation(self) -> &'a str {
        self.all("121401").first().map_or("", |by| by.own_code())
    }

    /// All lines that lie in it.
    fn lines(self) -> Vec<Vec<[f32; 2]>> {
        let inside = self.tree.children(self.at);
        let line = |at: usize| match &self.tree.items[at].value {
            Value::Graphic(graphic) => Some(graphic.points.iter().map(|[x, y, _]| [*x, *y]).collect()),
            _ => None,
        };
        inside.filter_map(line).collect()
    }
}

fn moment(second: u32) -> DateTime<Local> {
    Local.with_ymd_and_hms(2026, 11, 30, 21, 15, second).unwrap() + chrono::Duration::microseconds(123_456)
}

/// As the attribute Observation `DateTime` writes it.
fn written_at(at: DateTime<Local>) -> String {
    at.format("%Y%m%d%H%M%S%.6f%z").to_string()
}

/// All that a case can hold.
fn fill(case: &mut CaseReport, inside: bool) {
    let mut analysis = (*case.analysis).clone();
    let gate = analysis.gate.as_mut().unwrap();
    (gate.accepted, gate.reason) = (true, "A chest radiograph.".into());
    gate.warnings = vec!["The patient is 66 years old.".into()];
    let population = analysis.population.as_mut().unwrap();
    population.inside = inside;
    population.reason = if inside { String::new() } else { "Made of no patient.".into() };
    (population.condition, population.distance) = (Some("the patient is 1–5 years old".into()), Some(3.25));
    population.threshold = Some(4.125);
    analysis.warnings.push("A reservation.".into());
    case.analysis = Arc::new(analysis);
    // The most probable class alone would be a map alone.
    case.classes = (0..case.analysis.labels.len()).collect();
    case.impression = Some(Impression {
        text: "Opacity in the left lower zone.\nHeart not enlarged.".into(),
        written_at: moment(1),
        before_result: true,
        remarks: vec![Remark { text: "Seen again.".into(), written_at: moment(2) }],
    });
    case.measurements = measured();
    let names: Vec<String> = case.findings().into_iter().map(|finding| finding.name).collect();
    let answer = |i: usize, opinion, said, before_result| FindingAnswer {
        finding: names[i].clone(),
        opinion,
        said,
        at: moment(10 + i as u32),
        before_result,
    };
    let region = vec![[10.0, 20.0], [60.0, 90.0]];
    case.feedback = Some(CaseFeedback {
        answers: vec![
            answer(0, Opinion::Present, None, true),
            answer(1, Opinion::Absent, Some(Said { probability: 0.25, threshold: 0.5, call: None }), false),
        ],
        marks: vec![
            Mark {
                measurement: 4,
                finding: names[0].clone(),
                reason: MarkReason::Missed,
                kind: Kind::Rectangle,
                points: region.clone(),
                at: moment(20),
                before_result: false,
            },
            Mark {
                measurement: 5,
                finding: "Something else".into(),
                reason: MarkReason::Misplaced,
                kind: Kind::Ellipse,
                points: region,
                at: moment(21),
                before_result: true,
            },
        ],
        remark: Some(FreeRemark {
            text: Words::new("Two lines,\nof which this is one."),
            at: moment(30),
            before_result: true,
        }),
    });
}

/// A measurement of every kind.
fn measured() -> Vec<Measurement> {
    let points = |kind: Kind| match kind {
        Kind::Probe | Kind::Text => vec![[101.5, 77.5]],
        Kind::Angle => vec![[20.0, 20.0], [60.0, 25.0], [55.0, 70.0]],
        Kind::Freehand => vec![[100.0, 100.0], [150.0, 110.0], [140.0, 160.0], [95.0, 140.0]],
        Kind::Cobb | Kind::Bidirectional => vec![[40.0, 40.0], [120.0, 60.0], [70.0, 90.0], [85.0, 30.0]],
        Kind::Cardiothoracic => {
            vec![[128.0, 20.0], [128.0, 220.0], [100.0, 150.0], [170.0, 150.0], [40.0, 140.0], [216.0, 140.0]]
        }
        _ => vec![[30.25, 40.5], [110.75, 140.125]],
    };
    let one = |(i, kind): (usize, Kind)| Measurement {
        id: i as u64 + 1,
        kind,
        points: points(kind),
        name: Words::new(if kind == Kind::Length { "a length" } else { "" }),
        thorax_proposed: false,
        known_mm: (kind == Kind::Calibration).then_some(50.0),
    };
    Kind::ALL.into_iter().enumerate().map(one).collect()
}

/// The case of the image, which is computed once.
fn computed(source: &Path) -> CaseReport {
    static ANALYSIS: OnceLock<Arc<Analysis>> = OnceLock::new();
    static LUNGS: OnceLock<(ModelInfo, Arc<Lungs>)> = OnceLock::new();
    let analysis = ANALYSIS.get_or_init(|| {
        let whole = case(source, true);
        LUNGS.get_or_init(|| (whole.model.clone(), whole.lungs.clone().unwrap()));
        whole.analysis
    });
    let (model, lungs) = LUNGS.get().unwrap();
    let frame = Arc::new(study::open_image(source).unwrap());
    let mut case = CaseReport::new(frame, Arc::clone(analysis), model.clone());
    case.lungs = Some(Arc::clone(lungs));
    case
}

/// What is checked of all of them; each is written and opened once.
fn within_all(check: impl Fn(&Reopened, Circumstances)) {
    static OPENED: [OnceLock<Reopened>; 4] = [const { OnceLock::new() }; 4];
    for (opened, circumstances) in OPENED.iter().zip(ALL) {
        check(opened.get_or_init(|| Reopened::of(circumstances)), circumstances);
    }
}

#[test]
fn every_number_and_word_of_the_report_is_read_again() {
    within_all(|opened, circumstances| {
        assert_eq!(opened.record.labels.len() + opened.record.groups.len(), opened.case.findings().len());
        for score in &opened.record.labels {
            of_score(opened, score, "LABEL");
        }
        for score in &opened.record.groups {
            of_score(opened, score, "GROUP");
        }
        of_evaluations(opened);
        of_impression(opened);
        of_answers(opened);
        of_marks(opened);
        of_measurements(opened);
        let findings = opened.groups().iter().filter(|group| group.has("121071")).count();
        let marks = opened.record.feedback.as_ref().unwrap().marks.len();
        let states = if circumstances.inside { opened.case.findings().len() } else { 0 };
        assert_eq!(findings, states + marks, "{circumstances:?}: states that are withheld are no findings");
    });
}

fn of_score(opened: &Reopened, score: &ScoreRecord, kind: &str) {
    let group = opened.group(&score.label, kind);
    assert_eq!(group.code(kind), Code::label(&score.label).value);
    let probabilities = group.all("122157");
    let value = |by: &str| probabilities.iter().find(|one| one.derivation() == by).map(|one| one.own_number().0);
    assert_eq!(value(""), Some(f64::from(score.probability)), "{}", score.label);
    let summary = score.summary.as_ref().unwrap();
    for (by, number) in
        [("371888009", summary.p05), ("371889001", summary.p95), ("373098007", summary.mean), ("386136009", summary.sd)]
    {
        assert_eq!(value(by), Some(f64::from(number)), "{by} of {}", score.label);
    }
    assert_eq!(group.number("122411"), f64::from(score.threshold));
    assert_eq!(group.all("LOGIT").first().map(|one| one.own_number().0), score.logit.map(f64::from));
    let model = &opened.record.model;
    assert_eq!((group.text("111001"), group.text("111003")), (model.name.as_str(), model.version.as_str()));
    let told: Vec<&str> = group.all("111002").iter().map(|one| one.own_text()).collect();
    assert!(told.contains(&format!("weights SHA-256: {}", model.sha256).as_str()), "{told:?}");
    assert!(told.contains(&format!("temperature: {}", model.temperature).as_str()), "{told:?}");
    let samples = opened.record.uncertainty.as_ref().unwrap();
    let source = format!("samples: {} ({}), seed {}", samples.samples, samples.source.name(), samples.seed);
    assert!(told.contains(&source.as_str()), "{told:?}");
    of_state(opened, group, &score.label);
}

fn of_state(opened: &Reopened, group: At<'_>, label: &str) {
    let states = opened.record.conformal.as_ref();
    let own = states.and_then(|states| states.state(label));
    let code = match own.map(|own| own.state) {
        Some(State::Present) => "52101004",
        Some(State::Absent) => "272519000",
        Some(State::Undecided) => "373068000",
        Some(State::Withheld) | None => {
            let reason = own.map_or_else(|| why_no_states(&opened.case).unwrap(), |own| own.reason.clone());
            assert_eq!(group.text("NOSTATE"), reason);
            return assert!(!group.has("STATE") && !group.has("121071"));
        }
    };
    let state = group.one("STATE");
    assert_eq!((state.own_code(), group.code("121071")), (code, &*Code::label(label).value));
    assert_eq!((state.number("ERRORRATE"), state.text("REASON")), (states.unwrap().risk, own.unwrap().reason.as_str()));
    let condition = state.all("CONDITION").first().map(|one| one.own_text().to_owned());
    assert_eq!(condition, states.unwrap().condition);
}

fn of_evaluations(opened: &Reopened) {
    let (said, record) = (opened.said(), &opened.record);
    let gate = record.gate.as_ref().unwrap();
    let verdict = said.one("GATE");
    assert_eq!((verdict.own_code(), verdict.text("REASON")), ("ACCEPTED", gate.reason.as_str()));
    assert_eq!(verdict.number("GATESCORE"), f64::from(gate.score));
    assert_eq!(verdict.number("122411"), f64::from(gate.threshold));
    let population = record.population.as_ref().unwrap();
    let verdict = said.one("POPULATION");
    assert_eq!(verdict.own_code(), if population.inside { "INSIDE" } else { "OUTSIDE" });
    assert_eq!(verdict.all("REASON").first().map_or("", |one| one.own_text()), population.reason);
    assert_eq!(verdict.text("CONDITION"), population.condition.as_deref().unwrap());
    assert_eq!(verdict.number("DISTANCE"), f64::from(population.distance.unwrap()));
    assert_eq!(verdict.number("122411"), f64::from(population.threshold.unwrap()));
    let warnings: Vec<&str> = said.all("WARNING").iter().map(|one| one.own_text()).collect();
    let wanted: Vec<&str> = gate.warnings.iter().chain(&record.warnings).map(String::as_str).collect();
    assert_eq!(warnings, wanted);
    assert!(warnings.contains(&"A reservation."));
    assert!(said.text("NOTICE").contains(NOT_A_DEVICE));
    let uncertainty = record.uncertainty.as_ref().unwrap();
    assert_eq!(said.number("ENTROPY"), f64::from(uncertainty.predictive_entropy));
    assert_eq!(said.number("MUTUALINFO"), f64::from(uncertainty.mutual_information));
}

fn of_impression(opened: &Reopened) {
    let said = opened.said();
    let impression = opened.record.impression.as_ref().unwrap();
    let written = said.one("121073");
    assert_eq!((written.own_text(), written.code("RESULTKNOWN")), (impression.text.as_str(), "BEFORE"));
    assert_eq!(written.item().observed, written_at(impression.written_at));
    assert_eq!(written.code("121005"), "121006", "a person says so");
    let comments = said.all("121106");
    let feedback = opened.record.feedback.as_ref().unwrap();
    let (remark, free) = (&impression.remarks[0], feedback.remark.as_ref().unwrap());
    let all: Vec<(&str, &str, &str)> =
        comments.iter().map(|one| (one.own_text(), one.item().observed.as_str(), one.code("RESULTKNOWN"))).collect();
    let [first, second] = [remark.written_at, free.at].map(written_at);
    assert_eq!(
        all,
        [(remark.text.as_str(), first.as_str(), "AFTER"), (free.text.0.as_str(), second.as_str(), "BEFORE")]
    );
}

fn of_answers(opened: &Reopened) {
    let items = opened.said().all("ASSESSMENT");
    let answers = &opened.record.feedback.as_ref().unwrap().answers;
    assert_eq!(items.len(), answers.len());
    for (item, row) in items.into_iter().zip(answers) {
        assert_eq!(item.code("LABEL"), Code::label(&row.finding).value);
        let code = match row.answer {
            Some(Answer::Agree) => "AGREE",
            Some(Answer::Disagree) => "DISAGREE",
            Some(Answer::Unsure) => "UNSURE",
            Some(Answer::NotLookedAt) => "NOTLOOKEDAT",
            None => "READERONLY",
        };
        assert_eq!(item.own_code(), code, "{}", row.finding);
        let Some(given) = &row.given else {
            assert!(item.item().observed.is_empty() && !item.has("OPINION"));
            continue;
        };
        let opinion = match given.opinion {
            Opinion::Present => "52101004",
            Opinion::Absent => "272519000",
            Opinion::Unsure => "373068000",
        };
        let known = if given.before_result { "BEFORE" } else { "AFTER" };
        assert_eq!((item.code("OPINION"), item.code("RESULTKNOWN")), (opinion, known));
        assert_eq!(item.item().observed, written_at(given.at));
        let numbers = ["122157", "122411"].map(|code| item.all(code).first().map(|one| one.own_number().0));
        let said = [given.said.map(|said| said.probability), given.said.map(|said| said.threshold)];
        assert_eq!(numbers, said.map(|value| value.map(f64::from)));
    }
}

fn of_marks(opened: &Reopened) {
    let groups: Vec<At<'_>> = opened.groups().into_iter().filter(|group| group.has("ASSESSMENT")).collect();
    let marks = &opened.record.feedback.as_ref().unwrap().marks;
    assert_eq!(groups.len(), marks.len());
    for (group, mark) in groups.into_iter().zip(marks) {
        assert_eq!(
            (group.text("112039"), group.code("121071")),
            (mark.finding.as_str(), &*Code::label(&mark.finding).value)
        );
        let reason = if mark.reason == MarkReason::Missed { "MISSED" } else { "MISPLACED" };
        let known = if mark.before_result { "BEFORE" } else { "AFTER" };
        assert_eq!((group.code("ASSESSMENT"), group.code("RESULTKNOWN")), (reason, known));
        assert_eq!(group.item().observed, written_at(mark.at));
        assert_eq!(group.lines(), narrow(mark.kind.lines(&mark.points)));
    }
}

fn narrow(lines: Vec<Vec<[f64; 2]>>) -> Vec<Vec<[f32; 2]>> {
    lines.into_iter().map(|line| line.into_iter().map(|point| point.map(|v| v as f32)).collect()).collect()
}

fn of_measurements(opened: &Reopened) {
    for one in &opened.record.measurements {
        if one.drawn.kind.is_note() {
            continue;
        }
        let name = match one.drawn.name.0.as_str() {
            "" => format!("{} {}", one.drawn.kind.name(), one.drawn.id),
            name => name.to_owned(),
        };
        let group = opened.group(&name, "READERMEASURE");
        assert_eq!(group.text("READERMEASURE"), one.drawn.kind.name());
        let cautions: Vec<&str> = group.all("WARNING").iter().map(|one| one.own_text()).collect();
        assert_eq!(cautions, one.values.cautions);
        of_values(one, group);
    }
}

fn of_values(one: &MeasurementRecord, group: At<'_>) {
    let values = &one.values;
    let wanted = narrow(one.drawn.kind.lines(&one.drawn.points));
    let mut told = 0;
    let mut check = |code: &str, derivation: &str, number: f64, unit: &str| {
        let item = group
            .all(code)
            .into_iter()
            .find(|item| item.derivation() == derivation && item.own_number() == (number, unit));
        let item = item.unwrap_or_else(|| panic!("no {code} {derivation} {number} {unit} of {:?}", one.drawn.kind));
        assert_eq!(item.lines(), wanted, "{code}");
        told += 1;
    };
    let unit = values.unit.unwrap_or(LengthUnit::Px);
    assert!(matches!(unit, LengthUnit::MmByReader | LengthUnit::Px), "calibrated by the reader: {unit:?}");
    let (length, area) = if unit == LengthUnit::Px { ("{pixels}", "{pixels}") } else { ("MMREADER", "MM2READER") };
    values.length.into_iter().for_each(|mm| check("410668003", "", mm, length));
    if let Some(axes) = values.axes {
        check("103339001", "", axes.long, length);
        check("103340004", "", axes.short, length);
    }
    values.diameter.into_iter().for_each(|mm| check("81827009", "", mm, length));
    let angle = if one.drawn.kind == Kind::Cobb { "285285000" } else { "1483009" };
    values.angle.into_iter().for_each(|degrees| check(angle, "", degrees, "deg"));
    if let Some(found) = values.cardiothoracic {
        check("CTR", "", found.ratio, "1");
        check("HEARTWIDTH", "", found.heart, length);
        check("THORAXWIDTH", "", found.thorax, length);
        found.heart_sides.into_iter().for_each(|mm| check("HEARTSIDE", "", mm, length));
    }
    values.area.into_iter().for_each(|mm| check("42798000", "", mm, area));
    if let Some(found) = values.statistics {
        check("GREY", "373098007", found.mean, "1");
        check("GREY", "386136009", found.sd.unwrap(), "1");
        check("GREY", "255605001", found.min, "1");
        check("GREY", "56851009", found.max, "1");
        check("PIXELSIN", "", found.pixels as f64, "{pixels}");
        check("PIXELSOUT", "", found.left_out as f64, "{pixels}");
    }
    values.pixel.and_then(|pixel| pixel.value).into_iter().for_each(|value| check("GREY", "", value, "1"));
    assert!(told > 0, "{:?} has a number", one.drawn.kind);
}

#[test]
fn what_the_reader_drew_is_drawn_again_where_it_was() {
    within_all(|opened, _| {
        let drawn = |name: &str| -> Vec<Vec<Vec<[f32; 2]>>> {
            let of = opened.laid.graphics.iter().filter(|one| one.name == name);
            of.map(|one| one.drawings.iter().map(|drawing| drawing.points.clone()).collect()).collect()
        };
        for one in opened.record.measurements.iter().filter(|one| !one.drawn.kind.is_note()) {
            let name = match one.drawn.name.0.as_str() {
                "" => format!("{} {}", one.drawn.kind.name(), one.drawn.id),
                name => name.to_owned(),
            };
            assert_eq!(drawn(&name), [narrow(one.drawn.kind.lines(&one.drawn.points))], "{name}");
        }
        for mark in &opened.record.feedback.as_ref().unwrap().marks {
            assert_eq!(drawn(&mark.finding), [narrow(mark.kind.lines(&mark.points))], "{}", mark.finding);
        }
    });
}

#[test]
fn maps_come_back_to_the_last_bit_and_lie_where_the_network_looked() {
    within_all(|opened, circumstances| {
        let maps: Vec<&Layer> =
            opened.laid.layers.iter().filter(|one| matches!(one.kind, LayerKind::Map { .. })).collect();
        let written: Vec<&Arc<Attribution>> = opened.case.analysis.attributions.iter().collect();
        assert_eq!(maps.len(), written.len());
        for map in written {
            let class = opened.case.class_name(map.class().unwrap());
            let is = |layer: &&&Layer| {
                let told = |words: &str| layer.details.iter().any(|own| own.contains(words));
                told(&format!("Label of the model: {class}")) && told(&format!(": {}", map.method.name()))
            };
            let layer = maps.iter().find(is).unwrap_or_else(|| panic!("no map of {class}: {maps:?}"));
            if map.method.has_layer() {
                let words = format!("Layer that the map was taken from: {}", map.layer);
                assert!(layer.details.contains(&words), "{:?}", layer.details);
            }
            assert!(layer.details.contains(&"research".to_owned()), "{:?}", layer.details);
            assert_eq!(layer.name.starts_with("OUTSIDE POPULATION: "), !circumstances.inside, "{}", layer.name);
            let Plane { width, height, values } = &map.raw;
            // The middle of each cell, in pixels of the image.
            for (i, value) in values.iter().enumerate() {
                let middle = |at: usize, of: usize| (at as f64 + 0.5) / of as f64 * SIDE as f64;
                let found = layer.grid.value([middle(i % width, *width), middle(i / width, *height)]);
                assert_eq!(found.map(f32::to_bits), Some(value.to_bits()), "cell {i} of {class}");
            }
        }
    });
}

#[test]
fn segmentations_come_back_pixel_by_pixel() {
    within_all(|opened, _| {
        let case = &opened.case;
        let lungs = case.lungs.as_ref().unwrap();
        let regions = lungs.fields.on_grid(SIDE, SIDE);
        let mut wanted: Vec<(String, Vec<bool>)> = vec![
            ("Right lung".into(), regions.iter().map(|region| region.is_right()).collect()),
            ("Left lung".into(), regions.iter().map(|region| region.is_left()).collect()),
        ];
        for (title, map) in evidence(case) {
            let inside = map.values.iter().map(|value| *value >= case.overlay.threshold).collect::<Vec<bool>>();
            let (mark, title) = title.rsplit_once(": ").map_or(("", title.as_str()), |(mark, title)| (mark, title));
            let title = title.split(", at ").next().unwrap();
            let mark = if mark.is_empty() { String::new() } else { format!("{mark}: ") };
            wanted.push((format!("{mark}Evidence for {title}"), inside));
        }
        wanted.retain(|(_, inside)| inside.contains(&true));
        let areas: Vec<&Layer> =
            opened.laid.layers.iter().filter(|one| matches!(one.kind, LayerKind::Area { .. })).collect();
        assert_eq!(areas.len(), wanted.len());
        for (layer, (name, inside)) in areas.iter().zip(&wanted) {
            assert_eq!(layer.name, *name);
            let at = |i: usize| layer.grid.value([(i % SIDE) as f64 + 0.5, (i / SIDE) as f64 + 0.5]).unwrap();
            let found: Vec<bool> = (0..SIDE * SIDE).map(|i| at(i) == 1.0).collect();
            assert!(found == *inside, "{name}: {} pixels differ", differing(&found, inside));
        }
        let told =
            |i: usize, words: &str| assert!(areas[i].details.iter().any(|own| own.contains(words)), "{:?}", areas[i]);
        let FieldsSource::Segmenter { sha256, .. } = &lungs.source else { panic!() };
        told(0, "Right");
        told(1, "Left");
        told(0, &format!("weights SHA-256: {sha256}"));
        told(2, &opened.record.model.sha256);
        told(2, "What moved the score of a model, no finding.");
    });
}

fn differing(a: &[bool], b: &[bool]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// Title and scaled map of each class that holds evidence.
fn evidence(case: &CaseReport) -> Vec<(String, Plane)> {
    let mark = if case.outside().is_some() { "OUTSIDE POPULATION: " } else { "" };
    let percent = (case.overlay.threshold * 100.0).round();
    let of = |&class: &usize| {
        let map = case.attribution(class)?;
        let scaled = case.scaled_map(map, SIDE, SIDE);
        let title = format!("{mark}{}, {}, at {percent} % of the scale", case.class_name(class), map.method.name());
        scaled.values.iter().any(|value| *value >= case.overlay.threshold).then_some((title, scaled))
    };
    case.classes.iter().filter_map(of).collect()
}

fn closed(contour: &Contour) -> Vec<[f32; 2]> {
    let mut points = contour.points.clone();
    if contour.closed && points.first() != points.last() {
        points.push(points[0]);
    }
    points
}

#[test]
fn graphics_window_and_words_of_the_presentation_state_come_back() {
    within_all(|opened, circumstances| {
        let [state] = &opened.states[..] else { panic!("{} states", opened.states.len()) };
        assert!(state.notes.is_empty() && !state.annotations.incomplete, "{:?}", state.notes);
        let case = &opened.case;
        let mut lines: Vec<Vec<[f32; 2]>> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for (title, map) in evidence(case) {
            lines.extend(contours(&map, &[case.overlay.threshold], SIDE, SIDE).iter().map(closed));
            words.push(title);
        }
        lines.extend(case.lungs.as_ref().unwrap().outline.iter().map(closed));
        for one in &opened.record.measurements {
            if one.drawn.kind != Kind::Text {
                lines.extend(narrow(one.drawn.kind.lines(&one.drawn.points)));
            }
            let name = Some(one.drawn.name.0.clone()).filter(|name| !name.is_empty());
            let own: Vec<String> = name.into_iter().chain(one.values.lines()).collect();
            words.extend(Some(own.join("\n")).filter(|words| !words.is_empty()));
        }
        let drawn: Vec<&Vec<[f32; 2]>> = state.annotations.drawings.iter().map(|one| &one.points).collect();
        assert_eq!(drawn, lines.iter().collect::<Vec<_>>());
        let told: Vec<&str> = state.annotations.texts.iter().map(|one| one.text.as_str()).collect();
        let (notice, others) = told.split_last().unwrap();
        assert_eq!(others, words);
        assert!(notice.contains("RESEARCH USE ONLY") && notice.contains(NOT_A_DEVICE), "{notice}");
        assert_eq!(notice.contains("OUTSIDE THE POPULATION"), !circumstances.inside);
        assert!(state.voi.is_some() && state.inverted == Some(case.frame.pixels.inverted));
    });
}

#[test]
fn the_document_and_the_overlays_come_back_byte_for_byte() {
    within_all(|opened, _| {
        assert!(opened.document == opened.pdf, "the PDF differs");
        let images = overlay_images(&opened.case).unwrap();
        assert_eq!(images.len(), opened.overlays.len());
        let mut found: Vec<&Vec<u8>> =
            opened.overlays.iter().map(|one| one.pixels.color.as_ref().unwrap().as_raw()).collect();
        for wanted in &images {
            let at = found.iter().position(|own| *own == wanted.image.as_raw());
            found.remove(at.unwrap_or_else(|| panic!("no {}", wanted.title)));
        }
    });
}

#[test]
fn every_object_names_the_model_its_weights_and_the_program() {
    within_all(|opened, _| {
        let model = &opened.record.model;
        assert_eq!(opened.objects.len(), 5, "all but the Secondary Captures are results");
        for object in &opened.objects {
            let equipment = match object {
                ReadObject::StructuredReport(one) => &one.equipment,
                ReadObject::Segmentation(one) => &one.equipment,
                ReadObject::ParametricMap(one) => &one.equipment,
                ReadObject::Document(one) => &one.equipment,
                ReadObject::Presentation(one) => &one.equipment,
            };
            let told = equipment.join("\n");
            let words = format!("Model {} {}, weights {}", model.name, model.version, model.sha256);
            assert!(told.contains(&words) && told.contains(pellucid::VERSION), "{told}");
        }
    });
}
