//! What tells apart all that lies over an image: the reader's switches go by it.

/// Tells a layer, or the graphics of a finding, from all others of an image, and is the same on the
/// next slice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKey {
    /// SOP Instance UID of the object.
    pub object: String,
    /// The segment, the map or the finding.
    pub part: String,
}
