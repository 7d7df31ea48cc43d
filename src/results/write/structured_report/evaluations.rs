//! What is said in words: the verdicts of gate and population, reservations, and the reader's
//! impression as the observation of a person.

use super::content::{Node, Relation};
use super::observers::reader;
use crate::model::gate::GateVerdict;
use crate::model::population::PopulationVerdict;
use crate::report::{Impression, NOT_A_DEVICE};
use crate::results::codes::{self, Code};
use crate::results::write::context::Context;

/// The items of the container of qualitative evaluations.
pub(super) fn evaluations(context: &Context<'_>) -> Vec<Node> {
    use Relation::Contains;
    let record = &context.record;
    let mut nodes = vec![Node::text(Contains, &codes::NOTICE, &format!("Research use only. {NOT_A_DEVICE}"))];
    nodes.extend(record.gate.as_ref().map(gate));
    nodes.extend(record.population.as_ref().map(population));
    let warnings = record.gate.iter().flat_map(|gate| &gate.warnings).chain(&record.warnings);
    nodes.extend(warnings.map(|warning| Node::text(Contains, &codes::WARNING, warning)));
    if let Some(found) = &record.uncertainty {
        let number = |name: &Code, value: f32| Node::number(Contains, name, f64::from(value), &codes::NO_UNITS);
        nodes.push(number(&codes::PREDICTIVE_ENTROPY, found.predictive_entropy));
        nodes.push(number(&codes::MUTUAL_INFORMATION, found.mutual_information));
    }
    nodes.extend(record.impression.iter().flat_map(impression));
    nodes
}

fn gate(verdict: &GateVerdict) -> Node {
    use Relation::Property;
    let value = if verdict.accepted { &codes::ACCEPTED } else { &codes::REFUSED };
    let mut nodes = vec![Node::text(Property, &codes::REASON, &verdict.reason)];
    // Where no gate's network has looked at the image there are no numbers.
    let known = verdict.number().map(|score| [(codes::GATE_SCORE, score), (codes::THRESHOLD, verdict.threshold)]);
    let numbers = known.into_iter().flatten();
    nodes.extend(numbers.map(|(name, value)| Node::number(Property, &name, f64::from(value), &codes::NO_UNITS)));
    Node::code(Relation::Contains, &codes::GATE, value).of(nodes)
}

fn population(verdict: &PopulationVerdict) -> Node {
    use Relation::Property;
    let value = if verdict.inside { &codes::INSIDE } else { &codes::OUTSIDE };
    let mut nodes = Vec::new();
    if !verdict.reason.is_empty() {
        nodes.push(Node::text(Property, &codes::REASON, &verdict.reason));
    }
    let numbers = [(codes::POPULATION_DISTANCE, verdict.distance), (codes::THRESHOLD, verdict.threshold)];
    let known = numbers.into_iter().filter_map(|(name, value)| Some((name, value?)));
    nodes.extend(known.map(|(name, value)| Node::number(Property, &name, f64::from(value), &codes::NO_UNITS)));
    nodes.extend(verdict.condition.iter().map(|condition| Node::text(Property, &codes::CONDITION, condition)));
    Node::code(Relation::Contains, &codes::POPULATION, value).of(nodes)
}

/// What the reader wrote, before or after the result was shown, and the remarks that were added.
fn impression(written: &Impression) -> Vec<Node> {
    let known = |before: bool| {
        let value = if before { &codes::BEFORE_RESULT } else { &codes::AFTER_RESULT };
        Node::code(Relation::Property, &codes::RESULT_KNOWN, value)
    };
    let observed = |name: &Code, text: &str, at, before: bool| {
        Node::text(Relation::Contains, name, text).observed_at(at).of(reader()).of([known(before)])
    };
    let mut nodes = vec![observed(&codes::IMPRESSION, &written.text, written.written_at, written.before_result)];
    let remark =
        |remark: &crate::report::impression::Remark| observed(&codes::COMMENT, &remark.text, remark.written_at, false);
    nodes.extend(written.remarks.iter().map(remark));
    nodes
}
