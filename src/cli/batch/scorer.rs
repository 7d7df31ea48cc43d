//! An image on its way to a row: as `predict` scores it, with one pass of the network for several.
//!
//! What `predict` does beside its table (maps, lungs, similar cases) is left out; everything that its
//! table holds comes through the same functions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::row::Row;
use crate::batch::{Scorer, Unread};
use crate::cancel::CancelToken;
use crate::cli::output;
use crate::cli::record::Record;
use crate::cli::session::{AnalysisArgs, Analyzed, Session};
use crate::engine::lungs::LungSearch;
use crate::engine::model_selection::{Choice, Chooser};
use crate::engine::pass::Known;
use crate::engine::together::{Prepared, analyze_together};
use crate::engine::{Analysis, AnalysisOptions};
use crate::evaluation::images::first_frame;
use crate::model::Model;
use crate::study::{Frame, StudyError, entry_of, is_named_like_an_image};

/// Scores with the model that was named, or the one that fits each image.
pub(super) struct SessionScorer {
    session: Mutex<Session>,
    chooser: Chooser,
    /// Models stay what they were when the batch began.
    loaded: Mutex<HashMap<String, Arc<Model>>>,
    options: AnalysisOptions,
    error_rate: f64,
}

/// A decoded image with its model.
pub(super) struct Ready {
    path: PathBuf,
    choice: Arc<Choice>,
    image: Image,
}

/// What the choice of a model came to.
enum Image {
    Fits(Arc<Model>, Box<Prepared>),
    Unfit(Box<Frame>),
}

impl SessionScorer {
    pub(super) fn new(session: Session, chooser: Chooser, analysis: &AnalysisArgs) -> Self {
        let options = analysis.options(Vec::new(), Vec::new());
        let (session, loaded) = (Mutex::new(session), Mutex::default());
        Self { session, chooser, loaded, options, error_rate: analysis.error_rate }
    }

    fn model(&self, choice: &Arc<Choice>) -> anyhow::Result<Option<Arc<Model>>> {
        let Some(name) = &choice.model else { return Ok(None) };
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = loaded.get(name) {
            return Ok(Some(model.clone()));
        }
        let model = self.session.lock().unwrap_or_else(PoisonError::into_inner).selected(choice.clone())?;
        loaded.extend(model.iter().map(|model| (name.clone(), model.clone())));
        Ok(model)
    }

    fn prepared(&self, path: &Path, frame: Frame) -> anyhow::Result<Ready> {
        let choice = Arc::new(self.chooser.choose(&frame, self.options.force)?);
        let image = match self.model(&choice)? {
            Some(model) => {
                let image = Prepared::of(&model, frame, Known::of_choice(&choice), self.options.force)?;
                Image::Fits(model, Box::new(image))
            }
            None => Image::Unfit(Box::new(frame)),
        };
        Ok(Ready { path: path.to_owned(), choice, image })
    }

    fn row(&self, path: &Path, frame: Frame, choice: Arc<Choice>, outcome: Option<(Arc<Model>, Analysis)>) -> Row {
        let analyzed = Analyzed { frame, lungs: LungSearch::NotLookedFor, choice, outcome, similar: None };
        Record::new(path, &analyzed, self.error_rate).row()
    }
}

impl Scorer for SessionScorer {
    type Ready = Ready;

    fn ready(&self, path: &Path) -> Result<Ready, Unread> {
        let frame = entry_of(path).and_then(|entry| first_frame(&entry)).map_err(|error| {
            let is_no_image = match &error {
                StudyError::NotAnImage(_) | StudyError::NotRegular(_) => !is_named_like_an_image(path),
                // An object without pixels, such as a report, is a sound file that is no image.
                StudyError::NoPixels(_) => true,
                _ => false,
            };
            let reason = output::sentences(&error.into());
            if is_no_image { Unread::NoImage(reason) } else { Unread::Failed(reason) }
        })?;
        self.prepared(path, frame).map_err(|error| Unread::Failed(output::sentences(&error)))
    }

    fn bytes(&self, ready: &Ready) -> u64 {
        match &ready.image {
            Image::Fits(_, image) => image.bytes(),
            Image::Unfit(frame) => 4 * frame.pixels.plane.values.len() as u64,
        }
    }

    fn score(&self, images: Vec<Ready>) -> Vec<Result<Row, String>> {
        let mut rows: Vec<Option<Result<Row, String>>> = images.iter().map(|_| None).collect();
        let mut groups: Vec<Group> = Vec::new();
        for (place, Ready { path, choice, image }) in images.into_iter().enumerate() {
            match image {
                Image::Unfit(frame) => rows[place] = Some(Ok(self.row(&path, *frame, choice, None))),
                Image::Fits(model, image) => {
                    let at = groups.iter().position(|group| Arc::ptr_eq(&group.model, &model));
                    let at = at.unwrap_or_else(|| {
                        groups.push(Group { model, places: Vec::new(), images: Vec::new() });
                        groups.len() - 1
                    });
                    groups[at].places.push((place, path, choice));
                    groups[at].images.push(*image);
                }
            }
        }
        for Group { model, places, mut images } in groups {
            let analyzed = analyze_together(&model, &mut images, &self.options, &CancelToken::default());
            for (((place, path, choice), image), analysis) in places.into_iter().zip(images).zip(analyzed) {
                rows[place] = Some(match analysis {
                    Ok(mut analysis) => {
                        analysis.chosen_because.clone_from(&choice.because);
                        Ok(self.row(&path, image.frame, choice, Some((model.clone(), analysis))))
                    }
                    Err(error) => Err(output::sentences(&error.into())),
                });
            }
        }
        rows.into_iter().flatten().collect()
    }
}

/// Images of one model.
struct Group {
    model: Arc<Model>,
    /// Of each its place in the batch.
    places: Vec<(usize, PathBuf, Arc<Choice>)>,
    images: Vec<Prepared>,
}
