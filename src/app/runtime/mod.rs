//! What happens outside the state: effects carried out, each on a thread, so that no frame waits on
//! anything.
//!
//! The engine, files, dialogs, the settings file, thumbnails, training runs, and runs of the
//! program for one screenshot. What comes back are events and messages, which the update takes in.
//! Panels know nothing of this floor.

mod audit;
pub mod capture;
mod comparing;
mod dialogs;
mod dicom_export;
pub mod effect_runner;
mod feedback;
mod frame_loader;
mod hanging_file;
mod impressions;
mod job_threads;
mod jobs;
mod keeping_thread;
mod lung_finder;
mod measuring;
pub mod options;
mod parts_of_image;
pub mod precedence;
mod prefetcher;
mod published;
mod results;
mod screenshot;
pub mod settings_file;
mod settings_keeper;
mod settings_merge;
mod slot_loader;
pub mod thumbnails;
pub mod training;
pub mod window_trial;
mod worklist;
