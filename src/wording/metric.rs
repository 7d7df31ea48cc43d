//! Names of metrics: those that files have in English and small letters.

use crate::language::translated;
use crate::model::manifest::Metric;

/// Those that pages and panels show and that are words, not abbreviations.
#[cfg(test)]
const WORDS: &[&str] = &[
    crate::named!("accuracy"),
    crate::named!("accuracy at the threshold"),
    crate::named!("balanced accuracy"),
    crate::named!("sensitivity"),
    crate::named!("specificity"),
];

/// As it is said: "AUROC", "sensitivity".
pub(crate) fn name(metric: &str) -> String {
    if metric == "auroc" { "AUROC".to_owned() } else { translated(metric).to_owned() }
}

/// The metric of a label or a group; as [`Metric::title`] has it in English.
pub(crate) fn title(metric: &Metric) -> String {
    if metric.title() == metric.name { name(&metric.name) } else { translated(metric.title()).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::within;

    #[test]
    fn in_english_it_is_that_of_files_and_german_has_words_for_words() {
        for name in WORDS {
            let metric = Metric { name: (*name).to_owned(), ..metric() };
            assert_eq!(title(&metric), metric.title());
            assert_ne!(within("de", || title(&metric)), metric.title());
        }
        assert_eq!(within("de", || (name("auroc"), name("nll"))), ("AUROC".into(), "nll".into()));
    }

    fn metric() -> Metric {
        crate::model::registry::manifest("chest-xray").unwrap().metrics.remove(0)
    }
}
