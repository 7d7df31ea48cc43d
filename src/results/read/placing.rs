//! Whether and where a frame of a result lies on an image.
//!
//! By geometry where both have one in the same frame of reference: planes must be parallel, and a
//! frame lies on the image when its plane does. Else by reference: a frame that names the image and
//! has as many rows and columns. Anything else is not drawn, and said to be so.

use std::collections::HashMap;
use std::sync::Arc;

use super::geometry::PlanePlace;
use super::multi_frame::{NamedImages, ResultFrame};
use super::reference::Reference;
use crate::imaging::laid::Affine;

/// Planes up to this distance are the same one, mm; decimals of files differ by less.
pub(super) const SAME: f64 = 0.1;
/// Half of this counts as the reach of a frame whose file tells no thickness, mm.
pub(super) const THIN: f64 = 1.0;

/// The image that something is to be laid over.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub sop_instance_uid: String,
    pub series_uid: String,
    /// Number of its frame, from 0.
    pub index: u32,
    pub columns: u32,
    pub rows: u32,
    pub place: Option<PlanePlace>,
    /// Height of a pixel over its width.
    pub pixel_aspect: f32,
}

/// How a frame lies on an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Fit {
    /// On it: from pixels to cells, and how far from its plane, mm.
    On { to_cells: Affine, distance: f64 },
    /// It belongs to another slice of the same stack.
    Elsewhere,
    /// It has to do with the image and cannot be placed.
    Impossible(Obstacle),
    /// It has nothing to do with the image.
    Unrelated,
}

/// Why a frame that names an image, or lies in its frame of reference, is not drawn on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Obstacle {
    #[error(
        "it has {columns} × {rows} cells, the image {image_columns} × {image_rows} pixels, and no position in the \
         patient tells how they lie on each other"
    )]
    Size { columns: u32, rows: u32, image_columns: u32, image_rows: u32 },
    #[error("its planes are not parallel to that of this image")]
    Plane,
    #[error("its frames do not say which of its segments they show")]
    NoSegment,
}

/// How the frames of an object name an image. An object may have as many frames as it names images:
/// what they share is looked through once.
pub(super) struct Naming<'a> {
    image: &'a Image,
    by_object: bool,
    in_series: bool,
    /// By the list of sources, which lives as long as the object.
    by_sources: HashMap<*const Vec<Reference>, bool>,
}

impl<'a> Naming<'a> {
    pub(super) fn of(image: &'a Image, object: &NamedImages) -> Self {
        Self {
            image,
            by_object: object.images.iter().any(|one| names(one, image)),
            in_series: object.series.contains(&image.series_uid),
            by_sources: HashMap::new(),
        }
    }

    /// Whether a frame names the image; where it names none, whether its object does.
    fn by(&mut self, frame: &ResultFrame) -> bool {
        if frame.sources.is_empty() {
            return self.by_object;
        }
        let image = self.image;
        let known = self.by_sources.entry(Arc::as_ptr(&frame.sources));
        *known.or_insert_with(|| frame.sources.iter().any(|one| names(one, image)))
    }
}

fn names(one: &Reference, image: &Image) -> bool {
    one.names(&image.sop_instance_uid, image.index)
}

/// How a frame of an object with so many columns and rows lies on an image.
#[must_use]
pub(super) fn fit(naming: &mut Naming<'_>, frame: &ResultFrame, [columns, rows]: [u32; 2]) -> Fit {
    let (image, named) = (naming.image, naming.by(frame));
    if let (Some(of_image), Some(of_frame)) = (&image.place, &frame.place)
        && of_image.frame_of_reference == of_frame.frame_of_reference
    {
        if !of_image.is_parallel_to(of_frame) {
            return Fit::Impossible(Obstacle::Plane);
        }
        let distance = of_image.distance_to(of_frame);
        // A frame made of other images lies on this one only in the very same plane.
        let reach =
            if frame.sources.is_empty() || named { (0.5 * of_frame.thickness.unwrap_or(THIN)).max(SAME) } else { SAME };
        return if distance <= reach {
            Fit::On { to_cells: of_frame.cells_of(of_image), distance }
        } else {
            Fit::Elsewhere
        };
    }
    match named {
        true if [columns, rows] == [image.columns, image.rows] => Fit::On { to_cells: Affine::IDENTITY, distance: 0.0 },
        true => Fit::Impossible(Obstacle::Size { columns, rows, image_columns: image.columns, image_rows: image.rows }),
        false if naming.in_series => Fit::Elsewhere,
        false => Fit::Unrelated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(z: f64, thickness: Option<f64>) -> PlanePlace {
        PlanePlace {
            frame_of_reference: "9".into(),
            position: [0.0, 0.0, z],
            row: [1.0, 0.0, 0.0],
            column: [0.0, 1.0, 0.0],
            spacing: [1.0, 1.0],
            thickness,
        }
    }

    fn image(place: Option<PlanePlace>) -> Image {
        let (sop_instance_uid, series_uid) = ("1.1".into(), "1".into());
        Image { sop_instance_uid, series_uid, index: 0, columns: 8, rows: 4, place, pixel_aspect: 1.0 }
    }

    fn frame(place: Option<PlanePlace>, of: &[&str]) -> ResultFrame {
        let one = |uid: &&str| Reference { sop_instance_uid: (*uid).to_owned(), ..Reference::default() };
        ResultFrame { index: 0, place, sources: Arc::new(of.iter().map(one).collect()) }
    }

    fn is_on(image: &Image, frame: &ResultFrame) -> bool {
        matches!(placed(image, frame, [8, 4]), Fit::On { .. })
    }

    fn placed(image: &Image, frame: &ResultFrame, size: [u32; 2]) -> Fit {
        fit(&mut Naming::of(image, &NamedImages::default()), frame, size)
    }

    #[test]
    fn a_frame_lies_on_the_slice_whose_plane_it_is() {
        let slice = image(Some(place(10.0, None)));
        assert!(is_on(&slice, &frame(Some(place(10.0, Some(2.0))), &[])));
        assert!(is_on(&slice, &frame(Some(place(10.9, Some(2.0))), &[])), "within half a thickness");
        assert!(!is_on(&slice, &frame(Some(place(11.1, Some(2.0))), &[])));
        assert!(!is_on(&slice, &frame(Some(place(10.9, Some(2.0))), &["1.2"])), "made of the slice beside it");
        assert!(is_on(&slice, &frame(Some(place(10.0, Some(2.0))), &["1.2"])), "another reconstruction in its plane");
    }

    #[test]
    fn without_a_position_the_image_must_be_named_and_as_large() {
        let radiograph = image(None);
        assert!(is_on(&radiograph, &frame(None, &["1.1"])));
        assert!(!is_on(&radiograph, &frame(None, &["1.2"])));
        let named = frame(None, &["1.1"]);
        let found = placed(&radiograph, &named, [4, 4]);
        let size = Obstacle::Size { columns: 4, rows: 4, image_columns: 8, image_rows: 4 };
        assert_eq!(found, Fit::Impossible(size));
        assert_eq!(placed(&radiograph, &frame(None, &["7"]), [8, 4]), Fit::Unrelated);
    }

    #[test]
    fn frames_of_another_frame_of_reference_are_not_compared_by_millimetres() {
        let slice = image(Some(place(10.0, None)));
        let other = PlanePlace { frame_of_reference: "8".into(), ..place(10.0, None) };
        assert!(!is_on(&slice, &frame(Some(other.clone()), &[])));
        assert!(is_on(&slice, &frame(Some(other), &["1.1"])), "it names the image, and is as large");
    }

    #[test]
    fn another_plane_is_said_to_be_one() {
        let slice = image(Some(place(0.0, None)));
        let coronal = PlanePlace { column: [0.0, 0.0, -1.0], ..place(0.0, None) };
        let found = placed(&slice, &frame(Some(coronal), &[]), [8, 4]);
        assert_eq!(found, Fit::Impossible(Obstacle::Plane));
    }
}
