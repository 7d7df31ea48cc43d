//! `pellucid collect`: the shards of a batch become one table, and what is missing is said.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::table::{Column, row, width};
use super::{Outcome, output};
use crate::batch::collect::{ClassSummary, Summary, collect, folders};

/// Join the shards of a batch into one table, name what is missing or at odds, and sum up
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of results: the --out of `pellucid batch`
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// The table: Parquet, CSV or SQLite, by the ending of the name
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the paths of listed files without a result there; `pellucid batch` takes the list
    #[arg(long, value_name = "FILE.txt")]
    gaps: Option<PathBuf>,
    /// The summary as one JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let summary = collect(&folders(&args.folders)?, args.out.as_deref(), args.gaps.as_deref())?;
    let faults = summary.faults();
    if args.json {
        output::json(&summary)?;
    } else {
        output::line(to_text(&summary).trim_end())?;
    }
    for fault in &faults {
        output::remark(format!("error: {fault}."));
    }
    for file in [&args.out, &args.gaps].into_iter().flatten() {
        output::remark(format!("{} was written", file.display()));
    }
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
}

fn to_text(summary: &Summary) -> String {
    let counts: Vec<String> = summary.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let counted = |n: u64, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let shards = counted(summary.shards as u64, "shard", "shards");
    let copies = counted(summary.copies, "copy", "copies");
    let shared = counted(summary.shared_uids, "shared UID", "shared UIDs");
    let mut text = format!("{shards}; files: {}; {copies}, {shared}\n", counts.join(", "));
    for judge in &summary.judges {
        let _ = writeln!(text, "By {judge}");
    }
    let wide = width(summary.classes.iter().map(|class| class.class.as_str()), 5);
    let mut columns = vec![Column::Left(wide), Column::Right(8), Column::Right(6)];
    columns.extend([Column::Right(7); 10]);
    let bins = (0..10).map(|bin| format!("{:.1}–", f64::from(bin) / 10.0));
    let head = ["class", "images", "mean"].map(str::to_owned).into_iter().chain(bins);
    if !summary.classes.is_empty() {
        let _ = writeln!(text, "{}", row(&columns, head).trim_end());
    }
    for ClassSummary { class, images, mean, histogram, .. } in &summary.classes {
        let bins = histogram.iter().map(ToString::to_string);
        let cells = [class.clone(), images.to_string(), format!("{mean:.3}")].into_iter().chain(bins);
        let _ = writeln!(text, "{}", row(&columns, cells).trim_end());
    }
    for ClassSummary { class, states, .. } in summary.classes.iter().filter(|class| !class.states.is_empty()) {
        let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let _ = writeln!(text, "{class:wide$}  {}", states.join(", "));
    }
    text
}
