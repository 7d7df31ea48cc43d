//! What a reader writes into the form of a query, and the query that it is.

use chrono::{Days, Local, NaiveDate};

use crate::language::{named, tr};
use crate::pacs::archive::Query;

/// Longest text of a field, in characters.
const LONGEST: usize = 64;

/// Modalities that are offered; another one can be typed (PS3.3, C.7.3.1.1.1).
pub const MODALITIES: [&str; 8] = ["DX", "CR", "CT", "MR", "MG", "US", "NM", "PT"];

/// Days of a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayRange {
    Any,
    Today,
    /// Today and the two days before.
    ThreeDays,
    #[default]
    Week,
    Month,
    Year,
    /// From one day to another, as they are typed.
    Typed,
}

impl DayRange {
    pub const ALL: [Self; 7] =
        [Self::Any, Self::Today, Self::ThreeDays, Self::Week, Self::Month, Self::Year, Self::Typed];

    /// Words of the list; translated where they are shown.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => named!("Any day"),
            Self::Today => named!("Today"),
            Self::ThreeDays => named!("Last 3 days"),
            Self::Week => named!("Last 7 days"),
            Self::Month => named!("Last 31 days"),
            Self::Year => named!("Last 366 days"),
            Self::Typed => named!("From … to …"),
        }
    }

    /// Days back from today; nothing where it does not follow from today.
    fn back(self) -> Option<u64> {
        match self {
            Self::Any | Self::Typed => None,
            Self::Today => Some(0),
            Self::ThreeDays => Some(2),
            Self::Week => Some(6),
            Self::Month => Some(30),
            Self::Year => Some(365),
        }
    }
}

/// The fields of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryForm {
    pub name: String,
    pub id: String,
    pub days: DayRange,
    /// Days as they are typed.
    pub from: String,
    pub to: String,
    /// Empty for every one.
    pub modality: String,
}

impl QueryForm {
    /// The query that the fields are, on a day.
    ///
    /// # Errors
    /// A sentence about a field that cannot be meant.
    pub fn query_on(&self, today: NaiveDate) -> Result<Query, String> {
        let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let (from, to) = match self.days {
            DayRange::Any => (None, None),
            DayRange::Typed => (day(&self.from)?, day(&self.to)?),
            // Clocks of archives and modalities differ: what was made "tomorrow" is there, too.
            range => (range.back().map(back), None),
        };
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(tr!("The first day lies behind the last one."));
        }
        Ok(Query {
            patient_name: wild(&self.name),
            patient_id: self.id.trim().to_owned(),
            from,
            to,
            modality: self.modality.trim().to_uppercase(),
            ..Query::default()
        })
    }

    /// The query that the fields are today.
    ///
    /// # Errors
    /// As [`Self::query_on`].
    pub fn query(&self) -> Result<Query, String> {
        self.query_on(Local::now().date_naive())
    }

    /// The same with fields of a length that fits a question.
    pub(in crate::app) fn cut(mut self) -> Self {
        for field in [&mut self.name, &mut self.id, &mut self.from, &mut self.to, &mut self.modality] {
            // `\` separates values, and controls are none of a text (PS3.5, 6.2).
            field.retain(|c| c != '\\' && !c.is_control());
            if let Some((end, _)) = field.char_indices().nth(LONGEST) {
                field.truncate(end);
            }
        }
        self
    }
}

/// The beginning of a name matches it; a comma or blanks stand between its parts as people write them.
fn wild(typed: &str) -> String {
    let name = typed.trim();
    if name.is_empty() || name.contains(['*', '?', '^', '=']) {
        return name.to_owned();
    }
    let parts: Vec<&str> = name.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    parts.join("*") + "*"
}

/// A day as it is typed: `2020-03-31`, `31.03.2020` or `20200331`; nothing for nothing.
fn day(typed: &str) -> Result<Option<NaiveDate>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let read = ["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"].iter().find_map(|f| NaiveDate::parse_from_str(typed, f).ok());
    read.map(Some).ok_or_else(|| tr!("“{typed}” is no day; write it like 2026-11-30.", typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(form: &QueryForm) -> Result<Query, String> {
        form.query_on(NaiveDate::from_ymd_opt(2026, 11, 30).unwrap())
    }

    #[test]
    fn the_last_days_end_with_what_comes() {
        let of = |days| on(&QueryForm { days, ..QueryForm::default() }).unwrap().dates();
        assert_eq!(of(DayRange::Any), "");
        assert_eq!(of(DayRange::Today), "20261130-");
        assert_eq!(of(DayRange::Week), "20261124-");
    }

    #[test]
    fn typed_days_are_read_as_people_write_them() {
        let typed = |from: &str, to: &str| {
            on(&QueryForm { days: DayRange::Typed, from: from.into(), to: to.into(), ..QueryForm::default() })
        };
        assert_eq!(typed("1.3.2020", " 2020-03-31 ").unwrap().dates(), "20200301-20200331");
        assert_eq!(typed("20200301", "").unwrap().dates(), "20200301-");
        assert!(typed("31.02.2020", "").unwrap_err().contains("31.02.2020"));
        assert!(typed("2020-03-02", "2020-03-01").is_err());
    }

    #[test]
    fn a_name_is_looked_for_by_its_beginning() {
        for (typed, asked) in
            [("", ""), ("doe", "doe*"), ("Doe, Jane", "Doe*Jane*"), ("d?e*", "d?e*"), ("DOE^JANE", "DOE^JANE")]
        {
            assert_eq!(wild(typed), asked);
        }
    }

    #[test]
    fn a_field_holds_one_value() {
        let form = QueryForm { name: "a\\b\nc".into(), id: "ä".repeat(100), ..QueryForm::default() }.cut();
        assert_eq!((form.name.as_str(), form.id.chars().count()), ("abc", LONGEST));
    }
}
