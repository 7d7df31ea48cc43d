//! A preview of augmentation: each row an image as it is, then as the first epochs would show it,
//! by the very code that makes the batches ([`BatchRecipe::variant`]).

use crate::figures::contact_sheet::{ContactSheet, Tile};
use crate::training::batch::recipe::BatchRecipe;
use crate::training::data::dataset::Dataset;
use crate::training::data::truth;
use crate::training::run::preview;

/// Images of a preview, and variants of each.
#[derive(Clone, Copy, Debug)]
pub struct PreviewExtent {
    pub images: usize,
    pub variants: usize,
}

/// A sheet of images among `training`: every label in turn, then those with none.
pub fn sheet(
    recipe: &BatchRecipe,
    dataset: &Dataset,
    training: &[usize],
    labels: &[String],
    extent: PreviewExtent,
) -> ContactSheet {
    let chosen = preview::choose(dataset, training, labels.len(), extent.images);
    let mut tiles = Vec::new();
    for i in chosen {
        let sample = &dataset.samples[i];
        let names: Vec<&str> = truth::present(&sample.truth).map(|k| labels[k].as_str()).collect();
        let names = if names.is_empty() { "no label".to_owned() } else { names.join(", ") };
        tiles.push(Tile {
            image: recipe.images[i].plane().into(),
            caption: format!("{names}: {}", sample.name),
            fault: false,
        });
        for epoch in 0..extent.variants {
            let caption = format!("epoch {}", epoch + 1);
            tiles.push(Tile { image: recipe.variant(i, epoch).into(), caption, fault: false });
        }
    }
    let title = "Training images and what augmentation makes of them (mix-up comes after, on the batch)".to_owned();
    ContactSheet { title, columns: extent.variants + 1, side: 144, tiles }
}
