//! Functions of single values as operators of opset 17.

use super::writer::{Attribute, Writer};
use crate::network::graph::op::Function;

/// `output = f(x)`.
pub(super) fn function(to: &mut Writer, function: Function, x: &str, output: &str) {
    let plain = |to: &mut Writer, kind: &str| to.op(kind, &[x], output, &[]);
    match function {
        Function::Relu => plain(to, "Relu"),
        Function::Relu6 => clip(to, x, (0.0, 6.0), output),
        Function::Clip { low, high } => clip(to, x, (low, high), output),
        Function::Silu => {
            let gate = to.fresh();
            to.op("Sigmoid", &[x], &gate, &[]);
            to.op("Mul", &[x, &gate], output, &[]);
        }
        Function::HardSwish => plain(to, "HardSwish"),
        Function::Sigmoid => plain(to, "Sigmoid"),
        Function::HardSigmoid { alpha, beta } => {
            let attributes = [Attribute::Float("alpha", alpha as f32), Attribute::Float("beta", beta as f32)];
            to.op("HardSigmoid", &[x], output, &attributes);
        }
        Function::Tanh => plain(to, "Tanh"),
        Function::Gelu => {
            // x/2 · (1 + erf(x/√2))
            let (root, one, half) = (to.scalar(std::f64::consts::FRAC_1_SQRT_2), to.scalar(1.0), to.scalar(0.5));
            let [a, b, c, d] = [to.fresh(), to.fresh(), to.fresh(), to.fresh()];
            to.op("Mul", &[x, &root], &a, &[]);
            to.op("Erf", &[&a], &b, &[]);
            to.op("Add", &[&b, &one], &c, &[]);
            to.op("Mul", &[x, &half], &d, &[]);
            to.op("Mul", &[&d, &c], output, &[]);
        }
        Function::GeluTanh => {
            // x · σ(2·√(2/π)·(x + 0.044715·x³))
            let (cubed, twice) = (to.scalar(0.044_715), to.scalar(2.0 * (2.0 / std::f64::consts::PI).sqrt()));
            let [a, b, c, d, e, f] = [(); 6].map(|()| to.fresh());
            to.op("Mul", &[x, x], &a, &[]);
            to.op("Mul", &[&a, x], &b, &[]);
            to.op("Mul", &[&b, &cubed], &c, &[]);
            to.op("Add", &[x, &c], &d, &[]);
            to.op("Mul", &[&d, &twice], &e, &[]);
            to.op("Sigmoid", &[&e], &f, &[]);
            to.op("Mul", &[x, &f], output, &[]);
        }
        Function::Erf => plain(to, "Erf"),
        Function::LeakyRelu { alpha } => to.op("LeakyRelu", &[x], output, &[Attribute::Float("alpha", alpha as f32)]),
        Function::Elu { alpha } => to.op("Elu", &[x], output, &[Attribute::Float("alpha", alpha as f32)]),
        Function::Selu { alpha, scale } => {
            let attributes = [Attribute::Float("alpha", alpha as f32), Attribute::Float("gamma", scale as f32)];
            to.op("Selu", &[x], output, &attributes);
        }
        Function::Softplus => plain(to, "Softplus"),
        Function::Mish => {
            let (soft, gate) = (to.fresh(), to.fresh());
            to.op("Softplus", &[x], &soft, &[]);
            to.op("Tanh", &[&soft], &gate, &[]);
            to.op("Mul", &[x, &gate], output, &[]);
        }
        Function::Neg => plain(to, "Neg"),
        Function::Abs => plain(to, "Abs"),
        Function::Exp => plain(to, "Exp"),
        Function::Log => plain(to, "Log"),
        Function::Sqrt => plain(to, "Sqrt"),
        Function::Reciprocal => plain(to, "Reciprocal"),
        Function::Sin => plain(to, "Sin"),
        Function::Cos => plain(to, "Cos"),
        Function::Power { exponent } => {
            let exponent = to.scalar(exponent);
            to.op("Pow", &[x, &exponent], output, &[]);
        }
    }
}

fn clip(to: &mut Writer, x: &str, (low, high): (f64, f64), output: &str) {
    let (low, high) = (to.scalar(low), to.scalar(high));
    to.op("Clip", &[x, &low, &high], output, &[]);
}
