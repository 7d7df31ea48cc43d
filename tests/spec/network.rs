//! The network against PyTorch: logits in both modes, every gradient, the running statistics.
//!
//! The golden file is written by `tests/golden/network.py`.

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use pellucid::network::architecture::Architecture;
use pellucid::network::weights::TensorFile;
use pellucid::network::{Mode, Network};

const GOLDEN: &[u8] = include_bytes!("../golden/network.safetensors");

fn architecture() -> Architecture {
    Architecture::compact(&[4, 4, 6, 8], &[1, 2, 1], &[1, 2, 1], 0.0)
}

fn golden() -> std::collections::HashMap<String, Tensor> {
    candle_core::safetensors::load_buffer(GOLDEN, &Device::Cpu).expect("the golden file reads")
}

/// The tensors whose names start with `prefix`, without it, as a safetensors file.
fn weights(prefix: &str) -> Vec<u8> {
    let named = golden().into_iter().filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_owned(), t)));
    safetensors::serialize(named, None).expect("tensors serialise")
}

/// A network to train that starts from the golden weights.
fn trainable() -> (Network, VarMap) {
    let vars = VarMap::new();
    let network = architecture().trainable(1, 3, &vars, &Device::Cpu, 1).expect("it builds");
    let golden = golden();
    for (name, var) in vars.data().lock().expect("no other thread").iter() {
        var.set(&golden[&format!("net.{name}")]).expect("the shapes are PyTorch's");
    }
    (network, vars)
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let scale = expected.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap().max(1e-3);
    let worst = (found - expected).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert!(worst <= 1e-4 * scale, "{what} is off by {worst} of {scale}");
}

#[test]
fn the_folded_network_gives_the_logits_of_pytorch() {
    let file = TensorFile::parse(&weights("net.")).unwrap();
    let network = architecture().folded(1, 3, &file, &Device::Cpu).unwrap();
    let golden = golden();
    assert_close(&network.forward(&golden["x"], Mode::Inference).unwrap(), &golden["logits"], "logits");
}

#[test]
fn the_unfolded_network_gives_the_same_in_inference() {
    let (network, _) = trainable();
    let golden = golden();
    assert_close(&network.forward(&golden["x"], Mode::Inference).unwrap(), &golden["logits"], "logits");
}

#[test]
fn training_gives_the_logits_the_gradients_and_the_statistics_of_pytorch() {
    let (network, vars) = trainable();
    let golden = golden();
    let logits = network.forward(&golden["x"], Mode::Training { seed: 0 }).unwrap();
    assert_close(&logits, &golden["training_logits"], "logits in training");
    let gradients = (logits * &golden["weight"]).unwrap().sum_all().unwrap().backward().unwrap();
    for (name, var) in vars.data().lock().unwrap().iter() {
        if let Some(expected) = golden.get(&format!("grad.{name}")) {
            assert_close(gradients.get(var).expect("every parameter has a gradient"), expected, name);
        } else {
            assert_close(var.as_tensor(), &golden[&format!("after.{name}")], name);
        }
    }
}

#[test]
fn running_only_the_rest_of_the_chain_gives_the_same_logits() {
    let (network, _) = trainable();
    let x = &golden()["x"];
    let last = network.stages.len();
    let whole = network.forward(x, Mode::Inference).unwrap();
    for split in 0..=last {
        let front = network.forward_range(0..split, x, Mode::Inference).unwrap();
        assert_close(&network.forward_range(split..last, &front, Mode::Inference).unwrap(), &whole, "the split chain");
    }
}

#[test]
fn weights_of_another_architecture_are_named_by_tensor() {
    let file = TensorFile::parse(&weights("net.")).unwrap();
    let mut wider = architecture();
    wider.widths[2] = 7;
    let message = wider.folded(1, 3, &file, &Device::Cpu).err().expect("it must not fit").to_string();
    assert!(message.contains("stage2.0.conv1.weight"), "{message}");
    let message = wider.folded(3, 3, &file, &Device::Cpu).err().expect("it must not fit").to_string();
    assert!(message.contains("stem.conv.weight"), "{message}");
}

#[test]
fn a_cut_weights_file_is_a_sentence() {
    let bytes = weights("net.");
    assert!(TensorFile::parse(&bytes[..bytes.len() / 2]).err().expect("cut").to_string().contains("cut short"));
}
