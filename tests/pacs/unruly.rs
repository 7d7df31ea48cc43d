//! Nodes that break the rules: they hang, lie about lengths, name other UIDs, and say nothing. Every
//! one of them ends in a sentence, in time, and without a trace in the inbox.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use dicom_ul::pdu::{
    AbortRQSource, AssociationAC, AssociationRQ, PDataValue, PDataValueType, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason, UserVariableItem, read_pdu, write_pdu,
};
use pellucid::cancel::CancelToken;
use pellucid::pacs::dimse::store::store;
use pellucid::pacs::dimse::{DimseError, echo};

use super::dicom_bytes::{EXPLICIT, IMPLICIT};
use super::images::{CR, object, stored, uid};
use super::peer::{Listening, caller, files, node, settings};

pub(crate) fn send(stream: &mut TcpStream, pdu: &Pdu) {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, pdu).unwrap();
    stream.write_all(&bytes).unwrap();
}

pub(crate) fn receive(stream: &mut TcpStream) -> Option<Pdu> {
    let mut bytes = vec![0; 6];
    stream.read_exact(&mut bytes).ok()?;
    let length = u32::from_be_bytes(bytes[2..6].try_into().unwrap()) as usize;
    bytes.resize(6 + length, 0);
    stream.read_exact(&mut bytes[6..]).ok()?;
    read_pdu(&bytes[..], 1 << 20, false).ok().flatten()
}

fn wish() -> Pdu {
    let context = |id, abstract_syntax: &str, transfer: &str| PresentationContextProposed {
        id,
        abstract_syntax: abstract_syntax.into(),
        transfer_syntaxes: vec![transfer.into()],
    };
    Pdu::AssociationRQ(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: "UNRULY".into(),
        called_ae_title: "PELLUCID".into(),
        application_context_name: "1.2.840.10008.3.1.1.1".into(),
        presentation_contexts: vec![context(1, "1.2.840.10008.1.1", IMPLICIT), context(3, CR, EXPLICIT)],
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    })
}

/// An association with a receiver of ours.
pub(crate) fn associated(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    send(&mut stream, &wish());
    assert!(matches!(receive(&mut stream), Some(Pdu::AssociationAC(_))));
    stream
}

fn fragment(kind: PDataValueType, is_last: bool, data: Vec<u8>) -> Pdu {
    Pdu::PData { data: vec![PDataValue { presentation_context_id: 3, value_type: kind, is_last, data }] }
}

/// The command of a C-STORE.
fn command(class: &str, instance: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let mut element = |number: u16, value: &[u8]| {
        body.extend([0, 0]);
        body.extend(number.to_le_bytes());
        body.extend((value.len() as u32 + value.len() as u32 % 2).to_le_bytes());
        body.extend(value);
        body.extend(vec![0; value.len() % 2]);
    };
    element(0x0002, class.as_bytes());
    element(0x0100, &1_u16.to_le_bytes());
    element(0x0110, &1_u16.to_le_bytes());
    element(0x0700, &0_u16.to_le_bytes());
    element(0x0800, &1_u16.to_le_bytes());
    element(0x1000, instance.as_bytes());
    let mut bytes = vec![0, 0, 0, 0, 4, 0, 0, 0];
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.append(&mut body);
    bytes
}

/// The status in an answer.
fn status(pdu: Option<Pdu>) -> Option<u16> {
    let Some(Pdu::PData { data }) = pdu else { return None };
    let bytes = &data[0].data;
    let at = bytes.windows(8).position(|w| w == [0, 0, 0, 9, 2, 0, 0, 0])?;
    Some(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]))
}

#[test]
fn objects_that_are_not_what_was_announced_are_refused() {
    let inbox = tempfile::tempdir().unwrap();
    let receiver = Listening::start(inbox.path(), settings());
    let data = object(1).data_set(true, false);
    let mut stream = associated(receiver.port);
    let cases: [(&str, &str, &[u8], u16); 5] = [
        (CR, "2.25.999", &data, 0xA900),
        (CR, "../../evil", &data, 0x0117),
        (CR, "", &data, 0x0117),
        ("1.2.840.10008.5.1.4.1.1.2", &uid(1), &data, 0xA900),
        (CR, &uid(1), &data[..data.len() / 3], 0xA900),
    ];
    for (class, instance, data, expected) in cases {
        send(&mut stream, &fragment(PDataValueType::Command, true, command(class, instance)));
        send(&mut stream, &fragment(PDataValueType::Data, true, data.to_vec()));
        assert_eq!(status(receive(&mut stream)), Some(expected), "{instance}");
    }
    assert!(files(inbox.path()).is_empty() && receiver.log.arrived.lock().unwrap().is_empty());
    // And what is right is taken all the same.
    send(&mut stream, &fragment(PDataValueType::Command, true, command(CR, &uid(1))));
    let (first, rest) = data.split_at(101);
    send(&mut stream, &fragment(PDataValueType::Data, false, first.to_vec()));
    send(&mut stream, &fragment(PDataValueType::Data, true, rest.to_vec()));
    assert_eq!(status(receive(&mut stream)), Some(0));
    assert_eq!(files(inbox.path()), [format!("{}.dcm", uid(1))]);
}

/// What a receiver does after bytes of this kind: true where it ends the connection in time.
fn ends(port: u16, after: impl FnOnce(&mut TcpStream)) -> bool {
    let mut stream = associated(port);
    after(&mut stream);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let started = Instant::now();
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    // A reset is an end, too.
    started.elapsed() < Duration::from_secs(9) && !matches!(ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn callers_that_hang_lie_or_talk_nonsense_are_hung_up_on() {
    let inbox = tempfile::tempdir().unwrap();
    let mut hasty = settings();
    hasty.waits.answer = Duration::from_secs(2);
    hasty.object_time = Duration::from_secs(3);
    let receiver = Listening::start(inbox.path(), hasty);
    let port = receiver.port;
    assert!(ends(port, |_| {}), "silence");
    assert!(ends(port, |s| s.write_all(&[4, 0, 0xFF, 0xFF, 0xFF, 0xFF]).unwrap()), "a PDU of four gigabytes");
    assert!(
        ends(port, |s| s.write_all(&[4, 0, 0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3, 3, 0, 0]).unwrap()),
        "a fragment"
    );
    assert!(
        ends(port, |s| s.write_all(&[4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 3, 3]).unwrap()),
        "a fragment shorter than itself"
    );
    assert!(ends(port, |s| s.write_all(&[0x99, 0, 0, 0, 0, 1, 7]).unwrap()), "an unknown PDU");
    assert!(ends(port, |s| s.write_all(&[4, 0, 0, 0, 0, 0].repeat(50)).unwrap()), "PDUs of nothing");
    assert!(ends(port, |s| send(s, &wish())), "a second wish");
    assert!(ends(port, |s| send(s, &fragment(PDataValueType::Data, true, vec![1]))), "data without a command");
    assert!(ends(port, |s| send(s, &fragment(PDataValueType::Command, true, vec![0xFF; 40]))), "no command");
    let half = |s: &mut TcpStream| send(s, &fragment(PDataValueType::Command, true, command(CR, &uid(1))));
    assert!(ends(port, half), "a command and then nothing");
    // A byte now and then does not hold the receiver beyond the time of an object.
    let drip = |s: &mut TcpStream| {
        half(s);
        for _ in 0..60 {
            thread::sleep(Duration::from_millis(100));
            let mut bytes = Vec::new();
            write_pdu(&mut bytes, &fragment(PDataValueType::Data, false, vec![8])).unwrap();
            if s.write_all(&bytes).is_err() {
                break;
            }
        }
    };
    assert!(ends(port, drip), "drops");
    assert!(files(inbox.path()).is_empty(), "{:?}", files(inbox.path()));
    echo(&caller(), &receiver.node()).unwrap();
}

#[test]
fn bytes_that_are_no_association_are_hung_up_on() {
    let inbox = tempfile::tempdir().unwrap();
    let mut hasty = settings();
    hasty.waits.connecting = Duration::from_secs(1);
    let receiver = Listening::start(inbox.path(), hasty);
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[1, 0, 0, 0, 0, 4, 0, 1, 0, 0], &[0x16, 3, 1, 2, 0], &[]]
    {
        let mut stream = TcpStream::connect(("127.0.0.1", receiver.port)).unwrap();
        stream.write_all(bytes).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(!matches!(ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock), "{bytes:?}");
    }
    echo(&caller(), &receiver.node()).unwrap();
}

/// A node that answers its first caller as it likes; yields its port.
pub(crate) fn node_that(answer: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::Builder::new().name("unruly".into()).spawn(move || answer(listener.accept().unwrap().0)).unwrap();
    port
}

/// Agrees to the first contexts with what they propose first.
pub(crate) fn agree(stream: &mut TcpStream, change: impl Fn(&mut AssociationAC)) {
    let Some(Pdu::AssociationRQ(wish)) = receive(stream) else { panic!("no wish") };
    let accepted = |p: &PresentationContextProposed| PresentationContextResult {
        id: p.id,
        reason: PresentationContextResultReason::Acceptance,
        transfer_syntax: p.transfer_syntaxes[0].clone(),
    };
    let mut answer = AssociationAC {
        protocol_version: 1,
        calling_ae_title: wish.calling_ae_title,
        called_ae_title: wish.called_ae_title,
        application_context_name: wish.application_context_name,
        presentation_contexts: wish.presentation_contexts.iter().map(accepted).collect(),
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    };
    change(&mut answer);
    send(stream, &Pdu::AssociationAC(answer));
}

/// What an echo with such a node fails with.
fn echo_with(answer: impl FnOnce(TcpStream) + Send + 'static) -> DimseError {
    let mut hasty = caller();
    hasty.waits.answer = Duration::from_secs(1);
    let started = Instant::now();
    let error = echo(&hasty, &node("UNRULY", node_that(answer))).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(8), "{error}");
    error
}

#[test]
fn nodes_that_hang_or_lie_are_given_up_with_a_sentence() {
    let hold = |stream: TcpStream| {
        thread::sleep(Duration::from_secs(6));
        drop(stream);
    };
    assert!(matches!(echo_with(hold), DimseError::Silent { .. }), "silence");
    let drip = |mut stream: TcpStream| {
        for byte in [2_u8, 0, 0, 0, 0x10, 0].into_iter().chain([0; 60]) {
            thread::sleep(Duration::from_millis(100));
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
    };
    assert!(matches!(echo_with(drip), DimseError::Silent { .. }), "drops");
    assert!(matches!(echo_with(drop), DimseError::Closed { .. } | DimseError::Connection { .. }), "gone");
    let long = |mut s: TcpStream| {
        s.write_all(&[2, 0, 0x7F, 0xFF, 0xFF, 0xFF]).unwrap();
        thread::sleep(Duration::from_secs(2));
    };
    assert!(matches!(echo_with(long), DimseError::Violation { .. }), "a length that lies");
    let foreign = |mut s: TcpStream| {
        agree(&mut s, |answer| answer.presentation_contexts[0].id = 77);
        thread::sleep(Duration::from_secs(2));
    };
    assert!(matches!(echo_with(foreign), DimseError::Violation { .. }), "a context that nobody proposed");
    let none = |mut s: TcpStream| {
        agree(&mut s, |a| a.presentation_contexts[0].reason = PresentationContextResultReason::NoReason);
        thread::sleep(Duration::from_secs(2));
    };
    assert!(matches!(echo_with(none), DimseError::NothingAccepted { .. }), "nothing accepted");
    let tiny = |mut s: TcpStream| {
        agree(&mut s, |answer| answer.user_variables = vec![UserVariableItem::MaxLength(3)]);
        thread::sleep(Duration::from_secs(2));
    };
    assert!(matches!(echo_with(tiny), DimseError::Violation { .. }), "PDUs of three bytes");
    let web = |mut s: TcpStream| {
        s.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        thread::sleep(Duration::from_secs(2));
    };
    assert!(matches!(echo_with(web), DimseError::Violation { .. }), "a web server");
}

#[test]
fn a_node_that_breaks_off_is_tried_with_the_next_objects_and_not_for_ever() {
    let here = tempfile::tempdir().unwrap();
    let objects = stored(here.path(), 6);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let breaks = move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            agree(&mut stream, |_| {});
            let _ = receive(&mut stream);
            send(&mut stream, &Pdu::AbortRQ { source: AbortRQSource::ServiceUser });
        }
    };
    thread::Builder::new().name("breaks".into()).spawn(breaks).unwrap();
    let mut heard = Vec::new();
    let ended = store(&caller(), &node("UNRULY", port), &objects, &mut |at, result| {
        heard.push(at);
        assert!(matches!(result, Err(DimseError::Aborted { .. } | DimseError::Closed { .. })), "{result:?}");
    });
    assert_eq!(heard, [0, 1, 2], "what became of these is known");
    assert!(matches!(ended, Err(DimseError::Aborted { .. } | DimseError::Closed { .. })), "{ended:?}");
}

#[test]
fn an_answer_about_another_uid_is_seen() {
    let here = tempfile::tempdir().unwrap();
    let objects = stored(here.path(), 1);
    let port = node_that(|mut stream| {
        agree(&mut stream, |_| {});
        let mut context = 1;
        loop {
            let Some(Pdu::PData { data }) = receive(&mut stream) else { return };
            context = data[0].presentation_context_id.max(context);
            if data[0].value_type == PDataValueType::Data && data[0].is_last {
                break;
            }
        }
        let mut answer = command(CR, "2.25.31337");
        // C-STORE-RSP to message 1 with status 0.
        let set = |bytes: &mut Vec<u8>, element: [u8; 2], to: [u8; 2], value: [u8; 2]| {
            let at = bytes.windows(4).position(|w| w[..2] == [0, 0] && w[2..] == element).unwrap();
            bytes[at + 2..at + 4].copy_from_slice(&to);
            bytes[at + 8..at + 10].copy_from_slice(&value);
        };
        set(&mut answer, [0, 1], [0, 1], [1, 0x80]);
        set(&mut answer, [0x10, 1], [0x20, 1], [1, 0]);
        set(&mut answer, [0, 8], [0, 8], [1, 1]);
        set(&mut answer, [0, 7], [0, 9], [0, 0]);
        let value = PDataValue {
            presentation_context_id: context,
            value_type: PDataValueType::Command,
            is_last: true,
            data: answer,
        };
        send(&mut stream, &Pdu::PData { data: vec![value] });
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ended = store(&caller(), &node("UNRULY", port), &objects, &mut |_, result| panic!("{result:?}"));
    assert!(matches!(ended, Err(DimseError::OtherUid { .. })), "{ended:?}");
}

#[test]
fn a_request_that_is_cancelled_ends_within_200_ms() {
    let port = node_that(|stream| {
        thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    let mut patient = caller();
    patient.cancel = CancelToken::default();
    let cancel = patient.cancel.clone();
    let cancelled = thread::Builder::new()
        .name("cancel".into())
        .spawn(move || {
            thread::sleep(Duration::from_millis(300));
            cancel.cancel();
            Instant::now()
        })
        .unwrap();
    let error = echo(&patient, &node("UNRULY", port)).unwrap_err();
    let after = cancelled.join().unwrap().elapsed();
    assert!(matches!(error, DimseError::Cancelled(_)), "{error}");
    assert!(after < Duration::from_millis(600), "{after:?}");
}

/// A sender that begins an object and is gone in its middle.
pub(crate) fn cut_in_the_middle(port: u16, number: usize) {
    let mut stream = associated(port);
    let data = object(number).data_set(true, false);
    send(&mut stream, &fragment(PDataValueType::Command, true, command(CR, &uid(number))));
    send(&mut stream, &fragment(PDataValueType::Data, false, data[..data.len() / 2].to_vec()));
}
