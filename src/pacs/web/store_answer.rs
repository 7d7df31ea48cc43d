//! What a server says of each object that it was sent (PS3.18, 10.5.3 and annex I).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::pacs::archive::Sent;
use crate::printable::printable;
use crate::study::wire::StoredObject;

const REFERENCED: &str = "00081199";
const FAILED: &str = "00081198";
const INSTANCE: &str = "00081155";
const REASON: &str = "00081197";
const WARNING: &str = "00081196";

/// What became of each object; nothing where the answer does not say it.
///
/// An answer without words is believed by its status alone: 200 says that all were taken (PS3.18, table
/// 10.5.3-1).
pub(super) fn fates(objects: &[StoredObject], status: u16, answer: &[u8]) -> Option<Vec<Sent>> {
    let Some(json) = serde_json::from_slice::<Value>(answer).ok().and_then(unwrapped) else {
        let taken = |object: &StoredObject| Sent { sop_instance_uid: object.sop_instance.clone(), refusal: None };
        return (status == 200).then(|| objects.iter().map(taken).collect());
    };
    let taken: HashSet<String> = items(&json, REFERENCED).filter_map(|item| text(item, INSTANCE)).collect();
    let failed: HashMap<String, Option<u32>> =
        items(&json, FAILED).filter_map(|item| Some((text(item, INSTANCE)?, number(item, REASON)))).collect();
    let fate = |object: &StoredObject| {
        let uid = object.sop_instance.as_str();
        let refusal = match failed.get(uid) {
            Some(reason) => Some(sentence(*reason)),
            None if taken.contains(uid) => None,
            // Of an object that is named nowhere, 200 says that it was taken.
            None if status == 200 && taken.is_empty() && failed.is_empty() => None,
            None => Some("the archive does not say that it has it".to_owned()),
        };
        Sent { sop_instance_uid: uid.to_owned(), refusal }
    };
    Some(objects.iter().map(fate).collect())
}

/// One object, which some servers put into a list.
fn unwrapped(json: Value) -> Option<Value> {
    match json {
        Value::Object(_) => Some(json),
        Value::Array(mut list) if list.len() == 1 => unwrapped(list.remove(0)),
        _ => None,
    }
}

fn items<'a>(json: &'a Value, tag: &str) -> impl Iterator<Item = &'a Value> {
    json.get(tag).and_then(|a| a.get("Value")).and_then(Value::as_array).into_iter().flatten()
}

fn text(item: &Value, tag: &str) -> Option<String> {
    item.get(tag)?.get("Value")?.get(0)?.as_str().map(str::to_owned)
}

fn number(item: &Value, tag: &str) -> Option<u32> {
    let of = |tag: &str| {
        let value = item.get(tag)?.get("Value")?.get(0)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).and_then(|n| u32::try_from(n).ok())
    };
    of(tag).or_else(|| of(WARNING))
}

/// A Failure Reason in words (PS3.3, C.14.1.1; PS3.4, table B.2-1).
fn sentence(reason: Option<u32>) -> String {
    let Some(reason) = reason else { return "the archive did not take it and says no reason".to_owned() };
    let words = match reason {
        0x0110 => "it could not be processed",
        0x0111 => "the archive has an object of this UID already",
        0x0112 => "the archive does not know the object",
        0x0119 => "class and instance do not belong together",
        0x0122 => "the archive stores no objects of this kind",
        0x0124 => "whoever signs in so may not store it",
        0x0131 => "the archive is busy with the same object",
        0x0213 | 0xA700..=0xA7FF => "the archive has no room for it",
        0xA900..=0xA9FF => "its content does not belong to an object of its kind",
        0xC000..=0xC121 | 0xC123..=0xCFFF => "the archive does not understand it",
        0xC122 => "the archive does not take the way in which its pixels are compressed",
        _ => "the archive did not take it",
    };
    printable(&format!("{words} ({reason:04X}H)")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects() -> Vec<StoredObject> {
        let folder = tempfile::tempdir().unwrap();
        ["1.2.1", "1.2.2", "1.2.3"]
            .into_iter()
            .map(|uid| crate::pacs::web::store_answer::tests::object(folder.path(), uid))
            .collect()
    }

    /// A small object of this UID.
    pub(in crate::pacs) fn object(folder: &std::path::Path, uid: &str) -> StoredObject {
        let path = folder.join(format!("{uid}.dcm"));
        std::fs::write(&path, file(uid)).unwrap();
        StoredObject::open(&path).unwrap()
    }

    /// A file of PS3.10 without pixels.
    pub(in crate::pacs) fn file(uid: &str) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        let mut put = |group: u16, element: u16, vr: &[u8; 2], value: &str| {
            let even = if value.len().is_multiple_of(2) { value.to_owned() } else { format!("{value}\0") };
            bytes.extend(group.to_le_bytes());
            bytes.extend(element.to_le_bytes());
            bytes.extend(vr);
            bytes.extend((even.len() as u16).to_le_bytes());
            bytes.extend(even.bytes());
        };
        put(2, 2, b"UI", "1.2.840.10008.5.1.4.1.1.7");
        put(2, 3, b"UI", uid);
        put(2, 0x10, b"UI", "1.2.840.10008.1.2.1");
        put(8, 0x16, b"UI", "1.2.840.10008.5.1.4.1.1.7");
        put(8, 0x18, b"UI", uid);
        put(0x20, 0xD, b"UI", "1.2");
        put(0x20, 0xE, b"UI", "1.3");
        bytes
    }

    fn refusals(status: u16, answer: &str) -> Option<Vec<Option<String>>> {
        Some(fates(&objects(), status, answer.as_bytes())?.into_iter().map(|sent| sent.refusal).collect())
    }

    #[test]
    fn each_object_has_a_fate_of_its_own() {
        let answer = r#"{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.1"]}}]},
            "00081198": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.2"]},
            "00081197": {"vr": "US", "Value": [290]}}]}}"#;
        let said = refusals(202, answer).unwrap();
        assert_eq!(said[0], None);
        assert_eq!(said[1].as_deref(), Some("the archive stores no objects of this kind (0122H)"));
        assert_eq!(said[2].as_deref(), Some("the archive does not say that it has it"));
    }

    #[test]
    fn an_answer_without_words_is_believed_by_its_status() {
        for answer in ["", "<html>", "{}"] {
            assert_eq!(refusals(200, answer).unwrap(), [None, None, None], "{answer}");
        }
        assert_eq!(refusals(202, ""), None);
        assert_eq!(refusals(409, "no json"), None);
        assert!(refusals(409, "{}").unwrap().iter().all(Option::is_some));
    }

    #[test]
    fn what_is_strange_is_no_crash() {
        for answer in
            [r#"{"00081199": 7}"#, r#"{"00081198": {"Value": [1, {"00081155": {"Value": []}}]}}"#, "[[]]", "[{},{}]"]
        {
            let _ = refusals(202, answer);
        }
        let failed =
            r#"[{"00081198": {"Value": [{"00081155": {"Value": ["1.2.1"]}, "00081197": {"Value": ["272"]}}]}}]"#;
        assert_eq!(refusals(409, failed).unwrap()[0].as_deref(), Some("it could not be processed (0110H)"));
    }
}
