//! Results of other programs: the golden files of highdicom and pydicom, with the images that they
//! are of.

use super::Seed;
use crate::readers::Reader;

/// `tests/golden/results.py` wrote all of them.
const RESULTS: [(&str, &[u8]); 6] = [
    ("structured report", include_bytes!("../../golden/results/sr.dcm")),
    ("segmentation of a radiograph", include_bytes!("../../golden/results/seg_cr.dcm")),
    ("segmentation of slices", include_bytes!("../../golden/results/seg_ct.dcm")),
    ("fractional segmentation", include_bytes!("../../golden/results/seg_fractional.dcm")),
    ("parametric map", include_bytes!("../../golden/results/pm_ct.dcm")),
    ("document", include_bytes!("../../golden/results/pdf.dcm")),
];

pub(crate) const IMAGES: [(&str, &[u8]); 2] = [
    ("radiograph.dcm", include_bytes!("../../golden/results/cr.dcm")),
    ("slice.dcm", include_bytes!("../../golden/results/ct2.dcm")),
];

pub(crate) fn all() -> Vec<Seed> {
    RESULTS.map(|(name, bytes)| Seed::of(Reader::Result, format!("DICOM, {name}"), bytes)).to_vec()
}
