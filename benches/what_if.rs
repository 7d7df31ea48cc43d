//! Time of one answer while the hand moves: a radiograph of 2,500 × 2,048 pixels of 12 bits, a brushed
//! part taken away, the whole of the default model run again (gate, population, scores), no map and no
//! random places. Budget: 50 ms. And of the whole answer: with the map and ten random places.
//!
//! `cargo bench --bench what_if`

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use candle_core::Device;
use pellucid::cancel::CancelToken;
use pellucid::engine::AnalysisOptions;
use pellucid::engine::analysis::analyze;
use pellucid::engine::what_if::filling::Filling;
use pellucid::engine::what_if::question::Question;
use pellucid::engine::what_if::{Canvas, Removal};
use pellucid::explain::{Method, Subject};
use pellucid::imaging::resample::resize;
use pellucid::imaging::{PixelData, Plane};
use pellucid::measurement::region::Region;
use pellucid::model::registry::{DEFAULT, load};
use pellucid::phantom::{demo, render, write_dicom};
use pellucid::study::open_image;

/// As in the program: planes of tens of megabytes come and go at every answer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZE: [usize; 2] = [2048, 2500];
const TIMES: usize = 15;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("chest.dcm");
    let [(_, recipe), _] = demo::films();
    write_dicom(&path, &render(&recipe), &recipe).expect("the phantom is written");
    let mut frame = open_image(&path).expect("the phantom is read");
    let plane: Plane = resize(&frame.pixels.plane, SIZE[0], SIZE[1]);
    frame.pixels = PixelData { plane, ..frame.pixels };
    let model = load(DEFAULT, &Device::Cpu).expect("the default model");
    let cancel = CancelToken::default();
    let options = AnalysisOptions { samples: 0, ..AnalysisOptions::default() };
    let before = Arc::new(analyze(&model, &frame, &options, &cancel, &mut |_| ()).expect("it is analysed"));
    assert!(before.scored, "the phantom is scored");

    let copy = OnceLock::new();
    let canvas = Canvas { frame: &frame, copy: &copy };
    for (name, radius) in [("a small stroke", 60.0), ("a large one", 300.0)] {
        for filling in Filling::ALL {
            let mut taken = vec![false; SIZE[0] * SIZE[1]];
            let around =
                Region::Ellipse([600.0 - radius, 1200.0 - 2.0 * radius, 600.0 + radius, 1200.0 + 2.0 * radius]);
            around.rows(SIZE, |y, columns| taken[y * SIZE[0] + columns.start..y * SIZE[0] + columns.end].fill(true));
            let removal = Removal { taken: Arc::new(taken), filling, seed: 7 };
            let quick = Question { number: 1, change: removal.into(), before: before.clone(), map: None, draws: 0 };
            let ask = |question: &Question| question.asked(&model, canvas, &cancel, &mut |_| ()).expect("an answer");
            let map = Some((Subject::class(1), Method::GradCam, model.manifest.target_layer.clone()));
            let whole = Question { map, draws: 10, ..quick.clone() };
            let (quick, whole) = (median(TIMES, || ask(&quick)), median(3, || ask(&whole)));
            println!("{name:15} {:6} quick {quick:7.1?}  whole {whole:7.1?}", filling.key());
        }
    }
}

fn median(times: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    all.sort();
    all[times / 2]
}
