//! A gate's file: the network with mean and precision, its settings in the header, and its place in
//! a model folder.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Device;

use crate::files::{read_text, sha256};
use crate::limits;
use crate::model::gate::{Gate, GateError, GateSettings, HEADER};
use crate::model::manifest::{GateSpec, Manifest};
use crate::model::registry::GATE;
use crate::training::config::Precision;
use crate::training::optim::parameters::Parameters;
use crate::training::run_files::write_whole;
use crate::training::tensor_file::to_safetensors;
use crate::training::{Error, Result};

/// The bytes of a gate file.
pub(super) fn write(
    settings: &GateSettings,
    parameters: &Parameters,
    mean: &[f32],
    precision: &[f32],
) -> Result<Vec<u8>> {
    let values = parameters.values()?;
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> =
        parameters.iter().zip(&values).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v.as_slice())).collect();
    tensors.push(("gate.mean".into(), vec![mean.len()], mean));
    tensors.push(("gate.precision".into(), vec![mean.len(), mean.len()], precision));
    let json = serde_json::to_string(settings).map_err(|e| Error::Manifest(e.to_string()))?;
    let header = HashMap::from([(HEADER.to_owned(), json)]);
    to_safetensors(&tensors, Some(header), Precision::F32).map_err(|e| Error::Manifest(e.to_string()))
}

/// What a manifest says of a gate file.
pub fn spec_of(bytes: &[u8]) -> std::result::Result<GateSpec, GateError> {
    let gate = Gate::from_bytes(bytes, &Device::Cpu)?;
    let GateSettings { asks, population, .. } = gate.settings().clone();
    Ok(GateSpec { sha256: sha256(bytes), asks, population })
}

/// Puts a gate file into a model folder and, when it holds a manifest, names it there.
pub fn install(bytes: &[u8], folder: &Path) -> Result<()> {
    let spec = spec_of(bytes)?;
    write_whole(&folder.join(GATE), bytes)?;
    let path = folder.join("manifest.toml");
    let text = match read_text(&path, limits::MANIFEST_BYTES).map_err(std::io::Error::from) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let mut manifest = Manifest::parse(&text).map_err(|e| Error::Manifest(e.to_string()))?;
    manifest.gate = Some(spec);
    let text = manifest.to_toml().map_err(|e| Error::Manifest(e.to_string()))?;
    write_whole(&path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use candle_nn::VarMap;

    use super::*;
    use crate::imaging::Plane;
    use crate::model::gate::CLASSES;
    use crate::network::architecture::Architecture;

    #[test]
    fn a_gate_file_brings_its_settings_and_refuses_noise_and_broken_settings() {
        let architecture = Architecture::compact(&[4, 6], &[1], &[2], 0.0);
        let vars = VarMap::new();
        architecture.trainable(1, CLASSES.len(), &vars, &Device::Cpu, 1).unwrap();
        let parameters = Parameters::new(&vars);
        let mut settings = GateSettings {
            asks: "a frontal chest radiograph".into(),
            population: "children of 1 to 5 years".into(),
            ages: Some([1.0, 5.0]),
            architecture,
            side: 32,
            threshold: 0.0,
            distance: 5.0,
            slope: 1.0,
            colour: false,
            steps: None,
        };
        let precision: Vec<f32> = (0..36).map(|i| f32::from(u8::from(i % 7 == 0))).collect();
        let bytes = write(&settings, &parameters, &[0.0; 6], &precision).unwrap();
        assert_eq!(spec_of(&bytes).unwrap().asks, settings.asks);

        // A threshold of 0 lets everything through. The population of an older file stands in for
        // the manifest's.
        let gate = Gate::from_bytes(&bytes, &Device::Cpu).unwrap();
        let plane = Plane { width: 80, height: 80, values: (0..6400).map(|i| i as f32).collect() };
        assert!(gate.judge(&plane, None).unwrap().accepted);
        let population = gate.population().unwrap();
        assert_eq!((population.patients.as_str(), population.ages), ("children of 1 to 5 years", Some([1.0, 5.0])));

        // A threshold of 1 refuses everything, with a reason.
        settings.threshold = 1.0;
        let strict =
            Gate::from_bytes(&write(&settings, &parameters, &[0.0; 6], &precision).unwrap(), &Device::Cpu).unwrap();
        let verdict = strict.judge(&plane, None).unwrap();
        assert!(!verdict.accepted && verdict.reason.contains("frontal chest radiograph"));

        settings.slope = 0.0;
        let broken = write(&settings, &parameters, &[0.0; 6], &precision).unwrap();
        assert!(matches!(Gate::from_bytes(&broken, &Device::Cpu), Err(GateError::Inconsistent(_))));
    }
}
