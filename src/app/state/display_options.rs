//! What is shown of the maps, and how in each view: nothing here is ever computed, only looked at.

use super::layout::{MOST_PANES, PaneIndex};
use crate::explain::{Cost, Method};
use crate::imaging::overlay::OverlayStyle;

/// Most methods of the grid: with the original they make three rows of three.
pub const MOST_METHODS: usize = 8;
/// Methods of the grid until the reader changes them: the kinds of class activation that differ,
/// one path of gradients, and one that asks the network itself.
pub const USUAL_METHODS: [Method; MOST_METHODS] = [
    Method::GradCam,
    Method::GradCamPlusPlus,
    Method::HiResCam,
    Method::LayerCam,
    Method::XGradCam,
    Method::EigenCam,
    Method::IntegratedGradients,
    Method::Occlusion,
];

/// What stands in the third view of A | B.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contrast {
    /// The map of A minus the map of B.
    #[default]
    Maps,
    /// The map of the score of A minus the score of B: why A and not B.
    Scores,
}

impl Contrast {
    pub const ALL: [Self; 2] = [Self::Maps, Self::Scores];
}

/// Dropout samples of a map that its stability is measured on.
pub const STABILITY_SAMPLES: usize = 64;

/// What is shown of the stability of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stability {
    #[default]
    Off,
    /// The map, the fainter the less stable.
    Stable,
    /// The standard deviation in place of the map.
    Deviation,
}

impl Stability {
    pub const ALL: [Self; 3] = [Self::Off, Self::Stable, Self::Deviation];
}

/// What is shown of the maps.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayOptions {
    pub contrast: Contrast,
    pub stability: Stability,
    /// Overlays of the file and annotations of presentation states are shown.
    pub graphics: bool,
    /// Display shutters are closed.
    pub shutter: bool,
    /// The view that was clicked last: where views have styles of their own, the panel changes that
    /// of this one.
    pub pointed: PaneIndex,
    /// One for each view; count only while views do not share theirs.
    pub styles: Vec<OverlayStyle>,
}

impl DisplayOptions {
    /// Every view as `style` says.
    pub fn new(style: &OverlayStyle) -> Self {
        Self {
            contrast: Contrast::default(),
            stability: Stability::default(),
            graphics: true,
            shutter: true,
            pointed: 0,
            styles: vec![style.clone(); MOST_PANES],
        }
    }
}

/// The methods, cheapest first, at most as many as the grid holds.
pub fn in_order_of_cost(methods: &[Method]) -> Vec<Method> {
    let mut methods: Vec<Method> = Method::ALL.into_iter().filter(|m| methods.contains(m)).collect();
    // Stable: equals stay in the order of the menu.
    methods.sort_by_key(|m| match m.cost() {
        Cost::Instant => 0,
        Cost::Runs(n) => n,
        // As many as a layer has channels, or twice as many as there are images: hundreds.
        Cost::Channels => 500,
        Cost::Background => 2000,
    });
    methods.truncate(MOST_METHODS);
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_begins_with_what_costs_nothing_and_ends_with_what_costs_most() {
        let shown = in_order_of_cost(&[Method::Rise, Method::Occlusion, Method::GradCam, Method::Saliency]);
        assert_eq!(shown, [Method::GradCam, Method::Saliency, Method::Occlusion, Method::Rise]);
        assert_eq!(in_order_of_cost(&USUAL_METHODS).len(), MOST_METHODS);
        assert_eq!(in_order_of_cost(&Method::ALL).len(), MOST_METHODS);
    }
}
