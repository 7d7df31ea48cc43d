//! `pellucid batch --pacs`: which archive is asked, and for what.

use chrono::NaiveDate;

use crate::cli::Usage;
use crate::pacs::archive::{Archive, Query};
use crate::pacs::open::open;
use crate::pacs::peers::Peer;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::secret;

/// An archive and a query.
#[derive(Debug, clap::Args)]
pub(super) struct PacsArgs {
    /// Fetch studies of this archive in the place of files, by its name in peers.toml, one after the other;
    /// each is removed when it was scored
    #[arg(long, value_name = "PEER")]
    pub pacs: Option<String>,
    /// With --pacs: date of the study, or a range of dates like 20260101-20260131, asked for day by day
    #[arg(long, value_name = "DATE", requires = "pacs")]
    date: Option<String>,
    /// With --pacs: only series of this modality, like DX
    #[arg(long, value_name = "MODALITY", requires = "pacs")]
    pub modality: Option<String>,
    /// With --pacs: Patient ID
    #[arg(long, value_name = "ID", requires = "pacs")]
    patient: Option<String>,
    /// With --pacs: accession number
    #[arg(long, value_name = "NUMBER", requires = "pacs")]
    accession: Option<String>,
    /// With --pacs: Study Instance UID
    #[arg(long, value_name = "UID", requires = "pacs")]
    study: Option<String>,
}

impl PacsArgs {
    /// The archive of this name.
    pub(super) fn archive(name: &str) -> anyhow::Result<Box<dyn Archive>> {
        let peers = Peers::read(&Peers::path()?)?;
        let peer: &Peer = peers.find(name)?;
        let secret = if peer.wants_secret() { secret::find(peer)? } else { None };
        Ok(open(peer, secret.as_ref())?)
    }

    /// What is looked for.
    pub(super) fn query(&self) -> Result<Query, Usage> {
        let (from, to) = self.date.as_deref().map_or(Ok((None, None)), days)?;
        let words = |value: &Option<String>| value.clone().unwrap_or_default();
        let query = Query {
            patient_name: String::new(),
            patient_id: words(&self.patient),
            from,
            to,
            modality: words(&self.modality),
            accession: words(&self.accession),
            study_uid: words(&self.study),
        };
        if query == Query::default() {
            let why = "--pacs without a question would fetch the whole archive: name --date, --modality, --patient, \
                       --accession or --study";
            return Err(Usage(why.into()));
        }
        Ok(query)
    }
}

/// First and last day of `20260101`, `20260101-20260131`, `20260101-` or `-20260131`.
fn days(text: &str) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Usage> {
    let wrong = || Usage(format!("--date is no day and no range of days: {text}; write it like 20260101-20260131"));
    let day = |text: &str| match text {
        "" => Ok(None),
        text => NaiveDate::parse_from_str(text, "%Y%m%d").map(Some).map_err(|_| wrong()),
    };
    match text.split_once('-') {
        None if text.is_empty() => Err(wrong()),
        None => day(text).map(|day| (day, day)),
        Some(("", "")) => Err(wrong()),
        Some((from, to)) => Ok((day(from)?, day(to)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_or_ranges() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d);
        assert_eq!(days("20260102").unwrap(), (day(2), day(2)));
        assert_eq!(days("20260102-20260103").unwrap(), (day(2), day(3)));
        assert_eq!((days("20260102-").unwrap(), days("-20260103").unwrap()), ((day(2), None), (None, day(3))));
        for odd in ["", "-", "2026", "20261301", "20260102-x"] {
            assert!(days(odd).unwrap_err().to_string().contains("20260101-20260131"), "{odd}");
        }
    }
}
