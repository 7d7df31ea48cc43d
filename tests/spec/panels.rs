//! Panels are found by the words that a screen reader would say, and answer a click with the right
//! command.

use std::cell::RefCell;
use std::rc::Rc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::viewer_state::{entry, finished, image_shown, model, nothing_open, refused, sampling};
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, OverlayCommand, StudyCommand, ViewCommand,
};
use pellucid::app::state::{Layout, Level, Model, Notice, NoticeAction, Phase, State, Theme};
use pellucid::app::ui::panels::{empty, findings, keys_help, map_strip, notices, overlay, status, studies, toolbar};
use pellucid::app::ui::theme;
use pellucid::app::ui::thumbnails::Thumbnails;

pub(crate) type Panel = fn(&mut egui::Ui, &State) -> Vec<Command>;

/// A panel over a state, and the commands that it answered with.
pub(crate) struct Shown {
    pub harness: Harness<'static>,
    commands: Rc<RefCell<Vec<Command>>>,
}

impl Shown {
    pub(crate) fn new(
        state: State,
        size: [f32; 2],
        panel: impl Fn(&mut egui::Ui, &State) -> Vec<Command> + 'static,
    ) -> Self {
        let commands = Rc::new(RefCell::new(Vec::new()));
        let heard = commands.clone();
        let chosen = state.preferences.theme;
        let harness = Harness::builder()
            .with_size(size)
            .with_context_setup(move |ctx| theme::install(ctx, chosen))
            .build_ui(move |ui| heard.borrow_mut().extend(panel(ui, &state)));
        Self { harness, commands }
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(3);
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        self.commands.borrow().clone()
    }

    pub(crate) fn says(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }
}

pub(crate) fn answer(state: State, panel: Panel, label: &str) -> Vec<Command> {
    let mut shown = Shown::new(state, [1280.0, 700.0], panel);
    shown.click(label);
    shown.commands()
}

#[test]
fn the_empty_window_says_where_to_begin() {
    assert_eq!(answer(nothing_open(), empty::show, "Open files…"), [Command::File(FileCommand::OpenFiles)]);
    assert_eq!(answer(nothing_open(), empty::show, "Open the demo"), [Command::File(FileCommand::OpenDemo)]);
}

#[test]
fn a_recent_study_opens_by_its_name() {
    let mut state = nothing_open();
    state.preferences.recent = vec!["images/case one".into()];
    assert_eq!(
        answer(state, empty::show, "case one"),
        [Command::File(FileCommand::OpenPaths(vec!["images/case one".into()]))]
    );
}

#[test]
fn the_toolbar_goes_through_images_and_divides_the_screen() {
    assert_eq!(answer(image_shown(), toolbar::show, "Next image"), [Command::Study(StudyCommand::NextImage)]);
    assert_eq!(
        answer(image_shown(), toolbar::show, "Grid"),
        [Command::View(ViewCommand::SetLayout(Layout::ClassGrid))]
    );
    assert_eq!(
        answer(image_shown(), toolbar::show, "A | B | A−B"),
        [Command::View(ViewCommand::SetLayout(Layout::Compare))]
    );
}

#[test]
fn a_report_can_be_written_only_from_a_finished_analysis() {
    assert_eq!(answer(sampling(20), toolbar::show, "Export report"), []);
    assert_eq!(answer(finished(), toolbar::show, "Export report"), [Command::File(FileCommand::ExportReport)]);
}

#[test]
fn the_open_menu_takes_a_path() {
    let mut shown = Shown::new(nothing_open(), [1280.0, 700.0], toolbar::show);
    shown.click("Open");
    shown.harness.get_by_label("Path of a file or folder").focus();
    shown.harness.run_steps(2);
    shown.harness.get_by_label("Path of a file or folder").type_text("images/chest.dcm");
    shown.harness.run_steps(2);
    shown.click("Open path");
    assert_eq!(shown.commands(), [Command::File(FileCommand::OpenPaths(vec!["images/chest.dcm".into()]))]);
}

#[test]
fn the_list_shows_an_image_by_click_and_closes_a_branch() {
    let thumbnails = Thumbnails::default();
    let mut shown = Shown::new(image_shown(), [240.0, 600.0], move |ui, state| studies::show(ui, state, &thumbnails));
    // A series is one row until it is opened.
    shown.click("Images of DX · chest · 2 images");
    shown.click("chest-pa.dcm");
    assert_eq!(shown.commands(), [Command::Study(StudyCommand::ShowImage(entry("chest-pa.dcm"), 0))]);
    shown.click("DOE JANE · 4711");
    assert!(shown.harness.query_by_label("chest-pa.dcm").is_none());
}

#[test]
fn what_could_not_be_read_is_listed_with_its_reason() {
    let thumbnails = Thumbnails::default();
    let mut shown = Shown::new(image_shown(), [240.0, 600.0], move |ui, state| studies::show(ui, state, &thumbnails));
    shown.click("1 warning");
    assert!(shown.says("This is a text file, not a DICOM object."));
}

#[test]
fn a_click_on_a_class_shows_its_map_and_a_tick_compares_it() {
    assert_eq!(
        answer(finished(), findings::show, "Viral pneumonia"),
        [Command::Findings(FindingsCommand::SelectClass(2))]
    );
    assert_eq!(
        answer(finished(), findings::show, "Compare Normal"),
        [Command::Findings(FindingsCommand::TickClass(0))]
    );
}

#[test]
fn a_refused_image_shows_the_reason_and_no_scores_unless_the_reader_insists() {
    let mut shown = Shown::new(refused(), [304.0, 700.0], findings::show);
    assert!(shown.says("does not resemble a frontal chest radiograph"));
    assert!(!shown.says("probability"));
    shown.click("Show anyway");
    assert_eq!(shown.commands(), [Command::Findings(FindingsCommand::ShowAnyway)]);
}

#[test]
fn bars_say_probability_interval_and_threshold() {
    let shown = Shown::new(finished(), [304.0, 700.0], findings::show);
    assert!(shown.says("Pneumonia: probability 0.90, 5–95 % of 100 samples"));
    assert!(shown.says("Viral pneumonia: probability 0.16"));
    assert!(shown.says("at or above the threshold 0.47"));
    assert!(shown.says("uncertainty about the model (epistemic): 0.03 of 1"));
}

#[test]
fn rows_stand_before_there_are_scores_and_do_not_move_when_they_come() {
    let place = |state| Shown::new(state, [304.0, 700.0], findings::show).harness.get_by_label("Normal").rect();
    assert_eq!(place(image_shown()).top(), place(sampling(5)).top());
    assert_eq!(place(sampling(5)).top(), place(finished()).top());
}

#[test]
fn a_model_without_dropout_says_so_and_draws_no_interval() {
    let mut state = finished();
    state.model = Model::Ready(model(false));
    state.results.posterior = None;
    let shown = Shown::new(state, [304.0, 700.0], findings::show);
    assert!(shown.says("no stochastic layer"));
    assert!(!shown.says("5–95 %"));
}

#[test]
fn a_failed_analysis_says_why_and_can_be_tried_again() {
    let mut state = image_shown();
    state.results.phase = Phase::Failed("The weights ended early.".into());
    let mut shown = Shown::new(state, [304.0, 700.0], findings::show);
    assert!(shown.says("The weights ended early."));
    shown.click("Analyse again");
    assert_eq!(shown.commands(), [Command::Findings(FindingsCommand::Retry)]);
}

#[test]
fn the_overlay_is_switched_and_coloured_without_new_computation() {
    assert_eq!(answer(finished(), map_strip::show, "Heat map"), [Command::Overlay(OverlayCommand::ToggleHeatMap)]);
    assert_eq!(answer(finished(), overlay::show, "Contours"), [Command::Overlay(OverlayCommand::ToggleContours)]);
    let mut shown = Shown::new(finished(), [304.0, 700.0], overlay::show);
    shown.click("Colours");
    shown.click("Magma");
    assert_eq!(shown.commands(), [Command::Overlay(OverlayCommand::SetColormap("magma".into()))]);
}

#[test]
fn running_work_shows_how_far_it_is_and_can_be_cancelled() {
    let mut shown = Shown::new(sampling(64), [1280.0, 24.0], status::show);
    assert!(shown.says("dropout 64 of 100"));
    shown.click("Cancel");
    assert_eq!(shown.commands(), [Command::Findings(FindingsCommand::Cancel)]);
}

#[test]
fn the_status_bar_reads_the_pixel_under_the_cursor_and_names_the_model() {
    let mut state = finished();
    state.cursor = Some((1012, 688, 1893.0));
    let shown = Shown::new(state, [1280.0, 24.0], status::show);
    assert!(shown.says("x 1012  y 688  value 1893"));
    assert!(shown.says("chest-xray 1.0 · 3f9c…"));
    assert!(shown.says("Not a medical device"));
}

#[test]
fn a_notice_offers_its_action_and_can_be_dismissed() {
    let notice = || {
        let mut state = finished();
        let action = Some(NoticeAction::Open("case.pdf".into()));
        let since = std::time::Instant::now();
        let text = "Report written".into();
        state.notices.push(Notice { id: 3, level: Level::Error, text, action, of_image: false, since });
        state
    };
    let open = Command::File(FileCommand::OpenExternally("case.pdf".into()));
    assert_eq!(answer(notice(), notices::show, "Open"), [open, Command::Help(HelpCommand::DismissNotice(3))]);
    assert_eq!(answer(notice(), notices::show, "Dismiss"), [Command::Help(HelpCommand::DismissNotice(3))]);
}

#[test]
fn the_key_table_holds_every_command_that_has_a_key() {
    let mut state = finished();
    state.keys_open = true;
    let shown = Shown::new(state, [1280.0, 720.0], keys_help::show);
    for info in Command::listed().iter().map(Command::info).filter(|info| !info.key.is_empty()) {
        assert!(shown.harness.query_all_by_label(info.label).next().is_some(), "{} is missing", info.label);
    }
}

#[test]
fn every_theme_draws_every_panel_with_glyphs_that_the_font_has_and_names_for_every_control() {
    // The harness panics on a missing glyph and on a control without an accessible name.
    for chosen in Theme::ALL {
        let mut state = finished();
        state.preferences.theme = chosen;
        let thumbnails = Thumbnails::default();
        let mut shown = Shown::new(state, [1280.0, 900.0], move |ui, state| {
            let mut out = toolbar::show(ui, state);
            out.extend(findings::show(ui, state));
            out.extend(overlay::show(ui, state));
            out.extend(map_strip::show(ui, state));
            out.extend(studies::show(ui, state, &thumbnails));
            out
        });
        shown.harness.run_steps(2);
        assert!(shown.harness.get_by_label("Heat map").accesskit_node().toggled().is_some());
    }
}
