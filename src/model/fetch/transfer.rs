//! One file from its address into a [`Partial`], however often the connection breaks.

use std::io::{self, Read as _};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Response, header};
use ureq::{Agent, Body};

use super::address::Address;
use super::partial::{Note, Partial};
use super::response::{self, Answer};
use super::{Bytes, Came, FetchError, Settings, Wanted};
use crate::cancel::CancelToken;
use crate::connections::authorities::secured;
use crate::connections::broken::{Broken, what_broke};
use crate::connections::watch::watched;

/// Redirections that are followed.
const REDIRECTIONS: usize = 8;
/// Times in a row that a transfer is taken up again although nothing more has come.
const FRUITLESS: usize = 3;
/// Connections of one transfer at most, however little each of them brings.
const CONNECTIONS: usize = 1000;
/// Times that the file is asked for anew because what is here belongs to another one.
const ANEW: usize = 3;
/// How often it is looked whether somebody cancelled.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that are read at once.
const CHUNK: usize = 128 << 10;

/// Fetches `wanted` into `partial`, from where it is on; `progress` hears of what has come.
///
/// # Errors
/// A sentence. What has come stays in `partial` unless it cannot be the right file.
pub fn fetch(
    wanted: &Wanted,
    partial: &mut Partial,
    settings: &Settings,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Came),
) -> Result<(), FetchError> {
    if partial.length() > wanted.most || partial.note().address != wanted.address.as_str() {
        partial.begin(Note::default())?;
    }
    let (mut fruitless, mut anew, mut connections, mut most) = (0, 0, 0, partial.length());
    while !partial.is_whole() {
        connections += 1;
        // What may belong to another file is joined only where a hash would show it.
        if partial.length() > 0 && partial.note().validator.is_none() && !wanted.is_checked {
            partial.begin(Note::default())?;
        }
        let error = match once(wanted, partial, settings, cancel, progress) {
            Ok(Done::All) => break,
            Ok(Done::Anew) if anew < ANEW => {
                anew += 1;
                partial.begin(Note::default())?;
                continue;
            }
            Ok(Done::Anew) => broken_off(&wanted.address, "the file changes while it is fetched", partial),
            Err(error @ (FetchError::BrokenOff { .. } | FetchError::Silent { .. })) => error,
            Err(error) => return Err(error),
        };
        // Of a file that begins anew each time, what was there before is nothing new.
        fruitless = if partial.length() > most { 0 } else { fruitless + 1 };
        most = most.max(partial.length());
        if fruitless > FRUITLESS || anew >= ANEW || connections >= CONNECTIONS {
            return Err(error);
        }
        rest(settings.pause, cancel)?;
    }
    if wanted.exactly.is_some_and(|exactly| exactly != partial.length()) {
        let (found, wanted) = (Bytes(partial.length()), Bytes(wanted.exactly.unwrap_or_default()));
        return Err(FetchError::WrongLength { found, wanted });
    }
    Ok(partial.settle()?)
}

enum Done {
    All,
    /// What is here belongs to another file.
    Anew,
}

/// One connection: until the file is whole, or the connection breaks.
fn once(
    wanted: &Wanted,
    partial: &mut Partial,
    settings: &Settings,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Came),
) -> Result<Done, FetchError> {
    let mut asked = wanted.address.clone();
    for _ in 0..=REDIRECTIONS {
        cancelled(cancel)?;
        let agent = agent(&asked, settings)?;
        let answered = watched(&agent, cancel, || {
            let response = ask(&agent, &asked, partial).map_err(|e| failed(&e, &asked, settings, partial, cancel))?;
            let answer = response::read(&response, &asked, wanted, partial.length(), partial.note())?;
            match &answer {
                Answer::Whole(note) => partial.begin(note.clone())?,
                Answer::Rest(note) => {
                    // A server that lost the whole length still has the one that was said before.
                    let total = note.total.or(partial.note().total);
                    partial.keep(Note { total, ..note.clone() })?;
                }
                Answer::Complete | Answer::Anew | Answer::Elsewhere(_) => return Ok(answer),
            }
            receive(response, &asked, wanted, partial, settings, cancel, progress)?;
            Ok::<_, FetchError>(Answer::Complete)
        })?;
        match answered {
            Answer::Elsewhere(address) => asked = address,
            Answer::Anew => return Ok(Done::Anew),
            _ => return Ok(Done::All),
        }
    }
    Err(FetchError::TooManyRedirections(wanted.address.clone()))
}

fn agent(address: &Address, settings: &Settings) -> Result<Agent, FetchError> {
    let silence = Some(settings.silence);
    let config = Agent::config_builder()
        .https_only(address.is_https())
        .http_status_as_error(false)
        // Each one is looked at here.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(settings.proxies.of(address)?)
        .tls_config(secured(settings.authorities.as_ref()))
        .user_agent(concat!("pellucid/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_resolve(Some(settings.connecting))
        .timeout_connect(Some(settings.connecting))
        .timeout_send_request(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .timeout_per_write(silence)
        .build();
    Ok(config.new_agent())
}

fn ask(agent: &Agent, address: &Address, partial: &Partial) -> Result<Response<Body>, ureq::Error> {
    let mut request = agent.get(address.as_str());
    if partial.length() > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", partial.length()));
        if let Some(validator) = &partial.note().validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    request.call()
}

/// Takes in a body.
fn receive(
    response: Response<Body>,
    asked: &Address,
    wanted: &Wanted,
    partial: &mut Partial,
    settings: &Settings,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Came),
) -> Result<(), FetchError> {
    let total = partial.note().total;
    let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        cancelled(cancel)?;
        let read = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(&ureq::Error::from(error), asked, settings, partial, cancel)),
        };
        let came = partial.length() + read as u64;
        if came > wanted.most.min(total.unwrap_or(u64::MAX)) {
            return Err(FetchError::TooLarge { found: Bytes(came), most: Bytes(wanted.most) });
        }
        partial.add(&chunk[..read])?;
        progress(Came { bytes: came, total });
    }
    cancelled(cancel)?;
    match total {
        Some(total) if partial.length() < total => Err(broken_off(asked, "it ended too early", partial)),
        Some(_) => Ok(()),
        // Its end was its length.
        None => {
            let note = Note { total: Some(partial.length()), ..partial.note().clone() };
            Ok(partial.keep(note)?)
        }
    }
}

fn broken_off(asked: &Address, why: &str, partial: &Partial) -> FetchError {
    FetchError::BrokenOff { host: asked.host(), why: why.to_owned(), came: Bytes(partial.length()) }
}

/// What went wrong, in words of ours.
fn failed(
    error: &ureq::Error,
    asked: &Address,
    settings: &Settings,
    partial: &Partial,
    cancel: &CancelToken,
) -> FetchError {
    if cancel.is_cancelled() {
        return FetchError::Cancelled;
    }
    let (host, came) = (asked.host(), Bytes(partial.length()));
    match what_broke(error, settings.connecting) {
        Broken::Unreachable(why) => FetchError::Unreachable { host, why },
        Broken::Untrusted(why) => FetchError::Untrusted { host, why },
        Broken::Silent => FetchError::Silent { host, seconds: settings.silence.as_secs(), came },
        Broken::Off(why) => FetchError::BrokenOff { host, why, came },
    }
}

fn cancelled(cancel: &CancelToken) -> Result<(), FetchError> {
    cancel.check().map_err(|_| FetchError::Cancelled)
}

/// Waits, unless somebody cancels.
fn rest(pause: Duration, cancel: &CancelToken) -> Result<(), FetchError> {
    let begun = Instant::now();
    while begun.elapsed() < pause {
        cancelled(cancel)?;
        thread::sleep(LOOK.min(pause));
    }
    cancelled(cancel)
}
