//! Maps from the attention of a vision transformer: rollout and relevance.
//!
//! `A_l` is the attention of block `l`, a row for each token that asks and a column for each that is
//! asked, for each head; its rows add up to 1. What the head of the network reads is the class
//! token, so the map is the class token's row of `R`, a value for each patch.
//!
//! | method | `R` |
//! |---|---|
//! | Attention rollout (Abnar and Zuidema 2020) | `Ã_L ⋯ Ã_1`, `Ã = ½ (mean_h A + I)`; knows no class |
//! | Attention relevance (Chefer et al. 2021) | `R ← R + Ā R` from `I`, block by block, `Ā = mean_h relu(∂S/∂A ⊙ A)` |
//!
//! `∂S/∂A` counts all that `A` moves behind it. Of the second paper this is the rule for
//! self-attention alone ("Generic attention-model explainability", equations 5 and 6).
//!
//! What they do not do: networks whose tokens see a window only, or that average their tokens, have
//! no row to read; [`ExplainError::NoClassAttention`] says so. Neither method looks into the hidden
//! layers of the blocks, and rollout not even at the score. Of a network that came as a graph
//! the attention is looked for in its nodes (`network::graph::attention`).

use candle_core::Tensor;

use super::scene::{Scene, Watch};
use super::subject::Subject;
use super::{Attribution, ExplainError, INPUT, Method};
use crate::imaging::Plane;
use crate::network::Mode;
use crate::network::layers::attention::Attended;
use crate::network::layout::Layout;
use crate::network::tape::{Backward, Gradients};

/// A stage of a pass that is walked back.
enum Link<'n> {
    Plain(Backward<'n>),
    Attention(Attended<'n>),
}

/// A matrix of as many rows as there are tokens that ask, row by row.
struct Shares {
    rows: usize,
    values: Vec<f64>,
}

/// The mean over the heads of `(1, heads, rows, T)`, each value as `f` has it.
fn mean_of_heads(weights: &Tensor, other: &Tensor, f: impl Fn(f32, f32) -> f32) -> candle_core::Result<Shares> {
    let (_, heads, rows, tokens) = weights.dims4()?;
    let (weights, other) = (weights.flatten_all()?.to_vec1::<f32>()?, other.flatten_all()?.to_vec1::<f32>()?);
    let mut values = vec![0f64; rows * tokens];
    for (weights, other) in weights.chunks_exact(rows * tokens).zip(other.chunks_exact(rows * tokens)) {
        for (sum, (w, o)) in values.iter_mut().zip(weights.iter().zip(other)) {
            *sum += f64::from(f(*w, *o)) / heads as f64;
        }
    }
    Ok(Shares { rows, values })
}

/// What tokens are made of, a row a token: `R`.
struct Mixture {
    tokens: usize,
    values: Vec<f64>,
}

impl Mixture {
    /// Every token is itself.
    fn new(tokens: usize) -> Self {
        let mut values = vec![0.0; tokens * tokens];
        values.iter_mut().step_by(tokens + 1).for_each(|v| *v = 1.0);
        Self { tokens, values }
    }

    /// The first rows of `R` become `kept · R + taken · shares · R`; the others count no more where
    /// there are fewer shares than tokens.
    fn mix(&mut self, shares: &Shares, kept: f64, taken: f64) {
        let mixed: Vec<f64> = (0..shares.rows)
            .flat_map(|row| {
                let own = &self.values[row * self.tokens..(row + 1) * self.tokens];
                let mut sum: Vec<f64> = own.iter().map(|v| kept * v).collect();
                let row = &shares.values[row * self.tokens..(row + 1) * self.tokens];
                for (share, from) in row.iter().zip(self.values.chunks_exact(self.tokens)) {
                    if *share != 0.0 {
                        sum.iter_mut().zip(from).for_each(|(s, v)| *s += taken * share * v);
                    }
                }
                sum
            })
            .collect();
        self.values[..mixed.len()].copy_from_slice(&mixed);
    }
}

/// The patches' share of the class token, as a map.
fn plane(scene: &Scene<'_>, mixture: &Mixture) -> Result<Plane, ExplainError> {
    let stages = &scene.network.stages;
    let first = stages.iter().position(|stage| stage.layer.attention().is_some()).unwrap_or(0);
    let before = first.saturating_sub(1);
    let Layout::Tokens { prefix, .. } = stages[before].layout else {
        return Err(ExplainError::NotSpatial { layer: stages[before].name.clone() });
    };
    let (_, rows, columns) = scene.shape()?;
    let row: Vec<f32> = mixture.values[..mixture.tokens].iter().map(|v| *v as f32).collect();
    let row = Tensor::from_vec(row, (1, mixture.tokens, 1), scene.input.device())?;
    let grid = scene.network.grid(before, (columns, rows));
    let plane = Layout::Tokens { prefix, carried: 0, channels: 1 }.planes(&row, grid)?;
    Ok(Plane { width: grid.columns, height: grid.rows, values: plane.flatten_all()?.to_vec1()? })
}

/// Refuses networks without such attention.
fn check(scene: &Scene<'_>, method: Method) -> Result<(), ExplainError> {
    if scene.network.has_class_attention() { Ok(()) } else { Err(no_attention(scene, method)) }
}

fn no_attention(scene: &Scene<'_>, method: Method) -> ExplainError {
    ExplainError::NoClassAttention { method: method.name(), reason: scene.network.without_class_attention() }
}

fn attribution(scene: &Scene<'_>, method: Method, subject: Subject, raw: Plane) -> Result<Attribution, ExplainError> {
    Ok(Attribution::new(method, subject, INPUT.into(), scene.score(subject), raw)?.evaluated(1))
}

/// Attention rollout: the same map for every subject.
pub(super) fn rollout(
    scene: &Scene<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    const METHOD: Method = Method::AttentionRollout;
    check(scene, METHOD)?;
    let stages = &scene.network.stages;
    let mut x = scene.input.clone();
    let mut mixture: Option<Mixture> = None;
    for (i, stage) in stages.iter().enumerate() {
        watch.tick(METHOD, i, stages.len())?;
        let Some(attention) = stage.layer.attention() else {
            x = stage.layer.forward(&x, Mode::Inference)?;
            continue;
        };
        let attended = attention.attend(&x)?;
        let weights = &attended.weights;
        let tokens = weights.dim(3)?;
        let shares = mean_of_heads(weights, weights, |w, _| w)?;
        mixture.get_or_insert_with(|| Mixture::new(tokens)).mix(&shares, 0.5, 0.5);
        x = attended.output;
    }
    let mixture = mixture.ok_or_else(|| no_attention(scene, METHOD))?;
    let raw = plane(scene, &mixture)?;
    subjects.iter().map(|subject| attribution(scene, METHOD, *subject, raw.clone())).collect()
}

/// Attention relevance of each subject.
pub(super) fn relevance(
    scene: &Scene<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    const METHOD: Method = Method::AttentionRelevance;
    check(scene, METHOD)?;
    let mut links = Vec::with_capacity(scene.network.stages.len());
    let mut x = scene.input.detach();
    for stage in &scene.network.stages {
        watch.tick(METHOD, 0, subjects.len())?;
        if let Some(attention) = stage.layer.attention() {
            let attended = attention.attend(&x)?;
            x = attended.output.clone();
            links.push(Link::Attention(attended));
        } else {
            // The gradient of the pixels is nobody's question.
            let (y, way) = stage.layer.record(x, Mode::Inference, !links.is_empty())?;
            x = y;
            links.push(Link::Plain(way));
        }
    }
    let logits = x.flatten_all()?.to_vec1::<f32>()?;
    if logits.iter().any(|l| !l.is_finite()) {
        return Err(ExplainError::ScoreNotFinite);
    }
    let mut maps = Vec::with_capacity(subjects.len());
    for (i, &subject) in subjects.iter().enumerate() {
        watch.tick(METHOD, i, subjects.len())?;
        let seed = Tensor::from_vec(scene.scoring.slope(subject, &logits), x.shape(), x.device())?;
        let shares = walked(&links, seed)?;
        let tokens = shares.first().map_or(0, |first| first.values.len() / first.rows.max(1));
        let mut mixture = Mixture::new(tokens);
        shares.iter().for_each(|shares| mixture.mix(shares, 1.0, 1.0));
        maps.push(attribution(scene, METHOD, subject, plane(scene, &mixture)?)?);
    }
    Ok(maps)
}

/// `Ā` of each block, first to last, from the gradient of the logits.
fn walked(links: &[Link<'_>], seed: Tensor) -> Result<Vec<Shares>, ExplainError> {
    let mut found = Vec::new();
    let mut dy = Some(seed);
    for link in links.iter().rev() {
        let Some(slope) = dy else { break };
        dy = match link {
            Link::Plain(way) => way(slope, &mut Gradients::default())?,
            Link::Attention(attended) => {
                let (dx, moved) = attended.back(slope)?;
                found.push(mean_of_heads(&attended.weights, &moved, |w, g| (w * g).max(0.0))?);
                dx
            }
        };
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_mix_as_their_shares_say() {
        let mut mixture = Mixture::new(2);
        mixture.mix(&Shares { rows: 2, values: vec![0.25, 0.75, 1.0, 0.0] }, 0.5, 0.5);
        assert_eq!(mixture.values, [0.625, 0.375, 0.5, 0.5]);
        // The class token alone asks: ½ own + ½ (½ first + ½ second).
        mixture.mix(&Shares { rows: 1, values: vec![0.5, 0.5] }, 0.5, 0.5);
        assert_eq!(mixture.values, [0.59375, 0.40625, 0.5, 0.5]);
    }
}
