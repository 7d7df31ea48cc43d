//! A made-up case in which every field of the sidecar holds something, for the tests of this room.

use std::path::Path;
use std::sync::Arc;

use super::case::CaseReport;
use super::feedback;
use super::impression::{Impression, Remark};
use super::sample_case::{case, lungs, on_disk, similar, study};
use crate::engine::map_request::MapFaithfulness;
use crate::explain::faithfulness::Faithfulness;
use crate::explain::{Method, Residual, Subject};
use crate::feedback::{Call, CaseFeedback, FindingAnswer, FreeRemark, Mark, MarkReason, Opinion, Said};
use crate::measurement::{Kind, Words};
use crate::model::calibration::tests::made;
use crate::model::population::PopulationVerdict;

/// A case in which every field of the file holds something.
pub(super) fn full(folder: &Path) -> CaseReport {
    let mut case = on_disk(case(), folder);
    case.model.calibration = Arc::new(Ok(made(&case.model.manifest)));
    let remark = Remark { text: "The map agrees.".into(), written_at: case.created };
    let (text, written_at, before_result) = ("A nodule.".into(), case.created, true);
    case.impression = Some(Impression { text, written_at, before_result, remarks: vec![remark] });
    let said = Said { probability: 0.5, threshold: 0.5, call: Some(Call::Present) };
    let (finding, opinion, at) = ("Pneumonia".to_owned(), Opinion::Present, case.created);
    case.feedback = Some(CaseFeedback {
        answers: vec![FindingAnswer { finding: finding.clone(), opinion, said: Some(said), at, before_result: false }],
        marks: vec![Mark {
            measurement: 0,
            finding,
            reason: MarkReason::Missed,
            kind: Kind::Rectangle,
            points: vec![[1.0, 2.0], [30.0, 40.0]],
            at,
            before_result: false,
        }],
        remark: Some(FreeRemark { text: Words("Seen.".into()), at, before_result: false }),
    });
    // What the model says of it, as it is computed again.
    case.feedback = feedback::record(&case).map(|record| feedback::again(&record, &case));
    let (subject, layer, trust) = (Subject::class(1), "stage4".into(), Faithfulness::new(Vec::new(), None, None));
    case.faithfulness =
        Some(MapFaithfulness { method: Method::GradCam, subject, layer, measured: trust, whole: false });
    case.lungs = Some(lungs(folder));
    case.similar = Some(similar(folder));
    case.study = Some(study(&case, folder));
    case.window = crate::imaging::auto_window::initial_window(&case.frame.pixels);
    case.prevalences = vec![("Pneumonia".into(), 0.02)];
    let analysis = Arc::make_mut(&mut case.analysis);
    analysis.warnings = vec!["Sixty years are missing.".into()];
    analysis.population = Some(PopulationVerdict {
        inside: true,
        reason: String::new(),
        condition: Some("the patient is 1–5 years old".into()),
        distance: Some(3.2),
        threshold: Some(9.0),
    });
    for map in &mut analysis.attributions {
        Arc::make_mut(map).residual = Some(Residual { expected: 2.5, found: 2.4 });
    }
    case
}
