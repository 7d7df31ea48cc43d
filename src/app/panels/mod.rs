//! The panels around the film: each reads the state and answers with commands.

pub mod empty;
pub mod findings;
pub mod import_weights;
pub mod impression;
pub mod keys_help;
pub mod methods;
pub mod notices;
pub mod overlay;
pub mod reliability;
pub mod status;
pub mod studies;
pub mod sure;
pub mod toolbar;
pub mod training;
pub mod trust;
pub mod verdict;
