//! The images of a part of the run, and the model on them.

use super::Context;
use crate::evaluation::scoring::{self, LabelledImage, Scored, ScoringProgress};
use crate::model::Model;
use crate::pipeline::{PipelineError, Result};
use crate::training::data::part::SplitPart;
use crate::training::data::run_images::RunImages;

/// The images of a part; those that are not there any more are remarked on.
pub(super) fn images(context: &Context<'_>, model: &Model, part: SplitPart) -> Result<Vec<LabelledImage>> {
    let run = &context.pipeline.run;
    let found = RunImages::of(&run.out, Some(&run.data))?.part(&model.manifest, part)?;
    if found.missing > 0 {
        context.remark(format!("{} images of the {} part are not there any more.", found.missing, part.name()));
    }
    Ok(found.images)
}

/// Runs the model on the images of a part.
pub(super) fn scored(context: &Context<'_>, model: &Model, files: &[LabelledImage], part: SplitPart) -> Result<Scored> {
    let mut done = 0;
    let mut progress = |progress: ScoringProgress<'_>| match progress {
        ScoringProgress::Done(n) => {
            done += n;
            context.progress("images scored", done, files.len());
        }
        ScoringProgress::Failed(f) => context.remark(format!("{} was left out: {}.", f.path.display(), f.reason)),
    };
    let scored = scoring::score(model, files, &context.patients()?, 0, context.control.token(), &mut progress)?;
    if scored.set.rows.is_empty() {
        let reason = scored.failures.first().map_or_else(|| "there are none".to_owned(), |f| f.reason.clone());
        return Err(PipelineError::NothingScored { part: part.name(), images: files.len(), reason });
    }
    Ok(scored)
}
