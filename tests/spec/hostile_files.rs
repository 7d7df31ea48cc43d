//! Files that claim what they do not hold, lead elsewhere, or were made to do harm: each ends with
//! a sentence, in little time and memory, and stands in the way of nothing else.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use pellucid::model::import::fit::fit;
use pellucid::model::import::{Foreign, ImportError, format};
use pellucid::network::architecture::Family;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::cli::{pellucid, said};
use crate::toy;

/// A pickle of protocol 2, written instruction by instruction.
struct Pickle(Vec<u8>);

impl Pickle {
    fn new() -> Self {
        Self(b"\x80\x02".to_vec())
    }

    fn text(mut self, text: &str) -> Self {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    fn int(mut self, value: i32) -> Self {
        self.0.push(b'J');
        self.0.extend(value.to_le_bytes());
        self
    }

    fn raw(mut self, instructions: &[u8]) -> Self {
        self.0.extend(instructions);
        self
    }

    /// Remembers the last object.
    fn put(mut self, number: u32) -> Self {
        self.0.push(b'r');
        self.0.extend(number.to_le_bytes());
        self
    }

    fn get(mut self, number: u32) -> Self {
        self.0.push(b'j');
        self.0.extend(number.to_le_bytes());
        self
    }

    /// `torch._utils._rebuild_tensor_v2` of storage 0, which is said to hold `count` floats.
    fn tensor(self, count: i32, size: &[i32], stride: &[i32]) -> Self {
        let sides = |pickle: Self, sides: &[i32]| {
            sides.iter().fold(pickle.raw(b"("), |pickle, side| pickle.int(*side)).raw(b"t")
        };
        let storage = self
            .raw(b"ctorch._utils\n_rebuild_tensor_v2\n((")
            .text("storage")
            .raw(b"ctorch\nFloatStorage\n")
            .text("0")
            .text("cpu")
            .int(count)
            .raw(b"tQ")
            .int(0);
        sides(sides(storage, size), stride).raw(b"\x89}tR")
    }

    /// A module with these entries under `_modules` (numbers of remembered ones) and what `own`
    /// writes as its parameters.
    fn module(self, modules: &[(&str, u32)], own: impl Fn(Self) -> Self) -> Self {
        let start = self.raw(b"cmine\nModule\n)\x81}(").text("_modules").raw(b"}(");
        let named = modules.iter().fold(start, |pickle, (name, number)| pickle.text(name).get(*number));
        own(named.raw(b"u").text("_parameters").raw(b"}(")).raw(b"uub")
    }

    fn archive(self, storage: &[u8]) -> Vec<u8> {
        let pickle = self.raw(b".").0;
        archive(&[("archive/data.pkl", &pickle), ("archive/data/0", storage)], CompressionMethod::Stored)
    }
}

fn archive(parts: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Result<Foreign, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    fs::write(&path, bytes).unwrap();
    format::read(&path)
}

/// So many levels of modules that each name the next one twice; the last one has what `own` writes.
fn shared(levels: u32, own: impl Fn(Pickle) -> Pickle) -> Vec<u8> {
    let last = Pickle::new().module(&[], own).put(0);
    let all = (1..=levels).fold(last, |pickle, level| {
        pickle.raw(b"0").module(&[("a", level - 1), ("b", level - 1)], |pickle| pickle).put(level)
    });
    all.archive(&[0; 4])
}

#[test]
fn modules_that_share_each_other_are_counted_once() {
    let nothing = read(&shared(60, |pickle| pickle)).unwrap_err();
    assert!(matches!(nothing, ImportError::NoTensors), "{nothing}");
    let weight = |pickle: Pickle| pickle.text("weight").tensor(1, &[1], &[1]);
    let endless = read(&shared(60, weight)).unwrap_err();
    assert!(matches!(endless, ImportError::TooMany { .. }), "{endless}");
    // A module that honestly stands under two names has its tensors under both, as PyTorch's own
    // state dict has.
    let names: Vec<String> = read(&shared(2, weight)).unwrap().tensors.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.a.weight", "a.b.weight", "b.a.weight", "b.b.weight"]);
}

#[test]
fn a_module_inside_itself_ends_with_a_sentence() {
    let inside = Pickle::new()
        .raw(b"cmine\nModule\n)\x81")
        .put(0)
        .raw(b"}(")
        .text("_modules")
        .raw(b"}(")
        .text("a")
        .get(0)
        .text("b")
        .get(0)
        .raw(b"uub");
    assert!(matches!(read(&inside.archive(&[])).unwrap_err(), ImportError::TooDeep { .. }));
}

#[test]
fn a_shape_is_accepted_before_its_values_are_gathered() {
    // 4 bytes that stride 0 repeats to 2 GB.
    let state = Pickle::new().raw(b"}(").text("conv1.weight").tensor(1, &[536_870_911], &[0]).raw(b"u");
    let foreign = read(&state.archive(&[0; 4])).unwrap();
    assert_eq!(foreign.tensors, [("conv1.weight".to_owned(), vec![536_870_911])]);
    let refused = fit(&foreign, Family::Resnet18).unwrap().accept(&foreign, false).unwrap_err();
    assert!(refused.to_string().contains("does not fit resnet18"), "{refused}");
}

#[test]
fn sides_and_strides_beyond_the_storage_are_refused() {
    for (count, size, stride) in [
        (1, vec![2], vec![1]),
        (1, vec![i32::MAX, i32::MAX], vec![0, 0]),
        (1, vec![-1], vec![1]),
        (4, vec![2, 2], vec![-1, 1]),
        (i32::MAX, vec![i32::MAX], vec![1]),
        (1, vec![1; 9], vec![1; 9]),
        (4, vec![2, 2], vec![1]),
    ] {
        let state = Pickle::new().raw(b"}(").text("w").tensor(count, &size, &stride).raw(b"u");
        let error = read(&state.archive(&[0; 4])).unwrap_err();
        assert!(error.to_string().contains("not described as PyTorch does"), "{size:?} {stride:?}: {error}");
    }
}

#[test]
fn values_that_are_not_there_are_missed_when_they_are_read() {
    let state = Pickle::new().raw(b"}(").text("w").tensor(1000, &[1000], &[1]).raw(b"u");
    let foreign = read(&state.archive(&[0; 40])).unwrap();
    assert!(matches!(foreign.read(&[0]).unwrap_err(), ImportError::CutShort));
}

#[test]
fn a_part_that_unpacks_to_far_more_than_it_is_packed_in_is_refused() {
    let nothing = vec![0u8; 64 << 20];
    let pickle = Pickle::new().raw(b"}(").text("w").tensor(16 << 20, &[16 << 20], &[1]).raw(b"u.").0;
    let parts: [(&str, &[u8]); 2] = [("archive/data.pkl", &pickle), ("archive/data/0", &nothing)];
    let packed = archive(&parts, CompressionMethod::Deflated);
    assert!(packed.len() < 1 << 20);
    let refused = read(&packed).unwrap().read(&[0]).unwrap_err().to_string();
    assert!(refused.contains("would unpack to 67108864"), "{refused}");
    let keras = archive(&[("model.weights.h5", &nothing)], CompressionMethod::Deflated);
    assert!(read(&keras).unwrap_err().to_string().contains("would unpack"), "a Keras archive too");
}

#[test]
fn a_header_of_safetensors_is_held_to_its_file() {
    let file = |header: &str, values: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + values, 0);
        bytes
    };
    let entry = |shape: &str, to: u64| format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{to}]}}}}"#);
    assert_eq!(read(&file(&entry("[2]", 8), 8)).unwrap().tensors, [("w".to_owned(), vec![2])]);
    assert!(matches!(read(&file(&entry("[1073741824]", 1 << 32), 8)).unwrap_err(), ImportError::CutShort));
    for (shape, to) in [("[3]", 8), ("[4294967296,4294967296,4294967296]", 8)] {
        assert!(matches!(read(&file(&entry(shape, to), 8)).unwrap_err(), ImportError::Damaged(_)), "{shape}");
    }
    let mut endless = u64::MAX.to_le_bytes().to_vec();
    endless.extend(b"{}");
    assert!(matches!(read(&endless).unwrap_err(), ImportError::Damaged(_)));
}

#[test]
fn a_file_that_would_run_code_is_named_as_suspicious_and_no_advice_opens_it() {
    let home = tempfile::tempdir().unwrap();
    let attack = Pickle::new().raw(b"ctimeit\ntimeit\n(").text("open('harm-was-done', 'w')").raw(b"tR.");
    fs::write(home.path().join("w.pth"), attack.0).unwrap();
    let import = "models import w.pth --arch resnet18 --preset imagenet --head softmax --labels A,B";
    let output = pellucid(home.path(), &import.split(' ').collect::<Vec<_>>());
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("timeit.timeit") && said.contains("suspicious") && said.contains("safetensors"), "{said}");
    assert!(!said.contains("weights_only") && !said.contains("torch.load"), "{said}");
    assert!(!home.path().join("harm-was-done").exists());
    for error in [ImportError::NoTensors, ImportError::TorchScript, ImportError::Tar] {
        let said = error.to_string();
        assert!(said.contains("save_file") && !said.contains("load("), "{said}");
    }
}

/// What `pellucid` says and how it ends, with `home` for a data folder.
fn at_home(home: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .args(arguments)
        .current_dir(home)
        .env("XDG_DATA_HOME", home.join("data"))
        .output()
        .expect("the binary was built");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
}

#[cfg(target_os = "linux")]
fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_broken_model_folder_is_listed_with_its_reason_and_blocks_no_other() {
    let home = tempfile::tempdir().unwrap();
    let models = home.path().join("data/pellucid/models");
    fs::create_dir_all(&models).unwrap();
    toy::model(&models);
    for name in ["empty", "pipe", "endless", "huge", "nonsense", ".hidden"] {
        fs::create_dir(models.join(name)).unwrap();
    }
    let manifest = |name: &str| models.join(name).join("manifest.toml");
    pipe(&manifest("pipe"));
    std::os::unix::fs::symlink("/dev/zero", manifest("endless")).unwrap();
    fs::File::create(manifest("huge")).unwrap().set_len(3 << 30).unwrap();
    fs::write(manifest("nonsense"), "name = 7").unwrap();

    let (code, listed, said) = at_home(home.path(), &["models", "list"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(listed.contains("chest-xray") && listed.contains("toy 1"), "{listed}");
    for reason in [
        "“empty” has no manifest.toml",
        "pipe/manifest.toml cannot be read: it is a named pipe",
        "endless/manifest.toml cannot be read: it is a device",
        "huge/manifest.toml cannot be read: it is 3221225472 bytes long",
        "the manifest of “nonsense” is not usable",
    ] {
        assert!(said.contains(reason), "{reason} is not in {said}");
    }
    assert!(!said.contains("hidden"), "{said}");

    toy::picture(&home.path().join("a.png"), 1);
    let (code, scored, said) = at_home(home.path(), &["predict", "--force", "a.png"]);
    assert!(code == Some(0) && !scored.is_empty(), "a model is still chosen: {said}");
}

#[test]
fn a_background_set_that_claims_gigabytes_is_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let model = toy::model(home.path());
    let mut pictures = String::new();
    for i in 0..1000 {
        let _ =
            write!(pictures, r#"{}{{"file": "{i}.png", "range": [0, 1], "weight": 1}}"#, if i > 0 { "," } else { "" });
    }
    let about = format!(
        r#"{{"source": "none", "input": {{"width": 4096, "height": 4096, "channels": 1, "resize": "squash",
        "normalization": "per-image"}}, "pictures": [{pictures}]}}"#
    );
    let set = archive(&[("about.json", about.as_bytes())], CompressionMethod::Deflated);
    fs::write(model.join("background.zip"), set).unwrap();
    toy::picture(&home.path().join("a.png"), 1);
    let output = pellucid(home.path(), &["predict", "--model", "toy", "a.png"]);
    let said = said(&output);
    assert!(!output.status.success() && said.contains("4096×4096") && said.contains("64×64"), "{said}");
}

/// A configuration with two classes of images beside it; `more` stands at its head.
fn configuration(folder: &Path, more: &str) {
    for (class, first) in [("blobs", 0), ("others", 100)] {
        for seed in first..first + 8 {
            toy::picture(&folder.join("films").join(class).join(format!("{seed}.png")), seed);
        }
    }
    let text = format!("{more}\n[data]\nfolders = [\"films\"]\n[architecture]\nfamily = \"custom-cnn\"\n");
    fs::write(folder.join("run.toml"), text + "[optimization]\nbatch = 4\n").unwrap();
}

#[test]
fn the_name_of_a_run_cannot_leave_the_folder_of_runs() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/deeper");
    for name in ["../../evil", "/tmp/evil", "..", "a/b", "-rf", "nul", ".hidden", "a.", "x\\u001b[2J"] {
        configuration(&folder, &format!("name = \"{name}\"\nsize = 32"));
        let output = pellucid(&folder, &["train", "run.toml", "--max-steps", "1"]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("cannot be the name of a folder"), "{name}: {said}");
    }
    let mut left: Vec<_> = fs::read_dir(&folder).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["films", "run.toml"], "nothing was written");
    assert!(!home.path().join("evil").exists());
}

#[test]
fn absurd_numbers_in_a_configuration_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, wrong) in [
        ("batch = 4", "batch = 1000000000"),
        ("batch = 4", "batch = 4\npatience = 9000000000000000000"),
        ("batch = 4", "batch = 4\nclip_norm = nan"),
        ("batch = 4", "batch = 4\n[[phase]]\nepochs = 9000000000000000000"),
        ("batch = 4", "batch = 4\n[[phase]]\nepochs = 2\nsize = 1000000"),
        ("batch = 4", "batch = 4\nlearning_rate = 1e300"),
        ("family = \"custom-cnn\"", "family = \"custom-cnn\"\nwidths = [1000000, 1000000, 1000000, 1000000]"),
        ("family = \"custom-cnn\"", "family = \"custom-cnn\"\nhidden = [16384, 16384, 16384, 16384]\ngrid = 16"),
        ("family = \"custom-cnn\"", "family = \"custom-cnn\"\nblocks = [10000, 1, 1, 1]"),
    ] {
        configuration(folder.path(), "size = 32");
        let path = folder.path().join("run.toml");
        let text = fs::read_to_string(&path).unwrap().replace(setting, wrong);
        fs::write(&path, text).unwrap();
        let output = pellucid(folder.path(), &["train", "run.toml"]);
        let said = said(&output);
        assert!(output.status.code() == Some(1) && said.contains("run.toml cannot be used"), "{wrong}: {said}");
    }
}

#[test]
fn memory_that_is_not_there_is_told_before_a_run_starts() {
    let folder = tempfile::tempdir().unwrap();
    configuration(folder.path(), "size = 2048");
    let path = folder.path().join("run.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("batch = 4", "batch = 4096")).unwrap();
    let output = pellucid(folder.path(), &["train", "run.toml"]);
    let said = said(&output);
    assert!(output.status.code() == Some(1) && said.contains("GB of memory"), "{said}");
    assert!(said.contains("`size` or `batch` smaller"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_and_devices_in_the_place_of_tables_and_configurations_are_named() {
    let folder = tempfile::tempdir().unwrap();
    configuration(folder.path(), "size = 32");
    pipe(&folder.path().join("pipe"));
    let text = fs::read_to_string(folder.path().join("run.toml")).unwrap();
    let table = "csv = { file = \"pipe\", images = [\"films\"] }";
    let labels = "\n[[labels]]\nname = \"a\"\n[[labels]]\nname = \"b\"\n";
    let started = "[transfer]\nstart_from = \"pipe\"\n";
    for (name, text) in [
        ("table.toml", text.replace("folders = [\"films\"]", table) + labels),
        ("split.toml", text.replace("[architecture]", "split = \"pipe\"\n[architecture]")),
        ("npz.toml", text.replace("folders = [\"films\"]", "npz = [\"pipe\"]") + labels),
        ("start.toml", text.clone() + started),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        let output = pellucid(folder.path(), &["train", name, "--max-steps", "1", "--out", "out"]);
        let said = said(&output);
        assert!(output.status.code() == Some(1) && said.contains("it is a named pipe, not a file"), "{name}: {said}");
    }
    for arguments in [["train", "pipe"], ["train", "/dev/zero"], ["ablate", "pipe"], ["crossval", "pipe"]] {
        let output = pellucid(folder.path(), &[arguments.as_slice(), &["--out", "out"]].concat());
        let said = said(&output);
        assert!(output.status.code() == Some(1) && said.contains(", not a file"), "{arguments:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn what_holds_patient_data_is_its_owners_alone_and_a_model_is_not() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    configuration(folder.path(), "size = 32");
    let mode = |path: &str| {
        folder.path().join(path).metadata().unwrap_or_else(|e| panic!("{path}: {e}")).permissions().mode() & 0o777
    };
    let run = |arguments: &str| {
        let output = pellucid(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{arguments}: {}", said(&output));
    };
    fs::write(folder.path().join("any"), "as the umask has it").unwrap();
    run("report --model toy --out case.pdf films/blobs/0.png");
    run("explain --model toy --png map.png --raw map.npy films/blobs/0.png");
    run("data check --out checked films");
    run("train run.toml --max-epochs 1 --out run");
    let private =
        ["case.pdf", "case.json", "map.png", "map.npy", "checked/check.json", "checked/contact.png", "run/split.csv"];
    for path in private {
        assert_eq!(mode(path), 0o600, "{path}");
    }
    for path in ["run/model/weights.safetensors", "run/model/manifest.toml", "run/model/CARD.md", "run/log.csv"] {
        assert_eq!(mode(path), mode("any"), "{path}");
    }
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    configuration(folder.path(), "size = 32");
    let out = folder.path().join("run/model");
    fs::create_dir_all(&out).unwrap();
    for left in [".pellucid-half.tmp", "model/.pellucid-half.tmp"] {
        fs::write(folder.path().join("run").join(left), "half a checkpoint").unwrap();
    }
    fs::write(folder.path().join("run/notes.tmp"), "somebody else's").unwrap();
    let output = pellucid(folder.path(), &["train", "run.toml", "--max-epochs", "1", "--out", "run"]);
    assert!(output.status.success(), "{}", said(&output));
    for folder in [folder.path().join("run"), out] {
        let hidden =
            fs::read_dir(&folder).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 0, "{}", folder.display());
    }
    assert!(folder.path().join("run/notes.tmp").exists());
}
