//! Sizes, greys, and who the patients are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::AuditedImage;

/// Metrics over all readable images.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// `WIDTHxHEIGHT` with the number of images, the most frequent first.
    pub sizes: Vec<(String, usize)>,
    /// Lowest, median and highest width divided by height.
    pub aspect: [f32; 3],
    /// Mean grey of an image (0 black, 1 white): 5th percentile, median and 95th.
    pub mean: [f32; 3],
    /// Standard deviation of the greys of an image, likewise.
    pub sd: [f32; 3],
    /// Images of one even grey.
    pub blank: Vec<String>,
    /// Images of each sex and of each view, where they are stated.
    pub sexes: BTreeMap<String, usize>,
    pub views: BTreeMap<String, usize>,
}

impl Statistics {
    /// Of some images.
    pub fn of(images: &[AuditedImage]) -> Self {
        let mut sizes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut said = [BTreeMap::new(), BTreeMap::new()];
        for image in images {
            *sizes.entry((image.fingerprint.width, image.fingerprint.height)).or_default() += 1;
            let facts = [&image.listed.facts.sex, &image.listed.facts.view];
            for (counts, fact) in said.iter_mut().zip(facts) {
                if !fact.is_empty() {
                    *counts.entry(fact.clone()).or_default() += 1;
                }
            }
        }
        let mut sizes: Vec<(String, usize)> = sizes.into_iter().map(|((w, h), n)| (format!("{w}x{h}"), n)).collect();
        sizes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let quantiles = |value: &dyn Fn(&AuditedImage) -> f32, at: [f64; 3]| {
            let mut values: Vec<f32> = images.iter().map(value).collect();
            values.sort_by(f32::total_cmp);
            let last = values.len().saturating_sub(1) as f64;
            at.map(|q| values.get((q * last).round() as usize).copied().unwrap_or(0.0))
        };
        let [sexes, views] = said;
        Self {
            sizes,
            aspect: quantiles(&|i| i.fingerprint.width as f32 / i.fingerprint.height as f32, [0.0, 0.5, 1.0]),
            mean: quantiles(&|i| i.fingerprint.mean, [0.05, 0.5, 0.95]),
            sd: quantiles(&|i| i.fingerprint.sd, [0.05, 0.5, 0.95]),
            blank: images.iter().filter(|i| i.fingerprint.sd < 0.004).map(|i| i.listed.key.clone()).collect(),
            sexes,
            views,
        }
    }
}
