//! Files that the program keeps, and those that a user writes for it, in which there is too much.

use super::Constructed;
use crate::readers::Reader;
use crate::seeds::kept::RECORD_HEADER;

/// A reading as short as one may be, but for its marks.
fn reading(confidence: &str, marks: &str) -> String {
    format!("a,0123456789abcdef0123456789abcdef,A,1,c,a,{confidence},1,2026-11-30T10:00:00Z,{marks},,,\n")
}

fn readings(rows: &str) -> Vec<u8> {
    [RECORD_HEADER, rows].concat().into_bytes()
}

/// A plan with so many cases.
fn plan(cases: usize) -> Vec<u8> {
    let head = String::from_utf8(sound(Reader::StudyPlan)).unwrap();
    let case = |i| format!("[[case]]\nid = \"d{i}\"\npath = \"a\"\nsha256 = \"\"\ntruth_sha256 = \"\"\n");
    [head, (0..cases).map(case).collect::<String>()].concat().into_bytes()
}

/// The sound file of a reader.
fn sound(reader: Reader) -> Vec<u8> {
    crate::seeds::all().into_iter().find(|seed| seed.reader == reader && !seed.is_refused).unwrap().bytes
}

/// The sound file with another text for a part of it.
fn with(reader: Reader, part: &str, other: &str) -> Vec<u8> {
    let text = String::from_utf8(sound(reader)).unwrap();
    assert!(text.contains(part), "{text}");
    text.replacen(part, other, 1).into_bytes()
}

fn long() -> String {
    "long ".repeat(180_000)
}

fn studies() -> Vec<Constructed> {
    let of = |reader: Reader, name: &str, make: fn() -> Vec<u8>| Constructed::of(reader, name, make);
    vec![
        of(Reader::StudyCases, "three million cases", || {
            [&b"path,truth\n"[..], &b"a.png,1\n".repeat(3_000_000)].concat()
        }),
        of(Reader::StudyCases, "60 million columns of a study", || b",".repeat(60_000_000)),
        of(Reader::StudyCases, "20,000 columns of a study", || b"c,".repeat(20_000)).says("no column"),
        of(Reader::StudyCases, "an image with two million boxes", || {
            [&b"path,truth,x,y,width,height\n"[..], &b"a,1,1,1,1,1\n".repeat(1_900_000)].concat()
        })
        .says("more than 1000 boxes"),
        of(Reader::StudyRecords, "a reading that never ends", || {
            [RECORD_HEADER.as_bytes(), b"00ff,\"", &vec![b'x'; 60 << 20], b"\n"].concat()
        })
        .says("a line of it is longer"),
        of(Reader::StudyRecords, "two million readings", || readings(&reading("5", "").repeat(1_900_000)))
            .says("readings"),
        of(Reader::StudyRecords, "a reading of 100,000 marks", || readings(&reading("5", &"1 1 1;".repeat(100_000))))
            .says("marks"),
        of(Reader::StudyRecords, "10,000 readings of 50 marks", || {
            readings(&reading("5", &"1 1 1;".repeat(50)).repeat(10_000))
        }),
        Constructed::large(Reader::StudyRecords, "80,000 readings of 50 marks", || {
            readings(&reading("5", &"1 1 1;".repeat(50)).repeat(80_000))
        }),
        of(Reader::StudyRecords, "a confidence of 50,000 characters", || readings(&reading(&"9".repeat(50_000), "")))
            .says("line 2 of"),
        of(Reader::StudyTruth, "the truth of two million cases", || {
            let rows = (0..1_900_000).map(|i| format!("{i},1,,,,,\n")).collect::<Vec<_>>().concat();
            ["case,truth,x,y,width,height,salt\n", &rows].concat().into_bytes()
        })
        .says("cases"),
        of(Reader::StudyTruth, "a case of two million boxes", || {
            let row = "c1,1,1,1,1,1,ab\n";
            ["case,truth,x,y,width,height,salt\n", &row.repeat(1_900_000), "c2,0,,,,,\n"].concat().into_bytes()
        })
        .says("more than 1000 boxes"),
        of(Reader::StudyPlan, "a plan of brackets", || [&b"readers = "[..], &b"[".repeat(1 << 20)].concat()),
        of(Reader::StudyPlan, "a plan of one line", || [&b"name = x"[..], &b"y".repeat(50_000)].concat())
            .says("is no plan"),
        of(Reader::StudyPlan, "a plan of 20,000 cases", || plan(20_000)).says("cases"),
        Constructed::large(Reader::StudyPlan, "a plan of 250,000 cases", || plan(250_000)).says("cases"),
        of(Reader::StudyPlan, "a plan of a reader of a megabyte", || {
            with(Reader::StudyPlan, "\"A\"", &format!("{:?}", long()))
        })
        .says("is no code"),
        of(Reader::StudyPlan, "a plan of 300,000 readers", || {
            with(Reader::StudyPlan, "\"A\",", &"\"A\",".repeat(300_000))
        })
        .says("readers"),
    ]
}

fn journals() -> Vec<Constructed> {
    let of = |reader: Reader, name: &str, make: fn() -> Vec<u8>| Constructed::of(reader, name, make);
    let mut all = vec![
        of(Reader::Audit, "an entry that never ends", || vec![b'{'; 60 << 20]),
        of(Reader::Audit, "a million empty entries", || b"{}\n".repeat(1_000_000)),
        of(Reader::Catalogue, "a catalogue of 100,000 models", || b"[[models]]\nname = 'a'\n".repeat(100_000)),
        of(Reader::Catalogue, "a model of 50,000 characters", || {
            format!("[[models]]\nname = \"{}\"\n", "long ".repeat(10_000)).into()
        }),
        of(Reader::Manifest, "a modality of 50,000 characters", || {
            let fits = format!("[fits]\nmodalities = [\"{}\"]\n", "long ".repeat(10_000));
            [sound(Reader::Manifest), fits.into_bytes()].concat()
        })
        .says("each value is one word"),
        of(Reader::Manifest, "15,000 labels in groups of 60,000 members", || {
            let labels = (0..15_000).map(|i| format!("[[labels]]\nname = 'l{i}'\n")).collect::<Vec<_>>().concat();
            let member = |i: usize| format!("'l{}',", 14_999 - i % 10);
            let members: String = (0..60_000).map(member).collect();
            let group = format!("[[groups]]\nname = 'all'\nmembers = [{members}'nobody']\n");
            let shipped = crate::seeds::all().into_iter().find(|seed| seed.name == "manifest of chest-xray").unwrap();
            [shipped.bytes, labels.into_bytes(), group.into_bytes()].concat()
        })
        .says("names a label that does not exist"),
    ];
    for reader in [Reader::Measurements, Reader::Feedback] {
        all.extend([
            of(reader, "brackets without end", || [&b"{\"image\": "[..], &b"[".repeat(10 << 20)].concat()),
            of(reader, "a text of 60 MB", || [&b"{\"format\": \""[..], &vec![b'x'; 60 << 20], b"\"}"].concat()),
        ]);
    }
    all
}

fn of_users() -> Vec<Constructed> {
    let of = |reader: Reader, name: &str, make: fn() -> Vec<u8>| Constructed::of(reader, name, make);
    let mut all = vec![
        of(Reader::HangingRules, "10,000 rules", || sound(Reader::HangingRules).repeat(4_000)).says("at most"),
        of(Reader::HangingRules, "a grid of a megabyte", || with(Reader::HangingRules, "1x2", &long())).says("no grid"),
        of(Reader::HangingRules, "places of a megabyte", || with(Reader::HangingRules, "current", &long()))
            .says("names no image"),
        of(Reader::HangingRules, "200,000 places", || {
            with(Reader::HangingRules, "\"current\",", &"\"\",".repeat(200_000))
        })
        .says("places"),
        of(Reader::HangingRules, "200,000 modalities", || {
            with(Reader::HangingRules, "\"CR\",", &"\"\",".repeat(200_000))
        }),
        of(Reader::Peers, "20,000 peers", || {
            let peer = |i| format!("[[peer]]\nname='p{i}'\nkind='web'\nroot='https://a/'\n");
            (0..15_000).map(peer).collect::<String>().into_bytes()
        })
        .says("more than"),
        of(Reader::Peers, "a peer of a megabyte", || with(Reader::Peers, "Archive", &long())),
        of(Reader::Peers, "a host of a megabyte", || with(Reader::Peers, "pacs.example.org", &"a.".repeat(450_000))),
        of(Reader::Peers, "a root of a megabyte", || with(Reader::Peers, "dicom-web/", &"a/".repeat(450_000))),
        of(Reader::Preferences, "100,000 settings", || {
            let more = (0..80_000).map(|i| format!("\"{i}\":0,")).collect::<Vec<_>>().concat();
            with(Reader::Preferences, "{", &format!("{{{more}\"recent\":5,"))
        }),
        of(Reader::Preferences, "200,000 images opened of late", || {
            format!("{{\"recent\":[{}\"a\"]}}", "\"a\",".repeat(200_000)).into_bytes()
        }),
        of(Reader::Impression, "60,000 remarks", || {
            let remark = |i: usize| format!("{{\"text\":\"{i}\",\"written_at\":\"2026-11-30T10:01:00Z\"}},");
            with(
                Reader::Impression,
                "\"remarks\": [",
                &format!("\"remarks\": [{}", (0..60_000).map(remark).collect::<String>()),
            )
        }),
        of(Reader::Impression, "a text of 3 MB", || with(Reader::Impression, "a nodule", &long().repeat(3)))
            .says("characters"),
        of(Reader::Search, "a search over 20,000 settings", || {
            let range = |i| format!("[[range]]\nkey='k{i}'\nvalues=[1]\n");
            [sound(Reader::Search), (0..20_000).map(range).collect::<String>().into_bytes()].concat()
        }),
        of(Reader::Search, "a setting of 200,000 values", || {
            with(Reader::Search, "[8,", &format!("[{}", "8,".repeat(200_000)))
        }),
        of(Reader::Search, "a setting of a megabyte", || with(Reader::Search, "optimization.batch", &long())),
    ];
    for reader in [Reader::HangingRules, Reader::Peers, Reader::Preferences, Reader::Impression, Reader::Search] {
        all.extend([
            Constructed::of(reader, format!("a key of a megabyte for {reader:?}"), move || {
                let key = long();
                match reader {
                    Reader::Preferences | Reader::Impression => format!("{{{key:?}: [}}"),
                    _ => format!("{key:?} = 1\n"),
                }
                .into_bytes()
            }),
            Constructed::of(reader, format!("brackets for {reader:?}"), || {
                [&b"a = "[..], &b"[".repeat(1 << 19)].concat()
            }),
            Constructed::of(reader, format!("objects in objects for {reader:?}"), || b"{\"a\":".repeat(100_000)),
        ]);
    }
    all
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = studies();
    all.extend(journals());
    all.extend(of_users());
    all
}
