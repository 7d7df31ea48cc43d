//! What an answer says of the file behind it, and whether it goes on where the last one broke off.

use ureq::http::{HeaderMap, Response, header};

use super::address::Address;
use super::partial::Note;
use super::{Bytes, FetchError, Wanted};

/// Longest validator that is kept.
const VALIDATOR: usize = 1024;

/// What is to be done with the body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All of it, from the first byte on.
    Whole(Note),
    /// What is missing.
    Rest(Note),
    /// Nothing is missing.
    Complete,
    /// What is here belongs to another file: ask for all of it.
    Anew,
    Elsewhere(Address),
}

/// Reads status and headers of an answer to a request that began at byte `from` of the file that
/// `known` was noted of.
pub(super) fn read<B>(
    response: &Response<B>,
    asked: &Address,
    wanted: &Wanted,
    from: u64,
    known: &Note,
) -> Result<Answer, FetchError> {
    let (status, headers) = (response.status().as_u16(), response.headers());
    let host = asked.host();
    let refused = |advice| FetchError::Status { host: host.clone(), status, advice };
    match status {
        200 => {
            let total = number(headers, &header::CONTENT_LENGTH);
            checked(headers, &host, wanted, total)?;
            Ok(Answer::Whole(note(headers, wanted, total)))
        }
        206 => {
            let Some((first, total)) = range(headers).filter(|_| from > 0) else { return Ok(Answer::Anew) };
            checked(headers, &host, wanted, total)?;
            let note = note(headers, wanted, total);
            Ok(if first == from && may_be_one(known, &note) { Answer::Rest(note) } else { Answer::Anew })
        }
        // `bytes */1234`: nothing lies behind what is here.
        416 if from > 0 => {
            let whole =
                text(headers, &header::CONTENT_RANGE).and_then(|r| r.strip_prefix("bytes */")?.trim().parse().ok());
            Ok(if whole == Some(from) { Answer::Complete } else { Answer::Anew })
        }
        301 | 302 | 303 | 307 | 308 => match text(headers, &header::LOCATION) {
            Some(location) => Ok(Answer::Elsewhere(asked.redirected(location)?)),
            None => Err(refused("; it leads to another address and does not say which")),
        },
        404 | 410 => Err(FetchError::NotThere(asked.clone())),
        401 | 403 => {
            Err(refused(": it does not give the file to everybody; fetch it with a browser and take it with --file"))
        }
        407 => Err(refused(": the proxy asks for a name and a password; name it like http://NAME:PASSWORD@proxy:8080")),
        429 => Err(refused(": it was asked too often; try again later")),
        500..=599 => Err(refused(": it has trouble of its own; try again later")),
        _ => Err(refused("")),
    }
}

/// A file of the right size, as it is.
fn checked(headers: &HeaderMap, host: &str, wanted: &Wanted, total: Option<u64>) -> Result<(), FetchError> {
    if text(headers, &header::CONTENT_ENCODING).is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Packed(host.to_owned()));
    }
    if text(headers, &header::CONTENT_TYPE)
        .is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"))
    {
        return Err(FetchError::Page(host.to_owned()));
    }
    let Some(total) = total else { return Ok(()) };
    if total > wanted.most {
        return Err(FetchError::TooLarge { found: Bytes(total), most: Bytes(wanted.most) });
    }
    match wanted.exactly {
        Some(exactly) if exactly != total => {
            Err(FetchError::WrongLength { found: Bytes(total), wanted: Bytes(exactly) })
        }
        _ => Ok(()),
    }
}

fn note(headers: &HeaderMap, wanted: &Wanted, total: Option<u64>) -> Note {
    // A weak tag says that two files mean the same, not that they are the same bytes.
    let tag = text(headers, &header::ETAG).filter(|tag| tag.starts_with('"'));
    let validator = tag.or_else(|| text(headers, &header::LAST_MODIFIED)).filter(|v| v.len() <= VALIDATOR);
    Note { address: wanted.address.as_str().to_owned(), validator: validator.map(str::to_owned), total }
}

/// False where an answer says that its bytes belong to another file than those that are here: a
/// server may go on in a new file although it was asked to go on only in the old one.
fn may_be_one(known: &Note, new: &Note) -> bool {
    fn agree<T: PartialEq>(known: Option<&T>, new: Option<&T>) -> bool {
        known.zip(new).is_none_or(|(known, new)| known == new)
    }
    agree(known.validator.as_ref(), new.validator.as_ref()) && agree(known.total.as_ref(), new.total.as_ref())
}

/// First byte and whole length of `bytes 500-999/1000`.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (bytes, total) = text(headers, &header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = bytes.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    // A part that ends before the file does would be taken for all of it.
    let reaches_the_end = total.is_none_or(|total: u64| last.checked_add(1) == Some(total));
    (first <= last && reaches_the_end).then_some((first, total))
}

fn number(headers: &HeaderMap, name: &header::HeaderName) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], from: u64) -> Result<Answer, FetchError> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let address: Address = "https://a.org/w".parse().unwrap();
        let wanted = Wanted { address: address.clone(), most: 100, exactly: None, is_checked: false };
        let known = Note { validator: Some("\"1\"".into()), total: Some(100), ..Note::default() };
        read(&response.body(()).unwrap(), &address, &wanted, from, &known)
    }

    #[test]
    fn a_part_counts_only_where_it_goes_on_and_reaches_the_end() {
        let part = |range: &str| answer(206, &[("content-range", range), ("etag", "\"1\"")], 10).unwrap();
        let Answer::Rest(note) = part("bytes 10-99/100") else { panic!("it goes on") };
        assert_eq!((note.total, note.validator.as_deref()), (Some(100), Some("\"1\"")));
        for wrong in ["bytes 0-99/100", "bytes 10-49/100", "bytes 10-5/100", "bytes x-y/z", "10-99/100", ""] {
            assert_eq!(part(wrong), Answer::Anew, "{wrong}");
        }
        assert_eq!(answer(206, &[("content-range", "bytes 0-99/100")], 0).unwrap(), Answer::Anew, "nobody asked");
        assert_eq!(answer(416, &[("content-range", "bytes */10")], 10).unwrap(), Answer::Complete);
        assert_eq!(answer(416, &[("content-range", "bytes */9")], 10).unwrap(), Answer::Anew);
    }

    #[test]
    fn a_part_of_another_file_is_not_joined_to_what_is_here() {
        let part = |total: u64, tag: &str| {
            let range = format!("bytes 10-{}/{total}", total - 1);
            answer(206, &[("content-range", range.as_str()), ("etag", tag)], 10).unwrap()
        };
        assert!(matches!(part(100, "\"1\""), Answer::Rest(_)));
        assert!(matches!(part(100, ""), Answer::Rest(_)), "a tag that is not said does not differ");
        assert_eq!(part(100, "\"2\""), Answer::Anew);
        assert_eq!(part(90, "\"1\""), Answer::Anew);
    }

    #[test]
    fn a_weak_tag_is_no_proof_that_the_file_is_the_same() {
        let validator = |headers: &[(&str, &str)]| match answer(200, headers, 0).unwrap() {
            Answer::Whole(note) => note.validator,
            other => panic!("{other:?}"),
        };
        assert_eq!(validator(&[("etag", "W/\"1\"")]), None);
        let date = "Mon, 30 Nov 2026 10:00:00 GMT";
        assert_eq!(validator(&[("etag", "W/\"1\""), ("last-modified", date)]).as_deref(), Some(date));
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused_before_its_first_byte() {
        assert!(matches!(answer(200, &[("content-type", "text/html; charset=utf-8")], 0), Err(FetchError::Page(_))));
        assert!(matches!(answer(200, &[("content-encoding", "gzip")], 0), Err(FetchError::Packed(_))));
        assert!(matches!(answer(200, &[("content-length", "101")], 0), Err(FetchError::TooLarge { .. })));
        assert!(matches!(answer(404, &[], 0), Err(FetchError::NotThere(_))));
        let plain = answer(302, &[("location", "http://a.org/w")], 0).unwrap_err();
        assert!(matches!(plain, FetchError::Address(_)), "{plain}");
        for status in [204, 302, 304, 401, 403, 407, 418, 429, 503] {
            assert!(matches!(answer(status, &[], 0), Err(FetchError::Status { .. })), "{status}");
        }
    }
}
