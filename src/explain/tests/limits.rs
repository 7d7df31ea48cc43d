//! Pictures and networks that have nothing to say, or nothing that makes sense.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarMap;

use super::{Seen, architecture, narrow, offered, peak, seen};
use crate::explain::scale::{Scale, on_picture, shows_something};
use crate::explain::{Evidence, ExplainError, Method, Residual, Subject};
use crate::imaging::overlay::Area;
use crate::network::Network;
use crate::network::weights::{TensorFile, WeightError};

/// A DenseNet has every map, also CAM, at its last stage.
const LAST: &str = "features";

/// A narrow DenseNet whose tensors are `changed`.
fn densenet(changed: impl Fn(&str, Tensor) -> Tensor) -> Result<Network, WeightError> {
    let architecture = architecture("densenet121");
    let tensors = architecture.tensors(1, narrow::CLASSES).unwrap().into_iter();
    let tensors: HashMap<String, Tensor> =
        tensors.map(|(name, shape)| (name.clone(), changed(&name, narrow::tensor(&name, &shape)))).collect();
    architecture.folded(1, narrow::CLASSES, &TensorFile::new(tensors), &Device::Cpu)
}

fn noise() -> Tensor {
    narrow::plain("picture", &[1, 1, 64, 64])
}

#[test]
fn a_constant_picture_has_a_map_by_every_method() {
    for value in [0.3f32, 0.0, -1.0] {
        let seen = Seen::new(densenet(|_, t| t).unwrap(), Tensor::full(value, (1, 1, 64, 64), &Device::Cpu).unwrap());
        for method in offered(&seen) {
            for map in seen.maps(LAST, &Subject::classes(3), method).unwrap() {
                let shown = on_picture(&map, Scale::PerClass, Area::WHOLE, 64, 64);
                assert!(shown.values.iter().all(|v| v.abs() <= 1.0 + 1e-5), "{} at {value}", method.name());
            }
        }
    }
}

#[test]
fn a_black_picture_owes_nothing_to_what_is_not_black() {
    let seen = Seen::new(densenet(|_, t| t).unwrap(), Tensor::full(-1f32, (1, 1, 64, 64), &Device::Cpu).unwrap());
    for method in [Method::IntegratedGradients, Method::KernelShap, Method::Occlusion, Method::Rise] {
        for map in seen.maps(LAST, &Subject::classes(3), method).unwrap() {
            assert!(
                map.is_flat() && map.evidence == Evidence::NonePositive,
                "{}: {}",
                method.name(),
                peak(&map.raw.values)
            );
            assert!(map.residual.is_none_or(|r| r.value() == 0.0));
        }
    }
}

#[test]
fn a_class_without_weights_has_no_evidence_anywhere() {
    let dead = |name: &str, t: Tensor| match name {
        // The bias stays: the score is 0.1 or the like whatever the picture.
        "classifier.weight" => {
            let keep = Tensor::new(&[[0f32], [1.0], [1.0]], &Device::Cpu).unwrap();
            t.broadcast_mul(&keep).unwrap()
        }
        _ => t,
    };
    let seen = Seen::new(densenet(dead).unwrap(), noise());
    let bias = narrow::tensor("classifier.bias", &[3]).to_vec1::<f32>().unwrap()[0];
    assert_eq!(seen.logits[0], bias);
    for method in offered(&seen) {
        let map = seen.maps(LAST, &[Subject::class(0)], method).unwrap().remove(0);
        match method {
            // It knows no class; it asks about the other classes; it weighs channels that all score
            // the same alike.
            Method::EigenCam | Method::FinerCam | Method::ScoreCam => {}
            _ => {
                assert!(map.is_flat(), "{}: {}", method.name(), peak(&map.raw.values));
                assert_eq!(map.evidence, Evidence::NonePositive, "{}", method.name());
                assert!(!shows_something(&map));
            }
        }
        assert!(map.raw.values.iter().all(|v| v.is_finite()), "{}", method.name());
    }
}

#[test]
fn a_weight_that_is_no_number_is_refused_when_it_is_read() {
    let broken = |name: &str, t: Tensor| if name == "features.conv0.weight" { (t * f64::NAN).unwrap() } else { t };
    assert!(matches!(densenet(broken), Err(WeightError::NotFinite(_))));
}

#[test]
fn a_weight_that_is_no_number_gives_an_error_and_never_a_map() {
    for name in ["features.conv0.weight", "features.norm5.bias", "classifier.weight", "classifier.bias"] {
        // A network in training, whose weights nobody checks.
        let vars = VarMap::new();
        let network = architecture("densenet121").trainable(1, 3, &vars, &Device::Cpu, 1).unwrap();
        let var = vars.data().lock().unwrap()[name].clone();
        let mut values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values[0] = f32::NAN;
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
        let seen = Seen::new(network, noise());
        for method in offered(&seen) {
            let found = seen.maps(LAST, &Subject::classes(3), method);
            let refused = matches!(found, Err(ExplainError::NotFinite { .. } | ExplainError::ScoreNotFinite));
            assert!(refused, "{name} {}: {:?}", method.name(), found.map(|m| m.len()));
        }
    }
}

#[test]
fn a_background_is_asked_for_where_it_is_needed_and_must_fit() {
    let other = seen("densenet121", 1, 32).background;
    for method in offered(&seen("densenet121", 1, 64)) {
        let none = Seen { background: None, ..seen("densenet121", 1, 64) };
        let small = Seen { background: other.clone(), ..seen("densenet121", 1, 64) };
        let [none, small] = [none, small].map(|seen| seen.maps(LAST, &[Subject::class(0)], method));
        if method.needs_background() {
            assert!(matches!(none, Err(ExplainError::NoBackground { .. })), "{}", method.name());
            let shapes =
                matches!(small, Err(ExplainError::BackgroundShape { found: [1, 32, 32], needed: [1, 64, 64] }));
            assert!(shapes, "{}", method.name());
        } else {
            assert!(none.is_ok() && small.is_ok(), "{}", method.name());
        }
    }
}

#[test]
fn a_feature_map_of_one_place_is_refused_by_every_class_activation_map() {
    for (name, layer, side) in [
        ("densenet121", "features", 32),
        ("resnet50", "layer4", 32),
        ("vgg16", "features.30", 32),
        ("custom-cnn", "features.15", 16),
    ] {
        let seen = seen(name, 1, side);
        for method in Method::ALL.into_iter().filter(|m| m.is_cam()) {
            let found = seen.maps(layer, &Subject::classes(3), method);
            // Behind the last maps of the plain networks there is more than one linear layer.
            let other = method == Method::Cam && !matches!(name, "densenet121" | "resnet50");
            match found {
                Err(ExplainError::OnePlace { places, .. }) => assert_eq!((places.columns, places.rows), (1, 1)),
                Err(ExplainError::NotLinear { .. }) if other => {}
                found => panic!("{name} {}: {found:?}", method.name()),
            }
        }
        let guided = seen.maps(layer, &[Subject::class(0)], Method::GuidedGradCam);
        assert!(matches!(guided, Err(ExplainError::OnePlace { .. })), "{name}: {guided:?}");
    }
}

#[test]
fn a_layer_without_a_map_is_refused_by_the_methods_that_need_one() {
    let seen = seen("densenet121", 1, 32);
    for method in offered(&seen) {
        let found = seen.maps("classifier", &[Subject::class(0)], method);
        let refused = matches!(&found, Err(ExplainError::NotSpatial { layer }) if layer == "classifier");
        assert_eq!(refused, method.has_layer(), "{}", method.name());
        assert!(refused || found.is_ok());
    }
}

#[test]
fn a_network_of_one_class_has_every_map_but_a_comparison() {
    let architecture = architecture("densenet121");
    let network = architecture.folded(1, 1, &narrow::weights(&architecture, 1, 1), &Device::Cpu).unwrap();
    let seen = Seen::new(network, noise());
    for method in offered(&seen) {
        let found = seen.maps(LAST, &[Subject::class(0)], method);
        if method == Method::FinerCam {
            assert!(matches!(found, Err(ExplainError::NoRival)));
        } else {
            assert_eq!(found.unwrap().len(), 1, "{}", method.name());
        }
    }
}

#[test]
fn a_picture_smaller_than_the_grids_of_the_methods_has_maps_too() {
    let architecture = architecture("custom-cnn");
    let weights = narrow::weights(&architecture, 1, 3);
    let network = architecture.folded(1, 3, &weights, &Device::Cpu).unwrap();
    let seen = Seen::new(network, Tensor::ones((1, 1, 16, 17), DType::F32, &Device::Cpu).unwrap());
    for method in offered(&seen).filter(|m| *m != Method::Cam) {
        let map = seen.maps("features.10", &[Subject::class(0)], method).unwrap().remove(0);
        assert!(method.is_cam() || (map.raw.width, map.raw.height) == (17, 16), "{}", method.name());
    }
}

#[test]
fn what_is_missing_of_a_sum_is_said_where_it_is_much() {
    let words = |found: f64, expected: f64| Residual { expected, found }.words();
    assert_eq!(words(2.4, 2.5), "adds up to 2.40 of 2.50");
    assert_eq!(words(-2.0, -2.5), "adds up to −2.00 of −2.50, 20 % off");
    assert_eq!(words(3.0, 2.5), "adds up to 3.00 of 2.50, 20 % off");
    assert_eq!(words(0.4, 0.0), "adds up to 0.40 of 0.00, far off");
}
