//! Making a population detector ([`crate::model::population::detector`]).
//!
//! Patients are divided in three by a hash of their name: measures are fitted to the images of the
//! first part, the second says where the population's middle and edge lie, and the third, which
//! decided nothing, says how good the detector is. Images of known others, where there are any, are
//! divided alike; images of further others are for judging alone.
//!
//! Without images of others the detector is the Mahalanobis distance: nothing at hand could say
//! which measure is better. With them, a small network learns to tell them from the population, and
//! the distance that tells them best stands beside it, for what the network was never shown.

pub mod images;
pub mod make;
pub mod metrics;
pub mod network;
pub mod of_run;

mod candidates;
mod file;
