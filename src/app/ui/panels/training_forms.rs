//! Forms of what a training says while it prepares and runs, as far as no error declares it; as
//! [`super::forms`], for tests and languages alone.

use crate::language::form;

/// Of configurations, patients, data that are left out, splits, calibration. A list of ways stands
/// before each way of its own.
const FORMS: &[&str] = &[
    form!("Scores images for: {labels}."),
    form!("Patients: {ways}, by file names ({words}) in {images}."),
    form!("Patients: {ways}, by the DICOM header in {images}."),
    form!("Patients: {ways}."),
    form!("{ways}, by file names ({words}) in {images}"),
    form!("{ways}, by the DICOM header in {images}"),
    form!("{ways}, by the table in {images}"),
    form!("by file names ({words}) in {images}"),
    form!("by the DICOM header in {images}"),
    form!("by the table in {images}"),
    form!("by the given pattern in {images}"),
    form!("not recognised"),
    form!("1 image counts as a patient of its own"),
    form!("{n} images count as patients of their own"),
    form!("No patient was recognised, so each of the {n} images counts as a patient of its own."),
    form!(
        "If some are of one patient, intervals are too narrow, and a split may put one patient on both sides: {how}."
    ),
    form!("{n} warnings about the data in all"),
    form!("{reason}, so it was left out"),
    form!("{n} files were left out, the first because {reason}"),
    form!("The lungs were outlined on {found} of {} images; the surroundings of the others stay as they are"),
    form!("{moved} images are near-duplicates of others and stay on their side of the split"),
    form!("{n} patients stand in more than one part, \"{first}\" among them: the metrics will flatter"),
    form!("label {label} has no image in the {part} part; it needs more patients or another validation share"),
    form!("the {part} part has no image"),
    form!("no part is set apart for calibration: {why}."),
    form!("The validation images calibrate, though they choose epoch, temperature and thresholds"),
    form!("The model has no calibration.toml: {why}"),
    form!("The model has no population detector: {why}"),
    form!("{n} images are not in {path} and take no part"),
    form!("{n} images of {path} are not in the data"),
    form!("neither a rule nor the folder name \"{name}\" gives it a label"),
    form!("no image bears the label \"{label}\"; {instead}"),
    form!("add images of it, or leave the label out"),
];

/// Of tables, arrays, splits, runs and what they start from.
const DATA_FORMS: &[&str] = &[
    form!("the table {path} cannot be read: {reason}"),
    form!("the table {path} has no column \"{name}\"; its columns are {columns}"),
    form!(
        "the table {path} has no column that looks like a file name (name it with `image`); its columns are {columns}"
    ),
    form!(
        "the table {path} has neither a column of label strings (name it with `labels`) nor a column for {missing}; its columns are {columns}"
    ),
    form!("the table {path} has more than {n} images"),
    form!("row {n} of the table names no image"),
    form!("no file of this name lies in the folders of the images or below them"),
    form!("{n} images have findings that may include {labels} without saying so ({list}): {fate}"),
    form!("they count as without it; ambiguous = leave-out leaves them out"),
    form!("they were left out"),
    form!("the table {path} names none of the labels {wanted}; it names {there}"),
    form!("the table {path} yields nothing; {why} ({n} rows are of other views)"),
    form!("the table {path} yields nothing; {why}"),
    form!("it has no rows"),
    form!("{n} rows were left out in all"),
    form!("no image of it has {labels}; it also names {there}"),
    form!("no image of it has {labels}"),
    form!("it also names {there}: no labels here, so they count as absent"),
    form!("the data name \"{near}\": is that meant? Write it so, or as one of the label's `aliases`"),
    form!("the data also name {words}"),
    form!("correct the label, or leave it out"),
    form!("{folder} holds no DICOM, PNG, JPEG or TIFF file"),
    form!("the folders hold no files"),
    form!("the split table {path} cannot be read: {reason}"),
    form!("the split table {path} has no column \"{name}\"; its columns are {columns}"),
    form!("the split table {path} says \"{name}\" in row {row}; a part is training, validation, calibration or test"),
    form!(
        "the split table {table} names {name}, and both {other} and {image} are called so; choose the folder that its paths begin in"
    ),
    form!("the split file {path} cannot be read: {reason}"),
    form!("the split file {path} has no column `{name}`; its columns are {columns}"),
    form!("the split file {path} says \"{name}\" in row {row}; a part is training, validation, calibration or test"),
    form!("the split file {path} puts \"{image}\" into two parts"),
    form!("the split file {path} names none of the images: it says \"{theirs}\", the data say \"{ours}\""),
    form!(
        "{path} holds {array} of the shape {shape}, but images are (n, height, width) or (n, height, width, 3) bytes, at most {n} of at most {pixels} pixels"
    ),
    form!("{path} holds no pair of arrays like train_images and train_labels; it holds {names}"),
    form!("the labels have the shape {shape} for {n} images"),
    form!("it has {n} findings an image; at most {most} make sense"),
    form!("it has {n} labels of all images together; at most {most} are held"),
    form!("it has {n} findings an image, but the configuration has {known} labels"),
    form!("it has {n} findings an image that need not exclude each other; write head = \"sigmoid\""),
    form!("it has the class number {v}, but the configuration has only {known} labels"),
    form!("{array} is no array of images"),
    form!("it is no ZIP archive, or it was cut short"),
    form!("its directory is not where it should be"),
    form!("its directory is too long for an archive of arrays"),
    form!("its directory points to the wrong place"),
    form!("its directory was cut short"),
    form!("{name} is compressed by method {n}, not by deflate"),
    form!("{name} is no NumPy array"),
    form!("{name} has numbers or an order that are not read here"),
    form!("{name} claims more numbers than it has"),
    form!("it asks for more memory than is allowed"),
    form!("the data tell {own} apart, and the model {theirs}; name the folder of the run's own data"),
    form!("{path} is an archive, and only images in files of their own are scored by their run"),
    form!("there are {n} images to fit a detector to, and it takes {fewest}"),
    form!("there are {n} images to say where the population ends, and it takes {fewest}"),
    form!("the network's features are not numbers; its weights may be damaged (`pellucid models verify`)"),
    form!("the images are all alike, so nothing can be said of how far others lie from them"),
    form!("no population detector can be fitted: {reason}"),
    form!(
        "`lung_evidence` needs a network that ends in the mean of its last maps and one linear layer, and {family} does not; leave it out or choose another family"
    ),
    form!("the model's score of {name} is not a number; lower the learning rate and train again"),
    form!("the state after its last good epoch is kept in {path}"),
    form!("no epoch was finished, so nothing is kept"),
    form!("it is a {theirs}, and this configuration makes a {ours}; choose the same family"),
    form!(
        "its weights belong to another padding or ε; set padding = \"{padding}\" and epsilon = {epsilon} in [architecture]"
    ),
    form!(
        "none of its tensors before the head has the name and shape of one of this network; it belongs to another architecture"
    ),
    form!(
        "{n} tensors of stages that stand still are not in it (the first is {first}), so they would stay random; unfreeze their stages or start from another model"
    ),
    form!("{n} of {all} tensors start from {from}"),
    form!("{stem} is summed over the three colours"),
    form!("{stem} is shared out to the three colours"),
    form!("{names} start anew"),
    form!("left out are {n} tensors that this network does not have ({modules})"),
    form!("{sentence} (it tells {theirs} labels apart, this one {ours})"),
    form!("the stages before {stage} yield maps, not a feature vector; use `train_from`"),
    form!("its header is too long to be one"),
    form!("TOML parse error at line {line}, column {column}\n{where}"),
    form!("{where}\nmissing field `{name}`"),
    form!("{where}\nunknown field `{name}`, expected one of {names}"),
    form!("{where}\ninvalid type: {found}, expected {wanted}"),
    form!("{name} has another size than in this network"),
];

#[test]
fn forms_of_a_training_are_told_apart() {
    let mut forms = [FORMS, DATA_FORMS].concat();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len() + DATA_FORMS.len());
}

/// What stands in German, of a sentence of a training.
fn german(sentence: &str) -> String {
    crate::language::within("de", || crate::language::said(sentence))
}

/// A folder with one file.
fn folder_with(name: &str, words: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, words).unwrap();
    (folder, path)
}

#[test]
fn what_is_wrong_with_a_table_of_a_training_is_said_in_german() {
    use crate::training::data::split::split_table::SplitTable;

    for (words, wanted) in [
        ("file,split\n1,test\n", "hat keine Spalte \"image\"; ihre Spalten sind file, split"),
        (
            "image,split\n1,maybe\n",
            "sagt \"maybe\" in Zeile 2; ein Teil ist training, validation, calibration oder test",
        ),
    ] {
        let (_folder, path) = folder_with("split of a day.csv", words);
        let sentence = SplitTable::read(&path).unwrap_err().to_string();
        let said = german(&sentence);
        assert!(said.contains(wanted) && said.starts_with("die Daten"), "{sentence}\n{said}");
    }
    let toml = "[[labels]]\nname = \"A\"\n[[labels]]\nname = \"B\"\n[data]\ncsv = { file = \"table.csv\" }\n[architecture]\nfamily = \"custom-cnn\"\n";
    for (words, wanted) in [
        ("a,b\n1,2\n", "hat keine Spalte, die wie ein Dateiname aussieht"),
        (
            "image,label\n1.png,A\n",
            "ergibt nichts; 1.png: in den Ordnern der Bilder und darunter liegt keine Datei dieses Namens",
        ),
        ("image,label\n", "ergibt nichts; sie hat keine Zeilen"),
    ] {
        let (folder, _) = folder_with("table.csv", words);
        std::fs::write(folder.path().join("c.toml"), toml).unwrap();
        let config = crate::training::config::Config::read_for(&folder.path().join("c.toml"), folder.path()).unwrap();
        let sentence = crate::training::data::list::list(&config, folder.path(), None).unwrap_err().to_string();
        let said = german(&sentence);
        assert!(said.contains(wanted), "{sentence}\n{said}");
    }
}

#[test]
fn what_is_wrong_with_arrays_and_what_a_run_starts_from_is_said_in_german() {
    let (_folder, path) = folder_with("a.npz", "nothing of the kind");
    let config = "[[labels]]\nname = \"A\"\n[[labels]]\nname = \"B\"\n[data]\nnpz = [\"a.npz\"]\n[architecture]\nfamily = \"custom-cnn\"\n";
    let toml = path.with_file_name("c.toml");
    std::fs::write(&toml, config).unwrap();
    let root = path.parent().unwrap();
    let config = crate::training::config::Config::read_for(&toml, root).unwrap();
    let sentence = crate::training::data::list::list(&config, root, None).unwrap_err().to_string();
    let said = german(&sentence);
    assert!(said.ends_with("es ist kein ZIP-Archiv, oder es bricht ab"), "{sentence}\n{said}");
    let taken = "9 of 12 tensors start from base; conv1 is summed over the three colours; fc start anew";
    let wanted = "9 von 12 Tensoren beginnen mit base; conv1 wird über die drei Farben summiert; fc beginnen neu";
    assert_eq!(german(taken), wanted);
}

#[test]
fn how_patients_were_recognised_is_said_in_german() {
    use crate::study::patients::{PatientSource, Recognition};

    let sources =
        [PatientSource::Header, PatientSource::Name("IM-N"), PatientSource::Name("IM-N"), PatientSource::Nothing];
    let sentence = sources.into_iter().collect::<Recognition>().sentence();
    let german = crate::language::within("de", || crate::language::said(&sentence));
    let wanted = "Patienten: nach dem DICOM-Header bei 1 Bild, nach Dateinamen (IM-N) bei 2 Bildern; 1 Bild zählt als eigener Patient.";
    assert_eq!(german, wanted);
}

#[test]
fn where_a_configuration_is_wrong_is_said_in_german() {
    for (words, wanted) in [
        (
            "seeds = 3\n",
            "TOML-Fehler in Zeile 1, Spalte 1\n  |\n1 | seeds = 3\n  | ^^^^^\nunbekanntes Feld `seeds`; möglich: `extends`",
        ),
        ("seed = 3\n", "es fehlt das Feld `data`"),
        ("seed = \"a\"\n", "falscher Typ: string \"a\", erwartet: u64"),
    ] {
        let (_folder, path) = folder_with("c.toml", words);
        let error = crate::training::config::Config::read_for(&path, path.parent().unwrap()).unwrap_err();
        let said = german(&error.to_string());
        assert!(said.contains(wanted), "{error}\n{said}");
    }
}

#[test]
fn what_part_calibration_images_took_in_a_model_is_said_in_german() {
    use crate::evaluation::calibrate::Role;

    for role in [Role::Unknown, Role::Validation, Role::Calibration, Role::Apart] {
        assert_ne!(german(role.note()), role.note());
    }
}
