//! Listed images to patient → study → series → image, each in its order.
//!
//! Images of a series stand in the order of [`super::stack_place`]. What shares a SOP Instance UID was
//! told apart before ([`super::shared_uid`]).

use std::path::Path;
use std::sync::Arc;

use super::natural_order::{natural_order, order_of_options};
use super::stack_place::in_order;
use super::{Catalogue, ImageEntry, Patient, Series, Study, Warning};

/// One listed file, with what its place in the series depends on.
pub(super) struct Listed {
    pub entry: ImageEntry,
    /// A DICOMDIR.
    pub is_directory: bool,
}

impl Listed {
    pub(super) fn unordered(entry: ImageEntry) -> Self {
        Self { entry, is_directory: false }
    }
}

/// Groups what was listed, one image an entry.
pub(super) fn catalogue(listed: Vec<Listed>, warnings: Vec<Warning>) -> Catalogue {
    let mut patients: Vec<(Patient, Vec<StudyGroup>)> = Vec::new();
    for one in listed {
        let meta = &one.entry.meta;
        let identity = &one.entry.identity;
        let folder = one.entry.path.parent().unwrap_or(Path::new(""));
        let is_patient = |p: &Patient| p.id == meta.patient_id && same_name(&p.name, &meta.patient_name);
        let at = patients.iter().position(|(p, _)| is_patient(p)).unwrap_or_else(|| {
            let patient = Patient { id: meta.patient_id.clone(), name: meta.patient_name.clone(), studies: Vec::new() };
            patients.push((patient, Vec::new()));
            patients.len() - 1
        });
        // Files that name no study or series are grouped under their folder.
        let or_folder = |uid: &str| if uid.is_empty() { folder.to_string_lossy().into_owned() } else { uid.to_owned() };
        let (study_key, series_key) = (or_folder(&identity.study_uid), or_folder(&identity.series_uid));
        let studies = &mut patients[at].1;
        let study_at = studies.iter().position(|s| s.key == study_key).unwrap_or_else(|| {
            let description = if identity.study_uid.is_empty() && meta.study_description.is_empty() {
                folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
            } else {
                meta.study_description.clone()
            };
            let study = Study {
                uid: identity.study_uid.clone(),
                description,
                date: meta.study_date.clone(),
                series: Vec::new(),
            };
            studies.push(StudyGroup { key: study_key, study, series: Vec::new() });
            studies.len() - 1
        });
        let series = &mut studies[study_at].series;
        let series_at = series.iter().position(|s| s.0 == series_key).unwrap_or_else(|| {
            series.push((series_key, Vec::new()));
            series.len() - 1
        });
        series[series_at].1.push(one);
    }
    let mut patients: Vec<Patient> = patients
        .into_iter()
        .map(|(mut patient, studies)| {
            patient.studies = studies.into_iter().map(StudyGroup::finish).collect();
            // Newest first, as a reader looks for them.
            patient
                .studies
                .sort_by(|a, b| b.date.cmp(&a.date).then_with(|| natural_order(&a.description, &b.description)));
            patient
        })
        .collect();
    patients.sort_by(|a, b| natural_order(&a.name, &b.name).then_with(|| natural_order(&a.id, &b.id)));
    Catalogue { patients, warnings }
}

struct StudyGroup {
    key: String,
    study: Study,
    series: Vec<(String, Vec<Listed>)>,
}

impl StudyGroup {
    fn finish(self) -> Study {
        let mut study = self.study;
        let mut numbered: Vec<(Option<i64>, Series)> =
            self.series.into_iter().map(|(_, images)| finish_series(images)).collect();
        numbered.sort_by(|(a, x), (b, y)| {
            order_of_options(a.as_ref(), b.as_ref(), Ord::cmp)
                .then_with(|| natural_order(&x.description, &y.description))
        });
        study.series = numbered.into_iter().map(|(_, series)| series).collect();
        study
    }
}

fn finish_series(images: Vec<Listed>) -> (Option<i64>, Series) {
    let mut images: Vec<Arc<ImageEntry>> = images.into_iter().map(|one| Arc::new(one.entry)).collect();
    let order = in_order(&mut images);
    let first = images.first();
    let series = Series {
        uid: first.map(|e| e.identity.series_uid.clone()).unwrap_or_default(),
        description: first.map(|e| e.meta.series_description.clone()).unwrap_or_default(),
        modality: first.map(|e| e.meta.modality.clone()).unwrap_or_default(),
        images: Vec::new(),
        order,
    };
    let number = first.and_then(|e| e.meta.series_number.parse().ok());
    (number, Series { images, ..series })
}

fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches(['^', '=', ' ']).to_lowercase();
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::shared_uid::SharedUid;
    use crate::study::stack_place::{SeriesOrder, StackPlace};
    use crate::study::{Identity, Metadata};

    fn image(path: &str, series: &str, uid: &str) -> Listed {
        Listed::unordered(ImageEntry {
            path: path.into(),
            identity: Identity { study_uid: "1".into(), series_uid: series.into(), sop_instance_uid: uid.into() },
            meta: Metadata::default(),
            columns: 1,
            rows: 1,
            frames: 1,
            has_pixels: true,
            title: path.rsplit('/').next().unwrap_or(path).to_owned(),
            shared_uid: SharedUid::default(),
            place: StackPlace::default(),
        })
    }

    fn placed(mut one: Listed, mm: f64, normal: [f64; 3], number: i64) -> Listed {
        one.entry.place = StackPlace { position: Some((mm, normal)), number: Some(number), ..StackPlace::default() };
        one
    }

    fn orders(listed: Vec<Listed>) -> Vec<SeriesOrder> {
        let found = catalogue(listed, Vec::new());
        let studies = found.patients.iter().flat_map(|patient| &patient.studies);
        studies.flat_map(|study| &study.series).map(|series| series.order).collect()
    }

    fn titles(listed: Vec<Listed>) -> Vec<String> {
        catalogue(listed, Vec::new()).images().map(|e| e.title.clone()).collect()
    }

    #[test]
    fn slices_stand_in_the_order_of_the_anatomy() {
        let axial = |path, mm, number| placed(image(path, "1.1", path), mm, [0.0, 0.0, 1.0], number);
        assert_eq!(titles(vec![axial("a", 9.0, 1), axial("b", -3.0, 2), axial("c", 2.0, 3)]), ["b", "c", "a"]);
    }

    #[test]
    fn slices_of_several_orientations_stand_by_instance_number() {
        let slice = |path, normal, mm, number| placed(image(path, "1.1", path), mm, normal, number);
        let localizer =
            vec![slice("a", [1.0, 0.0, 0.0], 0.0, 3), slice("b", [0.0, 0.0, 1.0], 9.0, 1), image("c", "1.1", "c")];
        assert_eq!(titles(localizer), ["b", "a", "c"]);
    }

    #[test]
    fn files_without_numbers_stand_by_their_names() {
        assert_eq!(
            titles(vec![image("im10", "1.1", "x"), image("im9", "1.1", "y"), image("IM1", "1.1", "z")]),
            ["IM1", "im9", "im10"]
        );
    }

    #[test]
    fn one_id_with_two_names_is_two_patients() {
        let named = |path, name: &str| {
            let mut one = image(path, "1.1", path);
            one.entry.meta.patient_id = "42".into();
            one.entry.meta.patient_name = name.into();
            one
        };
        let result = catalogue(vec![named("a", "Doe^Jane"), named("b", "DOE^JANE^^"), named("c", "Roe^Rita")], vec![]);
        assert_eq!(result.patients.len(), 2);
    }

    #[test]
    fn a_series_says_by_what_it_is_in_order() {
        let z = [0.0, 0.0, 1.0];
        let slice = |path, normal| placed(image(path, "1.1", path), 1.0, normal, 1);
        assert_eq!(orders(vec![slice("a", z), slice("b", z)]), [SeriesOrder::Position]);
        assert_eq!(orders(vec![slice("a", z), slice("b", [1.0, 0.0, 0.0])]), [SeriesOrder::InstanceNumber]);
        assert_eq!(orders(vec![image("a", "1.1", "a"), image("b", "1.1", "b")]), [SeriesOrder::Name]);
    }
}
