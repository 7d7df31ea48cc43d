//! What the figures mean and what they do not, in plain words.

use super::EvaluationReport;
use crate::evaluation::purpose::Purpose;

/// One honest paragraph.
pub(super) fn meaning(report: &EvaluationReport) -> String {
    let purpose = match (report.images.purpose, &report.images.checked) {
        (Purpose::Validation, _) => {
            "These images chose the model, its thresholds or its temperature, so the metrics flatter it; only images that took no part \
             in making it can tell how good it is."
                .to_owned()
        }
        (_, Some(exposure)) if exposure.shared() > 0 => {
            format!("By the model's record {}: the metrics flatter it.", exposure.sentence())
        }
        (Purpose::Test, Some(exposure)) => format!(
            "These images were kept aside, it was said, and by the model's record {}. Other images of the same patients it cannot know.",
            exposure.sentence()
        ),
        (Purpose::Test, None) => "These images were kept aside, it was said: that they took no part in training or in choosing thresholds and \
                                  temperature is unchecked, for the model keeps no record of its images."
            .to_owned(),
        (Purpose::Unknown, Some(exposure)) => format!(
            "By the model's record {}; whether they are of the same patients the report cannot know.",
            exposure.sentence()
        ),
        (Purpose::Unknown, None) => {
            "The report cannot know whether these images took part in training or in choosing the thresholds; if they did, the figures \
             flatter the model."
                .to_owned()
        }
    };
    let sampling = "The intervals (95 %, by drawing patients again) hold the chance of this sample and nothing else: they do not cover \
                    another hospital, another machine or other patients. As far as is known all images come from one source, and figures \
                    from one source are seldom reached elsewhere.";
    [purpose, prevalence(report), sampling.to_owned()].join(" ").replace("  ", " ")
}

/// How common the targets are here, and what hangs on that.
fn prevalence(report: &EvaluationReport) -> String {
    const NAMED: usize = 3;
    let known: Vec<String> = report
        .targets
        .iter()
        .filter(|t| t.images > 0)
        .map(|t| format!("{:.1} % of the images show {}", 100.0 * t.positives as f64 / t.images as f64, t.name))
        .collect();
    if known.is_empty() {
        return String::new();
    }
    let more = if known.len() > NAMED { ", and so on" } else { "" };
    format!(
        "Here {}{more}; accuracy, precision and the negative predictive value hold for that prevalence only: where a finding is rarer, \
         fewer of the calls are right at the same sensitivity and specificity.",
        known[..known.len().min(NAMED)].join(", ")
    )
}

/// What stands above the gallery.
pub(super) fn gallery(report: &EvaluationReport) -> String {
    let (wrong, shown) = (report.wrong, report.failures.len());
    let errors = match wrong {
        0 => "No image has a wrong call.".to_owned(),
        1 => "One image has a wrong call.".to_owned(),
        n => format!(
            "{n} images have a wrong call; the {shown} shown are those of which the model was surest, kinds of error and targets in turn."
        ),
    };
    format!(
        "{errors} Left the image, right the same under a heat map: what moved the score, not the outline of a lesion. Each is named by its \
         path below the folder of the set. Names of files and folders and burned-in text are printed as they are: they may identify a \
         patient, so look through these pages before they are passed on."
    )
}
