//! Who observed: this program (PS3.16 TID 1004), and a person where one spoke (TID 1003).

use super::content::{Node, Relation};
use crate::results::codes;
use crate::results::uids;

/// The reader is not asked for a name.
const READER: &str = "Unnamed reader";

/// This program, by version and commit.
pub(super) fn device() -> Vec<Node> {
    use Relation::Observation;
    let uid = uids::of("device", &[crate::VERSION.as_bytes(), crate::COMMIT.as_bytes()]);
    vec![
        Node::code(Observation, &codes::OBSERVER_TYPE, &codes::DEVICE),
        Node::uid(Observation, &codes::DEVICE_OBSERVER_UID, &uid),
        Node::text(Observation, &codes::DEVICE_OBSERVER_NAME, "Pellucid"),
        Node::text(Observation, &codes::DEVICE_OBSERVER_MANUFACTURER, "Pellucid"),
        Node::text(Observation, &codes::DEVICE_OBSERVER_MODEL_NAME, &format!("Pellucid {}", crate::VERSION)),
        Node::text(Observation, &codes::DEVICE_OBSERVER_SERIAL_NUMBER, crate::COMMIT),
    ]
}

/// The reader, in place of the program.
pub(super) fn reader() -> Vec<Node> {
    vec![
        Node::code(Relation::Observation, &codes::OBSERVER_TYPE, &codes::PERSON),
        Node::person(Relation::Observation, &codes::PERSON_OBSERVER_NAME, READER),
    ]
}
