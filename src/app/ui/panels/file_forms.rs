//! Forms of sentences on files that could not be used: images, measurements, configurations, galleries
//! and the lung segmenter; as [`super::forms`], for tests and languages alone.

use crate::language::form;

/// Files of any kind, images, kept measurements, galleries, the lung segmenter, configurations.
const FORMS: &[&str] = &[
    form!("it is {what}, not a file"),
    form!("it is {bytes} bytes long, and at most {limit} are read"),
    form!("it is longer than the {limit} bytes that are read at most"),
    form!("there is no memory for its {bytes} bytes"),
    form!("it is not text in UTF-8"),
    form!("The file does not exist. Check the path."),
    form!("The file cannot be read: {reason}."),
    form!("The path leads to {what}, and only files are opened."),
    form!("The file is empty (0 bytes). Copy it again from where it came from."),
    form!("This is not an image: {reason}. Pellucid opens DICOM, PNG, JPEG and TIFF."),
    form!("The file is {bytes} bytes long; files over {limit} bytes are not opened."),
    form!("The image is too large: {reason}."),
    form!("{columns} × {rows} pixels, where a side has at most {most} pixels"),
    form!("{columns} × {rows} pixels, where at most {most} million are opened"),
    form!("{pixels} pixels of {components} samples, where at most {most} million samples are opened"),
    form!("decoding it takes more memory than is allowed"),
    form!("The file is truncated or damaged: {reason}. Copy it again from where it came from."),
    form!("it ends before its content does"),
    form!("its pixel data ends before the first row does"),
    form!("the frame has too few pixels"),
    form!("The DICOM structure is not sound: {reason}. The file was not read any further."),
    form!("{name} is missing, without which pixels have no shape"),
    form!("it declares {columns} columns and {rows} rows"),
    form!("{stored} bits stored do not fit in {allocated} bits allocated"),
    form!(
        "Pixel data in {name} ({uid}) cannot be decoded. Convert the file to an uncompressed transfer syntax first, for example with: {advice}"
    ),
    form!("The pixel data is of a kind that is not supported: {reason}."),
    form!("{count} samples per pixel"),
    form!("This object has no pixels to show: it is a {kind}."),
    form!("The pixel data could not be decoded: {reason}."),
    form!("The decoder of this file's pixel data failed on it; the file is probably damaged."),
    form!("The image has {frames} frame(s); there is no frame number {asked}."),
    form!("Nothing that can be shown was found there."),
    form!("{path} could not be read: {reason}"),
    form!("{path} is no file of measurements of Pellucid: {reason}"),
    form!("it does not say that it is one"),
    form!("{path} is not taken: {reason}"),
    form!("the measurements could not be written to {path}: {reason}"),
    form!("{path} belongs to another image: its pixels are not those of this one; open the image that it was made on"),
    form!("{path} belongs to an image of {was} pixels, and this one has {size}; open the image that it was made on"),
    form!("Its length is not said yet, so it calibrates nothing."),
    form!("Calibrated by the reader: true in the plane of the line of known length alone."),
    form!("The axes are not at right angles."),
    form!("the gallery {path} cannot be read: {reason}"),
    form!("the gallery {path} cannot be written: {reason}"),
    form!("the gallery is damaged ({reason}); make it again with `pellucid models gallery`"),
    form!("the gallery was made with other weights than the model's; make it again with `pellucid models gallery`"),
    form!(
        "the gallery was made of images prepared otherwise than the model's manifest says; make it again with `pellucid models gallery`"
    ),
    form!("the model has no vector in front of its last layer, so images cannot be compared by it"),
    form!(
        "The lungs were not outlined: nothing in the image looks like a lung. It may be no frontal chest radiograph."
    ),
    form!(
        "The lungs were not outlined: what looks like lung covers {share} % of the image, and {least} to {most} % were found in the radiographs that the segmenter has learnt from."
    ),
    form!(
        "The lungs were not outlined: only one field was found where a frontal chest radiograph has two of similar size."
    ),
    form!("this program was built without a lung segmenter; train one with train-segmenter and name its folder"),
    form!("the lung segmenter has no {file}; it needs segmenter.toml and weights.safetensors"),
    form!("{path} cannot be read: {reason}"),
    form!("the description of the lung segmenter is not usable: {reason}"),
    form!(
        "the weights of the lung segmenter are not those that it describes (SHA-256 {found}, stated {stated}); install it again"
    ),
    form!("the weights of the lung segmenter cannot be used: {reason}"),
    form!("the lungs could not be computed: {reason}"),
    form!("the image is empty or holds values that are no numbers, so no lungs were outlined"),
    form!("the configuration {path} cannot be used: {reason}"),
    form!("{path} is there already; choose another name"),
    form!("{path} could not be written: {reason}"),
    form!("{path} holds no folders; one for each class is needed"),
    form!("the data cannot be used: {reason}"),
    form!("no labelled image was found: {reason}"),
    form!("the data cannot be split: {reason}"),
    form!("the run cannot start from {from}: {reason}"),
    form!("`extends` must be the path of another configuration, relative to this one"),
    form!("it extends itself, by way of {path}; take one `extends` out"),
    form!("its `name` is the folder of the run, and {reason}"),
    form!("it has {found} {what}; at most {most} make sense"),
    form!("`{name}` is {value}, but must lie between {low} and {high}"),
    form!("exclusive classes (head = \"softmax\") need at least two labels; one finding alone is head = \"sigmoid\""),
    form!("the label \"{name}\" is there twice"),
    form!("the group \"{group}\" names \"{member}\", which is none of the labels"),
    form!("a suggestion names \"{name}\", which is no label and no group"),
    form!("it needs at least one `[[phase]]` with epochs"),
    form!("a phase has the image size {size}, but it must lie between 16 and 2048"),
    form!("the input must be square"),
    form!("the input must have one channel or three"),
    form!("`[data]` names no images: give `folders`, a `csv` table or `npz` archives"),
    form!("the `separator` of the labels in the table is empty; it is \"|\" in most tables"),
    form!("a label rule names \"{name}\", which is none of the labels"),
    form!("a patient pattern does not parse: {reason}"),
    form!("the patient pattern `{pattern}` has no group in brackets that names the patient"),
    form!("`validation` and `test` together leave less than 5 % to learn from"),
    form!("`validation`, `calibration` and `test` together leave less than 5 % to learn from"),
    form!("it names no `[[labels]]`, and only data in a folder for each class can do without"),
    form!("the data folder {folder} cannot be read ({reason}); name its parent with --data"),
    form!("there are {count} class folders, which is no set of labels; name `[[labels]]`"),
    form!("the data folders hold {count}, and telling classes apart needs at least two"),
    form!("`balance.smote` needs classes that exclude each other (head = \"softmax\")"),
    form!("`balance.smote` is \"features\" with a frozen backbone (`transfer.freeze`) and \"pixels\" without"),
    form!(
        "`augment.mixup` mixes images, and a frozen backbone's features are made of single ones; leave one of the two out"
    ),
    form!("`focal_alpha` is for findings on their own (head = \"sigmoid\"); exclusive classes have `class_weights`"),
    form!("`nesterov` needs a `momentum` above 0"),
    form!("`step_epochs` must be at least 1"),
    form!("`batch` must be at least 2, for batch norm needs a spread"),
    form!("there is no stage \"{stage}\"; this network has {known}"),
    form!("`freeze = \"backbone\"` trains the head alone; leave it out where `train_from` names a stage"),
    form!("frozen stages need weights: name a model or a weights file in `start_from`"),
    form!("`[[unfreeze]]` has nothing to unfreeze: set `freeze = \"backbone\"` or `train_from` in `[transfer]`"),
    form!("the epochs of `[[unfreeze]]` must rise"),
    form!("The settings could not be read ({reason}): defaults are used."),
    form!("The settings file holds no settings: defaults are used."),
    form!("The settings file is broken ({reason}): defaults are used."),
    form!("Some settings could not be used, and have their defaults: {names}."),
    form!("line {line}: {reason}"),
    form!("a file has at most {most} rules"),
    form!("a grid has at most {most} places"),
    form!("a text or a list of texts is expected, like [\"CR\", \"DX\"]"),
    form!("there is no grid “{words}”; there are {known} (rows x columns)"),
    form!(
        "“{words}” names no image; there are current, prior, current:lateral (or another view or side), series 2, prior series 2, empty"
    ),
    form!("The system gave no thread: {reason}."),
    form!("the system gave no thread: {reason}"),
    form!("This folder holds no log of a run (log.csv)."),
    form!("The log could not be read: {reason}"),
    form!("the trainer met a fault of its own; please report it with the configuration"),
    form!("There is no {method} map of {place}."),
];

#[test]
fn forms_of_files_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_german() {
    use crate::measurement::measured::LENGTH_UNKNOWN;
    use crate::model::gallery::GalleryError;
    use crate::model::lungs::SegmenterError;
    use crate::study::StudyError;
    use crate::training::config::Config;

    let folder = tempfile::tempdir().unwrap();
    let config = |text: &str| {
        let path = folder.path().join("run.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap_err().to_string()
    };
    let sentences = vec![
        StudyError::NotFound.to_string(),
        StudyError::TooLarge("13 × 4587531 pixels, where a side has at most 65535 pixels".into()).to_string(),
        StudyError::Truncated("it ends before its content does".into()).to_string(),
        StudyError::NoSuchFrame { asked: 7, frames: 3 }.to_string(),
        StudyError::CodecPanic.to_string(),
        GalleryError::OtherWeights.to_string(),
        SegmenterError::NotEmbedded.to_string(),
        SegmenterError::Incomplete("segmenter.toml").to_string(),
        LENGTH_UNKNOWN.to_owned(),
        config("size = 32\nhead = \"softmax\"\n[[labels]]\nname = \"A\"\n[data]\nfolders = [\"x\"]\n"),
    ];
    let thread = std::thread::spawn(move || {
        crate::language::enter("de");
        sentences.into_iter().map(|english| (crate::language::said(&english), english)).collect::<Vec<_>>()
    });
    for (german, english) in thread.join().unwrap() {
        assert!(german != english, "no German for “{english}”");
        for word in [" the ", " where ", " which "] {
            assert!(!german.contains(word), "“{german}” is English in part");
        }
    }
}
