//! Windows with a name, and the window of an area.

use super::declare::commands;
use crate::app::state::PaneIndex;

commands! {
    /// What a reader asks of windows beyond those of the file.
    #[derive(Clone, Debug, PartialEq)]
    pub enum WindowCommand of View {
        /// The window preset of the modality at this place.
        Preset(index: usize) in [0_usize, 1, 2, 3, 4] => words_of_preset(*index),
        /// Keeps the window of the first view under a name, for images of its modality.
        Keep(_: String) => ("Keep this window", "Keeps width and centre for images of this modality"),
        /// Takes the kept window at this place.
        TakeKept(_: usize) => ("Own window", "Takes this window of yours"),
        /// Forgets the kept window at this place.
        ForgetKept(_: usize) => ("Forget", "Takes this window off the list"),
        /// The window of the values in a rectangle of the image: left, top, right, bottom in pixels.
        OfArea(_: PaneIndex, _: [f32; 4]) => ("Window of an area", "Window from the grey values of the area"),
    }
}

fn words_of_preset(index: usize) -> (&'static str, &'static str, &'static str) {
    match index {
        0 => ("First preset", "Takes the first window preset of the modality (CT: soft tissue)", "2"),
        1 => ("Second preset", "Takes the second window preset of the modality (CT: lung)", "3"),
        2 => ("Third preset", "Takes the third window preset of the modality (CT: bone)", "4"),
        3 => ("Fourth preset", "Takes the fourth window preset of the modality (CT: brain)", "5"),
        _ => ("Fifth preset", "Takes the fifth window preset of the modality (CT: liver)", "6"),
    }
}
