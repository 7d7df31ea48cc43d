//! A tensor of a foreign file beside the name that it has here.

use super::layout::Layout;

/// A tensor with its name in the file and torchvision's, and its shape once it is laid out.
pub struct NamedTensor {
    /// Its place in the file's list.
    pub number: usize,
    pub from: String,
    pub to: String,
    pub shape: Vec<usize>,
    pub layout: Layout,
    /// The rows of `to` that it is, where the file has them in several tensors.
    pub part: Option<Part>,
}

/// One of several tensors that stand one behind the other in one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub index: usize,
    pub of: usize,
}
