//! Comparisons in words: the numbers side by side, and a sentence on what they allow to say.

use std::fmt::Write as _;

use crate::cli::table::number;
use crate::evaluation::comparison::{LEVEL, OnImages, OverFolds};
use crate::evaluation::metric::Metric;
use crate::evaluation::paired::{Undefined, mean_and_sd};
use crate::evaluation::predictions::Predictions;

/// A p value as papers print it.
fn p(value: f64) -> String {
    if value < 0.001 { "p < 0.001".into() } else { format!("p = {value:.3}") }
}

/// What is compared: `AUROC of Mass`, `accuracy`.
fn subject(metric: Metric, target: Option<&str>) -> String {
    metric.title_of(target)
}

/// The run with the better value, by how much.
fn better(metric: Metric, difference: f64, names: [&str; 2]) -> String {
    let first = (difference > 0.0) == metric.higher_is_better();
    let (winner, loser) = if first { (names[0], names[1]) } else { (names[1], names[0]) };
    let word = if metric.higher_is_better() { "higher" } else { "lower (better)" };
    format!("the {} of {winner} is {:.4} {word} than that of {loser}", metric.title(), difference.abs())
}

/// What the folds allow to say.
pub(super) fn of_folds(found: &OverFolds, names: [&str; 2]) -> String {
    let what = subject(found.metric, found.target.as_deref());
    let Some(test) = found.corrected else {
        return match found.undefined {
            Some(Undefined::Equal) => {
                format!("Both runs have the same {what} in every fold: there is nothing to test.")
            }
            Some(reason) => format!("Nothing can be tested: {reason}."),
            None => "Nothing can be tested.".into(),
        };
    };
    let (value, held) =
        (found.p_held.unwrap_or(test.p), if found.p_held.is_some() { ", held against all pairs" } else { "" });
    let plain = found.plain.map_or(1.0, |t| t.p);
    let mut sentence = if value < LEVEL {
        format!(
            "On average {}, more than chance would explain (corrected test, {}{held}).",
            better(found.metric, test.mean, names),
            p(value)
        )
    } else {
        format!(
            "The folds do not allow to say that one is better: the difference may be chance (corrected test, {}{held}; the \
             true difference may lie between {:+.4} and {:+.4}).",
            p(value),
            test.low,
            test.high
        )
    };
    sentence.push_str(
        " The plain t-test takes folds for independent although they share training images, so it is too optimistic",
    );
    if plain < LEVEL && value >= LEVEL {
        let _ = write!(sentence, " (here its {} would mislead)", p(plain));
    }
    sentence.push('.');
    if let Some(rank) = found.signed_rank.filter(|r| r.least_p >= LEVEL) {
        let _ = write!(
            sentence,
            " Over {} fold{} that differ Wilcoxon's test cannot get below p = {:.3}, whatever the difference.",
            rank.pairs,
            if rank.pairs == 1 { "" } else { "s" },
            rank.least_p
        );
    }
    sentence
}

/// A cross-validated pair for people.
pub(super) fn folds(found: &OverFolds, names: [&str; 2], verdict: &str) -> String {
    let wide = names.iter().map(|n| n.chars().count()).max().unwrap_or(0).max(24);
    let mut text = format!("{}, {} against {}\n", subject(found.metric, found.target.as_deref()), names[0], names[1]);
    let heads = (1..=found.first.len()).map(|f| format!("  fold {f:<3}")).collect::<Vec<_>>().concat();
    let _ = writeln!(text, "  {:wide$}{heads}  mean ± sd", "");
    let differences: Vec<Option<f64>> =
        found.first.iter().zip(&found.second).map(|(a, b)| Some((*a)? - (*b)?)).collect();
    for (name, values) in [(names[0], &found.first), (names[1], &found.second), ("difference", &differences)] {
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let (mean, sd) = mean_and_sd(&known).map_or((None, None), |(mean, sd)| (Some(mean), sd));
        let cells = values.iter().map(|v| format!("  {:>8}", four(*v))).collect::<Vec<_>>().concat();
        let _ = writeln!(text, "  {name:wide$}{cells}  {} ± {}", four(mean), four(sd));
    }
    let missing =
        || found.undefined.map_or_else(|| "cannot be computed".into(), |u| format!("cannot be computed: {u}"));
    let of = |test: Option<crate::evaluation::paired::TTest>| {
        test.map_or_else(missing, |t| {
            format!("t = {:.3}, {}; difference {:+.4} ({:+.4} to {:+.4})", t.t, p(t.p), t.mean, t.low, t.high)
        })
    };
    let _ = writeln!(text, "  {:wide$}  {}", "paired t-test, plain", of(found.plain));
    let _ = writeln!(text, "  {:wide$}  {}", "Nadeau–Bengio corrected", of(found.corrected));
    let rank = found.signed_rank.map_or_else(missing, |r| {
        format!("W = {}, {} ({})", r.statistic, p(r.p), if r.exact { "exact" } else { "normal approximation" })
    });
    let _ = writeln!(text, "  {:wide$}  {rank}", "Wilcoxon signed rank");
    if let Some(held) = found.p_held {
        let _ = writeln!(text, "  {:wide$}  corrected test {}", "Holm, all pairs of runs", p(held));
    }
    let _ = writeln!(text, "  {verdict}");
    text
}

/// What is compared on images, in a line.
pub(super) fn images_head(table: &Predictions, runs: usize) -> String {
    let patients: std::collections::BTreeSet<&str> =
        table.rows.iter().map(|r| if r.patient.is_empty() { r.image.as_str() } else { r.patient.as_str() }).collect();
    format!("{runs} runs on the same {} images of {} patients\n", table.rows.len(), patients.len())
}

/// What the images allow to say.
pub(super) fn of_images(found: &OnImages, names: [&str; 2]) -> String {
    let (Some(difference), Some(low), Some(high)) = (found.difference, found.low, found.high) else {
        return match (found.difference, found.first, found.second) {
            (Some(_), ..) => "The difference has no interval: too few patients have both sides.".into(),
            _ => format!(
                "The {} cannot be computed on these images: one side is missing.",
                subject(found.metric, found.target.as_deref())
            ),
        };
    };
    if low <= 0.0 && high >= 0.0 {
        return if difference == 0.0 && low == 0.0 && high == 0.0 {
            "Both runs have the same figure, whatever patients are drawn.".into()
        } else {
            "The images do not allow to say that one is better: the interval by patient holds 0.".into()
        };
    }
    match (found.p_held.or_else(|| found.p()), found.p_held) {
        (Some(value), held) if value >= LEVEL => format!(
            "The interval by patient leaves 0 out, but the test does not agree ({}{}): not enough to say that one is better.",
            p(value),
            if held.is_some() { ", held against all pairs" } else { "" }
        ),
        _ => {
            let sentence = better(found.metric, difference, names);
            let mut letters = sentence.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{first}{}, more than chance would explain.", letters.as_str())
        }
    }
}

/// A pair on the same images for people.
pub(super) fn images(found: &OnImages, names: [&str; 2], verdict: &str) -> String {
    let mut text = format!("{}, {} against {}\n", subject(found.metric, found.target.as_deref()), names[0], names[1]);
    let interval = found
        .low
        .zip(found.high)
        .map_or_else(String::new, |(low, high)| format!("; 95 % interval by patient {low:+.4} to {high:+.4}"));
    let difference = found.difference.map_or_else(|| "–".into(), |d| format!("{d:+.4}"));
    let _ = writeln!(text, "  {} and {}, difference {difference}{interval}", four(found.first), four(found.second));
    if let Some(d) = found.delong {
        let sentence = d.test.map_or_else(
            || "both rank the images alike, so there is nothing to test".into(),
            |t| format!("z = {:.3}, {}; difference {:+.4} to {:+.4}", t.z, p(t.p), d.low, d.high),
        );
        let _ = writeln!(text, "  DeLong: {sentence}{}", by_image(found));
    }
    if let Some(m) = found.mcnemar {
        let counts = format!("{} right by the first alone, {} by the second alone", m.only_first, m.only_second);
        let sentence = match (m.p, m.chi_square) {
            (Some(value), Some(chi)) => format!("{counts}; χ² = {chi:.3}, {}", p(value)),
            (Some(value), None) => format!("{counts}; exact, {}", p(value)),
            (None, _) => "the runs are right and wrong about the same images, so there is nothing to test".into(),
        };
        let _ = writeln!(text, "  McNemar: {sentence}{}", by_image(found));
    }
    if let Some(held) = found.p_held {
        let _ = writeln!(text, "  Holm, all pairs of runs: {}", p(held));
    }
    let _ = writeln!(text, "  {verdict}");
    text
}

/// A warning where images are not independent.
fn by_image(found: &OnImages) -> &'static str {
    if found.patients < found.images { " (takes images for independent; the interval by patient does not)" } else { "" }
}

fn four(value: Option<f64>) -> String {
    value.map_or_else(|| number(None), |v| format!("{v:.4}"))
}
