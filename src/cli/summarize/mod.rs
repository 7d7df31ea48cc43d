//! `pellucid summarize`: what a model goes by over a folder of chest radiographs.
//!
//! Everything is computed by [`crate::evaluation::summarize`]; here are the arguments, what is
//! remarked on, and what is written.

mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::{Map, Value, json};

use super::evaluate::listing::{self, LabelSource};
use super::session::ModelArgs;
use super::{Outcome, Usage, evaluate, explain, output};
use crate::cancel::CancelToken;
use crate::evaluation::anatomy::Call;
use crate::evaluation::anatomy::run::{AnatomyNotes, AnatomyProgress, AnatomyRun, MappedImage};
use crate::evaluation::csv_table;
use crate::evaluation::sample::evenly;
use crate::evaluation::scoring;
use crate::evaluation::summarize::confidence::{Focus, focus};
use crate::evaluation::summarize::lung_frame::FrameMean;
use crate::evaluation::summarize::regions::{CallRegions, TargetRegions, summed};
use crate::evaluation::summarize::together::{self, LabelFacts, LabelPair, overlap, pairs, together};
use crate::evaluation::summarize::{ExplainedTarget, Valuation, explained};
use crate::explain::evidence_shares::grid;
use crate::explain::scale::{area, evidence};
use crate::explain::{Method, MethodSettings};
use crate::figures::charts::strips::{Strip, Strips};
use crate::figures::charts::{Chart, PRINT_SCALE, strips};
use crate::imaging::lung_fields::LungRegion;
use crate::imaging::stats::percentiles;
use crate::imaging::{Plane, resize};
use crate::limits;
use crate::model::Model;
use crate::report::evaluation::average_maps::{self, AverageMap};
use crate::study::lung_masks::LungMasks;
use crate::training::config::Ambiguous;

/// Maps whose evidence is summed up.
const EVIDENCE: Method = Method::GradCam;

/// Sum up what a model goes by on labelled chest radiographs: what each region of the chest is worth,
/// where the evidence lies, which labels are mixed up
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with one folder for each class or group, named like it or one of its aliases; with
    /// --table the folder of the images
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere)
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// How regions are valued: kernel-shap (the regions are its players) or occlusion
    #[arg(long, default_value = "kernel-shap", value_parser = explain::method)]
    method: Method,
    /// Runs of the network for each image by kernel-shap; 510 and more are exact
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(18..=limits::EVALUATIONS as i64))]
    evaluations: u32,
    /// Seed of the coalitions that are drawn
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Labels by a part of the file name, before folder names: TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "RULE", conflicts_with = "table")]
    labels: Option<String>,
    /// Labels by a table: NIH's "Image Index, Finding Labels, …", or one column a label with 1, 0
    /// or nothing
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Pattern whose first group in a file name is the patient [default: table, DICOM header, or
    /// file names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Take an even selection of about this many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Folder for summary.json, regions.csv, the summary plot (PNG, SVG) and the mean maps
    /// (average.png)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if !matches!(args.method, Method::KernelShap | Method::Occlusion) {
        return Err(Usage("regions are valued by kernel-shap or occlusion".into()).into());
    }
    let patients = evaluate::patients(args.patients.as_ref())?;
    let model = args.model.load()?;
    let masks = args.masks.as_deref().map(LungMasks::below).transpose()?;
    let source = LabelSource {
        labels: args.labels.as_deref(),
        table: args.table.as_deref(),
        facts: None,
        ambiguous: Ambiguous::default(),
    };
    let files = evenly(listing::list(&args.dir, &model.manifest, &source)?, args.limit);
    let settings =
        MethodSettings { seed: args.seed, evaluations: Some(args.evaluations as usize), ..MethodSettings::default() };
    let mut gathered = Gathered::new(&model, Valuation { method: args.method, settings });
    let run = AnatomyRun { model: &model, patients: &patients, masks: masks.as_ref(), method: EVIDENCE, layer: None };
    let bar = output::progress(files.len(), "Summing up");
    let cancel = CancelToken::default();
    let notes =
        run.run(&files, &cancel, &mut |image| gathered.take(image, &cancel), &mut |progress| match progress {
            AnatomyProgress::Done => bar.inc(1),
            AnatomyProgress::Failed(f) => {
                bar.suspend(|| output::remark(format!("error: {} was left out: {}.", f.path.display(), f.reason)));
            }
        })?;
    bar.finish_and_clear();
    if gathered.targets.is_empty() {
        bail!("it is not known of any image where its lungs lie; name a folder of masks with --masks");
    }
    let failed = notes.failures.len();
    let found = Found::of(gathered, notes);
    if let Some(out) = &args.out {
        found.keep(out)?;
        output::remark(format!("Figures, summary plot and mean maps lie in {}", out.display()));
    }
    if args.json {
        output::json(&found.to_json())?;
    } else {
        output::line(text::text(&found))?;
    }
    found.remarks().iter().for_each(output::remark);
    Ok(Outcome::of(failed, files.len()))
}

/// What is kept of the images on the way.
struct Gathered<'a> {
    model: &'a Model,
    valuation: Valuation,
    names: Vec<(String, bool)>,
    targets: Vec<ExplainedTarget>,
    labels: Vec<LabelFacts>,
    image: FrameMean,
    maps: BTreeMap<(usize, Call), FrameMean>,
}

impl<'a> Gathered<'a> {
    fn new(model: &'a Model, valuation: Valuation) -> Self {
        let names = scoring::targets(&model.manifest).0.into_iter().map(|t| (t.name, t.group)).collect();
        let (targets, labels, image, maps) = (Vec::new(), Vec::new(), FrameMean::default(), BTreeMap::new());
        Self { model, valuation, names, targets, labels, image, maps }
    }

    /// Takes in an image.
    fn take(&mut self, image: &mut MappedImage<'_>, cancel: &CancelToken) -> Result<(), crate::engine::EngineError> {
        let found = explained(self.model, image, &self.valuation, cancel)?;
        let bounds = image.lungs.fields.bounds();
        let (width, height) = grid(&image.lungs.fields);
        self.image.add(&shown(&image.frame.model_plane(), width, height), bounds);
        let plane = &image.frame.pixels.plane;
        let seen = area(&self.model.manifest.input, plane.width, plane.height);
        for target in found.iter().filter(|t| Call::TOLD.contains(&t.map.call) && t.map.shares.is_some()) {
            if let Some(map) = image.map(self.model, target.map.target) {
                let mean = self.maps.entry((target.map.target, target.map.call)).or_default();
                mean.add(&evidence(map, seen, width, height), bounds);
            }
        }
        let labels = self.model.manifest.labels.len();
        let map = |label: usize| image.map(self.model, label);
        self.labels.push(LabelFacts {
            owner: found.first().map_or_else(|| image.file.image.clone(), |t| t.map.owner().to_owned()),
            truth: image.file.truth.iter().take(labels).copied().collect(),
            probability: image.analysis.labels.iter().map(|s| f64::from(s.probability)).collect(),
            overlap: pairs(labels).into_iter().map(|(a, b)| overlap(&map(a)?.raw, &map(b)?.raw)).collect(),
        });
        self.targets.extend(found);
        Ok(())
    }
}

/// Grey values on a grid, from 0 to 1.
fn shown(plane: &Plane, width: usize, height: usize) -> Plane {
    let mut plane = resize(plane, width, height);
    let range = percentiles(&plane, None, &[0.01, 0.99]).unwrap_or_default();
    if let [low, high] = range[..]
        && high > low
    {
        plane.values.iter_mut().for_each(|v| *v = ((*v - low) / (high - low)).clamp(0.0, 1.0));
    }
    plane
}

/// All that came of it.
struct Found {
    model: String,
    valuation: Valuation,
    notes: AnatomyNotes,
    regions: Vec<TargetRegions>,
    focus: Vec<Focus>,
    pairs: Vec<LabelPair>,
    /// Labels were too many for their pairs.
    unpaired: bool,
    image: FrameMean,
    maps: Vec<AverageMap>,
}

impl Found {
    fn of(gathered: Gathered<'_>, notes: AnatomyNotes) -> Self {
        let Gathered { model, valuation, names, targets, labels, image, maps } = gathered;
        let label_names: Vec<String> = model.manifest.labels.iter().map(|l| l.name.clone()).collect();
        let map = |((target, call), mean): ((usize, Call), FrameMean)| AverageMap {
            target: names.get(target).map_or_else(String::new, |(name, _)| name.clone()),
            call,
            mean,
        };
        Self {
            model: model.manifest.name.clone(),
            valuation,
            notes,
            regions: summed(&targets, &names),
            focus: focus(&targets, &names),
            pairs: together(&labels, &label_names),
            unpaired: label_names.len() > together::MOST,
            image,
            maps: maps.into_iter().map(map).collect(),
        }
    }

    fn to_json(&self) -> Value {
        let calls = |t: &TargetRegions| -> Map<String, Value> {
            t.calls.iter().map(|call| (call.call.key().to_owned(), call.to_json())).collect()
        };
        let targets: Map<String, Value> =
            self.regions.iter().map(|t| (t.name.clone(), Value::Object(calls(t)))).collect();
        json!({
            "model": self.model,
            "method": self.valuation.method.key(),
            "value": self.valuation.in_words(),
            "evaluations": self.valuation.settings.evaluations,
            "seed": self.valuation.settings.seed,
            "evidence": EVIDENCE.key(),
            "images": self.notes.images,
            "with_mask": self.notes.with_mask,
            "without_lungs": self.notes.without_lungs.len(),
            "refused_by_the_gate": self.notes.refused.len(),
            "failed": self.notes.failures.len(),
            "targets": targets,
            "focus_and_confidence": self.focus,
            "labels_together": self.pairs,
        })
    }

    /// Writes everything into a folder.
    fn keep(&self, out: &Path) -> anyhow::Result<()> {
        output::make_folder(out)?;
        output::write_file(&out.join("summary.json"), &serde_json::to_vec_pretty(&self.to_json())?)?;
        output::write_file(&out.join("regions.csv"), &self.csv()?)?;
        let chart = self.chart();
        output::write_file(&out.join("summary.svg"), chart.svg().as_bytes())?;
        output::write_file(&out.join("summary.png"), &chart.png(PRINT_SCALE)?)?;
        let sheet = average_maps::sheet(&self.model, &self.image, &self.maps);
        output::write_file(&out.join("average.png"), &sheet.png()?)?;
        Ok(())
    }

    /// The summary plot.
    fn chart(&self) -> Chart {
        let panel = |target: &TargetRegions| {
            let of = |call: Call| target.calls.iter().find(|c| c.call == call);
            let values = |call: Call, i: usize| of(call).map_or_else(Vec::new, |c| c.regions[i].values.clone());
            let row = |(i, region): (usize, LungRegion)| Strip {
                name: region.name().to_owned(),
                first: values(Call::Right, i),
                second: values(Call::FalsePositive, i),
            };
            let n = |call: Call| of(call).map_or(0, |c| c.images);
            Strips {
                name: target.name.clone(),
                words: format!("{} right calls, {} false positives.", n(Call::Right), n(Call::FalsePositive)),
                rows: LungRegion::ALL.into_iter().enumerate().map(row).collect(),
            }
        };
        let reading = format!(
            "A point an image: {}. Filled: right calls. Hollow: false positives. Right of the line what speaks for the target.",
            self.valuation.in_words()
        );
        strips("What each region is worth", &reading, &self.regions.iter().map(panel).collect::<Vec<_>>())
    }

    /// A row for each target, kind of call and region.
    fn csv(&self) -> csv::Result<Vec<u8>> {
        let mut header: Vec<String> = ["target", "call", "region", "images", "patients"].map(str::to_owned).to_vec();
        for figure in ["mean_size", "mean_value", "mean_evidence"] {
            header.extend(["", "_low", "_high"].map(|end| format!("{figure}{end}")));
        }
        let mut rows = Vec::new();
        for (target, call) in self.regions.iter().flat_map(|t| t.calls.iter().map(move |call| (t, call))) {
            let CallRegions { call: kind, patients, regions, .. } = call;
            for r in regions {
                let mut row = vec![target.name.clone(), kind.key().to_owned(), r.region.key().to_owned()];
                row.extend([r.images.to_string(), patients.to_string()]);
                for mean in [r.size, r.value, r.evidence] {
                    let edge = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
                    row.extend([mean.mean.to_string(), edge(mean.low), edge(mean.high)]);
                }
                rows.push(row);
            }
        }
        csv_table::csv(header, rows)
    }

    /// What should be known of it.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (list, what) in [
            (&self.notes.without_lungs, "it is not known where the lungs lie of"),
            (&self.notes.refused, "images that the input gate refuses took part all the same:"),
        ] {
            if !list.is_empty() {
                remarks.push(format!("note: {what} {}.", output::some(list)));
            }
        }
        if self.unpaired {
            remarks.push(format!("note: which labels occur together is told of up to {} labels.", together::MOST));
        }
        remarks
    }
}
