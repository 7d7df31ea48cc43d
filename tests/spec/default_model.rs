//! The embedded model on the films of the demo, whose truth is known.

use candle_core::Device;
use pellucid::cancel::CancelToken;
use pellucid::engine::analysis::analyze;
use pellucid::engine::{Analysis, AnalysisOptions};
use pellucid::evaluation::exposure::input_hash;
use pellucid::imaging::Plane;
use pellucid::model::Model;
use pellucid::model::registry::{DEFAULT, load};
use pellucid::phantom::{Phantom, PhantomRecipe, demo, render, write_dicom};
use pellucid::study::open_image;

fn model() -> Model {
    load(DEFAULT, &Device::Cpu).expect("the default model is embedded and sound")
}

/// Renders, writes, opens and analyses a film as a user would.
fn judged(recipe: &PhantomRecipe) -> (Phantom, Analysis) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.dcm");
    let phantom = render(recipe);
    write_dicom(&path, &phantom, recipe).unwrap();
    let frame = open_image(&path).unwrap();
    let options = AnalysisOptions { samples: 10, ..AnalysisOptions::default() };
    let analysis = analyze(&model(), &frame, &options, &CancelToken::default(), &mut |_| ()).unwrap();
    assert!(analysis.gate.as_ref().unwrap().accepted);
    (phantom, analysis)
}

/// `images.toml` knows an image by the bits that the network is given of it. Whoever changes these bits,
/// be it by the order of a sum, has to make the records of all models that come with the program anew;
/// else an evaluation on the images that they learned from says nothing of it.
#[test]
fn the_records_of_training_images_hold_for_the_preparation_of_today() {
    let greys = (0..300 * 260).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as f32).collect();
    let plane = Plane { width: 300, height: 260, values: greys };
    let hashes = ["chest-xray", "brain-mri"].map(|name| {
        let model = load(name, &Device::Cpu).unwrap();
        format!("{:016x}", input_hash(&model.input_values(&plane, (0.0, 255.0))))
    });
    assert_eq!(hashes, ["eef409c9fb94c34c", "3408e989f7411f77"]);
}

#[test]
fn the_healthy_demo_film_is_normal() {
    let [_, (_, healthy)] = demo::films();
    let (_, analysis) = judged(&healthy);
    assert!(analysis.groups[0].probability < analysis.groups[0].threshold);
}

#[test]
fn the_demo_opacity_is_pneumonia_and_the_map_peaks_inside_it() {
    let [(_, sick), _] = demo::films();
    let (phantom, analysis) = judged(&sick);
    assert!(analysis.groups[0].probability >= analysis.groups[0].threshold);
    let map = &analysis.attributions.iter().find(|a| a.class() == Some(1)).expect("a map for bacterial pneumonia").raw;
    let peak = (0..map.values.len()).max_by(|a, b| map.values[*a].total_cmp(&map.values[*b])).unwrap();
    let place = |cell: usize, cells: usize, pixels: usize| (2 * cell + 1) * pixels / (2 * cells);
    let (x, y) = (peak % map.width, peak / map.width);
    let (x, y) = (place(x, map.width, phantom.plane.width), place(y, map.height, phantom.plane.height));
    assert!(phantom.mask[y * phantom.plane.width + x], "the peak is at {x}, {y}");
}
