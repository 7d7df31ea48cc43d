//! What a map costs: [`Cost::words`] has it in English for files.

use crate::explain::Cost;
use crate::language::{text, tr};

/// Passes through the network, in a few words.
pub(crate) fn in_words(cost: Cost) -> String {
    match cost {
        Cost::Instant => text!("at once").into(),
        Cost::Runs(n) => tr!("one run" | "{n} runs" % n),
        Cost::Channels => text!("one run a channel").into(),
        Cost::Background => text!("two runs a background image").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Method;

    #[test]
    fn in_english_it_is_that_of_files() {
        for method in Method::ALL {
            assert_eq!(in_words(method.cost()), method.cost().words());
        }
    }
}
