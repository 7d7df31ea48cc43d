//! Methods on networks small enough to know the answer.
