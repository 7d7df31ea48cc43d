//! The window of published models: what it lists, asks and tells.

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;

use pellucid::app::command::{Command, FindingsCommand, HelpCommand, PublishedCommand};
use pellucid::app::state::Level;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::published_effect::{PublishedEffect, PublishedMessage};
use pellucid::model::catalogue::Catalogue;
use pellucid::model::catalogue::obtain::{Order, Origin, Step};
use pellucid::model::fetch::Came;

use crate::viewer::common::Bench;
use crate::viewer::screen;

/// The window, with the catalogue of the program.
fn opened() -> Bench {
    let mut bench = Bench::new();
    let effects = bench.command(PublishedCommand::Toggle);
    assert!(matches!(effects.as_slice(), [Effect::Published(PublishedEffect::Read)]));
    told(&mut bench, PublishedMessage::Read(Ok(Arc::new(Catalogue::embedded().unwrap()))));
    bench
}

fn told(bench: &mut Bench, message: PublishedMessage) {
    bench.message(Message::Published(message));
}

fn orders(bench: &Bench) -> Vec<&Order> {
    let order = |effect| match effect {
        &Effect::Published(PublishedEffect::Obtain(ref order)) => Some(&**order),
        _ => None,
    };
    bench.effects.iter().filter_map(order).collect()
}

#[test]
fn a_model_is_chosen_asked_for_and_fetched_with_the_mouse() {
    let mut harness = screen(opened());
    harness.run_steps(3);
    assert!(harness.query_by_label("Fetch and import").is_some());
    harness.get_by_label("TorchXRayVision DenseNet-121, seven data sets").click();
    harness.run_steps(3);
    assert!(orders(harness.state()).is_empty(), "choosing fetches nothing");
    let says = |words: &str| harness.query_all_by_label_contains(words).next().is_some();
    for words in
        ["Apache-2.0", "is fetched from github.com (28 MB)", "https://github.com/mlmed/torchxrayvision/releases/"]
    {
        assert!(says(words), "{words}");
    }
    harness.run_steps(8);
    harness.get_by_label("Fetch and import").click();
    harness.run_steps(3);
    let ordered = orders(harness.state());
    assert!(
        matches!(ordered.as_slice(), [order] if order.name == "xrv-densenet121-all" && order.origin == Origin::Publisher)
    );
    let came = Came { bytes: 7_000_000, total: Some(28_000_000) };
    told(harness.state_mut(), PublishedMessage::Step(Step::Fetching(came)));
    harness.run_steps(3);
    assert!(harness.query_by_label("xrv-densenet121-all: 7.0 MB of 28 MB have come").is_some());

    // The window may be closed; the bar below tells how far it is, and opens it again.
    harness.get_by_label("Close").click();
    harness.run_steps(3);
    assert!(!harness.state().state.published.open && harness.state().state.published.fetching.is_some());
    harness.get_by_label("Fetching a model: 25 %").click();
    harness.run_steps(3);
    harness.get_by_label("Stop fetching").click();
    harness.run_steps(3);
    assert!(harness.state().effects.iter().any(|e| matches!(e, Effect::Published(PublishedEffect::Stop))));
    told(harness.state_mut(), PublishedMessage::Over(Err("it was cancelled".into())));
    let state = &harness.state().state;
    assert!(state.published.fetching.is_none() && state.published.refusal.is_none() && state.notices.is_empty());
}

#[test]
fn what_came_of_it_is_told_in_the_window_or_beside_it() {
    let mut bench = opened();
    bench.command(PublishedCommand::Choose("chexnet-arnoweng".into()));
    bench.command(PublishedCommand::Fetch);
    bench.command(PublishedCommand::Fetch);
    assert_eq!(orders(&bench).len(), 1, "one at a time");
    told(&mut bench, PublishedMessage::Over(Err("github.com cannot be reached".into())));
    assert_eq!(bench.state.published.refusal.as_deref(), Some("Github.com cannot be reached"));

    bench.command(PublishedCommand::Fetch);
    bench.command(HelpCommand::Escape);
    assert!(!bench.state.published.open && bench.state.published.fetching.is_some(), "a fetch goes on");
    told(&mut bench, PublishedMessage::Over(Err("the file is another one".into())));
    let notice = bench.state.notices.last().unwrap();
    assert!(notice.level == Level::Error && notice.text.contains("another one"), "{}", notice.text);

    bench.command(PublishedCommand::Fetch);
    told(&mut bench, PublishedMessage::Over(Ok("chexnet-arnoweng".into())));
    let notice = bench.state.notices.last().unwrap();
    assert!(
        notice.text.starts_with("Imported as chexnet-arnoweng") && notice.text.contains("calibrated"),
        "{}",
        notice.text
    );
    let used = notice.action.as_ref().map(Command::from);
    assert_eq!(used, Some(FindingsCommand::SetModel("chexnet-arnoweng".into()).into()));
}

#[test]
fn a_file_that_was_fetched_by_hand_is_taken_without_the_network() {
    let mut bench = opened();
    assert!(bench.command(PublishedCommand::ChooseFile).is_empty(), "of which model?");
    bench.command(PublishedCommand::Choose("timm-resnet18".into()));
    let asked = bench.command(PublishedCommand::ChooseFile);
    assert!(matches!(asked.as_slice(), [Effect::Published(PublishedEffect::AskForFile)]));
    told(&mut bench, PublishedMessage::FileChosen(Some("resnet18.pth".into())));
    assert!(matches!(orders(&bench).as_slice(), [order] if order.origin == Origin::File("resnet18.pth".into())));
    told(&mut bench, PublishedMessage::FileChosen(None));
    assert!(bench.state.notices.last().unwrap().text.contains("--file FILE"));
}

#[test]
fn a_catalogue_that_cannot_be_read_is_said() {
    let mut bench = Bench::new();
    bench.command(PublishedCommand::Toggle);
    told(&mut bench, PublishedMessage::Read(Err("your catalogue cannot be used".into())));
    let mut harness = screen(bench);
    harness.run_steps(3);
    assert!(harness.query_by_label("Your catalogue cannot be used").is_some());
}
