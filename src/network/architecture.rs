//! The shape of a network, as it stands in manifests and configurations.
//!
//! ```toml
//! [architecture]
//! family = "resnet18"
//! ```
//!
//! is enough: whatever is left out has its published value. What each family computes, and which of
//! the settings it has, is said in its file under [`super::families`]. Tensors are called as in
//! torchvision, stages like PyTorch's modules.

use serde::{Deserialize, Serialize, Serializer};

use super::geometry::Geometry;
use super::graph::{Graph, GraphError};
use super::layers::batch_norm::EPSILON;

/// Most weights that a network may have; VGG16 has 138 million.
pub(super) const MOST_VALUES: usize = 500_000_000;

/// Most values of one block's attention for one image: those of a vision transformer of 12 heads on
/// 48 × 48 patches.
pub(super) const MOST_ATTENTION: usize = 1 << 26;

/// What kind of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    CompactResnet,
    ShallowCnn,
    DeepCnn,
    CustomCnn,
    Vgg16,
    Vgg16Bn,
    Resnet18,
    Resnet34,
    Resnet50,
    Resnet101,
    Resnet152,
    Densenet121,
    Densenet169,
    Densenet201,
    EfficientnetB0,
    EfficientnetB1,
    EfficientnetB2,
    EfficientnetB3,
    EfficientnetLite0,
    EfficientnetLite1,
    EfficientnetLite2,
    MobilenetV2,
    MobilenetV3Small,
    MobilenetV3Large,
    #[serde(rename = "vit-ti-16")]
    VitTi16,
    #[serde(rename = "vit-s-16")]
    VitS16,
    #[serde(rename = "vit-b-16")]
    VitB16,
    SwinT,
    ConvnextTiny,
    /// A network that a file lays out, node by node; see [`super::graph`].
    Graph,
}

/// How windows stand on maps: what zeros lie around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaddingRule {
    /// As many on all sides: half the kernel (PyTorch).
    Even,
    /// `SAME`: `⌈n / stride⌉` come out, and where the zeros that are missing are odd, one more lies
    /// behind (TensorFlow).
    Same,
}

/// Why a network cannot be built like this.
#[derive(Debug, thiserror::Error)]
pub enum ArchitectureError {
    #[error("“{0}” is no architecture; there are {list}", list = Family::ALL.map(Family::name).join(", "))]
    Unknown(String),
    #[error("architecture.{setting} is no setting of {family}; leave it out")]
    Foreign { setting: &'static str, family: Family },
    #[error("architecture.{setting} of {family} needs {needed}, not {found}")]
    Count { setting: &'static str, family: Family, needed: String, found: usize },
    #[error("architecture.{setting} is {value}; it must lie in {range}")]
    Range { setting: &'static str, value: String, range: &'static str },
    #[error("this architecture has {0} weights, more than the {MOST_VALUES} that a model may have; make it narrower")]
    TooLarge(usize),
    #[error(
        "{family} cuts an input into patches of {patch} × {patch}, which do not fill {width} × {height}; choose sides that are \
         multiples of {patch}"
    )]
    Patches { family: Family, patch: usize, width: usize, height: usize },
    #[error(
        "on an input of {width} × {height} the attention of this {family} would hold {values} values at once, more than \
         {MOST_ATTENTION}; choose a smaller input or larger patches"
    )]
    Attention { family: Family, width: usize, height: usize, values: usize },
    #[error("architecture.graph is needed by the family graph, and by no other")]
    NoGraph,
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error("this architecture cannot be laid out: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// The shape of a network. Lists that are empty and values that are `None` mean the published ones
/// of the family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Architecture {
    pub family: Family,
    /// Channels: of the stem and of each stage (residual networks), of each block (plain chains),
    /// of the stem (DenseNet), of the stem, of each stage and of the last convolution (EfficientNet,
    /// MobileNet); of the tokens (ViT), of each stage (Swin, ConvNeXt).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<usize>,
    /// Residual blocks, convolutions, dense layers or blocks of a transformer of each stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<usize>,
    /// Stride of each stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strides: Vec<usize>,
    /// Widths of the dense layers before the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// Cells a side of the average before the dense layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<usize>,
    /// Channels that each dense layer adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<usize>,
    /// The bottlenecks' stride is in their first 1×1 convolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride_first: Option<bool>,
    /// Convolutions have a bias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<bool>,
    /// ε of the batch norms or layer norms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// What zeros lie around maps before a window (EfficientNet, MobileNet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<PaddingRule>,
    /// Heads of the attention: one number (ViT), or one a stage (Swin). Each divides its width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<usize>,
    /// Pixels along a side of a patch (ViT, Swin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<usize>,
    /// Side of the images that the position embedding is made for (ViT); for others it is
    /// resampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<usize>,
    /// How many times wider the hidden layer of a block is than its tokens (ViT, Swin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expansion: Option<usize>,
    /// Register tokens behind the class token (ViT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registers: Option<usize>,
    /// The head reads the mean of the patches, which is normed behind it, and not the class token
    /// (ViT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<bool>,
    /// Queries and keys are brought to scale by norms of their own, head by head (ViT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_norm: Option<bool>,
    /// Tokens along a side of a window (Swin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// What the factors of layer scale begin with (ViT, where none is published; ConvNeXt).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_scale: Option<f64>,
    /// Rate at which the last residual branch is left out in training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stochastic_depth: Option<f32>,
    /// Dropout rate before the head, and behind each dense layer before it.
    #[serde(default = "published_rate")]
    pub dropout: f32,
    /// The nodes of the family `graph`, a line each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<Graph>,
}

/// Stands for the family's rate until the family is known.
pub(super) fn published_rate() -> f32 {
    f32::INFINITY
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl Family {
    /// Those that are described in this program.
    pub const ALL: [Self; 29] = [
        Self::CompactResnet,
        Self::ShallowCnn,
        Self::DeepCnn,
        Self::CustomCnn,
        Self::Vgg16,
        Self::Vgg16Bn,
        Self::Resnet18,
        Self::Resnet34,
        Self::Resnet50,
        Self::Resnet101,
        Self::Resnet152,
        Self::Densenet121,
        Self::Densenet169,
        Self::Densenet201,
        Self::EfficientnetB0,
        Self::EfficientnetB1,
        Self::EfficientnetB2,
        Self::EfficientnetB3,
        Self::EfficientnetLite0,
        Self::EfficientnetLite1,
        Self::EfficientnetLite2,
        Self::MobilenetV2,
        Self::MobilenetV3Small,
        Self::MobilenetV3Large,
        Self::VitTi16,
        Self::VitS16,
        Self::VitB16,
        Self::SwinT,
        Self::ConvnextTiny,
    ];

    /// Name in manifests, configurations and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::CompactResnet => "compact-resnet",
            Self::ShallowCnn => "shallow-cnn",
            Self::DeepCnn => "deep-cnn",
            Self::CustomCnn => "custom-cnn",
            Self::Vgg16 => "vgg16",
            Self::Vgg16Bn => "vgg16-bn",
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
            Self::Resnet101 => "resnet101",
            Self::Resnet152 => "resnet152",
            Self::Densenet121 => "densenet121",
            Self::Densenet169 => "densenet169",
            Self::Densenet201 => "densenet201",
            Self::EfficientnetB0 => "efficientnet-b0",
            Self::EfficientnetB1 => "efficientnet-b1",
            Self::EfficientnetB2 => "efficientnet-b2",
            Self::EfficientnetB3 => "efficientnet-b3",
            Self::EfficientnetLite0 => "efficientnet-lite0",
            Self::EfficientnetLite1 => "efficientnet-lite1",
            Self::EfficientnetLite2 => "efficientnet-lite2",
            Self::MobilenetV2 => "mobilenet-v2",
            Self::MobilenetV3Small => "mobilenet-v3-small",
            Self::MobilenetV3Large => "mobilenet-v3-large",
            Self::VitTi16 => "vit-ti-16",
            Self::VitS16 => "vit-s-16",
            Self::VitB16 => "vit-b-16",
            Self::SwinT => "swin-t",
            Self::ConvnextTiny => "convnext-tiny",
            Self::Graph => "graph",
        }
    }

    pub(super) fn has_bottlenecks(self) -> bool {
        matches!(self, Self::Resnet50 | Self::Resnet101 | Self::Resnet152)
    }

    /// Vision transformers, which read a class token.
    pub fn is_vision_transformer(self) -> bool {
        matches!(self, Self::VitTi16 | Self::VitS16 | Self::VitB16)
    }

    /// Networks whose tensors begin as timm's transformers do, and that have layer norms.
    pub fn has_layer_norms(self) -> bool {
        self.is_vision_transformer() || matches!(self, Self::SwinT | Self::ConvnextTiny)
    }

    /// EfficientNets and MobileNets: chains of inverted residual blocks that may end earlier than
    /// published, and whose padding is a setting.
    pub fn is_inverted(self) -> bool {
        matches!(
            self,
            Self::EfficientnetB0
                | Self::EfficientnetB1
                | Self::EfficientnetB2
                | Self::EfficientnetB3
                | Self::EfficientnetLite0
                | Self::EfficientnetLite1
                | Self::EfficientnetLite2
                | Self::MobilenetV2
                | Self::MobilenetV3Small
                | Self::MobilenetV3Large
        )
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Family {
    type Err = ArchitectureError;

    fn from_str(name: &str) -> Result<Self, ArchitectureError> {
        // torchvision and timm write underscores, and timm the size of patches and images.
        let plain = name.replace('_', "-");
        let own = match plain.as_str() {
            "vit-base-patch16-224" | "deit-base-patch16-224" => "vit-b-16",
            "vit-small-patch16-224" | "deit-small-patch16-224" => "vit-s-16",
            "vit-tiny-patch16-224" | "deit-tiny-patch16-224" => "vit-ti-16",
            "swin-tiny-patch4-window7-224" => "swin-t",
            "vit-b-16" | "swin-t" | "convnext-tiny" => &plain,
            _ => name,
        };
        let family = Self::ALL.into_iter().find(|f| f.name() == own);
        family.ok_or_else(|| ArchitectureError::Unknown(name.into()))
    }
}

impl Architecture {
    /// Nothing but a family and a dropout rate.
    pub(super) fn bare(family: Family, dropout: f32) -> Self {
        Self {
            family,
            dropout,
            widths: Vec::new(),
            blocks: Vec::new(),
            strides: Vec::new(),
            hidden: None,
            grid: None,
            growth: None,
            stride_first: None,
            bias: None,
            epsilon: None,
            padding: None,
            heads: Vec::new(),
            patch: None,
            image: None,
            expansion: None,
            registers: None,
            average: None,
            query_norm: None,
            window: None,
            layer_scale: None,
            stochastic_depth: None,
            graph: None,
        }
    }

    /// A network that a file lays out, with a dropout before its head.
    pub fn of_graph(graph: Graph, dropout: f32) -> Self {
        Self { graph: Some(graph), ..Self::bare(Family::Graph, dropout) }
    }

    /// A compact residual network of this shape.
    pub fn compact(widths: &[usize], blocks: &[usize], strides: &[usize], dropout: f32) -> Self {
        let (widths, blocks, strides) = (widths.to_vec(), blocks.to_vec(), strides.to_vec());
        Self { widths, blocks, strides, ..Self::bare(Family::CompactResnet, dropout) }
    }

    pub(super) fn epsilon(&self) -> f64 {
        self.epsilon.unwrap_or(EPSILON)
    }

    /// A window of `kernel` that keeps the size of maps but for its stride.
    pub(super) fn window(&self, kernel: usize, stride: usize) -> Geometry {
        match self.padding {
            Some(PaddingRule::Same) => Geometry::same(kernel, stride),
            _ => Geometry::even(kernel, stride, kernel / 2),
        }
    }

    /// Whether convolutions before a batch norm have a bias.
    pub(super) fn bias(&self) -> bool {
        self.bias.unwrap_or(false)
    }

    pub(super) fn check_ranges(&self) -> Result<(), ArchitectureError> {
        let each =
            |setting, values: &[usize], low, high, range| match values.iter().find(|v| !(low..=high).contains(*v)) {
                Some(value) => Err(ArchitectureError::Range { setting, value: value.to_string(), range }),
                None => Ok(()),
            };
        each("widths", &self.widths, 1, 4096, "1–4096")?;
        each("blocks", &self.blocks, 1, 64, "1–64")?;
        each("strides", &self.strides, 1, 2, "1–2")?;
        let hidden = self.hidden.as_deref().unwrap_or_default();
        if hidden.len() > 4 {
            let found = hidden.len();
            return Err(ArchitectureError::Count {
                setting: "hidden",
                family: self.family,
                needed: "0–4".into(),
                found,
            });
        }
        each("hidden", hidden, 1, 16384, "1–16384")?;
        each("grid", self.grid.as_slice(), 1, 16, "1–16")?;
        each("growth", self.growth.as_slice(), 1, 256, "1–256")?;
        each("heads", &self.heads, 1, 64, "1–64")?;
        each("patch", self.patch.as_slice(), 1, 64, "1–64")?;
        each("image", self.image.as_slice(), 8, 2048, "8–2048")?;
        each("expansion", self.expansion.as_slice(), 1, 8, "1–8")?;
        each("registers", self.registers.as_slice(), 0, 16, "0–16")?;
        each("window", self.window.as_slice(), 1, 32, "1–32")?;
        for (heads, widths) in self.heads.iter().zip(&self.widths) {
            if widths % heads > 0 {
                let (setting, value) = ("heads", heads.to_string());
                return Err(ArchitectureError::Range { setting, value, range: "the divisors of its width" });
            }
        }
        if let (Some(patch), Some(image)) = (self.patch, self.image)
            && image % patch > 0
        {
            let (setting, value) = ("image", image.to_string());
            return Err(ArchitectureError::Range { setting, value, range: "the multiples of the patch" });
        }
        if !(0.0..=1.0).contains(&self.layer_scale.unwrap_or(1.0)) {
            let (setting, value) = ("layer_scale", self.layer_scale.unwrap_or(1.0).to_string());
            return Err(ArchitectureError::Range { setting, value, range: "0–1" });
        }
        let rate = |setting, value: f32| {
            let range = "0–1, 1 excluded";
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(ArchitectureError::Range { setting, value: value.to_string(), range })
            }
        };
        rate("dropout", self.dropout)?;
        rate("stochastic_depth", self.stochastic_depth.unwrap_or(0.0))?;
        if (1e-12..=1.0).contains(&self.epsilon()) {
            return Ok(());
        }
        let (setting, value, range) = ("epsilon", self.epsilon().to_string(), "1e-12–1");
        Err(ArchitectureError::Range { setting, value, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_goes_by_the_names_of_its_makers() {
        for (name, family) in [
            ("vit_b_16", Family::VitB16),
            ("deit_base_patch16_224", Family::VitB16),
            ("deit_small_patch16_224", Family::VitS16),
            ("vit_tiny_patch16_224", Family::VitTi16),
            ("swin_tiny_patch4_window7_224", Family::SwinT),
            ("convnext_tiny", Family::ConvnextTiny),
            ("vit-s-16", Family::VitS16),
        ] {
            assert_eq!(name.parse::<Family>().unwrap(), family, "{name}");
        }
        for name in ["vit_base_patch32_224", "resnet_18", "swin"] {
            assert!(name.parse::<Family>().is_err(), "{name}");
        }
    }

    #[test]
    fn inputs_that_are_not_made_of_patches_or_have_too_many_are_refused() {
        let vit = Architecture::new(Family::VitB16);
        vit.check_size(224, 320).unwrap();
        let patches = vit.check_size(224, 230).unwrap_err().to_string();
        assert!(patches.contains("patches of 16 × 16, which do not fill 224 × 230"), "{patches}");
        let many = vit.check_size(1024, 1024).unwrap_err().to_string();
        assert!(many.contains("choose a smaller input"), "{many}");
        Architecture::new(Family::SwinT).check_size(1024, 1024).unwrap();
        Architecture::new(Family::Resnet18).check_size(225, 231).unwrap();
    }
}
