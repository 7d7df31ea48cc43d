//! What the files of our own models and the catalogue of published ones say in words, so that every
//! language's file has it.
//!
//! Built for tests alone: the program looks the words up by themselves. Models of others say what they
//! say in the words of their own files.

use crate::language::{form, named};
use crate::model::calibration::Calibration;

/// Descriptions, limits, suggestions, populations, sets, licences and notes.
const TEXTS: &[&str] = &[
    named!("Tells normal from bacterial and viral pneumonia in frontal chest radiographs of children aged 1 to 5."),
    named!("Adults: the model never saw any; a child's chest is not a small adult's."),
    named!("Lateral views, and radiographs of any other part of the body."),
    named!("Other hospitals and machines: all training images come from one centre."),
    named!(
        "Radiographs of the original size: it learnt from copies of 224 pixels in JPEG, and was tried on 120 originals alone."
    ),
    named!("Findings other than pneumonia: effusion, pneumothorax, masses and fractures are unknown to it."),
    named!("Bacterial against viral is a label of the data set, not a diagnosis that a radiograph can settle."),
    named!("No sign of pneumonia was labelled."),
    named!("Labelled as pneumonia of bacterial cause; typically a focal consolidation of a lobe or segment."),
    named!("Labelled as pneumonia of viral cause; typically a diffuse interstitial pattern in both lungs."),
    named!(
        "Children aged 1 to 5, antero-posterior chest radiographs of routine care, Guangzhou Women and Children's Medical Center."
    ),
    named!(
        "Chest X-Ray Images (Pneumonia) by Kermany, Zhang and Goldbaum, Mendeley Data v2 (2018), CC BY 4.0, official train and val parts; 8 % phantoms."
    ),
    named!("real radiographs of the calibration part of chest-xray 3.1"),
    named!("What part these images took in making the model is not known."),
    named!(
        "These images were held out from training, but they chose the epoch, the temperature and the thresholds: the diagram flatters a little, and the stated risk holds nearly, not strictly."
    ),
    named!(
        "These images were kept apart, by patient, for calibration: they chose neither weights nor epoch, temperature or thresholds."
    ),
    named!("These images took no part in making the model."),
    named!(
        "The image resembles training cases labelled pneumonia. Correlate with clinical findings and laboratory results."
    ),
    named!(
        "The image shares features with training cases labelled pneumonia, but the model is in doubt. A second reading by a radiologist is advisable."
    ),
    named!(
        "No pattern that the model knows as pneumonia. This does not exclude early or retrocardiac disease, nor any finding that the model was not trained for."
    ),
    named!("The model leans towards normal without certainty. Read the image without regard to the model."),
    named!(
        "Tells glioma, meningioma and pituitary tumor from no tumor in single slices of contrast-enhanced and plain brain MRI."
    ),
    named!("Whole studies: it judges one slice at a time and knows nothing of its neighbours."),
    named!("Slices without a tumor of a patient who has one: the training set holds none that is labelled so."),
    named!(
        "Other diseases: stroke, haemorrhage, inflammation, metastases and post-operative states are unknown to it."
    ),
    named!("Other body parts, CT, and slices that were rotated or cropped."),
    named!(
        "The classes come partly from different sources: contrast, resolution and framing may tell them apart as well as disease does."
    ),
    named!("Labelled as glioma: a tumor of the brain's own tissue."),
    named!("Labelled as meningioma: a tumor of the meninges, outside the brain's tissue."),
    named!("Labelled as a tumor of the pituitary gland, in or above the sella."),
    named!("No tumor was labelled; most of these slices come from sources that hold no tumor at all."),
    named!("Single slices of brain MRI of several hospitals; patients, ages, sequences and contrast are not recorded."),
    named!(
        "Training part of the Brain Tumor MRI Dataset by M. Nickparvar (Kaggle), CC0 1.0: figshare (Cheng), SARTAJ and Br35H sets in one."
    ),
    named!("calibration part of the training of brain-mri"),
    named!("single slices of brain MRI whose ages, sequences and contrast were not recorded"),
    named!("patients whose age was not recorded"),
    named!(
        "The slice resembles training slices labelled glioma. Correlate with the whole study and with contrast and diffusion series."
    ),
    named!(
        "The slice shares features with training slices labelled glioma, but the model is in doubt. A second reading by a radiologist is advisable."
    ),
    named!("The slice resembles training slices labelled meningioma. Look for a dural attachment in the whole study."),
    named!(
        "The slice shares features with training slices labelled meningioma, but the model is in doubt. A second reading by a radiologist is advisable."
    ),
    named!(
        "The slice resembles training slices labelled pituitary tumor. Correlate with dedicated thin slices of the sella and with laboratory results."
    ),
    named!(
        "The slice shares features with training slices labelled pituitary tumor, but the model is in doubt. A second reading by a radiologist is advisable."
    ),
    named!(
        "No pattern that the model knows as one of its three tumors. A single slice excludes nothing: read the whole study."
    ),
    named!("The model leans towards no tumor without certainty. Read the study without regard to the model."),
    named!("Apache-2.0 (as timm states for these weights)"),
    named!(
        "Apache-2.0 (the licence of the library's part xrv.models; the data sets that they were trained on have terms of their own)"
    ),
    named!(
        "BSD-3-Clause (torchvision's; its authors say that weights may have terms of their own, derived from their data set)"
    ),
    named!("not stated: the repository has no licence file; ask its authors"),
    named!("one project that uses this file states it; the publisher states none"),
    named!("several projects that use this file state it alike; the publisher states none"),
    named!("torchvision's own loader compares these digits of the file's name"),
    named!("1000 classes of photographs"),
    named!("MIMIC-CXR (Boston, USA), labels by NegBio"),
    named!("MIMIC-CXR (Boston, USA), labels by the CheXpert labeller"),
    named!(
        "NIH ChestX-ray14 and relabelled parts of it by Google and for the RSNA Pneumonia Challenge, PadChest, CheXpert, MIMIC-CXR and Open-i"
    ),
    named!("PadChest, NIH ChestX-ray14, RSNA Pneumonia Challenge, SIIM-ACR Pneumothorax and VinDr-CXR"),
    named!("the RSNA Pneumonia Challenge (images of NIH ChestX-ray14, read anew)"),
    named!("PadChest (Alicante, Spain)"),
    named!(
        "It knows photographs of everyday things and no radiographs: something to start a training from, or to try methods on."
    ),
    named!(
        "Its authors average ten crops of a 256-pixel image; here the image is squashed to the input once, so the scores differ from theirs."
    ),
];

/// The same with places.
const FORMS: &[&str] = &[
    form!("{n} findings of a PA chest radiograph, each there or not"),
    form!("{n} findings of a frontal chest radiograph, each there or not"),
    form!("patients of {set}; their ages are not stated"),
    form!("validation, {images} images of {patients} patients"),
    form!("{set}, {images} images of {patients} patients"),
];

/// Names of data sets are the same in every language.
const NAMES: &[&str] = &["CheXpert (Stanford, USA)", "NIH ChestX-ray14 (Bethesda, USA)", "ImageNet-1k (ILSVRC 2012)"];

/// Whether the words are named, or are of a form whose places hold what is.
fn is_known(words: &str) -> bool {
    words.is_empty()
        || TEXTS.contains(&words)
        || NAMES.contains(&words)
        || crate::language::within("de", || crate::language::said(words)) != words
}

#[test]
fn what_the_files_of_our_models_say_is_named() {
    for name in ["chest-xray", "brain-mri"] {
        let manifest = crate::model::registry::manifest(name).unwrap();
        let calibration = crate::model::registry::file(name, "calibration.toml").unwrap().unwrap();
        let calibration: Calibration = toml::from_slice(&calibration).unwrap();
        let mut texts = vec![manifest.description, manifest.training.population, manifest.training.data];
        texts.extend(manifest.limits);
        texts.extend(manifest.labels.into_iter().map(|label| label.description));
        texts.extend(manifest.suggestions.into_iter().flat_map(|rule| [rule.text, rule.doubtful]));
        texts.extend(manifest.metrics.into_iter().map(|metric| metric.on));
        texts.extend(manifest.population.into_iter().map(|population| population.patients));
        texts.extend(manifest.gate.into_iter().map(|gate| gate.population));
        texts.push(calibration.set.clone());
        texts.push(calibration.set_in_words());
        texts.push(calibration.note);
        for words in texts {
            assert!(is_known(&words), "{name}: not named for the languages: “{words}”");
        }
    }
}

#[test]
fn what_the_catalogue_says_is_named() {
    for entry in crate::model::catalogue::Catalogue::embedded().unwrap().models {
        let texts = [entry.task, entry.data, entry.patients, entry.licence, entry.hash_from];
        for words in texts.iter().chain(&entry.notes) {
            assert!(is_known(words), "{}: not named for the languages: “{words}”", entry.name);
        }
    }
}

#[test]
fn texts_and_forms_are_told_apart() {
    for list in [TEXTS, FORMS] {
        let mut all = list.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), list.len());
    }
}
