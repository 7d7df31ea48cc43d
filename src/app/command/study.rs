//! Going through the images of the list.

use std::sync::Arc;

use super::declare::commands;
use crate::study::ImageEntry;

commands! {
    /// What a reader asks of the list of images.
    #[derive(Clone, Debug, PartialEq)]
    pub enum StudyCommand of Study {
        PreviousImage => ("Previous image", "Shows the image before", "PageUp"),
        NextImage => ("Next image", "Shows the image after", "PageDown"),
        /// Shows a frame (from 0) of an image.
        ShowImage(_: Arc<ImageEntry>, _: u32) => ("Show", "Shows this image"),
        /// Loads the current image once more.
        Reload => ("Load again", "Reads the current image from its file once more", "F5"),
    }
}
