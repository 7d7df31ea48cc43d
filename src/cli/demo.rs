//! `pellucid demo`: the main job on films that the program makes itself.
//!
//! A chest phantom with an opacity and a healthy one are written as DICOM, analysed by the model that fits, and filed:
//! report (PDF and JSON) and overlay pictures. Where there is a display the viewer opens on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::record::Record;
use super::session::{ModelArgs, Session};
use super::{Outcome, output, picture};
use crate::app::{self, ViewerOptions};
use crate::engine::{AnalysisOptions, ModelInfo};
use crate::explain::{Attribution, Method};
use crate::report::case::CaseReport;
use crate::report::export_to;
use crate::study::open_image;
use crate::study::phantom::{PhantomRecipe, demo, render, write_dicom, write_mask};
use crate::uncertainty::conformal::RISK;

/// Make two chest phantoms, analyse them, write their reports, and open the viewer on them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the films, reports and pictures
    #[arg(long, value_name = "DIR", default_value = "pellucid-demo")]
    out: PathBuf,
    /// Write the files only, and open no window
    #[arg(long)]
    no_window: bool,
    #[command(flatten)]
    model: ModelArgs,
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::open(&args.model)?;
    let out = &args.out;
    std::fs::create_dir_all(out).with_context(|| format!("the folder {} could not be made", out.display()))?;
    let mut films = Vec::new();
    for (name, recipe) in demo::films() {
        films.push(film(&mut session, out, name, &recipe)?);
    }
    output::line("\nPhantoms are computed, not patients. Pellucid is not a medical device.")?;
    if args.no_window {
        return Ok(Outcome::Done);
    }
    if app::has_display() {
        let ModelArgs { model, device } = args.model.clone();
        let model = model.unwrap_or_default();
        app::run(ViewerOptions { paths: films, model, device, ..ViewerOptions::default() })?;
    } else {
        output::line("There is no display, so no window was opened: the files above hold the result.")?;
    }
    Ok(Outcome::Done)
}

/// Makes one film, judges it, and writes its files; yields the film's path.
fn film(session: &mut Session, out: &Path, name: &str, recipe: &PhantomRecipe) -> anyhow::Result<PathBuf> {
    let phantom = render(recipe);
    let path = out.join(format!("{name}.dcm"));
    write_dicom(&path, &phantom, recipe)?;
    let mut written = vec![path.clone()];
    if phantom.mask.contains(&true) {
        written.push(out.join(format!("{name}-mask.png")));
        write_mask(&written[1], &phantom)?;
    }

    let options = AnalysisOptions { methods: Method::ALWAYS.to_vec(), ..AnalysisOptions::default() };
    let judged = session.judge(|| Ok(open_image(&path)?), |_| Ok(options), false)?;
    output::line(Record::new(&path, &judged, RISK).to_text())?;
    let (frame, model, analysis) = judged.by_a_model()?;
    let maps: Vec<&Attribution> =
        analysis.attributions.iter().map(AsRef::as_ref).filter(|a| a.method == Method::GradCam).collect();
    if !maps.is_empty() {
        let overlay = out.join(format!("{name}-maps.png"));
        let picture = picture::of_maps(&frame, &model.manifest.input, &maps);
        output::write_file(&overlay, &picture::png(&picture.into())?)?;
        written.push(overlay);
    }
    let case = CaseReport::new(Arc::new(frame), Arc::new(analysis), ModelInfo::of(&model));
    let report = out.join(format!("{name}.pdf"));
    export_to(&case, &report)?;
    written.extend([report.with_extension("json"), report]);
    for path in written {
        output::line(format!("  wrote {}", path.display()))?;
    }
    Ok(path)
}
