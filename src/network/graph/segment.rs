//! The part of a graph between two cuts, as one layer.
//!
//! Steps are computed in their order and what nobody needs any more is dropped. The way back of a
//! recorded pass goes through the steps in reverse and adds up, for every value, the gradients that
//! its users hand back (reverse accumulation). A step that is a layer of ours has a way back of its
//! own; all others get one from candle's graph of that step alone.
//!
//! Where tokens attend to each other in it ([`super::attention`]), the output of that step and the
//! gradient for it are handed out on the way.

use candle_core::{Tensor, Var, bail};

use super::arithmetic::plain;
use super::attention::Unread;
use super::shape::{Dim, Shape};
use crate::layers::ConvUnit;
use crate::layers::attention::{Attended, GlobalAttention};
use crate::tape::{Backward, Gradients, Recorded};
use crate::{Layer, Mode, Result};

/// What a step is told beside its inputs.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// Images of the batch.
    pub n: usize,
    pub mode: Mode,
}

/// Tensors in, one out.
pub(super) type Call = Box<dyn Fn(&[Tensor], Context) -> Result<Tensor> + Send + Sync>;

/// How a step computes.
pub(super) enum Unit {
    /// Of one input, with a way back of its own.
    Layer(Box<dyn Layer>),
    /// A convolution that a second input is added to before the activation.
    Added(ConvUnit),
    Call(Call),
    Fixed(Tensor),
}

/// A node of the graph within its stage.
pub(super) struct Step {
    pub unit: Unit,
    /// 0 is what the stage is given, `i` the output of the `i`-th step.
    pub inputs: Vec<usize>,
    /// Values that nobody needs behind this step.
    pub done: Vec<usize>,
}

/// A stage of a graph.
pub(super) struct Segment {
    pub steps: Vec<Step>,
    /// Shape of what it is given.
    pub input: Shape,
    pub output: Shape,
    /// It hands on maps `(N, C, H, W)`, which may stay in blocks.
    pub maps: bool,
    /// Rows and columns of what comes in and of what goes out.
    pub sides: [[usize; 2]; 2],
    /// The step by which tokens attend to each other, if it is one of this stage; or why none of
    /// the network is handed out.
    pub attention: Result<Option<usize>, Unread>,
}

/// What a recorded pass leaves: the result, the value of a step that was asked for, and the ways
/// back.
type Walked<'a> = (Tensor, Option<Tensor>, Vec<Way<'a>>);

/// The way back of one step.
enum Way<'a> {
    Own(Backward<'a>),
    Graph { inputs: Vec<Option<Var>>, output: Tensor },
    None,
}

impl Segment {
    /// Images of a batch.
    fn images(&self, x: &Tensor) -> Result<usize> {
        let batch = self.input.iter().position(|dim| matches!(dim, Dim::Batch(_)));
        match batch.map(|at| (at, self.input[at])) {
            Some((at, Dim::Batch(times))) => Ok(x.dim(at)? / times.max(1)),
            _ => x.dim(0),
        }
    }

    /// What is no map in the eyes of others has the shape of the graph.
    fn leave(&self, x: &Tensor) -> Result<Tensor> {
        if self.maps { Ok(x.clone()) } else { plain(x, &self.output) }
    }
}

/// The values that a step takes.
fn gathered(values: &[Option<Tensor>], inputs: &[usize]) -> Result<Vec<Tensor>> {
    let lost = || candle_core::Error::Msg("a value of the graph was dropped too early".into());
    inputs.iter().map(|i| values[*i].clone().ok_or_else(lost)).collect()
}

pub(super) fn run(unit: &Unit, inputs: &[Tensor], context: Context) -> Result<Tensor> {
    match unit {
        Unit::Layer(layer) => layer.forward(&inputs[0], context.mode),
        Unit::Added(conv) => conv.forward(&inputs[0], inputs.get(1), context.mode),
        Unit::Call(call) => call(inputs, context),
        Unit::Fixed(tensor) => Ok(tensor.clone()),
    }
}

impl Layer for Segment {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let context = Context { n: self.images(x)?, mode };
        let mut values = vec![Some(x.clone())];
        for step in &self.steps {
            let inputs = gathered(&values, &step.inputs)?;
            step.done.iter().for_each(|i| values[*i] = None);
            values.push(Some(run(&step.unit, &inputs, context)?));
        }
        self.leave(&gathered(&values, &[self.steps.len()])?[0])
    }

    fn side(&self, length: usize) -> usize {
        let [[rows, columns], [high, wide]] = self.sides;
        match length {
            length if length == rows => high,
            length if length == columns => wide,
            length if rows > 0 => (length * high).div_ceil(rows),
            length => length,
        }
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        let (result, _, ways) = self.walk(&x, mode, wanted, None)?;
        if !self.maps && result.rank() != self.output.len() {
            // Blocks that nobody else knows of are laid out as planes.
            return crate::tape::by_graph(self, &x, mode, wanted);
        }
        let back = move |dy: Tensor, gradients: &mut Gradients| Ok(self.back(&ways, dy, gradients, None)?.0);
        Ok((result, Box::new(back)))
    }

    fn attention(&self) -> Option<&dyn GlobalAttention> {
        matches!(self.attention, Ok(Some(_))).then_some(self)
    }

    fn unread_attention(&self) -> Option<String> {
        self.attention.as_ref().err().map(ToString::to_string)
    }
}

impl GlobalAttention for Segment {
    fn attend(&self, x: &Tensor) -> Result<Attended<'_>> {
        let Ok(Some(softmax)) = self.attention else { bail!("a stage without attention was asked for it") };
        let (output, weights, ways) = self.walk(x, Mode::Inference, true, Some(softmax))?;
        let Some(weights) = weights else { bail!("the attention of a stage was not computed") };
        let (images, tokens) = (self.images(x)?, weights.dim(weights.rank() - 1)?);
        let headed =
            move |t: &Tensor| -> Result<Tensor> { t.contiguous()?.reshape((images, (), t.dim(t.rank() - 2)?, tokens)) };
        let attention = headed(&weights)?;
        let back = move |dy: Tensor| {
            let (dx, slope) = self.back(&ways, dy, &mut Gradients::default(), Some(softmax))?;
            let slope = slope.map_or_else(|| weights.zeros_like(), Ok)?;
            Ok((dx, headed(&slope)?))
        };
        Ok(Attended::new(self.leave(&output)?, attention, back))
    }
}

impl Segment {
    /// Computes the steps and leaves their ways back; also the value of the step `asked`.
    fn walk(&self, x: &Tensor, mode: Mode, wanted: bool, asked: Option<usize>) -> Result<Walked<'_>> {
        let context = Context { n: self.images(x)?, mode };
        let mut values = vec![Some(x.detach())];
        let mut ways = Vec::with_capacity(self.steps.len());
        let mut kept = None;
        for (at, step) in self.steps.iter().enumerate() {
            let inputs = gathered(&values, &step.inputs)?;
            step.done.iter().for_each(|i| values[*i] = None);
            let needed = |i: &usize| *i > 0 || wanted;
            let (y, way) = match &step.unit {
                Unit::Layer(layer) => {
                    let x = inputs.into_iter().next().unwrap_or(x.clone());
                    let (y, way) = layer.record(x, mode, needed(&step.inputs[0]))?;
                    (y, Way::Own(way))
                }
                Unit::Fixed(tensor) if !tensor.is_variable() => (tensor.clone(), Way::None),
                unit => {
                    let vars: Vec<Option<Var>> = step
                        .inputs
                        .iter()
                        .zip(&inputs)
                        .map(|(i, x)| needed(i).then(|| Var::from_tensor(&x.detach())).transpose())
                        .collect::<Result<_>>()?;
                    let given = vars.iter().zip(inputs).map(|(v, x)| v.as_ref().map_or(x, |v| v.as_tensor().clone()));
                    let output = run(unit, &given.collect::<Vec<_>>(), context)?;
                    (output.detach(), Way::Graph { inputs: vars, output })
                }
            };
            if asked == Some(at) {
                kept = Some(y.detach());
            }
            values.push(Some(y));
            ways.push(way);
        }
        Ok((gathered(&values, &[self.steps.len()])?.remove(0), kept, ways))
    }

    /// The gradient for what came in, and that for the value of the step `asked`.
    fn back(
        &self,
        ways: &[Way<'_>],
        dy: Tensor,
        gradients: &mut Gradients,
        asked: Option<usize>,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut found: Vec<Option<Tensor>> = vec![None; self.steps.len() + 1];
        found[self.steps.len()] = Some(dy);
        let mut kept = None;
        for (i, (step, way)) in self.steps.iter().zip(ways).enumerate().rev() {
            let Some(dy) = found[i + 1].take() else { continue };
            if asked == Some(i) {
                kept = Some(dy.clone());
            }
            match way {
                Way::None => {}
                Way::Own(way) => add(&mut found[step.inputs[0]], way(dy, gradients)?)?,
                Way::Graph { inputs, output } => {
                    if !output.track_op() && !output.is_variable() {
                        continue;
                    }
                    let mut store = (output * dy)?.sum_all()?.backward()?;
                    for (input, var) in step.inputs.iter().zip(inputs) {
                        let dx = var.as_ref().and_then(|var| store.remove(var.as_tensor())).map(|dx| dx.detach());
                        add(&mut found[*input], dx)?;
                    }
                    gradients.take_from(&store)?;
                }
            }
        }
        Ok((found[0].take(), kept))
    }
}

fn add(sum: &mut Option<Tensor>, more: Option<Tensor>) -> Result<()> {
    *sum = match (sum.take(), more) {
        (Some(a), Some(b)) => Some((a + b)?),
        (a, b) => a.or(b),
    };
    Ok(())
}
