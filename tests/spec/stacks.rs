//! Stacks in the viewer: the order of slices, the place in the stack, what stays from one image to
//! the next, what is decoded ahead, and a stack that plays. Single files and files of many frames
//! behave alike.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, StudyCommand, ViewCommand, WindowCommand,
};
use pellucid::app::state::pyramid::Pyramid;
use pellucid::app::state::{Content, LoadedImage, Phase, ShownImage, State, WindowChoice};
use pellucid::app::ui::panels::studies;
use pellucid::app::ui::thumbnails::Thumbnails;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::on_tick;
use pellucid::cancel::CancelToken;
use pellucid::engine::lungs::LungSearch;
use pellucid::engine::{Analysis, Event, Request};
use pellucid::imaging::Window;
use pellucid::study::{self, Frame, FrameReader, FrameTiming, ImageEntry, SeriesOrder, StackPlace, TimingSource};

use super::dicom_bytes::{EXPLICIT, Object};
use super::panels::Shown;
use super::viewer::common::{self, Bench, catalogue_of, frame, verdict};
use super::viewer::{button, screen};

/// Slices of one series, a millimetre apart.
fn slices(n: usize) -> Vec<Arc<ImageEntry>> {
    let slice = |i: usize| {
        let place =
            StackPlace { position: Some((i as f64, [0.0, 0.0, 1.0])), number: Some(i as i64), ..StackPlace::default() };
        let known = common::entry(&format!("1.2.{i}"), 1, 64, 48);
        let path = format!("/ct/slice-{i}.dcm").into();
        Arc::new(ImageEntry { path, place, title: format!("slice-{i}.dcm"), ..ImageEntry::clone(&known) })
    };
    (0..n).map(slice).collect()
}

/// The same without positions, as radiographs are.
fn films(n: usize) -> Vec<Arc<ImageEntry>> {
    let film = |one: Arc<ImageEntry>| ImageEntry { place: StackPlace::default(), ..ImageEntry::clone(&one) };
    slices(n).into_iter().map(|one| Arc::new(film(one))).collect()
}

/// One file of `n` frames of 40 ms.
fn clip(n: u32) -> Vec<Arc<ImageEntry>> {
    let bytes = Object::new(8, 8, 8).frames(n as usize).text((0x18, 0x1063), "DS", "40");
    let bytes = bytes.pixels("OB", 1, vec![7; 64 * n as usize]).file(EXPLICIT);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.dcm");
    std::fs::write(&path, bytes).unwrap();
    let frame = study::open_image(&path).unwrap();
    let known = common::entry("1.2.9", n, 64, 48);
    vec![Arc::new(ImageEntry { place: frame.entry.place.clone(), ..ImageEntry::clone(&known) })]
}

fn ready(entry: &Arc<ImageEntry>, index: u32) -> LoadedImage {
    let frame = Frame { entry: entry.clone(), index, ..frame(64, 48) };
    LoadedImage {
        pyramid: Arc::new(Pyramid::new(&frame.pixels.plane)),
        auto_window: Window::linear(2048.0, 4096.0),
        color: None,
        presentations: Arc::default(),
        lungs: Ok(LungSearch::NotLookedFor),
        frame: Arc::new(frame),
    }
}

/// These images are listed, the first one is on screen.
fn opened(images: &[Arc<ImageEntry>]) -> Bench {
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    bench.message(Message::Scanned { paths: vec!["/ct".into()], catalogue: Box::new(catalogue_of(images)) });
    arrive(&mut bench);
    bench.effects.clear();
    bench
}

/// What was asked for is decoded.
fn arrive(bench: &mut Bench) {
    let (entry, index) = bench.state.current().map(|(entry, index)| (entry.clone(), index)).unwrap();
    let generation = bench.state.generation;
    bench.message(Message::FrameLoaded { generation, result: Ok(ready(&entry, index)) });
}

fn decoded_ahead(bench: &mut Bench, entry: &Arc<ImageEntry>, index: u32) {
    bench.message(Message::Prefetched { entry: entry.clone(), loaded: Box::new(ready(entry, index)) });
}

fn tick(bench: &mut Bench, now: Instant) -> Option<Duration> {
    let (effects, wait) = on_tick(&mut bench.state, now);
    bench.effects.extend(effects);
    wait
}

fn words(state: &State) -> String {
    state.stack_position().map(|position| position.words()).unwrap_or_default()
}

fn analyses(bench: &Bench) -> usize {
    bench.effects.iter().filter(|effect| matches!(effect, Effect::Ask(Request::Analyze { .. }))).count()
}

fn loads(bench: &Bench) -> usize {
    bench.effects.iter().filter(|effect| matches!(effect, Effect::LoadFrame { .. })).count()
}

// ——— files ———

fn slice_file(folder: &Path, name: &str, number: &str, z: Option<f64>) {
    let object = Object::new(2, 2, 16)
        .text((8, 0x18), "UI", &format!("1.2.3.{number}"))
        .text((0x20, 0xD), "UI", "1.2")
        .text((0x20, 0xE), "UI", "1.2.3")
        .text((0x20, 0x13), "IS", number);
    let object = match z {
        None => object,
        Some(z) => {
            object.text((0x20, 0x37), "DS", "1\\0\\0\\0\\1\\0").text((0x20, 0x32), "DS", &format!("-10\\-20\\{z}"))
        }
    };
    std::fs::write(folder.join(name), object.pixels("OW", 2, vec![0; 8]).file(EXPLICIT)).unwrap();
}

fn listed(folder: &Path) -> (SeriesOrder, Vec<String>) {
    let found = study::scan(&[folder.to_owned()], &CancelToken::default(), &mut |_, _| ());
    let series = &found.patients[0].studies[0].series[0];
    (series.order, series.images.iter().map(|image| image.title.clone()).collect())
}

#[test]
fn slices_stand_by_position_else_by_number_and_the_series_says_which() {
    let folder = tempfile::tempdir().unwrap();
    for (name, number, z) in [("a", "1", 5.0), ("b", "2", -5.0), ("c", "3", 0.0)] {
        slice_file(folder.path(), name, number, Some(z));
    }
    assert_eq!(listed(folder.path()), (SeriesOrder::Position, ["b", "c", "a"].map(String::from).to_vec()));
    slice_file(folder.path(), "d", "0", None);
    assert_eq!(listed(folder.path()), (SeriesOrder::InstanceNumber, ["d", "a", "b", "c"].map(String::from).to_vec()));
}

#[test]
fn slices_that_are_opened_later_find_their_place() {
    let all = slices(4);
    let mut bench = opened(&[all[0].clone(), all[2].clone()]);
    let later = catalogue_of(&[all[3].clone(), all[1].clone()]);
    bench.message(Message::Scanned { paths: vec!["/ct".into()], catalogue: Box::new(later) });
    let titles: Vec<&str> = bench.state.images.iter().map(|image| image.title.as_str()).collect();
    assert_eq!(titles, ["slice-0.dcm", "slice-1.dcm", "slice-2.dcm", "slice-3.dcm"]);
}

#[test]
fn a_slice_says_where_it_lies_and_by_which_attribute() {
    let folder = tempfile::tempdir().unwrap();
    slice_file(folder.path(), "a", "1", Some(-42.5));
    let frame = study::open_image(folder.path()).unwrap();
    assert_eq!(frame.display.slice.unwrap().words(), "slice at −42.5 mm (Image Position)");
}

#[test]
fn frames_read_one_after_the_other_are_those_that_are_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.dcm");
    let file = |first: u8| {
        let pixels = (0..5 * 4).map(|i| first + i).collect();
        Object::new(2, 2, 8).frames(5).pixels("OB", 1, pixels).file(EXPLICIT)
    };
    std::fs::write(&path, file(0)).unwrap();
    let entry = study::open_image(&path).unwrap().entry;
    let mut reader = FrameReader::default();
    for index in [0, 3, 1, 4] {
        let (one, other) = (reader.load(&entry, index).unwrap(), study::load(&entry, index).unwrap());
        assert_eq!(one.pixels.plane.values, other.pixels.plane.values);
    }
    assert!(reader.load(&entry, 5).is_err());
    // Another file in its place is read anew, even where it is as long.
    std::thread::sleep(Duration::from_millis(20));
    std::fs::write(&path, file(100)).unwrap();
    assert_eq!(reader.load(&entry, 1).unwrap().pixels.plane.values, [104.0, 105.0, 106.0, 107.0]);
}

// ——— going through ———

#[test]
fn files_of_a_series_and_frames_of_a_file_are_gone_through_alike() {
    for (images, expected) in [
        (slices(4), ["image 1 of 4", "image 3 of 4", "image 4 of 4", "image 4 of 4", "image 1 of 4"]),
        (clip(4), ["frame 1 of 4", "frame 3 of 4", "frame 4 of 4", "frame 4 of 4", "frame 1 of 4"]),
    ] {
        let mut bench = opened(&images);
        let mut seen = vec![words(&bench.state)];
        for command in
            [StudyCommand::Scroll(2), StudyCommand::LastImage, StudyCommand::Scroll(5), StudyCommand::FirstImage]
        {
            bench.command(command);
            seen.push(words(&bench.state));
        }
        assert_eq!(seen, expected);
        bench.command(StudyCommand::GoTo(2));
        assert_eq!(bench.state.stack_position().unwrap().at, 2);
    }
}

#[test]
fn scrolling_ends_with_the_series_and_page_down_goes_on_to_the_next_one() {
    let mut catalogue = catalogue_of(&slices(2));
    let mut other = catalogue.patients[0].studies[0].series[0].clone();
    other.uid = "1.9".into();
    let renamed = |image: &Arc<ImageEntry>| {
        let mut image = ImageEntry::clone(image);
        image.identity.series_uid = "1.9".into();
        image.identity.sop_instance_uid += ".9";
        Arc::new(image)
    };
    other.images = other.images.iter().map(renamed).collect();
    catalogue.patients[0].studies[0].series.push(other);
    let mut bench = Bench::new();
    bench.message(Message::Scanned { paths: Vec::new(), catalogue: Box::new(catalogue) });
    let at = |bench: &Bench| bench.state.place_in_list().unwrap();
    bench.command(StudyCommand::Scroll(10));
    assert_eq!(at(&bench), 2, "the wheel stops at the end of the series");
    bench.command(StudyCommand::NextImage);
    assert_eq!(at(&bench), 3);
    bench.command(StudyCommand::NextImage);
    bench.command(StudyCommand::PreviousSeries);
    assert_eq!(at(&bench), 1);
    bench.command(StudyCommand::NextSeries);
    assert_eq!(at(&bench), 3);
    bench.command(StudyCommand::NextSeries);
    assert_eq!(at(&bench), 3, "it is the last one");
}

#[test]
fn pictures_that_name_no_series_are_no_stack() {
    let plain = |image: Arc<ImageEntry>| {
        let mut image = ImageEntry::clone(&image);
        image.identity.series_uid.clear();
        Arc::new(image)
    };
    let images: Vec<_> = films(3).into_iter().map(plain).collect();
    let mut catalogue = catalogue_of(&images);
    catalogue.patients[0].studies[0].series[0].uid.clear();
    let mut bench = Bench::new();
    bench.message(Message::Scanned { paths: Vec::new(), catalogue: Box::new(catalogue) });
    assert!(!bench.state.is_stack());
    bench.command(StudyCommand::Scroll(1));
    assert_eq!(bench.state.place_in_list(), Some(1));
    bench.command(StudyCommand::NextImage);
    assert_eq!(bench.state.place_in_list(), Some(2));
}

#[test]
fn of_many_steps_only_the_last_image_is_analysed() {
    let images = slices(9);
    let mut bench = opened(&images);
    for _ in 0..5 {
        bench.command(StudyCommand::NextImage);
        arrive(&mut bench);
    }
    assert!(analyses(&bench) <= 1, "the first step is no haste");
    let before = analyses(&bench);
    assert_eq!(bench.state.results.phase, Phase::Waiting);
    assert!(tick(&mut bench, Instant::now()).is_some_and(|wait| wait < Duration::from_millis(500)));
    assert_eq!(analyses(&bench), before);
    assert_eq!(tick(&mut bench, Instant::now() + Duration::from_secs(1)), None);
    assert_eq!(analyses(&bench), before + 1);
    // Once it has come to rest nothing more is asked.
    tick(&mut bench, Instant::now() + Duration::from_secs(2));
    assert_eq!(analyses(&bench), before + 1);
}

// ——— decoded ahead ———

#[test]
fn what_is_decoded_ahead_is_shown_at_once() {
    let images = slices(9);
    let mut bench = opened(&images);
    bench.command(StudyCommand::Scroll(1));
    assert!(matches!(bench.state.image, ShownImage::Loading(..)) && loads(&bench) == 1);
    arrive(&mut bench);
    decoded_ahead(&mut bench, &images[2], 0);
    bench.command(StudyCommand::Scroll(1));
    assert!(matches!(bench.state.image, ShownImage::Ready(_)) && loads(&bench) == 1);
    // And going back, too.
    bench.command(StudyCommand::Scroll(-2));
    assert_eq!((words(&bench.state), loads(&bench)), ("image 1 of 9".into(), 1));
    assert!(matches!(bench.state.image, ShownImage::Ready(_)));
}

#[test]
fn both_ways_are_decoded_ahead_within_the_memory_for_images() {
    let images = slices(30);
    let mut bench = opened(&images);
    bench.command(StudyCommand::GoTo(15));
    arrive(&mut bench);
    let planned: Vec<&str> = bench
        .effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Prefetch(frames) => Some(frames.iter().map(|frame| frame.entry.title.as_str()).collect()),
            _ => None,
        })
        .unwrap();
    assert_eq!(planned[..4], ["slice-16.dcm", "slice-17.dcm", "slice-18.dcm", "slice-14.dcm"]);
    assert_eq!(planned.len(), 28, "all but this one and the first, which is there");
    // 64 × 48 values of four bytes: ten fit.
    bench.state.stack.cache = pellucid::app::state::frame_cache::FrameCache::new(10 * 64 * 48 * 4);
    for image in &images[..20] {
        decoded_ahead(&mut bench, image, 0);
    }
    let cache = &bench.state.stack.cache;
    assert!(cache.bytes() <= cache.budget() && cache.len() == 10);
    assert!(cache.holds(&images[19], 0) && !cache.holds(&images[0], 0), "those that came first go first");
    bench.state.stack.cache.touch(&images[10], 0);
    decoded_ahead(&mut bench, &images[20], 0);
    let cache = &bench.state.stack.cache;
    assert!(cache.holds(&images[10], 0) && !cache.holds(&images[11], 0), "what was used stays");
}

#[test]
fn the_frame_before_stays_in_sight_with_its_own_number_until_the_next_one_is_there() {
    let images = slices(9);
    let mut bench = opened(&images);
    bench.command(StudyCommand::Scroll(1));
    assert!(bench.state.frame().is_none(), "nothing is analysed or reported of the image before");
    assert!(Arc::ptr_eq(&bench.state.drawn().unwrap().entry, &images[0]));
    assert_eq!(bench.state.drawn_position().unwrap().words(), "image 1 of 9");
    assert_eq!(words(&bench.state), "image 2 of 9");
    // The reader is faster than the files: what comes late is shown on the way.
    let late = bench.state.generation;
    bench.command(StudyCommand::Scroll(3));
    bench.message(Message::FrameLoaded { generation: late, result: Ok(ready(&images[1], 0)) });
    assert_eq!(bench.state.drawn_position().unwrap().words(), "image 2 of 9");
    assert!(matches!(bench.state.image, ShownImage::Loading(..)));
    arrive(&mut bench);
    assert_eq!(bench.state.drawn_position().unwrap().words(), "image 5 of 9");
    // Of another image than one of the stack nothing stays.
    bench.command(StudyCommand::ShowImage(common::entry("9.9", 1, 8, 8), 0));
    assert!(bench.state.drawn().is_none());
}

#[test]
fn what_is_opened_or_loaded_again_is_read_again_and_closing_forgets_all() {
    let images = slices(3);
    let mut bench = opened(&images);
    assert!(bench.state.stack.cache.holds(&images[0], 0));
    bench.command(StudyCommand::Reload);
    assert!(matches!(bench.state.image, ShownImage::Loading(..)));
    arrive(&mut bench);
    bench.message(Message::Scanned { paths: vec!["/ct".into()], catalogue: Box::new(catalogue_of(&images)) });
    assert!(matches!(bench.state.image, ShownImage::Loading(..)));
    arrive(&mut bench);
    bench.command(FileCommand::CloseAll);
    assert!(bench.state.stack.cache.is_empty());
    decoded_ahead(&mut bench, &images[1], 0);
    assert!(bench.state.stack.cache.is_empty(), "what is closed is not kept");
}

// ——— what stays ———

#[test]
fn a_window_of_the_reader_stays_in_its_series_until_it_is_reset() {
    for images in [slices(3), films(3), clip(3)] {
        let mut bench = opened(&images);
        let opening = bench.state.view(0).window;
        bench.command(ViewCommand::SetWindow(0, Window::linear(700.0, 90.0)));
        bench.command(StudyCommand::NextImage);
        arrive(&mut bench);
        assert_eq!(bench.state.view(0).window, Window::linear(700.0, 90.0));
        assert!(bench.state.display_marks(0).iter().any(|mark| mark.contains("kept from another image")));
        bench.command(ViewCommand::DragWindow(0, [0.1, 0.0]));
        assert!(bench.state.display_marks(0).is_empty(), "now it is of this image");
        bench.command(ViewCommand::ResetView);
        assert_eq!(bench.state.view(0).window, opening);
        bench.command(StudyCommand::NextImage);
        arrive(&mut bench);
        assert_eq!(bench.state.view(0).window, opening);
        // Another series opens as its file says.
        bench.command(ViewCommand::SetWindow(0, Window::linear(700.0, 90.0)));
        let mut other = ImageEntry::clone(&images[0]);
        (other.identity.series_uid, other.identity.sop_instance_uid) = ("7".into(), "7.1".into());
        bench.command(StudyCommand::ShowImage(Arc::new(other), 0));
        arrive(&mut bench);
        assert_eq!(bench.state.view(0).window, opening);
    }
}

#[test]
fn a_window_that_would_show_nothing_of_the_next_image_is_not_kept() {
    let mut bench = opened(&slices(2));
    let opening = bench.state.view(0).window;
    bench.command(ViewCommand::SetWindow(0, Window::linear(90_000.0, 90.0)));
    bench.command(StudyCommand::NextImage);
    arrive(&mut bench);
    assert_eq!((bench.state.view(0).window, bench.state.view(0).window_choice), (opening, WindowChoice::Opening));
}

#[test]
fn an_automatic_window_is_made_of_each_image() {
    let images = slices(2);
    let mut bench = opened(&images);
    bench.command(ViewCommand::AutoWindow);
    bench.command(StudyCommand::NextImage);
    let generation = bench.state.generation;
    let loaded = LoadedImage { auto_window: Window::linear(3.0, 5.0), ..ready(&images[1], 0) };
    bench.message(Message::FrameLoaded { generation, result: Ok(loaded) });
    assert_eq!(bench.state.view(0).window, Window::linear(3.0, 5.0));
}

#[test]
fn zoom_and_turns_stay_from_slice_to_slice_but_not_from_film_to_film() {
    for (images, stays) in [(slices(3), true), (clip(3), true), (films(3), false)] {
        let mut bench = opened(&images);
        bench.command(ViewCommand::Zoom(0, 2.0, [3.0, 4.0]));
        bench.command(ViewCommand::FlipHorizontal);
        let laid = *bench.state.view(0);
        bench.command(StudyCommand::NextImage);
        arrive(&mut bench);
        let view = bench.state.view(0);
        assert_eq!((view.zoom, view.center, view.flip_horizontal) == (laid.zoom, laid.center, true), stays);
        assert_eq!(view.zoom == 1.0 && !view.flip_horizontal, !stays);
    }
}

// ——— it plays ———

#[test]
fn a_stack_plays_in_the_time_of_its_file_and_waits_for_what_is_not_decoded() {
    let images = clip(4);
    assert_eq!(images[0].place.timing.as_ref().unwrap().source, TimingSource::FrameTime);
    let mut bench = opened(&images);
    for index in 1..4 {
        decoded_ahead(&mut bench, &images[0], index);
    }
    bench.effects.clear();
    bench.command(StudyCommand::TogglePlay);
    let start = Instant::now();
    let mut seen = Vec::new();
    for step in 1..=9_u32 {
        tick(&mut bench, start + Duration::from_millis(40) * step);
        seen.push(bench.state.current().unwrap().1);
    }
    assert_eq!(seen, [1, 2, 3, 0, 1, 2, 3, 0, 1]);
    assert_eq!((analyses(&bench), loads(&bench)), (0, 0), "nothing is analysed while it plays");
    assert_eq!(bench.state.panes(), [Content::Image]);
    // The clock is real: where the screen is late, images are left out.
    let due = bench.state.stack.cine.playing.as_ref().unwrap().due;
    tick(&mut bench, due + Duration::from_millis(85));
    assert_eq!(bench.state.current().unwrap().1, 0, "2 and 3 were left out");
    bench.state.stack.cache.forget(&images[0], 1);
    let due = bench.state.stack.cine.playing.as_ref().unwrap().due;
    tick(&mut bench, due + Duration::from_millis(1));
    assert!(matches!(bench.state.image, ShownImage::Loading(..)));
    assert_eq!(tick(&mut bench, due + Duration::from_secs(5)), None, "it waits");
    arrive(&mut bench);
    assert!(tick(&mut bench, Instant::now()).is_some());
    // Esc stops it, and the image is analysed.
    bench.command(HelpCommand::Escape);
    assert!(!bench.state.stack.cine.is_playing() && analyses(&bench) == 1);
}

#[test]
fn a_step_of_the_reader_stops_what_plays() {
    let images = slices(5);
    let mut bench = opened(&images);
    bench.command(StudyCommand::TogglePlay);
    assert!(bench.state.stack.cine.is_playing());
    bench.command(StudyCommand::Scroll(1));
    assert!(!bench.state.stack.cine.is_playing());
    // One image does not play.
    let mut alone = opened(&slices(1));
    alone.command(StudyCommand::TogglePlay);
    assert!(!alone.state.stack.cine.is_playing());
}

#[test]
fn speeds_multiply_the_time_of_the_file() {
    let images = clip(4);
    let mut bench = opened(&images);
    for index in 1..4 {
        decoded_ahead(&mut bench, &images[0], index);
    }
    bench.command(StudyCommand::Faster);
    bench.command(StudyCommand::Faster);
    assert_eq!(bench.state.stack.cine.speed, 2.0);
    bench.command(StudyCommand::SetSpeed(f32::NAN));
    bench.command(StudyCommand::SetSpeed(-1.0));
    assert_eq!(bench.state.stack.cine.speed, 2.0);
    bench.command(StudyCommand::TogglePlay);
    let due = bench.state.stack.cine.playing.as_ref().unwrap().due;
    let wait = tick(&mut bench, due).unwrap();
    assert_eq!(wait, Duration::from_millis(20));
    assert_eq!(FrameTiming::default().rate(), 10.0);
}

// ——— without a map ———

#[test]
fn an_image_that_no_model_fits_has_all_the_room_and_so_has_the_next_one_until_more_is_known() {
    let images = slices(3);
    let mut bench = opened(&images);
    assert_eq!(bench.state.panes().len(), 2);
    let generation = bench.state.generation;
    bench.event(Event::Unfit { generation });
    assert_eq!(bench.state.panes(), [Content::Image]);
    bench.command(StudyCommand::NextImage);
    arrive(&mut bench);
    assert_eq!(bench.state.panes(), [Content::Image], "nothing flickers from slice to slice");
    let generation = bench.state.generation;
    for event in common::events(generation, 10) {
        bench.event(event);
    }
    assert_eq!(bench.state.panes().len(), 2);
}

#[test]
fn a_refusal_stands_once_and_leaves_the_image_all_the_room() {
    let mut bench = Bench::with_image(frame(64, 64));
    let generation = bench.state.generation;
    let analysis = Analysis { gate: Some(verdict(false)), ..Analysis::default() };
    bench.event(Event::Finished { generation, analysis: Arc::new(analysis) });
    assert_eq!(bench.state.panes(), [Content::Image]);
    let mut harness = screen(bench);
    let reasons = |h: &egui_kittest::Harness<'_, Bench>| h.query_all_by_label_contains("no chest radiograph").count();
    assert_eq!(reasons(&harness), 1);
    assert_eq!(harness.query_all_by_label("Show anyway").count(), 1);
    // Where the findings are put away it stands in the view.
    harness.state_mut().command(ViewCommand::ToggleFindings);
    harness.run_steps(3);
    assert_eq!(reasons(&harness), 1);
    harness.state_mut().command(FindingsCommand::ShowAnyway);
    assert_eq!(harness.state().state.panes().len(), 2);
}

// ——— the screen ———

#[test]
fn a_series_is_one_row_that_opens_and_the_list_says_which_image_is_shown() {
    let bench = opened(&slices(5));
    let thumbnails = Thumbnails::default();
    let mut shown =
        Shown::new(bench.state.clone(), [260.0, 900.0], move |ui, state| studies::show(ui, state, &thumbnails));
    assert!(shown.says("DX · chest PA · 5 images") && !shown.says("slice-2.dcm"));
    shown.click("Images of DX · chest PA · 5 images");
    shown.click("slice-2.dcm");
    let wanted = bench.state.images[2].clone();
    assert_eq!(shown.commands(), [Command::Study(StudyCommand::ShowImage(wanted, 0))]);
    let harness = screen(bench);
    let values = harness.query_all_by_label_contains("View 1").filter_map(|node| node.accesskit_node().value());
    let said: Vec<String> = values.collect();
    assert!(said.iter().any(|said| said.contains("image 1 of 5")), "{said:?}");
}

#[test]
fn the_bar_below_a_stack_plays_it_and_its_slider_goes_anywhere() {
    let mut harness = screen(opened(&slices(11)));
    let slider = harness.get_by_label("Stack position").rect();
    harness.drag_at(slider.center());
    harness.run_steps(1);
    harness.drop_at(slider.center());
    harness.run_steps(2);
    assert_eq!(words(&harness.state().state), "image 6 of 11");
    arrive(harness.state_mut());
    harness.run_steps(1);
    button(&harness, "Play").click();
    harness.run_steps(2);
    assert!(harness.state().state.stack.cine.is_playing());
    button(&harness, "Stop").click();
    harness.run_steps(2);
    assert!(!harness.state().state.stack.cine.is_playing());
    harness.key_press(egui::Key::Home);
    harness.run_steps(2);
    assert_eq!(words(&harness.state().state), "image 1 of 11");
    harness.key_press(egui::Key::End);
    harness.run_steps(2);
    assert_eq!(words(&harness.state().state), "image 11 of 11");
    // A single image has no such bar.
    assert!(screen(opened(&slices(1))).query_by_label("Stack position").is_none());
}

// ——— windows ———

/// A CT in Hounsfield units on screen.
fn ct() -> Bench {
    let known = common::entry("1.2.5", 1, 64, 48);
    let mut entry = ImageEntry::clone(&known);
    entry.meta.modality = "CT".into();
    let mut frame = Frame { entry: Arc::new(entry), ..frame(64, 48) };
    frame.pixels.value_range = (-1024.0, 3071.0);
    Bench::with_image(frame)
}

#[test]
fn a_ct_in_hounsfield_units_has_presets_and_nothing_else_has() {
    let mut bench = ct();
    bench.command(WindowCommand::Preset(1));
    assert_eq!(bench.state.view(0).window, Window::linear(-600.0, 1500.0));
    bench.command(WindowCommand::Preset(9));
    assert_eq!(bench.state.view(0).window, Window::linear(-600.0, 1500.0));
    let mut radiograph = Bench::with_image(frame(64, 48));
    let opening = radiograph.state.view(0).window;
    radiograph.command(WindowCommand::Preset(1));
    assert_eq!(radiograph.state.view(0).window, opening);
    let mut harness = screen(ct());
    harness.key_press(egui::Key::Num4);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view(0).window, Window::linear(480.0, 2500.0));
    button(&harness, "Display").click();
    harness.run_steps(3);
    button(&harness, "Brain").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.view(0).window, Window::linear(40.0, 80.0));
}

#[test]
fn a_window_is_kept_under_its_name_for_images_of_its_modality() {
    let mut bench = ct();
    bench.command(ViewCommand::SetWindow(0, Window::linear(77.0, 333.0)));
    assert!(bench.command(WindowCommand::Keep("  ".into())).is_empty(), "it needs a name");
    let effects = bench.command(WindowCommand::Keep(" Mediastinum ".into()));
    assert!(matches!(effects[..], [Effect::SavePreferences]));
    assert_eq!(bench.state.own_windows().len(), 1);
    bench.command(ViewCommand::ResetView);
    let mut harness = screen(bench);
    button(&harness, "Display").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Histogram").is_some());
    button(&harness, "Mediastinum   W 333 L 77").click();
    harness.run_steps(2);
    let bench = harness.state_mut();
    assert_eq!(bench.state.view(0).window, Window::linear(77.0, 333.0));
    bench.command(ViewCommand::SetWindow(0, Window::linear(5.0, 9.0)));
    bench.command(WindowCommand::Keep("Mediastinum".into()));
    assert_eq!(bench.state.own_windows()[0].1.width, 9.0, "one of the same name is replaced");
    bench.open(frame(16, 16));
    assert!(bench.state.own_windows().is_empty(), "it is no CT");
    bench.command(WindowCommand::ForgetKept(7));
    bench.command(WindowCommand::ForgetKept(0));
    assert!(bench.state.preferences.windows.is_empty());
}

#[test]
fn a_box_gives_the_window_of_its_values() {
    // Values rise along rows and columns: by 4095 over 112 steps.
    let mut bench = Bench::with_image(frame(64, 48));
    let value = |x: usize, y: usize| bench.state.frame().unwrap().pixels.plane.at(x, y);
    let (low, high) = (value(50, 40), value(59, 45));
    bench.command(WindowCommand::OfArea(0, [60.0, 46.0, 50.0, 40.0]));
    let (from, to) = bench.state.view(0).window.bounds();
    assert!((from - low).abs() < 1.0 && (to - high).abs() < 1.0, "{from}–{to}, {low}–{high}");
    let before = bench.state.view(0).window;
    for nowhere in [[-9.0, -9.0, -1.0, -1.0], [70.0, 0.0, 90.0, 9.0], [f32::NAN; 4], [3.0, 3.0, 3.0, 3.0]] {
        bench.command(WindowCommand::OfArea(0, nowhere));
        assert_eq!(bench.state.view(0).window, before);
    }
    let mut harness = screen(bench);
    let view = harness.get_all_by_label_contains("View 1").next().unwrap().rect().center();
    harness.event(egui::Event::ModifiersChanged(egui::Modifiers::COMMAND));
    harness.drag_at(view);
    harness.run_steps(1);
    harness.hover_at(view + egui::vec2(60.0, 40.0));
    harness.run_steps(1);
    harness.drop_at(view + egui::vec2(60.0, 40.0));
    harness.run_steps(2);
    assert_ne!(harness.state().state.view(0).window, before);
}
