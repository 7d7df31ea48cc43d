//! A picture with shapes and words drawn over it, as pixels: what is burned in stays with the image
//! wherever it goes.

use image::RgbImage;

use super::FigureError;
use super::layout::Block;
use super::raster::Raster;

/// The picture under the block, `scale` pixels a point; the block begins at the upper left corner.
///
/// # Errors
/// When the picture has no pixels, or more than a figure may have.
pub fn annotated(picture: &RgbImage, block: &Block, scale: f32) -> Result<RgbImage, FigureError> {
    let mut raster = Raster::white(picture.width(), picture.height())?;
    raster.place(picture, 0, 0);
    raster.draw(block, scale);
    Ok(raster.into_image())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout::Ink;

    #[test]
    fn what_is_drawn_covers_the_picture_and_all_else_stays() {
        let picture = RgbImage::from_pixel(20, 10, image::Rgb([7, 8, 9]));
        let mut block = Block::default();
        block.fill(1.0, 1.0, 2.0, 1.0, Ink::White);
        let drawn = annotated(&picture, &block, 2.0).unwrap();
        let white = drawn.pixels().filter(|p| p.0 == [255; 3]).count();
        assert_eq!((white, drawn.get_pixel(2, 2).0, drawn.get_pixel(1, 2).0), (8, [255; 3], [7, 8, 9]));
        assert!(annotated(&RgbImage::new(0, 3), &block, 1.0).is_err());
    }
}
