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
mod house;
mod import;
mod judging;
mod judging_runs;
mod judging_sets;
mod killed;
mod localization;
mod maps;
#[path = "../common/narrow.rs"]
mod narrow;
mod network;
mod panels;
mod picker;
mod read_first;
mod readme;
mod reproducing;
mod study;
mod sure;
mod toy;
mod training;
mod training_room;
mod transfer;
mod trust;
mod viewer;
mod viewer_state;
