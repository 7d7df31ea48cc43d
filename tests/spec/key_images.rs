//! Key images: marked and found again, kept beside what was measured, never claimed where nobody
//! looked.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{self, Bench, catalogue_of, frame};
use super::viewer::{button, screen};
use pellucid::app::command::palette::availability::why_not;
use pellucid::app::command::{Command, FileCommand, MeasureCommand, StudyCommand};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use pellucid::app::update::message::Message;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::kept::MeasurementFile;
use pellucid::measurement::store::Store;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::study::{Frame, ImageEntry};

const SIZE: [usize; 2] = [64, 48];

/// Radiographs of one study, and a folder that keeps what is done to them.
struct Reading {
    bench: Bench,
    store: Store,
}

impl Reading {
    /// The first one is on screen; what earlier sessions marked is known as at a start.
    fn begin(folder: &std::path::Path, images: &[Arc<ImageEntry>]) -> Self {
        let mut reading = Self { bench: Bench::new(), store: Store::new(folder.to_owned()) };
        let marked = reading.store.key_images();
        reading.message(MeasuringMessage::MarkedBefore(marked));
        let catalogue = Box::new(catalogue_of(images));
        reading.bench.message(Message::Scanned { paths: vec!["film.dcm".into()], catalogue });
        reading.answer();
        reading
    }

    fn command(&mut self, command: impl Into<Command>) {
        self.bench.command(command);
        self.answer();
    }

    fn message(&mut self, message: MeasuringMessage) {
        self.bench.message(Message::Measuring(message));
    }

    /// Decodes, looks for and keeps what is asked for, as the threads do.
    fn answer(&mut self) {
        loop {
            let effects = std::mem::take(&mut self.bench.effects);
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::LoadFrame { generation, entry, index, .. } => {
                        self.bench.loaded(generation, Frame { entry, index, ..frame(SIZE[0], SIZE[1]) });
                    }
                    Effect::Measure(MeasuringEffect::Find { image, frame }) => {
                        let identity = ImageIdentity::of(&frame);
                        let key_image = self.store.is_key_image(&identity, SIZE).unwrap();
                        let result = Ok(self.store.find(&identity, SIZE).unwrap());
                        let (key, of) = (image.clone(), identity.clone());
                        self.message(MeasuringMessage::Marked { image: key, identity: of, key_image });
                        self.message(MeasuringMessage::Found { image, identity, result });
                    }
                    Effect::Measure(MeasuringEffect::Mark { identity, size, key_image }) => {
                        self.store.mark(&identity, size, key_image).unwrap();
                    }
                    Effect::Measure(MeasuringEffect::Keep { identity, size, list }) => {
                        self.store.keep(&identity, size, &list).unwrap();
                    }
                    _ => {}
                }
            }
        }
    }

    fn on_screen(&self) -> (String, u32) {
        let (entry, index) = self.bench.state.current().unwrap();
        (entry.identity.sop_instance_uid.clone(), index)
    }

    fn why_not(&self, command: impl Into<Command>) -> Option<String> {
        why_not(&self.bench.state, &command.into())
    }
}

fn films(n: usize) -> Vec<Arc<ImageEntry>> {
    let film = |i: usize| {
        let known = common::entry(&format!("1.2.{i}"), 1, SIZE[0], SIZE[1]);
        let path = format!("/study/film-{i}.dcm").into();
        Arc::new(ImageEntry { path, title: format!("film-{i}.dcm"), ..ImageEntry::clone(&known) })
    };
    (0..n).map(film).collect()
}

#[test]
fn a_mark_is_set_and_taken_back_by_the_same_key_and_by_undo_and_is_kept_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::begin(folder.path(), &films(2));
    let kept = |reading: &Reading| reading.store.key_images().len();
    let is_marked = |reading: &Reading| reading.bench.state.is_key_image();
    reading.command(MeasureCommand::ToggleKeyImage);
    assert!(is_marked(&reading) && kept(&reading) == 1);
    reading.command(MeasureCommand::ToggleKeyImage);
    assert!(!is_marked(&reading) && kept(&reading) == 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "of nothing no file is left");
    reading.command(MeasureCommand::Undo);
    assert!(is_marked(&reading) && kept(&reading) == 1);
    reading.command(MeasureCommand::Undo);
    assert!(!is_marked(&reading));
    reading.command(MeasureCommand::Redo);
    assert!(is_marked(&reading) && kept(&reading) == 1);
    // Another image has its own mark and its own way back.
    reading.command(StudyCommand::NextImage);
    assert!(!is_marked(&reading) && !reading.bench.state.can_step(true));
    reading.command(StudyCommand::PreviousImage);
    assert!(is_marked(&reading) && reading.bench.state.can_step(true));
}

#[test]
fn key_images_are_gone_through_in_the_order_of_the_study_and_reasons_are_said_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut images = films(3);
    images.push(common::entry("1.2.9", 5, SIZE[0], SIZE[1]));
    let mut reading = Reading::begin(folder.path(), &images);
    assert!(reading.why_not(StudyCommand::NextKeyImage).unwrap().contains("No key image is known"));
    for (image, index) in [(1, 0), (3, 1), (3, 4)] {
        reading.command(StudyCommand::ShowImage(images[image].clone(), index));
        reading.command(MeasureCommand::ToggleKeyImage);
    }
    reading.command(StudyCommand::ShowImage(images[0].clone(), 0));
    let mut seen = Vec::new();
    while reading.why_not(StudyCommand::NextKeyImage).is_none() {
        reading.command(StudyCommand::NextKeyImage);
        seen.push(reading.on_screen());
    }
    let marked: Vec<(String, u32)> = [("1.2.1", 0), ("1.2.9", 1), ("1.2.9", 4)].map(|(u, i)| (u.into(), i)).into();
    assert_eq!(seen, marked);
    assert!(reading.why_not(StudyCommand::NextKeyImage).unwrap().contains("follows"));
    reading.command(StudyCommand::NextKeyImage);
    assert!(reading.bench.state.notices.iter().any(|notice| notice.text.contains("No key image follows")));
    reading.command(StudyCommand::PreviousKeyImage);
    reading.command(StudyCommand::PreviousKeyImage);
    assert_eq!(reading.on_screen(), marked[0]);
}

#[test]
fn marks_of_earlier_sessions_are_known_by_their_uid_until_the_pixels_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let images = films(3);
    let mut reading = Reading::begin(folder.path(), &images);
    reading.command(StudyCommand::ShowImage(images[2].clone(), 0));
    reading.command(MeasureCommand::ToggleKeyImage);
    let mut again = Reading::begin(folder.path(), &images);
    assert_eq!(again.bench.state.key_images().len(), 1, "before the image was looked at");
    again.command(StudyCommand::NextKeyImage);
    assert_eq!(again.on_screen(), ("1.2.2".into(), 0));
    assert!(again.bench.state.is_key_image());
    // Closed and opened again in one session nothing is lost, of what was taken back too.
    again.command(MeasureCommand::ToggleKeyImage);
    again.command(StudyCommand::PreviousImage);
    again.command(MeasureCommand::ToggleKeyImage);
    again.command(FileCommand::CloseAll);
    let catalogue = Box::new(catalogue_of(&images));
    again.bench.message(Message::Scanned { paths: vec!["film.dcm".into()], catalogue });
    again.answer();
    let uids: Vec<String> = again.bench.state.key_images().iter().map(|(entry, _)| entry.key()).collect();
    assert_eq!(uids, ["1.2.1"]);
    // Other pixels under a UID that is kept are no key image once they are seen.
    let other = ImageIdentity { pixels_sha256: "ab".repeat(32), sop_instance_uid: "1.2.0".into(), frame: 0 };
    Store::new(folder.path().to_owned()).mark(&other, SIZE, true).unwrap();
    let third = Reading::begin(folder.path(), &images[..1]);
    assert!(third.bench.state.key_images().is_empty() && !third.bench.state.is_key_image());
}

#[test]
fn a_mark_and_what_was_measured_lie_in_one_file_and_old_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let image = ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: "1.2".into(), frame: 0 };
    let points = vec![[1.0, 1.0]];
    let probe = Measurement {
        id: 1,
        kind: Kind::Probe,
        points,
        name: Words::default(),
        thorax_proposed: false,
        known_mm: None,
    };
    let mut store = Store::new(folder.path().to_owned());
    store.keep(&image, SIZE, std::slice::from_ref(&probe)).unwrap();
    let path = store.path(&image);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("key_image"), "as it always was");
    assert!(!store.is_key_image(&image, SIZE).unwrap());
    store.mark(&image, SIZE, true).unwrap();
    assert_eq!(store.find(&image, SIZE).unwrap(), std::slice::from_ref(&probe));
    // Another viewer that measures leaves the mark; what is left of all is the mark alone.
    store.keep(&image, SIZE, &[]).unwrap();
    assert!(store.is_key_image(&image, SIZE).unwrap() && store.find(&image, SIZE).unwrap().is_empty());
    assert_eq!(store.key_images(), std::slice::from_ref(&image));
    assert!(MeasurementFile::read(&path).unwrap().measurements.is_empty());
    store.mark(&image, SIZE, false).unwrap();
    assert!(!path.exists());
    // A file that cannot be used is neither listed nor replaced.
    std::fs::write(&path, "broken").unwrap();
    assert!(store.key_images().is_empty() && store.mark(&image, SIZE, true).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "broken");
}

#[test]
fn view_and_list_say_it_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let reading = Reading::begin(folder.path(), &films(2));
    let mut harness = screen(reading.bench);
    assert!(harness.query_all_by_label_contains("key image").next().is_none(), "unmarked is said nowhere");
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Y);
    harness.run_steps(4);
    assert!(harness.state().state.is_key_image());
    button(&harness, "2 images, 1 key image");
    harness.get_by_label_contains("Images of").click();
    harness.run_steps(4);
    button(&harness, "film-0.dcm, key image");
    let said = harness.query_all_by_label_contains("View 1").find_map(|n| n.accesskit_node().value());
    assert!(said.unwrap().contains("key image"));
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Y);
    harness.run_steps(4);
    assert!(harness.query_all_by_label_contains("key image").next().is_none());
}
