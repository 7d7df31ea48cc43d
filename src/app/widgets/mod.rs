//! Widgets of our own.
