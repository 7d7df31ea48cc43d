//! Sheets of an audit: images of every class, and the pairs that were found.

use rayon::prelude::*;

use super::fingerprint::THUMBNAIL;
use super::pairs::Pair;
use super::{Audit, AuditedImage};
use crate::figures::contact_sheet::{ContactSheet, Tile};
use crate::imaging::Plane;
use crate::model::manifest::Normalization;
use crate::training::data::listed::ListedImage;
use crate::training::data::{decode, truth};

/// Images of each class on the contact sheet.
const EACH: usize = 10;
/// Pairs on the sheet of duplicates.
const PAIRS: usize = 24;

/// An even selection of each class, one row or more a class; images of no label come last.
pub fn contact(images: &[AuditedImage], labels: &[String]) -> ContactSheet {
    let mut tiles = Vec::new();
    for k in 0..=labels.len() {
        let first = |i: &AuditedImage| truth::present(&i.listed.truth).next().unwrap_or(labels.len());
        let members: Vec<&AuditedImage> = images.iter().filter(|i| first(i) == k).collect();
        let count = members.len().min(EACH);
        let chosen: Vec<&AuditedImage> = (0..count).map(|i| members[i * members.len() / count]).collect();
        let name = labels.get(k).map_or("no label", String::as_str);
        let row: Vec<Tile> = chosen
            .par_iter()
            .map(|image| {
                let part = image.part.map(|p| format!("{}, ", p.name())).unwrap_or_default();
                let file = image.listed.key.rsplit('/').next().unwrap_or_default();
                Tile { image: picture(image).into(), caption: format!("{name}: {part}{file}"), fault: false }
            })
            .collect();
        if !row.is_empty() {
            let short = row.len();
            tiles.extend(row);
            tiles.extend((short..EACH).map(|_| Tile {
                image: Plane::filled(1, 1, 1.0).into(),
                caption: String::new(),
                fault: false,
            }));
        }
    }
    ContactSheet { title: format!("{} images", images.len()), columns: EACH, side: 128, tiles }
}

/// The worst pairs side by side; `None` when there are none.
pub fn duplicates(audit: &Audit, images: &[AuditedImage]) -> Option<ContactSheet> {
    let worst = |list: &[Pair]| list.iter().take(PAIRS / 2).cloned().collect::<Vec<_>>();
    let mut pairs = worst(&audit.exact);
    pairs.extend(audit.near.iter().take(PAIRS - pairs.len()).cloned());
    if pairs.is_empty() {
        return None;
    }
    let tile = |pair: &Pair, side: usize| {
        let image = &images[pair.images[side]];
        let words = if side == 0 {
            let what = if pair.correlation == 1.0 { "same".to_owned() } else { format!("{:.3}", pair.correlation) };
            let leak = if pair.leak { ", leak" } else { "" };
            let conflict = if pair.conflict { ", labels differ" } else { "" };
            format!("{what}{leak}{conflict}: {}", image.listed.key)
        } else {
            image.listed.key.clone()
        };
        Tile { image: picture(image).into(), caption: words, fault: pair.leak || pair.conflict }
    };
    let tiles = pairs.par_iter().flat_map_iter(|p| [tile(p, 0), tile(p, 1)]).collect();
    Some(ContactSheet {
        title: "Pairs that are the same or nearly so, worst first".into(),
        columns: 6,
        side: 192,
        tiles,
    })
}

/// The image itself, read again; its thumbnail where that fails or it lies in an archive.
fn picture(image: &AuditedImage) -> Plane {
    let mut read = None;
    if matches!(image.listed.origin, crate::training::data::listed::Origin::File(_)) {
        let one: [ListedImage; 1] = [image.listed.clone()];
        read = decode::map(&one, Normalization::PerImage, 1, &|_| (), &|_, d| d.pixels.plane()).into_iter().next();
    }
    read.and_then(Result::ok).unwrap_or_else(|| {
        let values = image.fingerprint.thumbnail.iter().map(|&v| f32::from(v) / 255.0).collect();
        Plane { width: THUMBNAIL, height: THUMBNAIL, values }
    })
}
