//! What a retrieval is about, and which objects are of it.

use dicom_dictionary_std::tags;

use super::find::Level;
use super::identifier::Identifier;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// What is to be retrieved: a study, a series of it, or an image of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub study: Uid,
    pub series: Option<Uid>,
    pub instance: Option<Uid>,
}

impl Wanted {
    pub(super) fn level(&self) -> Level {
        match (&self.series, &self.instance) {
            (_, Some(_)) => Level::Image,
            (Some(_), None) => Level::Series,
            (None, None) => Level::Study,
        }
    }

    pub(super) fn identifier(&self) -> Identifier {
        let identifier = Identifier::default()
            .with_text(tags::QUERY_RETRIEVE_LEVEL, self.level().code())
            .with_uid(tags::STUDY_INSTANCE_UID, &self.study);
        let with = |identifier: Identifier, tag, uid: &Option<Uid>| match uid {
            Some(uid) => identifier.with_uid(tag, uid),
            None => identifier,
        };
        let identifier = with(identifier, tags::SERIES_INSTANCE_UID, &self.series);
        with(identifier, tags::SOP_INSTANCE_UID, &self.instance)
    }

    /// Whether an object is of what was asked for.
    #[must_use]
    pub fn holds(&self, object: &StoredObject) -> bool {
        let is = |wanted: &Option<Uid>, found: &str| wanted.as_ref().is_none_or(|uid| uid.as_str() == found);
        object.study == self.study.as_str()
            && is(&self.series, &object.series)
            && is(&self.instance, &object.sop_instance)
    }
}
