//! Fixed words of the rooms below, which stay English, as the panels translate them where they show
//! them.
//!
//! They are named here so that every language's file has them; the tests hold the list complete. It
//! is built for tests alone: the program looks words up by themselves.

use crate::engine::conformal;
use crate::explain::evidence_shares;
use crate::explain::faithfulness::{Measure, words};
use crate::explain::{Family, Method};
use crate::imaging::colormap::ColorMap;
use crate::language::named;
use crate::measurement::Kind;
use crate::model::conformal::State;
use crate::model::import::preset::Preset;
use crate::uncertainty::SampleSource;

/// Of methods: families, and a line on each.
const METHODS: &[&str] = &[
    named!("Class activation"),
    named!("Gradients of the pixels"),
    named!("Attention"),
    named!("Trial and error"),
    named!("Shapley values"),
    named!("Weights of the last linear layer, where nothing else follows"),
    named!("Channels weighed by their mean gradient"),
    named!("Finds several places better than Grad-CAM"),
    named!("Activation times gradient, place by place"),
    named!("Positive gradients only; good in early layers"),
    named!("Gradients weighed by the activation they act on"),
    named!("What is strongest in the layer; knows no class"),
    named!("Grad-CAM of this class against the most similar ones"),
    named!("The image seen through each channel, no gradient"),
    named!("What the score loses without each channel"),
    named!("What the score loses as a patch is blacked out"),
    named!("Mean of many random views, by their score"),
    named!("Attention rollout"),
    named!("What the class token attends to; knows no class"),
    named!("Attention relevance"),
    named!("Attention weighed by the score's gradient, block by block"),
    named!("Size of the gradient of each pixel"),
    named!("Saliency of noisy copies, averaged"),
    named!("Gradients from black to the image; adds up to the score"),
    named!("Positive signals only, all the way"),
    named!("Guided backpropagation within Grad-CAM"),
    named!("Shapley values of superpixels; adds up to the score"),
    named!("Gradients between background and image"),
    named!("Differences to the background, layer by layer"),
    named!(
        "Fails the randomisation check (Adebayo et al. 2018): it shows edges of the image even when the network has forgotten \
         what it learned."
    ),
];

/// Of the faithfulness of a map, and what is done meanwhile.
const FAITHFULNESS: &[&str] = &[
    named!("Deletion"),
    named!("Insertion"),
    named!("ROAD"),
    named!("Drop in confidence"),
    named!("Does the score fall as what the map marks is removed? Area under the curve (Petsiuk et al. 2018)"),
    named!("Does the score rise as what the map marks is put back? Area under the curve (Petsiuk et al. 2018)"),
    named!(
        "The same with a filling that betrays no shape: what removing the least marked pixels leaves of the score, minus what \
         removing the most marked ones leaves, halved (Rong et al. 2022)"
    ),
    named!("How much of the score is lost when only what the map marks is left (Chattopadhyay et al. 2018)"),
    named!("lower"),
    named!("higher"),
    named!(
        "These figures say whether the map tells what moved this model's score. They cannot say whether it \
         lies on the finding: a map can be true to a model that looks at the wrong place."
    ),
    named!("measures"),
    named!("altered images"),
    named!("forgetful models"),
    named!("stability"),
];

/// Of where samples come from, and what is said of findings.
const UNCERTAINTY: &[&str] = &[
    named!("MC dropout"),
    named!("Test-time augmentation"),
    named!("Ensemble"),
    named!("dropout"),
    named!("test-time augmentation"),
    named!("ensemble"),
    named!("uncertainty about the model (epistemic)"),
    named!("variability under presentation"),
    named!("disagreement of the models (epistemic)"),
    // As they stand below the heading, without its word.
    named!("about the image (aleatoric)"),
    named!("about the model (epistemic)"),
    named!("of the models (epistemic)"),
    named!(
        "Parts of the network are left out at random; the spread is uncertainty about its weights, not about images unlike its training images."
    ),
    named!(
        "The image is shifted, turned, scaled and toned a little; the spread is variability under presentation, not uncertainty about the model's weights."
    ),
    named!(
        "Models that were trained apart score the same image; the spread is where they disagree, not where all are wrong alike."
    ),
    named!("This model has no stochastic layer, so MC dropout cannot say how sure it is."),
    named!("No further model with the labels of this one was given (--ensemble), so there is no ensemble."),
    named!("present"),
    named!("absent"),
    named!("undecided"),
    named!("withheld"),
    named!("outside the population that this model was measured on"),
];

/// Of images, windows, series and measurements.
const IMAGES: &[&str] = &[
    named!("Viridis"),
    named!("Magma"),
    named!("Ember (low values transparent)"),
    named!("Difference (blue to orange)"),
    named!("Jet (as in older papers)"),
    named!("In the order of their position along the normal (Image Position and Orientation)"),
    named!("In the order of Instance Number: positions are missing or not parallel"),
    named!("In the order of names: the files give neither positions nor numbers"),
    named!("The times between frames are those of the file (Frame Time Vector)"),
    named!("The time between frames is that of the file (Frame Time)"),
    named!("The rate is the one that the file asks for (Recommended Display Frame Rate)"),
    named!("The rate is the one that the file asks for (Cine Rate)"),
    named!("The file says nothing of time: 10 images a second"),
    named!("Length"),
    named!("Angle"),
    named!("Cobb angle"),
    named!("Cardiothoracic ratio"),
    named!("Rectangle"),
    named!("Ellipse"),
    named!("Long and short axis"),
    named!("Circle"),
    named!("Calibration line"),
    named!("Freehand region"),
    named!("Arrow"),
    named!("Text"),
    named!("Probe"),
    named!("mm (at detector)"),
    named!("pixel widths"),
    named!("mm² (at detector)"),
    named!("pixel widths²"),
    named!("Most of the evidence lies outside the lungs."),
    named!("in the right upper zone"),
    named!("in the right middle zone"),
    named!("in the right lower zone"),
    named!("in the left upper zone"),
    named!("in the left middle zone"),
    named!("in the left lower zone"),
    named!("between the lungs"),
    named!("at the border of the image"),
    named!("elsewhere"),
];

/// Of the preparation of imported weights.
const PREPARATIONS: &[&str] = &[
    named!(
        "Images are prepared as for torchvision's ImageNet networks: the shorter side scaled to 8/7 of the input, the middle \
         cut out, values 0 to 1, ImageNet's mean and deviation for each channel."
    ),
    named!(
        "Images are prepared as TorchXRayVision does: the middle square, values from −1024 (black) to 1024 (white)."
    ),
    named!(
        "Images are prepared as the CheXNet paper says: squashed to the input, ImageNet's mean and deviation. Public code \
         averages ten crops of a 256-pixel image instead; that is not done here."
    ),
    named!(
        "Images are prepared as Keras does in its mode `torch`: squashed to the input, ImageNet's mean and deviation."
    ),
    named!(
        "Images are prepared as Keras does in its mode `caffe`: squashed to the input, values 0 to 255, the means of blue, green \
         and red taken away."
    ),
];

fn is_named(words: &str, among: &[&str]) {
    assert!(among.contains(&words), "not named for the languages: “{words}”");
}

#[test]
fn words_of_methods_and_their_faithfulness_are_named() {
    for family in Family::ALL {
        is_named(family.name(), METHODS);
    }
    for method in Method::ALL {
        is_named(method.line(), METHODS);
        method.fails_sanity_check().into_iter().for_each(|words| is_named(words, METHODS));
    }
    for measure in Measure::ALL {
        let said = [measure.name(), words::question(measure), words::better(measure.better()), words::NOT_THE_FINDING];
        said.into_iter().for_each(|words| is_named(words, FAITHFULNESS));
    }
}

#[test]
fn words_of_uncertainty_are_named() {
    for source in SampleSource::ALL {
        let said = [source.name(), source.counted(), source.measures(), source.explained()];
        said.into_iter().for_each(|words| is_named(words, UNCERTAINTY));
        source.unavailable(false, 0).into_iter().for_each(|words| is_named(words, UNCERTAINTY));
    }
    for state in [State::Present, State::Absent, State::Undecided, State::Withheld] {
        is_named(state.word(), UNCERTAINTY);
    }
    is_named(conformal::OUTSIDE, UNCERTAINTY);
}

#[test]
fn words_of_images_and_measurements_are_named() {
    ColorMap::ALL.into_iter().for_each(|map| is_named(map.name(), IMAGES));
    Kind::ALL.into_iter().for_each(|kind| is_named(kind.name(), IMAGES));
    Preset::ALL.into_iter().for_each(|preset| is_named(preset.words(), PREPARATIONS));
    is_named(evidence_shares::OUTSIDE, IMAGES);
}
