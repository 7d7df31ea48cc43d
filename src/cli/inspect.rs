//! `pellucid inspect`: what a file says of itself, and its pixels as numbers or as shown.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::inputs::{Image, Inputs, complain};
use super::{Outcome, Usage, images, npy, output};
use crate::imaging::display::{View, render, render_rgb};
use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::shutter::Shutter;
use crate::imaging::{Missing, Voi, Window, stats};
use crate::limits;
use crate::printable::printable;
use crate::results::read::kind::ResultKind;
use crate::results::read::{ReadObject, read};
use crate::study::{Frame, Identity, ImageEntry, Metadata, Orientation, Spacing};

/// Show what a file says of itself; write its pixels as numbers or as shown
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File or folder (DICOM images and results, PNG, JPEG, TIFF)
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
    /// Frame of an image that has several, counted from 1 [default: the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::FRAMES)))]
    frame: Option<u32>,
    /// List every frame of the image, a line each
    #[arg(long, conflicts_with_all = ["frame", "pixels", "display"])]
    frames: bool,
    /// Write the modality values: f32, rows by columns, before window and polarity
    #[arg(long, value_name = "FILE.npy")]
    pixels: Option<PathBuf>,
    /// Write the image after the default window, 8 bit
    #[arg(long, value_name = "FILE.png")]
    display: Option<PathBuf>,
}

/// What is known of one image.
#[derive(Debug, Serialize)]
struct Inspection<'a> {
    image: String,
    sop_instance_uid: &'a str,
    series_uid: &'a str,
    study_uid: &'a str,
    columns: usize,
    rows: usize,
    frames: u32,
    /// The frame that this is of, counted from 1.
    frame: u32,
    color: bool,
    /// Low values are bright (MONOCHROME1 or an inverse presentation).
    inverted: bool,
    /// Lowest and highest value that the stored bits allow, after the modality transform.
    value_range: (f32, f32),
    /// Modality values that occur, as far as they are numbers.
    minimum: Option<f32>,
    maximum: Option<f32>,
    mean: Option<f64>,
    padding: Option<(f32, f32)>,
    /// What the display opens with.
    window: Window,
    /// Windows and tables of the file.
    voi: Vec<VoiRecord<'a>>,
    spacing: Option<Spacing>,
    /// Height of a pixel over its width, as the image is shown.
    pixel_aspect: f32,
    /// Sides of the patient at the sides of the image.
    orientation: Option<&'a Orientation>,
    /// Side and view as a marker on the radiograph would say them.
    side_mark: &'a str,
    overlays: Vec<OverlayRecord<'a>>,
    /// Display shutters of the file: rectangle, circle, polygon or bitmap.
    shutters: Vec<&'static str>,
    metadata: &'a Metadata,
    warnings: &'a [String],
    /// What is not there because the data ends early.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Missing>,
    /// Where it is a segmentation or a parametric map: what it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ReadObject>,
    /// The file that this one is a copy of, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

#[derive(Debug, Serialize)]
struct OverlayRecord<'a> {
    name: &'a str,
    columns: usize,
    rows: usize,
    /// Column and row of the image, from 0, at which it begins.
    left: i32,
    top: i32,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum VoiRecord<'a> {
    Window { center: f32, width: f32, function: String, explanation: &'a str },
    Lut { first: f32, entries: usize, explanation: &'a str },
}

impl<'a> Inspection<'a> {
    fn new(image: &Image, frame: &'a Frame) -> Self {
        let Identity { study_uid, series_uid, sop_instance_uid } = &frame.entry.identity;
        let known = stats::statistics(&frame.pixels.modality_plane(), None);
        let number = |value: f32| (known.count > 0).then_some(value);
        Self {
            image: image.path().display().to_string(),
            sop_instance_uid,
            series_uid,
            study_uid,
            columns: frame.pixels.plane.width,
            rows: frame.pixels.plane.height,
            frames: frame.entry.frames,
            frame: frame.index + 1,
            color: frame.pixels.color.is_some(),
            inverted: frame.pixels.inverted,
            value_range: frame.pixels.value_range,
            minimum: number(known.min),
            maximum: number(known.max),
            mean: (known.count > 0).then_some(known.mean),
            padding: frame.pixels.padding,
            window: View::initial(&frame.pixels).window(&frame.pixels),
            voi: frame.pixels.voi.iter().map(voi).collect(),
            spacing: frame.spacing,
            pixel_aspect: frame.display.pixel_aspect,
            orientation: frame.display.orientation.as_ref(),
            side_mark: &frame.display.side_mark,
            overlays: frame.display.overlays.iter().map(overlay).collect(),
            shutters: frame.display.shutters.shapes.iter().map(shutter).collect(),
            metadata: &frame.entry.meta,
            warnings: &frame.warnings,
            missing: frame.pixels.missing,
            result: ResultKind::of(&frame.entry.meta)
                .filter(|kind| kind.is_laid_over())
                .and_then(|_| read(&frame.entry.path).ok()),
            copy_of: image.copy_of().map(|path| path.display().to_string()),
        }
    }

    /// One line of the list of frames.
    fn to_line(&self) -> String {
        let values = match (self.minimum, self.maximum, self.mean) {
            (Some(low), Some(high), Some(mean)) => format!("{low} to {high}, mean {mean:.1}"),
            _ => "no finite number".to_owned(),
        };
        let Window { center, width, .. } = self.window;
        let file = printable(&self.image);
        format!("{file}  frame {} of {}  {values}  window {center} / {width}", self.frame, self.frames)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{}\n", printable(&self.image));
        let mut say = |name: &str, value: String| {
            if !value.is_empty() {
                let _ = writeln!(text, "  {name:<20} {}", printable(&value));
            }
        };
        let m = self.metadata;
        let colour = if self.color { ", colour" } else { "" };
        say("Pixels", format!("{} × {}, {} frame(s){colour}", self.columns, self.rows, self.frames));
        let polarity = if self.inverted { "low values are bright" } else { "high values are bright" };
        let values = match (self.minimum, self.maximum, self.mean) {
            (Some(low), Some(high), Some(mean)) => format!("{low} to {high}, mean {mean:.1}; {polarity}"),
            _ => "no finite number among them".to_owned(),
        };
        say("Values", values);
        if self.frames > 1 {
            say("Frame", format!("{} of {}", self.frame, self.frames));
        }
        say("Window", format!("center {}, width {}", self.window.center, self.window.width));
        let spacing = |s: Spacing| format!("{} × {} mm ({:?})", s.row_mm, s.column_mm, s.provenance);
        say("Spacing", self.spacing.map_or("unknown".into(), spacing));
        let sides = |o: &Orientation| format!("left {}, right {}, top {}, bottom {}", o.left, o.right, o.top, o.bottom);
        say("Orientation", self.orientation.map(sides).unwrap_or_default());
        say("Side", self.side_mark.to_owned());
        let names = self.overlays.iter().map(|o| if o.name.is_empty() { "without a name" } else { o.name });
        say("Overlays", names.collect::<Vec<_>>().join(", "));
        say("Shutters", self.shutters.join(", "));
        say(
            "Patient",
            [&m.patient_name, &m.patient_id, &m.sex, &m.age].map(String::as_str).join(" ").trim().to_owned(),
        );
        say(
            "Study",
            [&m.study_date, &m.study_time, &m.study_description].map(String::as_str).join(" ").trim().to_owned(),
        );
        say("Series", [&m.series_number, &m.series_description].map(String::as_str).join(" ").trim().to_owned());
        say("Modality", [&m.modality, &m.body_part, &m.view_position].map(String::as_str).join(" ").trim().to_owned());
        say("Device", [&m.manufacturer, &m.model_name].map(String::as_str).join(" ").trim().to_owned());
        say("Transfer syntax", m.transfer_syntax.clone());
        say("Compression", m.lossy.clone());
        say("SOP instance", self.sop_instance_uid.to_owned());
        say("Copy of", self.copy_of.clone().unwrap_or_default());
        for warning in self.warnings {
            say("Note", warning.clone());
        }
        for line in self.result.iter().flat_map(ReadObject::lines) {
            let _ = writeln!(text, "  {}", printable(&line));
        }
        text.trim_end().to_owned()
    }
}

fn overlay(plane: &OverlayPlane) -> OverlayRecord<'_> {
    let (columns, rows) = plane.bits.size();
    OverlayRecord { name: &plane.name, columns, rows, left: plane.left, top: plane.top }
}

fn shutter(shutter: &Shutter) -> &'static str {
    match shutter {
        Shutter::Rectangle { .. } => "rectangle",
        Shutter::Ellipse { .. } => "circle",
        Shutter::Polygon(_) => "polygon",
        Shutter::Bitmap(_) => "bitmap",
    }
}

fn voi(voi: &Voi) -> VoiRecord<'_> {
    match voi {
        Voi::Window { window, explanation } => VoiRecord::Window {
            center: window.center,
            width: window.width,
            function: format!("{:?}", window.function),
            explanation,
        },
        Voi::Lut { first, entries, explanation } => {
            VoiRecord::Lut { first: *first, entries: entries.len(), explanation }
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let inputs = Inputs::gather_with_objects(std::slice::from_ref(&args.path)).with_copies();
    let mut failed = 0;
    for entry in inputs.objects() {
        if let Err(error) = object(entry, args.json) {
            if super::is_closed_pipe(&error) {
                return Err(error);
            }
            failed += 1;
            complain(&entry.path, "read", &error);
        }
    }
    if inputs.len() == 0 && inputs.failed() == 0 && !inputs.objects().is_empty() {
        return Ok(Outcome::of(failed, inputs.objects().len()));
    }
    if inputs.len() > 1 && (args.pixels.is_some() || args.display.is_some()) {
        let (path, images) = (args.path.display(), inputs.len());
        return Err(Usage(format!("{path} holds {images} images; --pixels and --display write one")).into());
    }
    inputs.each("Inspecting", |image| {
        if args.frames {
            return every_frame(image, args.json);
        }
        let frame = image.load(args.frame)?;
        if let Some(path) = &args.pixels {
            let shape = [frame.pixels.plane.height, frame.pixels.plane.width];
            output::write_file(path, &npy::bytes(&shape, &frame.pixels.modality_plane().values))?;
        }
        if let Some(path) = &args.display {
            let view = View::initial(&frame.pixels);
            let png = if frame.pixels.color.is_some() {
                images::png(&render_rgb(&frame.pixels, &view).into())
            } else {
                images::png(&render(&frame.pixels, &view).into())
            };
            output::write_file(path, &png?)?;
        }
        let inspection = Inspection::new(image, &frame);
        if args.json { output::json(&inspection) } else { Ok(output::line(inspection.to_text())?) }
    })
}

/// A report, a document or a presentation state: its content, and what it names.
fn object(entry: &ImageEntry, json: bool) -> anyhow::Result<()> {
    let object = read(&entry.path)?;
    let file = entry.path.display().to_string();
    if json {
        let identity = &entry.identity;
        return output::json(&ObjectRecord {
            file,
            sop_instance_uid: &identity.sop_instance_uid,
            series_uid: &identity.series_uid,
            study_uid: &identity.study_uid,
            metadata: &entry.meta,
            result: &object,
        });
    }
    let mut text = format!("{}\n", printable(&file));
    for line in object.lines() {
        let _ = writeln!(text, "  {}", printable(&line));
    }
    Ok(output::line(text.trim_end())?)
}

/// What is known of a result without pixels.
#[derive(Debug, Serialize)]
struct ObjectRecord<'a> {
    file: String,
    sop_instance_uid: &'a str,
    series_uid: &'a str,
    study_uid: &'a str,
    metadata: &'a Metadata,
    result: &'a ReadObject,
}

/// A line for each frame of an image; one that cannot be decoded says why, and the others follow.
fn every_frame(image: &Image, json: bool) -> anyhow::Result<()> {
    let mut failed = 0;
    for number in 1..=image.frames() {
        match image.load(Some(number)) {
            Ok(frame) => {
                let inspection = Inspection::new(image, &frame);
                if json { output::json(&inspection)? } else { output::line(inspection.to_line())? }
            }
            Err(error) => {
                failed += 1;
                output::remark(format!("note: frame {number} of {}: {error:#}", image.path().display()));
            }
        }
    }
    anyhow::ensure!(failed == 0, "{failed} of {} frames could not be read", image.frames());
    Ok(())
}
