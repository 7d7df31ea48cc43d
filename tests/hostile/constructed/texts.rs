//! Tables, configurations and reports: nesting, long lines, rows and numbers without end.

use std::sync::OnceLock;

use super::Constructed;
use crate::readers::{Bench, Reader};

fn report(change: impl FnOnce(String) -> String) -> Vec<u8> {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let sound = SOUND.get_or_init(|| Bench::new().sound_report()).clone();
    change(String::from_utf8(sound).unwrap()).into_bytes()
}

/// A report with another value of a setting.
fn with(key: &str, value: &str) -> Vec<u8> {
    report(|text| {
        let at = text.find(&format!("\"{key}\":")).unwrap() + key.len() + 3;
        let end = at + text[at..].find([',', '\n']).unwrap();
        format!("{}{value}{}", &text[..at], &text[end..])
    })
}

/// The report with a field more at its head.
fn beside(value: &str) -> Vec<u8> {
    report(|text| text.replacen('{', &format!("{{\"more\": {value},"), 1))
}

fn tables() -> Vec<Constructed> {
    let head = "Image Index,Finding Labels\n";
    let of = |name: &str, make: Box<dyn Fn() -> Vec<u8>>| Constructed {
        name: name.into(),
        reader: Reader::Table,
        make,
        large: false,
        says: "",
    };
    vec![
        of("a row of 60 million cells", Box::new(move || [head.as_bytes(), &b",".repeat(60_000_000)].concat()))
            .says("a line of it is longer"),
        of("60 million columns", Box::new(move || b",".repeat(60_000_000))).says("a line of it is longer"),
        of("a cell that never ends", Box::new(move || [head.as_bytes(), b"\"", &vec![b'x'; 100 << 20]].concat())),
        Constructed {
            large: true,
            ..of(
                "two million rows of one image",
                Box::new(move || [head.as_bytes(), &b"0.png,Mass\n".repeat(2_000_000)].concat()),
            )
        },
        of("three million rows", Box::new(move || [head.as_bytes(), &b"\n".repeat(3_000_000)].concat())),
        Constructed {
            large: true,
            ..of(
                "two million rows of no image",
                Box::new(move || [head.as_bytes(), &b"x,y\n".repeat(1_900_000)].concat()),
            )
        },
        Constructed {
            large: true,
            ..of(
                "300,000 kinds of findings",
                Box::new(move || {
                    let rows: Vec<String> = (0..300_000).map(|i| format!("0.png,Finding {i}\n")).collect();
                    [head.as_bytes(), rows.concat().as_bytes()].concat()
                }),
            )
        },
        of(
            "an image of two million labels",
            Box::new(move || [head.as_bytes(), b"0.png,", &b"Mass|".repeat(2_000_000)].concat()),
        ),
        of("zeros", Box::new(|| vec![0; 50 << 20])).says("a line of it is longer"),
    ]
}

/// TOML of a megabyte in every way to be deep, for a reader of configurations.
fn configurations(reader: Reader) -> Vec<Constructed> {
    let size = 1 << 20;
    let of = move |name: &str, make: Box<dyn Fn() -> Vec<u8>>| Constructed {
        name: format!("{name} for {reader:?}"),
        reader,
        make,
        large: false,
        says: "",
    };
    vec![
        of("brackets", Box::new(move || [&b"a = "[..], &b"[".repeat(size - 4)].concat())),
        of("tables in tables", Box::new(move || [&b"a = "[..], &b"{a=".repeat(size / 3 - 4)].concat())),
        of("a key of many parts", Box::new(move || [&b"a.".repeat(size / 2 - 8)[..], b"a = 1"].concat())),
        of("many tables", Box::new(move || (0..50_000).flat_map(|i| format!("[t{i}.a.b.c]\n").into_bytes()).collect())),
        of("many labels", Box::new(|| b"[[labels]]\nname='a'\n".repeat(50_000))),
        of("a table that comes again", Box::new(move || b"[[a]]\n".repeat(size / 6))),
        of("a table in the last of many", Box::new(move || b"[[a.a]]\n".repeat(size / 8))),
    ]
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = tables();
    for reader in [Reader::Config, Reader::Manifest, Reader::Calibration, Reader::SegmenterManifest] {
        all.extend(configurations(reader));
    }
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Report, name, make);
    all.extend([
        of("a report of a billion samples", || with("samples", "1000000000")),
        of("a report of samples beyond all numbers", || with("samples", "1e300")),
        of("a report of less than no samples", || with("samples", "-1")),
        of("a report of four billion frames", || with("frame", "4294967295")),
        of("a report with a list of 30 million lists", || beside(&format!("[{}[]]", "[],".repeat(10_000_000))))
            .says("it holds more than"),
        of("a report with lists in lists", || {
            let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
            beside(&format!("[{}0]", format!("{deep},").repeat(100_000)))
        })
        .says("lists and objects"),
        Constructed {
            large: true,
            ..of("a report with 3 million fields", || {
                let fields: Vec<String> = (0..3_000_000).map(|i| format!("\"{i}\":0")).collect();
                beside(&format!("{{{}}}", fields.join(",")))
            })
        },
        of("a report with brackets without end", || beside(&"[".repeat(10 << 20))),
        of("a report with a text of 60 MB", || beside(&format!("\"{}\"", "x".repeat(60 << 20)))),
        of("a report of 900,000 warnings", || {
            report(|text| {
                let at = text.find("\"warnings\":").unwrap();
                let begin = at + text[at..].find('[').unwrap() + 1;
                format!("{}{}\"y\",{}", &text[..begin], "\"x\",".repeat(900_000), &text[begin..]).replace(",]", "]")
            })
        }),
    ]);
    all
}
