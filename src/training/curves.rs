//! The curves of a run as a picture: loss above, AUROC below, one point an epoch.

use std::ops::Range;
use std::path::Path;

use plotters::backend::BitMapBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::PathElement;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, FontStyle, RGBColor, WHITE, register_font};

use super::checkpoint::write_whole;
use super::journal::Row;
use super::{Error, Result};

static FONT: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
const WIDTH: u32 = 1000;
const HEIGHT: u32 = 900;

/// Okabe and Ito's colours, told apart by the colour-blind too.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(80, 80, 80),
];

/// A named line of values, one for each epoch.
struct Curve {
    name: String,
    values: Vec<Option<f64>>,
}

/// Draws the curves of `rows` into the PNG file `path`.
pub fn write_png(path: &Path, rows: &[Row]) -> Result<()> {
    let mut pixels = vec![0_u8; (WIDTH * HEIGHT * 3) as usize];
    draw(&mut pixels, rows).map_err(Error::Curves)?;
    let picture = image::RgbImage::from_raw(WIDTH, HEIGHT, pixels);
    let picture = picture.ok_or_else(|| Error::Curves("the picture has the wrong size".into()))?;
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).map_err(|e| Error::Curves(e.to_string()))?;
    write_whole(path, &png.into_inner())
}

fn draw(pixels: &mut [u8], rows: &[Row]) -> std::result::Result<(), String> {
    for style in [FontStyle::Normal, FontStyle::Bold] {
        register_font("sans-serif", style, FONT).map_err(|_| "the font cannot be read".to_owned())?;
    }
    let root = BitMapBackend::with_buffer(pixels, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE).map_err(|e| e.to_string())?;
    let (upper, lower) = root.split_vertically(HEIGHT as i32 / 2);
    let curve = |name: &str, value: &dyn Fn(&Row) -> Option<f64>| Curve {
        name: name.to_owned(),
        values: rows.iter().map(value).collect(),
    };
    let losses = [
        curve("training loss (augmented)", &|r| Some(r.training_loss)),
        curve("validation loss", &|r| Some(r.validation_loss)),
    ];
    let mut areas = vec![curve("accuracy", &|r| Some(r.accuracy))];
    let names = rows.first().map(|r| r.auroc.iter().map(|a| a.0.clone()).collect::<Vec<_>>()).unwrap_or_default();
    for (k, name) in names.iter().enumerate() {
        areas.push(curve(&format!("AUROC {name}"), &|r| r.auroc.get(k).and_then(|a| a.1)));
    }
    let epochs = rows.len().max(2) as f64;
    panel(&upper, "Loss", epochs, &losses)?;
    panel(&lower, "Validation", epochs, &areas)?;
    root.present().map_err(|e| e.to_string())
}

fn panel(
    area: &DrawingArea<BitMapBackend<'_>, Shift>,
    title: &str,
    epochs: f64,
    curves: &[Curve],
) -> std::result::Result<(), String> {
    let said = |e: &dyn std::fmt::Display| e.to_string();
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(38)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..epochs, extent(curves))
        .map_err(|e| said(&e))?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .label_style(("sans-serif", 15))
        .light_line_style(WHITE)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .draw()
        .map_err(|e| said(&e))?;
    for (curve, color) in curves.iter().zip(COLORS.iter().cycle()) {
        let points = curve.values.iter().enumerate().filter_map(|(i, v)| Some(((i + 1) as f64, (*v)?)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))
            .map_err(|e| said(&e))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .label_font(("sans-serif", 15))
        .draw()
        .map_err(|e| said(&e))
}

/// From the lowest to the highest value with a little room.
fn extent(curves: &[Curve]) -> Range<f64> {
    let values = || curves.iter().flat_map(|c| c.values.iter().flatten()).copied().filter(|v| v.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return 0.0..1.0;
    }
    let room = ((high - low) * 0.06).max(0.005);
    low - room..high + room
}
