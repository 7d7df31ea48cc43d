//! How stable the maps on screen are: asked for only while the reader wants to see it.

use std::sync::Arc;

use super::super::state::{Explaining, State};
use super::looks::Stability;
use crate::engine::explanation::Wish;
use crate::explain::spread::Spread;
use crate::explain::{Method, Subject};

/// Dropout samples of a map.
pub const SAMPLES: usize = 64;

/// Keeps how stable a map is; a newer answer to the same question replaces the older.
pub(in crate::app) fn keep(state: &mut State, spread: Arc<Spread>) {
    let same = |s: &Arc<Spread>| (s.method, s.subject, &s.layer) == (spread.method, spread.subject, &spread.layer);
    let spreads = &mut state.results.spreads;
    spreads.retain(|s| !same(s));
    spreads.push(spread);
}

/// What is to be asked for the pairs of method and subject on screen, method by method.
pub(super) fn missing(state: &State, wanted: &[(Method, Subject)]) -> Vec<Explaining> {
    if state.looks.stability == Stability::Off {
        return Vec::new();
    }
    let lacks = |(method, subject): &&(Method, Subject)| {
        state.unsteady(*method).is_none() && !state.has_spread(*subject, *method)
    };
    let mut wishes: Vec<Explaining> = Vec::new();
    for (method, subject) in wanted.iter().filter(lacks) {
        match wishes.iter_mut().find(|w| w.wish.methods == [*method]) {
            Some(known) => known.wish.subjects.push(*subject),
            None => wishes.push(Explaining {
                wish: Wish {
                    methods: vec![*method],
                    layers: vec![state.layer().to_owned()],
                    subjects: vec![*subject],
                    settings: state.options.explanation,
                    spread: SAMPLES,
                    ..Wish::default()
                },
                ahead: false,
                step: None,
            }),
        }
    }
    wishes
}

/// How large the deviation is beside the map, in words.
pub fn deviation(spread: &Spread) -> String {
    let largest = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
    let (sd, top) = (largest(&spread.sd.values), largest(&spread.mean.values));
    if top > 0.0 {
        format!("deviation up to {:.0} % of the map's largest value", 100.0 * sd / top)
    } else {
        "deviation of a map that shows nothing".to_owned()
    }
}

/// Share of the explanation that stays as it is, in words.
pub fn words(spread: &Spread) -> String {
    let Some(share) = spread.mean_stability() else {
        return format!("nothing to see in the mean of {} samples", spread.samples);
    };
    let verdict = match share {
        s if s >= 0.8 => "stable under dropout",
        s if s >= 0.6 => "partly stable under dropout",
        _ => "unstable: it is another with another dropout mask",
    };
    format!("{verdict} ({share:.2} of 1, {} samples)", spread.samples)
}
