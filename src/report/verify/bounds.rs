//! What a report may ask for, before anything of it is computed again.
//!
//! A report is a file like any other and may be hostile: its options say how much is computed, so
//! each is held to the budget that the command line and the viewer have too, and all of them
//! together to [`limits::REPORT_RUNS`].

use std::collections::HashSet;
use std::hash::Hash;

use crate::explain::{Cost, Method, MethodSettings};
use crate::limits;
use crate::measurement::{self, Measurement, MeasurementError};
use crate::report::sidecar::Sidecar;
use crate::report::{feedback, impression};

/// Most remarks below an impression.
const REMARKS: usize = 1000;

/// What a report has too much, or too little, of.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfBounds {
    #[error("it asks for {asked} {what}, and no more than {most} are allowed")]
    TooMany { what: &'static str, asked: usize, most: usize },
    #[error("it asks for {asked} {what}, and it takes {least} at least")]
    TooFew { what: &'static str, asked: usize, least: usize },
    #[error("it names one of its {what} twice")]
    Twice { what: &'static str },
    #[error("one of its measurements cannot be: {0}")]
    Measurement(#[from] MeasurementError),
    #[error("it does not say when it was made: {0:.40} is no date of RFC 3339")]
    Date(String),
}

/// Whether the options are within bounds.
pub fn check(sidecar: &Sidecar) -> Result<(), OutOfBounds> {
    if chrono::DateTime::parse_from_rfc3339(&sidecar.created).is_err() {
        return Err(OutOfBounds::Date(sidecar.created.escape_default().to_string()));
    }
    let options = &sidecar.options;
    let MethodSettings { evaluations, superpixels, patches, .. } = options.explanation;
    within("samples", options.samples, 0, limits::SAMPLES)?;
    within("runs of a method", evaluations.unwrap_or(1), 1, limits::EVALUATIONS)?;
    within("superpixels", superpixels, limits::SUPERPIXELS.0, limits::SUPERPIXELS.1)?;
    within("patches along a side", patches, 1, limits::PATCHES)?;
    distinct("methods", &options.methods)?;
    distinct("layers", &options.layers)?;
    distinct("subjects", &options.subjects)?;
    distinct("classes", &sidecar.display.classes)?;
    let subjects = if options.subjects.is_empty() { sidecar.labels.len() } else { options.subjects.len() };
    let maps = [options.layers.len(), options.methods.len(), subjects].map(|n| n.max(1));
    let maps = maps.into_iter().fold(1, usize::saturating_mul);
    within("maps", maps, 0, limits::REPORT_MAPS)?;
    let runs =
        options.methods.iter().map(|m| runs(*m, &options.explanation)).fold(options.samples, usize::saturating_add);
    within("runs of the network", runs, 0, limits::REPORT_RUNS)?;
    within("prevalences", sidecar.prevalence.len(), 0, sidecar.labels.len() + sidecar.groups.len())?;
    if let Some(similar) = &sidecar.similar {
        within("similar cases", similar.asked, 1, limits::REPORT_SIMILAR)?;
    }
    if let Some(study) = &sidecar.study {
        within("images of the study", study.images.len(), 0, limits::REPORT_STUDY_IMAGES)?;
    }
    let size = sidecar.size.as_ref().map_or([usize::from(u16::MAX); 2], |size| [size.columns, size.rows]);
    let drawn: Vec<Measurement> = sidecar.measurements.iter().map(|record| record.drawn.clone()).collect();
    measurement::check(&drawn, size)?;
    if let Some(said) = &sidecar.feedback {
        within("answers", said.answers.len(), 0, limits::FEEDBACK_ANSWERS)?;
        measurement::check(&feedback::regions(said), size)?;
        let remark = said.remark.as_ref().map_or(0, |remark| remark.text.0.chars().count());
        within("characters of a remark", remark, 0, limits::FEEDBACK_REMARK)?;
    }
    if let Some(prior) = &sidecar.prior {
        let drawn: Vec<Measurement> = prior.measurements.iter().map(|record| record.drawn.clone()).collect();
        measurement::check(&drawn, [usize::from(u16::MAX); 2])?;
    }
    within("changed images", sidecar.what_if.len(), 0, limits::KEPT_CHANGES)?;
    for kept in &sidecar.what_if {
        within("random places", kept.random_places, 0, limits::RANDOM_PLACES)?;
    }
    if let Some(written) = &sidecar.impression {
        within("remarks", written.remarks.len(), 0, REMARKS)?;
        for text in std::iter::once(&written.text).chain(written.remarks.iter().map(|remark| &remark.text)) {
            within("characters of an impression", text.chars().count(), 0, impression::MOST)?;
        }
    }
    Ok(())
}

/// About how many runs of the network a method takes.
fn runs(method: Method, settings: &MethodSettings) -> usize {
    match method.cost() {
        // The patch moves by half of itself.
        Cost::Runs(_) if method == Method::Occlusion => (2 * settings.patches).saturating_sub(1).pow(2),
        Cost::Runs(usual) => settings.evaluations.filter(|_| usual > 1).unwrap_or(usual),
        // As many as the model has channels or background images, which the report does not say.
        Cost::Instant | Cost::Channels | Cost::Background => 0,
    }
}

fn within(what: &'static str, asked: usize, least: usize, most: usize) -> Result<(), OutOfBounds> {
    match asked {
        n if n < least => Err(OutOfBounds::TooFew { what, asked, least }),
        n if n > most => Err(OutOfBounds::TooMany { what, asked, most }),
        _ => Ok(()),
    }
}

fn distinct<T: Eq + Hash>(what: &'static str, all: &[T]) -> Result<(), OutOfBounds> {
    let mut seen = HashSet::new();
    if all.iter().all(|one| seen.insert(one)) { Ok(()) } else { Err(OutOfBounds::Twice { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Subject;
    use crate::report::image_file::ImageFile;
    use crate::report::sample_case::case;

    fn said(change: impl FnOnce(&mut Sidecar)) -> String {
        let mut sidecar = Sidecar::of(&case(), &ImageFile::default());
        assert_eq!(check(&sidecar), Ok(()));
        change(&mut sidecar);
        check(&sidecar).unwrap_err().to_string()
    }

    #[test]
    fn every_option_that_costs_time_is_bounded() {
        let samples = said(|s| s.options.samples = 1_000_000_000);
        assert_eq!(samples, "it asks for 1000000000 samples, and no more than 10000 are allowed");
        assert!(said(|s| s.options.explanation.evaluations = Some(2_000_000)).contains("runs of a method"));
        assert!(said(|s| s.options.explanation.evaluations = Some(0)).contains("1 at least"));
        assert!(said(|s| s.options.explanation.superpixels = 5000).contains("superpixels"));
        assert!(said(|s| s.options.explanation.patches = 0).contains("patches"));
        assert!(said(|s| s.options.methods = vec![Method::Rise; 50]).contains("one of its methods twice"));
        assert!(said(|s| s.options.layers = vec!["stage4".into(); 9]).contains("one of its layers twice"));
        assert!(said(|s| s.display.classes = vec!["Normal".into(); 9]).contains("one of its classes twice"));
        assert!(said(|s| s.options.subjects = (0..5000).map(Subject::class).collect()).contains("10000 maps"));
        assert!(said(|s| s.created = "yesterday".into()).contains("no date"));
    }

    #[test]
    fn options_that_are_within_bounds_one_by_one_are_bounded_together() {
        let rise = said(|s| {
            s.options.methods = vec![Method::Rise, Method::KernelShap];
            s.options.explanation.evaluations = Some(20_000);
        });
        assert!(rise.contains("40100 runs of the network"), "{rise}");
        let patches = said(|s| {
            s.options.methods = vec![Method::Occlusion];
            s.options.explanation.patches = 256;
        });
        assert!(patches.contains("runs of the network"), "{patches}");
    }
}
