//! Lines between the patches that a map gives its values to, where they lie on the image under
//! every turn, flip and zoom.

use std::sync::Arc;

use egui::{Color32, Mesh, Painter, Rect, Shape};

use super::placement::Placement;
use crate::app::ui::made::Made;
use crate::explain::superpixels::{Run, Superpixels};
use crate::imaging::overlay::Area;

/// Width of a line in points.
const LINE: f32 = 1.0;

/// Superpixels, told apart by where they are: held, so that the place cannot be taken by others.
#[derive(Clone)]
struct PatchKey(Arc<Superpixels>);

impl PartialEq for PatchKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Boundaries of superpixels that were looked for already.
#[derive(Default)]
pub(super) struct PatchCache(Made<PatchKey, Arc<Vec<Run>>>);

impl PatchCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }
}

/// Draws the lines over an image of `size` pixels, of which the network saw `area`.
pub(super) fn paint(
    painter: &Painter,
    cache: &mut PatchCache,
    superpixels: &Arc<Superpixels>,
    area: Area,
    size: [usize; 2],
    placement: &Placement,
    color: Color32,
) {
    let key = PatchKey(superpixels.clone());
    let runs = cache.0.get(&key).unwrap_or_else(|| {
        let runs = Arc::new(superpixels.boundaries());
        cache.0.put(key, runs.clone());
        runs
    });
    let mut mesh = Mesh::default();
    for run in runs.iter() {
        let Some([from, to]) = on_image(*run, [superpixels.width, superpixels.height], area, size) else { continue };
        let line = Rect::from_two_pos(super::on_screen(placement, from), super::on_screen(placement, to));
        let line = line.expand(LINE / 2.0);
        if painter.clip_rect().intersects(line) {
            mesh.add_colored_rect(line, color);
        }
    }
    painter.add(Shape::mesh(mesh));
}

/// The ends of a run in pixels of the image; nothing where it lies beside the image, as on the
/// border of a letterboxed input.
fn on_image(run: Run, grid: [usize; 2], area: Area, size: [usize; 2]) -> Option<[[f32; 2]; 2]> {
    let place = |(x, y): (usize, usize)| {
        let across = area.left + x as f32 / grid[0].max(1) as f32 * (area.right - area.left);
        let down = area.top + y as f32 / grid[1].max(1) as f32 * (area.bottom - area.top);
        [across, down]
    };
    let (from, to) = (place(run.0), place(run.1));
    let cut = |p: [f32; 2]| p.map(|v| v.clamp(0.0, 1.0));
    let (a, b) = (cut(from), cut(to));
    // What was moved across the run lay outside; of a run that was cut short something must be
    // left.
    let across = usize::from(run.0.1 == run.1.1);
    let inside = a[across] == from[across] && a != b;
    let scaled = |p: [f32; 2]| [p[0] * size[0] as f32, p[1] * size[1] as f32];
    inside.then(|| [scaled(a), scaled(b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_stretched_to_the_image_that_the_network_saw_whole() {
        assert_eq!(on_image(((0, 1), (2, 1)), [2, 4], Area::WHOLE, [100, 400]), Some([[0.0, 100.0], [100.0, 100.0]]));
    }

    #[test]
    fn lines_on_the_border_of_a_letterboxed_input_are_left_out_and_those_that_leave_the_image_are_cut() {
        // A wide image: above and below it the network saw a border.
        let area = Area { top: -0.5, bottom: 1.5, ..Area::WHOLE };
        assert_eq!(on_image(((0, 1), (2, 1)), [8, 8], area, [80, 40]), None);
        let cut = on_image(((4, 0), (4, 4)), [8, 8], area, [80, 40]);
        assert_eq!(cut, Some([[40.0, 0.0], [40.0, 20.0]]));
        assert_eq!(on_image(((4, 0), (4, 2)), [8, 8], area, [80, 40]), None);
    }

    #[test]
    fn lines_of_a_cropped_input_stay_inside_the_image() {
        let area = Area { left: 0.25, right: 0.75, top: 0.0, bottom: 1.0 };
        assert_eq!(on_image(((4, 0), (4, 8)), [8, 8], area, [80, 40]), Some([[40.0, 0.0], [40.0, 40.0]]));
        assert_eq!(on_image(((0, 4), (8, 4)), [8, 8], area, [80, 40]), Some([[20.0, 20.0], [60.0, 20.0]]));
    }
}
