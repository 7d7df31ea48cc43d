//! PS3.15 Table E.1-1: what the profile does with each attribute, and what each option changes.
//!
//! The table stands beside this file as it is printed, a row a line. What it forgets stands in
//! [`ADDED`]: attributes of the same meaning as listed ones, which a later edition may list.

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::code::Code;

/// The edition of the standard that the table is of.
pub const EDITION: &str = "2026c";

const TABLE: &str = include_str!("table_e1_1.tsv");

/// What one row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub basic: Code,
    pub uids: Option<Code>,
    pub device: Option<Code>,
    pub institution: Option<Code>,
    pub patient: Option<Code>,
    pub full_dates: Option<Code>,
    pub modified_dates: Option<Code>,
    pub descriptors: Option<Code>,
}

impl Row {
    const fn of(basic: Code) -> Self {
        let none = None;
        Self {
            basic,
            uids: none,
            device: none,
            institution: none,
            patient: none,
            full_dates: none,
            modified_dates: none,
            descriptors: none,
        }
    }

    const fn uid() -> Self {
        Self { uids: Some(Code::K), ..Self::of(Code::U) }
    }
}

/// Attributes that the table does not list.
const ADDED: [(Tag, Row); 24] = [
    // References to instances, frames of reference and other things that one instance gives a UID.
    (Tag(0x0008, 0x1167), Row::uid()),
    (Tag(0x0008, 0x3012), Row::uid()),
    (Tag(0x0018, 0x991E), Row::uid()),
    (Tag(0x0020, 0x0242), Row::uid()),
    (Tag(0x0020, 0x9312), Row::uid()),
    (Tag(0x0020, 0x9313), Row::uid()),
    (Tag(0x0044, 0x0102), Row::uid()),
    (Tag(0x0044, 0x0108), Row::uid()),
    (Tag(0x0068, 0x7004), Row::uid()),
    (Tag(0x0070, 0x031B), Row::uid()),
    (Tag(0x0070, 0x1209), Row::uid()),
    (Tag(0x0072, 0x007F), Row::uid()),
    (Tag(0x300A, 0x0675), Row::uid()),
    // Birth and death in other calendars than the listed one.
    (tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR, Row::of(Code::X)),
    (tags::PATIENT_DEATH_DATE_IN_ALTERNATIVE_CALENDAR, Row::of(Code::X)),
    // Where the original lies: such addresses hold hosts, UIDs and ids.
    (tags::RETRIEVE_URL, Row::of(Code::X)),
    (Tag(0x0028, 0x7FE0), Row::of(Code::X)),
    (Tag(0x0040, 0xE010), Row::of(Code::X)),
    // Orders, by numbers that were retired.
    (Tag(0x0040, 0x1006), Row::of(Code::X)),
    (Tag(0x0040, 0x1007), Row::of(Code::X)),
    (Tag(0x0040, 0x2006), Row::of(Code::X)),
    (Tag(0x0040, 0x2007), Row::of(Code::X)),
    // What somebody typed.
    (tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP, Row { descriptors: Some(Code::C), ..Row::of(Code::X) }),
    (tags::TEXT_VALUE, Row::of(Code::X)),
];

/// Rows by tag. Repeating groups, of which every attribute is removed, are dealt with by group.
static ROWS: LazyLock<HashMap<Tag, Row>> = LazyLock::new(|| {
    let listed = TABLE.lines().filter_map(row);
    ADDED.into_iter().chain(listed).collect()
});

/// What the profile says of an attribute; `None` where it says nothing, so that it stays.
pub(super) fn row(line: &str) -> Option<(Tag, Row)> {
    let mut cells = line.strip_prefix('(')?.split('\t');
    let (group, element) = cells.next()?.strip_suffix(')')?.split_once(',')?;
    let tag = Tag(u16::from_str_radix(group, 16).ok()?, u16::from_str_radix(element, 16).ok()?);
    let mut codes = cells.skip(1).map(Code::of);
    let basic = codes.next()??;
    let mut next = || codes.next().flatten();
    let (uids, device, institution, patient) = (next(), next(), next(), next());
    let (full_dates, modified_dates, descriptors) = (next(), next(), next());
    Some((tag, Row { basic, uids, device, institution, patient, full_dates, modified_dates, descriptors }))
}

/// The row of an attribute.
pub(super) fn find(tag: Tag) -> Option<&'static Row> {
    ROWS.get(&tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let unread: Vec<&str> = lines.clone().filter(|line| row(line).is_none()).collect();
        // Curves and overlays stand for sixteen groups each.
        assert_eq!(unread.len(), 3, "{unread:?}");
        assert!(unread.iter().all(|line| line.starts_with("(50xx") || line.starts_with("(60xx")), "{unread:?}");
        assert_eq!(lines.count(), 655);
        let cells = |line: &str| line.split('\t').count();
        assert!(TABLE.lines().filter(|line| line.starts_with('(')).all(|line| cells(line) == 12));
    }

    #[test]
    fn a_row_says_what_the_printed_table_says() {
        let birth = find(tags::PATIENT_BIRTH_DATE).unwrap();
        assert_eq!(*birth, Row::of(Code::Z));
        let study_date = find(tags::STUDY_DATE).unwrap();
        let kept = Row { full_dates: Some(Code::K), modified_dates: Some(Code::C), ..Row::of(Code::Z) };
        assert_eq!(*study_date, kept);
        assert_eq!(*find(tags::SOP_INSTANCE_UID).unwrap(), Row::uid());
        assert_eq!(find(tags::SERIES_DESCRIPTION).unwrap().descriptors, Some(Code::C));
        assert_eq!(find(tags::ROWS), None);
    }

    #[test]
    fn what_is_added_is_not_listed() {
        let listed: HashMap<Tag, Row> = TABLE.lines().filter_map(row).collect();
        let twice: Vec<Tag> = ADDED.iter().map(|(tag, _)| *tag).filter(|tag| listed.contains_key(tag)).collect();
        assert!(twice.is_empty(), "the table lists {twice:?}: take them out of what is added");
    }
}
