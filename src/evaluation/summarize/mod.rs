//! Global explanations: what a model goes by over a folder of chest radiographs.
//!
//! A single map explains a single call. Here the values of the anatomical regions, which are the
//! same in every image, are summed up ([`regions`]), with what goes beside them: maps in a common
//! frame ([`lung_frame`]), labels that occur together ([`together`]), and whether the surer calls
//! are the more focused ones ([`confidence`]).
//!
//! Only images whose lungs are known take part. Mean values describe the model on these images;
//! they are no causes and no proof of what it would do on others.

pub mod confidence;
pub mod lung_frame;
pub mod regions;
pub mod together;

use std::sync::Arc;

use crate::cancel::CancelToken;
use crate::engine::EngineError;
use crate::engine::explanation::explain_with;
use crate::engine::map_request::MapRequest;
use crate::engine::progress::Progress;
use crate::evaluation::anatomy::TargetMap;
use crate::evaluation::anatomy::run::{MappedImage, targets};
use crate::explain::anatomical_regions::AnatomicalRegions;
use crate::explain::focus::entropy;
use crate::explain::{Attribution, Method, MethodSettings};
use crate::imaging::lung_fields::LungRegion;
use crate::model::Model;

/// Seed of the intervals.
const SEED: u64 = 7;
/// Patients below whose number nothing is concluded.
pub const FEW: usize = 5;

/// A value for each of [`LungRegion::ALL`]; `None` where the network does not see the region.
pub type RegionValues = [Option<f64>; LungRegion::ALL.len()];

/// One target of one image: where its evidence lies, what each region is worth, how focused it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedTarget {
    pub map: TargetMap,
    /// In units of the score; see [`values`].
    pub values: RegionValues,
    /// Of the evidence map, see [`entropy`].
    pub entropy: Option<f64>,
}

/// How regions are valued.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Valuation {
    /// Kernel SHAP, whose players are the regions, or occlusion.
    pub method: Method,
    pub settings: MethodSettings,
}

impl Valuation {
    /// What a value says, in a few words.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match self.method {
            Method::KernelShap => "Shapley value of the region, in units of the score",
            _ => "what the score loses as a patch there is blacked out, in units of the score",
        }
    }
}

/// Every target of an image, valued.
///
/// # Errors
/// A sentence on why there is no map; [`EngineError::Cancelled`] when somebody asked to stop.
pub fn explained(
    model: &Model,
    image: &mut MappedImage<'_>,
    valuation: &Valuation,
    cancel: &CancelToken,
) -> Result<Vec<ExplainedTarget>, EngineError> {
    let regions = AnatomicalRegions::of(&image.lungs.fields, &model.manifest.input);
    let players = (valuation.method == Method::KernelShap).then(|| regions.players.clone());
    image.known.use_regions(players);
    let subjects = targets(model);
    let request = MapRequest {
        methods: vec![valuation.method],
        subjects: subjects.clone(),
        settings: valuation.settings,
        ..MapRequest::default()
    };
    let mut found: Vec<Arc<Attribution>> = Vec::new();
    let mut emit = |progress| {
        if let Progress::Maps(maps) = progress {
            found.extend(maps);
        }
    };
    explain_with(model, image.frame, image.known, &request, cancel, &mut emit)?;
    let valued = |map: TargetMap| {
        let subject = subjects.get(map.target)?;
        let values = found.iter().find(|m| m.subject == *subject).map(|m| values(&regions, m))?;
        let entropy = image.map(model, map.target).and_then(|m| entropy(&m.raw));
        Some(ExplainedTarget { map, values, entropy })
    };
    Ok(image.target_maps(model).into_iter().filter_map(valued).collect())
}

/// The value of each region: of Kernel SHAP its Shapley value, of other maps the mean over its
/// pixels.
#[must_use]
pub fn values(regions: &AnatomicalRegions, map: &Attribution) -> RegionValues {
    match map.method {
        Method::KernelShap => regions.values(map),
        _ => regions.means(map),
    }
}
