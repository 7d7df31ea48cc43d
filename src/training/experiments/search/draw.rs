//! The settings of a trial, drawn from the ranges of the plan; a trial's number and the plan's seed
//! decide them, so that a search that goes on draws the same ones.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use toml::Value;

use super::plan::{Draw, SearchPlan};

/// Keys and values of trial `number`.
pub(super) fn settings(plan: &SearchPlan, number: usize) -> Vec<(String, Value)> {
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    random.set_stream(number as u64);
    plan.ranges.iter().map(|(key, draw)| (key.clone(), value(draw, &mut random))).collect()
}

fn value(draw: &Draw, random: &mut ChaCha8Rng) -> Value {
    match draw {
        Draw::OneOf(values) => values[random.random_range(0..values.len())].clone(),
        Draw::Number { low, high, log } => {
            let at: f64 = random.random();
            let drawn = if *log { low * (high / low).powf(at) } else { low + (high - low) * at };
            Value::Float(rounded(drawn).clamp(*low, *high))
        }
        Draw::Integer { low, high, log } => {
            if !log {
                return Value::Integer(random.random_range(*low..=*high));
            }
            let at: f64 = random.random();
            let drawn = (*low as f64 * ((high + 1) as f64 / *low as f64).powf(at)).floor() as i64;
            Value::Integer(drawn.clamp(*low, *high))
        }
    }
}

/// Four digits: what is drawn is to be read and written down.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_lie_in_their_range_and_spread_over_it() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let log = Draw::Number { low: 1e-4, high: 1e-2, log: true };
        let drawn: Vec<f64> = (0..2000).map(|_| value(&log, &mut random).as_float().unwrap()).collect();
        assert!(drawn.iter().all(|v| (1e-4..=1e-2).contains(v)));
        let below = drawn.iter().filter(|v| **v < 1e-3).count();
        assert!((900..1100).contains(&below), "half lies below the geometric mean: {below}");
        let whole = Draw::Integer { low: 2, high: 5, log: false };
        let drawn: Vec<i64> = (0..400).map(|_| value(&whole, &mut random).as_integer().unwrap()).collect();
        assert!((2..=5).all(|v| drawn.iter().filter(|d| **d == v).count() > 60), "both ends are drawn");
        let whole = Draw::Integer { low: 1, high: 64, log: true };
        assert!((0..400).all(|_| (1..=64).contains(&value(&whole, &mut random).as_integer().unwrap())));
    }
}
