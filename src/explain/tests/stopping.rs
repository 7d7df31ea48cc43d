//! Nobody waits for a map that is not wanted any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Tensor;

use super::{FEW, Seen, offered, seen};
use crate::explain::{ExplainError, Step, Subject, Watch, explain};
use crate::network::layout::Layout;
use crate::network::{Layer, Mode, Result, Stage};

/// Counts the runs of a network.
struct Counting(Arc<AtomicUsize>);

impl Layer for Counting {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        self.0.fetch_add(1, Ordering::Relaxed);
        x.affine(1.0, 0.0)
    }
}

#[test]
fn every_method_stops_at_every_step_and_runs_the_network_no_more() {
    stops_at_every_step(seen("densenet121", 1, 64), "features");
    stops_at_every_step(seen("vit-s-16", 1, 32), "blocks.2.norm1");
}

fn stops_at_every_step(mut seen: Seen, layer: &str) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Box::new(Counting(runs.clone()));
    let name = "counting".into();
    seen.network.stages.push(Stage { name, layout: Layout::Vector, stochastic: false, layer: counting });
    let stage = seen.network.stage(layer).unwrap();
    for method in offered(&seen) {
        let mut wanted = 0;
        loop {
            let (mut heard, mut runs_then) = (0, 0);
            let mut hear = |_: Step| {
                heard += 1;
                runs_then = runs.load(Ordering::Relaxed);
                heard <= wanted
            };
            let mut watch = Watch::new(&mut hear);
            let found = seen.ask(|scene| explain(scene, stage, &Subject::classes(3), method, &FEW, &mut watch));
            if let Ok(maps) = found {
                assert_eq!(maps.len(), 3);
                assert!(heard <= wanted, "{} went on after the request to stop", method.name());
                break;
            }
            assert!(matches!(found, Err(ExplainError::Stopped)), "{} {wanted}: {found:?}", method.name());
            assert_eq!(heard, wanted + 1, "{} asked again", method.name());
            assert_eq!(runs.load(Ordering::Relaxed), runs_then, "{} went on", method.name());
            wanted += 1;
        }
        assert!(wanted > 0, "{} never asks", method.name());
    }
}

#[test]
fn steps_are_counted_up_to_the_last() {
    for (name, side, layer) in [("densenet121", 64, "features"), ("vit-s-16", 32, "blocks.2.norm1")] {
        counts_up(&seen(name, 1, side), layer);
    }
}

fn counts_up(seen: &Seen, layer: &str) {
    let stage = seen.network.stage(layer).unwrap();
    for method in offered(seen) {
        let mut steps: Vec<(usize, usize)> = Vec::new();
        let mut hear = |step: Step| {
            assert_eq!(step.method, method);
            steps.push((step.done, step.of));
            true
        };
        let mut watch = Watch::new(&mut hear);
        seen.ask(|scene| explain(scene, stage, &Subject::classes(3), method, &FEW, &mut watch)).unwrap();
        assert!(steps.is_sorted_by_key(|s| s.0), "{}: {steps:?}", method.name());
        assert!(steps.iter().all(|(done, of)| done <= of && *of > 0), "{}: {steps:?}", method.name());
    }
}
