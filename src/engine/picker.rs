//! Chooses a model for each image and hands it out loaded; the worker and the command line share it.

use std::fmt::Display;
use std::sync::Arc;

use super::EngineError;
use super::choice::{Choice, Considered, choose};
use crate::network::Model;
use crate::network::candidate::Candidate;
use crate::network::shelf::Shelf;
use crate::study::Frame;

/// Where models come from.
pub trait Library {
    /// A model by name; the same one again as long as it has not changed.
    ///
    /// # Errors
    /// A sentence on why it cannot be used.
    fn load(&mut self, name: &str) -> Result<Arc<Model>, String>;

    /// The models to choose from, as far as they must be known for that.
    ///
    /// # Errors
    /// A sentence on why none can be used.
    fn candidates(&mut self) -> Result<Vec<Candidate>, String>;
}

impl Library for Shelf {
    fn load(&mut self, name: &str) -> Result<Arc<Model>, String> {
        Self::load(self, name).map_err(|error| error.to_string())
    }

    fn candidates(&mut self) -> Result<Vec<Candidate>, String> {
        Self::candidates(self).map_err(|error| error.to_string())
    }
}

/// Models by name only: there is nothing to choose from.
impl<F, E> Library for F
where
    F: FnMut(&str) -> Result<Model, E>,
    E: Display,
{
    fn load(&mut self, name: &str) -> Result<Arc<Model>, String> {
        self(name).map(Arc::new).map_err(|error| error.to_string())
    }

    fn candidates(&mut self) -> Result<Vec<Candidate>, String> {
        Ok(Vec::new())
    }
}

/// Why no model could be chosen or handed out.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    #[error("{0}")]
    Library(String),
    #[error("No model is installed.")]
    Nothing,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Chooses among the models of a library.
pub struct Picker<L> {
    library: L,
    /// Read with the first choice.
    candidates: Option<Vec<Candidate>>,
}

impl<L: Library> Picker<L> {
    /// Nothing is read yet.
    pub fn new(library: L) -> Self {
        Self { library, candidates: None }
    }

    /// Forgets which models there are: the next choice looks again.
    pub fn look_again(&mut self) {
        self.candidates = None;
    }

    /// A model by name.
    ///
    /// # Errors
    /// A sentence on why it cannot be used.
    pub fn load(&mut self, name: &str) -> Result<Arc<Model>, PickError> {
        self.library.load(name).map_err(PickError::Library)
    }

    /// The model that fits the image. Runs the gate of every model that the file does not rule out; a model whose gate cannot be
    /// run is left out and stands in the way of no other.
    ///
    /// # Errors
    /// When there is no model, or no gate can be run.
    pub fn choose(&mut self, frame: &Frame) -> Result<Choice, PickError> {
        let candidates = match &mut self.candidates {
            Some(known) => known,
            none => none.insert(self.library.candidates().map_err(PickError::Library)?),
        };
        match candidates.as_slice() {
            [] => Err(PickError::Nothing),
            [only] => Ok(Choice::only(&only.name)),
            several => {
                let plane = frame.model_plane();
                let meta = &frame.entry.meta;
                let (mut considered, mut broken) = (Vec::with_capacity(several.len()), None);
                for candidate in several {
                    let statement = candidate.fits.heard(meta);
                    let asked = statement.against.is_none();
                    match if asked { candidate.judge(frame, &plane) } else { Ok(None) } {
                        Ok(gate) => considered.push(Considered { name: candidate.name.clone(), statement, gate }),
                        Err(error) => {
                            log::warn!("{} is not chosen: {error}", candidate.name);
                            broken = Some(error);
                        }
                    }
                }
                match broken {
                    Some(error) if considered.is_empty() => Err(EngineError::Gate(error).into()),
                    _ => Ok(choose(&frame.entry, &considered)),
                }
            }
        }
    }
}
