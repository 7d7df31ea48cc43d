//! Times in files: RFC 3339, with the offset of the clock by which they were written.

use chrono::{DateTime, Local};
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// Writes a time to its last digit.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(at: &DateTime<Local>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

/// Reads it again.
///
/// # Errors
/// Where the text is no time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Local>, D::Error> {
    let text = String::deserialize(deserializer)?;
    DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Local)).map_err(D::Error::custom)
}
