//! Where the tokens of a vision transformer attend to each other in a graph, head by head.
//!
//! ```text
//! A = softmax(Q·Kᵀ · scale + bias)      (N, heads, T, T), or (N·heads, T, T)
//! ```
//!
//! is looked for: a softmax over the last axis of a product of two matrices whose rows and columns
//! are the tokens of the image, all of them, behind a class token, and that nothing but one product
//! with the values of the same tokens reads. The last one may be asked by the class token alone, one
//! row a head, where its query is cut from the same tokens.
//!
//! Methods that follow attention ([`crate::Network::has_class_attention`]) say something only where
//! all that reaches the scores passes it. So what stands before the places must not be made of the
//! image, up to the last attention no other node may mix tokens, and beside and behind that one the
//! scores may read the class token alone. Where one of this cannot be shown, no attention is handed
//! out, and [`Unread`] says why.
//!
//! What it does not do: attention within windows, of class tokens alone (CaiT), of heads that are
//! mixed with each other, of keys that were made coarser (PVT), a softmax written as its parts.

#[cfg(test)]
mod tests;
mod values;

use std::collections::HashSet;

use super::cut::Cut;
use super::op::Op;
pub(super) use values::Known;

/// Why no attention is handed out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it has no attention of all its tokens behind a class token")]
    Nowhere,
    #[error("the softmax of {0} is no attention of every token to every other")]
    Softmax(String),
    #[error("{0} mixes tokens by something else than attention")]
    Mixed(String),
    #[error("{0} makes a token that is no place from the image")]
    Made(String),
    #[error("{0} holds more than one attention")]
    Several(String),
    #[error("its scores read more than the class token")]
    Averaged,
}

/// A softmax in which tokens attend to each other, and its product with the values.
#[derive(Clone, Copy)]
struct Attention {
    piece: usize,
    softmax: usize,
    product: usize,
}

/// The softmax of each piece of the graph in which tokens attend to each other, by the number of
/// the piece.
///
/// # Errors
/// Why there is none that all goes through.
pub(super) fn attentions(known: &Known<'_>, cuts: &[Cut]) -> Result<Vec<(usize, usize)>, Unread> {
    let softmax = |value: &usize| matches!(known.node(*value).map(|node| &node.does), Some(Op::Softmax { .. }));
    let mut found: Vec<Attention> = Vec::new();
    let mut other = None;
    let users = known.only_users();
    for (piece, cut) in cuts.iter().enumerate() {
        for value in cut.nodes.iter().copied().filter(softmax) {
            // The tokens stay the same, and all of them ask up to the last attention.
            let before = found.last().map(|last| last.softmax);
            let fits = before.is_none_or(|b| known.is_square(b) && known.asked(b) == known.asked(value));
            let Some(product) = known.attention(value, users[value]).filter(|_| fits) else {
                other = other.or(Some(value));
                continue;
            };
            if found.last().is_some_and(|last| last.piece == piece) {
                return Err(Unread::Several(cut.name.clone()));
            }
            found.push(Attention { piece, softmax: value, product });
        }
    }
    let Some(last) = found.last() else {
        return Err(other.map_or(Unread::Nowhere, |value| Unread::Softmax(known.place(value))));
    };
    if let Some(value) = other {
        return Err(Unread::Softmax(known.place(value)));
    }
    let own: HashSet<usize> = found.iter().flat_map(|one| [one.softmax, one.product]).collect();
    let behind = known.behind_tokens_ahead();
    for value in (1..last.product).filter(|value| behind[*value] && !own.contains(value)) {
        if known.makes_token_ahead(value) {
            return Err(Unread::Made(known.place(value)));
        }
        if !known.keeps_apart(value) {
            return Err(Unread::Mixed(known.place(value)));
        }
    }
    let reads_places = known.is_square(last.softmax) && known.reads_places(last.product);
    if reads_places || known.reads_places_beside(last.product) {
        return Err(Unread::Averaged);
    }
    Ok(found.iter().map(|one| (one.piece, one.softmax)).collect())
}
