//! How far maps may be from those of the packages, and the table of how far they are.

use std::collections::BTreeMap;

use crate::explain::Method;
use crate::explain::faithfulness::rank::spearman;
use crate::imaging::Plane;

use super::{apart, peak};

/// How far a map may be from the package's, as a part of its largest value.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    pub most: f32,
    /// Euclidean norm of the differences as a part of that of the map.
    pub norm: f32,
}

pub(super) const USUAL: Allowed = Allowed { most: 1e-4, norm: 1e-4 };

/// The worst of each method and network.
#[derive(Default)]
pub(super) struct Table {
    worst: BTreeMap<(String, &'static str), f32>,
    pub faults: Vec<String>,
}

impl Table {
    pub(super) fn check(&mut self, sound: bool, fault: impl FnOnce() -> String) {
        if !sound {
            self.faults.push(fault());
        }
    }

    /// Holds values against the package's; `row` is the method's.
    pub(super) fn hold(
        &mut self,
        network: &'static str,
        row: &str,
        what: &str,
        found: &[f32],
        expected: &[f32],
        allowed: Allowed,
    ) {
        let size = peak(expected);
        let off = apart(found, expected) / size.max(f32::MIN_POSITIVE);
        let known = self.worst.entry((row.into(), network)).or_default();
        *known = known.max(off);
        self.check(off <= allowed.most, || format!("{network} {what}: off by {off:.1e} of the maximum {size:.1e}"));
        let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
        let whole = norm(&mut expected.iter().copied());
        let part = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / whole.max(f32::MIN_POSITIVE);
        self.check(part <= allowed.norm, || format!("{network} {what}: off by {part:.1e} of the norm"));
        if expected.iter().any(|v| *v != expected[0]) {
            let rho = spearman(found, expected);
            self.check(rho >= 0.999, || format!("{network} {what}: ranks agree by {rho:.5}"));
        }
    }

    /// Holds the highest place of a whole map against `place`: within one pixel, or on a plateau
    /// with it.
    pub(super) fn hold_peak(&mut self, network: &str, what: &str, found: &Plane, place: usize, flatness: f32) {
        let top = (0..found.values.len()).fold(0, |top, i| if found.values[i] > found.values[top] { i } else { top });
        let at = |i: usize| (i % found.width, i / found.width);
        let (a, b) = (at(top), at(place));
        let near = a.0.abs_diff(b.0) <= 1 && a.1.abs_diff(b.1) <= 1;
        let level = found.values[top] - found.values[place] <= flatness * peak(&found.values);
        self.check(near || level, || format!("{network} {what}: the highest place is {a:?} instead of {b:?}"));
    }

    /// Methods down, networks along.
    pub(super) fn print(&self, networks: &[&'static str]) {
        println!("largest deviation as a part of the map's maximum\n");
        println!("| method | {} |", networks.join(" | "));
        println!("|---|{}", "---|".repeat(networks.len()));
        let rows = Method::ALL.iter().map(|m| m.key()).chain(["final maps"]);
        for row in rows {
            let cell = |network: &&'static str| match self.worst.get(&(row.to_owned(), *network)) {
                Some(worst) => format!("{worst:.0e}"),
                None => "–".into(),
            };
            println!("| {row} | {} |", networks.iter().map(cell).collect::<Vec<_>>().join(" | "));
        }
    }
}
