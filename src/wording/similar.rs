//! Why there are no similar cases: [`SimilarCases::none`] has it in English for files.

use crate::engine::similar::SimilarCases;
use crate::language::{digits, text, tr};
use crate::model::gallery::SHARE;

/// Why no case is shown, in a sentence; nothing where some are.
pub(crate) fn none(found: &SimilarCases) -> Option<String> {
    if !found.cases.is_empty() {
        return None;
    }
    Some(match (found.nearest, found.edge) {
        (Some(nearest), Some(edge)) => tr!(
            "No similar case: the nearest of {images} images is {nearest} away, farther than {percent} % of the gallery's own \
             images are from their nearest ({edge}).",
            images = found.images,
            nearest = digits(nearest, 4),
            percent = format!("{:.0}", SHARE * 100.0),
            edge = digits(edge, 4)
        ),
        (Some(_), None) => text!("No similar case can be told: no two images of the gallery can be compared.").into(),
        (None, _) => text!("No similar case: the gallery holds no image of another patient.").into(),
    })
}
