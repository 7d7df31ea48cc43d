//! Everything a reader can do, one file a group: menus, keys, tooltips and the F1 table all come
//! from here.
//!
//! Commands are data. They are made of what the state holds and change nothing: a panel answers
//! with commands, and [`super::update::apply`] carries them out. Each is declared once, with its
//! words ([`declare`]).

mod current_keys;
mod declare;
mod feedback;
mod file;
mod findings;
mod hanging;
mod help;
mod impression;
pub mod key_map;
mod keys;
mod maps;
mod measure;
mod overlay;
pub mod palette;
mod published;
mod reading;
mod result_objects;
mod session;
mod study;
mod tags;
mod training;
mod uncertainty;
mod view;
mod what_if;
mod window;
mod worklist;

pub use feedback::FeedbackCommand;
pub use file::FileCommand;
pub use findings::FindingsCommand;
pub use hanging::HangingCommand;
pub use help::HelpCommand;
pub use impression::ImpressionCommand;
pub use keys::KeysCommand;
pub use maps::MapCommand;
pub use measure::MeasureCommand;
pub use overlay::OverlayCommand;
pub use palette::PaletteCommand;
pub use published::PublishedCommand;
pub use reading::ReadingCommand;
pub use result_objects::ResultCommand;
pub use session::SessionCommand;
pub use study::StudyCommand;
pub use tags::TagCommand;
pub use training::TrainingCommand;
pub use uncertainty::UncertaintyCommand;
pub use view::ViewCommand;
pub use what_if::WhatIfCommand;
pub use window::WindowCommand;
pub use worklist::WorklistCommand;

use std::borrow::Cow;

use super::state::NoticeAction;
use super::state::training::Page;
use crate::language::text;

/// Where a command stands in menus and in the key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandGroup {
    File,
    Study,
    View,
    Measure,
    WhatIf,
    Overlay,
    Findings,
    Training,
    Help,
}

impl CommandGroup {
    /// Every group, in the order of the menus.
    pub const ALL: [Self; 9] = [
        Self::File,
        Self::Study,
        Self::View,
        Self::Measure,
        Self::WhatIf,
        Self::Overlay,
        Self::Findings,
        Self::Training,
        Self::Help,
    ];

    /// Heading of the group.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => text!("File"),
            Self::Study => text!("Study"),
            Self::View => text!("View"),
            Self::Measure => text!("Measure"),
            Self::WhatIf => text!("What if"),
            Self::Overlay => text!("Overlay"),
            Self::Findings => text!("Findings"),
            Self::Training => text!("Training"),
            Self::Help => text!("Help"),
        }
    }
}

/// What is shown of a command wherever it appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// Words on the button; "…" where a dialog follows.
    pub label: &'static str,
    /// A sentence: what it does.
    pub tooltip: &'static str,
    /// Key as it is now, for example `Ctrl+E`; empty when there is none.
    pub key: Cow<'static, str>,
    pub group: CommandGroup,
}

impl CommandInfo {
    /// The tooltip with the key behind it: `Inverts black and white (I)`.
    pub fn hint(&self) -> String {
        if self.key.is_empty() { self.tooltip.to_owned() } else { format!("{} ({})", self.tooltip, self.shown_key()) }
    }

    /// The key as people read it: arrows are drawn.
    pub fn shown_key(&self) -> String {
        shown_key(&self.key)
    }
}

/// A key as people read it: arrows are drawn, and keys have the names that stand on keyboards of the
/// language.
pub fn shown_key(key: &str) -> String {
    let named = |part| match part {
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "Ctrl" => text!("Ctrl"),
        "Shift" => text!("Shift"),
        "Space" => text!("Space"),
        "Enter" => text!("Enter"),
        "Backspace" => text!("Backspace"),
        "Delete" => text!("keyboard" => "Delete"),
        "Home" => text!("keyboard" => "Home"),
        "End" => text!("keyboard" => "End"),
        "PageUp" => text!("PageUp"),
        "PageDown" => text!("PageDown"),
        other => other,
    };
    // The plus key itself stands behind a plus.
    match key.strip_suffix("++") {
        Some(before) => before.split('+').map(named).chain(["+"]).collect::<Vec<_>>().join("+"),
        None if key == "+" => key.to_owned(),
        None => key.split('+').map(named).collect::<Vec<_>>().join("+"),
    }
}

/// Declares [`Command`] over the enums of the groups.
macro_rules! command {
    ($( $(#[$doc:meta])* $group:ident($inner:ty) ),* $(,)?) => {
        /// What a reader asks for.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Command {
            $( $(#[$doc])* $group($inner) ),*
        }

        impl Command {
            /// Every command that needs no further word, in the order of the menus and of the key
            /// table.
            pub fn listed() -> Vec<Self> {
                let mut listed = Vec::new();
                $( listed.extend(<$inner>::listed().into_iter().map(Self::$group)); )*
                listed
            }

            /// Label, tooltip, key and group.
            pub fn info(&self) -> CommandInfo {
                match self {
                    $( Self::$group(command) => command.info() ),*
                }
            }

            /// Names a listed command in files, whatever its words are.
            pub fn id(&self) -> String {
                match self {
                    $( Self::$group(command) => command.id() ),*
                }
            }
        }

        $(
            impl From<$inner> for Command {
                fn from(command: $inner) -> Self {
                    Self::$group(command)
                }
            }
        )*
    };
}

command! {
    /// Opening, closing, importing, reporting.
    File(FileCommand),
    /// Published models.
    Published(PublishedCommand),
    /// Archives: their studies, and results sent to them.
    Worklist(WorklistCommand),
    /// Going through images.
    Study(StudyCommand),
    /// The elements of the file on screen.
    Tags(TagCommand),
    /// Results in files beside the images.
    Results(ResultCommand),
    /// Layout, and how images lie in their views.
    View(ViewCommand),
    /// Several images side by side.
    Hanging(HangingCommand),
    /// Windows with a name, and of an area.
    Window(WindowCommand),
    /// Measurements and the tools for them.
    Measure(MeasureCommand),
    /// Questions about a changed image.
    WhatIf(WhatIfCommand),
    /// How maps lie over the image.
    Overlay(OverlayCommand),
    /// Classes, the analysis, the model.
    Findings(FindingsCommand),
    /// How certain a result is.
    Uncertainty(UncertaintyCommand),
    /// Keys, notices, back.
    Help(HelpCommand),
    /// Which maps are shown: methods, stages, stability.
    Maps(MapCommand),
    /// What the reader says of findings.
    Feedback(FeedbackCommand),
    /// The reader's own impression.
    Impression(ImpressionCommand),
    /// A reader study.
    Reading(ReadingCommand),
    /// The training room.
    Training(TrainingCommand),
    /// The session and the interface as a whole.
    Session(SessionCommand),
    /// The window of keys.
    Keys(KeysCommand),
    /// The command palette.
    Palette(PaletteCommand),
}

impl From<&NoticeAction> for Command {
    fn from(action: &NoticeAction) -> Self {
        match action {
            NoticeAction::Retry => FindingsCommand::Retry.into(),
            NoticeAction::Open(path) => FileCommand::OpenExternally(path.clone()).into(),
            NoticeAction::ChooseReportFolder => FileCommand::ChooseReportFolder.into(),
            NoticeAction::UseModel(name) => FindingsCommand::SetModel(name.clone()).into(),
            NoticeAction::CompareModels => FindingsCommand::CompareModels.into(),
            NoticeAction::OpenLast => SessionCommand::OpenLast.into(),
            NoticeAction::ShowRun => TrainingCommand::Show(Page::Run).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Layout;

    #[test]
    fn a_command_is_listed_by_being_declared() {
        let listed = Command::listed();
        // Without further words, with the few values of one, and never with words that nobody has
        // said yet.
        assert!(listed.contains(&ViewCommand::Invert.into()));
        for layout in Layout::ALL {
            assert!(listed.contains(&ViewCommand::SetLayout(layout).into()));
        }
        assert!(!listed.iter().any(|c| matches!(c, Command::File(FileCommand::OpenPaths(_)))));
    }

    #[test]
    fn every_group_of_the_menus_has_commands() {
        let listed = Command::listed();
        for group in CommandGroup::ALL {
            assert!(listed.iter().any(|command| command.info().group == group), "{group:?} is empty");
        }
    }
}
