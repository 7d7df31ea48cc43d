//! How a network pads and what the ε of its batch norms is, where a family alone does not say.
//!
//! The same shape is trained by different programs: TensorFlow pads unevenly and has ε = 1e-3,
//! PyTorch evenly with 1e-5 (torchvision's MobileNetV3: 1e-3). A network that is run by the wrong one
//! gives numbers that look like any others. Names of torchvision and of EfficientNet-PyTorch tell
//! which it is. timm's do not: its `tf_efficientnet_b0` and its `efficientnet_b0` call their tensors
//! alike. So there the reader says it: `--arch tf-efficientnet-b0` or `timm-efficientnet-b0`.

use super::inverted_names::{Maker, maker};
use super::{Foreign, ImportError, keys, transformer_names};
use crate::network::architecture::{Architecture, Family, PaddingRule};

/// Whose conventions a network follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Uneven padding, ε = 1e-3; timm's `tf_` networks.
    Tensorflow,
    /// Even padding, ε = 1e-5; timm's own networks.
    Timm,
}

impl Convention {
    pub const ALL: [Self; 2] = [Self::Tensorflow, Self::Timm];

    /// What stands before the family's name.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Tensorflow => "tf-",
            Self::Timm => "timm-",
        }
    }

    fn applied(self, family: Family) -> Architecture {
        let (padding, epsilon) = match self {
            Self::Tensorflow => (PaddingRule::Same, 1e-3),
            Self::Timm => (PaddingRule::Even, 1e-5),
        };
        Architecture { padding: Some(padding), epsilon: Some(epsilon), ..Architecture::new(family) }
    }
}

/// A family with its convention, as `--arch` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedArchitecture {
    pub family: Family,
    pub convention: Option<Convention>,
}

impl NamedArchitecture {
    /// Every family, and those whose padding is a question with each convention.
    pub fn all() -> impl Iterator<Item = Self> {
        Family::ALL.into_iter().flat_map(|family| {
            let named = Convention::ALL.into_iter().filter(move |_| family.is_inverted()).map(Some);
            std::iter::once(None).chain(named).map(move |convention| Self { family, convention })
        })
    }
}

impl std::fmt::Display for NamedArchitecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.convention.map_or("", Convention::prefix), self.family)
    }
}

impl std::str::FromStr for NamedArchitecture {
    type Err = ImportError;

    fn from_str(name: &str) -> Result<Self, ImportError> {
        let found = Convention::ALL.into_iter().find_map(|c| Some((c, name.strip_prefix(c.prefix())?)));
        let (convention, family) = found.map_or((None, name), |(convention, rest)| (Some(convention), rest));
        let family: Family = family.parse()?;
        if convention.is_some() && !family.is_inverted() {
            let reason = format!("{family} is padded in one way alone; leave out what stands before it");
            return Err(ImportError::Named(name.to_owned(), reason));
        }
        Ok(Self { family, convention })
    }
}

/// The published shape of `family` as the file's maker has it.
///
/// # Errors
/// When nobody says whose conventions it follows.
pub(super) fn architecture(
    foreign: &Foreign,
    family: Family,
    convention: Option<Convention>,
) -> Result<Architecture, ImportError> {
    if !family.is_inverted() {
        return transformer_names::architecture(foreign, family);
    }
    match (convention, maker_of(foreign)) {
        (Some(convention), _) => Ok(convention.applied(family)),
        (None, Maker::EfficientnetPytorch) => Ok(Convention::Tensorflow.applied(family)),
        // timm has this network with PyTorch's conventions alone.
        (None, Maker::Timm) if family != Family::MobilenetV2 => Err(ImportError::Convention { family }),
        (None, _) => Ok(Architecture::new(family)),
    }
}

fn maker_of(foreign: &Foreign) -> Maker {
    maker(foreign.tensors.iter().map(|(name, _)| keys::bare(name)))
}

/// Whether a network of this shape may start from the file: what its names tell must not
/// contradict, and what they leave open must be said.
///
/// # Errors
/// A sentence on what to write into the configuration.
pub fn check(foreign: &Foreign, architecture: &Architecture) -> Result<(), String> {
    if !architecture.family.is_inverted() {
        return Ok(());
    }
    match maker_of(foreign) {
        Maker::EfficientnetPytorch if architecture.effective_padding() != Some(PaddingRule::Same) => {
            Err("its network pads as TensorFlow does; set padding = \"same\" and epsilon = 0.001 in [architecture]"
                .into())
        }
        Maker::Timm if architecture.padding.is_none() && architecture.family != Family::MobilenetV2 => Err(
            "the names of its tensors do not tell how its network pads; set padding in [architecture]: \"same\" with \
             epsilon = 0.001 for timm's tf_ networks, \"even\" with epsilon = 0.00001 for its own"
                .into(),
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_family_names_its_padding() {
        let named: NamedArchitecture = "tf-efficientnet-b0".parse().unwrap();
        assert_eq!((named.family, named.convention), (Family::EfficientnetB0, Some(Convention::Tensorflow)));
        assert_eq!(named.to_string(), "tf-efficientnet-b0");
        let plain: NamedArchitecture = "mobilenet-v3-large".parse().unwrap();
        assert_eq!((plain.family, plain.convention), (Family::MobilenetV3Large, None));
        assert!("tf-resnet18".parse::<NamedArchitecture>().unwrap_err().to_string().contains("resnet18 is padded"));
        assert!("tf-resnet19".parse::<NamedArchitecture>().is_err());
    }
}
