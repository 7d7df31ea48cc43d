//! Which model judges an image, handed out loaded; the worker and the command line share it.

use std::error::Error;
use std::sync::Arc;

use super::choice::{Choice, Considered, choose};
use crate::engine::EngineError;
use crate::model::Model;
use crate::model::cache::{CacheError, ModelCache};
use crate::model::candidate_model::CandidateModel;
use crate::study::Frame;

/// Where models come from.
pub trait Library {
    /// A model by name; the same one again as long as it has not changed.
    ///
    /// # Errors
    /// A sentence on why it cannot be used.
    fn load(&mut self, name: &str) -> Result<Arc<Model>, SelectionError>;

    /// The models to choose from, as far as they must be known for that.
    ///
    /// # Errors
    /// A sentence on why none can be used.
    fn candidates(&mut self) -> Result<Vec<CandidateModel>, SelectionError>;
}

impl Library for ModelCache {
    fn load(&mut self, name: &str) -> Result<Arc<Model>, SelectionError> {
        Ok(Self::load(self, name)?)
    }

    fn candidates(&mut self) -> Result<Vec<CandidateModel>, SelectionError> {
        Ok(Self::candidates(self)?)
    }
}

/// Models by name only: there is nothing to choose from.
impl<F, E> Library for F
where
    F: FnMut(&str) -> Result<Model, E>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn load(&mut self, name: &str) -> Result<Arc<Model>, SelectionError> {
        self(name).map(Arc::new).map_err(|error| SelectionError::Other(error.into()))
    }

    fn candidates(&mut self) -> Result<Vec<CandidateModel>, SelectionError> {
        Ok(Vec::new())
    }
}

/// Why no model could be chosen or handed out.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    #[error("No model is installed.")]
    Nothing,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Says which model judges an image: the one that was named, or the one that fits.
///
/// The viewer's worker and the command line ask the same selector, so they cannot disagree.
pub struct ModelSelector<L> {
    library: L,
    /// Judges every image; `None` where the model is chosen for each.
    named: Option<Arc<Model>>,
    /// Read with the first choice.
    candidates: Option<Arc<[CandidateModel]>>,
}

/// What says which model judges an image, for several threads at once.
#[derive(Clone)]
pub struct Chooser {
    named: Option<Arc<Model>>,
    candidates: Arc<[CandidateModel]>,
}

impl Chooser {
    /// The model that was named; else as [`ModelSelector::choose`].
    ///
    /// # Errors
    /// As [`ModelSelector::choose`].
    pub fn choose(&self, frame: &Frame, force: bool) -> Result<Choice, SelectionError> {
        match &self.named {
            Some(model) => Ok(Choice::by_hand(&model.manifest.name)),
            None => Ok(insisted(fitting(&self.candidates, frame)?, force)),
        }
    }

    /// Names of the models that can be chosen.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match &self.named {
            Some(model) => vec![model.origin.clone()],
            None => self.candidates.iter().map(|candidate| candidate.name.clone()).collect(),
        }
    }
}

/// A choice with the model that it names.
pub struct Selected {
    pub choice: Arc<Choice>,
    /// `None` when no model fits.
    pub model: Option<Arc<Model>>,
}

impl<L: Library> ModelSelector<L> {
    /// Nothing is read yet, and the model is chosen for each image.
    pub fn new(library: L) -> Self {
        Self { library, named: None, candidates: None }
    }

    /// Has this model judge every image from now on.
    ///
    /// # Errors
    /// Why it cannot be used; what was in force before stays so.
    pub fn use_named(&mut self, name: &str) -> Result<Arc<Model>, SelectionError> {
        let model = self.load(name)?;
        self.named = Some(model.clone());
        Ok(model)
    }

    /// Has the model chosen for each image from now on, among those that are installed now.
    pub fn use_fitting(&mut self) {
        self.named = None;
        self.candidates = None;
    }

    /// The model that was named.
    pub fn named(&self) -> Option<&Arc<Model>> {
        self.named.as_ref()
    }

    /// A model by name.
    ///
    /// # Errors
    /// A sentence on why it cannot be used.
    pub fn load(&mut self, name: &str) -> Result<Arc<Model>, SelectionError> {
        self.library.load(name)
    }

    /// The model for an image, loaded; the nearest one by `force`, where none fits.
    ///
    /// # Errors
    /// As [`Self::choose`], and when the model cannot be loaded.
    pub fn select(&mut self, frame: &Frame, force: bool) -> Result<Selected, SelectionError> {
        if let Some(model) = &self.named {
            let choice = Arc::new(Choice::by_hand(&model.manifest.name));
            return Ok(Selected { choice, model: Some(model.clone()) });
        }
        let choice = Arc::new(self.choose(frame, force)?);
        self.selected(choice)
    }

    /// The same for a choice that was made before.
    ///
    /// # Errors
    /// When the model cannot be loaded.
    pub fn selected(&mut self, choice: Arc<Choice>) -> Result<Selected, SelectionError> {
        let model = match (&self.named, &choice.model) {
            (Some(named), _) => Some(named.clone()),
            (None, name) => name.as_ref().map(|name| self.library.load(name)).transpose()?,
        };
        Ok(Selected { choice, model })
    }

    /// The choice among the installed models for an image; the nearest one by `force`, where none
    /// fits. Runs the gate of every model that the file does not rule out; a model whose gate
    /// cannot be run is left out and stands in the way of no other.
    ///
    /// # Errors
    /// When there is no model, or no gate can be run.
    pub fn choose(&mut self, frame: &Frame, force: bool) -> Result<Choice, SelectionError> {
        Ok(insisted(fitting(&self.candidates()?, frame)?, force))
    }

    /// The same for several threads at once, among the models of now.
    ///
    /// # Errors
    /// When none can be used.
    pub fn chooser(&mut self) -> Result<Chooser, SelectionError> {
        let named = self.named.clone();
        let candidates = if named.is_some() { Arc::new([]) } else { self.candidates()? };
        Ok(Chooser { named, candidates })
    }

    fn candidates(&mut self) -> Result<Arc<[CandidateModel]>, SelectionError> {
        let candidates = match &mut self.candidates {
            Some(known) => known,
            none => none.insert(self.library.candidates()?.into()),
        };
        Ok(candidates.clone())
    }
}

/// The nearest model where none fits and the reader insists.
fn insisted(mut choice: Choice, force: bool) -> Choice {
    if let (None, Some(nearest), true) = (&choice.model, &choice.nearest, force) {
        choice.because = format!("{}; {nearest} comes nearest and was taken by --force", choice.because);
        choice.model = Some(nearest.clone());
    }
    choice
}

fn fitting(candidates: &[CandidateModel], frame: &Frame) -> Result<Choice, SelectionError> {
    match candidates {
        [] => Err(SelectionError::Nothing),
        [only] => Ok(Choice::only(&only.name)),
        several => {
            let plane = frame.model_plane();
            let meta = &frame.entry.meta;
            let (mut considered, mut broken) = (Vec::with_capacity(several.len()), None);
            for candidate in several {
                let statement = candidate.fits.statement(meta);
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
