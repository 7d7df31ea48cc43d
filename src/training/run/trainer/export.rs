//! The end of a run: the best weights become a model folder.

use super::{Outcome, Run};
use crate::training::batch::recipe::BatchRecipe;
use crate::training::data::image_list;
use crate::training::data::split::calibration_part::CalibrationPart;
use crate::training::event::Event;
use crate::training::run::card::RunExtent;
use crate::training::run::{export_model, finish};
use crate::training::{Error, Result, population};

impl Run<'_> {
    /// Exports the model, and what stands beside it; without a calibration or a population detector
    /// it is as usable.
    pub(super) fn export(self) -> Result<Outcome> {
        let epoch = self.state.best.map_or(self.state.epoch, |(epoch, _)| epoch);
        self.parameters.keep(self.best.as_ref().or(self.average.as_ref()), self.config.precision)?;
        self.settle(&BatchRecipe::of(self.config, self.dataset, &self.blends, self.config.input.width))?;
        let weights = export_model::weights(self.config, &self.parameters, &self.parameters.values()?)?;
        let network = export_model::network(self.config, &weights, &self.options.device)?;
        let finish = finish::finish(self.config, &network, self.dataset, &self.split.validation, &self.options.device)?;
        let patient = |i: &usize| self.dataset.samples[*i].patient.as_str();
        let distinct = |side: &[usize]| side.iter().map(patient).collect::<std::collections::BTreeSet<_>>().len();
        let extent = RunExtent {
            training_images: self.split.training.len(),
            validation_images: self.split.validation.len(),
            training_patients: distinct(&self.split.training),
            validation_patients: distinct(&self.split.validation),
            epoch,
        };
        let (config, options) = (self.config, self.options);
        let trained = self.parameters.trained_values();
        let part = CalibrationPart::of(&self.split, &self.dataset.samples);
        let manifest = export_model::write(&options.model, config, &weights, trained, &finish, extent, &part)?;
        image_list::write(&options.model, config, self.dataset, &self.split, &manifest.weights_sha256)?;
        let calibrated = export_model::calibrate(&options.model, config, self.dataset, &part, &options.device);
        // Images that are too few for it are no images that cannot be used.
        let why = |e: Error| if let Error::Data(reason) = e { reason } else { e.to_string() };
        let calibrated = calibrated.map_err(|e| format!("The model has no calibration.toml: {}", why(e)));
        let detector = population::of_run::leave(&options.model, config, self.dataset, &self.split, &options.device);
        let detector = detector.map_err(|e| format!("The model has no population detector: {}", why(e)));
        for words in self.split.no_calibration.iter().cloned().chain(calibrated.err()).chain(detector.err()) {
            (self.observer)(Event::Warning(words));
        }
        Ok(Outcome {
            manifest,
            extent,
            overall: finish.overall,
            stopped_early: self.stopped_early,
            stopped: self.control.is_stopped() && self.state.epoch < self.config.epochs(),
            history: self.state.history,
        })
    }
}
