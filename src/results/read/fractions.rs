//! Stored values of segmentations as the cells of an area, and those of maps as values.

use std::sync::Arc;

use super::parametric_map::MapScale;
use crate::imaging::Plane;
use crate::imaging::laid::Cells;

/// Cells that belong to an area as far as their value says, `maximum` being all of it.
pub(super) fn of_fractions(plane: &Plane, maximum: u32) -> Cells {
    let scale = 255.0 / maximum.max(1) as f32;
    Cells::Fractions(plane.values.iter().map(|v| (v * scale).round().clamp(0.0, 255.0) as u8).collect())
}

/// The cells of one segment of a label map.
pub(super) fn of_label(plane: &Plane, segment: u32) -> Cells {
    let wanted = segment as f32;
    Cells::Fractions(plane.values.iter().map(|v| if *v == wanted { 255 } else { 0 }).collect())
}

/// Whether any cell belongs to the area.
pub(super) fn is_anywhere(cells: &Cells) -> bool {
    match cells {
        Cells::Fractions(all) => all.iter().any(|v| *v > 0),
        Cells::Values(all) => all.iter().any(|v| v.is_finite()),
    }
}

/// The values of a map, with their lowest and highest; nothing where none is a number.
pub(super) fn of_values(plane: &Plane, scale: &MapScale) -> Option<(Cells, [f32; 2])> {
    let values: Arc<[f32]> = plane.values.iter().map(|v| scale.apply(*v)).collect();
    let finite = values.iter().copied().filter(|v| v.is_finite());
    let range = finite
        .fold(None, |range: Option<[f32; 2]>, v| Some(range.map_or([v, v], |[low, high]| [low.min(v), high.max(v)])))?;
    Some((Cells::Values(values), range))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: &[f32]) -> Plane {
        Plane { width: values.len(), height: 1, values: values.to_vec() }
    }

    #[test]
    fn fractions_count_to_the_maximum_of_the_file() {
        assert_eq!(of_fractions(&plane(&[0.0, 1.0]), 1), Cells::Fractions([0, 255].as_slice().into()));
        assert_eq!(
            of_fractions(&plane(&[50.0, 100.0, 200.0]), 100),
            Cells::Fractions([128, 255, 255].as_slice().into())
        );
        assert_eq!(of_label(&plane(&[0.0, 2.0, 3.0]), 2), Cells::Fractions([0, 255, 0].as_slice().into()));
    }

    #[test]
    fn what_is_no_number_has_no_part_in_the_range() {
        let scale = MapScale::Linear { slope: 2.0, intercept: 0.0 };
        let (_, range) = of_values(&plane(&[f32::NAN, -1.0, 3.0, f32::INFINITY]), &scale).unwrap();
        assert_eq!(range, [-2.0, 6.0]);
        assert!(of_values(&plane(&[f32::NAN]), &scale).is_none());
    }
}
