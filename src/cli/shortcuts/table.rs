//! What `shortcuts` found, as tables for people and for machines.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::cli::table::{Column, interval, row, width};
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::csv_table::csv;
use crate::evaluation::shortcuts::LEAST;
use crate::evaluation::shortcuts::associations::{Association, AssociationKind};
use crate::evaluation::shortcuts::markers::SMALLEST;
use crate::evaluation::shortcuts::regions::Region;
use crate::evaluation::shortcuts::removal::{LITTLE, Moved};
use crate::evaluation::shortcuts::run::{AGE_GROUP, Shortcuts};

/// Both tables, each with a sentence above it.
pub(super) fn text(found: &Shortcuts) -> String {
    let Shortcuts { images, patients, with_truth, with_lungs, .. } = found;
    let mut text = format!(
        "{images} images of {patients} patients; the truth is known of {with_truth}, where the lungs lie of {with_lungs}\n\n"
    );
    let _ = writeln!(text, "What predicts the score (not at all: an AUROC of 0.5, a rho of 0)");
    let associations = &found.associations.found;
    if associations.is_empty() {
        let _ = writeln!(text, "  no attribute is known of {LEAST} images in each of two groups");
    } else {
        let columns = [
            Column::Left(width(associations.iter().map(|a| a.target.as_str()), 6)),
            Column::Left(width(associations.iter().map(|a| a.attribute.as_str()), 9)),
            Column::Left(width(associations.iter().map(|a| a.group.as_str()), 5)),
            Column::Right(14),
            Column::Left(26),
            Column::Left(1),
        ];
        let header = ["target", "attribute", "group", "images", "AUROC or rho (95 %)", ""];
        let _ = writeln!(text, "{}", row(&columns, header).trim_end());
        for a in associations {
            let cells = [a.target.clone(), a.attribute.clone(), a.group.clone(), counts(a), measure(a), words(a)];
            let _ = writeln!(text, "{}", row(&columns, cells).trim_end());
        }
    }
    removal_text(&mut text, found);
    text.trim_end().to_owned()
}

/// Each region in two or three rows: without it, and without as much elsewhere.
fn removal_text(text: &mut String, found: &Shortcuts) {
    let _ = writeln!(
        text,
        "\nHow far the score moves without a region, and without as much of the inside and of the lungs"
    );
    if found.removals.is_empty() {
        let _ = writeln!(text, "  no region is there in {LEAST} images");
        return;
    }
    let columns = [
        Column::Left(width(found.removals.iter().map(|r| r.target.as_str()), 6)),
        Column::Left(8),
        Column::Left(20),
        Column::Right(6),
        Column::Right(6),
        Column::Right(19),
        Column::Right(19),
        Column::Right(21),
        Column::Right(24),
        Column::Left(1),
    ];
    let within = format!("moved ≤ {LITTLE} (95 %)");
    let header = [
        "target",
        "region",
        "without",
        "images",
        "area",
        "median (95 %)",
        "95th % (95 %)",
        &within,
        "region's mean less it",
        "",
    ];
    let _ = writeln!(text, "{}", row(&columns, header).trim_end());
    for r in &found.removals {
        let inside = ("as much inside", r.images, &r.without_inside, Some(r.difference), "");
        let lungs = r.lungs.as_ref();
        let lungs = lungs.map(|l| ("as much of the lungs", l.images, &l.without_lungs, Some(l.difference), ""));
        let rows = [("the region", r.images, &r.without_region, None, r.in_words()), inside].into_iter().chain(lungs);
        for (without, images, moved, difference, words) in rows {
            let cells = [
                r.target.clone(),
                r.region.name().to_owned(),
                without.to_owned(),
                images.to_string(),
                format!("{:.1} %", r.share * 100.0),
                interval(moved.median),
                interval(moved.p95),
                share(moved.within),
                difference.map(signed).unwrap_or_default(),
                words.to_owned(),
            ];
            let _ = writeln!(text, "{}", row(&columns, cells).trim_end());
        }
    }
}

/// A share of images in per cent.
fn share(Estimate(value, low, high): Estimate) -> String {
    let percent = |share: f64| (share * 100.0).round();
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{} % ({}–{} %)", percent(value), percent(low), percent(high))
        }
        (value, ..) => value.map_or_else(|| "–".into(), |value| format!("{} %", percent(value))),
    }
}

fn counts(a: &Association) -> String {
    match a.kind {
        AssociationKind::Auroc => format!("{} / {}", a.images, a.others),
        AssociationKind::Spearman => a.images.to_string(),
    }
}

fn measure(a: &Association) -> String {
    match a.kind {
        AssociationKind::Auroc => interval(a.estimate),
        AssociationKind::Spearman => format!("rho {}", signed(a.estimate)),
    }
}

/// An interval that may reach below 0 is written with a word and not by a dash.
fn signed(estimate: Estimate) -> String {
    match estimate {
        Estimate(Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3} to {high:.3})"),
        other => interval(other),
    }
}

fn words(a: &Association) -> String {
    let found = if a.is_found() { "predicts the score" } else { "" };
    match (found, a.given_truth) {
        (found, true) => found.to_owned(),
        ("", false) => "(whatever the truth)".to_owned(),
        (found, false) => format!("{found} (whatever the truth)"),
    }
}

/// What should be known of the tables, in sentences.
pub(super) fn remarks(found: &Shortcuts) -> Vec<String> {
    let mut remarks = Vec::new();
    let associations = &found.associations;
    let looked = associations.found.len();
    if looked > 1 {
        let by_chance = looked as f64 / 20.0;
        remarks.push(format!(
            "{looked} associations were looked at; about {by_chance:.1} of their intervals exclude none by chance alone."
        ));
    }
    if associations.found.iter().any(|a| !a.given_truth) {
        remarks.push(
            "Where the truth is not known, a score may differ between groups because the finding does; labels by folders or --labels tell it."
                .into(),
        );
    }
    if associations.found.iter().any(|a| a.attribute == AGE_GROUP) {
        remarks.push(format!("Age groups are those that have {LEAST} images of: {}.", found.age_groups.join(", ")));
    }
    let lungs = found.removals.iter().filter(|r| r.lungs.is_none()).map(|r| r.region.name());
    let lungs: BTreeSet<&str> = lungs.collect();
    if !lungs.is_empty() {
        remarks.push(format!(
            "As much of the lungs could be taken out of fewer than {LEAST} images for: {}; --masks tells where they lie.",
            lungs.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    remarks.extend(associations.untold.iter().map(|u| format!("{}: {}.", u.attribute, u.reason)));
    for (region, images) in &found.too_few {
        if *region == Region::Markers && found.too_coarse {
            remarks.push(format!(
                "markers: the network is given fewer than {SMALLEST} pixels a side, too coarse to tell a marker by."
            ));
            continue;
        }
        remarks.push(format!(
            "{}: {images} images have it, and {LEAST} are needed to say how far the score moves without it.",
            region.name()
        ));
    }
    remarks
}

const ESTIMATE: [&str; 3] = ["", " low", " high"];

/// The names of the columns of an estimate.
fn estimate_columns(name: &str) -> Vec<String> {
    ESTIMATE.iter().map(|end| format!("{name}{end}")).collect()
}

fn estimate_cells(Estimate(value, low, high): Estimate) -> Vec<String> {
    [value, low, high].into_iter().map(|v| v.map_or_else(String::new, |v| v.to_string())).collect()
}

/// `associations.csv`
pub(super) fn associations(found: &Shortcuts) -> ::csv::Result<Vec<u8>> {
    let plain = ["target", "attribute", "group", "measure", "images", "others", "patients", "given_truth"];
    let header: Vec<String> = plain.iter().map(|name| (*name).to_owned()).chain(estimate_columns("estimate")).collect();
    let rows = found.associations.found.iter().map(|a| {
        let kind = match a.kind {
            AssociationKind::Auroc => "auroc",
            AssociationKind::Spearman => "spearman",
        };
        let counts = [a.images, a.others, a.patients].map(|n| n.to_string());
        let mut cells = vec![a.target.clone(), a.attribute.clone(), a.group.clone(), kind.to_owned()];
        cells.extend(counts);
        cells.push(u8::from(a.given_truth).to_string());
        cells.extend(estimate_cells(a.estimate));
        cells
    });
    csv(header, rows)
}

/// `removal.csv`
pub(super) fn removals(found: &Shortcuts) -> ::csv::Result<Vec<u8>> {
    let mut header: Vec<String> = ["target", "region", "images", "patients", "area"].map(str::to_owned).to_vec();
    for of in ["region", "inside"] {
        for what in ["median", "p95", "mean"] {
            header.extend(estimate_columns(&format!("{of} {what}")));
        }
    }
    header.extend(estimate_columns("mean difference"));
    header.extend(["region", "inside"].iter().flat_map(|of| estimate_columns(&format!("{of} within"))));
    header.extend(["lungs images", "lungs patients"].map(str::to_owned));
    for what in ["lungs median", "lungs p95", "lungs mean", "lungs within", "lungs mean difference"] {
        header.extend(estimate_columns(what));
    }
    let rows = found.removals.iter().map(|r| {
        let mut cells = vec![
            r.target.clone(),
            r.region.name().to_owned(),
            r.images.to_string(),
            r.patients.to_string(),
            r.share.to_string(),
        ];
        for moved in [r.without_region, r.without_inside] {
            for estimate in [moved.median, moved.p95, moved.mean] {
                cells.extend(estimate_cells(estimate));
            }
        }
        cells.extend(estimate_cells(r.difference));
        cells.extend([r.without_region, r.without_inside].iter().flat_map(|moved| estimate_cells(moved.within)));
        let lungs = r.lungs.as_ref();
        cells.extend([lungs.map(|l| l.images), lungs.map(|l| l.patients)].map(|n| n.unwrap_or_default().to_string()));
        let Moved { median, p95, mean, within } = lungs.map(|l| l.without_lungs).unwrap_or_default();
        let difference = lungs.map(|l| l.difference).unwrap_or_default();
        cells.extend([median, p95, mean, within, difference].into_iter().flat_map(estimate_cells));
        cells
    });
    csv(header, rows)
}
