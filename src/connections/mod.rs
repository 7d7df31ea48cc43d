//! What those have in common who open a connection of HTTP: whose certificates are believed, what it
//! means that a connection broke, and an end of waiting once somebody cancels.
//!
//! What it does not do: open a connection. That is for the fetching of models and for archives alone.

pub mod authorities;
pub(crate) mod broken;
pub(crate) mod watch;
