//! Where the lungs of a phantom are: masks without a reader's hand, for whoever segments lungs.
//!
//! A lung field is what a reader would outline: from the apex to the outline of the diaphragm's
//! dome, from the chest wall to the mediastinum, the part that the heart hides included, the part
//! behind the dome not.

use rayon::prelude::*;

use super::anatomy::Torso;
use super::projection::placement;
use super::{Lung, MAX_SIZE, MIN_SIZE, PhantomRecipe};

/// For every pixel of the recipe's image, row by row, the lung whose field it lies in.
#[must_use]
pub fn lung_fields(recipe: &PhantomRecipe) -> Vec<Option<Lung>> {
    let size = recipe.size.clamp(MIN_SIZE, MAX_SIZE);
    let (torso, placement) = (Torso::new(recipe), placement(recipe, size));
    let field = |i: usize| {
        let (x, z) = placement.to_anatomy((i % size) as f32, (i / size) as f32);
        torso.lung_field(x, z)
    };
    (0..size * size).into_par_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::{Age, render};

    #[test]
    fn both_lungs_are_found_beside_each_other_and_darker_than_what_lies_between() {
        for age in [Age::Child, Age::Adult] {
            let recipe = PhantomRecipe { seed: 4, size: 128, age, ..PhantomRecipe::default() };
            let (fields, film) = (lung_fields(&recipe), render(&recipe).plane);
            let of = |lung| {
                let places = fields.iter().enumerate().filter(|(_, f)| **f == Some(lung)).map(|(i, _)| i);
                places.collect::<Vec<usize>>()
            };
            let (right, left) = (of(Lung::Right), of(Lung::Left));
            let share = (right.len() + left.len()) as f32 / fields.len() as f32;
            assert!((0.2..0.55).contains(&share), "{age:?}: {share}");
            assert!(right.iter().all(|i| i % 128 < 70) && left.iter().all(|i| i % 128 > 58));
            let mean = |places: &[usize]| places.iter().map(|i| film.values[*i]).sum::<f32>() / places.len() as f32;
            let between: Vec<usize> = (40..80).map(|y| y * 128 + 64).collect();
            assert!(mean(&right) + 400.0 < mean(&between), "{age:?}");
        }
    }

    #[test]
    fn the_fields_do_not_depend_on_what_fills_the_lungs() {
        let recipe = PhantomRecipe { size: 64, ..PhantomRecipe::default() };
        let ill = PhantomRecipe { opacities: vec!["right-lower".parse().unwrap()], ..recipe.clone() };
        assert_eq!(lung_fields(&recipe), lung_fields(&ill));
    }
}
