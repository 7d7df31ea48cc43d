//! How well several readers read the same cases in several ways, and by how much the ways differ.
//!
//! A reader study asks whether readers do better with a model's score, or with its map, than
//! without. Every reader reads every case in every modality (a way of reading: an arm of the study),
//! so the areas under their curves are correlated twice over, by the reader and by the case. The
//! model of Obuchowski and Rockette (Commun. Stat. Simul. 24 (1995) 285) takes the figures of merit
//! `θ_ij` of modality `i` and reader `j` for a two-way analysis of variance with correlated errors:
//!
//! ```text
//! θ_ij = μ + τ_i + R_j + (τR)_ij + ε_ij
//! cov(ε_ij, ε_i'j') = Var, Cov1 (same reader), Cov2 (same modality), Cov3 (neither)
//! ```
//!
//! with the degrees of freedom of Hillis (Stat. Med. 26 (2007) 596). [`analysis`] is that analysis
//! for any [`figure::Figure`]: areas ([`area`]), figures of marks ([`marks`]), shares and mean
//! times ([`mean`]). [`agreement`] holds kappa. Held to independent computations case by case, and to
//! what OR-DBM MRMC 2.51 made of the areas of Van Dyke et al. (1993), by
//! `tests/golden/multi_reader.json` and the script beside it.
//!
//! What it does not do: designs that are not fully crossed (a reader who did not read all cases in
//! all modalities is left out before), several cases of one patient, curves fitted to ratings.

pub mod agreement;
pub mod analysis;
pub mod area;
mod covariance;
pub mod errors;
pub mod figure;
pub mod inference;
pub mod marks;
pub mod mean;
#[cfg(test)]
mod tests;

pub use analysis::{Analysis, analyse};
pub use covariance::Method;
pub use errors::MultiReaderError;
pub use figure::Figure;
