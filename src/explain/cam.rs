//! Class activation maps.
