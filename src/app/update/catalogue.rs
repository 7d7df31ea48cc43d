//! The catalogue of the viewer grows: one opening after the other.

use crate::study::{Catalogue, Patient, in_order};

/// Adds what was opened now to what was open before; what is open already was left out when it was
/// listed.
pub(super) fn merge(into: &mut Catalogue, found: Catalogue) {
    into.warnings.extend(found.warnings);
    for patient in found.patients {
        let same = |p: &Patient| p.id == patient.id && p.name == patient.name;
        let Some(known) = into.patients.iter_mut().find(|p| same(p)) else {
            into.patients.push(patient);
            continue;
        };
        for study in patient.studies {
            let Some(known) = known.studies.iter_mut().find(|s| s.uid == study.uid) else {
                known.studies.push(study);
                continue;
            };
            for series in study.series {
                let Some(known) = known.series.iter_mut().find(|s| s.uid == series.uid) else {
                    known.series.push(series);
                    continue;
                };
                for image in series.images {
                    if known.images.iter().all(|i| i.key() != image.key()) {
                        known.images.push(image);
                    }
                }
                known.order = in_order(&mut known.images);
            }
        }
    }
}
