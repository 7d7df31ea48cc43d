//! Forms of what goes wrong while the viewer works: analysis, maps, models, results, archives; as
//! [`super::forms`], for tests and languages alone.

use crate::language::form;

/// In the order of the rooms.
const FORMS: &[&str] = &[
    form!("{path} could not be made: {reason}"),
    form!("The folder {path} could not be made: {reason}. Choose another one."),
    form!("This account has no data folder; set XDG_DATA_HOME to a folder."),
    form!("none of the images could be scored"),
    form!("the desktop could not open it: {reason}"),
    form!("This system has no folder for settings; they are forgotten at the end."),
    form!("The settings could not be written to {path}: {reason}"),
    form!("No image below {path} has a label: {reason}."),
    form!("No image was found below {path}."),
    form!("{path} cannot be written to: {reason}"),
    form!("{path} cannot be removed: {reason}"),
    form!("they cannot be written before they are sent: {reason}"),
    form!("what was written cannot be read again: {reason}"),
    form!("this case has nothing that an archive takes"),
    form!("it was cancelled"),
    form!("The analysis was cancelled."),
    form!("The model has no layer “{layer}” that a heat map can be laid over; there are: {known}."),
    form!("This model has no stochastic layer, so how stable a map is cannot be told from dropout samples."),
    form!("The image has no pixels, so there is nothing to analyse."),
    form!("The model yields {found} scores but its manifest names {labels} labels; install the model again."),
    form!("The model's scores for this image are not finite numbers, so none are shown."),
    form!("The input gate could not assess the image: {reason}"),
    form!("The network could not be run: {reason}"),
    form!("A model that forgets what it learned could not be made: {reason}"),
    form!("No model is installed."),
    form!("No model is loaded; choose one first."),
    form!("Not calibrated for {unit}: the pooled scores of this model were measured on {other}."),
    form!("The calibration of this model has no cuts for an error rate of {rate}."),
    form!("Nothing of the image is marked or altered, so nothing was changed."),
    form!("All of the image is marked, or all but a few pixels; leave something to fill the hole from."),
    form!("The mask has {found} pixels and the image {expected}; it belongs to another image."),
    form!("What was taken away lies outside the image; it belongs to another one."),
    form!("The network gave a score that is not a finite number for a changed image, so the map cannot be evaluated."),
    form!("The map holds numbers that are not finite, so it cannot be evaluated."),
    form!("The map has no pixels, so it cannot be evaluated."),
    form!("The image holds numbers that are not finite, so no map of it can be evaluated."),
    form!(
        "The layer {layer} yields no feature map, so no heat map can be laid over it. Choose a layer before the pooling."
    ),
    form!(
        "The maps of the layer {layer} are {places}, which cannot say where the evidence lies. Choose a layer before it."
    ),
    form!("The model has {known} classes; what was asked for is not among them or their groups."),
    form!("The score does not depend on the layer {layer}: no gradient arrives there."),
    form!(
        "{method} at the layer {layer} gave numbers that are not finite. The map is withheld; choose another method or layer."
    ),
    form!("The network gave scores that are not finite for an altered image, so nothing can be said from it."),
    form!(
        "CAM needs a layer that is followed by a global average and one linear layer alone; behind {layer} there is more. Grad-CAM is the same where CAM is possible, and goes everywhere."
    ),
    form!(
        "{method} follows the attention of every token to every other up to a class token, which this network does not have: {reason}. It is there for vision transformers (ViT, DeiT) that score their class token; choose a class activation map here."
    ),
    form!("it has no attention of every token to every other up to a class token"),
    form!("it has no attention of all its tokens behind a class token"),
    form!("the softmax of {place} is no attention of every token to every other"),
    form!("{place} mixes tokens by something else than attention"),
    form!("{place} makes a token that is no place from the image"),
    form!("{place} holds more than one attention"),
    form!("its scores read more than the class token"),
    form!("Finer-CAM compares with other classes, and there is no other."),
    form!("{method} needs a background set, and the model has none. Make one: pellucid models background MODEL DIR"),
    form!("How stable a map of {method} is cannot be told from dropout samples; choose a class activation map."),
    form!(
        "The runs of the network did not suffice to tell the values of the superpixels apart. Ask for more evaluations."
    ),
    form!("The explanation was stopped."),
    form!("The network could not be run for the heat map: {reason}"),
    form!("{path} holds no answers that this version can read: {reason}"),
    form!("the answers could not be written to {path}: {reason}"),
    form!("a figure of {width} × {height} pixels is too large: {most} million pixels are the most"),
    form!("It cannot be looked into: {reason}."),
    form!("It lies more than {most} folders deep and was not looked into."),
    form!("It holds more than {most} files and folders; the others were not looked at."),
    form!("a measurement ({kind}) has {points} points, which cannot be"),
    form!("a measurement ({kind}) has a point that lies nowhere near the image"),
    form!("a name has {found} characters, and at most {most} are taken"),
    form!("it holds {found} measurements, and at most {most} are taken"),
    form!("two measurements have one number"),
    form!("a measurement has a known length of {mm} mm, which cannot be"),
    form!("The models of the ensemble must tell the same labels apart: {reason}"),
    form!("The calibration.toml of this model cannot be read, so it is left aside: {reason}"),
    form!(
        "The calibration.toml of this model was measured with other weights (SHA-256 {stated}, the model has {found}), so it is left aside. `pellucid evaluate DIR --calibrate FOLDER` measures anew."
    ),
    form!(
        "The calibration.toml of this model was measured at the temperature {stated}, the model has {found}, so it is left aside. `pellucid evaluate DIR --calibrate FOLDER` measures anew."
    ),
    form!("the gate could not be computed: {reason}"),
    form!(
        "The population detector cannot be read ({reason}) and is left aside; make it again with `pellucid models population`."
    ),
    form!(
        "The population detector does not fit together ({reason}) and is left aside; make it again with `pellucid models population`."
    ),
    form!("there is no model called “{name}”; there are: {known}. A folder with a manifest.toml can be named instead"),
    form!("the model “{model}” has no {file}; a model needs manifest.toml and weights.safetensors"),
    form!("the manifest of “{model}” is not usable: {reason}"),
    form!(
        "the weights of “{model}” are not those its manifest was written for (SHA-256 {found}, stated {stated}); install the model again"
    ),
    form!("the weights of “{model}” cannot be used: {reason}"),
    form!("the background set of “{model}” cannot be used: {reason}"),
    form!("the input gate of “{model}” cannot be used: {reason}"),
    form!("The program met a condition that it was not prepared for. This is a fault of Pellucid; please report it."),
    form!("{path} is no impression that this version can read: {reason}"),
    form!("the impression could not be written to {path}: {reason}"),
    form!("the report could not be written to {path}: {reason}; choose a folder that you may write to"),
    form!("the {kind} could not be encoded as DICOM: {reason}; this is a fault of Pellucid"),
    form!("the result could not be written to {path}: {reason}; choose a folder that you may write to"),
    form!("It is not drawn: {reason}."),
    form!("{n} of its parts are not shown: there is no room for more in memory."),
    form!("This object is not read as a result: it is a {kind}."),
    form!("The structured report has no content that could be read."),
    form!("The segmentation names no segment."),
    form!("The envelope holds no document."),
    form!("The document is {bytes} bytes long; documents over {limit} bytes are not taken out of their envelope."),
    form!("its planes are not parallel to that of this image"),
    form!("its frames do not say which of its segments they show"),
    form!("the folder of lung masks is of no use"),
    form!("the lung mask {path} was not read"),
    form!("the lung mask {path} cannot be used"),
    form!("{count} of {of} pixels are no finite numbers, so the image cannot be scored."),
    form!("Sample {sample} gave numbers that are not finite. No interval can be shown."),
    form!("The sampling was stopped."),
    form!("The models of the ensemble do not say the same: {reason}"),
    form!("The network could not be run for the samples: {reason}"),
    form!("{name} was asked for but cannot be started: {reason}; use --device cpu"),
    form!("{host} cannot be reached: {why}"),
    form!("{host} cannot be trusted: {why}. Nothing was sent to it"),
    form!("{host} said nothing for {seconds} s"),
    form!("the connection to {host} broke off: {why}"),
    form!("{host} wants a name and a password, or a token: add them with pellucid pacs peers add, or type them here"),
    form!("{host} does not take the name and password, or the token"),
    form!("{host} does not allow this to whoever signs in so (status 403)"),
    form!("{host} knows nothing of this address (status 404); is {root} the one that /studies is added to?"),
    form!("the archive has no such study or series any more"),
    form!("{host} answered with status {status}"),
    form!("there are more than {most} objects; fetch the series one by one"),
    form!(
        "{node} cannot be reached: {why}. Is the host right, does it listen on this port, and does no firewall stand between?"
    ),
    form!("{node} refused the association: {why}"),
    form!("{peer} broke off the association ({why})"),
    form!("{peer} closed the connection in the middle of the exchange"),
    form!("{peer} did not answer within {seconds} s; the association was broken off"),
    form!("the connection with {peer} failed: {why}"),
    form!("entity not found"),
    form!("permission denied"),
];

#[test]
fn forms_of_what_goes_wrong_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn what_goes_wrong_is_said_in_german() {
    use crate::engine::what_if::WhatIfError;
    use crate::explain::ExplainError;
    use crate::model::registry;

    let sentences = [
        WhatIfError::Nothing.to_string(),
        WhatIfError::OtherImage.to_string(),
        ExplainError::Stopped.to_string(),
        registry::manifest("no such model").unwrap_err().to_string(),
    ];
    for english in sentences {
        let german = crate::language::within("de", || crate::language::said(&english));
        assert_ne!(german, english);
    }
}
