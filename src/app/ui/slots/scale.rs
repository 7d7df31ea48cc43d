//! One scale for images whose millimetres mean the same: the largest at which each of them fits its
//! place. Points of the screen for a millimetre.

use super::super::viewport;
use super::Place;
use crate::app::state::State;
use crate::app::state::hanging::ScaleLink;
use crate::study::Frame;

/// Points for a millimetre at zoom 1; nothing where fewer than two images are linked.
pub(super) fn common(state: &State, places: &[Place]) -> Option<f32> {
    let own = |place: &Place| -> Option<f32> {
        let beside = place.beside.as_ref();
        let linked = place.slot == state.hanging.active || matches!(state.scale_link(place.slot), ScaleLink::Linked(_));
        let drawn = beside.unwrap_or(state);
        let known = linked && (beside.is_some() || place.slot == state.hanging.active);
        let frame = drawn.drawn().filter(|_| known && drawn.views[0].fit.is_none())?;
        let column = drawn.spacing(frame)?.column_mm as f32;
        let points = viewport::fitting(&drawn.views[0], frame, place.body) / column;
        (points.is_finite() && points > 0.0).then_some(points)
    };
    let all: Vec<f32> = places.iter().filter_map(own).collect();
    (all.len() > 1).then(|| all.into_iter().fold(f32::INFINITY, f32::min))
}

/// Points for a column of an image at zoom 1, where it is shown at the common scale.
pub(super) fn of(common: Option<f32>, drawn: &State, frame: &Frame, linked: bool) -> Option<f32> {
    Some(common.filter(|_| linked)? * drawn.spacing(frame)?.column_mm as f32)
}
