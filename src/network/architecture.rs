//! The shape of a network, as it stands in manifests and configurations.
//!
//! ```toml
//! [architecture]
//! family = "resnet18"
//! ```
//!
//! is enough: whatever is left out has its published value. What each family computes, and which of the settings it has, is
//! said in its file. Tensors are called as in torchvision, stages like PyTorch's modules.

use candle_core::Device;
use candle_nn::VarMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::batch_norm::EPSILON;
use super::fresh::Fresh;
use super::listing::{Listed, Listing};
use super::source::{Chain, Source};
use super::stored::Stored;
use super::target_layer::Places;
use super::weights::{TensorFile, WeightError};
use super::{Network, cnn, compact, densenet, efficientnet, plain, resnet, vgg};

/// Most weights that a network may have; VGG16 has 138 million.
const MOST_VALUES: usize = 500_000_000;

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
    Resnet50,
    Resnet101,
    Densenet121,
    Densenet169,
    EfficientnetB0,
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
    #[error("this architecture cannot be laid out: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// The shape of a network. Lists that are empty and values that are `None` mean the published ones of the family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Architecture {
    pub family: Family,
    /// Channels: of the stem and of each stage (residual networks), of each block (plain chains), of the stem (DenseNet),
    /// of the stem, of seven stages and of the last convolution (EfficientNet).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<usize>,
    /// Residual blocks, convolutions or dense layers of each stage.
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
    /// ε of the batch norms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Rate at which the last residual branch is left out in training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stochastic_depth: Option<f32>,
    /// Dropout rate before the head, and behind each dense layer before it.
    #[serde(default = "published_rate")]
    pub dropout: f32,
}

/// Stands for the family's rate until the family is known.
fn published_rate() -> f32 {
    f32::INFINITY
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut arch = Self::deserialize(deserializer)?;
        if arch.dropout == published_rate() {
            arch.dropout = arch.family.published().dropout;
        }
        Ok(arch)
    }
}

impl Family {
    pub const ALL: [Self; 12] = [
        Self::CompactResnet,
        Self::ShallowCnn,
        Self::DeepCnn,
        Self::CustomCnn,
        Self::Vgg16,
        Self::Vgg16Bn,
        Self::Resnet18,
        Self::Resnet50,
        Self::Resnet101,
        Self::Densenet121,
        Self::Densenet169,
        Self::EfficientnetB0,
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
            Self::Resnet50 => "resnet50",
            Self::Resnet101 => "resnet101",
            Self::Densenet121 => "densenet121",
            Self::Densenet169 => "densenet169",
            Self::EfficientnetB0 => "efficientnet-b0",
        }
    }

    /// The published shape, with every value filled in.
    fn published(self) -> Architecture {
        match self {
            Self::CompactResnet => compact::published(),
            Self::ShallowCnn | Self::DeepCnn | Self::CustomCnn => cnn::published(self),
            Self::Vgg16 | Self::Vgg16Bn => vgg::published(self),
            Self::Resnet18 | Self::Resnet50 | Self::Resnet101 => resnet::published(self),
            Self::Densenet121 | Self::Densenet169 => densenet::published(self),
            Self::EfficientnetB0 => efficientnet::published(),
        }
    }

    fn has_bottlenecks(self) -> bool {
        matches!(self, Self::Resnet50 | Self::Resnet101)
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
        let family = Self::ALL.into_iter().find(|f| f.name() == name);
        family.ok_or_else(|| ArchitectureError::Unknown(name.into()))
    }
}

impl Architecture {
    /// The published shape of a family.
    pub fn new(family: Family) -> Self {
        Self::bare(family, family.published().dropout)
    }

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
            stochastic_depth: None,
        }
    }

    /// A compact residual network of this shape.
    pub fn compact(widths: &[usize], blocks: &[usize], strides: &[usize], dropout: f32) -> Self {
        let (widths, blocks, strides) = (widths.to_vec(), blocks.to_vec(), strides.to_vec());
        Self { widths, blocks, strides, ..Self::bare(Family::CompactResnet, dropout) }
    }

    pub(super) fn epsilon(&self) -> f64 {
        self.epsilon.unwrap_or(EPSILON)
    }

    /// Whether convolutions before a batch norm have a bias.
    pub(super) fn bias(&self) -> bool {
        self.bias.unwrap_or(false)
    }

    /// With published values where there are none.
    pub(super) fn filled(&self) -> Self {
        let published = self.family.published();
        let list = |own: &[usize], published: Vec<usize>| if own.is_empty() { published } else { own.to_vec() };
        Self {
            widths: list(&self.widths, published.widths),
            blocks: list(&self.blocks, published.blocks),
            strides: list(&self.strides, published.strides),
            hidden: self.hidden.clone().or(published.hidden),
            grid: self.grid.or(published.grid),
            growth: self.growth.or(published.growth),
            stochastic_depth: self.stochastic_depth.or(published.stochastic_depth),
            ..self.clone()
        }
    }

    /// The same network with as few channels as can be: its maps have the same sides.
    pub(super) fn narrowest(&self) -> Self {
        let filled = self.filled();
        Self {
            widths: vec![1; filled.widths.len()],
            growth: filled.growth.map(|_| 1),
            hidden: filled.hidden.as_ref().map(|hidden| vec![1; hidden.len()]),
            ..filled
        }
    }

    /// Whether a network can be built like this.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        self.filled().check_settings(self.family.has_bottlenecks())?;
        let values = self.listing(3, 1)?.1.tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum();
        if values > MOST_VALUES { Err(ArchitectureError::TooLarge(values)) } else { Ok(()) }
    }

    /// Checks the settings of a filled architecture.
    fn check_settings(&self, bottlenecks: bool) -> Result<(), ArchitectureError> {
        let family = self.family;
        let published = family.published();
        for (setting, given, known) in [
            ("strides", !self.strides.is_empty(), !published.strides.is_empty()),
            ("hidden", self.hidden.is_some(), published.hidden.is_some()),
            ("grid", self.grid.is_some(), published.grid.is_some()),
            ("growth", self.growth.is_some(), published.growth.is_some()),
            ("stochastic_depth", self.stochastic_depth.is_some(), published.stochastic_depth.is_some()),
            ("stride_first", self.stride_first.is_some(), bottlenecks),
        ] {
            if given && !known {
                return Err(ArchitectureError::Foreign { setting, family });
            }
        }
        let count = |setting, found: usize, needed: usize| {
            if found == needed {
                return Ok(());
            }
            Err(ArchitectureError::Count { setting, family, needed: needed.to_string(), found })
        };
        let stages = self.blocks.len();
        if family == Family::EfficientnetB0 {
            count("blocks", stages, 7)?;
        } else if stages > 8 {
            return Err(ArchitectureError::Count { setting: "blocks", family, needed: "1–8".into(), found: stages });
        }
        // A width for the stem and one for the last convolution, where there are such.
        let more_widths = published.widths.len().saturating_sub(published.blocks.len());
        let widths = if self.growth.is_some() { 1 } else { stages + more_widths };
        count("widths", self.widths.len(), widths)?;
        if !self.strides.is_empty() {
            count("strides", self.strides.len(), stages)?;
        }
        self.check_ranges()
    }

    fn check_ranges(&self) -> Result<(), ArchitectureError> {
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

    /// Names of the stages, each with true where a heat map can be taken from it.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn stages(&self) -> Result<Vec<(String, bool)>, ArchitectureError> {
        self.check()?;
        Ok(self.listing(1, 1)?.0.stages.into_iter().map(|s| (s.name.clone(), s.is_spatial())).collect())
    }

    /// Names of the stages that a heat map can be taken from, each with the places that it tells apart in an input of `width` × `height`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn places(&self, width: usize, height: usize) -> Result<Vec<(String, Places)>, ArchitectureError> {
        self.check()?;
        let network = self.listing(1, 1)?.0;
        let places = network.places(width, height);
        Ok(network.stages.into_iter().zip(places).filter_map(|(stage, places)| Some((stage.name, places?))).collect())
    }

    /// The stage that heat maps of such inputs are taken from where nobody names one: see [`super::target_layer`].
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn default_target(&self, width: usize, height: usize) -> Result<String, ArchitectureError> {
        self.check()?;
        let network = self.listing(1, 1)?.0;
        let stage = network.default_target(width, height);
        Ok(stage.map(|stage| network.stages[stage].name.clone()).unwrap_or_default())
    }

    /// Every tensor that the weights file must hold, with the stage that it belongs to, first to last.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn listed(&self, channels: usize, classes: usize) -> Result<Vec<Listed>, ArchitectureError> {
        self.check()?;
        Ok(self.listing(channels, classes)?.1.tensors)
    }

    /// Name and shape of every tensor that the weights file must hold.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn tensors(&self, channels: usize, classes: usize) -> Result<Vec<(String, Vec<usize>)>, ArchitectureError> {
        Ok(self.listed(channels, classes)?.into_iter().map(|t| (t.name, t.shape)).collect())
    }

    /// Name of the convolution that sees the picture.
    pub fn stem(&self) -> Result<String, ArchitectureError> {
        self.edge(<[Listed]>::first)
    }

    /// Name of the head, the last linear layer.
    pub fn head(&self) -> Result<String, ArchitectureError> {
        self.edge(<[Listed]>::last)
    }

    fn edge(&self, pick: fn(&[Listed]) -> Option<&Listed>) -> Result<String, ArchitectureError> {
        let tensors = self.listed(1, 1)?;
        let name = pick(&tensors).map_or("", |t| t.name.as_str());
        Ok(name.rsplit_once('.').map_or(name, |(module, _)| module).to_owned())
    }

    /// Number of values that the head sees.
    pub fn features(&self) -> Result<usize, ArchitectureError> {
        let head = format!("{}.weight", self.head()?);
        Ok(self.listed(1, 1)?.iter().find(|t| t.name == head).and_then(|t| t.shape.last().copied()).unwrap_or(0))
    }

    /// A network whose tensors are new variables of `vars`, drawn from `seed`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn trainable(
        &self,
        channels: usize,
        classes: usize,
        vars: &VarMap,
        device: &Device,
        seed: u64,
    ) -> super::Result<Network> {
        self.check().map_err(candle_core::Error::wrap)?;
        self.build(channels, classes, &mut Fresh::new(vars, device, seed))
    }

    /// A network for use: batch norm folded into packed convolutions where one stands before it.
    ///
    /// # Errors
    /// As [`Self::check`], and when a tensor is missing or has another shape.
    pub fn folded(
        &self,
        channels: usize,
        classes: usize,
        tensors: &TensorFile,
        device: &Device,
    ) -> Result<Network, WeightError> {
        self.check()?;
        self.build(channels, classes, &mut Stored { tensors, device })
    }

    fn listing(&self, channels: usize, classes: usize) -> super::Result<(Network, Listing)> {
        let mut listing = Listing::default();
        Ok((self.build(channels, classes, &mut listing)?, listing))
    }

    fn build<S: Source>(&self, channels: usize, classes: usize, source: &mut S) -> Result<Network, S::Error> {
        let (arch, mut chain) = (self.filled(), Chain::new(source));
        let to = &mut chain;
        match self.family {
            Family::CompactResnet => compact::describe(&arch, channels, classes, to)?,
            Family::ShallowCnn | Family::DeepCnn | Family::Vgg16 => {
                plain::describe(&arch, false, channels, classes, to)?;
            }
            Family::CustomCnn | Family::Vgg16Bn => plain::describe(&arch, true, channels, classes, to)?,
            Family::Resnet18 | Family::Resnet50 | Family::Resnet101 => resnet::describe(&arch, channels, classes, to)?,
            Family::Densenet121 | Family::Densenet169 => densenet::describe(&arch, channels, classes, to)?,
            Family::EfficientnetB0 => efficientnet::describe(&arch, channels, classes, to)?,
        }
        Ok(chain.network())
    }
}
