//! The guided tour: a few steps that point at real parts of the screen.

/// A step of the tour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TourStep {
    #[default]
    Window,
    Classes,
    Map,
    Opacity,
    Measure,
    Palette,
}

impl TourStep {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [Self::Window, Self::Classes, Self::Map, Self::Opacity, Self::Measure, Self::Palette];

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).map_or(1, |at| at + 1)
    }

    /// The step behind, or before; nothing beyond the ends.
    #[must_use]
    pub fn beside(self, back: bool) -> Option<Self> {
        let at = self.number() - 1;
        let to = if back { at.checked_sub(1)? } else { at + 1 };
        Self::ALL.get(to).copied()
    }
}
