//! Going through the images of the list, and through stacks.

use std::sync::Arc;

use super::declare::commands;
use crate::study::ImageEntry;

commands! {
    /// What a reader asks of the list of images.
    #[derive(Clone, Debug, PartialEq)]
    pub enum StudyCommand of Study {
        PreviousImage => ("Previous image", "Shows the image before, of the series before at the beginning of one", "PageUp"),
        NextImage => ("Next image", "Shows the image after, of the series after at the end of one", "PageDown"),
        FirstImage => ("First image", "Shows the first image of the stack", "Home"),
        LastImage => ("Last image", "Shows the last image of the stack", "End"),
        PreviousSeries => ("Previous series", "Shows the series before", "Ctrl+PageUp"),
        NextSeries => ("Next series", "Shows the series after", "Ctrl+PageDown"),
        PreviousKeyImage => ("Previous key image", "Shows the key image before this one in the study", "Shift+PageUp"),
        NextKeyImage => ("Next key image", "Shows the key image after this one in the study", "Shift+PageDown"),
        /// So many images on or back in the stack; the ends are kept.
        Scroll(_: i64) => ("Scroll", "Goes through the stack"),
        /// To a place of the stack, from 0.
        GoTo(_: usize) => ("Stack position", "Goes to an image of the stack"),
        TogglePlay => ("Play", "Plays the stack in the time of its file, or stops it", "F7"),
        Faster => ("Faster", "Plays the stack faster", "Ctrl+ArrowUp"),
        Slower => ("Slower", "Plays the stack slower", "Ctrl+ArrowDown"),
        /// Times the speed of the file.
        SetSpeed(_: f32) => ("Speed", "Plays the stack at this many times the speed of its file"),
        /// Shows a frame (from 0) of an image.
        ShowImage(_: Arc<ImageEntry>, _: u32) => ("Show", "Shows this image"),
        /// Loads the current image once more.
        Reload => ("Load again", "Reads the current image from its file once more", "F5"),
    }
}
