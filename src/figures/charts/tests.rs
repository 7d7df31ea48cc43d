//! What charts must show, whatever they look like.

use super::input::{Confusion, Curve, Forest, ForestRow, MetricValue, Reliability, Scores, Stratum};
use super::sample::{Sample, forest as groups, sample};
use super::*;
use crate::figures::layout::{Ink, Shape};

/// Every kind of chart with its name.
fn all(data: &Sample) -> Vec<(&'static str, Chart)> {
    let mut named = vec![
        ("roc", roc(&data.roc)),
        ("precision-recall", precision_recall(&data.precision_recall)),
        ("calibration", calibration(&data.calibration)),
        ("confusion", confusion(data.confusion.as_ref())),
        ("histogram", histogram(&data.histograms)),
        ("risk-coverage", risk_coverage(&data.risk_coverage)),
    ];
    named.extend(data.subgroups.iter().map(|groups| ("subgroups", forest(groups))));
    named
}

/// Everything inside `<text>`.
fn texts(svg: &str) -> String {
    let pieces = svg.split("</text>").filter_map(|piece| piece.rsplit_once('>').map(|(_, text)| text));
    pieces.collect::<Vec<_>>().join(" ").replace("&amp;", "&").replace("&lt;", "<")
}

/// The lowest and highest place that a chart draws on, across and down.
fn extent(chart: &Chart) -> [f32; 4] {
    let mut held = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
    let mut hold = |x: f32, y: f32| {
        held = [held[0].min(x), held[1].min(y), held[2].max(x), held[3].max(y)];
    };
    for shape in &chart.block.shapes {
        match shape {
            Shape::Text { x, y, style, text } => {
                hold(*x, y - style.size * 0.75);
                hold(x + style.width(text), y + style.size * 0.22);
            }
            Shape::Line { points, .. } | Shape::Polygon { points, .. } => points.iter().for_each(|p| hold(p[0], p[1])),
            Shape::Fill { x, y, width, height, .. } | Shape::Picture { x, y, width, height, .. } => {
                hold(*x, *y);
                hold(x + width, y + height);
            }
        }
    }
    held
}

#[test]
fn nothing_is_clipped_with_one_to_fifteen_long_names() {
    for n in [1, 2, 3, 6, 7, 15] {
        for (name, chart) in all(&sample(n, 240)) {
            let [left, top, right, bottom] = extent(&chart);
            let fits = left >= -1.0 && top >= -1.0 && right <= WIDTH + 1.0 && bottom <= chart.block.height + 1.0;
            assert!(fits, "{name} of {n}: {left} {top} {right} {bottom} of {WIDTH} × {}", chart.block.height);
        }
    }
}

#[test]
fn pictures_hold_the_names_and_figures() {
    let input = sample(3, 240);
    let svg = roc(&input.roc).svg();
    let seen = texts(&svg);
    for curve in &input.roc {
        assert!(seen.contains(&curve.name), "{} is missing in {seen}", curve.name);
    }
    for i in [0, 1] {
        assert!(seen.contains(&format!("AUROC {}", input.roc[i].area.text())), "{seen}");
        assert!(svg.contains(&format!("{}: AUROC {}", input.roc[i].name, input.roc[i].area.text())));
    }
    assert!(seen.contains("60 of 240 positive"));
    assert!(texts(&precision_recall(&input.precision_recall).svg()).contains("Average precision 0."));
    assert!(texts(&calibration(&input.calibration).svg()).contains("ECE 0.034, 240 images."));
    let mut beside = input.calibration.clone();
    beside[0].if_calibrated = MetricValue { value: Some(0.021), low: Some(0.012), high: Some(0.033) };
    let words = texts(&calibration(&beside).svg());
    assert!(words.contains("ECE 0.034 (if calibrated 0.021 (0.012–0.033)), 240 images."), "{words}");
    assert!(texts(&histogram(&input.histograms).svg()).contains("60 present, 180 absent, threshold 0.400."));
    let seen = texts(&forest(&groups()).svg());
    assert!(
        seen.contains("0.903 (0.869–0.933)") && seen.contains("n = 259") && seen.contains("all images 0.912"),
        "{seen}"
    );
    assert!(seen.contains("not to be computed from these images"));
}

#[test]
fn the_matrix_shows_counts_and_their_share_of_the_row() {
    let matrix =
        Confusion { labels: vec!["Normal".into(), "Pneumonia".into()], counts: vec![vec![90, 10], vec![1, 199]] };
    let chart = confusion(Some(&matrix));
    let seen = texts(&chart.svg());
    for words in ["Normal", "Pneumonia", "90", "90 %", "10 %", "199", "0.5 %", "200"] {
        assert!(seen.split(' ').any(|w| w == words) || seen.contains(words), "{words} is missing in {seen}");
    }
    assert!(chart.description.contains("Pneumonia: 1 called Normal, 199 called Pneumonia."));
    // Long names do not fit above fifteen columns: numbers stand for them.
    let seen = texts(&confusion(sample(15, 60).confusion.as_ref()).svg());
    assert!(seen.contains("15 Interstitial lung disease, organising 15"), "{seen}");
}

#[test]
fn where_there_is_nothing_to_draw_a_sentence_stands() {
    let seen = |chart: &Chart| texts(&chart.svg());
    let input = sample(3, 240);
    assert!(seen(&roc(&input.roc)).contains("No curve: none of 240 images is positive."));
    let nan = Curve {
        name: "Broken".into(),
        positives: 3,
        negatives: 4,
        points: vec![[f64::NAN, 0.0], [1.0, f64::NAN]],
        area: MetricValue::alone(Some(f64::NAN)),
        operating: Some([f64::NAN, 0.5]),
    };
    assert!(seen(&roc(std::slice::from_ref(&nan))).contains("No target has a curve"));
    assert!(seen(&roc(&vec![nan; 8])).contains("No curve: the scores are not all numbers."));
    let scores = Scores { name: "Broken".into(), positive: vec![f64::NAN; 2], ..Scores::default() };
    let words = seen(&histogram(&[scores]));
    assert!(words.contains("No probability to draw") && words.contains("2 without a number"), "{words}");
    let no_bins = Reliability { name: "Broken".into(), ece: Some(f64::NAN), ..Reliability::default() };
    assert!(seen(&calibration(&[no_bins])).contains("No image to judge by"));
    assert!(seen(&confusion(None)).contains("do not exclude each other"));
    assert!(seen(&confusion(Some(&Confusion::default()))).contains("no image whose class is known"));
    assert!(seen(&forest(&Forest::default())).contains("There is nothing to compare."));
    let empty = Forest { empty: "There are no subgroups to compare".into(), ..Forest::default() };
    assert!(seen(&forest(&empty)).contains("There are no subgroups to compare"));
    for (name, chart) in all(&Sample::default()) {
        assert!(!seen(&chart).trim().is_empty(), "{name}");
    }
}

#[test]
fn an_svg_is_well_formed_and_speaks() {
    let mut input = sample(2, 40);
    input.roc[0].name = "a < b & \"c\" \u{1}".into();
    let svg = roc(&input.roc).svg();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""));
    assert!(svg.contains("<title>ROC curves</title>") && svg.contains("a &lt; b &amp; &quot;c&quot;"));
    assert!(!svg.contains('\u{1}') && !svg.contains("NaN") && !svg.contains("inf"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn a_forest_without_notes_and_overall_gives_names_their_room_and_says_what_is_absent() {
    let row = |name: &str, absent: &str, failed| ForestRow {
        name: name.into(),
        absent: absent.into(),
        failed,
        ..ForestRow::default()
    };
    let long = "densenet121, strong augmentation, focal loss, mix-up";
    let rows = vec![
        ForestRow { value: MetricValue::new(0.8, 0.6, 0.9), ..row(long, "", false) },
        row("vgg19", "failed", true),
        row("resnet18", "waiting", false),
    ];
    let strata = vec![Stratum { heading: String::new(), rows }];
    let chart = forest(&Forest { title: "Cells".into(), strata, ..Forest::default() });
    let shown = texts(&chart.svg());
    for words in ["Cells", "strong augmentation", "0.800 (0.600–0.900)", "failed", "waiting"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("all images") && !shown.contains("Dashed"), "{shown}");
    let ink_of = |words: &str| {
        chart.block.shapes.iter().find_map(|shape| match shape {
            Shape::Text { text, style, .. } if text == words => Some(style.ink),
            _ => None,
        })
    };
    assert_eq!((ink_of("failed"), ink_of("waiting")), (Some(Ink::Warning), Some(Ink::Muted)));
    // One marker with its rim, one interval with its two ends, where the value is.
    assert_eq!(chart.block.shapes.iter().filter(|s| matches!(s, Shape::Polygon { .. })).count(), 2);
    let blue = pen::series_style(0).ink;
    let ends: Vec<f32> = chart
        .block
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Line { points, ink, .. } if *ink == blue => Some(points),
            _ => None,
        })
        .flatten()
        .map(|p| p[0])
        .collect();
    let (low, high) = ends.iter().fold((f32::INFINITY, 0.0_f32), |(l, h), x| (l.min(*x), h.max(*x)));
    // The scale goes from 0.576 to 0.924: room of 8 % at both ends.
    let place = |v: f32| 202.0 + (v - 0.576) / (0.924 - 0.576) * (WIDTH - 202.0 - 92.0);
    assert!((low - place(0.6)).abs() < 0.1 && (high - place(0.9)).abs() < 0.1, "{low} {high}");
}

#[test]
fn pixels_have_the_width_of_the_page_and_the_ink_of_the_first_curve() {
    let picture = image::load_from_memory(&roc(&sample(2, 60).roc).png(PRINT_SCALE).unwrap()).unwrap().into_rgb8();
    assert_eq!(picture.width(), (523.0_f32 * 2.67).ceil() as u32);
    let blue = picture.pixels().filter(|p| p.0 == [0x00, 0x66, 0xa4]).count();
    assert!(blue > 300, "the first curve is drawn: {blue}");
}
