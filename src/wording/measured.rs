//! What a measurement comes to: the lines that [`Measured::lines`] has in English for files.

use crate::language::{decimal, text, tr, translated};
use crate::measurement::Measured;
use crate::measurement::evidence_inside::EvidenceInside;
use crate::measurement::geometry::LengthUnit;
use crate::measurement::measured::{grey, measure};

/// One line a number, the most asked for first.
pub(crate) fn lines(measured: &Measured) -> Vec<String> {
    let mut lines = Vec::new();
    let unit = measured.unit.unwrap_or(LengthUnit::Px);
    let size = |value: f64| decimal(measure(value));
    let value_unit = if measured.value_unit.is_empty() { String::new() } else { format!(" {}", measured.value_unit) };
    lines.extend(measured.length.map(|length| format!("{} {}", size(length), translated(unit.name()))));
    lines.extend(
        measured.axes.map(|axes| format!("{} × {} {}", size(axes.long), size(axes.short), translated(unit.name()))),
    );
    lines.extend(measured.angle.map(|angle| decimal(format!("{angle:.1}°"))));
    if let Some(found) = &measured.cardiothoracic {
        lines.push(tr!("CTR {}", decimal(format!("{:.2}", found.ratio))));
        let [right, left] = found.heart_sides.map(size);
        let (thorax, unit) = (size(found.thorax), translated(unit.name()));
        lines.push(tr!("heart {right} + {left}, thorax {thorax} {unit}", right, left, thorax, unit));
    }
    if let Some(found) = &measured.statistics {
        let value = |value: f64| decimal(grey(value));
        let (mean, sd) = (value(found.mean), found.sd.map_or_else(|| "–".to_owned(), value));
        lines.push(tr!("mean {}{}, sd {}", mean, value_unit, sd));
        lines.push(tr!("min {}, max {}, {} px", value(found.min), value(found.max), found.pixels));
    }
    lines.extend(measured.diameter.map(|diameter| tr!("diameter {} {}", size(diameter), translated(unit.name()))));
    lines.extend(measured.area.map(|area| tr!("area {} {}", size(area), translated(unit.squared()))));
    if let Some(pixel) = &measured.pixel {
        let value = match pixel.value {
            Some(value) => format!("{}{value_unit}", decimal(grey(value))),
            None => text!("padding").to_owned(),
        };
        lines.push(tr!("{value} at x {x}, y {y}", value, x = pixel.column, y = pixel.row));
    }
    lines
}

/// The evidence of a map inside, beside that of an even map.
pub(crate) fn evidence(inside: &EvidenceInside) -> String {
    let [share, area] = [inside.share, inside.area].map(|part| decimal(format!("{part:.2}")));
    tr!("{} of the evidence ({} of the area)", share, area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::cardiothoracic::Cardiothoracic;
    use crate::measurement::measured::{BothAxes, Pixel};
    use crate::measurement::statistics::Statistics;

    #[test]
    fn in_english_they_are_those_of_files_and_in_german_numbers_have_a_comma() {
        let pixel = |value| Some(Pixel { column: 3, row: 4, value });
        let measured = Measured {
            unit: Some(LengthUnit::MmAtDetector),
            length: Some(12.34),
            axes: Some(BothAxes { long: 20.5, short: 8.0 }),
            diameter: Some(30.0),
            angle: Some(4.56),
            cardiothoracic: Some(Cardiothoracic {
                heart_sides: [40.0, 80.5],
                heart: 120.5,
                thorax: 250.0,
                ratio: 0.48,
            }),
            area: Some(0.25),
            statistics: Some(Statistics { pixels: 9, left_out: 0, mean: 1.5, sd: Some(0.25), min: 1.0, max: 2.0 }),
            pixel: pixel(Some(7.0)),
            value_unit: "HU".into(),
            ..Measured::default()
        };
        assert_eq!(lines(&measured), measured.lines());
        let none = Measured { pixel: pixel(None), ..Measured::default() };
        assert_eq!(lines(&none), none.lines());
        let inside = EvidenceInside { share: 0.62, area: 0.35 };
        assert_eq!(evidence(&inside), "0.62 of the evidence (0.35 of the area)");
        let german = std::thread::spawn(move || {
            crate::language::enter("de");
            lines(&measured)
        });
        let german = german.join().unwrap();
        assert_eq!(german[..3], ["12,3 mm (am Detektor)", "20,5 × 8,0 mm (am Detektor)", "4,6°"]);
        assert_eq!(german[3], "HTQ 0,48");
    }
}
