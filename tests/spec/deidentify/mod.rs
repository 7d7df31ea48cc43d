//! `pellucid deidentify`: what of an image is left, byte by byte.

mod command;
mod names;
mod object;
mod pixels;
mod profile;
