//! Where the evidence lies over a folder: the table and the histograms of an evaluation report.

use super::Table;
use crate::evaluation::anatomy::Call;
use crate::evaluation::anatomy::summary::{AnatomySummary, CallSummary, Figure, TargetSummary};
use crate::figures::charts::input::{MetricValue, Scores};

/// The figures of every kind of call of every target.
#[must_use]
pub fn table(summary: &AnatomySummary) -> Table {
    let columns = ["Target, calls", "Maps"].map(str::to_owned).into_iter();
    let columns = columns.chain(Figure::ALL.map(|f| titled(f.name()))).chain(["In the lungs, even map".to_owned()]);
    let row = |target: &TargetSummary, call: &CallSummary| {
        let value = |f: &Figure| {
            let Some(found) = call.figure(*f) else { return "–".to_owned() };
            MetricValue { value: Some(found.mean.mean), low: found.mean.low, high: found.mean.high }.text()
        };
        let even = call.figure(Figure::Inside).and_then(|f| f.even);
        [format!("{}, {}", target.name, call.call.name()), call.maps.to_string()]
            .into_iter()
            .chain(Figure::ALL.iter().map(value))
            .chain([MetricValue::alone(even).text()])
            .collect()
    };
    Table {
        title: "Where the evidence lies".into(),
        note: "Mean shares of the positive evidence of Grad-CAM maps, 95 % intervals by drawing patients again; maps without evidence take \
               no part. An even map knows nothing and has the share of the area. Outside the lungs there may be good reasons, too."
            .into(),
        columns: columns.collect(),
        rows: summary.targets.iter().flat_map(|t| t.calls.iter().map(move |call| row(t, call))).collect(),
    }
}

/// Shares in the lungs of right calls (bars) and false positives (outline), one panel a target that
/// has either.
#[must_use]
pub fn histograms(summary: &AnatomySummary) -> Vec<Scores> {
    let panel = |target: &TargetSummary| {
        let of = |call: Call| target.calls.iter().find(|c| c.call == call);
        let shares = |call: Call| of(call).map_or_else(Vec::new, |c| c.inside.clone());
        let mut told = [Call::Right, Call::FalsePositive].into_iter().filter_map(of);
        let even = told.find_map(|call| call.figure(Figure::Inside)?.even);
        let (negative, positive) = (shares(Call::Right), shares(Call::FalsePositive));
        let any = !(negative.is_empty() && positive.is_empty());
        any.then(|| Scores { name: target.name.clone(), positive, negative, threshold: even })
    };
    summary.targets.iter().filter_map(panel).collect()
}

fn titled(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::anatomy::TargetMap;
    use crate::explain::evidence_shares::{EvidenceShares, RegionShares};
    use crate::imaging::lung_fields::LungRegion;

    #[test]
    fn right_calls_and_false_positives_have_rows_and_one_panel() {
        let map = |i: usize, call: Call, inside: f64| TargetMap {
            image: format!("{i}.png"),
            patient: String::new(),
            target: 0,
            call,
            probability: 0.9,
            shares: Some(EvidenceShares {
                evidence: RegionShares::of_regions([inside, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 - inside, 0.0, 0.0]),
                area: RegionShares::of_regions([0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7, 0.0, 0.0]),
                peak: LungRegion::Between,
                peak_inside: false,
            }),
        };
        let maps = [map(0, Call::Right, 0.75), map(1, Call::Right, 0.75), map(2, Call::FalsePositive, 0.125)];
        let summary = AnatomySummary::of(&maps, &[("Pneumonia".into(), false)]);
        let table = table(&summary);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[0][..2], ["Pneumonia, right calls", "2"]);
        assert!(table.rows[0][2].starts_with("0.750 ("), "{:?}", table.rows[0]);
        assert_eq!(table.rows[0].len(), table.columns.len());
        assert_eq!(table.rows[1][2], "0.125", "one patient has no interval");
        assert_eq!(table.rows[1].last().unwrap(), "0.300");
        let panels = histograms(&summary);
        assert_eq!((panels[0].negative.len(), panels[0].positive.clone()), (2, vec![0.125]));
        assert!((panels[0].threshold.unwrap() - 0.3).abs() < 1e-12);
    }
}
