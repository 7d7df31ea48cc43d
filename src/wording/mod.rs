//! What other rooms found, in sentences of the language of the thread: those that screen and printed
//! report share.
//!
//! The rooms below say what they found in English, for files that machines read and for the command
//! line. Where a sentence is put together of numbers and parts, it is said here once more with the texts
//! of [`language`](crate::language); in English word for word as there, which the tests of each file
//! hold. Whole sentences of the rooms below need nothing here: they are known by their form
//! ([`said`](crate::language::said)).
//!
//! What it does not do: compute anything, or decide what is shown.

pub(crate) mod alteration;
pub(crate) mod faithfulness;
pub(crate) mod faithfulness_verdict;
pub(crate) mod lung_source;
pub(crate) mod measured;
pub(crate) mod method_cost;
pub(crate) mod metric;
#[cfg(test)]
mod model_texts;
pub(crate) mod prevalence;
pub(crate) mod residual;
pub(crate) mod similar;
pub(crate) mod span;
pub(crate) mod spread;
pub(crate) mod study_pool;
