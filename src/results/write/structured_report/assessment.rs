//! What the reader said of the model's findings, as observations of a person: accepted, rejected or
//! supplemented (IHE AI Results Assessment). The reader's own opinion stands beside what the model
//! had said at that moment.

use super::content::{Node, Relation};
use super::observers::reader;
use crate::feedback::{Answer, FreeRemark, MarkReason, Opinion};
use crate::report::feedback::{AnswerRecord, MarkRecord};
use crate::results::codes::{self, Code};
use crate::results::write::context::Context;

/// A group for each region that the reader drew.
pub(super) fn groups(context: &Context<'_>) -> Vec<Node> {
    let marks = context.record.feedback.iter().flat_map(|said| &said.marks);
    (1..).zip(marks).map(|(number, mark)| group(context, number, mark)).collect()
}

/// An item for each finding, and the remark.
pub(super) fn assessments(context: &Context<'_>) -> Vec<Node> {
    let Some(said) = &context.record.feedback else { return Vec::new() };
    let mut nodes: Vec<Node> = said.answers.iter().map(answer).collect();
    nodes.extend(said.remark.as_ref().map(remark));
    nodes
}

fn answer(row: &AnswerRecord) -> Node {
    use Relation::Property;
    let value = match row.answer {
        Some(Answer::Agree) => codes::RESULT_ACCEPTED,
        Some(Answer::Disagree) => codes::RESULT_REJECTED,
        Some(Answer::Unsure) => codes::RESULT_UNSURE,
        Some(Answer::NotLookedAt) => codes::NOT_LOOKED_AT,
        None => codes::NOTHING_CALLED,
    };
    let label = Node::code(Property, &codes::MODEL_LABEL, &Code::label(&row.finding));
    let node = Node::code(Relation::Contains, &codes::ASSESSMENT, &value).of(reader()).of([label]);
    let Some(given) = &row.given else { return node };
    let opinion = match given.opinion {
        Opinion::Present => codes::PRESENT,
        Opinion::Absent => codes::ABSENT,
        Opinion::Unsure => codes::UNDETERMINED,
    };
    let number = |name: &Code, value: f32| Node::number(Property, name, f64::from(value), &codes::NO_UNITS);
    let said = given
        .said
        .iter()
        .flat_map(|said| [number(&codes::PROBABILITY, said.probability), number(&codes::THRESHOLD, said.threshold)]);
    node.observed_at(given.at)
        .of([Node::code(Property, &codes::OPINION, &opinion), known(Property, given.before_result)])
        .of(said)
}

fn known(relation: Relation, before: bool) -> Node {
    let value = if before { &codes::BEFORE_RESULT } else { &codes::AFTER_RESULT };
    Node::code(relation, &codes::RESULT_KNOWN, value)
}

fn remark(remark: &FreeRemark) -> Node {
    Node::text(Relation::Contains, &codes::COMMENT, &remark.text.0)
        .observed_at(remark.at)
        .of(reader())
        .of([known(Relation::Property, remark.before_result)])
}

/// A finding of the reader's, with the region where it lies (TID 1410).
fn group(context: &Context<'_>, number: usize, mark: &MarkRecord) -> Node {
    use Relation::{Contains, Observation};
    let label = Code::label(&mark.finding);
    let reason = match mark.reason {
        MarkReason::Missed => &codes::SUPPLEMENTED_MISSED,
        MarkReason::Misplaced => &codes::SUPPLEMENTED_MISPLACED,
    };
    let lines = mark.kind.lines(&mark.points);
    let lines = lines.iter().filter(|points| !points.is_empty());
    let regions = lines.map(|points| Node::line(Contains, &codes::IMAGE_REGION, points, &context.source));
    Node::container(&codes::MEASUREMENT_GROUP)
        .by_template("1410")
        .observed_at(mark.at)
        .of([
            Node::text(Observation, &codes::TRACKING_IDENTIFIER, &mark.finding),
            Node::uid(Observation, &codes::TRACKING_UID, &context.uid("mark", &number.to_string())),
        ])
        .of(reader())
        .of([Node::code(Contains, &codes::FINDING, &label)])
        .of(regions)
        .of([Node::code(Contains, &codes::ASSESSMENT, reason), known(Contains, mark.before_result)])
}
