//! Making a population detector ([`crate::uncertainty::population::detector`]).
//!
//! Patients are divided in three by a hash of their name: measures are fitted to the images of the first part, the second says where the
//! population's middle and edge lie, and the third, which decided nothing, says how good the detector is. Images of known
//! others, where there are any, are divided alike; images of further others are for judging alone.
//!
//! Without images of others the detector is the Mahalanobis distance: nothing at hand could say which measure is better. With them,
//! a small network learns to tell them from the population, and the distance that tells them best stands beside it, for what
//! the network was never shown.

mod candidates;
mod figures;
mod file;
mod images;
mod network;
mod of_run;

pub use figures::{Figures, Row};
pub use images::{LeftOut, Member, Parts, gather};
pub use network::Schedule;
pub use of_run::leave;

use self::candidates::Candidate;
use self::images::patients;
use super::{Error, Result};
use crate::network::Model;
use crate::uncertainty::population::detector::{Detector, Scaled};
use std::fmt::Write as _;

/// Fewest images, of either part, that measures are fitted to and edges are taken from.
pub const FEWEST: usize = 20;
/// Share of the population's images within the edge of a measure that stands alone, and of the network that has seen others.
const ALONE: f64 = 0.95;
const NETWORK: f64 = 0.97;
/// The same of the distance beside the network, and by how much its edge is then moved out. It stands there for what is grossly strange:
/// a turn of 5° or another machine's sharpening doubles the distance of a child's radiograph, and makes no adult of him.
const BESIDE: f64 = 0.99;
const WIDENED: f32 = 3.0;

/// How the making goes on.
pub enum Event {
    Step { step: usize, of: usize, loss: f64 },
}

/// Images of others, under a name for tables.
pub struct Others {
    pub name: String,
    pub parts: Parts,
}

/// A detector that was made.
pub struct Made {
    /// Its file.
    pub bytes: Vec<u8>,
    /// Which images did what.
    pub made_of: String,
    /// Every measure that was tried, and the detector itself last, on the images that decided nothing.
    pub figures: Figures,
}

/// Makes the detector of `model`.
///
/// # Errors
/// When there are too few images, or a measure cannot be fitted to them.
pub fn make(
    model: &Model,
    own: &Parts,
    others: &[Others],
    schedule: Schedule,
    observer: &dyn Fn(Event),
) -> Result<Made> {
    for (part, what) in [(&own.fit, "to fit a detector to"), (&own.edge, "to say where the population ends")] {
        if part.len() < FEWEST {
            return Err(Error::Data(format!(
                "there are {} images {what}, and it takes {FEWEST}; without more the model has no population detector",
                part.len()
            )));
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
    let figures = Figures::of(&tried, &detector, own, others, ALONE)?;
    Ok(Made { bytes, made_of, figures })
}

/// Which images did what, in sentences.
fn in_words(own: &Parts, others: &[Others], measures: &[Scaled]) -> String {
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
