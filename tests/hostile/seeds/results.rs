//! Results of other programs, as highdicom and pydicom wrote them (`tests/golden/results.py`,
//! `tests/golden/results_drawn.py`).

use super::Seed;
use crate::readers::Reader;

/// The slice that most of them are about.
pub(crate) const SLICE: &[u8] = include_bytes!("../../golden/results/ct2.dcm");

pub(crate) fn all() -> Vec<Seed> {
    let of = |name: &str, bytes: &[u8]| Seed::of(Reader::Results, name, bytes);
    vec![
        of("report", include_bytes!("../../golden/results/sr.dcm")),
        of("report that draws", include_bytes!("../../golden/results_drawn/sr.dcm")),
        of("binary segmentation", include_bytes!("../../golden/results/seg_ct.dcm")),
        of("fractional segmentation", include_bytes!("../../golden/results/seg_fractional.dcm")),
        of("parametric map", include_bytes!("../../golden/results/pm_ct.dcm")),
        of("document", include_bytes!("../../golden/results/pdf.dcm")),
    ]
}
