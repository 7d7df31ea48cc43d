//! Does a model take a shortcut? Two questions about a folder of images, each with its interval.
//!
//! 1. **Does something beside the finding predict the score?** ([`associations`]) How well the
//!    score tells the groups of an attribute apart (view, sex, source, a side marker, a border
//!    strip), or rises with it (age), among images of the same truth.
//! 2. **Does the score move when it is taken away?** ([`removal`]) Border, corners and side markers
//!    are filled in by what surrounds them ([`regions`], [`markers`]), and beside it the same area
//!    at random places inside the image and inside the lungs.
//!
//! Neither alone proves a shortcut. Attributes go together with severity, age and much else, so
//! that a score may differ between groups for good reasons; and filling in an area leaves traces of
//! its own. What does show one is a score that moves more without a marker than without as much of
//! the patient (Zech et al., PLOS Medicine 15, 2018; `DeGrave` et al., Nature Machine Intelligence
//! 3, 2021).

pub mod associations;
mod control_areas;
mod given_truth;
pub mod markers;
pub mod regions;
pub mod removal;
pub mod run;

/// Fewest images of a group that is compared with others, and of a region that is removed.
pub const LEAST: usize = 20;
