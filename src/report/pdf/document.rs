//! Blocks as a PDF: embedded subsets of the fonts, lossless images, and document information
//! without a patient.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Local;
use image::{GrayImage, RgbImage, RgbaImage};
use lopdf::Object;
use printpdf::{
    Codepoint, Color, DateTime, DictItem, FontId, ImageCompression, ImageOptimizationOptions, Line, LinePoint, Mm, Op,
    PaintMode, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Polygon, PolygonRing, Pt, RawImage,
    RawImageData, RawImageFormat, Rect, Rgb, TextItem, WindingOrder, XObject, XObjectId, XObjectTransform,
};

use crate::figures::layout::{Block, Ink, Shape, TextStyle};
use crate::figures::subset::{embedded, part_of};
use crate::figures::text_runs::{Run, Shaped, runs};
use crate::figures::typeface::Weight;
use crate::files::sha256;
use crate::fonts::Face;
use crate::language;
use crate::report::ReportError;
use crate::report::case::Paper;

/// An image to embed.
pub(crate) enum EmbeddedImage {
    Grey(GrayImage),
    Color(RgbImage),
    Overlay(RgbaImage),
}

/// The document around the pages.
pub(crate) struct Imprint<'a> {
    pub title: &'a str,
    /// What the document information says of it; it names no patient.
    pub subject: String,
    pub created: chrono::DateTime<Local>,
    pub paper: Paper,
}

/// Pages in page coordinates and the images that they name by number, as the bytes of a PDF.
pub(crate) fn printed(
    imprint: &Imprint<'_>,
    pages: &[Block],
    images: Vec<EmbeddedImage>,
) -> Result<Vec<u8>, ReportError> {
    let (page_width, page_height) = imprint.paper.size();
    let mut document = PdfDocument::new(imprint.title);
    let info = &mut document.metadata.info;
    // printpdf would date it 1970.
    if let Ok(now) = DateTime::from_unix_timestamp(imprint.created.timestamp()) {
        (info.creation_date, info.modification_date, info.metadata_date) = (now, now, now);
    }
    info.producer = format!("Pellucid {}", crate::VERSION);
    info.creator.clone_from(&info.producer);
    info.subject.clone_from(&imprint.subject);

    let fonts = &mut document.resources.fonts.map;
    let used = Used::of(pages);
    for (weight, characters) in &used.own {
        fonts.insert(font_id(*weight), PdfFont::new(embedded(*weight, characters)?));
    }
    let mut others = Vec::new();
    for (i, (face, glyphs)) in used.others.into_iter().enumerate() {
        let (font, numbers) = part_of(&face.name, &face.data, face.index as usize, &glyphs)?;
        let id = FontId(format!("S{}", i + 1));
        fonts.insert(id.clone(), PdfFont::new(font));
        others.push(Other { face, id, numbers });
    }
    for (number, image) in images.into_iter().enumerate() {
        document.resources.xobjects.map.insert(image_id(number), XObject::Image(raw(image)));
    }
    let (width, height) = (Mm::from(Pt(page_width)), Mm::from(Pt(page_height)));
    document.pages =
        pages.iter().map(|page| PdfPage::new(width, height, operations(page, page_height, &others))).collect();

    // Without these options images would be resized to two megabytes and compressed with loss.
    let images = ImageOptimizationOptions {
        quality: None,
        max_image_size: None,
        dither_greyscale: None,
        convert_to_greyscale: None,
        auto_optimize: Some(false),
        format: Some(ImageCompression::Flate),
    };
    let options = PdfSaveOptions { image_optimization: Some(images), ..PdfSaveOptions::default() };
    let mut file = document.to_lopdf_document(&options, &mut Vec::new());
    // Empty entries say nothing, and an empty PDF/X version is read as a claim.
    if let Ok(entry) = file.trailer.get(b"Info")
        && let Ok(id) = entry.as_reference()
        && let Ok(object) = file.get_object_mut(id)
        && let Ok(info) = object.as_dict_mut()
    {
        for entry in ["GTS_PDFXVersion", "Identifier", "Author", "Keywords"] {
            info.remove(entry.as_bytes());
        }
    }
    // For those who have the pages read aloud.
    if let Ok(catalog) = file.catalog_mut() {
        catalog.set("Lang", Object::string_literal(language::current()));
    }
    // Transparent images came with 1.4; printpdf says 1.3.
    file.version = "1.7".into();
    file.compress();
    // printpdf draws identifiers by lot; of the content they are the same each time.
    let mut content = Vec::new();
    for zeros in [true, false] {
        let id = if zeros { "0".repeat(32) } else { sha256(&content)[..32].to_owned() };
        if let Ok(ids) = file.trailer.get_mut(b"ID").and_then(|ids| ids.as_array_mut()) {
            ids.iter_mut().filter_map(|one| one.as_str_mut().ok()).for_each(|one| *one = id.clone().into_bytes());
        }
        content.clear();
        file.save_to(&mut content).map_err(|source| ReportError::Write { path: "memory".into(), source })?;
    }
    Ok(content)
}

/// What the pages need of each font.
#[derive(Default)]
struct Used {
    /// Characters of Inter.
    own: BTreeMap<Weight, BTreeSet<char>>,
    /// Glyphs of fonts of the system.
    others: Vec<(Face, BTreeSet<u16>)>,
}

impl Used {
    fn of(pages: &[Block]) -> Self {
        let mut used = Self::default();
        for shape in pages.iter().flat_map(|page| &page.shapes) {
            let Shape::Text { style, text, .. } = shape else { continue };
            for run in runs(text, style.weight) {
                match run {
                    Run::Own(text) => used.own.entry(style.weight).or_default().extend(text.chars()),
                    Run::Other(shaped) => used.glyphs(&shaped.face).extend(shaped.glyphs.iter().map(|glyph| glyph.id)),
                }
            }
        }
        used
    }

    fn glyphs(&mut self, face: &Face) -> &mut BTreeSet<u16> {
        let known = self.others.iter().position(|(other, _)| other == face);
        let number = known.unwrap_or_else(|| {
            self.others.push((face.clone(), BTreeSet::new()));
            self.others.len() - 1
        });
        &mut self.others[number].1
    }
}

/// A font of the system as the document holds it.
struct Other {
    face: Face,
    id: FontId,
    /// Numbers of the glyphs in the part that is embedded.
    numbers: HashMap<u16, u16>,
}

fn font_id(weight: Weight) -> FontId {
    FontId(match weight {
        Weight::Regular => "F1".into(),
        Weight::SemiBold => "F2".into(),
    })
}

fn image_id(number: usize) -> XObjectId {
    XObjectId(format!("P{number}"))
}

fn raw(image: EmbeddedImage) -> RawImage {
    let (width, height, pixels, data_format) = match image {
        EmbeddedImage::Grey(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::R8),
        EmbeddedImage::Color(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::RGB8),
        EmbeddedImage::Overlay(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::RGBA8),
    };
    RawImage {
        pixels: RawImageData::U8(pixels),
        width: width as usize,
        height: height as usize,
        data_format,
        tag: Vec::new(),
    }
}

/// PDF counts from the lower left corner.
fn operations(page: &Block, page_height: f32, others: &[Other]) -> Vec<Op> {
    let at = |x: f32, y: f32| Point { x: Pt(x), y: Pt(page_height - y) };
    let mut ops = Vec::new();
    for shape in &page.shapes {
        match shape {
            Shape::Text { x, y, style, text } => {
                let mut x = *x;
                for run in runs(text, style.weight) {
                    match &run {
                        Run::Own(text) => {
                            let items = vec![TextItem::Text(text.clone())];
                            ops.extend(shown(font_id(style.weight), *style, at(x, *y), items));
                        }
                        Run::Other(shaped) => ops.extend(set(shaped, *style, others, |dx, dy| at(x + dx, *y - dy))),
                    }
                    x += run.width(style.weight) * style.size;
                }
            }
            Shape::Line { points, width, ink, closed } => {
                let points = points.iter().map(|&[x, y]| LinePoint { p: at(x, y), bezier: false }).collect();
                ops.extend([
                    Op::SetOutlineColor { col: color(*ink) },
                    Op::SetOutlineThickness { pt: Pt(*width) },
                    Op::DrawLine { line: Line { points, is_closed: *closed } },
                ]);
            }
            Shape::Fill { x, y, width, height, ink } => {
                let corner = at(*x, y + height);
                let mut rectangle = Rect::from_xywh(corner.x, corner.y, Pt(*width), Pt(*height));
                rectangle.mode = Some(PaintMode::Fill);
                ops.extend([Op::SetFillColor { col: color(*ink) }, Op::DrawRectangle { rectangle }]);
            }
            Shape::Polygon { points, ink } => {
                let points = points.iter().map(|&[x, y]| LinePoint { p: at(x, y), bezier: false }).collect();
                let polygon = Polygon {
                    rings: vec![PolygonRing { points }],
                    mode: PaintMode::Fill,
                    winding_order: WindingOrder::NonZero,
                };
                ops.extend([Op::SetFillColor { col: color(*ink) }, Op::DrawPolygon { polygon }]);
            }
            Shape::Picture { number, x, y, width, height } => {
                let corner = at(*x, y + height);
                ops.push(Op::UseXobject {
                    id: image_id(*number),
                    transform: XObjectTransform {
                        translate_x: Some(corner.x),
                        translate_y: Some(corner.y),
                        scale_x: Some(*width),
                        scale_y: Some(*height),
                        no_auto_scale: true,
                        ..XObjectTransform::default()
                    },
                });
            }
        }
    }
    ops
}

/// Text at a place.
fn shown(font: FontId, style: TextStyle, pos: Point, items: Vec<TextItem>) -> [Op; 6] {
    [
        Op::StartTextSection,
        Op::SetFillColor { col: color(style.ink) },
        Op::SetFont { font: PdfFontHandle::External(font), size: Pt(style.size) },
        Op::SetTextCursor { pos },
        Op::ShowText { items },
        Op::EndTextSection,
    ]
}

/// The glyphs of a run, each at its place; `at` is a place right of and above the run's beginning.
/// What they say in the order of reading goes with them where that is not the order of the glyphs
/// (ISO 32000-1, 14.9.4).
fn set(run: &Shaped, style: TextStyle, others: &[Other], at: impl Fn(f32, f32) -> Point) -> Vec<Op> {
    let Some(Other { id, numbers, .. }) = others.iter().find(|other| other.face == run.face) else { return Vec::new() };
    let mut ops = Vec::new();
    if !run.right_to_left {
        let utf16 = std::iter::once(0xfeff).chain(run.text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let text = DictItem::String { data: utf16, literal: false };
        let properties = DictItem::Dict { map: BTreeMap::from([("ActualText".to_owned(), text)]) };
        ops.push(Op::BeginMarkedContentWithProperties { tag: "Span".into(), properties });
    }
    let mut x = 0.0;
    for glyph in &run.glyphs {
        let [dx, dy] = glyph.offset.map(|offset| offset * style.size);
        let gid = numbers.get(&glyph.id).copied().unwrap_or(0);
        let point = Codepoint { gid, offset: 0.0, cid: Some(glyph.text.clone()) };
        ops.extend(shown(id.clone(), style, at(x + dx, dy), vec![TextItem::GlyphIds(vec![point])]));
        x += glyph.advance * style.size;
    }
    if !run.right_to_left {
        ops.push(Op::EndMarkedContent);
    }
    ops
}

fn color(ink: Ink) -> Color {
    let [r, g, b] = ink.rgb();
    Color::Rgb(Rgb { r, g, b, icc_profile: None })
}
