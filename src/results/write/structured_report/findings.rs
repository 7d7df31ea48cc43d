//! Each label and group as a measurement group (PS3.16 TID 1501): probability, interval, threshold,
//! and the state that may be said of it.
//!
//! A group is called a *finding* only where a state is given. Where states are withheld it has the
//! label of the model, its numbers, and the reason: nobody who looks for findings finds one.

use super::content::{Node, Relation};
use crate::engine::conformal::{Conformal, LabelState};
use crate::model::conformal::State;
use crate::report::case::Finding;
use crate::report::why_no_states;
use crate::results::codes::{self, Code};
use crate::results::write::context::Context;
use crate::uncertainty::Summary;

/// The groups of all labels, in the order of the report.
pub(super) fn groups(context: &Context<'_>) -> Vec<Node> {
    let states = context.record.conformal.as_ref();
    let none = why_no_states(context.case).unwrap_or_else(|| "Nothing is said of this label.".into());
    context.case.findings().iter().map(|finding| group(context, finding, states, &none)).collect()
}

fn group(context: &Context<'_>, finding: &Finding, states: Option<&Conformal>, none: &str) -> Node {
    use Relation::{Contains, Observation};
    let label = Code::label(&finding.name);
    let kind = if finding.is_group { &codes::MODEL_GROUP } else { &codes::MODEL_LABEL };
    let state = states.and_then(|states| Some((states, states.state(&finding.name)?)));
    let said = state.and_then(|(states, own)| Some((states, own, value(own.state)?)));
    let number = |name: &Code, value: f32| Node::number(Contains, name, f64::from(value), &codes::NO_UNITS);

    let mut nodes = vec![
        Node::text(Observation, &codes::TRACKING_IDENTIFIER, &finding.name),
        Node::uid(Observation, &codes::TRACKING_UID, &context.uid(kind.value.as_ref(), &finding.name)),
    ];
    if said.is_some() {
        nodes.push(Node::code(Contains, &codes::FINDING, &label));
    }
    nodes.extend(algorithm(context));
    let image = Node::image(Relation::InferredFrom, Some(&codes::SOURCE_OF_MEASUREMENT), &context.source);
    nodes.push(number(&codes::PROBABILITY, finding.probability).of([image]));
    nodes.extend(finding.summary.iter().flat_map(interval));
    nodes.push(number(&codes::THRESHOLD, finding.threshold));
    nodes.extend(finding.logit.map(|logit| number(&codes::LOGIT, logit)));
    nodes.push(Node::code(Contains, kind, &label));
    nodes.push(match (said, state) {
        (Some((states, own, value)), _) => of_state(states, own, &value),
        (None, Some((_, own))) => Node::text(Contains, &codes::STATE_WITHHELD, &own.reason),
        (None, None) => Node::text(Contains, &codes::STATE_WITHHELD, none),
    });
    Node::container(&codes::MEASUREMENT_GROUP).by_template("1501").of(nodes)
}

/// The code of a state; nothing where it is withheld.
fn value(state: State) -> Option<Code> {
    match state {
        State::Present => Some(codes::PRESENT),
        State::Absent => Some(codes::ABSENT),
        State::Undecided => Some(codes::UNDETERMINED),
        State::Withheld => None,
    }
}

fn of_state(states: &Conformal, own: &LabelState, value: &Code) -> Node {
    use Relation::Property;
    let mut nodes = vec![
        Node::number(Property, &codes::ERROR_RATE, states.risk, &codes::NO_UNITS),
        Node::text(Property, &codes::REASON, &own.reason),
    ];
    nodes.extend(states.condition.iter().map(|condition| Node::text(Property, &codes::CONDITION, condition)));
    Node::code(Relation::Contains, &codes::STATE, value).of(nodes)
}

/// Mean, spread and the 5–95 % interval of the probability over the samples.
fn interval(summary: &Summary) -> Vec<Node> {
    let derived = |derivation: &Code, value: f32| {
        let by = Node::code(Relation::Concept, &codes::DERIVATION, derivation);
        Node::number(Relation::Contains, &codes::PROBABILITY, f64::from(value), &codes::NO_UNITS).of([by])
    };
    vec![
        derived(&codes::FIFTH_PERCENTILE, summary.p05),
        derived(&codes::NINETY_FIFTH_PERCENTILE, summary.p95),
        derived(&codes::MEAN, summary.mean),
        derived(&codes::STANDARD_DEVIATION, summary.sd),
    ]
}

/// Name and version of the model, and what else makes its numbers (TID 4019).
fn algorithm(context: &Context<'_>) -> Vec<Node> {
    use Relation::Concept;
    let model = &context.record.model;
    let mut nodes = vec![
        Node::text(Concept, &codes::ALGORITHM_NAME, &model.name),
        Node::text(Concept, &codes::ALGORITHM_VERSION, &model.version),
    ];
    nodes.extend(parameters(context).iter().map(|text| Node::text(Concept, &codes::ALGORITHM_PARAMETERS, text)));
    nodes
}

/// The parameters of the algorithm, one a line.
pub(in crate::results::write) fn parameters(context: &Context<'_>) -> Vec<String> {
    let model = &context.record.model;
    let mut lines = vec![format!("weights SHA-256: {}", model.sha256), format!("temperature: {}", model.temperature)];
    if let Some(found) = &context.record.uncertainty {
        lines.push(format!("samples: {} ({}), seed {}", found.samples, found.source.name(), found.seed));
        lines.extend(found.members.iter().map(|one| format!("ensemble: {}, weights SHA-256 {}", one.name, one.sha256)));
    }
    lines
}
