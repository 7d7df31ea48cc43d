//! Labels of two models side by side: they are matched by name, whatever their order.

use super::manifest::Manifest;

/// Why two models cannot be asked together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ours} tells {own_labels}, but {theirs} tells {their_labels}.")]
pub struct OtherLabels {
    ours: String,
    own_labels: String,
    theirs: String,
    their_labels: String,
}

/// For each label of `ours` its place among the labels of `theirs`.
///
/// # Errors
/// When heads or labels differ.
pub fn places(ours: &Manifest, theirs: &Manifest) -> Result<Vec<usize>, OtherLabels> {
    let names = |m: &Manifest| m.labels.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ");
    let refuse = || OtherLabels {
        ours: ours.name.clone(),
        own_labels: names(ours),
        theirs: theirs.name.clone(),
        their_labels: names(theirs),
    };
    if ours.head != theirs.head || ours.labels.len() != theirs.labels.len() {
        return Err(refuse());
    }
    let place = |name: &str| theirs.labels.iter().position(|l| l.name == name);
    ours.labels.iter().map(|l| place(&l.name).ok_or_else(refuse)).collect()
}
