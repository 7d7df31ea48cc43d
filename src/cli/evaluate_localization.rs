//! `pellucid evaluate DIR --localization PATH`: whether the heat maps lie on what was marked.
//!
//! The map of the marked finding, a class or a group, is laid on the image, as the viewer does it,
//! and measured by [`crate::evaluation::localization`] beside two blobs of its size, one in the centre of the image and
//! several at random places. Images are measured on a grid of at most 1,024 pixels a side: a map is far coarser.
//!
//! Every marked image counts, also one that the input gate refuses or whose finding the model does not say; both are told.

mod images;
mod marks;
mod pictures;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde_json::{Value, json};

use self::images::Images;
pub use self::images::{MASK, stem};
pub use self::marks::some;
use self::marks::{Findings, Mark, Marks};
use super::inputs::patient;
use super::{Outcome, Usage, explain, output};
use crate::engine::analysis::analyze;
use crate::engine::{Analysis, AnalysisOptions, CancelToken, Score};
use crate::evaluation::localization::region::{Placed, Rectangle, Region};
use crate::evaluation::localization::summary::{Case, Summary, Trial};
use crate::evaluation::localization::{Yardstick, measure};
use crate::evaluation::truth::{Truth, known, named};
use crate::explain::faithfulness::control_maps;
use crate::explain::scale::{self, Scale};
use crate::explain::{Attribution, Method, Output, Subject};
use crate::imaging::Plane;
use crate::imaging::overlay::placed;
use crate::network::Model;
use crate::study::patients::Patients;
use crate::study::{Frame, open_image};

/// Longer side of the grid on which images are measured.
const GRID: usize = 1024;
/// Blobs at random places for each map.
const RANDOM: usize = 10;
/// Seed of these places.
const SEED: u64 = 7;
/// How far the aspect ratios of a mask and its image may differ: rounding of sides.
const ASPECT: f64 = 0.01;

/// Where the heat maps lie.
#[derive(Clone, Debug, clap::Args)]
pub struct LocalizationArgs {
    /// Judge where the heat maps lie instead: a table of boxes (the NIH's `BBox_List_2017.csv`, or columns image, finding, x,
    /// y, w, h), or a folder of masks (NAME-mask.png, or LABEL/NAME.png)
    #[arg(long, value_name = "PATH")]
    pub localization: Option<PathBuf>,
    /// Maps to judge, separated by commas
    #[arg(long, value_name = "METHOD", default_value = "grad-cam,grad-cam++", value_delimiter = ',')]
    #[arg(value_parser = explain::method, requires = "localization")]
    method: Vec<Method>,
    /// Stage to take the maps from [default: the model's target layer]
    #[arg(long, value_name = "STAGE", requires = "localization")]
    layer: Option<String>,
    /// Label or group that marks show which do not say so themselves
    #[arg(long, value_name = "LABEL", requires = "localization")]
    finding: Option<String>,
    /// How far the map may point beside the finding, in pixels of a picture whose longer side is 500 (Zhang et al.: 15)
    #[arg(long, value_name = "PIXELS", default_value_t = 0.0, requires = "localization")]
    tolerance: f64,
    /// Thresholds of the map for the overlap, beside Otsu's: 0–1, separated by commas
    #[arg(long, value_name = "T", default_value = "0.5", value_delimiter = ',', requires = "localization")]
    overlap_at: Vec<f64>,
}

/// What the command around it knows.
pub struct Setting<'a> {
    /// Folder of the images.
    pub dir: &'a Path,
    pub model: &'a Model,
    pub patients: &'a Patients,
    /// Folder for the table of regions, the figures and the pictures.
    pub out: Option<&'a Path>,
    pub json: bool,
}

/// All that is needed to look at one image.
struct Judge<'a> {
    setting: &'a Setting<'a>,
    options: AnalysisOptions,
    yardstick: Yardstick,
    nih: bool,
}

/// One finding of an image, measured, with what its picture is drawn from.
struct Looked {
    case: Case,
    region: Region,
    /// One a method.
    maps: Vec<Attribution>,
}

/// What has to be said after all images.
#[derive(Default)]
struct Notes {
    cut: Vec<String>,
    outside: Vec<String>,
    empty: Vec<String>,
    refused: Vec<String>,
}

/// Measures the maps of every marked image in the folder.
pub fn run(path: &Path, args: &LocalizationArgs, setting: &Setting<'_>) -> anyhow::Result<Outcome> {
    let judge = Judge::new(args, setting)?;
    let dir = setting.dir.canonicalize();
    let dir = dir.with_context(|| format!("the folder {} cannot be read", setting.dir.display()))?;
    let images = Images::below(&dir)?;
    let manifest = &setting.model.manifest;
    let otherwise = match args.finding.as_deref() {
        Some(name) => Some(named(manifest, name).ok_or_else(|| {
            Usage(format!("{} knows no finding \"{name}\"; it knows {}", manifest.name, known(manifest)))
        })?),
        None => None,
    };
    let Marks { list, failed, nih } = marks::gather(path, &images, &Findings { manifest, dir: &dir, otherwise })?;
    let judge = Judge { nih, ..judge };
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let (mut cases, mut places, mut notes) = (Vec::new(), Vec::new(), Notes::default());
    let (mut failed, mut all) = (failed, failed + list.len());
    let bar = output::progress(list.len(), "Localising");
    for marks in list.chunk_by(|a, b| a.image == b.image) {
        match judge.look(&dir, marks, &mut notes, &mut random) {
            Ok(looked) => {
                all -= marks.len() - looked.len();
                for (looked, at) in looked {
                    cases.push(looked.case);
                    places.push(&marks[at]);
                }
            }
            Err(error) => {
                failed += marks.len();
                let error = error.context(format!("{} was not measured", marks[0].image.display()));
                bar.suspend(|| output::complain(&error));
            }
        }
        bar.inc(marks.len() as u64);
    }
    bar.finish_and_clear();
    notes.remark();
    if cases.is_empty() {
        bail!("nothing that {} marks could be measured", path.display());
    }
    let measures = judge.yardstick.measures();
    let summary = Summary::of(&cases, &judge.options.methods, &measures);
    let whole = judge.to_json(&summary, &notes);
    if let Some(out) = setting.out {
        std::fs::create_dir_all(out).with_context(|| format!("the folder {} could not be made", out.display()))?;
        output::write_file(&out.join("localization.csv"), &table::csv(&cases, &judge.options.methods, &measures)?)?;
        output::write_file(&out.join("localization.json"), &serde_json::to_vec_pretty(&whole)?)?;
        let sheet = pictures::sheet(&judge, &dir, &cases, &places)?;
        output::write_file(&out.join("localization.png"), &sheet)?;
    }
    if setting.json {
        output::json(&whole)?;
    } else {
        output::line(table::text(&manifest.name, &summary))?;
        if let Some(out) = setting.out {
            output::remark(format!("Figures, regions and pictures are in {}.", out.display()));
        }
    }
    Ok(Outcome::of(failed, all))
}

impl<'a> Judge<'a> {
    fn new(args: &LocalizationArgs, setting: &'a Setting<'a>) -> anyhow::Result<Self> {
        let thresholds = args.overlap_at.clone();
        if let Some(wrong) = thresholds.iter().find(|t| !(0.0..1.0).contains(*t)) {
            return Err(Usage(format!("--overlap-at takes thresholds from 0 to below 1, not {wrong}")).into());
        }
        if !(args.tolerance >= 0.0 && args.tolerance.is_finite()) {
            return Err(Usage(format!("--tolerance takes a number of pixels, not {}", args.tolerance)).into());
        }
        let mut methods = Vec::new();
        for method in &args.method {
            if !methods.contains(method) {
                methods.push(*method);
            }
        }
        let layers = args.layer.clone().into_iter().collect();
        let options = AnalysisOptions { layers, methods, samples: 0, seed: SEED, force: true, ..Default::default() };
        Ok(Self { setting, options, yardstick: Yardstick { tolerance: args.tolerance, thresholds }, nih: false })
    }

    /// Measures every finding that is marked in one image; each with the number of its mark.
    fn look(
        &self,
        dir: &Path,
        marks: &[Mark],
        notes: &mut Notes,
        random: &mut ChaCha8Rng,
    ) -> anyhow::Result<Vec<(Looked, usize)>> {
        let first = marks.first().context("nothing is marked")?;
        let frame = open_image(&first.image)?;
        frame.scorable()?;
        let (width, height) = (frame.plane.width, frame.plane.height);
        let name = first.image.strip_prefix(dir).unwrap_or(&first.image).display().to_string();
        let mut regions = Vec::new();
        for (at, mark) in marks.iter().enumerate() {
            if let Some(region) = region(mark, (width, height), &name, notes)? {
                regions.push((at, mark.finding, region));
            }
        }
        if regions.is_empty() {
            return Ok(Vec::new());
        }
        let model = self.setting.model;
        let mut options = self.options.clone();
        for (_, finding, _) in &regions {
            let subject = subject(*finding);
            if !options.subjects.contains(&subject) {
                options.subjects.push(subject);
            }
        }
        let analysis = analyze(model, &frame, &options, &CancelToken::default(), &mut |_| {})?;
        if analysis.gate.as_ref().is_some_and(|g| !g.accepted) {
            notes.refused.push(name.clone());
        }
        let measured = regions.into_iter().map(|(at, finding, region)| {
            let subject = subject(finding);
            let finding = score(&analysis, finding).context("the model has no score for the finding")?;
            let maps: Vec<Attribution> = self
                .options
                .methods
                .iter()
                .map(|method| {
                    let map = analysis.attributions.iter().find(|a| a.subject == subject && a.method == *method);
                    map.map(|m| m.as_ref().clone()).ok_or_else(|| anyhow!("no map was made by {}", method.name()))
                })
                .collect::<anyhow::Result<_>>()?;
            let trials = maps.iter().map(|map| self.trial(map, &frame, &region, random)).collect();
            let case = Case {
                image: name.clone(),
                patient: self.patient(&frame, &first.image),
                finding: finding.label.clone(),
                probability: f64::from(finding.probability),
                says: finding.probability >= finding.threshold,
                size: (width, height),
                marks: region.boxes.len(),
                share: region.share(),
                trials,
            };
            Ok((Looked { case, region, maps }, at))
        });
        measured.collect()
    }

    /// One map against the region, beside its control maps.
    fn trial(&self, map: &Attribution, frame: &Frame, region: &Region, random: &mut ChaCha8Rng) -> Trial {
        let measured = measure(&self.on_grid(map, frame, region.width, region.height), region, &self.yardstick);
        let area = if measured.point.is_some() { measured.area } else { control_maps::AREA };
        let at = |center: (f64, f64)| {
            let blob = control_maps::blob(region.width, region.height, center, area);
            measure(&blob, region, &self.yardstick).values(&self.yardstick)
        };
        let centers: Vec<(f64, f64)> = (0..RANDOM).map(|_| (random.random(), random.random())).collect();
        let blobs: Vec<Vec<f64>> = centers.into_par_iter().map(at).collect();
        let mean = |m: usize| blobs.iter().map(|b| b[m]).sum::<f64>() / RANDOM as f64;
        let map = measured.values(&self.yardstick);
        Trial { random: (0..map.len()).map(mean).collect(), centred: at((0.5, 0.5)), map, measured }
    }

    /// The positive part of a map on the pixels of a grid that covers the image.
    fn on_grid(&self, map: &Attribution, frame: &Frame, width: usize, height: usize) -> Plane {
        let area = scale::area(&self.setting.model.manifest.input, frame.plane.width, frame.plane.height);
        let top = map.raw.values.iter().copied().fold(0.0, f32::max);
        let mut positive = scale::scaled(map, Scale::Shared { max: top });
        positive.values.iter_mut().for_each(|v| *v = v.max(0.0));
        placed(&positive, area, width, height)
    }

    /// By the file's header, else by its name.
    fn patient(&self, frame: &Frame, path: &Path) -> String {
        let before = || {
            let name = path.file_name()?.to_string_lossy();
            name.split_once('_').map(|(patient, _)| patient.to_owned()).filter(|_| self.nih)
        };
        patient(frame, path, self.setting.patients).or_else(before).unwrap_or_default()
    }

    fn to_json(&self, summary: &Summary, notes: &Notes) -> Value {
        let model = self.setting.model;
        let mut whole = json!({
            "model": { "name": model.manifest.name, "sha256": model.sha256 },
            "layer": self.options.layers.first().unwrap_or(&model.manifest.target_layer),
            "tolerance": self.yardstick.tolerance,
            "boxes_cut": notes.cut,
            "boxes_outside": notes.outside,
            "masks_without_a_mark": notes.empty,
            "refused_by_the_gate": notes.refused,
        });
        if let (Value::Object(whole), Value::Object(figures)) = (&mut whole, summary.to_json()) {
            whole.extend(figures);
        }
        whole
    }
}

/// What a map of the finding explains.
fn subject(finding: Truth) -> Subject {
    Subject::One(match finding {
        Truth::Class(k) => Output::Class(k),
        Truth::Group(g) => Output::Group(g),
    })
}

/// The score of a finding.
fn score(analysis: &Analysis, finding: Truth) -> Option<&Score> {
    match finding {
        Truth::Class(k) => analysis.labels.get(k),
        Truth::Group(g) => analysis.groups.get(g),
    }
}

impl Notes {
    fn remark(&self) {
        for (list, what) in [
            (&self.cut, "boxes that reach out of their image were cut to it"),
            (&self.outside, "boxes that lie outside of their image were left out"),
            (&self.empty, "masks without a marked pixel were left out"),
            (&self.refused, "images that the input gate refuses were measured all the same"),
        ] {
            if !list.is_empty() {
                output::remark(format!("note: {what}: {}.", some(list)));
            }
        }
    }
}

/// The grid on which an image is measured.
fn grid((width, height): (usize, usize)) -> (usize, usize) {
    let scale = (GRID as f64 / width.max(height).max(1) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// What was marked, on the grid of the image; `None` when nothing of it lies there.
fn region(mark: &Mark, size: (usize, usize), name: &str, notes: &mut Notes) -> anyhow::Result<Option<Region>> {
    let (width, height) = grid(size);
    let mut kept: Vec<Rectangle> = Vec::new();
    for row in &mark.boxes {
        let told = || format!("{name} (row {})", row.line);
        let kept_box = match row.in_pixels(size.0, size.1).on(size.0, size.1) {
            Placed::Outside => {
                notes.outside.push(told());
                continue;
            }
            Placed::Cut(b) => {
                notes.cut.push(told());
                b
            }
            Placed::Whole(b) => b,
        };
        kept.push(kept_box.scaled(width as f64 / size.0 as f64, height as f64 / size.1 as f64));
    }
    if mark.masks.is_empty() {
        return Ok(Region::of_boxes(width, height, &kept));
    }
    let mut inside = vec![false; width * height];
    for path in &mark.masks {
        let mask = open_image(path).with_context(|| format!("the mask {} was not read", path.display()))?.plane;
        let aspect = |w: usize, h: usize| w as f64 / h.max(1) as f64;
        if (aspect(mask.width, mask.height) / aspect(size.0, size.1) - 1.0).abs() > ASPECT {
            bail!(
                "the mask {} has {} × {} pixels and the image {} × {}: they do not show the same",
                path.display(),
                mask.width,
                mask.height,
                size.0,
                size.1
            );
        }
        let top = mask.values.iter().copied().fold(0.0, f32::max);
        let mut marked = false;
        for (i, inside) in inside.iter_mut().enumerate() {
            let (x, y) = (i % width * mask.width / width, i / width * mask.height / height);
            let here = top > 0.0 && mask.at(x, y) > top / 2.0;
            marked |= here;
            *inside |= here;
        }
        if !marked {
            notes.empty.push(path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
        }
    }
    Ok(Region::of_mask(width, height, inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_measured_on_a_smaller_grid_of_their_shape() {
        assert_eq!(grid((3000, 1500)), (1024, 512));
        assert_eq!(grid((640, 480)), (640, 480));
        assert_eq!(grid((100_000, 1)), (1024, 1));
    }
}
