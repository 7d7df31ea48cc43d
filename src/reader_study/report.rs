//! The report of a study: what was asked and how, what was found in figures and tables, and what it
//! cannot tell.

use chrono::Local;

use super::analysis::{Agreement, Counted, Reliance, StudyAnalysis};
use super::plan::Design;
use crate::evaluation::multi_reader::agreement::Kappa;
use crate::evaluation::multi_reader::inference::{Difference, Estimate, Inference};
use crate::evaluation::multi_reader::{Analysis, Method};
use crate::figures::charts::input::{Curve, Forest, ForestRow, MetricValue, Stratum, short};
use crate::figures::charts::{forest, roc};
use crate::model::calibration::Proportion;
use crate::report::composed::{ComposedReport, Part};
use crate::report::evaluation::Table;

/// Values are of ratios, not of differences.
const RATIO: &str = "Ratio";

/// The report of a study, dated now.
#[must_use]
pub fn report(study: &StudyAnalysis) -> ComposedReport {
    let mut parts = vec![
        Part::Facts("What was studied", facts(study)),
        Part::Sentences("Whether it was fixed before", study.integrity.sentences()),
        Part::Sentences("What was found", findings(study)),
        Part::Sentences("Reservations", study.remarks.clone()),
        Part::Chart(forest(&areas(study))),
        Part::Chart(roc(&curves(study))),
    ];
    parts.push(Part::Table(by_arm(
        study,
        "Area under the ROC curve",
        "Trapezoidal area of the confidences; mean over readers with 95 % intervals after Obuchowski and Rockette, on the \
         logit scale.",
        &study.auroc,
    )));
    parts.push(Part::Table(differences(study, &study.auroc, "Differences of areas")));
    parts.push(Part::Table(readers(study)));
    let right = [
        ("Sensitivity", study.sensitivity.as_ref(), "Share of cases with the finding that were decided rightly."),
        ("Specificity", study.specificity.as_ref(), "Share of cases without the finding that were decided rightly."),
    ];
    for (title, analysis, note) in right {
        if let Some(analysis) = analysis {
            parts.push(Part::Table(by_arm(study, title, note, analysis)));
        }
    }
    if let Some(marking) = &study.marking {
        let note = format!(
            "{} lesions on {} cases, and {} cases without the finding. wAFROC: every case counts once; AFROC (JAFROC): \
             every lesion does.",
            marking.lesions, marking.positives, marking.negatives
        );
        parts.push(Part::Table(by_arm(study, "Marks: wAFROC figure of merit", &note, &marking.wafroc)));
        parts.push(Part::Table(by_arm(study, "Marks: AFROC figure of merit", "", &marking.afroc)));
    }
    if let Some(reliance) = &study.reliance {
        parts.extend(followed(study, reliance));
    }
    parts.push(Part::Table(agreement(study)));
    parts.push(Part::Table(times(study)));
    parts.push(Part::Table(components(study)));
    ComposedReport {
        title: "Reader study",
        about: "What a model's score and its maps do to those who read with them",
        subject: format!("{} · plan {}", study.name, &study.integrity.now[..12]),
        created: Local::now(),
        parts,
    }
}

fn facts(study: &StudyAnalysis) -> Vec<(&'static str, String)> {
    let design = match study.design {
        Design::Sequential => "sequential: every case in all arms at once, first without the model",
        Design::Crossover => "crossover: each arm in a session of its own",
    };
    vec![
        ("Study", study.name.clone()),
        ("Question", study.question.clone()),
        ("Finding, model", format!("{}, {}", study.finding, study.model)),
        ("Design", design.to_owned()),
        ("Arms", study.arms.join("; ")),
        ("Readers", format!("{}: {}", study.readers.len(), study.readers.join(", "))),
        ("Cases", format!("{}, {} of them with the finding", study.cases, study.positives)),
        ("A decision is", format!("yes from a confidence of {} on", study.decision)),
        (
            "Covariances",
            match study.auroc.method {
                Method::Jackknife => "jackknife",
                Method::DeLong => "structural components (DeLong)",
            }
            .to_owned(),
        ),
        ("Plan", study.integrity.now.clone()),
        ("Software", format!("Pellucid {}, commit {}", crate::VERSION, crate::COMMIT)),
    ]
}

/// What holds for other readers and cases, or for these readers where there is but one.
fn main_inference(analysis: &Analysis) -> (&Inference, &'static str) {
    match &analysis.random {
        Some(random) => (random, "other readers and cases"),
        None => (&analysis.fixed_readers, "these readers and other cases"),
    }
}

/// The first results in sentences.
#[must_use]
pub fn findings(study: &StudyAnalysis) -> Vec<String> {
    let (inference, holds) = main_inference(&study.auroc);
    let mut said = Vec::new();
    for (arm, estimate) in study.arms.iter().zip(&inference.modalities) {
        said.push(format!("AUROC, {arm}: {}.", value(estimate).text()));
    }
    for difference in &inference.differences {
        said.push(format!(
            "AUROC, {} against {}: {}, {}, for {holds}.",
            study.arms[difference.second],
            study.arms[difference.first],
            signed(&difference.estimate),
            p_of(difference)
        ));
    }
    let reliance = study.reliance.as_ref();
    if let Some(followed) = reliance.and_then(|r| r.followed_wrong.as_ref()) {
        let (inference, holds) = main_inference(followed);
        for (arm, estimate) in study.arms.iter().zip(&inference.modalities) {
            said.push(format!("The model's wrong answers were given, {arm}: {}.", value(estimate).text()));
        }
        for difference in &inference.differences {
            said.push(format!(
                "Wrong answers of the model, {} against {}: {}, {}, for {holds}.",
                study.arms[difference.second],
                study.arms[difference.first],
                signed(&difference.estimate),
                p_of(difference)
            ));
        }
    }
    if let Some(seconds) = &study.times.log_seconds {
        for difference in &main_inference(seconds).0.differences {
            let (first, second) = (&study.arms[difference.first], &study.arms[difference.second]);
            said.push(format!("Time, {second} against {first}: {} times as long.", ratio(&difference.estimate)));
        }
    }
    said
}

fn value(estimate: &Estimate) -> MetricValue {
    match estimate.interval {
        Some([low, high]) => MetricValue::new(estimate.value, low, high),
        None => MetricValue::alone(Some(estimate.value)),
    }
}

fn of_share(share: Option<Proportion>) -> String {
    share.map_or(MetricValue::default(), |s| MetricValue::new(s.value, s.low, s.high)).text()
}

/// A difference with its sign and its interval: ends of two signs are parted by a word.
fn signed(estimate: &Estimate) -> String {
    let plus =
        |v: f64| if short(v).starts_with('−') || short(v) == "0.000" { short(v) } else { format!("+{}", short(v)) };
    match estimate.interval {
        Some([low, high]) => format!("{} ({} to {})", plus(estimate.value), plus(low), plus(high)),
        None => plus(estimate.value),
    }
}

/// Of a difference of logarithms.
fn ratio(estimate: &Estimate) -> String {
    let [value, low, high] = [Some(estimate.value), estimate.interval.map(|i| i[0]), estimate.interval.map(|i| i[1])]
        .map(|v| v.map(f64::exp));
    MetricValue { value, low, high }.text()
}

fn p_of(difference: &Difference) -> String {
    difference.test.map_or_else(|| "no test, as nothing varies".to_owned(), |test| p(test.p))
}

fn p(p: f64) -> String {
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {p:.3}") }
}

/// Areas of the arms, of each reader and of all.
fn areas(study: &StudyAnalysis) -> Forest {
    let (inference, _) = main_inference(&study.auroc);
    let row = |name: &str, value: MetricValue| ForestRow { name: name.to_owned(), value, ..ForestRow::default() };
    let arms = study.arms.iter().zip(&inference.modalities).map(|(arm, e)| row(arm, value(e))).collect();
    let reader = |(number, code): (usize, &String)| Stratum {
        heading: format!("Reader {code}"),
        rows: (study.arms.iter().zip(&study.auroc.figures))
            .map(|(arm, figures)| row(arm, MetricValue::alone(Some(figures[number]))))
            .collect(),
    };
    Forest {
        title: "Area under the ROC curve, by arm and reader".into(),
        reading: "Intervals of the arms are for other readers and other cases, where several readers have read.".into(),
        empty: String::new(),
        overall: None,
        strata: std::iter::once(Stratum { heading: "All readers".into(), rows: arms })
            .chain(study.readers.iter().enumerate().map(reader))
            .collect(),
    }
}

fn curves(study: &StudyAnalysis) -> Vec<Curve> {
    let (inference, _) = main_inference(&study.auroc);
    let curve = |((arm, points), estimate): ((&String, &Vec<[f64; 2]>), &Estimate)| Curve {
        name: format!("{arm}, mean of the readers"),
        positives: study.positives,
        negatives: study.cases - study.positives,
        points: points.clone(),
        area: value(estimate),
        operating: None,
    };
    study.arms.iter().zip(&study.curves).zip(&inference.modalities).map(curve).collect()
}

/// Means of an analysis by arm, for the three populations.
fn by_arm(study: &StudyAnalysis, title: &str, note: &str, analysis: &Analysis) -> Table {
    let of = |inference: Option<&Inference>, arm: usize| {
        inference.map_or_else(|| "–".to_owned(), |i| value(&i.modalities[arm]).text())
    };
    let row = |(arm, name): (usize, &String)| {
        vec![
            name.clone(),
            of(analysis.random.as_ref(), arm),
            of(Some(&analysis.fixed_readers), arm),
            of(analysis.fixed_cases.as_ref(), arm),
        ]
    };
    Table {
        title: title.to_owned(),
        note: note.to_owned(),
        columns: ["Arm", "Other readers, other cases", "These readers, other cases", "Other readers, these cases"]
            .map(str::to_owned)
            .to_vec(),
        rows: study.arms.iter().enumerate().map(row).collect(),
    }
}

/// Differences of arms with their tests.
fn differences(study: &StudyAnalysis, analysis: &Analysis, title: &str) -> Table {
    let kinds = [
        ("other readers, other cases", analysis.random.as_ref()),
        ("these readers, other cases", Some(&analysis.fixed_readers)),
        ("other readers, these cases", analysis.fixed_cases.as_ref()),
    ];
    let mut rows = Vec::new();
    for (kind, inference) in kinds {
        for d in inference.iter().flat_map(|i| &i.differences) {
            let name = format!("{} − {}", study.arms[d.second], study.arms[d.first]);
            let df = d.estimate.degrees_of_freedom.map_or_else(|| "∞".to_owned(), |df| format!("{df:.1}"));
            let test = d.test.map_or_else(|| ["–".to_owned(), "–".to_owned()], |t| [short(t.statistic), p(t.p)]);
            rows.push([name, kind.to_owned(), signed(&d.estimate), df].into_iter().chain(test).collect());
        }
    }
    Table {
        title: title.to_owned(),
        note: "Degrees of freedom after Hillis (2007); not corrected for several comparisons.".into(),
        columns: ["Difference", "Holds for", "Value (95 %)", "Degrees of freedom", "t or z", "p"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

/// Areas of each reader, with the differences.
fn readers(study: &StudyAnalysis) -> Table {
    let row = |(number, code): (usize, &String)| {
        let areas = study.auroc.figures.iter().map(|arm| short(arm[number]));
        let differences = study.auroc.readers[number].iter().map(|d| signed(&d.estimate));
        std::iter::once(code.clone()).chain(areas).chain(differences).collect()
    };
    let named = |d: &Difference| format!("{} − {}", study.arms[d.second], study.arms[d.first]);
    let pairs = study.auroc.readers.first().map_or(Vec::new(), |d| d.iter().map(named).collect());
    Table {
        title: "Readers".into(),
        note: "Areas of each reader; intervals of the differences over cases.".into(),
        columns: std::iter::once("Reader".to_owned()).chain(study.arms.iter().cloned()).chain(pairs).collect(),
        rows: study.readers.iter().enumerate().map(row).collect(),
    }
}

/// How far the model was followed.
fn followed(study: &StudyAnalysis, reliance: &Reliance) -> Vec<Part> {
    let mut parts = Vec::new();
    let wrong = reliance.false_alarms + reliance.misses;
    let about = format!(
        "Of {} cases with an answer of the model it is wrong on {wrong}: {} false alarms and {} misses.",
        reliance.answered, reliance.false_alarms, reliance.misses
    );
    if let Some(analysis) = &reliance.followed_wrong {
        let note = format!(
            "{about} Share of decisions that are the model's. Readers err without it, too: what the model did is the \
             difference to the arm without it."
        );
        parts.push(Part::Table(by_arm(study, "The model's wrong answers, given by readers", &note, analysis)));
        parts.push(Part::Table(differences(study, analysis, "Wrong answers of the model: differences of arms")));
    }
    if let Some(analysis) = &reliance.followed_right {
        parts.push(Part::Table(by_arm(study, "The model's right answers, given by readers", "", analysis)));
    }
    let row = |(arm, name): (usize, &String)| {
        let shares = reliance.by_error[arm];
        vec![name.clone(), of_share(shares.false_alarms), of_share(shares.misses)]
    };
    parts.push(Part::Table(Table {
        title: "Wrong answers by kind".into(),
        note: format!("{about} Intervals by cases, for these readers."),
        columns: ["Arm", "False alarms given", "Misses given"].map(str::to_owned).to_vec(),
        rows: study.arms.iter().enumerate().map(row).collect(),
    }));
    let counted = |c: &Counted| vec![format!("{} of {}", c.count, c.of), of_share(c.share)];
    parts.push(Part::Table(Table {
        title: "Against the arm without the model: the same reader on the same case".into(),
        note: "Misled: right without the model, wrong with it, where the model is wrong. Corrected: wrong without it, right with it, \
               where it is right. Intervals by cases, for these readers."
            .into(),
        columns: ["Arm", "Misled", "Share", "Corrected", "Share"].map(str::to_owned).to_vec(),
        rows: (reliance.changes.iter())
            .map(|c| {
                let cells = counted(&c.misled).into_iter().chain(counted(&c.corrected));
                std::iter::once(study.arms[c.arm].clone()).chain(cells).collect()
            })
            .collect(),
    }));
    parts
}

fn agreement(study: &StudyAnalysis) -> Table {
    let kappa = |k: Option<Kappa>| {
        let interval = |k: Kappa| (k.interval.map(|[low, _]| low), k.interval.map(|[_, high]| high));
        let of = |k: Kappa| MetricValue { value: Some(k.value), low: interval(k).0, high: interval(k).1 };
        k.map_or_else(MetricValue::default, of).text()
    };
    let row = |(name, agreement): (&String, &Agreement)| {
        vec![name.clone(), kappa(agreement.decisions), kappa(agreement.bands)]
    };
    Table {
        title: "Agreement of the readers".into(),
        note: "Kappa of all readers (Fleiss): of decisions, and of five bands of confidence with a disagreement by the square of its \
               distance. Intervals by cases, for these readers; none where they agree in all cases."
            .into(),
        columns: ["Arm", "Decisions", "Confidence in five bands"].map(str::to_owned).to_vec(),
        rows: study.arms.iter().zip(&study.agreement).map(row).collect(),
    }
}

fn times(study: &StudyAnalysis) -> Table {
    let inference = study.times.log_seconds.as_ref().map(|analysis| main_inference(analysis).0);
    let row = |(arm, name): (usize, &String)| {
        let mean = inference.map_or_else(|| "–".to_owned(), |i| ratio(&i.modalities[arm]));
        let against = inference.and_then(|i| i.differences.iter().find(|d| d.first == 0 && d.second == arm));
        let against = against.map_or_else(|| "–".to_owned(), |d| format!("{}, {}", ratio(&d.estimate), p_of(d)));
        vec![name.clone(), format!("{:.1}", study.times.medians[arm]), mean, against]
    };
    Table {
        title: "Time for a case".into(),
        note: "Seconds from the moment at which the image and what the arm shows were on screen. In a sequential study those of later \
               arms come on top."
            .into(),
        columns: ["Arm", "Median", "Geometric mean (95 %)", RATIO].map(str::to_owned).to_vec(),
        rows: study.arms.iter().enumerate().map(row).collect(),
    }
}

/// What planning another study needs.
fn components(study: &StudyAnalysis) -> Table {
    let c = &study.auroc.components;
    let number = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.6}"));
    let rows = [
        ("Variance of readers", c.reader),
        ("Variance of arm and reader", c.interaction),
        ("Error variance", Some(c.error)),
        ("Cov1 (same reader)", Some(c.cov1)),
        ("Cov2 (same arm)", Some(c.cov2)),
        ("Cov3 (neither)", Some(c.cov3)),
    ];
    Table {
        title: "Parts of the variance of areas".into(),
        note: "For planning another study (Obuchowski and Rockette); estimates of an analysis of variance can be negative.".into(),
        columns: ["Part", "Estimate"].map(str::to_owned).to_vec(),
        rows: rows.map(|(name, value)| vec![name.to_owned(), number(value)]).to_vec(),
    }
}
