//! The images of the page: the image as it is, and the same image under each map, with a colour
//! bar.
//!
//! The image ([`rendered`]) is stored once, lossless; maps are small
//! transparent images laid over it, so that a page with six panels holds one image. Contours stay
//! lines.

use image::{RgbImage, RgbaImage};

use super::document::EmbeddedImage;
use super::rendered::{display, of_file, rendered};
use crate::explain::Attribution;
use crate::explain::scale::{Scale, painted, shows_something};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, paragraph};
use crate::fonts::attribute;
use crate::imaging::contour::contours;
use crate::imaging::overlay::{blended, compose, compose_difference};
use crate::imaging::{Plane, overlay};
use crate::language::{decimal, digits, text, tr, translated};
use crate::measurement::Measurement;
use crate::report::case::CaseReport;

/// Longest side of a map in pixels.
const MAP: usize = 640;
/// Levels of the contour lines.
const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];
/// The middle of a colour bar.
const HALF: &str = "0.5";
const GAP: f32 = 12.0;
/// Room right of a row of panels for the colour bar and its numbers.
const BAR: f32 = 26.0;

/// The images of a case, and the shape of its image.
pub(super) struct MapGallery {
    pub images: Vec<EmbeddedImage>,
    /// Width over height as it lies on the patient.
    aspect: f32,
    map_size: (usize, usize),
}

/// An image with what lies over it.
struct Panel {
    title: String,
    caption: String,
    /// Number of the overlay.
    overlay: Option<usize>,
    lines: Vec<Vec<[f32; 2]>>,
    /// What the reader measured.
    marks: Vec<Mark>,
    /// What the presentation state draws.
    annotations: Vec<Annotation>,
    /// Words in the image where there is nothing to see.
    note: &'static str,
}

/// A measurement on the image, in parts of its width and height.
struct Mark {
    lines: Vec<Vec<[f32; 2]>>,
    /// Where its number stands, and the number.
    at: [f32; 2],
    number: usize,
}

/// A drawing or words of the presentation state, in parts of the image's width and height.
struct Annotation {
    lines: Vec<Vec<[f32; 2]>>,
    words: Vec<String>,
    ink: Ink,
}

/// Colour of measurements.
const MARK: Ink = Ink::Of([0xff, 0xd2, 0x4a]);
/// Half the width of the cross of a single point, as a part of the image's width.
const CROSS: f32 = 0.012;

impl MapGallery {
    /// Renders the image of a case; it is image 0.
    pub(super) fn new(case: &CaseReport) -> Self {
        let frame = &case.frame;
        let (width, height) = (frame.pixels.plane.width.max(1), frame.pixels.plane.height.max(1));
        let aspect = width as f32 / (height as f32 * frame.display.pixel_aspect);
        Self { images: vec![rendered(case)], aspect, map_size: map_size(case) }
    }

    /// The image alone beside the most probable of the chosen classes, or beside the reason why
    /// there is no map.
    pub(super) fn first_row(&mut self, case: &CaseReport, width: f32, height: f32) -> Block {
        let original = Panel {
            title: text!("Original").into(),
            caption: match case.frame.pixels.missing {
                Some(missing) => {
                    let (mark, shown) = (translated(missing.mark()), format!("{}{}", display(case), of_file(case)));
                    tr!("Hatched: {mark}. {shown}", mark, shown)
                }
                // A presentation state says how somebody wanted it to look.
                None if case.on_screen.presentation.is_some() => format!("{}{}", display(case), of_file(case)),
                None => format!("{} {}{}", text!("Unmodified."), display(case), of_file(case)),
            },
            overlay: None,
            lines: Vec::new(),
            marks: marks(case),
            annotations: annotations(case),
            note: "",
        };
        let probability = |class: usize| case.analysis.labels.get(class).map_or(0.0, |score| score.probability);
        let top = case.classes.iter().copied().max_by(|&a, &b| probability(a).total_cmp(&probability(b)));
        let Some(class) = top.filter(|_| case.analysis.scored) else {
            let reason = if case.analysis.scored {
                text!("No class was chosen to be explained.")
            } else {
                text!("No map: this image was refused, and nothing was scored.")
            };
            return self.row(&[original], 2, None, reason, width, height);
        };
        let panels = [original, self.class_panel(case, class)];
        let bar = self.bar(case, false);
        self.row(&panels, 2, Some(bar), "", width, height)
    }

    /// One panel for each class of the report, as large as fits; two classes are followed by their
    /// difference.
    pub(super) fn grid(&mut self, case: &CaseReport, width: f32, height: f32) -> Block {
        let classes = &case.classes;
        let pair = <[usize; 2]>::try_from(classes.as_slice()).ok();
        let rows = |per_row: usize| classes.len().div_ceil(per_row) + usize::from(pair.is_some());
        let row_height = |per_row: usize| height / rows(per_row) as f32 - GAP / 2.0;
        let per_row = (1..=classes.len().min(4))
            .max_by(|&a, &b| {
                let size = |n: usize| self.size(n, width, row_height(n)).0;
                size(a).total_cmp(&size(b))
            })
            .unwrap_or(1);
        let mut block = Block::default();
        for classes in classes.chunks(per_row) {
            let panels: Vec<Panel> = classes.iter().map(|&class| self.class_panel(case, class)).collect();
            let bar = self.bar(case, false);
            block.stack(GAP / 2.0, &self.row(&panels, per_row, Some(bar), "", width, row_height(per_row)));
        }
        if let Some([a, b]) = pair
            && let Some(panel) = self.difference_panel(case, a, b)
        {
            let bar = self.bar(case, true);
            block.stack(GAP / 2.0, &self.row(&[panel], per_row, Some(bar), "", width, row_height(per_row)));
        }
        block
    }

    /// The words below the maps.
    pub(super) fn legend(case: &CaseReport, width: f32) -> Block {
        paragraph(&legend_words(case), CAPTION, width)
    }

    fn class_panel(&mut self, case: &CaseReport, class: usize) -> Panel {
        let title = case.class_name(class);
        let score = case.analysis.labels.get(class);
        let logit = score
            .and_then(|s| s.logit)
            .map(|logit| format!("{}{}", if logit < 0.0 { '−' } else { '+' }, digits(logit.abs(), 2)))
            .map_or(String::new(), |logit| tr!("logit {}", logit));
        let layer = if case.method.has_layer() { tr!("layer {}", case.layer) } else { String::new() };
        let caption = [case.method.name().to_owned(), layer, logit];
        let caption = caption.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let nothing = |note| Panel {
            title: title.clone(),
            caption: caption.clone(),
            overlay: None,
            lines: Vec::new(),
            marks: Vec::new(),
            annotations: Vec::new(),
            note,
        };
        let Some(attribution) = case.attribution(class) else {
            return nothing(text!("No map was computed for this class"));
        };
        if !shows_something(attribution) {
            return nothing(text!("No positive evidence for this class"));
        }
        let map = self.placed(case, attribution);
        let lines = if case.overlay.contours { Self::lines(&map) } else { Vec::new() };
        Panel {
            overlay: Some(self.add(EmbeddedImage::Overlay(painted(
                &map,
                attribution.method.is_signed(),
                &case.overlay,
            )))),
            lines,
            marks: Vec::new(),
            annotations: Vec::new(),
            note: "",
            title,
            caption,
        }
    }

    fn difference_panel(&mut self, case: &CaseReport, a: usize, b: usize) -> Option<Panel> {
        let (first, second) = (case.attribution(a)?, case.attribution(b)?);
        let map = overlay::difference(&self.placed(case, first), &self.placed(case, second));
        let image = self.add(EmbeddedImage::Overlay(compose_difference(&map, &case.overlay)));
        Some(Panel {
            title: format!("{} − {}", case.class_name(a), case.class_name(b)),
            caption: text!("Difference of the two maps: orange where the first is larger, blue where the second is")
                .into(),
            overlay: Some(image),
            lines: Vec::new(),
            marks: Vec::new(),
            annotations: Vec::new(),
            note: "",
        })
    }

    /// The scaled map at print size.
    fn placed(&self, case: &CaseReport, attribution: &Attribution) -> Plane {
        case.scaled_map(attribution, self.map_size.0, self.map_size.1)
    }

    /// A map of a case, which need not be the printed one, in the colours of the report.
    pub(super) fn overlay(case: &CaseReport, attribution: &Attribution, scale: Scale) -> RgbaImage {
        let (width, height) = map_size(case);
        let map = case.map_by(attribution, scale, width, height);
        painted(&map, attribution.method.is_signed(), &case.overlay)
    }

    /// Contours in parts of the image's width and height.
    fn lines(map: &Plane) -> Vec<Vec<[f32; 2]>> {
        let (w, h) = (map.width as f32, map.height as f32);
        contours(map, &LEVELS, map.width, map.height)
            .into_iter()
            .map(|contour| {
                let first = contour.points.first().filter(|_| contour.closed).copied();
                contour.points.iter().copied().chain(first).map(|[x, y]| [x / w, y / h]).collect()
            })
            .collect()
    }

    /// Adds an image and yields its number.
    pub(super) fn add(&mut self, image: EmbeddedImage) -> usize {
        self.images.push(image);
        self.images.len() - 1
    }

    /// The colour bar as it looks over a middle grey, and its numbers from top to bottom.
    fn bar(&mut self, case: &CaseReport, signed: bool) -> (usize, [&'static str; 3]) {
        let values: Vec<f32> = (0..256).map(|i| 1.0 - i as f32 / 255.0).collect();
        let ramp = Plane { width: 1, height: 256, values };
        let (colors, numbers) = if signed {
            let signed = Plane { values: ramp.values.iter().map(|v| 2.0 * v - 1.0).collect(), ..ramp };
            (compose_difference(&signed, &case.overlay), ["+1", "0", "−1"])
        } else {
            (compose(&ramp, &case.overlay), ["1", HALF, "0"])
        };
        let grey = RgbImage::from_pixel(1, 256, image::Rgb([96; 3]));
        (self.add(EmbeddedImage::Color(blended(&grey, &colors))), numbers)
    }

    /// Panels in as many columns, as large as fits; a colour bar or words right of them.
    fn row(
        &self,
        panels: &[Panel],
        columns: usize,
        bar: Option<(usize, [&'static str; 3])>,
        words: &str,
        width: f32,
        height: f32,
    ) -> Block {
        let (w, h) = self.size(columns, width, height);
        let room = room(columns, width);
        // A colour bar without colours would only puzzle.
        let bar = bar.filter(|_| panels.iter().any(|panel| panel.overlay.is_some()));
        // Very wide or narrow images keep captions readable.
        let column = w.max(110.0).min(room);
        let used = columns as f32;
        let left = ((width - BAR - used * column - (used - 1.0) * GAP) / 2.0).max(0.0);
        let mut block = Block::default();
        for (i, panel) in panels.iter().enumerate() {
            let x = left + i as f32 * (column + GAP);
            block.put(x, 0.0, &Self::panel(panel, w, h, column));
        }
        let end = left + panels.len() as f32 * (column + GAP) - GAP;
        if let Some((number, numbers)) = bar {
            let x = end + 5.0;
            block.shapes.push(Shape::Picture { number, x, y: 0.0, width: 6.0, height: h });
            for (text, part) in numbers.into_iter().zip([0.0, 0.5, 1.0]) {
                let y = (part * h - CAPTION.line() / 2.0).clamp(-1.0, h - CAPTION.line() + 2.0);
                block.text(x + 9.0, y, Align::Left, CAPTION, &decimal(text.to_owned()));
            }
        }
        if !words.is_empty() {
            block.put(end + GAP, 0.0, &paragraph(words, BODY.bold().ink(Ink::Warning), column));
        }
        block
    }

    /// Width and height of an image among `columns` in a row of this height, captions included.
    fn size(&self, columns: usize, width: f32, height: f32) -> (f32, f32) {
        let captions = BODY.line() + 2.0 * CAPTION.line() + 3.0;
        let (room, tallest) = (room(columns, width), (height - captions).max(60.0));
        if room / self.aspect <= tallest { (room, room / self.aspect) } else { (tallest * self.aspect, tallest) }
    }

    fn panel(panel: &Panel, w: f32, h: f32, column: f32) -> Block {
        let mut block = Block::default();
        let x = (column - w) / 2.0;
        for number in std::iter::once(0).chain(panel.overlay) {
            block.shapes.push(Shape::Picture { number, x, y: 0.0, width: w, height: h });
        }
        for line in &panel.lines {
            let points: Vec<[f32; 2]> = line.iter().map(|[px, py]| [x + px * w, py * h]).collect();
            for (width, ink) in [(1.1, Ink::Black), (0.5, Ink::White)] {
                block.shapes.push(Shape::Line { points: points.clone(), width, ink, closed: false });
            }
        }
        for Annotation { lines, words, ink } in &panel.annotations {
            for (width, ink) in [(1.6, Ink::Black), (0.7, *ink)] {
                for line in lines {
                    let points = line.iter().map(|[px, py]| [x + px * w, py * h]).collect();
                    block.shapes.push(Shape::Line { points, width, ink, closed: false });
                }
            }
            let at = lines.first().and_then(|line| line.first()).copied().unwrap_or_default();
            let style = CAPTION.ink(*ink);
            for (i, line) in words.iter().enumerate() {
                let top = at[1] * h + i as f32 * style.line();
                let width = style.width(line);
                if top < 0.0 || top + style.line() > h || width > w {
                    continue;
                }
                let left = (x + at[0] * w + 1.0).clamp(x, x + w - width);
                block.fill(left - 0.5, top, width + 1.0, style.line(), Ink::Black);
                block.text(left, top, Align::Left, style, line);
            }
        }
        for Mark { lines, at, number } in &panel.marks {
            for (width, ink) in [(1.6, Ink::Black), (0.8, MARK)] {
                for line in lines {
                    let points = line.iter().map(|[px, py]| [x + px * w, py * h]).collect();
                    block.shapes.push(Shape::Line { points, width, ink, closed: false });
                }
            }
            let number = number.to_string();
            let style = CAPTION.bold().ink(MARK);
            let (left, top) = (x + at[0] * w + 2.0, (at[1] * h - style.line()).clamp(0.0, h - style.line()));
            let left = left.min(x + w - style.width(&number) - 1.0);
            block.fill(left - 1.0, top, style.width(&number) + 2.0, style.line(), Ink::Black);
            block.text(left, top, Align::Left, style, &number);
        }
        if !panel.note.is_empty() {
            let words = paragraph(panel.note, CAPTION.bold().ink(Ink::White), w - 8.0);
            block.fill(x, h - words.height - 6.0, w, words.height + 6.0, Ink::Black);
            block.put(x + 4.0, h - words.height - 3.0, &words);
        }
        block.height = h + 3.0;
        let mut text = paragraph(&panel.title, BODY.bold(), column);
        text.stack(0.0, &paragraph(&panel.caption, CAPTION, column));
        let below = block.height;
        block.put(0.0, below, &text);
        block
    }
}

/// How the maps are read.
pub(in crate::report) fn legend_words(case: &CaseReport) -> String {
    let style = &case.overlay;
    let of = match (case.classes.len(), style.shared_scale) {
        (0 | 1, _) => text!("part of the map's largest value"),
        (_, true) => text!("part of the largest value of all classes shown (one scale)"),
        (_, false) => text!("part of each map's own largest value (scales differ: do not compare colours)"),
    };
    let outside = case.outside().map(|_| text!("Outside the population that this model was measured on.").to_owned());
    let colour = tr!(
        "Colour: {of}; hidden below {threshold}; opacity {opacity} %; {map}.",
        of,
        threshold = digits(style.threshold, 2),
        opacity = digits(style.opacity * 100.0, 0),
        map = style.map().key()
    );
    let [low, middle, high] =
        [(LEVELS[0], 2), (LEVELS[1], 1), (LEVELS[2], 2)].map(|(level, places)| digits(level, places));
    let contours = style.contours.then(|| tr!("Lines at {low}, {middle} and {high}.", low, middle, high));
    let not_an_outline = text!("What moved the score, not the outline of a lesion.").to_owned();
    outside.into_iter().chain([not_an_outline, colour]).chain(contours).collect::<Vec<_>>().join(" ")
}

/// The measurements of a case as they lie on the image.
fn marks(case: &CaseReport) -> Vec<Mark> {
    let plane = &case.frame.pixels.plane;
    let (width, height) = (plane.width.max(1) as f32, plane.height.max(1) as f32);
    let place = |[x, y]: &[f64; 2]| [*x as f32 / width, *y as f32 / height];
    let cross = |[x, y]: [f32; 2]| {
        let tall = CROSS * width / (height * case.frame.display.pixel_aspect);
        vec![vec![[x - CROSS, y], [x + CROSS, y]], vec![[x, y - tall], [x, y + tall]]]
    };
    let mark = |(i, one): (usize, &Measurement)| {
        let at = place(one.points.last()?);
        let lines = match one.points.as_slice() {
            [point] => cross(place(point)),
            points => one.kind.lines(points).iter().map(|line| line.iter().map(place).collect()).collect(),
        };
        Some(Mark { lines, at, number: i + 1 })
    };
    case.measurements.iter().enumerate().filter_map(mark).collect()
}

/// What the presentation state draws over the image; of an anonymised report without its words, which
/// may name somebody.
fn annotations(case: &CaseReport) -> Vec<Annotation> {
    let Some(all) = case.on_screen.annotations() else { return Vec::new() };
    let plane = &case.frame.pixels.plane;
    let (width, height) = (plane.width.max(1) as f32, plane.height.max(1) as f32);
    let place = |[x, y]: [f32; 2]| [x / width, y / height];
    // What lies beyond the image would lie on the page.
    let inside = |line: &[[f32; 2]]| line.iter().flatten().all(|part| (0.0..=1.0).contains(part));
    let ink = |color: Option<[u8; 3]>| color.map_or(Ink::White, Ink::Of);
    let tall = CROSS * width / (height * case.frame.display.pixel_aspect);
    let drawn = all.drawings.iter().map(|drawing| {
        let points: Vec<[f32; 2]> = drawing.points.iter().copied().map(place).collect();
        let lines = match points.as_slice() {
            [[x, y]] => vec![vec![[x - CROSS, *y], [x + CROSS, *y]], vec![[*x, y - tall], [*x, y + tall]]],
            _ => points.windows(2).filter(|line| inside(line)).map(<[_]>::to_vec).collect(),
        };
        Annotation { lines, words: Vec::new(), ink: ink(drawing.color) }
    });
    let written = all.texts.iter().filter(|_| !case.anonymize).filter(|note| inside(&[place(note.at)])).map(|note| {
        let to = note.anchor.map(place).filter(|anchor| inside(&[*anchor])).unwrap_or_else(|| place(note.at));
        Annotation {
            lines: vec![vec![place(note.at), to]],
            words: note.text.lines().map(attribute).collect(),
            ink: ink(note.color),
        }
    });
    drawn.chain(written).collect()
}

/// Columns and rows of a map in print.
fn map_size(case: &CaseReport) -> (usize, usize) {
    let plane = &case.frame.pixels.plane;
    let (width, height) = (plane.width.max(1), plane.height.max(1));
    let longest = width.max(height);
    (((width * MAP) / longest).max(1), ((height * MAP) / longest).max(1))
}

/// Width that each of `columns` panels has.
fn room(columns: usize, width: f32) -> f32 {
    (width - BAR - (columns - 1) as f32 * GAP) / columns as f32
}
