//! mc_dropout
