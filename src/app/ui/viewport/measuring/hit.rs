//! Which measurement lies under the pointer, and which of its places.

use egui::Pos2;

use super::super::placement::Placement;
use super::on_screen;
use crate::app::state::State;
use crate::measurement::{Handle, MeasurementId};

/// A place nearer than this, in points, is taken.
const NEAR: f32 = 9.0;
/// A line nearer than this is taken.
const LINE: f32 = 5.0;

/// The measurement under the pointer: the chosen one first, then the one that was made last.
pub(super) fn at(state: &State, placement: &Placement, pointer: Pos2) -> Option<(MeasurementId, Handle)> {
    if !state.measuring.shown {
        return None;
    }
    let mut all: Vec<_> = state.measurements().iter().rev().collect();
    all.sort_by_key(|one| state.measuring.selected != Some(one.id));
    let handle = all.iter().find_map(|one| {
        let places = one.handles();
        let far = |i: &usize| on_screen(placement, places[*i]).distance(pointer);
        let nearest = (0..places.len()).min_by(|a, b| far(a).total_cmp(&far(b)))?;
        (far(&nearest) <= NEAR).then_some((one.id, Handle::At(nearest)))
    });
    handle.or_else(|| {
        let line = all.iter().find(|one| {
            one.kind.lines(&one.points).iter().any(|line| {
                line.windows(2).any(|ends| {
                    let [a, b] = [ends[0], ends[1]].map(|point| on_screen(placement, point));
                    distance(pointer, a, b) <= LINE
                })
            })
        });
        line.map(|one| (one.id, Handle::Whole))
    })
}

/// Distance of a point from a line between two others.
fn distance(point: Pos2, a: Pos2, b: Pos2) -> f32 {
    let (way, to) = (b - a, point - a);
    let part = if way.length_sq() > 0.0 { (to.dot(way) / way.length_sq()).clamp(0.0, 1.0) } else { 0.0 };
    (to - part * way).length()
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn a_line_is_as_far_as_its_nearest_point() {
        let (a, b) = (pos2(0.0, 0.0), pos2(10.0, 0.0));
        assert!((distance(pos2(5.0, 3.0), a, b) - 3.0).abs() < 1e-6);
        assert!((distance(pos2(14.0, 3.0), a, b) - 5.0).abs() < 1e-6);
        assert!((distance(pos2(3.0, 4.0), a, a) - 5.0).abs() < 1e-6);
    }
}
