//! `serve --remove`: an image goes from the inbox once the node has its results and, under its very UID, the
//! image itself; everything else stays.

use std::collections::HashSet;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dicom_dictionary_std::tags;
use pellucid::cancel::CancelToken;
use pellucid::serve::service::Service;
use pellucid::serve::{Scored, Scorer};

use super::images::{uid, write};
use super::peer::{caller, files, node};
use super::scp::{Asked, FIND, STORE, node_with, texts};
use super::service::{HOOKS, Quick};

/// Scores as [`Quick`], and then puts another object into the place of some images.
struct Exchanging {
    inbox: std::path::PathBuf,
    exchanged: &'static [usize],
}

impl Scorer for Exchanging {
    fn score(&mut self, image: &Path) -> Result<Scored, String> {
        Quick.score(image)
    }

    fn made(&mut self, image: &Path) {
        for number in self.exchanged {
            if image == self.inbox.join(format!("{number}.dcm")) {
                let bytes =
                    super::images::object(*number).text((0x20, 0x13), "IS", "99").file(super::dicom_bytes::EXPLICIT);
                std::fs::write(image, bytes).unwrap();
            }
        }
    }
}

/// An archive that takes every object, refuses some for good, and has these from the start.
fn archive(has: &[usize], refuses: Option<String>) -> (u16, Arc<Mutex<HashSet<String>>>) {
    let has: HashSet<String> = has.iter().map(|number| uid(*number)).collect();
    let has = Arc::new(Mutex::new(has));
    let known = has.clone();
    let answer = move |mut stream: TcpStream| {
        while let Some(asked) = Asked::next(&mut stream) {
            let status = match asked.field {
                STORE if refuses.as_ref() == Some(&asked.instance) => 0x0122,
                STORE => {
                    known.lock().unwrap().insert(asked.instance.clone());
                    0
                }
                FIND => {
                    let wanted = asked.wanted().code(tags::SOP_INSTANCE_UID);
                    if known.lock().unwrap().contains(&wanted) {
                        asked.answer(&mut stream, 0xFF00, [0; 3], Some(&texts(&[((8, 0x18), &wanted)])));
                    }
                    0
                }
                _ => 0x0211,
            };
            asked.answer(&mut stream, status, [0; 3], None);
        }
    };
    (node_with(answer), has)
}

fn served(folder: &Path, port: u16, scorer: &mut dyn Scorer) {
    let service = Service {
        inbox: folder.join("inbox"),
        state: folder.join("state"),
        queue: 50,
        once: true,
        remove: true,
        again: false,
        commit: false,
        caller: caller(),
        node: node("ARCHIVE", port),
        listen: None,
    };
    service.run(scorer, &HOOKS, &CancelToken::default()).unwrap();
}

#[test]
fn an_image_goes_when_the_node_has_it_under_its_very_uid_and_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    (1..=4).for_each(|number| drop(write(&inbox, number)));
    // It has 1 and 3; a result of 4 it refuses for good, and 3 is exchanged after it was scored.
    let (port, has) = archive(&[1, 3, 4], Some(format!("{}.2", uid(4))));
    served(folder.path(), port, &mut Exchanging { inbox: inbox.clone(), exchanged: &[3] });
    assert_eq!(files(&inbox), ["2.dcm", "3.dcm", "4.dcm"]);
    // Once the archive has it, the next process removes it.
    has.lock().unwrap().insert(uid(2));
    served(folder.path(), port, &mut Quick);
    assert_eq!(files(&inbox), ["3.dcm", "4.dcm"]);
}

#[test]
fn a_node_that_answers_no_queries_has_nothing_removed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    write(&inbox, 1);
    let port = node_with(|mut stream| {
        while let Some(asked) = Asked::next(&mut stream) {
            let status = if asked.field == STORE { 0 } else { 0xC001 };
            asked.answer(&mut stream, status, [0; 3], None);
        }
    });
    served(folder.path(), port, &mut Quick);
    assert_eq!(files(&inbox), ["1.dcm"]);
}
