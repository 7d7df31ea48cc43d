//! Servers that answer as no archive should: lengths that lie, bodies without an end, parts of something
//! else, and redirections that would take a password with them.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pellucid::cancel::CancelToken;
use pellucid::pacs::archive::{Archive, ArchiveError, Fetched, Query, Wanted};
use pellucid::pacs::peers::Auth;
use pellucid::pacs::peers::secret::Secret;
use pellucid::pacs::web::{Patience, WebArchive};

use super::local_server::{Asked, Server, respond, silence};
use super::objects::Object;
use super::orthanc::peer;

const STUDY: &str = "2.25.1";
const KIND: (&str, &str) = ("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=XX");

fn client(port: u16) -> WebArchive {
    let second = Duration::from_secs(2);
    let patience =
        Patience { connecting: second, silence: second, dripping: second, query: 3 * second, transfer: 3 * second };
    let secret = Secret::new("secret").unwrap();
    WebArchive::with_patience(&peer(port, Auth::Basic { user: "reader".into() }), Some(&secret), patience).unwrap()
}

/// What a client says of a server that answers so.
fn found(answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + 'static) -> Result<usize, String> {
    let server = Server::start(answer);
    let found = client(server.port).find(&Query::default(), &CancelToken::default());
    found.map(|found| found.studies.len()).map_err(|error| error.to_string())
}

fn fetched(folder: &Path, answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + 'static) -> Result<Fetched, String> {
    let server = Server::start(answer);
    let wanted = Wanted { study_uid: STUDY.into(), series_uid: None, images: None };
    client(server.port).fetch(&wanted, folder, &CancelToken::default(), &mut |_| {}).map_err(|error| error.to_string())
}

fn parts(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for object in objects {
        body.extend(b"--XX\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend(object);
        body.extend(b"\r\n");
    }
    body.extend(b"--XX--");
    body
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().flatten();
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn answers_that_are_no_list_of_studies_are_sentences() {
    const JSON: (&str, &str) = ("Content-Type", "application/dicom+json");
    let of = |status: &'static str, header: (&'static str, &'static str), body: &'static [u8]| {
        found(move |_, _, stream| respond(stream, status, &[header], body))
    };
    assert_eq!(of("204 No Content", JSON, b""), Ok(0));
    assert_eq!(of("200 OK", JSON, b"[]"), Ok(0));
    assert_eq!(of("200 OK", JSON, b""), Ok(0));
    assert_eq!(of("200 OK", JSON, br#"[{"0020000D": {"vr": "UI", "Value": ["1.2"]}}]"#), Ok(1));
    assert_eq!(of("200 OK", JSON, br#"[{"0020000D": {"vr": "UI", "Value": ["../../etc"]}}]"#), Ok(0));
    for (status, header, body, words) in [
        ("200 OK", ("Content-Type", "text/html"), &b"<html>login"[..], "text/html"),
        ("200 OK", JSON, b"{\"secret of a patient\": ", "DICOM JSON model"),
        ("404 Not Found", JSON, b"", "/studies is added to"),
        ("401 Unauthorized", JSON, b"", "does not take the name"),
        ("403 Forbidden", JSON, b"", "does not allow"),
        ("500 Oops", JSON, b"", "trouble of its own"),
        ("302 Found", JSON, b"", "does not say which"),
    ] {
        let said = of(status, header, body).unwrap_err();
        assert!(said.contains(words) && !said.contains("patient"), "{said}");
    }
}

#[test]
fn a_list_without_an_end_ends() {
    let said = found(|_, _, stream| {
        respond(stream, "200 OK", &[("Content-Type", "application/dicom+json")], b"[");
        let piece = b"{\"00100010\":{\"vr\":\"PN\"}},".repeat(4000);
        while stream.write_all(&piece).is_ok() {}
    });
    assert!(said.unwrap_err().contains("longer than"));
}

#[test]
fn silence_and_drops_have_an_end() {
    let begun = Instant::now();
    let said = found(|_, _, stream| silence(stream, Duration::from_mins(1))).unwrap_err();
    assert!(said.contains("said nothing for 2 s"), "{said}");
    let said = found(|_, _, stream| {
        respond(stream, "200 OK", &[("Content-Type", "application/dicom+json")], b"[");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    })
    .unwrap_err();
    assert!(said.contains("next to nothing"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_cancelled_query_ends_at_once() {
    let server = Server::start(|_, _, stream| silence(stream, Duration::from_mins(1)));
    let cancel = CancelToken::default();
    let stop = cancel.clone();
    let begun = Instant::now();
    std::thread::Builder::new()
        .name("test-stop".into())
        .spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            stop.cancel();
        })
        .unwrap();
    let ended = client(server.port).find(&Query::default(), &cancel);
    assert!(matches!(ended, Err(ArchiveError::Cancelled)));
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
}

#[test]
fn a_password_goes_to_the_server_that_was_named_and_to_no_other() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let other = Server::start(|_, asked, stream| {
        HEARD.lock().unwrap().push(asked.0.clone());
        respond(stream, "200 OK", &[("Content-Type", "application/dicom+json")], b"[]");
    });
    // To another server over a plain connection nothing goes at all.
    let to = other.address("/dicom-web/studies");
    let said = found(move |_, _, stream| respond(stream, "302 Found", &[("Location", &to)], b"")).unwrap_err();
    assert!(said.contains("not followed"), "{said}");
    assert!(HEARD.lock().unwrap().is_empty());
    // At the same server it is followed, signed in.
    let server = Server::start(|before, _, stream| match before {
        0 => respond(stream, "307 Temporary Redirect", &[("Location", "/elsewhere/studies")], b""),
        _ => respond(stream, "200 OK", &[("Content-Type", "application/dicom+json")], b"[]"),
    });
    client(server.port).find(&Query::default(), &CancelToken::default()).unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), Some("Basic cmVhZGVyOnNlY3JldA=="));
    assert_eq!((asked[1].path(), asked[1].header("authorization").is_some()), ("/elsewhere/studies", true));
    let said = found(|_, _, stream| respond(stream, "302 Found", &[("Location", "/again")], b"")).unwrap_err();
    assert!(said.contains("without an end"), "{said}");
}

#[test]
fn only_what_was_asked_for_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let objects = vec![
        Object::of(STUDY, "2.25.2", "2.25.31").bytes(),
        Object::of("2.25.99", "2.25.2", "2.25.32").bytes(),
        Object::of(STUDY, "2.25.2", "2.25.31").bytes(),
        b"no DICOM at all".to_vec(),
        Vec::new(),
        Object::of(STUDY, "2.25.2", "../../escape").bytes(),
        Object::of(STUDY, "2.25.2", "2.25.33").bytes(),
    ];
    let body = parts(&objects);
    let came = fetched(folder.path(), move |_, _, stream| respond(stream, "200 OK", &[KIND], &body)).unwrap();
    assert_eq!((came.files.len(), came.refused.len()), (2, 5), "{:?}", came.refused);
    let mut names = files(folder.path());
    names.sort();
    assert_eq!(names, ["2.25.31.dcm", "2.25.33.dcm"]);
    for words in ["another study", "came twice", "cannot be read"] {
        assert!(came.refused.iter().any(|why| why.contains(words)), "{:?}", came.refused);
    }
}

#[test]
fn bodies_that_are_cut_off_or_something_else_leave_nothing_half() {
    let whole =
        parts(&[Object::of(STUDY, "2.25.2", "2.25.31").bytes(), Object::of(STUDY, "2.25.2", "2.25.32").bytes()]);
    let folder = tempfile::tempdir().unwrap();
    let cut = whole[..whole.len() - 100].to_vec();
    let said = fetched(folder.path(), move |_, _, stream| respond(stream, "200 OK", &[KIND], &cut)).unwrap_err();
    assert!(said.contains("ends before its last part"), "{said}");
    assert_eq!(files(folder.path()), ["2.25.31.dcm"]);
    for (kind, body, words) in [
        ("text/html", &b"<html>"[..], "text/html"),
        ("multipart/related", b"--XX", "no boundary"),
        ("multipart/related; boundary=\"a\\\"b\"", b"", "boundary"),
        ("multipart/related; boundary=XX", b"nothing", "no part"),
        ("multipart/related; boundary=XX", b"--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--", "text/plain"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let answer = move |_: usize, _: &Asked, stream: &mut TcpStream| {
            respond(stream, "200 OK", &[("Content-Type", kind)], body);
        };
        let said = fetched(folder.path(), answer).unwrap_err();
        assert!(said.contains(words), "{said}");
        assert!(files(folder.path()).is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let length = [KIND, ("Content-Length", "1000000")];
    let said =
        fetched(folder.path(), move |_, _, stream| respond(stream, "200 OK", &length, &whole[..90])).unwrap_err();
    assert!(said.contains("broke off") || said.contains("ends before"), "{said}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_server_that_does_not_know_the_star_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let body = parts(&[Object::of(STUDY, "2.25.2", "2.25.31").bytes()]);
    let came = fetched(folder.path(), move |before, asked, stream| {
        let star = asked.header("accept").is_some_and(|accept| accept.contains("transfer-syntax=*"));
        assert_eq!(star, before == 0);
        if star { respond(stream, "406 Not Acceptable", &[], b"") } else { respond(stream, "200 OK", &[KIND], &body) }
    });
    assert_eq!(came.unwrap().files.len(), 1);
}

#[test]
fn each_object_that_was_sent_has_its_fate() {
    let folder = tempfile::tempdir().unwrap();
    let objects: Vec<_> =
        ["2.25.31", "2.25.32"].iter().map(|uid| Object::of(STUDY, "2.25.2", uid).stored(folder.path())).collect();
    let send = |status: &'static str, body: &'static str| {
        let server = Server::start(move |_, asked, stream| {
            let mut left: usize = asked.header("content-length").unwrap().parse().unwrap();
            let mut buffer = [0; 4096];
            while left > 0 {
                let most = left.min(buffer.len());
                match std::io::Read::read(stream, &mut buffer[..most]) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => left -= read,
                }
            }
            let location = [("Content-Type", "application/dicom+json"), ("Location", "http://127.0.0.1:1/x")];
            respond(stream, status, &location, body.as_bytes());
        });
        let sent = client(server.port).send(&objects, &CancelToken::default(), &mut |_| {});
        sent.map(|sent| sent.into_iter().map(|one| one.refusal).collect::<Vec<_>>()).map_err(|error| error.to_string())
    };
    assert_eq!(send("200 OK", "").unwrap(), [None, None]);
    let mixed = r#"{"00081199": {"Value": [{"00081155": {"Value": ["2.25.31"]}}]},
        "00081198": {"Value": [{"00081155": {"Value": ["2.25.32"]}, "00081197": {"Value": [42752]}}]}}"#;
    let said = send("202 Accepted", mixed).unwrap();
    assert_eq!(said[0], None);
    assert!(said[1].as_ref().unwrap().contains("no room"), "{said:?}");
    assert!(send("202 Accepted", "what?").unwrap_err().contains("what became of each object"));
    assert!(send("307 Temporary Redirect", "").unwrap_err().contains("not followed"));
    assert!(send("413 Too Large", "").unwrap_err().contains("more than it takes"));
}

#[test]
fn an_answer_that_has_no_end_is_given_up_in_its_time_however_fast_it_comes() {
    let endless = |before: &'static [u8], part: &'static [u8]| {
        move |_: usize, _: &Asked, stream: &mut TcpStream| {
            let mut whole = before.to_vec();
            loop {
                whole.extend(part.repeat(200));
                if stream.write_all(&whole).is_err() {
                    return;
                }
                whole.clear();
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    };
    let begun = Instant::now();
    let json = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n\r\n[";
    let said = found(endless(json, b"{\"00080060\": {\"vr\": \"CS\"}},")).unwrap_err();
    assert!(said.contains("took longer than 6 s over one answer"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let parts = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary=XX\r\n\r\n";
    let said = fetched(folder.path(), endless(parts, b"--XX\r\nContent-Type: application/dicom\r\n\r\nnothing\r\n"));
    let said = said.unwrap_err();
    assert!(said.contains("took longer than 6 s over one answer"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(40) && files(folder.path()).is_empty(), "{:?}", begun.elapsed());
}

#[test]
fn whoever_cancels_waits_less_than_a_second_for_a_server_that_goes_on() {
    let server = Server::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n\r\n[");
        while stream.write_all(&[b' '; 2000]).is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let cancel = CancelToken::default();
    let later = cancel.clone();
    let cancelled = std::thread::Builder::new().name("cancel".into()).spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        later.cancel();
        Instant::now()
    });
    let error = client(server.port).find(&Query::default(), &cancel).unwrap_err();
    let after = cancelled.unwrap().join().unwrap().elapsed();
    assert!(matches!(error, ArchiveError::Cancelled) && after < Duration::from_secs(1), "{error} {after:?}");
}
