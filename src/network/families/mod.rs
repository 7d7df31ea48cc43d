//! The networks there are, one family a file: what each computes, and which settings it has.
//!
//! A family describes itself once, over a [`TensorSource`]; the description builds the network to
//! train, the one to use, and the list of its tensors.

mod cnn;
mod compact;
mod convnext;
mod densenet;
mod efficientnet;
mod mobilenet_v2;
mod mobilenet_v3;
mod plain;
mod residual_stages;
mod resnet;
mod swin;
mod vgg;
mod vit;

use candle_core::Device;
use candle_nn::VarMap;
use serde::{Deserialize, Deserializer};

use super::Network;
use super::architecture::{
    Architecture, ArchitectureError, Family, MOST_ATTENTION, MOST_VALUES, PaddingRule, published_rate,
};
use super::graph::build;
use super::init::NewVariables;
use super::load::TrainedTensors;
use super::source::{Chain, TensorSource};
use super::spec::{TensorList, TensorSpec};
use super::target_layer::Places;
use super::weights::{TensorFile, WeightError};

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
    /// The published shape, with every value filled in.
    fn published(self) -> Architecture {
        match self {
            Self::CompactResnet => compact::published(),
            Self::ShallowCnn | Self::DeepCnn | Self::CustomCnn => cnn::published(self),
            Self::Vgg16 | Self::Vgg16Bn => vgg::published(self),
            Self::Resnet18 | Self::Resnet34 | Self::Resnet50 | Self::Resnet101 | Self::Resnet152 => {
                resnet::published(self)
            }
            Self::Densenet121 | Self::Densenet169 | Self::Densenet201 => densenet::published(self),
            Self::EfficientnetB0
            | Self::EfficientnetB1
            | Self::EfficientnetB2
            | Self::EfficientnetB3
            | Self::EfficientnetLite0
            | Self::EfficientnetLite1
            | Self::EfficientnetLite2 => efficientnet::published(self),
            Self::MobilenetV2 => mobilenet_v2::published(),
            Self::MobilenetV3Small | Self::MobilenetV3Large => mobilenet_v3::published(self),
            Self::VitTi16 | Self::VitS16 | Self::VitB16 => vit::published(self),
            Self::SwinT => swin::published(),
            Self::ConvnextTiny => convnext::published(),
            Self::Graph => Architecture::bare(self, 0.0),
        }
    }
}

impl Architecture {
    /// The published shape of a family.
    pub fn new(family: Family) -> Self {
        Self::bare(family, family.published().dropout)
    }

    /// With published values where there are none.
    pub(super) fn filled(&self) -> Self {
        let mut published = self.family.published();
        let stages = self.blocks.len();
        if self.family.is_inverted() && stages > 0 && stages < published.blocks.len() {
            // The network ends earlier, before its last convolution.
            published.strides.truncate(stages);
            published.widths.drain(1 + stages..=published.blocks.len());
        }
        let list = |own: &[usize], published: Vec<usize>| if own.is_empty() { published } else { own.to_vec() };
        Self {
            widths: list(&self.widths, published.widths),
            blocks: list(&self.blocks, published.blocks),
            strides: list(&self.strides, published.strides),
            hidden: self.hidden.clone().or(published.hidden),
            grid: self.grid.or(published.grid),
            growth: self.growth.or(published.growth),
            stochastic_depth: self.stochastic_depth.or(published.stochastic_depth),
            padding: self.padding.or(published.padding),
            epsilon: self.epsilon.or(published.epsilon),
            heads: list(&self.heads, published.heads),
            patch: self.patch.or(published.patch),
            image: self.image.or(published.image),
            expansion: self.expansion.or(published.expansion),
            registers: self.registers.or(published.registers),
            window: self.window.or(published.window),
            layer_scale: self.layer_scale.or(published.layer_scale),
            ..self.clone()
        }
    }

    /// How windows are padded, where the family leaves a choice.
    pub fn effective_padding(&self) -> Option<PaddingRule> {
        self.filled().padding
    }

    /// ε of the batch norms or layer norms.
    pub fn effective_epsilon(&self) -> f64 {
        self.filled().epsilon()
    }

    /// Blocks of each stage, with those of published stages that this network ends before.
    pub fn depths(&self) -> Vec<usize> {
        let published = self.family.published().blocks;
        self.blocks.iter().chain(published.iter().skip(self.blocks.len())).copied().collect()
    }

    /// The same network with as few channels as can be: its maps have the same sides.
    pub(super) fn narrowest(&self) -> Self {
        let filled = self.filled();
        Self {
            widths: vec![1; filled.widths.len()],
            heads: vec![1; filled.heads.len()],
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
        if self.graph.is_some() != (self.family == Family::Graph) {
            return Err(ArchitectureError::NoGraph);
        }
        self.graph.as_ref().map_or(Ok(()), |graph| graph.check().map(drop))?;
        self.filled().check_settings(self.family.has_bottlenecks())?;
        let values = self.listing(3, 1)?.1.tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum();
        if values > MOST_VALUES { Err(ArchitectureError::TooLarge(values)) } else { Ok(()) }
    }

    /// Whether inputs of `width` × `height` can be given to a network like this.
    ///
    /// # Errors
    /// A sentence on what to choose.
    pub fn check_size(&self, width: usize, height: usize) -> Result<(), ArchitectureError> {
        let filled = self.filled();
        let (family, Some(patch)) = (self.family, filled.patch.filter(|patch| *patch > 0)) else { return Ok(()) };
        if !width.is_multiple_of(patch) || !height.is_multiple_of(patch) {
            return Err(ArchitectureError::Patches { family, patch, width, height });
        }
        let (columns, rows) = (width / patch, height / patch);
        let (mut tokens, seen) = if let Some(window) = filled.window.filter(|window| *window > 0) {
            // Maps are filled up to whole windows.
            (columns.next_multiple_of(window).saturating_mul(rows.next_multiple_of(window)), window * window)
        } else {
            let tokens = columns.saturating_mul(rows).saturating_add(1 + filled.registers.unwrap_or(0));
            (tokens, tokens)
        };
        let mut values = 0;
        for heads in &filled.heads {
            values = tokens.saturating_mul(seen).saturating_mul(*heads).max(values);
            // Two by two are merged before the next stage.
            tokens = tokens.div_ceil(4).max(seen);
        }
        let held = values <= MOST_ATTENTION;
        if held { Ok(()) } else { Err(ArchitectureError::Attention { family, width, height, values }) }
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
            ("padding", self.padding.is_some(), published.padding.is_some()),
            ("stochastic_depth", self.stochastic_depth.is_some(), published.stochastic_depth.is_some()),
            ("stride_first", self.stride_first.is_some(), bottlenecks),
            ("heads", !self.heads.is_empty(), !published.heads.is_empty()),
            ("patch", self.patch.is_some(), published.patch.is_some()),
            ("image", self.image.is_some(), published.image.is_some()),
            ("expansion", self.expansion.is_some(), published.expansion.is_some()),
            ("registers", self.registers.is_some(), published.registers.is_some()),
            ("average", self.average.is_some(), family.is_vision_transformer()),
            ("query_norm", self.query_norm.is_some(), family.is_vision_transformer()),
            ("window", self.window.is_some(), published.window.is_some()),
            (
                "layer_scale",
                self.layer_scale.is_some(),
                published.layer_scale.is_some() || family.is_vision_transformer(),
            ),
            ("bias", self.bias.is_some(), !family.has_layer_norms()),
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
        let most = if family.is_inverted() { published.blocks.len() } else { 8 };
        if stages > most {
            let needed = format!("1–{most}");
            return Err(ArchitectureError::Count { setting: "blocks", family, needed, found: stages });
        }
        // A width for the stem and one for the last convolution, where there are such.
        let more_widths = published.widths.len().saturating_sub(published.blocks.len());
        let widths = if self.growth.is_some() { 1 } else { stages + more_widths };
        count("widths", self.widths.len(), widths)?;
        if !self.heads.is_empty() {
            count("heads", self.heads.len(), stages)?;
        }
        if !self.strides.is_empty() {
            count("strides", self.strides.len(), stages)?;
        }
        self.check_ranges()
    }

    /// Names of the stages, each with true where a heat map can be taken from it.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn stages(&self) -> Result<Vec<(String, bool)>, ArchitectureError> {
        self.check()?;
        Ok(self.listing(1, 1)?.0.stages.into_iter().map(|s| (s.name.clone(), s.is_spatial())).collect())
    }

    /// Names of the stages that a heat map can be taken from, each with the places that it tells
    /// apart in an input of `width` × `height`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn places(&self, width: usize, height: usize) -> Result<Vec<(String, Places)>, ArchitectureError> {
        self.check()?;
        let network = self.listing(1, 1)?.0;
        let places = network.places(width, height);
        Ok(network.stages.into_iter().zip(places).filter_map(|(stage, places)| Some((stage.name, places?))).collect())
    }

    /// The stage that heat maps of such inputs are taken from where nobody names one: see
    /// [`super::target_layer`].
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn default_target(&self, width: usize, height: usize) -> Result<String, ArchitectureError> {
        self.check()?;
        let network = self.listing(1, 1)?.0;
        let stage = network.default_target(width, height);
        Ok(stage.map(|stage| network.stages[stage].name.clone()).unwrap_or_default())
    }

    /// Every tensor that the weights file must hold, with the stage that it belongs to, first to
    /// last.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn listed(&self, channels: usize, classes: usize) -> Result<Vec<TensorSpec>, ArchitectureError> {
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

    /// Name of the convolution that sees the image; empty where a graph has none that could be given
    /// other channels.
    pub fn stem(&self) -> Result<String, ArchitectureError> {
        if let Some(graph) = &self.graph {
            return Ok(graph.stem().unwrap_or_default().to_owned());
        }
        self.edge(<[TensorSpec]>::first)
    }

    /// Name of the head, the last linear layer; empty where a graph does not end in one.
    pub fn head(&self) -> Result<String, ArchitectureError> {
        if let Some(graph) = &self.graph {
            return Ok(graph.head().unwrap_or_default().to_owned());
        }
        self.edge(<[TensorSpec]>::last)
    }

    fn edge(&self, pick: fn(&[TensorSpec]) -> Option<&TensorSpec>) -> Result<String, ArchitectureError> {
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
        self.build(channels, classes, &mut NewVariables::new(vars, device, seed))
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
        self.build(channels, classes, &mut TrainedTensors { tensors, device })
    }

    fn listing(&self, channels: usize, classes: usize) -> super::Result<(Network, TensorList)> {
        let mut listing = TensorList::default();
        Ok((self.build(channels, classes, &mut listing)?, listing))
    }

    fn build<S: TensorSource>(&self, channels: usize, classes: usize, source: &mut S) -> Result<Network, S::Error> {
        let (arch, mut chain) = (self.filled(), Chain::new(source));
        let to = &mut chain;
        match self.family {
            Family::CompactResnet => compact::describe(&arch, channels, classes, to)?,
            Family::ShallowCnn | Family::DeepCnn | Family::Vgg16 => {
                plain::describe(&arch, false, channels, classes, to)?;
            }
            Family::CustomCnn | Family::Vgg16Bn => plain::describe(&arch, true, channels, classes, to)?,
            Family::Resnet18 | Family::Resnet34 | Family::Resnet50 | Family::Resnet101 | Family::Resnet152 => {
                resnet::describe(&arch, channels, classes, to)?;
            }
            Family::Densenet121 | Family::Densenet169 | Family::Densenet201 => {
                densenet::describe(&arch, channels, classes, to)?;
            }
            Family::EfficientnetB0
            | Family::EfficientnetB1
            | Family::EfficientnetB2
            | Family::EfficientnetB3
            | Family::EfficientnetLite0
            | Family::EfficientnetLite1
            | Family::EfficientnetLite2 => efficientnet::describe(&arch, channels, classes, to)?,
            Family::MobilenetV2 => mobilenet_v2::describe(&arch, channels, classes, to)?,
            Family::MobilenetV3Small | Family::MobilenetV3Large => {
                mobilenet_v3::describe(&arch, channels, classes, to)?;
            }
            Family::VitTi16 | Family::VitS16 | Family::VitB16 => vit::describe(&arch, channels, classes, to)?,
            Family::SwinT => swin::describe(&arch, channels, classes, to)?,
            Family::ConvnextTiny => convnext::describe(&arch, channels, classes, to)?,
            Family::Graph => {
                let graph = arch.graph.as_ref().map(|graph| graph.with_ends(channels, classes));
                let graph = graph.ok_or_else(|| candle_core::Error::Msg(ArchitectureError::NoGraph.to_string()))?;
                build::describe(&graph, arch.dropout, to)?;
            }
        }
        Ok(chain.network())
    }
}
