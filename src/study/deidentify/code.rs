//! The action codes of PS3.15 Table E.1-1, and their combinations (PS3.15 E.1.1).

/// A code of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Remove.
    X,
    /// Zero length.
    Z,
    /// A dummy value.
    D,
    /// A new UID.
    U,
    /// Keep; in sequences, what the profile keeps.
    K,
    /// Clean.
    C,
    ZOrD,
    XOrZ,
    XOrD,
    XOrZOrD,
    /// Keep a sequence of references with new UIDs.
    XOrZOrU,
}

impl Code {
    /// As the table prints it.
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "X" => Self::X,
            "Z" => Self::Z,
            "D" => Self::D,
            "U" => Self::U,
            "K" => Self::K,
            "C" => Self::C,
            "Z/D" => Self::ZOrD,
            "X/Z" => Self::XOrZ,
            "X/D" => Self::XOrD,
            "X/Z/D" => Self::XOrZOrD,
            "X/Z/U*" => Self::XOrZOrU,
            _ => return None,
        })
    }
}
