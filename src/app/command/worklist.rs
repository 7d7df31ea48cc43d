//! The worklist: studies of an archive, fetching one, sending results.

use super::declare::commands;
use crate::app::state::worklist::SecretForm;
use crate::app::state::worklist::archives::{ArchiveForm, SecuringFile};
use crate::app::state::worklist::form::QueryForm;
use crate::app::state::worklist::sorting::Column;

commands! {
    /// What a reader asks of the worklist.
    #[derive(Clone, Debug, PartialEq)]
    pub enum WorklistCommand of File {
        /// Opens the window, or closes it.
        Toggle => (
            "Worklist…",
            "Lists the studies of an archive (PACS), fetches one and sends results back; the network is not used before you say so",
            "Ctrl+L",
        ),
        /// The window is about this archive.
        SetPeer(_: String) => ("Archive", "Asks this archive"),
        Edit(_: Box<QueryForm>) => ("Search for", "Changes what is looked for"),
        /// Asks the archive.
        Query => ("Search", "Asks the archive for studies (Enter)", ""),
        StopQuery => ("Stop searching", "Waits for the archive no longer", ""),
        SortBy(_: Column) => ("Sort", "Sorts the studies; a second time the other way round"),
        ToggleScores => (
            "Sort by the model's score",
            "Shows the highest score of a finding in studies that were analysed in this session, and sorts by it",
            "",
        ),
        /// The chosen study, by its UID.
        Choose(_: Option<String>) => ("Choose", "Chooses this study"),
        /// Fetches a study, or one series of it, and opens it.
        Fetch(_: String, _: Option<String>) => ("Fetch and open", "Fetches it from the archive and opens it"),
        StopTransfer => ("Stop the transfer", "Stops fetching or sending", ""),
        /// Sends the results of the image on screen to the chosen archive.
        SendResults => (
            "Send results",
            "Sends the results of the image on screen to the archive, as DICOM objects of its study",
            "",
        ),
        /// The dialog that asks for a secret, with other values.
        EditSecret(_: Box<SecretForm>) => ("Password or token", "Changes what the dialog says"),
        GiveSecret => ("Sign in", "Goes on with this password or token", ""),
        CloseSecret => ("Cancel", "Closes the dialog; nothing is asked of the archive", ""),
        ManageArchives => ("Archives…", "Adds, changes, checks and removes the archives that are known by name", ""),
        /// The form of an archive, with other values.
        EditArchive(_: Box<ArchiveForm>) => ("Archive", "Changes what the form says"),
        NewArchive => ("Add an archive", "Opens an empty form", ""),
        ChangeArchive(_: String) => ("Change", "Opens the form of this archive"),
        ChooseFile(_: SecuringFile) => ("Choose…", "Chooses a file"),
        SaveArchive => (
            "Save",
            "Writes the archive into the list; a password or token goes into the keyring of the system and into no file",
            "",
        ),
        CheckArchive(_: String) => (
            "Check",
            "Asks the archive whether it is there and lets this program in (C-ECHO, or a query for one study)",
        ),
        /// Asks whether an archive is to be removed.
        AskToRemoveArchive(_: String) => ("Remove…", "Takes the archive out of the list, and its password out of the keyring"),
        RemoveArchive(_: String) => ("Remove", "Takes the archive out of the list, and its password out of the keyring"),
        KeepArchive => ("Keep it", "Removes nothing", ""),
        CloseArchives => ("Back", "Goes back from the form to the list, and from the list to where you came from (Esc)", ""),
        RemoveFetched => (
            "Remove fetched studies",
            "Removes every study that was fetched from archives from this machine; what is open stays on screen until it is closed",
            "",
        ),
        Close => ("Close the worklist", "Closes the window; a transfer goes on", ""),
    }
}
