//! Where the words of a measurement stand: beside it, inside the view, and never on other words.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Space between a measurement and its words.
const GAP: f32 = 8.0;
/// Space between two groups of words.
const APART: f32 = 2.0;

/// A free place in `room` for words of this size beside a measurement that lies in `around`: at one
/// of its sides, else the nearest free place; nothing where there is none.
pub(super) fn place(size: Vec2, around: Rect, room: Rect, taken: &[Rect]) -> Option<Rect> {
    if size.x > room.width() || size.y > room.height() {
        return None;
    }
    let inside = |corner: Pos2| {
        let most = room.max - size;
        Rect::from_min_size(pos2(corner.x.clamp(room.min.x, most.x), corner.y.clamp(room.min.y, most.y)), size)
    };
    let is_free = |place: &Rect| taken.iter().all(|other| !other.expand(APART).intersects(*place));
    let (c, half) = (around.center(), 0.5 * size);
    let beside = [
        pos2(around.right() + GAP, c.y - half.y),
        pos2(c.x - half.x, around.bottom() + GAP),
        pos2(c.x - half.x, around.top() - GAP - size.y),
        pos2(around.left() - GAP - size.x, c.y - half.y),
    ];
    // Pushed back into the view a place may lie on the measurement itself.
    let clear = |place: &Rect| is_free(place) && !place.intersects(around.shrink(1.0));
    if let Some(place) = beside.into_iter().map(inside).find(clear) {
        return Some(place);
    }
    let step = vec2(0.5 * size.x, size.y + APART).max(vec2(8.0, 8.0));
    let count = |length: f32, step: f32| (length / step).ceil() as usize;
    let columns = count(room.width() - size.x, step.x);
    let rows = count(room.height() - size.y, step.y);
    let places = (0..=rows).flat_map(|row| (0..=columns).map(move |column| (column, row)));
    let places = places.map(|(column, row)| inside(room.min + vec2(column as f32 * step.x, row as f32 * step.y)));
    places.filter(is_free).min_by(|a, b| {
        let far = |place: &Rect| place.distance_sq_to_pos(c);
        far(a).total_cmp(&far(b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f32, y: f32, w: f32, h: f32) -> Rect {
        Rect::from_min_size(pos2(x, y), vec2(w, h))
    }

    #[test]
    fn words_stand_right_of_their_measurement_where_there_is_room() {
        let room = rect(0.0, 0.0, 400.0, 300.0);
        let place = place(vec2(80.0, 30.0), rect(100.0, 100.0, 50.0, 50.0), room, &[]).unwrap();
        assert_eq!(place.min, pos2(158.0, 110.0));
    }

    #[test]
    fn words_never_stand_on_other_words_nor_outside_the_view() {
        let room = rect(0.0, 0.0, 300.0, 200.0);
        let corners = [rect(0.0, 0.0, 140.0, 60.0), rect(0.0, 160.0, 140.0, 40.0), rect(240.0, 0.0, 60.0, 30.0)];
        for x in (0..300).step_by(13) {
            for y in (0..200).step_by(11) {
                let mut taken = corners.to_vec();
                for _ in 0..3 {
                    let around = rect(x as f32, y as f32, 20.0, 20.0);
                    let found = place(vec2(90.0, 28.0), around, room, &taken).expect("there is room");
                    assert!(room.expand(0.01).contains_rect(found), "{found:?}");
                    assert!(taken.iter().all(|other| !other.intersects(found)), "{found:?} for {x}, {y}");
                    taken.push(found);
                }
            }
        }
    }

    #[test]
    fn words_without_a_free_place_are_left_out() {
        let room = rect(0.0, 0.0, 100.0, 50.0);
        assert_eq!(place(vec2(120.0, 10.0), rect(10.0, 10.0, 5.0, 5.0), room, &[]), None);
        assert_eq!(place(vec2(60.0, 10.0), rect(10.0, 10.0, 5.0, 5.0), room, &[room]), None);
    }
}
