//! What a map on screen is made of, and on which scale: one attribution, the difference of two, or one with its spread.

use std::sync::Arc;

use image::RgbaImage;

use crate::explain::scale::{self, Scale};
use crate::explain::spread::Spread;
use crate::explain::{Attribution, Subject};
use crate::imaging::Plane;
use crate::imaging::overlay::{self, Area, OverlayStyle, placed};

use super::super::maps::looks::Stability;
use super::super::state::{Content, Layout, State};
use super::pictures::Pictures;

/// Held, so that an address cannot be taken by another one.
#[derive(Clone)]
pub enum Source {
    One(Arc<Attribution>),
    /// The first minus the second.
    Difference(Arc<Attribution>, Arc<Attribution>),
    /// A map that fades where it is not stable.
    Stable(Arc<Attribution>, Arc<Spread>),
    /// The standard deviation over dropout samples.
    Deviation(Arc<Spread>),
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => Arc::ptr_eq(a, b),
            (Self::Difference(a, b), Self::Difference(c, d)) => Arc::ptr_eq(a, c) && Arc::ptr_eq(b, d),
            (Self::Stable(a, s), Self::Stable(b, t)) => Arc::ptr_eq(a, b) && Arc::ptr_eq(s, t),
            (Self::Deviation(s), Self::Deviation(t)) => Arc::ptr_eq(s, t),
            _ => false,
        }
    }
}

impl Source {
    /// What `content` shows; nothing while it is not there, or where it has nothing to show.
    pub fn of(state: &State, content: Content) -> Option<Self> {
        match content {
            Content::Film => None,
            Content::Map(subject, method) => {
                let map = state.map(subject, method).filter(|map| scale::shows_something(map))?.clone();
                Some(match (state.looks.stability, state.shown_spread(content)) {
                    (Stability::Stable, Some(spread)) => Self::Stable(map, spread.clone()),
                    (Stability::Deviation, Some(spread)) => Self::Deviation(spread.clone()),
                    _ => Self::One(map),
                })
            }
            Content::Difference(a, b) => {
                Some(Self::Difference(state.attribution(a)?.clone(), state.attribution(b)?.clone()))
            }
        }
    }

    /// True when both signs mean something.
    pub fn is_signed(&self) -> bool {
        match self {
            Self::One(map) | Self::Stable(map, _) => map.method.is_signed(),
            Self::Difference(..) => true,
            Self::Deviation(_) => false,
        }
    }

    /// The value that counts as 1 where views do not share a scale.
    pub fn own_top(&self, pictures: &mut Pictures) -> f32 {
        match self {
            Self::One(map) | Self::Stable(map, _) => top_of(map, pictures),
            Self::Difference(a, b) => top_of(a, pictures).max(top_of(b, pictures)),
            Self::Deviation(spread) => spread.sd.values.iter().copied().fold(0.0, f32::max),
        }
    }

    /// The map at the size of a picture, 0–1, or −1–1 where it is signed.
    pub fn values(&self, top: Option<f32>, area: Area, [width, height]: [usize; 2]) -> Plane {
        let scale = top.map_or(Scale::PerClass, |max| Scale::Shared { max });
        match self {
            Self::One(map) | Self::Stable(map, _) => scale::on_picture(map, scale, area, width, height),
            Self::Difference(a, b) => overlay::difference(
                &scale::on_picture(a, scale, area, width, height),
                &scale::on_picture(b, scale, area, width, height),
            ),
            Self::Deviation(spread) => {
                let top = spread.sd.values.iter().copied().fold(0.0, f32::max);
                placed(&overlay::scaled(&spread.sd, top), area, width, height)
            }
        }
    }

    /// Those values in colours.
    pub fn picture(&self, values: &Plane, area: Area, style: &OverlayStyle) -> RgbaImage {
        let mut picture = scale::painted(values, self.is_signed(), style);
        if let Self::Stable(_, spread) = self {
            let stability = placed(&spread.stability(), area, values.width, values.height);
            for (pixel, share) in picture.pixels_mut().zip(stability.values) {
                pixel.0[3] = (f32::from(pixel.0[3]) * share.clamp(0.0, 1.0)).round() as u8;
            }
        }
        picture
    }
}

/// Top of the scale that maps share; `None` when each has its own, as maps of different methods always have: their units differ.
///
/// The two of a difference always share one. Methods that cost next to nothing know every class, so that the scale stays when
/// another class is chosen; of the others the maps on screen count.
pub fn shared_top(state: &State, pictures: &mut Pictures, content: Content) -> Option<f32> {
    if state.looks.stability == Stability::Deviation && state.shown_spread(content).is_some() {
        // Next to the map itself a deviation would be dark.
        return None;
    }
    let method = match content {
        Content::Film => return None,
        Content::Difference(..) => state.method,
        Content::Map(..) if state.layout == Layout::MethodGrid || !state.overlay().shared_scale => return None,
        Content::Map(_, method) => method,
    };
    let mut shown: Vec<Subject> = Vec::new();
    for content in state.panes() {
        match content {
            Content::Film => {}
            Content::Map(subject, _) => shown.push(subject),
            Content::Difference(a, b) => shown.extend([Subject::class(a), Subject::class(b)]),
        }
    }
    let place = method.place(state.layer());
    let counts = |a: &&Arc<Attribution>| {
        a.method == method
            && a.layer == place
            && (shown.contains(&a.subject) || (method.is_instant() && a.class().is_some()))
    };
    let results = &state.results;
    let known = results.attributions.iter().chain(&results.rough).filter(counts);
    Some(known.map(|map| top_of(map, pictures)).fold(0.0, f32::max))
}

/// The largest value that a map shows. Of a fine-grained one it takes a look at every pixel, so it is kept from frame to frame.
fn top_of(map: &Arc<Attribution>, pictures: &mut Pictures) -> f32 {
    if !map.method.is_fine_grained() {
        return scale::shared_top([map.as_ref()]);
    }
    let key = TopKey(map.clone());
    pictures.tops.get(&key).unwrap_or_else(|| {
        let top = scale::shared_top([map.as_ref()]);
        pictures.tops.put(key, top);
        top
    })
}

/// A map, told apart by where it is.
#[derive(Clone)]
pub struct TopKey(Arc<Attribution>);

impl PartialEq for TopKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Method;

    fn spread() -> Spread {
        let plane = |values: Vec<f32>| Plane { width: 2, height: 1, values };
        Spread {
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
        let source = Source::Deviation(Arc::new(spread()));
        assert_eq!(source.values(Some(4.0), Area::WHOLE, [2, 1]).values, [0.0, 1.0]);
        assert!((source.own_top(&mut Pictures::default()) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_map_fades_where_it_is_not_stable() {
        let raw = Plane { width: 2, height: 1, values: vec![2.0, 2.0] };
        let map = Attribution::new(Method::GradCam, Subject::class(0), "stage4".into(), 1.0, raw).unwrap();
        let style = OverlayStyle { opacity: 1.0, threshold: 0.0, ..OverlayStyle::default() };
        let source = Source::Stable(Arc::new(map), Arc::new(spread()));
        let values = source.values(Some(2.0), Area::WHOLE, [2, 1]);
        let alpha: Vec<u8> = source.picture(&values, Area::WHOLE, &style).pixels().map(|p| p.0[3]).collect();
        assert_eq!(alpha, [255, 128]);
    }
}
