//! Published models: which there are, and fetching one.

use super::declare::commands;

commands! {
    /// What a reader asks of published models.
    #[derive(Clone, Debug, PartialEq)]
    pub enum PublishedCommand of File {
        /// Opens the window, or closes it.
        Toggle => (
            "Published models…",
            "Lists published models that can be fetched and imported; the network is not used before you say so",
            "",
        ),
        /// The window is about this one.
        Choose(_: String) => ("Choose", "Says what would be fetched, from where, and under which licence"),
        /// Fetches the chosen one and imports it.
        Fetch => (
            "Fetch and import",
            "Fetches the file from its publisher, compares its hash and makes a model of it",
            "",
        ),
        /// Asks for a file of the chosen one by a dialog.
        ChooseFile => (
            "Take a file…",
            "Takes a file that was fetched on another machine; it goes through the same checks, and the network is not used",
            "",
        ),
        Stop => ("Stop fetching", "Stops the fetch; what has come is kept for the next time", ""),
        Close => ("Close", "Closes the window; a fetch goes on", ""),
    }
}
