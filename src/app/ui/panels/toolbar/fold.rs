//! What of the bar has room, by priority: what is used least folds first.

/// A part of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Open,
    View,
    Display,
    Measure,
    Steps,
    /// A button a layout.
    Layouts,
    /// The layouts as a menu.
    LayoutMenu,
    Model,
    Training,
    Export,
}

/// What folds when there is no room, the first one first; what is named nowhere stays.
const FOLDS: [Part; 9] = [
    Part::Training,
    Part::Layouts,
    Part::Steps,
    Part::Display,
    Part::LayoutMenu,
    Part::Model,
    Part::Measure,
    Part::Export,
    Part::View,
];
/// Room of the menu at the end.
const MORE: f32 = 52.0;

/// What the bar shows, and what folds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    shown: Vec<Part>,
}

impl Bar {
    /// As much as fits into `width`, where each part takes `of(part)`.
    pub(super) fn fitting(width: f32, of: impl Fn(Part) -> f32) -> Self {
        let mut shown = vec![
            Part::Open,
            Part::View,
            Part::Display,
            Part::Measure,
            Part::Steps,
            Part::Layouts,
            Part::Model,
            Part::Training,
            Part::Export,
        ];
        for fold in FOLDS {
            let bar = Self { shown: shown.clone() };
            let more = if bar.folds() { MORE } else { 0.0 };
            if shown.iter().map(|part| of(*part)).sum::<f32>() + more <= width {
                break;
            }
            match (fold, shown.iter().position(|part| *part == fold)) {
                (Part::Layouts, Some(at)) => shown[at] = Part::LayoutMenu,
                (_, Some(at)) => drop(shown.remove(at)),
                (_, None) => {}
            }
        }
        Self { shown }
    }

    pub(super) fn shows(&self, part: Part) -> bool {
        self.shown.contains(&part)
    }

    /// Whether anything has no room.
    pub(super) fn folds(&self) -> bool {
        self.folded().next().is_some()
    }

    /// What has no room, in the order of the bar.
    pub(super) fn folded(&self) -> impl Iterator<Item = Part> {
        let all = [
            Part::View,
            Part::Display,
            Part::Measure,
            Part::Steps,
            Part::LayoutMenu,
            Part::Model,
            Part::Training,
            Part::Export,
        ];
        let row = self.shows(Part::Layouts);
        all.into_iter().filter(move |part| !(self.shows(*part) || *part == Part::LayoutMenu && row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(part: Part) -> f32 {
        if part == Part::Layouts { 400.0 } else { 80.0 }
    }

    #[test]
    fn the_bar_never_takes_more_than_there_is_and_loses_nothing() {
        for width in (140..1400).step_by(20) {
            let bar = Bar::fitting(width as f32, of);
            let more = if bar.folds() { MORE } else { 0.0 };
            assert!(bar.shown.iter().map(|part| of(*part)).sum::<f32>() + more <= width as f32, "{width}: {bar:?}");
            let layouts = bar.shows(Part::Layouts) || bar.shows(Part::LayoutMenu);
            assert_eq!(bar.shown.len() + bar.folded().count(), 9, "{width}");
            assert!(layouts || bar.folded().any(|part| part == Part::LayoutMenu));
        }
    }

    #[test]
    fn training_folds_first_then_layouts_become_a_menu_and_open_always_stays() {
        let bar = Bar::fitting(1020.0, of);
        assert!(bar.shows(Part::Layouts) && bar.folded().eq([Part::Training]));
        let bar = Bar::fitting(900.0, of);
        assert!(bar.shows(Part::LayoutMenu) && bar.folded().eq([Part::Training]));
        assert!(Bar::fitting(0.0, of).shows(Part::Open));
    }
}
