//! What a map on screen is made of: one attribution, the difference of two, or one with its
//! stability.

use std::sync::Arc;

use image::RgbaImage;

use super::scale_top::TopCache;
use crate::app::state::display_options::Stability;
use crate::app::state::hanging::ChangePart;
use crate::app::state::{Content, State};
use crate::explain::Attribution;
use crate::explain::scale::{self, Scale};
use crate::explain::stability::MapStability;
use crate::imaging::Plane;
use crate::imaging::overlay::{self, Area, OverlayStyle, placed};

/// What a map on screen is made of. Held, so that an address cannot be taken by another one.
#[derive(Clone)]
pub(super) enum MapSource {
    One(Arc<Attribution>),
    /// The first minus the second.
    Difference(Arc<Attribution>, Arc<Attribution>),
    /// A map by its part in the change of a score.
    Part(Arc<Attribution>, ChangePart),
    /// A map that fades where it is not stable.
    Stable(Arc<Attribution>, Arc<MapStability>),
    /// The standard deviation over dropout samples.
    Deviation(Arc<MapStability>),
}

impl PartialEq for MapSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => Arc::ptr_eq(a, b),
            (Self::Difference(a, b), Self::Difference(c, d)) => Arc::ptr_eq(a, c) && Arc::ptr_eq(b, d),
            (Self::Part(a, p), Self::Part(b, q)) => Arc::ptr_eq(a, b) && p == q,
            (Self::Stable(a, s), Self::Stable(b, t)) => Arc::ptr_eq(a, b) && Arc::ptr_eq(s, t),
            (Self::Deviation(s), Self::Deviation(t)) => Arc::ptr_eq(s, t),
            _ => false,
        }
    }
}

impl MapSource {
    /// What `content` shows; nothing while it is not there, or where it has nothing to show.
    pub(super) fn of(state: &State, content: Content) -> Option<Self> {
        match content {
            Content::Image => None,
            Content::Map(subject, method) => {
                let map = state.map(subject, method).filter(|map| scale::shows_something(map))?.clone();
                if let Some(part) = state.part_in_change() {
                    return Some(Self::Part(map, part));
                }
                Some(match (state.display.stability, state.shown_stability(content)) {
                    (Stability::Stable, Some(measured)) => Self::Stable(map, measured.clone()),
                    (Stability::Deviation, Some(measured)) => Self::Deviation(measured.clone()),
                    _ => Self::One(map),
                })
            }
            Content::Changed(..) => {
                state.changed_map(content).filter(|map| scale::shows_something(map)).cloned().map(Self::One)
            }
            Content::Difference(a, b) => {
                Some(Self::Difference(state.attribution(a)?.clone(), state.attribution(b)?.clone()))
            }
        }
    }

    /// True when both signs mean something.
    pub(super) fn is_signed(&self) -> bool {
        match self {
            Self::One(map) | Self::Stable(map, _) => map.method.is_signed(),
            Self::Difference(..) | Self::Part(..) => true,
            Self::Deviation(_) => false,
        }
    }

    /// The value that counts as 1 where views do not share a scale.
    pub(super) fn own_top(&self, tops: &mut TopCache) -> f32 {
        match self {
            Self::One(map) | Self::Stable(map, _) | Self::Part(map, _) => tops.of(map),
            Self::Difference(a, b) => tops.of(a).max(tops.of(b)),
            Self::Deviation(measured) => measured.sd.values.iter().copied().fold(0.0, f32::max),
        }
    }

    /// The map at the size of an image, 0–1, or −1–1 where it is signed.
    pub(super) fn values(&self, top: Option<f32>, area: Area, [width, height]: [usize; 2]) -> Plane {
        let scale = top.map_or(Scale::PerClass, |max| Scale::Shared { max });
        match self {
            Self::One(map) | Self::Stable(map, _) | Self::Part(map, ChangePart::Now) => {
                scale::on_picture(map, scale, area, width, height)
            }
            Self::Part(map, ChangePart::Before) => {
                let mut plane = scale::on_picture(map, scale, area, width, height);
                plane.values.iter_mut().for_each(|value| *value = -*value);
                plane
            }
            Self::Difference(a, b) => overlay::difference(
                &scale::on_picture(a, scale, area, width, height),
                &scale::on_picture(b, scale, area, width, height),
            ),
            Self::Deviation(measured) => {
                let top = measured.sd.values.iter().copied().fold(0.0, f32::max);
                placed(&overlay::scaled(&measured.sd, top), area, width, height)
            }
        }
    }

    /// Those values in colours.
    pub(super) fn painted(&self, values: &Plane, area: Area, style: &OverlayStyle) -> RgbaImage {
        let mut painted = scale::painted(values, self.is_signed(), style);
        if let Self::Stable(_, measured) = self {
            let stability = placed(&measured.stability(), area, values.width, values.height);
            for (pixel, share) in painted.pixels_mut().zip(stability.values) {
                pixel.0[3] = (f32::from(pixel.0[3]) * share.clamp(0.0, 1.0)).round() as u8;
            }
        }
        painted
    }
}

/// What a map at the size of an image, and its contours, are made of.
#[derive(Clone, PartialEq)]
pub(super) struct PlacedKey {
    pub source: MapSource,
    /// Top of the shared scale; `None` when each class has its own.
    pub top: Option<f32>,
    pub size: [usize; 2],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Method, Subject};

    fn measured() -> MapStability {
        let plane = |values: Vec<f32>| Plane { width: 2, height: 1, values };
        MapStability {
            method: Method::GradCam,
            subject: Subject::class(0),
            layer: "stage4".into(),
            mean: plane(vec![2.0, 1.0]),
            sd: plane(vec![0.0, 1.0]),
            samples: 64,
            seed: 7,
        }
    }

    #[test]
    fn a_deviation_is_shown_on_a_scale_of_its_own() {
        let source = MapSource::Deviation(Arc::new(measured()));
        assert_eq!(source.values(Some(4.0), Area::WHOLE, [2, 1]).values, [0.0, 1.0]);
        assert!((source.own_top(&mut TopCache::default()) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn in_a_change_the_map_of_the_prior_counts_against_it() {
        let raw = Plane { width: 2, height: 1, values: vec![2.0, 1.0] };
        let map = Arc::new(Attribution::new(Method::GradCam, Subject::class(0), "stage4".into(), 1.0, raw).unwrap());
        let values = |part| MapSource::Part(map.clone(), part).values(Some(2.0), Area::WHOLE, [2, 1]).values;
        assert_eq!((values(ChangePart::Now), values(ChangePart::Before)), (vec![1.0, 0.5], vec![-1.0, -0.5]));
        assert!(MapSource::Part(map.clone(), ChangePart::Now).is_signed());
    }

    #[test]
    fn a_map_fades_where_it_is_not_stable() {
        let raw = Plane { width: 2, height: 1, values: vec![2.0, 2.0] };
        let map = Attribution::new(Method::GradCam, Subject::class(0), "stage4".into(), 1.0, raw).unwrap();
        let style = OverlayStyle { opacity: 1.0, threshold: 0.0, ..OverlayStyle::default() };
        let source = MapSource::Stable(Arc::new(map), Arc::new(measured()));
        let values = source.values(Some(2.0), Area::WHOLE, [2, 1]);
        let alpha: Vec<u8> = source.painted(&values, Area::WHOLE, &style).pixels().map(|p| p.0[3]).collect();
        assert_eq!(alpha, [255, 128]);
    }
}
