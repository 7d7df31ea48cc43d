//! Text of a DICOM object in its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 section 6.1).
//!
//! A single value names one encoding for everything. Several values mean code extensions by ISO
//! 2022: text starts in the first one, and escape sequences switch to another until the next escape
//! or, for sets that leave ASCII alone, until a delimiter. Files that declare nothing and hold
//! bytes above 127 are read as UTF-8 where that is valid, else as Latin-1: both are common
//! mistakes.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

const ESCAPE: u8 = 0x1B;

/// The character sets that an object declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CharacterSets {
    codes: Vec<String>,
}

impl CharacterSets {
    /// The values of Specific Character Set.
    pub(crate) fn of(values: &[String]) -> Self {
        Self { codes: values.iter().map(|c| c.replace("ISO-IR", "ISO_IR")).collect() }
    }

    /// The text of a value, without the blanks and zeros that pad it.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        let text = if bytes.contains(&ESCAPE) { self.decode_runs(bytes) } else { decode_as(self.first(), bytes) };
        text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
    }

    fn first(&self) -> &str {
        self.codes.first().map_or("", String::as_str)
    }

    fn decode_runs(&self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        let mut set = Run { code: self.first(), escape_length: 0, double_byte_ascii: false };
        while !rest.is_empty() {
            // A set in G0 with two bytes a character (JIS) may hold the codes of the delimiters:
            // only an escape ends it.
            let ends = |b: &u8| *b == ESCAPE || (!set.double_byte_ascii && b"^=\\\r\n\x0c".contains(b));
            let end = rest.iter().skip(set.escape_length).position(ends).map_or(rest.len(), |i| i + set.escape_length);
            let (run, tail) = rest.split_at(end);
            // ISO-2022-JP decoders want the escape itself, all others only the characters.
            let shown = if set.double_byte_ascii { run } else { &run[set.escape_length.min(run.len())..] };
            if !shown.is_empty() {
                text.push_str(&decode_as(set.code, shown));
            }
            rest = tail;
            match rest.first() {
                Some(&ESCAPE) => {
                    set = Run::starting(rest, self.first());
                    // An escape that is not known is dropped, so that the text goes on behind it.
                    if set.escape_length == 0 {
                        rest = &rest[1..];
                    }
                }
                Some(&delimiter) => {
                    text.push(delimiter as char);
                    rest = &rest[1..];
                    set = Run { code: self.first(), escape_length: 0, double_byte_ascii: false };
                }
                None => {}
            }
        }
        text
    }
}

struct Run<'a> {
    code: &'a str,
    escape_length: usize,
    double_byte_ascii: bool,
}

impl<'a> Run<'a> {
    /// The set that an escape sequence at the start of `bytes` designates (PS3.3 tables C.12-3 and
    /// C.12-4).
    fn starting(bytes: &[u8], first: &'a str) -> Self {
        const KNOWN: [(&[u8], &str, bool); 18] = [
            (b"\x1b(B", "ISO 2022 IR 6", false),
            (b"\x1b(J", "ISO 2022 IR 13", false),
            (b"\x1b)I", "ISO 2022 IR 13", false),
            (b"\x1b-A", "ISO 2022 IR 100", false),
            (b"\x1b-B", "ISO 2022 IR 101", false),
            (b"\x1b-C", "ISO 2022 IR 109", false),
            (b"\x1b-D", "ISO 2022 IR 110", false),
            (b"\x1b-L", "ISO 2022 IR 144", false),
            (b"\x1b-G", "ISO 2022 IR 127", false),
            (b"\x1b-F", "ISO 2022 IR 126", false),
            (b"\x1b-H", "ISO 2022 IR 138", false),
            (b"\x1b-M", "ISO 2022 IR 148", false),
            (b"\x1b-T", "ISO 2022 IR 166", false),
            (b"\x1b-b", "ISO 2022 IR 203", false),
            (b"\x1b$)C", "ISO 2022 IR 149", false),
            (b"\x1b$)A", "ISO 2022 IR 58", false),
            (b"\x1b$B", "ISO 2022 IR 87", true),
            (b"\x1b$(D", "ISO 2022 IR 87", true),
        ];
        // Of thousands of escapes that are none the first look must be enough.
        let may_be = bytes.get(1).is_some_and(|second| b"()-$".contains(second));
        KNOWN.iter().find(|(escape, ..)| may_be && bytes.starts_with(escape)).map_or(
            Self { code: first, escape_length: 0, double_byte_ascii: false },
            |(escape, code, double_byte_ascii)| Self {
                code,
                escape_length: escape.len(),
                double_byte_ascii: *double_byte_ascii,
            },
        )
    }
}

fn decode_as(code: &str, bytes: &[u8]) -> String {
    let undeclared = matches!(code, "" | "ISO_IR 6" | "ISO 2022 IR 6");
    if undeclared {
        return std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned);
    }
    // Turkish is a Latin-1 with six letters changed.
    if matches!(code, "ISO_IR 148" | "ISO 2022 IR 148") {
        return latin1(bytes).chars().map(turkish).collect();
    }
    // Latin-9 is a Latin-1 with eight letters changed, the euro sign among them.
    if matches!(code, "ISO_IR 203" | "ISO 2022 IR 203") {
        return latin1(bytes).chars().map(latin9).collect();
    }
    SpecificCharacterSet::from_code(code)
        .and_then(|set| set.decode(bytes).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| b as char).collect()
}

fn latin9(c: char) -> char {
    match c {
        '¤' => '€',
        '¦' => 'Š',
        '¨' => 'š',
        '´' => 'Ž',
        '¸' => 'ž',
        '¼' => 'Œ',
        '½' => 'œ',
        '¾' => 'Ÿ',
        other => other,
    }
}

fn turkish(c: char) -> char {
    match c {
        'Ð' => 'Ğ',
        'Ý' => 'İ',
        'Þ' => 'Ş',
        'ð' => 'ğ',
        'ý' => 'ı',
        'þ' => 'ş',
        other => other,
    }
}

/// The bytes of a text in Latin-5 or Latin-9, if the set has all of its letters.
pub(crate) fn single_byte(code: &str, text: &str) -> Option<Vec<u8>> {
    let all = (0..=u8::MAX).map(|byte| (decode_as(code, &[byte]), byte));
    let bytes: std::collections::HashMap<String, u8> = all.collect();
    text.chars().map(|c| bytes.get(c.encode_utf8(&mut [0; 4]) as &str).copied()).collect()
}

/// A person name as people write it: "Yamada^Tarou=山田^太郎" becomes "Yamada Tarou (山田 太郎)".
#[must_use]
pub fn readable_name(person_name: &str) -> String {
    let groups: Vec<String> = person_name
        .split('=')
        .map(|group| group.split('^').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
        .filter(|group| !group.is_empty())
        .collect();
    match groups.split_first() {
        None => String::new(),
        Some((first, [])) => first.clone(),
        Some((first, others)) => format!("{first} ({})", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(codes: &[&str]) -> CharacterSets {
        CharacterSets { codes: codes.iter().map(|c| (*c).to_owned()).collect() }
    }

    /// The examples of PS3.5 Annex H, I, J and K.
    #[test]
    fn the_names_of_the_standard_are_read() {
        let japanese = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        assert_eq!(sets(&["", "ISO 2022 IR 87"]).decode(japanese), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        let korean = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
        assert_eq!(sets(&["", "ISO 2022 IR 149"]).decode(korean), "Hong^Gildong=洪^吉洞=홍^길동");
        let unicode = "Wang^XiaoDong=王^小东".as_bytes();
        assert_eq!(sets(&["ISO_IR 192"]).decode(unicode), "Wang^XiaoDong=王^小东");
        let chinese = b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab";
        assert_eq!(sets(&["GB18030"]).decode(chinese), "Wang^XiaoDong=王^小东");
        assert_eq!(sets(&["ISO_IR 144"]).decode(b"\xbb\xee\xdace\xdc\xd1\xe3\xe0\xd3"), "Люкceмбург");
    }

    #[test]
    fn half_width_katakana_precede_kanji() {
        let name = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J";
        assert_eq!(sets(&["ISO 2022 IR 13", "ISO 2022 IR 87"]).decode(name), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎");
    }

    #[test]
    fn undeclared_high_bytes_are_utf8_or_latin1() {
        assert_eq!(sets(&[]).decode("Müller".as_bytes()), "Müller");
        assert_eq!(sets(&[]).decode(b"M\xfcller "), "Müller");
        assert_eq!(sets(&["ISO_IR 100"]).decode(b"M\xfcller\0"), "Müller");
        assert_eq!(sets(&["ISO_IR 148"]).decode(b"\xde\xfd"), "Şı");
        assert_eq!(sets(&["ISO_IR 203"]).decode(b"M\xbcller \xa4\xbe"), "MŒller €Ÿ");
        assert_eq!(sets(&["", "ISO 2022 IR 203"]).decode(b"\x1b-b\xbd"), "œ");
    }

    #[test]
    fn broken_escapes_and_unknown_sets_do_not_panic() {
        for bytes in [&b"\x1b"[..], b"\x1b$", b"a\x1b$B", b"\x1b\x1b\x1b(B", b"\x1b$B\xff\xff^", b"\xff\xfe"] {
            let _ = sets(&["", "ISO 2022 IR 87"]).decode(bytes);
            let _ = sets(&["ISO_IR 999"]).decode(bytes);
        }
    }

    #[test]
    fn names_are_shown_without_carets() {
        assert_eq!(readable_name("Doe^Jane^^Dr"), "Doe Jane Dr");
        assert_eq!(readable_name("Yamada^Tarou=山田^太郎"), "Yamada Tarou (山田 太郎)");
        assert_eq!(readable_name(""), "");
        assert_eq!(readable_name("^^="), "");
    }
}
