//! Makes the detector of a model: fits the measures, chooses, settles middle and edge, and measures
//! what came of it.

use std::fmt::Write as _;

use super::candidates::Candidate;
use super::images::{Member, MemberParts, Others, patients};
use super::metrics::DetectorMetrics;
use super::network::FittingSchedule;
use super::{candidates, file};
use crate::model::Model;
use crate::model::population::detector::{Detector, Scaled};
use crate::training::event::Observer;
use crate::training::{Error, Result};

/// Fewest images, of either part, that measures are fitted to and edges are taken from.
pub const FEWEST: usize = 20;

/// Share of the population's images within the edge of a measure that stands alone, and of the
/// network that has seen others.
const ALONE: f64 = 0.95;

const NETWORK: f64 = 0.97;

/// The same of the distance beside the network, and by how much its edge is then moved out. It
/// stands there for what is grossly strange: a turn of 5° or another machine's sharpening doubles
/// the distance of a child's radiograph, and makes no adult of him.
const BESIDE: f64 = 0.99;

const WIDENED: f32 = 3.0;

/// A detector that was made.
pub struct Made {
    /// Its file.
    pub bytes: Vec<u8>,
    /// Which images did what.
    pub made_of: String,
    /// Every measure that was tried, and the detector itself last, on the images that decided
    /// nothing.
    pub metrics: DetectorMetrics,
}

/// Makes the detector of `model`.
///
/// # Errors
/// When there are too few images, or a measure cannot be fitted to them.
pub fn make(
    model: &Model,
    own: &MemberParts,
    others: &[Others],
    schedule: FittingSchedule,
    observer: Observer<'_>,
) -> Result<Made> {
    for (part, what) in [(&own.fit, "to fit a detector to"), (&own.edge, "to say where the population ends")] {
        if part.len() < FEWEST {
            return Err(Error::Data(format!("there are {} images {what}, and it takes {FEWEST}", part.len())));
        }
    }
    let layer = candidates::last_layer(model, own)?;
    let mut tried = candidates::distances(own, layer.as_ref())?;
    let shown: Vec<&Member> = others.iter().flat_map(|o| &o.parts.fit).collect();
    let chosen: Vec<&Candidate> = if shown.is_empty() {
        tried.iter().filter(|c| c.is_default()).collect()
    } else {
        let best = candidates::best(&tried, own, others);
        tried.push(candidates::lookalikes(own, &shown, schedule, observer)?);
        tried.last().into_iter().chain(&tried[best..=best]).collect()
    };
    let places: &[(f64, f32)] = if chosen.len() == 1 { &[(ALONE, 1.0)] } else { &[(NETWORK, 1.0), (BESIDE, WIDENED)] };
    let measures: Vec<Scaled> = chosen
        .iter()
        .zip(places)
        .map(|(c, (share, widened))| Ok(c.scaled(&own.edge, *share)?.widened(*widened)))
        .collect::<Result<_>>()?;
    let made_of = in_words(own, others, &measures);
    let bytes = file::write(&model.sha256, own, &chosen, measures, made_of.clone())?;
    let detector =
        Detector::from_bytes(&bytes, &model.sha256, &model.device).map_err(|e| Error::Data(e.to_string()))?;
    let metrics = DetectorMetrics::of(&tried, &detector, own, others, ALONE)?;
    Ok(Made { bytes, made_of, metrics })
}

/// Which images did what, in sentences.
fn in_words(own: &MemberParts, others: &[Others], measures: &[Scaled]) -> String {
    let count = |members: &[Member]| format!("{} images of {} patients", members.len(), patients(members));
    let mut text = format!(
        "Fitted to {}; middle and edge from {}, which have no part in the fit.",
        count(&own.fit),
        count(&own.edge)
    );
    let shown: Vec<String> = others
        .iter()
        .filter(|o| !o.parts.fit.is_empty())
        .map(|o| format!("{} of {}", count(&o.parts.fit), o.name))
        .collect();
    if !shown.is_empty() {
        let _ = write!(text, " Others that it was shown: {}.", shown.join(", "));
    }
    let names: Vec<&str> = measures.iter().map(|m| m.measure.name()).collect();
    let _ = write!(text, " Measures: {}.", names.join(", "));
    text
}
