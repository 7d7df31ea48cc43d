//! The learning-rate range test (Smith, WACV 2017): one training whose rate rises by the same factor
//! from step to step, and what the loss does along the way.
//!
//! Far too low, nothing is learned; somewhere the loss begins to fall; far too high, it leaps up.
//! The losses are smoothed (`s ← 0.9·s + 0.1·loss`, divided by `1 − 0.9^n`). Suggested is the rate
//! at which the smoothed loss falls fastest over the logarithm of the rate, and as an upper end a
//! tenth of the rate at which it is lowest.
//!
//! What it does not do: know the schedule, or how a rate fares over many epochs. It is a place to
//! begin.

use std::fmt::Write as _;

use super::control::Control;
use super::options::RunOptions;
use super::trainer;
use crate::figures::charts::input::{LinePanel, LineSeries};
use crate::figures::charts::{Chart, line_chart};
use crate::training::config::Config;
use crate::training::event::Observer;
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Names of the files.
pub const TABLE: &str = "rates.csv";
pub const CHART: &str = "rates.svg";

/// The rates: fifteen a decade.
const LOWEST: f64 = 1e-7;
const DECADES: f64 = 8.0;
const STEPS: usize = 120;
/// What of the smoothed loss stays from step to step.
const SMOOTHING: f64 = 0.9;
/// The loss has leapt up when it is so many times the lowest.
const LEAP: f64 = 4.0;
/// Steps at the beginning that tell nothing.
const BEGINNING: usize = 10;
/// Least fall of the loss that is one.
const FALL: f64 = 0.02;
/// Steps on either side over which a fall is measured.
const REACH: usize = 4;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRate {
    /// Rate, loss and smoothed loss of every step.
    pub steps: Vec<(f64, f64, f64)>,
    /// Where the loss falls fastest.
    pub suggested: f64,
    /// A tenth of the rate at which it is lowest.
    pub highest: f64,
}

impl FoundRate {
    /// What to write.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "The loss falls fastest at a learning rate of {}: write `learning_rate = {}` under [optimization]. Much above {} \
             training will break.",
            short(self.suggested),
            short(self.suggested),
            short(self.highest.max(self.suggested))
        )
    }
}

/// Two digits.
fn short(rate: f64) -> String {
    format!("{rate:.1e}")
}

/// Looks for a rate, and writes table and chart into the folder of `options`.
///
/// # Errors
/// When the data or the network are of no use, or no rate made the loss fall.
pub fn find(config: &Config, options: &RunOptions, observer: Observer<'_>, control: &Control) -> Result<FoundRate> {
    let rates: Vec<f64> = (0..STEPS).map(|i| LOWEST * 10_f64.powf(DECADES * i as f64 / (STEPS - 1) as f64)).collect();
    let steps = trainer::sweep(config, options, &rates, &has_leapt, observer, control)?;
    let (rates, losses): (Vec<f64>, Vec<f64>) = steps.into_iter().unzip();
    let smooth = smoothed(&losses);
    let steps: Vec<_> = rates.iter().zip(&losses).zip(&smooth).map(|((r, l), s)| (*r, *l, *s)).collect();
    let mut table = String::from("learning_rate,loss,smoothed_loss\n");
    for (rate, loss, smooth) in &steps {
        let _ = writeln!(table, "{rate:e},{loss},{smooth}");
    }
    write_whole(&options.out.join(TABLE), table.as_bytes())?;
    write_whole(&options.out.join(CHART), chart(&steps).svg().as_bytes())?;
    let (suggested, highest) = suggestion(&rates, &smooth).ok_or(Error::NoRate)?;
    Ok(FoundRate { steps, suggested, highest })
}

/// The running mean, as if it had been running for ever.
fn smoothed(losses: &[f64]) -> Vec<f64> {
    let (mut mean, mut weight) = (0.0, 1.0);
    let step = |loss: &f64| {
        mean = SMOOTHING * mean + (1.0 - SMOOTHING) * loss;
        weight *= SMOOTHING;
        mean / (1.0 - weight)
    };
    losses.iter().map(step).collect()
}

fn has_leapt(losses: &[f64]) -> bool {
    let smooth = smoothed(losses);
    let lowest = smooth.iter().copied().fold(f64::INFINITY, f64::min);
    losses.len() > BEGINNING && smooth.last().is_some_and(|last| *last > LEAP * lowest)
}

/// The rate of the fastest fall before the lowest loss, and a tenth of the rate of that; `None` where
/// nothing falls.
fn suggestion(rates: &[f64], smooth: &[f64]) -> Option<(f64, f64)> {
    let begins = smooth.get(BEGINNING.min(smooth.len().saturating_sub(1)))?;
    let tail = smooth.iter().enumerate().skip(BEGINNING);
    let (lowest, loss) = tail.min_by(|a, b| a.1.total_cmp(b.1))?;
    if *loss > begins * (1.0 - FALL) {
        return None;
    }
    let fall = |i: usize| {
        let (from, to) = (i.saturating_sub(REACH), (i + REACH).min(smooth.len() - 1));
        (smooth[from] - smooth[to]) / (rates[to] / rates[from]).ln()
    };
    let steepest = (BEGINNING..=lowest).max_by(|a, b| fall(*a).total_cmp(&fall(*b)))?;
    Some((rates[steepest], rates[lowest] / 10.0))
}

fn chart(steps: &[(f64, f64, f64)]) -> Chart {
    let series = |name: &str, value: &dyn Fn(&(f64, f64, f64)) -> f64| LineSeries {
        name: name.to_owned(),
        points: steps.iter().map(|step| [step.0.log10(), value(step)]).collect(),
    };
    let series = vec![series("loss", &|s| s.1), series("smoothed", &|s| s.2)];
    let panel = LinePanel { title: "Loss".into(), logarithmic: false, series };
    line_chart("Learning-rate range test", "logarithm (base 10) of the learning rate", &[panel])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls around a rate of 1e-3 and leaps up beyond 1e-1.
    fn made() -> (Vec<f64>, Vec<f64>) {
        let rates: Vec<f64> = (0..STEPS).map(|i| LOWEST * 10_f64.powf(DECADES * i as f64 / 119.0)).collect();
        let loss = |rate: &f64| {
            let at = rate.log10();
            let falling = 0.7 - 0.5 / (1.0 + (-4.0 * (at + 3.0)).exp());
            falling + (3.0 * (at + 0.5)).exp()
        };
        let losses = rates.iter().map(loss).collect();
        (rates, losses)
    }

    #[test]
    fn the_rate_is_where_the_loss_falls_fastest_and_well_below_the_leap() {
        let (rates, losses) = made();
        let (suggested, highest) = suggestion(&rates, &smoothed(&losses)).unwrap();
        assert!((3e-4..6e-3).contains(&suggested), "{suggested}");
        assert!((1e-3..3e-2).contains(&highest), "{highest}");
        assert!(has_leapt(&losses) && !has_leapt(&losses[..80]));
    }

    #[test]
    fn a_loss_that_never_falls_suggests_nothing() {
        let (rates, _) = made();
        assert_eq!(suggestion(&rates, &smoothed(&[0.7; STEPS])), None);
        assert_eq!(suggestion(&rates[..3], &smoothed(&[0.7; 3])), None);
        assert_eq!(suggestion(&[], &[]), None);
    }

    #[test]
    fn the_running_mean_of_one_value_is_that_value() {
        assert!(smoothed(&[0.5; 30]).iter().all(|s| (s - 0.5).abs() < 1e-12));
    }
}
