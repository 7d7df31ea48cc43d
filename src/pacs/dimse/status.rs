//! What the status of an answer means (PS3.7 annex C, PS3.4 annexes B, C and J).

/// Whether the operation goes on, and more answers follow.
pub(super) fn is_pending(status: u16) -> bool {
    matches!(status, 0xFF00 | 0xFF01)
}

/// Whether the operation was done, if with a reservation (coerced or discarded elements).
pub(super) fn is_done(status: u16) -> bool {
    matches!(status, 0x0000 | 0x0001 | 0x0107 | 0x0116) || status >> 12 == 0xB
}

/// Success.
pub(super) const SUCCESS: u16 = 0x0000;
/// No such service class here.
pub(super) const CLASS_NOT_SUPPORTED: u16 = 0x0122;
/// What was asked of the class is not done here.
pub(super) const UNRECOGNIZED_OPERATION: u16 = 0x0211;
/// The UID is none.
pub(super) const INVALID_INSTANCE: u16 = 0x0117;
/// Another object has this UID.
pub(super) const DUPLICATE_INSTANCE: u16 = 0x0111;
/// No room, or too much to do.
pub(super) const OUT_OF_RESOURCES: u16 = 0xA700;
/// The data set is not what its command says.
pub(super) const DOES_NOT_MATCH: u16 = 0xA900;
/// The data set cannot be read.
pub(super) const CANNOT_UNDERSTAND: u16 = 0xC000;

/// A status in words.
pub(super) fn meaning(status: u16) -> &'static str {
    match status {
        0x0000 => "success",
        0x0105 => "no such attribute",
        0x0106 => "an attribute has a value that is not allowed",
        0x0107 => "attributes are missing from the list",
        0x0110 => "processing failure",
        0x0111 => "another object has this UID",
        0x0112 => "no such object",
        0x0113 => "no such event",
        0x0114 => "no such argument",
        0x0115 => "an argument has a value that is not allowed",
        0x0116 => "a value is out of range",
        0x0117 => "the UID of the object is not allowed",
        0x0118 => "no such SOP class",
        0x0119 => "the class and the object do not belong together",
        0x0120 | 0x0121 => "an attribute is missing or has no value",
        0x0122 => "the SOP class is not supported",
        0x0123 => "no such action",
        0x0124 => "not authorised",
        0x0210 => "the message was sent twice",
        0x0211 => "the operation is not known there",
        0x0212 => "an argument is of the wrong kind",
        0x0213 => "not enough resources",
        0xA700..=0xA7FF => "refused: out of resources",
        0xA801 => "the destination of the move is not known there",
        0xA900..=0xA9FF => "the data set does not match the SOP class",
        0xB000 => "elements were changed",
        0xB006 => "elements were discarded",
        0xB007 => "the data set does not match the SOP class, and was kept",
        0xB001..=0xB005 | 0xB008..=0xBFFF => "done with a warning",
        0xC000..=0xCFFF => "it could not be understood or processed",
        0xFE00 => "cancelled",
        0xFF00 | 0xFF01 => "pending",
        _ => "a status that the standard does not name",
    }
}
