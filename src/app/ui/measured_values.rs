//! What measurements come to, kept from frame to frame: a region of a large image is counted once
//! and not sixty times a second.

use std::sync::Arc;

use super::made::Made;
use crate::app::state::{Content, State};
use crate::explain::Attribution;
use crate::measurement::calibration::Calibration;
use crate::measurement::evidence_inside::EvidenceInside;
use crate::measurement::{Kind, Measured, Measurement, Point};
use crate::study::Frame;

/// What values are made of. Held, so that an address cannot be taken by another one.
#[derive(Clone)]
struct ValuesKey {
    frame: Arc<Frame>,
    map: Option<Arc<Attribution>>,
    kind: Kind,
    points: Vec<Point>,
    thorax_proposed: bool,
    known_mm: Option<f64>,
    calibration: Option<Calibration>,
}

impl PartialEq for ValuesKey {
    fn eq(&self, other: &Self) -> bool {
        let same_map = match (&self.map, &other.map) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same_map
            && Arc::ptr_eq(&self.frame, &other.frame)
            && (self.kind, self.thorax_proposed) == (other.kind, other.thorax_proposed)
            && (self.known_mm, self.calibration) == (other.known_mm, other.calibration)
            && self.points == other.points
    }
}

/// What a measurement comes to, with the evidence of a map inside.
#[derive(Debug)]
pub(super) struct Values {
    pub measured: Measured,
    pub evidence: Option<EvidenceInside>,
}

/// Values that were made already.
#[derive(Default)]
pub struct ValuesCache(Made<ValuesKey, Arc<Values>>);

impl ValuesCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }

    /// What a measurement of the image on screen comes to, beside the map of a view.
    pub(super) fn of(&mut self, state: &State, content: Content, one: &Measurement) -> Option<Arc<Values>> {
        let frame = state.frame()?;
        let map = match content {
            Content::Map(subject, method) if one.kind.is_region() => state.map(subject, method).cloned(),
            _ => None,
        };
        let key = ValuesKey {
            frame: frame.clone(),
            map,
            kind: one.kind,
            points: one.points.clone(),
            thorax_proposed: one.thorax_proposed,
            known_mm: one.known_mm,
            calibration: state.calibration(),
        };
        if let Some(values) = self.0.get(&key) {
            return Some(values);
        }
        let size = [frame.pixels.plane.width, frame.pixels.plane.height];
        let evidence = key.map.as_ref().zip(state.model_info()).zip(one.kind.region(&one.points));
        let evidence =
            evidence.and_then(|((map, model), region)| EvidenceInside::of(map, &model.manifest.input, &region, size));
        let values = Arc::new(Values { measured: Measured::of(one, frame, key.calibration), evidence });
        self.0.put(key, values.clone());
        Some(values)
    }
}

/// The view whose map the evidence is that of: the view itself, or for the bare image the one that
/// the panel speaks of.
pub(super) fn map_of(state: &State, content: Content) -> Content {
    match content {
        Content::Image => state.panes().get(state.pointed()).copied().unwrap_or(content),
        content => content,
    }
}
