//! Where a network still knows places, and the stage that heat maps are taken from where nobody
//! names one.
//!
//! A class activation map has as many places as its stage has. Behind a global average, or deep in
//! a chain on a small input, that is one: such a map would colour the whole image and say nothing
//! of where. So the usual choice, the last stage with a map (Selvaraju et al. 2017: "the last
//! convolutional layer"), is taken only where a side of it has [`ENOUGH`] places; else the last
//! stage before it that has so many, or the one with the most. 4 × 4 is the least that tells
//! quarters and a middle apart.
//!
//! A stage cannot know more places than one before it: a grid that repeats a smaller map counts as
//! small as that map.

use super::Network;

/// Places along the shorter side that a map should have.
const ENOUGH: usize = 4;

/// Columns and rows of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    pub columns: usize,
    pub rows: usize,
}

impl Places {
    /// Whether a map of so many places says where: more than one, across and down.
    #[must_use]
    pub fn are_a_map(self) -> bool {
        self.shorter() > 1
    }

    fn shorter(self) -> usize {
        self.columns.min(self.rows)
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {}", self.columns, self.rows)
    }
}

impl Network {
    /// Places that each stage tells apart in an input of `width` × `height`; `None` where it has no
    /// map.
    #[must_use]
    pub fn places(&self, width: usize, height: usize) -> Vec<Option<Places>> {
        let (mut columns, mut rows) = (width, height);
        let mut known = Places { columns, rows };
        let mut of = |stage: &super::Stage| {
            (columns, rows) = (stage.layer.side(columns), stage.layer.side(rows));
            known = Places { columns: known.columns.min(columns), rows: known.rows.min(rows) };
            stage.is_spatial().then_some(known)
        };
        self.stages.iter().map(&mut of).collect()
    }

    /// Number of the stage that maps of such inputs are taken from where nobody names one.
    #[must_use]
    pub fn default_target(&self, width: usize, height: usize) -> Option<usize> {
        let places = self.places(width, height);
        let sides = || places.iter().enumerate().filter_map(|(stage, p)| Some((stage, p.as_ref()?.shorter())));
        let enough = sides().rfind(|(_, side)| *side >= ENOUGH);
        enough.or_else(|| sides().max_by_key(|(_, side)| *side)).map(|(stage, _)| stage)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use candle_nn::VarMap;

    use super::*;
    use crate::Mode;
    use crate::architecture::{Architecture, Family};

    #[test]
    fn places_are_those_of_the_maps_that_the_network_makes() {
        let large = [
            Family::Resnet34,
            Family::Resnet50,
            Family::Resnet101,
            Family::Resnet152,
            Family::Densenet169,
            Family::Densenet201,
            Family::EfficientnetB1,
            Family::EfficientnetB2,
            Family::EfficientnetB3,
        ];
        for family in Family::ALL.into_iter().filter(|f| !large.contains(f)) {
            let narrow = |arch| Architecture { widths: vec![4, 4, 8, 8, 8], hidden: Some(vec![8]), ..arch };
            let vgg = matches!(family, Family::Vgg16 | Family::Vgg16Bn);
            let arch = Architecture::new(family);
            let arch = if vgg { narrow(arch) } else { arch };
            let network = arch.trainable(1, 2, &VarMap::new(), &Device::Cpu, 1).unwrap();
            let (width, height) = (96, 64);
            let mut x = Tensor::zeros((1, 1, height, width), DType::F32, &Device::Cpu).unwrap();
            let (mut columns, mut rows) = (width, height);
            for (number, (stage, places)) in network.stages.iter().zip(network.places(width, height)).enumerate() {
                x = stage.layer.forward(&x, Mode::Inference).unwrap();
                let Some(places) = places else { continue };
                let planes = network.planes(number, &x, (width, height)).unwrap();
                let (_, _, h, w) = planes.dims4().unwrap();
                (columns, rows) = (columns.min(w), rows.min(h));
                assert_eq!(places, Places { columns, rows }, "{family} {}", stage.name);
            }
        }
    }

    #[test]
    fn a_place_of_a_map_is_the_same_place_of_the_image() {
        let of = |family, widths: &[usize], heads: &[usize]| Architecture {
            widths: widths.to_vec(),
            blocks: vec![1; widths.len()],
            heads: heads.to_vec(),
            ..Architecture::new(family)
        };
        for arch in [
            of(Family::VitS16, &[8], &[2]),
            Architecture { registers: Some(3), ..of(Family::VitS16, &[8], &[2]) },
            of(Family::SwinT, &[8], &[2]),
            of(Family::ConvnextTiny, &[8], &[]),
        ] {
            let network = arch.trainable(1, 2, &VarMap::new(), &Device::Cpu, 1).unwrap();
            let (width, height) = (96, 64);
            let places = network.places(width, height)[0].unwrap();
            let (across, down) = (width / places.columns, height / places.rows);
            let made = |lit: Option<(usize, usize)>| {
                let bright = |p: usize| lit == Some((p / width / down, p % width / across));
                let values: Vec<f32> = (0..width * height).map(|p| f32::from(u8::from(bright(p)))).collect();
                let x = Tensor::from_vec(values, (1, 1, height, width), &Device::Cpu).unwrap();
                let y = network.forward_range(0..1, &x, Mode::Inference).unwrap();
                let planes = network.planes(0, &y, (width, height)).unwrap();
                planes.squeeze(0).unwrap().to_vec3::<f32>().unwrap().remove(0)
            };
            let dark = made(None);
            let corner = (places.rows - 1, places.columns - 2);
            for (row, line) in made(Some(corner)).iter().enumerate() {
                for (column, value) in line.iter().enumerate() {
                    let moved = (value - dark[row][column]).abs() > 1e-6;
                    assert_eq!(moved, (row, column) == corner, "{} {row} {column}", arch.family);
                }
            }
        }
    }

    #[test]
    fn the_default_target_of_every_family_says_where_at_every_size() {
        for family in Family::ALL {
            for side in [32, 48, 64, 96, 112, 128, 160, 192, 224] {
                let arch = Architecture::new(family);
                let name = arch.default_target(side, side).unwrap();
                let places = arch.places(side, side).unwrap();
                let (_, places) = places.iter().find(|(stage, _)| *stage == name).unwrap();
                // Patches of 16 pixels are the first places that there are.
                let enough = if family.is_vision_transformer() { ENOUGH.min(side / 16) } else { ENOUGH };
                assert!(places.shorter() >= enough, "{family} at {side}: {name} has {places}");
            }
        }
    }

    #[test]
    fn where_the_last_map_is_large_enough_it_is_the_target() {
        let target = |family, side| Architecture::new(family).default_target(side, side).unwrap();
        assert_eq!(target(Family::CompactResnet, 224), "stage4");
        assert_eq!(target(Family::Resnet18, 224), "layer4");
        assert_eq!(target(Family::Resnet18, 32), "layer2");
        assert_eq!(target(Family::Densenet121, 224), "features");
        assert_eq!(target(Family::EfficientnetB0, 224), "features.8");
        assert_eq!(target(Family::VitB16, 224), "encoder.layers.encoder_layer_11.ln_1");
        assert_eq!(target(Family::SwinT, 224), "norm");
        assert_eq!(target(Family::ConvnextTiny, 224), "features.7");
        // Behind the average the custom network has one place; before it 14 × 14.
        assert_eq!(target(Family::CustomCnn, 224), "features.15");
        assert_eq!(target(Family::CustomCnn, 32), "features.14");
    }

    #[test]
    fn a_grid_that_repeats_one_place_has_one_place() {
        let arch = Architecture::new(Family::Vgg16);
        let places = arch.places(32, 32).unwrap();
        assert_eq!(places.last(), Some(&("avgpool".to_owned(), Places { columns: 1, rows: 1 })));
        assert_eq!(arch.default_target(32, 32).unwrap(), "features.22");
    }

    #[test]
    fn a_row_of_places_is_no_map() {
        assert!(!Places { columns: 8, rows: 1 }.are_a_map() && !Places { columns: 1, rows: 1 }.are_a_map());
        assert!(Places { columns: 2, rows: 2 }.are_a_map());
    }
}
