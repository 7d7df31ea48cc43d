//! How published networks were shown their images.
//!
//! | preset | values | mean, sd | size |
//! |---|---|---|---|
//! | `imagenet` (torchvision, timm) | 0 … 1 | ImageNet's | shorter side to 256, middle 224 |
//! | `torchxrayvision` | −1024 … 1024 | none | middle square to 224 |
//! | `chexnet` (Rajpurkar et al. 2017) | 0 … 1 | ImageNet's | squashed to 224 |
//! | `keras-torch` (Keras's DenseNet) | 0 … 1 | ImageNet's | squashed to 224 |
//! | `keras-caffe` (Keras's VGG and ResNet) | 0 … 255 | means of blue, green, red; no sd | squashed to 224 |
//!
//! A radiograph is grey, so all channels get the same image, and the order of colours is only that
//! of the means.

use crate::model::manifest::{Input, Normalization, Resize};

const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_SD: [f32; 3] = [0.229, 0.224, 0.225];
const CAFFE_MEAN: [f32; 3] = [103.939, 116.779, 123.68];

/// The fourteen findings of NIH `ChestX-ray14` in the order of its publication, which CheXNet
/// checkpoints have.
const NIH: [&str; 14] = [
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural Thickening",
    "Hernia",
];

/// The eighteen slots of TorchXRayVision's networks.
const XRV: [&str; 18] = [
    "Atelectasis",
    "Consolidation",
    "Infiltration",
    "Pneumothorax",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Effusion",
    "Pneumonia",
    "Pleural Thickening",
    "Cardiomegaly",
    "Nodule",
    "Mass",
    "Hernia",
    "Lung Lesion",
    "Fracture",
    "Lung Opacity",
    "Enlarged Cardiomediastinum",
];

/// A published way of preparing images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    Imagenet,
    Torchxrayvision,
    Chexnet,
    KerasTorch,
    KerasCaffe,
}

impl Preset {
    pub const ALL: [Self; 5] =
        [Self::Imagenet, Self::Torchxrayvision, Self::Chexnet, Self::KerasTorch, Self::KerasCaffe];

    /// Name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Imagenet => "imagenet",
            Self::Torchxrayvision => "torchxrayvision",
            Self::Chexnet => "chexnet",
            Self::KerasTorch => "keras-torch",
            Self::KerasCaffe => "keras-caffe",
        }
    }

    /// The preset of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The input as published.
    #[must_use]
    pub fn input(self) -> Input {
        let imagenet = Input {
            width: 224,
            height: 224,
            channels: 3,
            resize: Resize::CenterCrop,
            crop: 0.875,
            smoothing: 0.0,
            normalization: Normalization::Fixed,
            value_range: [0.0, 1.0],
            mean: IMAGENET_MEAN.to_vec(),
            sd: IMAGENET_SD.to_vec(),
        };
        let squash = Input { resize: Resize::Squash, crop: 1.0, ..imagenet.clone() };
        match self {
            Self::Imagenet => imagenet,
            Self::Torchxrayvision => {
                let (value_range, mean, sd) = ([-1024.0, 1024.0], vec![0.0], vec![1.0]);
                Input { channels: 1, crop: 1.0, value_range, mean, sd, ..imagenet }
            }
            Self::Chexnet | Self::KerasTorch => squash,
            Self::KerasCaffe => Input { value_range: [0.0, 255.0], mean: CAFFE_MEAN.to_vec(), sd: vec![1.0], ..squash },
        }
    }

    /// The labels of the networks that are published this way, in their order.
    #[must_use]
    pub fn labels(self) -> Option<Vec<String>> {
        let list: &[&str] = match self {
            Self::Torchxrayvision => &XRV,
            Self::Chexnet => &NIH,
            _ => return None,
        };
        Some(list.iter().map(|label| (*label).to_owned()).collect())
    }

    /// What must be known of it, for the card.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Imagenet => {
                "Images are prepared as for torchvision's ImageNet networks: the shorter side scaled to 8/7 of the input, the middle \
                 cut out, values 0 to 1, ImageNet's mean and deviation for each channel."
            }
            Self::Torchxrayvision => {
                "Images are prepared as TorchXRayVision does: the middle square, values from −1024 (black) to 1024 (white)."
            }
            Self::Chexnet => {
                "Images are prepared as the CheXNet paper says: squashed to the input, ImageNet's mean and deviation. Public code \
                 averages ten crops of a 256-pixel image instead; that is not done here."
            }
            Self::KerasTorch => {
                "Images are prepared as Keras does in its mode `torch`: squashed to the input, ImageNet's mean and deviation."
            }
            Self::KerasCaffe => {
                "Images are prepared as Keras does in its mode `caffe`: squashed to the input, values 0 to 255, the means of blue, green \
                 and red taken away."
            }
        }
    }
}
