//! The measures of a map's faithfulness against the packages that define them: scipy, scikit-image
//! and grad-cam.
//!
//! The golden file is written by `tests/golden/faithfulness.py`, which says what each value is.

use pellucid::explain::faithfulness::input_image::InputImage;
use pellucid::explain::faithfulness::rank::spearman;
use pellucid::explain::faithfulness::road::{below, imputed};
use pellucid::explain::faithfulness::ssim::structural_similarity;
use pellucid::imaging::Plane;
use safetensors::SafeTensors;

use crate::narrow::unit;

const GOLDEN: &[u8] = include_bytes!("../golden/faithfulness.safetensors");
const ROWS: usize = 24;
const COLUMNS: usize = 20;

fn golden(name: &str) -> Vec<f32> {
    let file = SafeTensors::deserialize(GOLDEN).unwrap();
    let bytes = file.tensor(name).unwrap().data().to_vec();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn drawn(name: &str, count: usize) -> Vec<f32> {
    unit(name, count).into_iter().map(|u| u as f32).collect()
}

fn assert_close(found: &[f32], name: &str) {
    let expected = golden(name);
    assert_eq!(found.len(), expected.len(), "{name}");
    let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{name}: {worst}");
}

#[test]
fn rank_correlation_is_that_of_scipy_ties_or_not() {
    let (a, b) = (drawn("a", ROWS * COLUMNS), drawn("b", ROWS * COLUMNS));
    let both = |f: fn(f32) -> f32| {
        let [a, b] = [&a, &b].map(|x| x.iter().map(|v| f(*v)).collect::<Vec<f32>>());
        spearman(&a, &b)
    };
    let cubed: Vec<f32> = a.iter().map(|v| 2.0 * v.powi(3)).collect();
    assert_close(&[both(|v| v) as f32], "spearman.plain");
    assert_close(&[both(|v| (v * 4.0 + 0.5).floor() / 4.0) as f32], "spearman.tied");
    assert_close(&[both(|v| v.max(0.0)) as f32], "spearman.rectified");
    assert_close(&[spearman(&a, &cubed) as f32], "spearman.same");
}

#[test]
fn structural_similarity_is_that_of_scikit_image() {
    let plane = |values: Vec<f32>| Plane { width: COLUMNS, height: ROWS, values };
    let [a, b] =
        ["a", "b"].map(|n| drawn(n, ROWS * COLUMNS).iter().map(|v| f32::midpoint(*v, 1.0)).collect::<Vec<f32>>());
    let near = a.iter().zip(&b).map(|(a, b)| (3.0 * a + b) / 4.0).collect();
    let blob = |y: f64, x: f64, radius: f64| {
        let at = |i: usize| ((i / COLUMNS) as f64 - y).powi(2) + ((i % COLUMNS) as f64 - x).powi(2);
        plane((0..ROWS * COLUMNS).map(|i| (-at(i) / (2.0 * radius * radius)).exp() as f32).collect())
    };
    let (a, b, near) = (plane(a), plane(b), plane(near));
    assert_close(&[structural_similarity(&a, &b) as f32], "ssim.noise");
    assert_close(&[structural_similarity(&a, &near) as f32], "ssim.near");
    assert_close(&[structural_similarity(&blob(10.0, 9.0, 4.0), &blob(12.0, 7.0, 5.0)) as f32], "ssim.smooth");
}

#[test]
fn road_fills_holes_as_grad_cam_does() {
    let grey = InputImage { channels: 1, width: 16, height: 16, values: drawn("grey", 256) };
    let colour = InputImage { channels: 3, width: 24, height: 24, values: drawn("colour", 3 * 576) };
    let kept: Vec<bool> = drawn("grey.mask", 256).iter().map(|v| f64::from(*v) >= 0.2).collect();
    assert_close(&imputed(&grey, &kept, 0.0, 0).values, "road.grey");
    let block: Vec<bool> = (0..256).map(|i| i / 16 >= 8 || i % 16 < 5).collect();
    assert_close(&imputed(&grey, &block, 0.0, 0).values, "road.block");
    let relevance = drawn("colour.map", 576);
    assert_close(&imputed(&colour, &below(&relevance, 80.0), 0.0, 0).values, "road.colour");
    for (tenth, threshold) in (1_u8..).zip(golden("road.threshold")) {
        let kept = below(&relevance, 10.0 * f64::from(tenth));
        assert!(kept.iter().zip(&relevance).all(|(k, v)| *k == (*v < threshold)), "{tenth}");
    }
}
