//! Every method against `grad-cam`, `captum` and `shap` on narrow torchvision networks.
//!
//! The golden file is written by `tests/golden/explain.py`, which says what each number is; the
//! names here are its keys.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::table::{Allowed, Table, USUAL};
use super::{Seen, architecture, input_of, narrow, peak};
use crate::explain::scale::{Scale, on_picture};
use crate::explain::score_gradients::ScoreGradients;
use crate::explain::superpixels::Superpixels;
use crate::explain::{
    Attribution, Evidence, ExplainError, Method, MethodSettings, Step, Subject, Watch, gradient_shap, gradients,
    kernel_shap, occlusion, rise,
};
use crate::imaging::Plane;
use crate::imaging::overlay::Area;
use crate::model::background::Background;
use crate::network::Mode;

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/explain.safetensors");
/// Side of the picture.
const SIDE: usize = 64;
const AREA: usize = SIDE * SIDE;
const CHANNELS: usize = 3;
/// Of each network, the two stages that class activation maps are stored of.
const NETWORKS: [(&str, [&str; 2]); 4] = [
    ("vgg16", ["features.22", "features.29"]),
    ("resnet50", ["layer2", "layer4"]),
    ("densenet121", ["denseblock2", "features"]),
    ("custom-cnn", ["features.10", "features.15"]),
];
const CAMS: [Method; 10] = [
    Method::Cam,
    Method::GradCam,
    Method::GradCamPlusPlus,
    Method::HiResCam,
    Method::LayerCam,
    Method::XGradCam,
    Method::ScoreCam,
    Method::AblationCam,
    Method::EigenCam,
    Method::FinerCam,
];

/// A network beside the numbers of the packages.
struct Golden {
    name: &'static str,
    stages: [&'static str; 2],
    file: HashMap<String, Tensor>,
    seen: Seen,
}

impl Golden {
    fn read((name, stages): (&'static str, [&'static str; 2])) -> Self {
        let architecture = architecture(name);
        let weights = narrow::weights(&architecture, CHANNELS, narrow::CLASSES);
        let network = architecture.folded(CHANNELS, narrow::CLASSES, &weights, &Device::Cpu).unwrap();
        let seen = Seen::new(network, narrow::plain("picture", &[1, CHANNELS, SIDE, SIDE]));
        let seen = Seen { black: vec![-1.2, -0.9, -0.7], background: Some(background()), ..seen };
        Self { name, stages, file: candle_core::safetensors::load_buffer(GOLDEN, &Device::Cpu).unwrap(), seen }
    }

    fn knows(&self, what: &str) -> bool {
        self.file.contains_key(&format!("{}.{what}", self.name))
    }

    /// A stored tensor, flat.
    fn values(&self, what: &str) -> Vec<f32> {
        self.file[&format!("{}.{what}", self.name)].flatten_all().unwrap().to_vec1().unwrap()
    }

    fn maps(&self, layer: &str, method: Method) -> Vec<Attribution> {
        self.seen.maps_with(layer, &classes(), method, &MethodSettings::default()).unwrap()
    }
}

fn classes() -> Vec<Subject> {
    Subject::classes(narrow::CLASSES)
}

/// The channels differ by a constant, as those of an input with another mean in each do.
fn background() -> Background {
    let grey: Vec<f32> =
        narrow::unit("background", 4 * AREA).into_iter().map(|u| ((128.0 * u).floor() / 128.0) as f32).collect();
    let plane = |values: &[f32]| (Plane { width: SIDE, height: SIDE, values: values.to_vec() }, 1.0);
    let pictures: Vec<(Plane, f64)> = grey.chunks_exact(AREA).map(plane).collect();
    let mut input = input_of(CHANNELS, SIDE, SIDE);
    (input.mean, input.sd) = (vec![0.0, 0.25, 0.5], vec![1.0]);
    let background = Background::new("noise".into(), input, &pictures).unwrap();
    let expected = [0.0, 0.25, 0.5].iter().flat_map(|mean| grey[..AREA].iter().map(move |v| v - mean));
    assert!(expected.eq(background.picture(0)), "the stored greys are exact");
    background
}

/// Every third row and column.
fn thinned(values: &[f32]) -> Vec<f32> {
    let kept = |i: usize| i.is_multiple_of(3);
    (0..AREA).filter(|i| kept(i % SIDE) && kept(i / SIDE)).map(|i| values[i]).collect()
}

/// Holds whole maps of 64 × 64, one a class, against the rest that is stored of them.
fn hold_thinned(table: &mut Table, golden: &Golden, row: &str, key: &str, maps: &[Plane], allowed: Allowed) {
    let (stored, whole) = (golden.values(key), golden.values(&format!("{key}.whole")));
    let stored = stored.chunks_exact(stored.len() / maps.len());
    for (class, ((map, stored), whole)) in maps.iter().zip(stored).zip(whole.chunks_exact(3)).enumerate() {
        let what = format!("{key} of class {class}");
        table.hold(golden.name, row, &what, &thinned(&map.values), stored, allowed);
        let (sum, norm) = map.values.iter().fold((0.0, 0.0), |(s, n), v| (s + f64::from(*v), n + f64::from(v * v)));
        let size: f64 = map.values.iter().map(|v| f64::from(v.abs())).sum();
        let off = (norm.sqrt() - f64::from(whole[1])).abs() / f64::from(whole[1]).max(1e-30);
        table.check(off <= f64::from(allowed.norm), || format!("{} {what}: the norm is off by {off:.1e}", golden.name));
        let off = (sum - f64::from(whole[0])).abs() / size.max(1e-30);
        table.check(off <= f64::from(allowed.norm), || format!("{} {what}: the sum is off by {off:.1e}", golden.name));
        table.hold_peak(golden.name, &what, map, whole[2] as usize, allowed.most);
    }
}

fn raws(maps: &[Attribution]) -> Vec<Plane> {
    maps.iter().map(|m| m.raw.clone()).collect()
}

/// Class activation maps at both stages; at the last one also as they are shown.
fn hold_cams(table: &mut Table, golden: &Golden) {
    for layer in golden.stages {
        for method in CAMS {
            let key = format!("{layer}.{}", method.key());
            if !golden.knows(&format!("{key}.raw")) {
                assert_eq!(method, Method::Cam);
                let refused = golden.seen.maps(layer, &classes(), method);
                assert!(matches!(refused, Err(ExplainError::NotLinear { .. })), "{} {layer}", golden.name);
                continue;
            }
            let mut maps = golden.maps(layer, method);
            if method == Method::AblationCam {
                // The package divides by S where we divide by |S|.
                for map in maps.iter_mut().filter(|m| m.logit < 0.0) {
                    let turned = Plane { values: map.raw.values.iter().map(|v| -v).collect(), ..map.raw };
                    *map = Attribution::new(method, map.subject, map.layer.clone(), map.logit, turned).unwrap();
                }
            }
            let stored = golden.values(&format!("{key}.raw"));
            let area = maps[0].raw.values.len();
            // Eigen-CAM knows no class.
            for (class, (map, stored)) in maps.iter().zip(stored.chunks_exact(area).cycle()).enumerate() {
                let what = format!("{key}.raw of class {class}");
                table.hold(golden.name, method.key(), &what, &map.raw.values, stored, USUAL);
                let positive = stored.iter().any(|v| *v > 0.0);
                table.check((map.evidence == Evidence::Positive) == positive, || format!("evidence of {what}"));
            }
            if layer == golden.stages[1] {
                let shown = |map: &Attribution| on_picture(map, Scale::PerClass, Area::WHOLE, SIDE, SIDE);
                let count = if method == Method::EigenCam { 1 } else { maps.len() };
                let shown: Vec<Plane> = maps[..count].iter().map(shown).collect();
                let allowed = Allowed { most: 2e-3, norm: 2e-3 };
                hold_thinned(table, golden, "final maps", &format!("{key}.final"), &shown, allowed);
            }
        }
    }
}

/// Maps from gradients of the pixels.
fn hold_gradients(table: &mut Table, golden: &Golden) {
    let seen = &golden.seen;
    for method in [Method::Saliency, Method::GuidedBackprop, Method::GuidedGradCam] {
        let maps = golden.maps(golden.stages[1], method);
        hold_thinned(table, golden, method.key(), method.key(), &raws(&maps), USUAL);
    }
    let signed = seen.ask(|scene| {
        let pass = ScoreGradients::run(scene.network, 0, scene.input, Mode::Inference).unwrap();
        gradients::row_gradients(scene, &pass, Subject::class(1)).unwrap()
    });
    let planes: Vec<Plane> =
        signed.chunks_exact(AREA).map(|values| Plane { width: SIDE, height: SIDE, values: values.to_vec() }).collect();
    let stored = golden.values("gradient");
    for (plane, stored) in planes.iter().zip(stored.chunks_exact(stored.len() / CHANNELS)) {
        table.hold(golden.name, "saliency", "gradient of class 1", &thinned(&plane.values), stored, USUAL);
    }
    let pixels = seen.input.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let noisy = |copy: usize| -> Vec<f32> {
        let noise = narrow::unit(&format!("noise.{copy}"), pixels.len());
        pixels.iter().zip(noise).map(|(x, n)| x + n as f32 / 2.0).collect()
    };
    let maps =
        seen.ask(|scene| gradients::mean_saliency(scene, &classes(), 4, noisy, &mut Watch::new(&mut |_: Step| true)));
    hold_thinned(table, golden, "smooth-grad", "smooth-grad", &raws(&maps.unwrap()), USUAL);

    let maps = golden.maps(golden.stages[1], Method::IntegratedGradients);
    // The first steps see almost constant pictures, whose max pooling is decided by the last
    // digits.
    let allowed = Allowed { most: 3e-3, norm: 1e-3 };
    hold_thinned(table, golden, "integrated-gradients", "integrated-gradients", &raws(&maps), allowed);
    hold_residuals(table, golden, &maps, "integrated-gradients.delta", None);
}

/// Holds residuals (here what is missing, there what is too much) and the score that is compared
/// with.
fn hold_residuals(table: &mut Table, golden: &Golden, maps: &[Attribution], key: &str, base: Option<&str>) {
    let base = base.map(|base| golden.values(base));
    for (class, (map, stored)) in maps.iter().zip(golden.values(key)).enumerate() {
        let residual = map.residual.unwrap();
        let size = map.raw.values.iter().map(|v| f64::from(v.abs())).sum::<f64>();
        let off = (residual.value() + f64::from(stored)).abs() / size;
        table.check(off <= 1e-3, || format!("{} {key} of class {class} is off by {off:.1e}", golden.name));
        if let Some(base) = &base {
            let off = (f64::from(map.logit) - residual.expected - f64::from(base[class])).abs();
            table.check(off <= 1e-5, || format!("{} expected score of class {class} is off by {off:.1e}", golden.name));
        }
    }
}

/// Shapley values.
fn hold_shapley(table: &mut Table, golden: &Golden) {
    let seen = &golden.seen;
    let maps = golden.maps(golden.stages[1], Method::DeepShap);
    // The package loses shares of pixels that are the maximum of several windows; here they are
    // added up.
    let key = if golden.knows("deep-shap.summed") { "deep-shap.summed" } else { "deep-shap" };
    hold_thinned(table, golden, "deep-shap", key, &raws(&maps), USUAL);
    hold_residuals(table, golden, &maps, &format!("{key}.residual"), Some("deep-shap.expected"));

    let index = golden.values("gradient-shap.index").into_iter().map(|i| i as usize);
    let draws: Vec<(usize, f32)> = index.zip(golden.values("gradient-shap.alpha")).collect();
    let watch = &mut |_: Step| true;
    let maps = seen.ask(|scene| gradient_shap::with_draws(scene, &classes(), &draws, &mut Watch::new(watch))).unwrap();
    hold_thinned(table, golden, "gradient-shap", "gradient-shap", &raws(&maps), USUAL);

    if golden.knows("kernel-shap") {
        let labels = (0..AREA).map(|i| ((i / SIDE / 32) * 4 + i % SIDE / 16) as u16).collect();
        let players = Superpixels { width: SIDE, height: SIDE, labels, count: 8 };
        let maps = seen.ask(|scene| {
            kernel_shap::with_players(
                scene,
                &classes(),
                &std::sync::Arc::new(players),
                1 << 8,
                7,
                &mut Watch::new(&mut |_: Step| true),
            )
        });
        let maps = maps.unwrap();
        for (class, (map, stored)) in maps.iter().zip(golden.values("kernel-shap").chunks_exact(8)).enumerate() {
            let found: Vec<f32> = (0..8).map(|p| map.raw.at(p % 4 * 16 + 8, p / 4 * 32 + 16)).collect();
            table.hold(golden.name, "kernel-shap", &format!("kernel-shap of class {class}"), &found, stored, USUAL);
            assert_eq!(map.evaluations, 255, "every coalition but the full one");
        }
        let black = golden.values("kernel-shap.expected");
        for (map, black) in maps.iter().zip(black) {
            assert!((f64::from(map.logit) - map.residual.unwrap().expected - f64::from(black)).abs() < 1e-5);
        }
    }
}

/// Maps from altered pictures.
fn hold_perturbations(table: &mut Table, golden: &Golden) {
    let seen = &golden.seen;
    if golden.knows("occlusion") {
        let watch = &mut |_: Step| true;
        let maps = seen.ask(|scene| occlusion::with_patches(scene, &classes(), 16, 8, &mut Watch::new(watch))).unwrap();
        hold_thinned(table, golden, "occlusion", "occlusion", &raws(&maps), USUAL);
    }
    if golden.knows("rise") {
        const MASKS: usize = 6;
        let mask = |i: usize| {
            let open = |u: f64| f32::from(u8::from(u > 0.0));
            let grid: Vec<f32> = narrow::unit(&format!("mask.{i}"), 49).into_iter().map(open).collect();
            let shift: Vec<usize> =
                narrow::unit(&format!("shift.{i}"), 2).into_iter().map(|u| (10.0 * (u + 1.0) / 2.0) as usize).collect();
            rise::enlarged(&grid, (10, 10), (shift[1], shift[0]), SIDE, SIDE)
        };
        let watch = &mut |_: Step| true;
        let maps = seen.ask(|scene| rise::with_masks(scene, &classes(), MASKS, mask, &mut Watch::new(watch))).unwrap();
        let masks = golden.values("rise.masks");
        let masks: Vec<&[f32]> = masks.chunks_exact(masks.len() / MASKS).collect();
        for (i, stored) in masks.iter().enumerate() {
            table.hold(golden.name, "rise", &format!("mask {i}"), &thinned(&mask(i)), stored, USUAL);
        }
        let stored = golden.values("rise");
        let stored = stored.chunks_exact(stored.len() / maps.len());
        for ((map, stored), mean) in maps.iter().zip(stored).zip(golden.values("rise.mean")) {
            // Here the mean score is taken off first.
            let covered = |p: usize| masks.iter().map(|m| m[p]).sum::<f32>() / (MASKS as f32 * 0.5);
            let centred: Vec<f32> = stored.iter().enumerate().map(|(p, v)| v - mean * covered(p)).collect();
            table.hold(golden.name, "rise", "rise", &thinned(&map.raw.values), &centred, USUAL);
        }
    }
}

/// Prints the table: `cargo test --lib explain::tests::parity -- --nocapture`.
#[test]
fn every_method_gives_the_maps_of_the_packages_on_every_network() {
    let mut table = Table::default();
    for network in NETWORKS {
        let golden = Golden::read(network);
        let logits = golden.values("logits");
        assert!(super::apart(&golden.seen.logits, &logits) <= 1e-5 * peak(&logits), "logits of {}", golden.name);
        hold_cams(&mut table, &golden);
        hold_gradients(&mut table, &golden);
        hold_shapley(&mut table, &golden);
        hold_perturbations(&mut table, &golden);
    }
    table.print(&NETWORKS.map(|(name, _)| name));
    assert!(table.faults.is_empty(), "{}", table.faults.join("\n"));
}
