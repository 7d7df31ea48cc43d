//! The session and the interface as a whole: the studies of last time, undo, scale, sections.

use super::declare::commands;
use crate::app::state::session::Section;
use crate::language;

commands! {
    /// What a reader asks of the session.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SessionCommand of View {
        /// Opens what was open when the last session ended.
        OpenLast => ("Open the last studies", "Opens what was open when Pellucid was last used", "Ctrl+Shift+L"),
        /// Lists of studies are kept from here on, or no longer.
        ToggleKeepStudies => ("Keep lists of studies", "Remembers recent and last studies by their paths, in a file that only you can read", ""),
        /// The audit journal is written from here on, or no longer.
        ToggleAudit => (
            "Keep an audit journal",
            "Writes into a file on this machine which image and model were shown and what was written: hashes, no patient data",
            "",
        ),
        Forget => ("Forget the session", "Forgets recent and last studies, place of the window, layout and closed sections; measurements and impressions stay", ""),
        LargerInterface => ("Larger interface", "Makes words and controls larger, up to 300 %", "Ctrl++"),
        SmallerInterface => ("Smaller interface", "Makes words and controls smaller, down to 75 %", "Ctrl+-"),
        UsualInterface => ("Usual size of the interface", "Words and controls in the size that the system asks for", "Ctrl+0"),
        /// The language of the screen, by its code.
        SetLanguage(code: &'static str) in language::codes() => (language::name(code), "Language of the screen", ""),
        /// Case reports are printed in English from here on, or in the language of the screen.
        ToggleEnglishReports => (
            "Reports in English",
            "Prints case reports in English instead of the language of the screen",
            "",
        ),
        /// Opens or closes a section of the panel at the right.
        ToggleSection(_: Section) => ("Section", "Opens or closes this section"),
    }
}
