//! A table of every map of a set and where its evidence lies, for machines.

use super::TargetMap;
use super::summary::Figure;
use crate::evaluation::csv_table;
use crate::imaging::lung_fields::LungRegion;

/// A row for each map of a target in an image; `names` are those of the targets.
pub fn csv(maps: &[TargetMap], names: &[(String, bool)]) -> csv::Result<Vec<u8>> {
    let shares = ["inside", "right", "left"].map(str::to_owned).into_iter();
    let regions = || LungRegion::ALL.into_iter().map(|r| r.key().replace('-', "_"));
    let header = ["image", "patient", "target", "call", "probability", "evidence", "peak"].map(str::to_owned);
    let area = regions().map(|name| format!("area_{name}"));
    let header = header.into_iter().chain(shares).chain(regions()).chain(["area_inside".to_owned()]).chain(area);
    let cells = |map: &TargetMap| {
        let name = names.get(map.target).map_or("", |(name, _)| name.as_str());
        let mut row = vec![
            map.image.clone(),
            map.patient.clone(),
            name.to_owned(),
            map.call.key().to_owned(),
            map.probability.to_string(),
            u8::from(map.shares.is_some()).to_string(),
        ];
        let Some(shares) = &map.shares else {
            row.resize(7 + 3 + 2 * LungRegion::ALL.len() + 1, String::new());
            return row;
        };
        row.push(shares.peak.key().to_owned());
        row.extend([Figure::Inside, Figure::Right, Figure::Left].map(|f| f.of(shares).to_string()));
        row.extend(LungRegion::ALL.map(|r| shares.evidence.share(r).to_string()));
        row.push(shares.area.inside.to_string());
        row.extend(LungRegion::ALL.map(|r| shares.area.share(r).to_string()));
        row
    };
    csv_table::csv(header, maps.iter().map(cells))
}
