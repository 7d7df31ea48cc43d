//! `pellucid demo`: the main job on images that the program makes itself.
//!
//! A chest phantom with an opacity and a healthy one are written as DICOM, analysed by the model
//! that fits, and filed: report (PDF and JSON) and images of the maps. Where there is a display the
//! viewer opens on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::Record;
use super::session::{ModelArgs, Session};
use super::{Outcome, images, output};
use crate::app::{self, ViewerOptions};
use crate::engine::{AnalysisOptions, ModelInfo};
use crate::explain::{Attribution, Method};
use crate::model::conformal::RISK;
use crate::phantom::{PhantomRecipe, demo, render, write_dicom, write_mask};
use crate::report::case::CaseReport;
use crate::report::export_to;
use crate::study::open_image;

/// Make two chest phantoms, analyse them, write their reports, and open the viewer on them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the images, reports and maps
    #[arg(long, value_name = "DIR", default_value = "pellucid-demo")]
    out: PathBuf,
    /// Write the files only, and open no window
    #[arg(long)]
    no_window: bool,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::open(&args.model)?;
    let out = &args.out;
    output::make_folder(out)?;
    let mut paths = Vec::new();
    for (name, recipe) in demo::films() {
        paths.push(image(&mut session, out, name, &recipe)?);
    }
    output::line("\nPhantoms are computed, not patients. Pellucid is not a medical device.")?;
    if args.no_window {
        return Ok(Outcome::Done);
    }
    if app::has_display() {
        let ModelArgs { model, device } = args.model.clone();
        let model = model.unwrap_or_default();
        app::run(ViewerOptions { paths, model, device, ..ViewerOptions::default() })?;
    } else {
        output::line("There is no display, so no window was opened: the files above hold the result.")?;
    }
    Ok(Outcome::Done)
}

/// Makes one image, analyses it, and writes its files; yields the image's path.
fn image(session: &mut Session, out: &Path, name: &str, recipe: &PhantomRecipe) -> anyhow::Result<PathBuf> {
    let phantom = render(recipe);
    let path = out.join(format!("{name}.dcm"));
    write_dicom(&path, &phantom, recipe)?;
    let mut written = vec![path.clone()];
    if phantom.mask.contains(&true) {
        written.push(out.join(format!("{name}-mask.png")));
        write_mask(&written[1], &phantom)?;
    }

    let options = AnalysisOptions { methods: Method::ALWAYS.to_vec(), ..AnalysisOptions::default() };
    let analyzed = session.analyze(|| Ok(open_image(&path)?), |_, _| Ok(options), false)?;
    output::line(Record::new(&path, &analyzed, RISK).to_text())?;
    let (frame, model, analysis) = analyzed.by_a_model()?;
    let maps: Vec<&Attribution> =
        analysis.attributions.iter().map(AsRef::as_ref).filter(|a| a.method == Method::GradCam).collect();
    if !maps.is_empty() {
        let overlay = out.join(format!("{name}-maps.png"));
        let shown = images::of_maps(&frame, &model.manifest.input, &maps);
        output::write_file(&overlay, &images::png(&shown.into())?)?;
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
