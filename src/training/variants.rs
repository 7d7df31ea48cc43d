//! A preview of augmentation: each row an image as it is, then as the first epochs would show it, by the very code that
//! makes the batches ([`Recipe::variant`]).

use super::dataset::Dataset;
use super::loader::Recipe;
use super::preview;
use super::sheet::{Sheet, Tile};
use super::truth;

/// Images of a preview, and variants of each.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub images: usize,
    pub variants: usize,
}

/// A sheet of images among `training`: every label in turn, then those with none.
pub fn sheet(recipe: &Recipe, dataset: &Dataset, training: &[usize], labels: &[String], extent: Extent) -> Sheet {
    let chosen = preview::choose(dataset, training, labels.len(), extent.images);
    let mut tiles = Vec::new();
    for i in chosen {
        let sample = &dataset.samples[i];
        let names: Vec<&str> = truth::present(&sample.truth).map(|k| labels[k].as_str()).collect();
        let names = if names.is_empty() { "no label".to_owned() } else { names.join(", ") };
        tiles.push(Tile {
            picture: recipe.pictures[i].plane().into(),
            caption: format!("{names}: {}", sample.name),
            fault: false,
        });
        for epoch in 0..extent.variants {
            let caption = format!("epoch {}", epoch + 1);
            tiles.push(Tile { picture: recipe.variant(i, epoch).into(), caption, fault: false });
        }
    }
    let title = "Training images and what augmentation makes of them (mix-up comes after, on the batch)".to_owned();
    Sheet { title, columns: extent.variants + 1, side: 144, tiles }
}
