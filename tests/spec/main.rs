//! The specification of the program as tests: one file a subject.

mod architectures;
mod believing;
mod cam;
mod cli;
mod data;
mod default_model;
mod engine;
mod explaining;
mod faithfulness;
mod findings;
mod gate;
mod hostile_files;
mod house;
mod import;
mod judging;
mod judging_runs;
mod killed;
mod localization;
mod maps;
#[path = "../common/narrow.rs"]
mod narrow;
mod network;
mod one_place;
mod panels;
mod picker;
mod read_first;
mod study;
mod sure;
mod toy;
mod training;
mod training_room;
mod transfer;
mod trust;
mod viewer;
mod viewer_state;
