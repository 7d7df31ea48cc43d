//! The specification of the program as tests: one file a subject.

mod architectures;
mod believing;
mod cam;
mod cli;
mod data;
mod default_model;
mod engine;
mod faithfulness;
mod findings;
mod house;
mod import;
mod judging;
mod judging_runs;
mod killed;
mod localization;
mod network;
mod panels;
mod picker;
mod study;
mod toy;
mod training;
mod training_room;
mod transfer;
mod viewer;
mod viewer_state;
