//! The maps of a case as they lie on its image, with the threshold from which on they are shown: what
//! masks and contours are made of.

use super::context::Context;
use crate::explain::scale::shows_something;
use crate::imaging::Plane;

/// At no threshold everything would be inside.
const LEAST: f32 = 0.01;

/// The evidence of one class.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Class and method: "Pneumonia, Grad-CAM, at 15 % of its scale".
    pub title: String,
    pub class: String,
    pub method: &'static str,
    /// At the resolution of the image, 0–1; −1–1 where what speaks against counts too.
    pub map: Plane,
    pub threshold: f32,
    pub is_signed: bool,
}

impl Evidence {
    /// Of each class of the report whose map holds some; nothing of an image that was not scored.
    pub(super) fn of(context: &Context<'_>) -> Vec<Self> {
        let case = context.case;
        if !case.analysis.scored {
            return Vec::new();
        }
        let plane = &case.frame.pixels.plane;
        let threshold = case.overlay.threshold.clamp(LEAST, 1.0);
        let of = |&class: &usize| {
            let map = case.attribution(class).filter(|map| shows_something(map))?;
            let name = case.class_name(class);
            let percent = (threshold * 100.0).round();
            Some(Self {
                title: context.marked(&format!("{name}, {}, at {percent} % of the scale", map.method.name())),
                class: name,
                method: map.method.name(),
                map: case.scaled_map(map, plane.width, plane.height),
                threshold,
                is_signed: map.method.is_signed(),
            })
        };
        case.classes.iter().filter_map(of).collect()
    }

    /// Where the map reaches the threshold.
    pub(super) fn inside(&self) -> Vec<bool> {
        self.map.values.iter().map(|value| *value >= self.threshold).collect()
    }

    /// Where it reaches it against the class.
    pub(super) fn against(&self) -> Vec<bool> {
        self.map.values.iter().map(|value| *value <= -self.threshold).collect()
    }
}
