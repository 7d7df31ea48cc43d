//! The methods: names, what each says in a line, what it costs, and what is known against it.

use serde::{Deserialize, Serialize};

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Zhou et al. 2016.
    Cam,
    /// Selvaraju et al. 2017.
    GradCam,
    /// Chattopadhyay et al. 2018.
    #[serde(rename = "grad-cam++")]
    GradCamPlusPlus,
    /// Draelos and Carin 2020.
    #[serde(rename = "hires-cam")]
    HiResCam,
    /// Jiang et al. 2021.
    LayerCam,
    /// Fu et al. 2020.
    #[serde(rename = "xgrad-cam")]
    XGradCam,
    /// Wang et al. 2020.
    ScoreCam,
    /// Desai and Ramaswamy 2020.
    AblationCam,
    /// Muhammad and Yeasin 2020.
    EigenCam,
    /// Zhang et al. 2025.
    FinerCam,
    /// Simonyan et al. 2014.
    Saliency,
    /// Smilkov et al. 2017.
    SmoothGrad,
    /// Sundararajan et al. 2017.
    IntegratedGradients,
    /// Springenberg et al. 2015.
    GuidedBackprop,
    /// Selvaraju et al. 2017.
    GuidedGradCam,
    /// Lundberg and Lee 2017.
    KernelShap,
    /// Erion et al. 2021 (expected gradients).
    GradientShap,
    /// Lundberg and Lee 2017, Shrikumar et al. 2017.
    DeepShap,
    /// Zeiler and Fergus 2014.
    Occlusion,
    /// Petsiuk et al. 2018.
    Rise,
    /// Abnar and Zuidema 2020.
    AttentionRollout,
    /// Chefer et al. 2021.
    AttentionRelevance,
}

/// Methods that belong together in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// From activations and gradients of a layer.
    Activation,
    /// From gradients of the pixels.
    Gradient,
    /// From the attention of a vision transformer.
    Attention,
    /// From runs of the network on altered images or layers.
    Perturbation,
    /// Shapley values.
    Shapley,
}

impl Family {
    /// Every family, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::Activation, Self::Gradient, Self::Attention, Self::Perturbation, Self::Shapley];

    /// Heading in the menu.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Activation => "Class activation",
            Self::Gradient => "Gradients of the pixels",
            Self::Attention => "Attention",
            Self::Perturbation => "Trial and error",
            Self::Shapley => "Shapley values",
        }
    }
}

/// How long a method takes, in runs of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The part behind the layer, once.
    Instant,
    /// About as many runs as this.
    Runs(usize),
    /// One run for each channel of the layer, of the whole network or of the part behind the layer.
    Channels,
    /// Several runs for each image of the background.
    Background,
}

impl Cost {
    /// In a few words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Instant => "at once".into(),
            Self::Runs(1) => "one run".into(),
            Self::Runs(n) => format!("{n} runs"),
            Self::Channels => "one run a channel".into(),
            Self::Background => "two runs a background image".into(),
        }
    }
}

struct About {
    key: &'static str,
    name: &'static str,
    line: &'static str,
    family: Family,
    cost: Cost,
}

impl Method {
    /// Every method, in the order of the command line.
    pub const ALL: [Self; 22] = [
        Self::Cam,
        Self::GradCam,
        Self::GradCamPlusPlus,
        Self::HiResCam,
        Self::LayerCam,
        Self::XGradCam,
        Self::ScoreCam,
        Self::AblationCam,
        Self::EigenCam,
        Self::FinerCam,
        Self::Saliency,
        Self::SmoothGrad,
        Self::IntegratedGradients,
        Self::GuidedBackprop,
        Self::GuidedGradCam,
        Self::KernelShap,
        Self::GradientShap,
        Self::DeepShap,
        Self::Occlusion,
        Self::Rise,
        Self::AttentionRollout,
        Self::AttentionRelevance,
    ];

    /// What is computed with every analysis: both cost next to nothing.
    pub const ALWAYS: [Self; 2] = [Self::GradCam, Self::GradCamPlusPlus];

    fn about(self) -> About {
        use Cost::{Background, Channels, Instant, Runs};
        use Family::{Activation, Attention, Gradient, Perturbation, Shapley};
        let (key, name, line, family, cost) = match self {
            Self::Cam => {
                ("cam", "CAM", "Weights of the last linear layer, where nothing else follows", Activation, Instant)
            }
            Self::GradCam => ("grad-cam", "Grad-CAM", "Channels weighed by their mean gradient", Activation, Instant),
            Self::GradCamPlusPlus => {
                ("grad-cam++", "Grad-CAM++", "Finds several places better than Grad-CAM", Activation, Instant)
            }
            Self::HiResCam => {
                ("hires-cam", "HiResCAM", "Activation times gradient, place by place", Activation, Instant)
            }
            Self::LayerCam => {
                ("layer-cam", "LayerCAM", "Positive gradients only; good in early layers", Activation, Instant)
            }
            Self::XGradCam => {
                ("xgrad-cam", "XGrad-CAM", "Gradients weighed by the activation they act on", Activation, Instant)
            }
            Self::EigenCam => {
                ("eigen-cam", "Eigen-CAM", "What is strongest in the layer; knows no class", Activation, Instant)
            }
            Self::FinerCam => {
                ("finer-cam", "Finer-CAM", "Grad-CAM of this class against the most similar ones", Activation, Instant)
            }
            Self::ScoreCam => {
                ("score-cam", "Score-CAM", "The image seen through each channel, no gradient", Perturbation, Channels)
            }
            Self::AblationCam => {
                ("ablation-cam", "Ablation-CAM", "What the score loses without each channel", Perturbation, Channels)
            }
            Self::Occlusion => {
                ("occlusion", "Occlusion", "What the score loses as a patch is blacked out", Perturbation, Runs(169))
            }
            Self::Rise => ("rise", "RISE", "Mean of many random views, by their score", Perturbation, Runs(1000)),
            Self::AttentionRollout => (
                "attention-rollout",
                "Attention rollout",
                "What the class token attends to; knows no class",
                Attention,
                Runs(1),
            ),
            Self::AttentionRelevance => (
                "attention-relevance",
                "Attention relevance",
                "Attention weighed by the score's gradient, block by block",
                Attention,
                Runs(1),
            ),
            Self::Saliency => ("saliency", "Saliency", "Size of the gradient of each pixel", Gradient, Runs(1)),
            Self::SmoothGrad => ("smooth-grad", "SmoothGrad", "Saliency of noisy copies, averaged", Gradient, Runs(32)),
            Self::IntegratedGradients => (
                "integrated-gradients",
                "Integrated gradients",
                "Gradients from black to the image; adds up to the score",
                Gradient,
                Runs(50),
            ),
            Self::GuidedBackprop => {
                ("guided-backprop", "Guided backpropagation", "Positive signals only, all the way", Gradient, Runs(1))
            }
            Self::GuidedGradCam => {
                ("guided-grad-cam", "Guided Grad-CAM", "Guided backpropagation within Grad-CAM", Gradient, Runs(1))
            }
            Self::KernelShap => (
                "kernel-shap",
                "Kernel SHAP",
                "Shapley values of superpixels; adds up to the score",
                Shapley,
                Runs(1000),
            ),
            Self::GradientShap => {
                ("gradient-shap", "Gradient SHAP", "Gradients between background and image", Shapley, Runs(100))
            }
            Self::DeepShap => {
                ("deep-shap", "Deep SHAP", "Differences to the background, layer by layer", Shapley, Background)
            }
        };
        About { key, name, line, family, cost }
    }

    /// Name on the command line and in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.about().key
    }

    /// Name in running text.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.about().name
    }

    /// What it shows, in one line.
    #[must_use]
    pub fn line(self) -> &'static str {
        self.about().line
    }

    /// Where it stands in the menu.
    #[must_use]
    pub fn family(self) -> Family {
        self.about().family
    }

    /// What it costs.
    #[must_use]
    pub fn cost(self) -> Cost {
        self.about().cost
    }

    /// The method with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.key() == key)
    }

    /// True when the map belongs to a layer, false when to the pixels.
    #[must_use]
    pub fn has_layer(self) -> bool {
        matches!(self.family(), Family::Activation)
            || matches!(self, Self::ScoreCam | Self::AblationCam | Self::GuidedGradCam)
    }

    /// True when the map has the layer's resolution, false when that of the network's input.
    #[must_use]
    pub fn is_cam(self) -> bool {
        self.has_layer() && self != Self::GuidedGradCam
    }

    /// True when both signs mean something: what speaks for, and what against. Others are shown by
    /// their positive part.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(
            self,
            Self::IntegratedGradients
                | Self::GuidedBackprop
                | Self::GuidedGradCam
                | Self::KernelShap
                | Self::GradientShap
                | Self::DeepShap
                | Self::Occlusion
        )
    }

    /// True when the values of a map add up to a difference of scores, so that sums over regions mean
    /// something.
    #[must_use]
    pub fn adds_up(self) -> bool {
        matches!(self, Self::IntegratedGradients | Self::KernelShap | Self::GradientShap | Self::DeepShap)
    }

    /// True when each pixel has a value of its own, much unlike its neighbours'.
    #[must_use]
    pub fn is_fine_grained(self) -> bool {
        self.family() == Family::Gradient || matches!(self, Self::GradientShap | Self::DeepShap)
    }

    /// True when the same map is yielded for every class.
    #[must_use]
    pub fn knows_no_class(self) -> bool {
        matches!(self, Self::EigenCam | Self::AttentionRollout)
    }

    /// True when it is fast enough for every layer and class at once: the part behind the layer
    /// runs once.
    #[must_use]
    pub fn is_instant(self) -> bool {
        self.cost() == Cost::Instant
    }

    /// True when its spread over dropout samples can be told: it needs one pass back, and no other
    /// class or layer.
    #[must_use]
    pub fn has_spread(self) -> bool {
        self.is_instant() && !matches!(self, Self::Cam | Self::FinerCam)
    }

    /// True when a class token is needed that every patch is attended to from.
    #[must_use]
    pub fn needs_class_attention(self) -> bool {
        self.family() == Family::Attention
    }

    /// True when a set of background images is needed.
    #[must_use]
    pub fn needs_background(self) -> bool {
        matches!(self, Self::GradientShap | Self::DeepShap)
    }

    /// True when chance plays a part: the seed decides.
    #[must_use]
    pub fn is_random(self) -> bool {
        matches!(self, Self::SmoothGrad | Self::KernelShap | Self::GradientShap | Self::Rise)
    }

    /// Known to fail the randomisation check: the map hardly changes when the network is made to
    /// forget what it learned.
    #[must_use]
    pub fn fails_sanity_check(self) -> Option<&'static str> {
        matches!(self, Self::GuidedBackprop | Self::GuidedGradCam).then_some(
            "Fails the randomisation check (Adebayo et al. 2018): it shows edges of the image even when the network has forgotten \
             what it learned.",
        )
    }

    /// The layer that the map is said to be of: `layer`, or the input.
    #[must_use]
    pub fn place(self, layer: &str) -> &str {
        if self.has_layer() { layer } else { INPUT }
    }
}

/// Name of the place of maps that belong to no layer.
pub const INPUT: &str = "input";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_json_and_all_different() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{}\"", method.key()));
            assert_eq!(Method::from_key(method.key()), Some(method));
        }
        assert_eq!(Method::from_key("grad_cam"), None);
    }

    #[test]
    fn every_method_has_a_place_in_the_menu_and_a_line() {
        for method in Method::ALL {
            assert!(Family::ALL.contains(&method.family()));
            assert!(method.line().len() < 64 && !method.line().ends_with('.'), "{}", method.line());
        }
    }

    #[test]
    fn maps_of_pixels_belong_to_no_layer() {
        assert_eq!(Method::GradCam.place("stage4"), "stage4");
        assert_eq!(Method::Rise.place("stage4"), INPUT);
        assert!(Method::GuidedGradCam.has_layer() && !Method::GuidedGradCam.is_cam());
    }
}
