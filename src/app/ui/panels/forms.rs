//! Forms of sentences that the rooms below make in English and panels show, so that every language's
//! file has them ([`said`](crate::language::said)).
//!
//! Built for tests alone, like the list of fixed words ([`super::terms`]): the program knows
//! a sentence by the file of its language. What no form fits is shown in English.

use crate::language::form;

/// In the order of the rooms: gate, fits and population, choice of the model, calibration,
/// uncertainty, gallery, measurements, files.
const FORMS: &[&str] = &[
    form!("This resembles {asks}, upright and with its greys the right way round."),
    form!("a frontal chest radiograph"),
    form!("an MRI slice of the brain"),
    form!("{kind} has none"),
    form!("The file says {what}; this model is meant for {wanted} only."),
    form!("children of {} to {} years"),
    form!("modality {}"),
    form!("body part {}"),
    form!("modality {}, body part {}"),
    form!("a study of {}"),
    form!("view {}"),
    form!("the patient is {}"),
    form!("1 month old"),
    form!("{} months old"),
    form!("{} years old"),
    form!("at most {} years old"),
    form!("at least {} years old"),
    form!("What is said of the image holds only if {condition}; its file does not tell."),
    form!("chosen by hand"),
    form!("the only model"),
    form!("no model fits"),
    form!("by modality"),
    form!("by body part"),
    form!("by its gate alone"),
    form!("by modality and gate"),
    form!("by body part and gate"),
    form!("by modality and body part"),
    form!("by modality, body part and gate"),
    form!("by modality; its gate refuses"),
    form!("by modality and body part; its gate refuses"),
    form!("{model}: chosen by hand"),
    form!("{model}: the only model installed"),
    form!("{model}: {agreed}, and the image looks like its training images"),
    form!("{model}: {agreed}; its gate refuses the image"),
    form!("{model}: {agreed}; it has no gate to look at the image"),
    form!("{model}: {subject}; its gate accepts it"),
    form!("{model}: {subject}; its gate accepts it, {other}'s does not"),
    form!("{model}: {subject}; its gate accepts it, those of {others} do not"),
    form!("{model}: {subject}; its gate accepts it, with a higher score than {others}"),
    form!("a file without modality"),
    form!("a {format} without modality"),
    form!("a file of modality {}"),
    form!("no model fits: {reasons}; choose one by hand to see its result marked as unfit"),
    form!("{model} is not for {what}"),
    form!("{model} has no gate to look at the image"),
    form!("It has no gate to look at the image."),
    form!(
        "Of {without} images without “{name}”, hardly any had so high a probability: at an error rate of {rate} it is not one of them."
    ),
    form!(
        "Of {with} images with “{name}”, hardly any had so low a probability: at an error rate of {rate} it is not one of them."
    ),
    form!("At an error rate of {rate} the probability fits images with “{name}” and images without it."),
    form!("At an error rate of {rate} the probability fits neither images with “{name}” nor images without it."),
    form!(
        "By itself the probability of “{name}” would be decided at an error rate of {rate}, but that would contradict what is undecided of the other labels, so nothing is said."
    ),
    form!("The image is outside the population that this model was measured on."),
    form!(
        "With {with} images with and {without} without “{name}” nothing can be said at an error rate of {rate}; it takes {n} of either."
    ),
    form!("{} and {n} more"),
    form!("studies"),
    form!("series"),
    form!("{} images"),
    form!("1 image is"),
    form!("{} images are"),
    form!("1 class folder"),
    form!("{} class folders"),
    form!("1 patient stands"),
    form!("{} patients stand"),
    form!("1 image stands"),
    form!("{} images stand"),
    form!("1 entry is"),
    form!("{} entries are"),
    form!("States of whole studies at an error rate of {rate}; calibration set: {set}."),
    form!("States of whole series at an error rate of {rate}; calibration set: {set}."),
    form!("The model disagrees with itself {of} (mutual information high): read without it."),
    form!(
        "With small shifts and turns of the image the answer changes {of} (mutual information high): read without it."
    ),
    form!("The models disagree with each other {of} (mutual information high): read without them."),
    form!("The model cannot decide {of} (entropy high): this image fits them about equally well."),
    form!("The models cannot decide {of} (entropy high): this image fits them about equally well."),
    form!("The model partly disagrees with itself {of} (mutual information moderate): rely on it little."),
    form!(
        "With small shifts and turns of the image the answer moves {of} (mutual information moderate): rely on it little."
    ),
    form!("The models partly disagree {of} (mutual information moderate): rely on them little."),
    form!("The model hesitates {of} (entropy moderate)."),
    form!("The models hesitate {of} (entropy moderate)."),
    form!("The model agrees with itself. That makes it steady, not right."),
    form!("The answer hardly depends on how the image is presented. That makes it steady, not right."),
    form!("The models agree. That makes them alike, not right."),
    form!("between {} and {}"),
    form!("between {} and {}, both {}"),
    form!("between {}, {} and {}"),
    form!("between {}, {} and {}, all {}"),
    form!("about {}"),
    form!("about {} and {}"),
    form!("Whose image this is is not known, so the same patient may be among them."),
    form!(
        "Of {unknown} of the {of} images of the gallery the patient is not known, so the same one may be among them."
    ),
    form!("How far is far is known from {n} images only."),
    form!("The width of the thorax is proposed by the outline of the lungs."),
    form!("AP view: the heart is magnified more than on a PA view, and so is the ratio."),
    form!("The file does not say whether the view is PA or AP; on AP the ratio is larger."),
    form!("A lateral view: the ratio is defined on a frontal one."),
    form!("The view is not PA; the usual limits do not hold for it."),
    form!("Both borders of the heart lie on one side of the midline."),
    form!("At the detector: larger than in the patient, by a magnification not known."),
    form!("The file gives no spacing, so there are no millimetres."),
    form!("Grey values of an image in colour: its luma."),
    form!("The outline crosses itself, so it has no area."),
    form!("No pixel with a value lies inside."),
    form!("{n} pixels of padding or without a value take no part."),
    form!("The file says that its JPEG data is lossless, but it was compressed with loss: fine detail may be lost."),
    form!(
        "The file says {photometric}, but its JPEG data is YCbCr, with fewer samples of colour than of brightness; it was read as that."
    ),
    form!("The file says {bits} bits allocated, but its RLE data has {found} of every sample; it was read as that."),
    form!("The file says that its pixel data is in {said}, but it is {found}; it was read as that."),
    form!("It is a copy of {}, byte for byte, which is open already."),
    form!("Another file has the same SOP Instance UID and holds something else ({}): one of them is not what it says."),
    form!(
        "The modality LUT of an angiogram leads back to X-ray intensity: the display does not go by it (PS3.3 C.8.7.1.1.2), a model does."
    ),
    form!("The file says both MONOCHROME1 and Presentation LUT Shape IDENTITY; low values are shown bright."),
    form!("The image was compressed with loss ({}): fine detail may be lost."),
    form!("Text is burned into the image; it may name the patient."),
    form!("The file says that pixels are {ratio} times as high as wide; they are shown square."),
    form!(
        "Pixels are not square (height to width {ratio}): the image is shown in its true shape, and a model is given the pixels as they are."
    ),
    form!("A display shutter of the file is not sound and was not applied."),
    form!("The modality LUT of the file says nothing of its entries and was not applied."),
    form!("Rescale Slope is 0 and was not applied."),
    form!("The file's window of width {} is not valid and was left out."),
    form!("A VOI LUT of the file was left out: {}."),
    form!(
        "A VOI LUT of the file says that its entries have {bits} bits and holds larger ones: the largest is shown white."
    ),
    form!("The transparency of the image is not used."),
    form!("JPEG is a lossy format: fine detail may be lost."),
    form!("The image is black and white only (1 bit)."),
    form!("The overlay in group {group} of the file is not drawn: {why}."),
    form!("The compressed pixel data of the file is not in fragments, as it should be."),
    form!(
        "The file says that its colours have a sign, which colours in DICOM do not have: their bits are shown without one."
    ),
    form!("{name} is listed in the index and is not there. Copy the whole medium again."),
    form!("{name} is listed in the index and was not opened: it leads out of the folder of the index."),
    form!("{} more of the files that it lists are not there."),
    form!("The index lists no file: open the folder that it lies in instead."),
    form!(
        "The image data ends early or is damaged: {share} of the rows are there, nothing is known from row {row} of {rows} on. Get the file again."
    ),
    form!("less than 1 %"),
    form!("slice at {place} mm ({attribute})"),
    form!(
        "The image data ends early or is damaged: only its first scans are there, and fine detail is missing from the whole image. Get the file again."
    ),
    form!("Scored although a part of the image is missing."),
    form!("Scored although the input gate refused: {}"),
    form!("This model has no input gate: any image is scored, suitable or not."),
    form!(
        "Maps are taken from the layer “{layer}”: those of “{named}”, which the model names, have one place across or down and cannot say where."
    ),
    form!(
        "No sensitivity and specificity of “{name}” at its threshold are on record for this model. `pellucid evaluate DIR --calibrate FOLDER` measures them."
    ),
    form!("The image is {where}; its sensitivity and specificity are those of others."),
    form!("The input gate refused this image: sensitivity and specificity are those of other images."),
];

/// What German makes of sentences.
fn in_german(sentences: Vec<String>) -> Vec<(String, String)> {
    let thread = std::thread::spawn(move || {
        crate::language::enter("de");
        sentences.into_iter().map(|english| (crate::language::said(&english), english)).collect()
    });
    thread.join().unwrap()
}

#[test]
fn forms_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn sentences_that_rooms_below_make_are_known_by_their_form() {
    use crate::model::calibration::{CalibrationError, Target};
    use crate::model::conformal::Verdict;
    use crate::uncertainty::{Posterior, SampleSource, Summary, entropy};
    let mut sentences = Vec::new();
    let target = Target { name: "Pneumonia".into(), ..sample_target() };
    for verdict in [
        Verdict::Present,
        Verdict::Absent,
        Verdict::FitsBoth,
        Verdict::FitsNeither,
        Verdict::HeldBack,
        Verdict::Withheld,
        Verdict::TooFew,
    ] {
        sentences.push(target.reason(verdict, 0.1));
    }
    sentences.push(CalibrationError::Missing.to_string());
    sentences.push(crate::engine::conformal::NoStates::Refused.to_string());
    let manifest = crate::model::registry::manifest("chest-xray").unwrap();
    let summary = |mean: f32| Summary { mean, ..Summary::default() };
    for source in SampleSource::ALL {
        for (total, own) in [(0.9, 0.6), (0.9, 0.0), (0.5, 0.12), (0.5, 0.0), (0.0, 0.0)] {
            let posterior = Posterior {
                labels: vec![summary(0.3), summary(0.4), summary(0.3)],
                predictive_entropy: total,
                mutual_information: own,
                max_entropy: 1.0,
                source,
                ..Posterior::default()
            };
            sentences.push(entropy::words(&posterior, &manifest));
        }
    }
    for (german, english) in in_german(sentences) {
        assert!(german != english && !german.contains(" between "), "{german}");
    }
}

fn sample_target() -> crate::model::calibration::Target {
    crate::model::calibration::tests::made(&crate::model::registry::manifest("chest-xray").unwrap()).targets[0].clone()
}
