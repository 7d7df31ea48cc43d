//! A map by what it is made of.

use crate::engine::map_request::{MapFaithfulness, MapRequest};
use crate::explain::{Attribution, Method, Subject};

/// A map by what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapKey {
    pub method: Method,
    pub subject: Subject,
    /// The stage, or [`crate::explain::INPUT`].
    pub place: String,
}

impl MapKey {
    /// The maps that a request is about.
    pub fn all_of(request: &MapRequest) -> Vec<Self> {
        let mut keys = Vec::new();
        for layer in &request.layers {
            for &method in &request.methods {
                let place = method.place(layer).to_owned();
                keys.extend(request.subjects.iter().map(|&subject| Self { method, subject, place: place.clone() }));
            }
        }
        keys
    }

    /// True for an evaluation of this map.
    pub fn is_evaluated_by(&self, known: &MapFaithfulness) -> bool {
        (self.method, self.subject, self.place.as_str()) == (known.method, known.subject, known.layer.as_str())
    }

    /// True for the map itself.
    pub fn names(&self, map: &Attribution) -> bool {
        (self.method, self.subject, self.place.as_str()) == (map.method, map.subject, map.layer.as_str())
    }
}
