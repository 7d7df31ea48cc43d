//! The panels around the image: each reads the state and answers with commands.

#[cfg(test)]
mod archive_forms;
mod display_menu;
pub mod empty;
pub mod faithfulness;
pub mod feedback;
#[cfg(test)]
mod file_forms;
pub mod findings;
#[cfg(test)]
mod forms;
pub mod hanging;
pub mod import_weights;
pub mod impression;
pub mod keys_editor;
pub mod keys_help;
pub mod lungs;
pub mod map_strip;
pub mod measurements;
mod methods;
pub mod model_diff;
pub mod notices;
pub mod overlay;
pub mod palette;
pub mod published;
pub(super) mod reading;
pub mod reliability;
pub mod result_objects;
pub mod result_window;
pub mod score_change;
pub mod similar;
pub mod stack_bar;
pub mod status;
pub mod studies;
pub mod study_result;
pub mod tags;
#[cfg(test)]
mod terms;
pub mod toolbar;
pub mod training;
#[cfg(test)]
mod training_forms;
mod uncertainty;
mod verdict;
pub mod what_if;
pub mod worklist;
