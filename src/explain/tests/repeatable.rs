//! The same question has the same answer: chance is a seed, and time plays no part.

use std::thread::sleep;
use std::time::Duration;

use candle_core::Tensor;

use super::{FEW, Seen, apart, offered, peak, seen};
use crate::explain::{Attribution, Method, MethodSettings, Step, Subject, Watch, explain};
use crate::network::layout::Layout;
use crate::network::{Layer, Mode, Result, Stage};

const LAYER: &str = "features";

fn values(maps: Vec<Attribution>) -> Vec<Vec<f32>> {
    maps.into_iter().map(|m| m.raw.values).collect()
}

#[test]
fn the_seed_decides_and_only_where_chance_plays_a_part() {
    let seen = seen("densenet121", 1, 64);
    for method in offered(&seen) {
        // More coalitions than are taken whole, so that Kernel SHAP has to draw.
        let settings = |seed| MethodSettings { seed, evaluations: Some(30), superpixels: 9, ..FEW };
        let of = |seed| values(seen.maps_with(LAYER, &Subject::classes(3), method, &settings(seed)).unwrap());
        let (first, again, other) = (of(7), of(7), of(8));
        for (a, b) in first.iter().zip(&again) {
            assert!(apart(a, b) <= 1e-6 * peak(a), "{}", method.name());
        }
        let same = first.iter().zip(&other).all(|(a, b)| apart(a, b) <= 1e-6 * peak(a));
        assert_eq!(same, !method.is_random(), "{}", method.name());
    }
}

#[test]
fn the_number_of_runs_is_what_was_asked_for() {
    let seen = seen("densenet121", 1, 64);
    for (method, own) in [(Method::SmoothGrad, 32), (Method::IntegratedGradients, 51), (Method::GradientShap, 102)] {
        let default = MethodSettings::default();
        let map = seen.maps_with(LAYER, &[Subject::class(0)], method, &default).unwrap().remove(0);
        assert_eq!(map.evaluations, own, "{}", method.name());
        let fewer = seen.maps(LAYER, &[Subject::class(0)], method).unwrap().remove(0);
        assert!(fewer.evaluations < own, "{}", method.name());
    }
    let map = seen.maps(LAYER, &[Subject::class(0)], Method::Rise).unwrap().remove(0);
    assert_eq!(map.evaluations, 12);
}

/// Takes so long that a batch is one picture.
struct Slow;

impl Layer for Slow {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        sleep(Duration::from_millis(65));
        Ok(x.clone())
    }
}

/// Batches adapt to the machine; the maps, rough ones included, must not.
#[test]
fn maps_do_not_depend_on_how_fast_the_machine_is() {
    let quick = seen("densenet121", 1, 64);
    let mut slow = seen("densenet121", 1, 64);
    slow.network.stages.insert(
        0,
        Stage { name: "slow".into(), layout: Layout::Maps { channels: 1 }, stochastic: false, layer: Box::new(Slow) },
    );
    let run = |seen: &Seen, method| {
        let (mut steps, mut rough) = (0, Vec::new());
        let mut hear = |step: Step| {
            steps += 1;
            rough.extend(step.maps);
            true
        };
        let mut watch = Watch::new(&mut hear);
        let stage = seen.network.stage("pool0").unwrap();
        let maps = seen.ask(|scene| explain(scene, stage, &Subject::classes(3), method, &FEW, &mut watch)).unwrap();
        (values(maps), steps, rough)
    };
    for method in [Method::ScoreCam, Method::Occlusion, Method::Rise, Method::KernelShap] {
        let ((quick, few, _), (slow, many, rough)) = (run(&quick, method), run(&slow, method));
        assert!(few < many, "{}: {few} batches and {many}", method.name());
        for (a, b) in quick.iter().zip(&slow) {
            assert!(apart(a, b) <= 1e-5 * peak(a), "{}: {} of {}", method.name(), apart(a, b), peak(a));
        }
        assert!(!rough.is_empty() && rough.iter().all(|m| m.raw.values.len() == slow[0].len()), "{}", method.name());
    }
}
