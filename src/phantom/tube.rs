//! Curved tubes: ribs, clavicles, vessels, bronchi.
//!
//! A tube of radius `r` with a wall adds, at the distance `d` from its axis, the chord
//! `2√(r² − d²)` times its attenuation, lengthened where it runs along the beam.

/// A point of the axis in anatomical coordinates (fractions of the image).
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub x: f32,
    pub z: f32,
    /// Radius.
    pub r: f32,
    /// How much longer the beam's way is than through a tube that lies in the plane of the image.
    pub stretch: f32,
}

/// Which structures a tube is seen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Seen everywhere: bone.
    Bone,
    /// Seen as far as air is around it: vessels in the lung.
    InLung,
    /// Air in soft tissue: trachea and main bronchi.
    Airway,
}

/// A bent tube.
#[derive(Clone, Debug)]
pub(super) struct Tube {
    pub nodes: Vec<Node>,
    /// Thickness of the wall as a part of the radius; 1 is solid.
    pub wall: f32,
    /// Attenuation of the wall, beyond what it replaces, 1/cm.
    pub wall_mu: f32,
    /// Attenuation of the core, beyond what it replaces, 1/cm.
    pub core_mu: f32,
    pub layer: Layer,
}

/// Where anatomical coordinates lie on the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// Pixels for one anatomical unit.
    pub scale: f32,
    pub cos: f32,
    pub sin: f32,
    /// Pixel of the anatomical point (0, 0.5).
    pub centre: (f32, f32),
}

impl Placement {
    /// Pixel coordinates of an anatomical point.
    pub(super) fn to_pixel(self, x: f32, z: f32) -> (f32, f32) {
        let z = z - 0.5;
        (
            self.centre.0 + self.scale * (self.cos * x - self.sin * z),
            self.centre.1 + self.scale * (self.sin * x + self.cos * z),
        )
    }

    /// Anatomical coordinates of a pixel.
    pub(super) fn to_anatomy(self, column: f32, row: f32) -> (f32, f32) {
        let (u, v) = ((column - self.centre.0) / self.scale, (row - self.centre.1) / self.scale);
        (self.cos * u + self.sin * v, self.cos * v - self.sin * u + 0.5)
    }
}

/// Nothing drawn yet: distance from the axis as a part of the radius (squared), and value.
pub(super) const CLEAR: (f32, f32) = (f32::MAX, 0.0);

/// A tube laid out on the image, ready to be drawn row by row.
pub(super) struct PlacedTube {
    nodes: Vec<Node>,
    wall: f32,
    wall_mu: f32,
    core_mu: f32,
    pub layer: Layer,
    top: f32,
    bottom: f32,
    centimetres: f32,
}

impl PlacedTube {
    /// Moves `tube` to pixel coordinates; `field_cm` is the length of one anatomical unit.
    pub(super) fn new(tube: &Tube, placement: Placement, field_cm: f32) -> Self {
        let mut nodes = Vec::with_capacity(tube.nodes.len());
        let (mut top, mut bottom) = (f32::MAX, f32::MIN);
        for node in &tube.nodes {
            let (x, z) = placement.to_pixel(node.x, node.z);
            let r = node.r * placement.scale;
            // A tube thinner than a pixel is drawn a pixel wide and fainter by its share of the
            // area.
            let drawn = r.max(0.75);
            let stretch = node.stretch * (r / drawn) * (r / drawn);
            top = top.min(z - drawn);
            bottom = bottom.max(z + drawn);
            nodes.push(Node { x, z, r: drawn, stretch });
        }
        Self {
            nodes,
            wall: tube.wall,
            wall_mu: tube.wall_mu,
            core_mu: tube.core_mu,
            layer: tube.layer,
            top,
            bottom,
            centimetres: field_cm / placement.scale,
        }
    }

    /// Adds the line integrals of row `row` to `sum`; `scratch` is as long as the row and
    /// [`CLEAR`], before and after.
    pub(super) fn add_row(&self, row: f32, sum: &mut [f32], scratch: &mut [(f32, f32)]) {
        if row < self.top || row > self.bottom {
            return;
        }
        let width = sum.len() as f32;
        let (mut first, mut last) = (sum.len(), 0);
        for pair in self.nodes.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let r = a.r.max(b.r);
            if row < a.z.min(b.z) - r || row > a.z.max(b.z) + r {
                continue;
            }
            let left = (a.x.min(b.x) - r).floor().max(0.0);
            let right = (a.x.max(b.x) + r).ceil().min(width - 1.0);
            if left > right {
                continue;
            }
            let (dx, dz) = (b.x - a.x, b.z - a.z);
            let square = (dx * dx + dz * dz).max(1e-6);
            first = first.min(left as usize);
            last = last.max(right as usize);
            for (column, nearest) in scratch.iter_mut().enumerate().take(right as usize + 1).skip(left as usize) {
                let (px, pz) = (column as f32 - a.x, row - a.z);
                let t = ((px * dx + pz * dz) / square).clamp(0.0, 1.0);
                let (ex, ez) = (px - t * dx, pz - t * dz);
                let d2 = ex * ex + ez * ez;
                let r = a.r + t * (b.r - a.r);
                if d2 >= r * r {
                    continue;
                }
                let outer = 2.0 * (r * r - d2).sqrt();
                let core = r * (1.0 - self.wall);
                let inner = if d2 < core * core { 2.0 * (core * core - d2).sqrt() } else { 0.0 };
                let stretch = a.stretch + t * (b.stretch - a.stretch);
                let value = stretch * (self.wall_mu * (outer - inner) + self.core_mu * inner);
                // Neighbouring segments overlap at their joint: the tube is there once, as its
                // nearest segment.
                let near = d2 / (r * r);
                if near < nearest.0 {
                    *nearest = (near, value);
                }
            }
        }
        let end = (last + 1).min(sum.len());
        for (sum, nearest) in sum[first.min(end)..end].iter_mut().zip(&mut scratch[first.min(end)..end]) {
            *sum += nearest.1 * self.centimetres;
            *nearest = CLEAR;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solid_tube_attenuates_by_its_diameter_on_the_axis() {
        let node = |x| Node { x, z: 0.5, r: 0.1, stretch: 1.0 };
        let tube =
            Tube { nodes: vec![node(-0.3), node(0.3)], wall: 1.0, wall_mu: 0.5, core_mu: 0.0, layer: Layer::Bone };
        let placement = Placement { scale: 100.0, cos: 1.0, sin: 0.0, centre: (50.0, 50.0) };
        let placed = PlacedTube::new(&tube, placement, 20.0);
        let (mut sum, mut scratch) = (vec![0.0; 100], vec![CLEAR; 100]);
        placed.add_row(50.0, &mut sum, &mut scratch);
        // Diameter 0.2 of an image of 20 cm is 4 cm.
        assert!((sum[50] - 0.5 * 4.0).abs() < 1e-4);
        assert!(scratch.iter().all(|v| *v == CLEAR));
        assert_eq!(sum[2], 0.0);
    }

    #[test]
    fn pixels_and_anatomy_are_inverse_to_each_other() {
        let placement = Placement { scale: 300.0, cos: 0.8, sin: 0.6, centre: (120.0, 140.0) };
        let (u, v) = placement.to_pixel(0.2, 0.7);
        let (x, z) = placement.to_anatomy(u, v);
        assert!((x - 0.2).abs() < 1e-5 && (z - 0.7).abs() < 1e-5);
    }
}
