//! The specification of the program as tests: one file a subject.

mod cli;
mod house;
