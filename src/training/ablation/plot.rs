//! The figure of every cell with its interval, one line a cell, best at a glance: a dot and whiskers on one scale.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE, register_font};

use super::super::{Error, Result};
use super::table::{State, Table};

/// Names of the files.
pub const PNG: &str = "plot.png";
pub const SVG: &str = "plot.svg";

static FONT: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.ttf");
const WIDTH: u32 = 1000;
const LINE: i32 = 30;
const HEAD: i32 = 60;
const FOOT: i32 = 46;
/// Where the scale begins and ends.
const LEFT: i32 = 340;
const RIGHT: i32 = 900;
const INK: RGBColor = RGBColor(40, 40, 40);
const PALE: RGBColor = RGBColor(222, 222, 222);
const BLUE: RGBColor = RGBColor(0, 114, 178);
const RED: RGBColor = RGBColor(180, 60, 20);

/// The plot as the bytes of a PNG file.
pub fn png(table: &Table) -> Result<Vec<u8>> {
    let (width, height) = (WIDTH, height(table));
    let mut pixels = vec![0_u8; (width * height * 3) as usize];
    draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), table)?;
    let picture = image::RgbImage::from_raw(width, height, pixels);
    let picture = picture.ok_or_else(|| Error::Picture("the plot has the wrong size".into()))?;
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).map_err(|e| Error::Picture(e.to_string()))?;
    Ok(png.into_inner())
}

/// The plot as SVG.
pub fn svg(table: &Table) -> Result<String> {
    let mut text = String::new();
    draw(&SVGBackend::with_string(&mut text, (WIDTH, height(table))).into_drawing_area(), table)?;
    Ok(text)
}

fn height(table: &Table) -> u32 {
    (HEAD + FOOT + LINE * table.rows.len() as i32) as u32
}

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, table: &Table) -> Result<()> {
    let said = |e: &dyn std::fmt::Display| Error::Picture(e.to_string());
    register_font("sans-serif", FontStyle::Normal, FONT)
        .map_err(|_| Error::Picture("the font cannot be read".into()))?;
    area.fill(&WHITE).map_err(|e| said(&e))?;
    let write = |text: String, at: (i32, i32), style: TextStyle<'_>| {
        area.draw(&Text::new(text, at, style)).map_err(|e| said(&e))
    };
    let line = |from: (i32, i32), to: (i32, i32), stroke: ShapeStyle| {
        area.draw(&PathElement::new([from, to], stroke)).map_err(|e| said(&e))
    };
    let of = table.target.as_ref().map_or_else(String::new, |t| format!(" of {t}"));
    let title = format!("{}: {}{of}, 95 % intervals", table.name, table.metric.title());
    write(title, (16, 22), style(20, INK, HPos::Left))?;
    let (low, high) = extent(table);
    let place = |v: f64| LEFT + ((v - low) / (high - low) * f64::from(RIGHT - LEFT)).round() as i32;
    let bottom = HEAD + LINE * table.rows.len() as i32;
    for tick in ticks(low, high) {
        let x = place(tick);
        line((x, HEAD - 8), (x, bottom), PALE.stroke_width(1))?;
        write(decimal(tick, high - low), (x, bottom + 14), style(14, INK, HPos::Center))?;
    }
    for (i, row) in table.rows.iter().enumerate() {
        let y = HEAD + LINE * i as i32 + LINE / 2;
        write(shortened(&row.levels.join(", ")), (LEFT - 16, y), style(15, INK, HPos::Right))?;
        match (row.state, table.shown(row).map(|m| (m.value, m.low, m.high))) {
            (State::Done, Some((Some(value), low, high))) => {
                if let (Some(low), Some(high)) = (low, high) {
                    line((place(low), y), (place(high), y), BLUE.stroke_width(2))?;
                    for end in [place(low), place(high)] {
                        line((end, y - 5), (end, y + 5), BLUE.stroke_width(2))?;
                    }
                }
                area.draw(&Circle::new((place(value), y), 5, BLUE.filled())).map_err(|e| said(&e))?;
                write(format!("{value:.3}"), (RIGHT + 20, y), style(15, INK, HPos::Left))?;
            }
            (State::Failed, _) => write("failed".into(), (RIGHT + 20, y), style(15, RED, HPos::Left))?,
            (State::Waiting, _) => write("waiting".into(), (RIGHT + 20, y), style(15, INK, HPos::Left))?,
            (State::Done, _) => write("unknown".into(), (RIGHT + 20, y), style(15, INK, HPos::Left))?,
        }
    }
    area.present().map_err(|e| said(&e))
}

fn style(size: i32, color: RGBColor, anchor: HPos) -> TextStyle<'static> {
    let font = ("sans-serif", size).into_font();
    TextStyle { font, color: color.to_backend_color(), pos: Pos::new(anchor, VPos::Center) }
}

/// From the lowest to the highest end of an interval, with a little room.
fn extent(table: &Table) -> (f64, f64) {
    let ends = table.rows.iter().filter_map(|r| table.shown(r)).flat_map(|m| [m.value, m.low, m.high]).flatten();
    let (low, high) =
        ends.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.06).max(0.005);
    (low - room, high + room)
}

/// Round numbers, four to eight of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * power).into_iter().find(|s| *s >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    (first..first + 12).map(|i| i as f64 * step).take_while(|t| *t <= high).collect()
}

/// As many digits as the span needs.
fn decimal(value: f64, span: f64) -> String {
    let digits = if span > 1.0 {
        1
    } else if span > 0.1 {
        2
    } else {
        3
    };
    format!("{value:.digits$}")
}

/// A name that fits beside the scale.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 42 { name.to_owned() } else { name.chars().take(41).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;

    #[test]
    fn the_plot_has_a_dot_for_what_is_done_and_a_word_for_the_rest() {
        let svg = svg(&table()).unwrap();
        assert_eq!(svg.matches("<circle").count(), 1);
        for word in ["films: AUROC", "custom-cnn, off", "0.900", "failed", "waiting"] {
            assert!(svg.contains(word), "{word}: {svg}");
        }
    }

    #[test]
    fn the_picture_is_drawn_where_the_value_is() {
        let bytes = png(&table()).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (1000, 60 + 46 + 90));
        let blue = |x: &u32| picture.get_pixel(*x, 75).0 == [0, 114, 178];
        let run: Vec<u32> = (0..1000).filter(blue).collect();
        // The scale goes from 0.845 to 0.925, the whiskers from 0.85 to 0.92.
        assert!(run[0].abs_diff(340 + 35) <= 2 && run[run.len() - 1].abs_diff(900 - 35) <= 2, "{run:?}");
    }

    #[test]
    fn an_empty_table_is_drawn_all_the_same() {
        let mut table = table();
        table.rows.remove(0);
        assert!(svg(&table).unwrap().contains("failed"));
        assert_eq!(ticks(0.845, 0.925), [0.86, 0.88, 0.9, 0.92]);
    }
}
