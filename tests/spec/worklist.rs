//! The worklist of the viewer: what it asks, lists, sorts, fetches and tells.

use std::sync::Arc;

use chrono::NaiveDate;
use egui_kittest::kittest::Queryable as _;

use pellucid::app::command::{HelpCommand, WorklistCommand};
use pellucid::app::state::worklist::SecretForm;
use pellucid::app::state::worklist::archives::Check;
use pellucid::app::state::worklist::form::{DayRange, QueryForm};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::worklist_effect::{FetchedStudy, KeptArchive, Refusal, WorklistEffect, WorklistMessage};
use pellucid::pacs::archive::{ArchivedSeries, ArchivedStudy, Found, FoundSeries, Moved, Sent};
use pellucid::pacs::peers::file::Peers;

use crate::viewer::common::Bench;
use crate::viewer::screen;

const PEERS: &str =
    "[[peer]]\nname = \"ward\"\nkind = \"web\"\nroot = \"https://pacs.example.org/dicom-web\"\nuser = \"reader\"\n";

fn told(bench: &mut Bench, message: WorklistMessage) {
    bench.message(Message::Worklist(message));
}

/// The window, with one archive.
fn opened() -> Bench {
    let mut bench = Bench::new();
    let effects = bench.command(WorklistCommand::Toggle);
    assert!(matches!(effects.as_slice(), [Effect::Worklist(WorklistEffect::ReadPeers)]));
    told(&mut bench, WorklistMessage::Peers(Ok(Arc::new(Peers::parse(PEERS).unwrap()))));
    bench
}

fn study(uid: &str, name: &str, day: u32) -> ArchivedStudy {
    ArchivedStudy {
        study_uid: uid.into(),
        patient_name: name.into(),
        patient_id: format!("P{uid}"),
        date: NaiveDate::from_ymd_opt(2026, 11, day),
        modalities: vec!["DX".into()],
        description: "Thorax".into(),
        images: Some(2),
        ..ArchivedStudy::default()
    }
}

/// The number of the query that was asked last.
fn asked(bench: &Bench) -> Option<u64> {
    bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Worklist(WorklistEffect::Query { number, .. }) => Some(*number),
        _ => None,
    })
}

/// Two studies were found.
fn listed() -> Bench {
    let mut bench = opened();
    bench.command(WorklistCommand::Query);
    let studies = vec![study("1", "DOE^JANE", 1), study("2", "MÜLLER^HANS", 30)];
    let number = asked(&bench).expect("the archive is asked");
    told(&mut bench, WorklistMessage::Found { number, result: Ok(Found { studies, more: false, unreadable: 0 }) });
    bench
}

#[test]
fn studies_are_searched_chosen_and_fetched_with_the_mouse() {
    let mut harness = screen(opened());
    harness.run_steps(3);
    assert!(harness.query_by_label("Archive").is_some() && harness.query_by_label("Patient name").is_some());
    harness.get_by_label("Search").click();
    harness.run_steps(3);
    let number = asked(harness.state()).expect("the archive is asked");
    let studies = vec![study("1", "DOE^JANE", 1), study("2", "MÜLLER^HANS", 30)];
    let found = Found { studies, more: true, unreadable: 1 };
    told(harness.state_mut(), WorklistMessage::Found { number, result: Ok(found) });
    harness.run_steps(5);
    let says = "2 studies of ward; there are more: narrow the search; 1 answers could not be read";
    assert!(harness.query_by_label(says).is_some());
    harness.get_by_label_contains("DOE JANE, 2026-11-01, DX, Thorax").click();
    harness.run_steps(5);
    assert_eq!(harness.state().state.worklist.chosen.as_deref(), Some("1"));
    let series = ArchivedSeries { series_uid: "1.5".into(), description: "PA".into(), ..ArchivedSeries::default() };
    let answer = WorklistMessage::Series {
        study_uid: "1".into(),
        result: Ok(Arc::new(FoundSeries { series: vec![series], left: 3, ..FoundSeries::default() })),
    };
    told(harness.state_mut(), answer);
    harness.run_steps(5);
    assert!(harness.query_by_label_contains("Fetch the series").is_some());
    assert!(harness.query_by_label_contains("3 more series are not listed").is_some());
    harness.get_by_label("Fetch and open").click();
    harness.run_steps(3);
    let wanted = harness.state().effects.iter().rev().find_map(|effect| match effect {
        Effect::Worklist(WorklistEffect::Fetch { wanted, .. }) => Some(wanted.clone()),
        _ => None,
    });
    let wanted = wanted.expect("it is fetched");
    assert_eq!((wanted.study_uid.as_str(), wanted.series_uid, wanted.images), ("1", None, Some(2)));
    told(harness.state_mut(), WorklistMessage::Moved(Moved { objects: 1, of: Some(2), bytes: 1_500_000 }));
    harness.run_steps(3);
    assert!(harness.query_by_label("1 of 2 objects have come from ward (1.5 MB)").is_some());
    harness.get_by_label("Stop the transfer").click();
    harness.run_steps(3);
    assert!(harness.state().effects.iter().any(|e| matches!(e, Effect::Worklist(WorklistEffect::StopTransfer))));
    told(harness.state_mut(), WorklistMessage::Fetched(Err(Refusal::Cancelled)));
    assert!(harness.state().state.worklist.transfer.is_none());
}

#[test]
fn the_worklist_takes_the_keyboard_when_it_opens_and_again_when_it_opens_anew() {
    let mut harness = screen(opened());
    for name in ["doe", "roe"] {
        harness.run_steps(3);
        harness.event(egui::Event::Text(name.into()));
        harness.run_steps(3);
        assert!(harness.state().state.worklist.form.name.ends_with(name));
        harness.state_mut().command(WorklistCommand::Toggle);
        harness.run_steps(3);
        harness.state_mut().command(WorklistCommand::Toggle);
    }
}

#[test]
fn the_newest_study_comes_first_and_headings_sort() {
    let mut harness = screen(listed());
    harness.run_steps(5);
    let first = |bench: &Bench| bench.state.worklist.at(0).unwrap().study_uid.clone();
    assert_eq!(first(harness.state()), "2");
    harness.get_by_label("Sort by Patient").click();
    harness.run_steps(5);
    assert_eq!(first(harness.state()), "1");
    harness.get_by_label("Sorted by Patient, the first first").click();
    harness.run_steps(5);
    assert_eq!(first(harness.state()), "2");
    assert!(harness.query_by_label_contains("Highest score").is_none(), "scores are shown when they are asked for");
    harness.get_by_label("Sort by the model's score").click();
    harness.run_steps(5);
    assert!(harness.query_by_label_contains("Highest score").is_some());
}

#[test]
fn what_was_fetched_is_opened_and_what_was_not_kept_is_said() {
    let mut bench = listed();
    bench.command(WorklistCommand::Fetch("1".into(), None));
    bench.command(WorklistCommand::Fetch("2".into(), None));
    let fetches = |e: &&Effect| matches!(e, Effect::Worklist(WorklistEffect::Fetch { .. }));
    assert_eq!(bench.effects.iter().filter(fetches).count(), 1, "one at a time");
    let refused = vec!["the object 1.2 belongs to another study".to_owned()];
    let came = FetchedStudy { folder: "/private/1".into(), files: 2, refused, missing: 0 };
    told(&mut bench, WorklistMessage::Fetched(Ok(came)));
    assert!(matches!(bench.effects.last(), Some(Effect::Scan { paths, .. }) if paths[0].ends_with("private/1")));
    assert!(!bench.state.worklist.open, "the study has the screen");
    assert!(bench.state.notices.iter().any(|n| n.text.contains("another study")));
}

#[test]
fn a_password_that_is_kept_nowhere_is_asked_for_and_the_question_goes_on() {
    let mut bench = opened();
    bench.command(WorklistCommand::Query);
    let number = asked(&bench).unwrap();
    let refusal = Refusal::NotLetIn("ward wants a name and a password".into());
    told(&mut bench, WorklistMessage::Found { number, result: Err(refusal) });
    let form = bench.state.worklist.secret.clone().expect("it is asked for");
    let mut harness = screen(bench);
    harness.run_steps(3);
    assert!(harness.query_by_label("Password").is_some() && harness.query_by_label("Sign in at ward").is_some());
    let bench = harness.state_mut();
    let mut typed = SecretForm { keep: true, ..form };
    typed.typed.0 = "hunter2".into();
    bench.command(WorklistCommand::EditSecret(Box::new(typed)));
    let effects = bench.command(WorklistCommand::GiveSecret);
    let given = effects.iter().any(|effect| {
        matches!(effect, Effect::Worklist(WorklistEffect::Query { called, .. })
            if called.secret.as_ref().is_some_and(|secret| secret.reveal() == "hunter2"))
    });
    assert!(given && bench.state.worklist.secret.is_none());
    assert!(effects.iter().any(|e| matches!(e, Effect::Worklist(WorklistEffect::KeepSecret(_)))));
    assert!(!format!("{:?}", bench.state.worklist).contains("hunter2"));
}

#[test]
fn escape_closes_the_dialog_then_the_window_and_a_transfer_goes_on() {
    let mut bench = listed();
    bench.command(WorklistCommand::Fetch("1".into(), None));
    told(&mut bench, WorklistMessage::Fetched(Err(Refusal::NotLetIn("no".into()))));
    assert!(bench.state.worklist.secret.is_some());
    bench.command(HelpCommand::Escape);
    assert!(bench.state.worklist.secret.is_none() && bench.state.worklist.open);
    bench.command(WorklistCommand::Fetch("1".into(), None));
    bench.command(HelpCommand::Escape);
    assert!(!bench.state.worklist.open && bench.state.worklist.transfer.is_some());
}

#[test]
fn late_answers_and_days_that_are_none_change_nothing() {
    let mut bench = opened();
    bench.command(WorklistCommand::Query);
    let number = asked(&bench).unwrap();
    bench.command(WorklistCommand::StopQuery);
    let found = Found { studies: vec![study("1", "A", 1)], ..Found::default() };
    told(&mut bench, WorklistMessage::Found { number, result: Ok(found) });
    assert!(bench.state.worklist.listed.is_none());
    let form = QueryForm { days: DayRange::Typed, from: "yesterday".into(), ..QueryForm::default() };
    bench.command(WorklistCommand::Edit(Box::new(form)));
    assert!(bench.command(WorklistCommand::Query).is_empty());
    assert!(bench.state.worklist.refusal.as_deref().unwrap().contains("“yesterday” is no day"));
}

#[test]
fn nothing_of_the_worklist_is_shown_while_the_screen_is_anonymised() {
    let mut bench = listed();
    bench.state.preferences.anonymize = true;
    let mut harness = screen(bench);
    harness.run_steps(5);
    assert!(harness.query_by_label_contains("DOE").is_none());
    assert!(harness.query_by_label("The worklist is not shown while the screen is anonymised.").is_some());
}

#[test]
fn results_are_sent_when_there_are_some_and_their_fate_is_told() {
    let mut bench = Bench::finished();
    assert!(bench.command(WorklistCommand::SendResults).is_empty(), "no archive is chosen");
    told(&mut bench, WorklistMessage::Peers(Ok(Arc::new(Peers::parse(PEERS).unwrap()))));
    let effects = bench.command(WorklistCommand::SendResults);
    let sends =
        |e: &Effect| matches!(e, Effect::Worklist(WorklistEffect::Send { called, .. }) if called.peer.name == "ward");
    assert!(effects.iter().any(sends));
    let fate = |refusal: Option<&str>| Sent { sop_instance_uid: "1".into(), refusal: refusal.map(str::to_owned) };
    told(&mut bench, WorklistMessage::Sent(Ok(vec![fate(None), fate(Some("there is no room"))])));
    let notice = bench.state.notices.last().unwrap();
    assert_eq!(notice.text, "1 of 2 objects were taken by ward; there is no room.");
    assert!(bench.state.worklist.transfer.is_none());
}

/// The effects of the worklist so far.
fn effects(bench: &Bench) -> Vec<WorklistEffect> {
    let of_worklist = |effect: &Effect| match effect {
        Effect::Worklist(effect) => Some(effect.clone()),
        _ => None,
    };
    bench.effects.iter().filter_map(of_worklist).collect()
}

#[test]
fn body_parts_are_asked_for_behind_the_list_and_come_into_its_rows() {
    let mut bench = listed();
    let asked_for = effects(&bench).into_iter().find_map(|effect| match effect {
        WorklistEffect::BodyParts { number, study_uids, .. } => Some((number, study_uids)),
        _ => None,
    });
    let (number, studies) = asked_for.expect("the studies did not say them");
    assert_eq!(studies, ["2", "1"], "in the order of the list");
    let parts = |bench: &Bench| bench.state.worklist.listed.as_ref().unwrap().studies[0].body_parts.clone();
    let say =
        |number, part: &str| WorklistMessage::BodyParts { number, study_uid: "1".into(), parts: vec![part.to_owned()] };
    told(&mut bench, say(number + 1, "SKULL"));
    assert_eq!(parts(&bench), None, "of another query");
    told(&mut bench, say(number, "CHEST"));
    assert_eq!(parts(&bench), Some(vec!["CHEST".to_owned()]));
    told(&mut bench, WorklistMessage::NoBodyParts { number, why: "ward is silent.".into() });
    let mut harness = screen(bench);
    harness.run_steps(5);
    assert!(harness.query_by_label("CHEST").is_some());
    assert!(harness.query_by_label_contains("body parts are not known of all: ward is silent").is_some());
    // A study whose series are listed says its body parts by them.
    let bench = harness.state_mut();
    bench.command(WorklistCommand::Choose(Some("2".into())));
    let series = ArchivedSeries { body_part: "HAND".into(), ..ArchivedSeries::default() };
    let found = Arc::new(FoundSeries { series: vec![series], ..FoundSeries::default() });
    told(bench, WorklistMessage::Series { study_uid: "2".into(), result: Ok(found) });
    assert_eq!(bench.state.worklist.study().unwrap().body_parts, Some(vec!["HAND".to_owned()]));
}

#[test]
fn an_archive_is_added_with_the_mouse_and_its_password_goes_to_the_keyring_alone() {
    let mut bench = Bench::new();
    bench.command(WorklistCommand::Toggle);
    told(&mut bench, WorklistMessage::Peers(Ok(Arc::new(Peers::default()))));
    let mut harness = screen(bench);
    harness.run_steps(3);
    harness.get_by_label("Archives…").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("No archive is known yet.").is_some());
    harness.get_by_label("Add an archive").click();
    harness.run_steps(3);
    harness.get_by_label("Save").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("“Name” is empty.").is_some());
    harness.get_by_label("DICOMweb").click();
    harness.run_steps(3);
    harness.get_by_label("Name and password").click();
    harness.run_steps(3);
    for (label, text) in [
        ("Name", "ward"),
        ("Address", "http://pacs.example.org/dicom-web"),
        ("User name", "reader"),
        ("Password", "hunter2"),
    ] {
        harness.get_by_label(label).focus();
        harness.run_steps(2);
        harness.get_by_label(label).type_text(text);
        harness.run_steps(2);
    }
    harness.get_by_label("Save").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("is a plain http connection").is_some(), "as on the command line");
    harness.get_by_label("Allow http to another machine").click();
    harness.run_steps(3);
    harness.get_by_label("Save").click();
    harness.run_steps(3);
    let saved = effects(harness.state()).into_iter().find_map(|effect| match effect {
        WorklistEffect::SaveArchive { peer, instead_of, secret } => Some((peer, instead_of, secret)),
        _ => None,
    });
    let (peer, instead_of, secret) = saved.expect("it is saved");
    assert_eq!((peer.name.as_str(), peer.place().as_str()), ("ward", "http://pacs.example.org/dicom-web"));
    assert_eq!((instead_of, secret.unwrap().reveal()), (None, "hunter2"));
    assert!(!format!("{:?}", harness.state().state.worklist).contains("hunter2"));
    let mut peers = Peers::default();
    peers.add(*peer).unwrap();
    let kept = KeptArchive { peers: Arc::new(peers), name: "ward".into(), secret: None };
    told(harness.state_mut(), WorklistMessage::Saved(Ok(kept)));
    harness.run_steps(3);
    assert_eq!(harness.state().state.worklist.peer.as_deref(), Some("ward"));
    harness.get_by_label("Change ward").click();
    harness.run_steps(3);
    let form = harness.state().state.worklist.archives.as_ref().unwrap().form.clone().unwrap();
    assert!(form.secret.0.is_empty() && form.typed.user == "reader", "the password is not shown again");
}

#[test]
fn an_archive_is_checked_changed_and_removed_once_that_is_confirmed() {
    let mut bench = opened();
    bench.command(WorklistCommand::ManageArchives);
    told(&mut bench, WorklistMessage::Peers(Ok(Arc::new(Peers::parse(PEERS).unwrap()))));
    let mut harness = screen(bench);
    harness.run_steps(3);
    harness.get_by_label("Check ward").click();
    harness.run_steps(2);
    let asks =
        |effect: &WorklistEffect| matches!(effect, WorklistEffect::CheckArchive(called) if called.peer.name == "ward");
    assert!(effects(harness.state()).iter().any(asks));
    let refused = Refusal::Failed("ward cannot be reached".into());
    told(harness.state_mut(), WorklistMessage::Checked { name: "ward".into(), result: Err(refused) });
    harness.run_steps(3);
    assert!(harness.query_by_label("Ward cannot be reached").is_some());
    told(harness.state_mut(), WorklistMessage::Checked { name: "ward".into(), result: Ok(()) });
    harness.run_steps(3);
    assert!(harness.query_by_label("ward answers.").is_some());

    harness.get_by_label("Change ward").click();
    harness.run_steps(3);
    harness.get_by_label("Associations").click();
    harness.run_steps(3);
    let form = harness.state().state.worklist.archives.as_ref().unwrap().form.clone().unwrap();
    assert_eq!((form.before.as_deref(), form.typed.web), (Some("ward"), false));
    harness.state_mut().command(HelpCommand::Escape);
    harness.run_steps(3);
    assert!(harness.state().state.worklist.archives.as_ref().is_some_and(|dialog| dialog.form.is_none()));

    harness.get_by_label("Remove ward…").click();
    harness.run_steps(3);
    let removes = |effect: &WorklistEffect| matches!(effect, WorklistEffect::RemoveArchive(name) if name == "ward");
    assert!(!effects(harness.state()).iter().any(removes), "it is asked first");
    harness.get_by_label("Remove").click();
    harness.run_steps(3);
    assert!(effects(harness.state()).iter().any(removes));
    let kept = KeptArchive { peers: Arc::new(Peers::default()), name: "ward".into(), secret: None };
    told(harness.state_mut(), WorklistMessage::RemovedArchive(Ok(kept)));
    harness.run_steps(3);
    assert!(harness.state().state.worklist.all_peers().is_empty());
    harness.state_mut().command(HelpCommand::Escape);
    assert!(harness.state().state.worklist.archives.is_none() && harness.state().state.worklist.open);
}

#[test]
fn a_password_that_no_keyring_takes_is_known_until_the_end_and_that_is_said() {
    let mut bench = opened();
    bench.command(WorklistCommand::ManageArchives);
    bench.command(WorklistCommand::ChangeArchive("ward".into()));
    let mut form = bench.state.worklist.archives.as_ref().unwrap().form.clone().unwrap();
    form.secret.0 = "hunter2".into();
    bench.command(WorklistCommand::EditArchive(Box::new(form)));
    bench.command(WorklistCommand::SaveArchive);
    let why = "no keyring of the system answers; set PELLUCID_SECRET_WARD".into();
    let kept = KeptArchive { peers: Arc::new(Peers::parse(PEERS).unwrap()), name: "ward".into(), secret: Some(why) };
    told(&mut bench, WorklistMessage::Saved(Ok(kept)));
    let dialog = bench.state.worklist.archives.as_ref().unwrap();
    let said = dialog.refusal.as_deref().unwrap();
    assert!(said.contains("known until Pellucid is closed") && said.contains("PELLUCID_SECRET_WARD"), "{said}");
    assert_eq!(dialog.checks.get("ward"), None::<&Check>);
    bench.command(WorklistCommand::CloseArchives);
    bench.command(WorklistCommand::Query);
    let given = effects(&bench).iter().any(|effect| {
        matches!(effect, WorklistEffect::Query { called, .. }
            if called.secret.as_ref().is_some_and(|secret| secret.reveal() == "hunter2"))
    });
    assert!(given);
}
