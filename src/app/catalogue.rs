//! The catalogue as the viewer uses it: one after the other, and growing.

use std::sync::Arc;

use crate::study::{Catalogue, ImageEntry};

/// Every image, in the order of the list.
pub fn images(catalogue: &Catalogue) -> impl Iterator<Item = &Arc<ImageEntry>> {
    catalogue.patients.iter().flat_map(|p| &p.studies).flat_map(|s| &s.series).flat_map(|s| &s.images)
}

/// Adds what was opened now to what was open before; what is open already was left out when it was listed.
pub fn merge(into: &mut Catalogue, found: Catalogue) {
    into.warnings.extend(found.warnings);
    for patient in found.patients {
        let same = |p: &crate::study::Patient| p.id == patient.id && p.name == patient.name;
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
            }
        }
    }
}
