//! Published models by name: fetched from a server on this machine, checked, imported. Nothing here
//! needs a network.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Device;
use candle_nn::VarMap;
use pellucid::cancel::CancelToken;
use pellucid::connections::authorities::Authorities;
use pellucid::files::sha256;
use pellucid::model::catalogue::Catalogue;
use pellucid::model::catalogue::obtain::{ObtainError, Obtained, Order, Origin, Places, Step, obtain};
use pellucid::model::fetch::proxies::Proxies;
use pellucid::model::fetch::{FetchError, Settings};
use pellucid::model::registry;
use pellucid::model::source::Identity;
use pellucid::network::architecture::{Architecture, Family};
use tempfile::TempDir;

use crate::cli::{code, lines, said};
use crate::local_server::{Asked, Server, file, proxy, respond, silence};
use crate::toy;

/// A small network's weights with three outputs, of which the middle one was never trained.
fn weights() -> Arc<[u8]> {
    let folder = tempfile::tempdir().unwrap();
    let (vars, path) = (VarMap::new(), folder.path().join("w.safetensors"));
    Architecture::new(Family::ShallowCnn).trainable(1, 3, &vars, &Device::Cpu, 5).unwrap();
    vars.save(&path).unwrap();
    fs::read(path).unwrap().into()
}

/// A catalogue with the one entry `shadows`, of what is said behind `more`.
fn catalogue(address: &str, more: &str) -> String {
    format!(
        r#"
[[models]]
name = "shadows"
title = "Shadows of three kinds"
publisher = "Nobody"
task = "two findings of a chest radiograph"
architecture = "shallow-cnn"
preset = "torchxrayvision"
head = "sigmoid"
labels = ["Round", "", "Long"]
thresholds = [0.25, nan, 0.125]
data = "A hundred drawings"
patients = "drawn adults"
views = ["PA"]
licence = "CC0-1.0"
citation = "Nobody N. Shadows. 2026"
page = "https://example.org/shadows"
address = "{address}"
notes = ["Its shadows are drawn."]
{more}
"#
    )
}

fn hashed(bytes: &[u8]) -> String {
    format!("bytes = {}\nsha256 = \"{}\"\nhash_from = \"the test\"", bytes.len(), sha256(bytes))
}

/// What one fetch has around it.
struct Bench {
    _home: TempDir,
    places: Places,
    settings: Settings,
    cancel: CancelToken,
    steps: Vec<Step>,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let places = Places { models: home.path().join("models"), downloads: home.path().join("downloads") };
        let settings = Settings {
            proxies: Proxies::default(),
            authorities: None,
            connecting: Duration::from_secs(5),
            // The machine may be busy with something else.
            silence: Duration::from_secs(10),
            pause: Duration::from_millis(1),
        };
        Self { _home: home, places, settings, cancel: CancelToken::default(), steps: Vec::new() }
    }

    fn get(&mut self, catalogue: &str) -> Result<Obtained, ObtainError> {
        self.get_from(catalogue, Origin::Publisher)
    }

    fn get_from(&mut self, catalogue: &str, origin: Origin) -> Result<Obtained, ObtainError> {
        let entry = Catalogue::parse(catalogue).unwrap().find("shadows").unwrap().clone();
        let order = Order { name: entry.name.clone(), entry, origin, replace: false };
        let steps = &mut self.steps;
        obtain(&order, &self.places, &self.settings, &self.cancel, &mut |step| steps.push(step))
    }

    /// Bytes that lie in the folder of downloads.
    fn kept(&self) -> Option<u64> {
        Some(fs::metadata(self.places.downloads.join("shadows.part")).ok()?.len())
    }

    fn left_behind(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.places.downloads).unwrap().flatten().map(|entry| entry.path()).collect()
    }
}

fn fetch_error(result: Result<Obtained, ObtainError>) -> FetchError {
    match result {
        Err(ObtainError::Fetch { source, by_hand }) => {
            assert!(by_hand.to_string().contains("pellucid models get shadows --file FILE"), "{by_hand}");
            *source
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_published_model_is_fetched_checked_and_imported_with_all_that_is_known_of_it() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| file(asked, stream, &served, "\"1\"", usize::MAX));
    let mut bench = Bench::new();
    let made = bench.get(&catalogue(&server.address("/a/shadows.safetensors"), &hashed(&bytes))).unwrap();
    assert_eq!((made.name.as_str(), made.checked.identity), ("shadows", Identity::Stated));
    let asked = &server.asked()[0];
    assert!(asked.0.starts_with("GET /a/shadows.safetensors HTTP/1.1") && asked.from().is_none());
    assert!(asked.header("cookie").is_none() && asked.header("user-agent").unwrap().starts_with("pellucid/"));

    let folder = made.folder.to_str().unwrap();
    let manifest = registry::manifest(folder).unwrap();
    let thresholds: Vec<(&str, f32)> = manifest.labels.iter().map(|l| (l.name.as_str(), l.threshold)).collect();
    assert_eq!(thresholds, [("Round", 0.25), ("Long", 0.125)]);
    let source = manifest.source.as_ref().unwrap();
    assert_eq!((source.sha256.as_str(), source.identity), (sha256(&bytes).as_str(), Identity::Stated));
    assert_eq!((manifest.licence.as_str(), source.citation.as_str()), ("CC0-1.0", "Nobody N. Shadows. 2026"));
    assert_eq!(manifest.training.data, "A hundred drawings");
    assert_eq!(manifest.population.as_ref().unwrap().views, ["PA"]);
    assert!(
        manifest.limits.iter().any(|l| l.contains("--calibrate"))
            && manifest.limits.iter().any(|l| l.contains("drawn"))
    );
    // No states without a calibration on images of the user's own.
    assert!(registry::calibration(folder).unwrap().is_err());
    let card = registry::card(folder).unwrap();
    for said in
        ["shadows.safetensors", "https://example.org/shadows", "CC0-1.0", "To be cited: Nobody", &sha256(&bytes)]
    {
        assert!(card.contains(said), "the card lacks {said}:\n{card}");
    }
    assert!(bench.left_behind().is_empty(), "{:?}", bench.left_behind());
    assert!(matches!(bench.steps.as_slice(), [Step::Fetching(_), .., Step::Checking, Step::Importing]));
    let again = bench.get(&catalogue(&server.address("/a"), "")).unwrap_err().to_string();
    assert!(
        again.contains("there is a model called") && server.asked().len() == 1,
        "nothing is fetched for it: {again}"
    );
}

#[test]
fn a_transfer_that_breaks_off_goes_on_by_itself_and_is_whole() {
    let bytes = weights();
    let (served, third) = (bytes.clone(), bytes.len() / 3);
    let server = Server::start(move |_, asked, stream| file(asked, stream, &served, "\"1\"", third));
    let mut bench = Bench::new();
    bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))).unwrap();
    let from: Vec<Option<usize>> = server.asked().iter().map(Asked::from).collect();
    assert_eq!(from[..3], [None, Some(third), Some(2 * third)]);
    assert!(server.asked()[1..].iter().all(|asked| asked.header("if-range") == Some("\"1\"")));
}

#[test]
fn what_has_come_is_there_for_the_next_try() {
    let bytes = weights();
    let (served, half) = (bytes.clone(), bytes.len() / 2);
    // Half of it, then nothing but broken connections, then the rest.
    let server = Server::start(move |before, asked, stream| match before {
        0 => file(asked, stream, &served, "\"1\"", half),
        1..=4 => {}
        _ => file(asked, stream, &served, "\"1\"", usize::MAX),
    });
    let mut bench = Bench::new();
    let text = catalogue(&server.address("/w"), &hashed(&bytes));
    let error = fetch_error(bench.get(&text));
    assert!(
        matches!(error, FetchError::BrokenOff { .. }) && error.to_string().contains("goes on from there"),
        "{error}"
    );
    assert_eq!(bench.kept(), Some(half as u64));
    bench.get(&text).unwrap();
    assert_eq!(server.asked().last().unwrap().from(), Some(half));
    assert!(bench.left_behind().is_empty());
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let bytes = weights();
    let (served, half) = (bytes.clone(), bytes.len() / 2);
    let server = Server::start(move |before, asked, stream| match before {
        // An older file of other bytes.
        0 => file(asked, stream, &vec![7; served.len()], "\"old\"", half),
        _ => file(asked, stream, &served, "\"new\"", usize::MAX),
    });
    let mut bench = Bench::new();
    bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))).unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_rest_of_another_file_is_not_joined_though_the_server_sends_it() {
    let bytes = weights();
    let (served, half) = (bytes.clone(), bytes.len() / 2);
    let server = Server::start(move |before, asked, stream| match before {
        0 => file(asked, stream, &vec![7; served.len()], "\"old\"", half),
        // It does not look at If-Range: the rest of the new file, as if the old one went on.
        1 => {
            let range = format!("bytes {half}-{}/{}", served.len() - 1, served.len());
            let headers = [("Content-Range", range.as_str()), ("ETag", "\"new\"")];
            respond(stream, "206 Partial Content", &headers, &served[half..]);
        }
        _ => file(asked, stream, &served, "\"new\"", usize::MAX),
    });
    let mut bench = Bench::new();
    bench.get(&catalogue(&server.address("/w"), "")).unwrap();
    assert_eq!(server.asked()[2].from(), None, "all of it is asked for");
}

#[test]
fn a_server_that_begins_anew_and_brings_less_each_time_is_given_up() {
    let bytes = weights();
    let (served, whole) = (bytes.clone(), bytes.len());
    let server = Server::start(move |before, _, stream| {
        let length = served.len().to_string();
        respond(stream, "200 OK", &[("Content-Length", &length)], &served[..whole - 1 - before.min(whole - 1)]);
    });
    let error = fetch_error(Bench::new().get(&catalogue(&server.address("/w"), &hashed(&bytes))));
    assert!(matches!(error, FetchError::BrokenOff { .. }), "{error}");
    assert!(server.asked().len() < 10, "{} connections", server.asked().len());
}

#[test]
fn without_a_validator_and_a_hash_nothing_is_joined_together() {
    let bytes = weights();
    let (served, half) = (bytes.clone(), bytes.len() / 2);
    let server = Server::start(move |before, asked, stream| {
        assert!(asked.from().is_none(), "nobody may ask for the rest");
        let length = served.len().to_string();
        let most = if before == 0 { half } else { served.len() };
        respond(stream, "200 OK", &[("Content-Length", &length)], &served[..most]);
    });
    let mut bench = Bench::new();
    bench.get(&catalogue(&server.address("/w"), "")).unwrap();
}

#[test]
fn a_file_of_unknown_hash_is_recorded_and_said_to_be_unknown() {
    let bytes = weights();
    let served = bytes.clone();
    // Without a length: the end of the transfer is the end of the file.
    let server = Server::start(move |_, _, stream| respond(stream, "200 OK", &[], &served));
    let mut bench = Bench::new();
    let made = bench.get(&catalogue(&server.address("/w"), "")).unwrap();
    assert_eq!((made.checked.identity, made.checked.sha256), (Identity::Recorded, sha256(&bytes)));
    let card = registry::card(made.folder.to_str().unwrap()).unwrap();
    assert!(card.contains("nobody is known to state one"), "{card}");
}

#[test]
fn an_altered_file_is_refused_and_removed() {
    let bytes = weights();
    let altered: Arc<[u8]> = bytes.iter().enumerate().map(|(i, b)| if i == 900 { b ^ 1 } else { *b }).collect();
    let server = Server::start(move |_, asked, stream| file(asked, stream, &altered, "\"1\"", usize::MAX));
    for more in [hashed(&bytes), format!("sha256_begins = \"{}\"\nhash_from = \"the test\"", &sha256(&bytes)[..8])] {
        let mut bench = Bench::new();
        let error = bench.get(&catalogue(&server.address("/w"), &more)).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, ObtainError::Hash(_)) && said.contains("not the one that was published"), "{said}");
        assert!(said.contains("(the test)") && bench.left_behind().is_empty(), "{said}");
        assert!(!bench.places.models.join("shadows").exists());
    }
}

#[test]
fn what_is_too_large_is_refused_by_its_length_and_by_its_bytes() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| match asked.path() {
        // It does not say how long it is.
        "/endless" => respond(stream, "200 OK", &[], &[&*served, &*vec![0; 200_000]].concat()),
        _ => respond(stream, "200 OK", &[("Content-Length", "99999999999")], &served),
    });
    for (path, more) in
        [("/endless", hashed(&bytes)), ("/said", hashed(&bytes)), ("/said", "about_bytes = 600_000".into())]
    {
        let mut bench = Bench::new();
        let error = fetch_error(bench.get(&catalogue(&server.address(path), &more)));
        assert!(matches!(error, FetchError::TooLarge { .. } | FetchError::WrongLength { .. }), "{path}: {error}");
        assert!(bench.left_behind().is_empty(), "{path}");
    }
}

#[test]
fn a_shorter_file_than_the_published_one_is_refused() {
    let bytes = weights();
    let server = Server::start(|_, asked, stream| file(asked, stream, b"too short", "\"1\"", usize::MAX));
    let mut bench = Bench::new();
    let error = fetch_error(bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))));
    assert!(matches!(error, FetchError::WrongLength { .. }), "{error}");
}

#[test]
fn answers_that_are_no_file_are_said_in_a_sentence() {
    let server = Server::start(|_, asked, stream| match asked.path() {
        "/page" => respond(stream, "200 OK", &[("Content-Type", "text/html")], b"<html>Log in"),
        "/secret" => respond(stream, "403 Forbidden", &[("Content-Length", "0")], b""),
        "/busy" => respond(stream, "503 Service Unavailable", &[("Content-Length", "0")], b""),
        "/odd" => respond(stream, "999 Whatever", &[], b"\0\x1b[31m"),
        "/noise" => respond(stream, "\u{1b}[31m\0", &[], b""),
        _ => respond(stream, "404 Not Found", &[("Content-Length", "0")], b""),
    });
    for (path, says) in [
        ("/page", "a page, not with a file"),
        ("/secret", "403"),
        ("/busy", "try again later"),
        ("/odd", "999"),
        ("/noise", "broke off"),
        ("/gone", "no such file"),
    ] {
        let mut bench = Bench::new();
        let said = bench.get(&catalogue(&server.address(path), "")).unwrap_err().to_string();
        assert!(said.contains(says) && said.contains("--file FILE"), "{path}: {said}");
        assert!(!bench.places.models.exists(), "{path}");
    }
}

#[test]
fn redirections_are_followed_a_few_times_and_never_to_a_plain_connection() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| {
        let to = match asked.path() {
            "/releases/w" => "../storage/w?signature=secret",
            "/plain" => "http://example.org/w",
            "/loop" => "/loop",
            "/nowhere" => return respond(stream, "302 Found", &[("Content-Length", "0")], b""),
            _ => return file(asked, stream, &served, "\"1\"", usize::MAX),
        };
        respond(stream, "302 Found", &[("Location", to), ("Content-Length", "0")], b"");
    });
    let mut bench = Bench::new();
    bench.get(&catalogue(&server.address("/releases/w"), &hashed(&bytes))).unwrap();
    assert_eq!(server.asked()[1].path(), "/storage/w?signature=secret");
    for (path, says) in [("/plain", "plain http"), ("/loop", "without an end"), ("/nowhere", "does not say which")] {
        let before = server.asked().len();
        let mut bench = Bench::new();
        let said = bench.get(&catalogue(&server.address(path), "")).unwrap_err().to_string();
        assert!(said.contains(says) && !said.contains("secret"), "{path}: {said}");
        assert!(server.asked().len() - before < 12, "{path}");
    }
}

#[test]
fn a_silent_server_is_given_up_and_what_came_is_kept() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| {
        if asked.path() == "/half" && asked.from().is_none() {
            file(asked, stream, &served, "\"1\"", 1000);
        }
        silence(stream, Duration::from_secs(5));
    });
    let begun = Instant::now();
    for (path, kept) in [("/mute", 0), ("/half", 1000)] {
        let mut bench = Bench::new();
        bench.settings.silence = Duration::from_millis(300);
        let error = fetch_error(bench.get(&catalogue(&server.address(path), &hashed(&bytes))));
        assert!(matches!(error, FetchError::Silent { .. }), "{error}");
        assert_eq!(bench.kept(), Some(kept));
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn a_fetch_that_is_cancelled_ends_at_once_though_the_server_is_silent() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| {
        file(asked, stream, &served, "\"1\"", 1000);
        silence(stream, Duration::from_secs(20));
    });
    let mut bench = Bench::new();
    bench.settings.silence = Duration::from_secs(20);
    let cancel = bench.cancel.clone();
    let stop = move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.cancel();
    };
    std::thread::Builder::new().name("test-cancel".into()).spawn(stop).unwrap();
    let begun = Instant::now();
    let error = fetch_error(bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))));
    assert!(matches!(error, FetchError::Cancelled), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(bench.kept(), Some(1000));
}

#[test]
fn proxies_are_used_as_they_are_set() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| file(asked, stream, &served, "\"1\"", usize::MAX));
    let proxy = proxy();
    let mut bench = Bench::new();
    bench.settings.proxies = Proxies::only(&proxy.address(""));
    bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))).unwrap();
    assert_eq!((proxy.asked().len(), server.asked().len()), (1, 1));
    assert!(proxy.asked()[0].0.starts_with(&format!("CONNECT 127.0.0.1:{}", server.port)), "{:?}", proxy.asked());

    let refusing = Server::start(|_, _, stream| {
        respond(stream, "407 Proxy Authentication Required", &[("Content-Length", "0")], b"");
    });
    let mut bench = Bench::new();
    bench.settings.proxies = Proxies::only(&refusing.address(""));
    let said = bench.get(&catalogue(&server.address("/w"), &hashed(&bytes))).unwrap_err().to_string();
    assert!(said.contains("proxy") && server.asked().len() == 1, "{said}");
}

#[test]
fn a_secured_connection_is_believed_only_where_its_authority_is() {
    let bytes = weights();
    let served = bytes.clone();
    let (server, port) = Server::secured(move |_, asked, stream| match asked.path() {
        "/plain" => respond(stream, "302 Found", &[("Location", "http://localhost/w"), ("Content-Length", "0")], b""),
        _ => file(asked, stream, &served, "\"1\"", usize::MAX),
    });
    let text = |path: &str| catalogue(&format!("https://localhost:{port}{path}"), &hashed(&bytes));
    let mut bench = Bench::new();
    let error = fetch_error(bench.get(&text("/w")));
    assert!(matches!(error, FetchError::Untrusted { .. }) && server.asked().is_empty(), "{error}");
    assert_eq!(bench.kept(), Some(0));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tls/localhost.pem");
    bench.settings.authorities = Some(Authorities::read(&file).unwrap());
    let downgraded = bench.get(&text("/plain")).unwrap_err().to_string();
    assert!(downgraded.contains("leads from https to"), "{downgraded}");
    let proxy = proxy();
    bench.settings.proxies = Proxies::only(&proxy.address(""));
    bench.get(&text("/w")).unwrap();
    assert!(proxy.asked()[0].0.starts_with(&format!("CONNECT localhost:{port}")), "{:?}", proxy.asked());
}

#[test]
fn without_a_network_the_address_and_the_way_by_hand_are_said() {
    // Nobody listens there.
    let port = 1;
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let mut bench = Bench::new();
    let address = format!("http://127.0.0.1:{port}/shadows.pth");
    let said = bench.get(&catalogue(&address, "")).unwrap_err().to_string();
    for words in ["cannot be reached", "on the network?", &address, "pellucid models get shadows --file FILE"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_file_that_was_fetched_by_hand_goes_through_the_same_checks() {
    let bytes = weights();
    let text = catalogue("https://example.org/w.safetensors", &hashed(&bytes));
    let mut bench = Bench::new();
    let path = bench.places.models.with_file_name("by-hand.bin");
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let short = bench.get_from(&text, Origin::File(path.clone())).unwrap_err();
    assert!(matches!(short, ObtainError::Length { .. }), "{short}");
    let mut altered = bytes.to_vec();
    altered[900] ^= 1;
    fs::write(&path, &altered).unwrap();
    let other = bench.get_from(&text, Origin::File(path.clone())).unwrap_err();
    assert!(matches!(other, ObtainError::Hash(_)) && path.exists(), "a file of the user's is not removed: {other}");
    fs::write(&path, &bytes).unwrap();
    let made = bench.get_from(&text, Origin::File(path.clone())).unwrap();
    assert!(made.folder.exists() && path.exists() && !bench.places.downloads.exists());
    fs::remove_dir_all(&made.folder).unwrap();
    let missing = bench.get_from(&text, Origin::File("nowhere".into())).unwrap_err().to_string();
    assert!(missing.contains("nowhere cannot be taken"), "{missing}");
}

#[test]
fn a_mirror_gives_the_same_file_or_none() {
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| match asked.path() {
        "/same" => file(asked, stream, &served, "\"1\"", usize::MAX),
        _ => file(asked, stream, &vec![0; served.len()], "\"2\"", usize::MAX),
    });
    let text = catalogue("https://example.org/w.safetensors", &hashed(&bytes));
    let mut bench = Bench::new();
    let other = bench.get_from(&text, Origin::Mirror(server.address("/other").parse().unwrap())).unwrap_err();
    assert!(matches!(other, ObtainError::Hash(_)), "{other}");
    let made = bench.get_from(&text, Origin::Mirror(server.address("/same").parse().unwrap())).unwrap();
    let source = registry::manifest(made.folder.to_str().unwrap()).unwrap().source.unwrap();
    assert_eq!(source.address, "https://example.org/w.safetensors");
}

// ——— the command line ———

/// Runs the program with a catalogue of the user's own and a data folder of its own.
fn pellucid(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .current_dir(home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("HOME", home)
        .env_remove("RUST_LOG")
        .output()
        .expect("the binary was built")
}

fn own_catalogue(home: &Path, text: &str) {
    fs::create_dir_all(home.join("data/pellucid")).unwrap();
    fs::write(home.join("data/pellucid/catalogue.toml"), text).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_line_asks_fetches_and_says_what_came() {
    let home = tempfile::tempdir().unwrap();
    let bytes = weights();
    let served = bytes.clone();
    let server = Server::start(move |_, asked, stream| file(asked, stream, &served, "\"1\"", usize::MAX));
    own_catalogue(home.path(), &catalogue(&server.address("/w.safetensors"), &hashed(&bytes)));

    let listed = pellucid(home.path(), &["models", "available", "--json"]);
    let all = lines(&listed);
    let ours = all.iter().find(|model| model["name"] == "shadows").unwrap();
    assert_eq!((&ours["sha256"], &ours["labels"]), (&sha256(&bytes).into(), &serde_json::json!(["Round", "Long"])));
    assert!(all.iter().any(|model| model["name"] == "xrv-densenet121-all"));
    let one = pellucid(home.path(), &["models", "available", "shadows"]);
    let text = String::from_utf8(one.stdout).unwrap();
    for words in ["CC0-1.0", "/w.safetensors", "drawn adults", &sha256(&bytes)] {
        assert!(text.contains(words), "{words}: {text}");
    }

    // Nobody can be asked here, so nothing goes to the network.
    let unasked = pellucid(home.path(), &["models", "get", "shadows"]);
    assert!(code(&unasked) == 2 && said(&unasked).contains("--yes") && server.asked().is_empty(), "{}", said(&unasked));
    let wrong = pellucid(home.path(), &["models", "get", "shadow", "--yes"]);
    assert!(said(&wrong).contains("Is shadows meant?"), "{}", said(&wrong));

    let made = pellucid(home.path(), &["models", "get", "shadows", "--yes"]);
    assert_eq!(code(&made), 0, "{}", said(&made));
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(text.contains("Installed as shadows") && text.contains(&sha256(&bytes)), "{text}");
    assert!(said(&made).contains("pellucid evaluate FOLDER --calibrate"), "{}", said(&made));

    toy::picture(&home.path().join("a.png"), 1);
    let scored = pellucid(home.path(), &["predict", "a.png", "--model", "shadows", "--json"]);
    assert_eq!(code(&scored), 0, "{}", said(&scored));
    let shown = pellucid(home.path(), &["models", "show", "shadows"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("To be cited Nobody N.") && text.contains("brings no calibration.toml"), "{text}");

    // The same under another name, through a proxy that the environment names, then by hand.
    let proxy = proxy();
    let by_proxy = ["models", "get", "shadows", "--yes", "--json", "--name", "again", "--proxy", &proxy.address("")];
    let again = pellucid(home.path(), &by_proxy);
    assert_eq!((code(&again), proxy.asked().len()), (0, 1), "{}", said(&again));
    assert_eq!(lines(&again)[0]["identity"], "stated");
    fs::write(home.path().join("by-hand"), &bytes).unwrap();
    let before = server.asked().len();
    let by_hand = pellucid(home.path(), &["models", "get", "shadows", "--file", "by-hand", "--replace"]);
    assert!(code(&by_hand) == 0 && server.asked().len() == before, "{}", said(&by_hand));
}
