//! Blocks as a PDF: embedded subsets of the fonts, lossless pictures, and document information without a patient.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Local;
use image::{GrayImage, RgbImage, RgbaImage};
use printpdf::{
    Color, DateTime, FontId, ImageCompression, ImageOptimizationOptions, Line, LinePoint, Mm, Op, PaintMode,
    PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Polygon, PolygonRing, Pt, RawImage,
    RawImageData, RawImageFormat, Rect, Rgb, TextItem, WindingOrder, XObject, XObjectId, XObjectTransform,
};

use super::ReportError;
use super::case::Paper;
use super::layout::{Block, Ink, Shape};
use super::typeface::{Weight, embedded};

/// A picture to embed.
pub enum Picture {
    Grey(GrayImage),
    Color(RgbImage),
    Overlay(RgbaImage),
}

/// The document around the pages.
pub struct Imprint<'a> {
    pub title: &'a str,
    /// What the document information says of it; it names no patient.
    pub subject: String,
    pub created: chrono::DateTime<Local>,
    pub paper: Paper,
}

/// Pages in page coordinates and the pictures that they name by number, as the bytes of a PDF.
pub fn printed(imprint: &Imprint<'_>, pages: &[Block], pictures: Vec<Picture>) -> Result<Vec<u8>, ReportError> {
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
    for (weight, characters) in used(pages) {
        fonts.insert(font_id(weight), PdfFont::new(embedded(weight, &characters)?));
    }
    for (number, picture) in pictures.into_iter().enumerate() {
        document.resources.xobjects.map.insert(picture_id(number), XObject::Image(raw(picture)));
    }
    let (width, height) = (Mm::from(Pt(page_width)), Mm::from(Pt(page_height)));
    document.pages = pages.iter().map(|page| PdfPage::new(width, height, operations(page, page_height))).collect();

    // Without these options pictures would be resized to two megabytes and compressed with loss.
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
    // Transparent pictures came with 1.4; printpdf says 1.3.
    file.version = "1.7".into();
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(|source| ReportError::Write { path: "memory".into(), source })?;
    Ok(bytes)
}

/// The characters that each weight has to set.
fn used(pages: &[Block]) -> BTreeMap<Weight, BTreeSet<char>> {
    let mut used: BTreeMap<Weight, BTreeSet<char>> = BTreeMap::new();
    for shape in pages.iter().flat_map(|page| &page.shapes) {
        if let Shape::Text { style, text, .. } = shape {
            used.entry(style.weight).or_default().extend(text.chars());
        }
    }
    used
}

fn font_id(weight: Weight) -> FontId {
    FontId(match weight {
        Weight::Regular => "F1".into(),
        Weight::SemiBold => "F2".into(),
    })
}

fn picture_id(number: usize) -> XObjectId {
    XObjectId(format!("P{number}"))
}

fn raw(picture: Picture) -> RawImage {
    let (width, height, pixels, data_format) = match picture {
        Picture::Grey(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::R8),
        Picture::Color(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::RGB8),
        Picture::Overlay(image) => (image.width(), image.height(), image.into_raw(), RawImageFormat::RGBA8),
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
fn operations(page: &Block, page_height: f32) -> Vec<Op> {
    let at = |x: f32, y: f32| Point { x: Pt(x), y: Pt(page_height - y) };
    let mut ops = Vec::new();
    for shape in &page.shapes {
        match shape {
            Shape::Text { x, y, style, text } => ops.extend([
                Op::StartTextSection,
                Op::SetFillColor { col: color(style.ink) },
                Op::SetFont { font: PdfFontHandle::External(font_id(style.weight)), size: Pt(style.size) },
                Op::SetTextCursor { pos: at(*x, *y) },
                Op::ShowText { items: vec![TextItem::Text(text.clone())] },
                Op::EndTextSection,
            ]),
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
                    id: picture_id(*number),
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

fn color(ink: Ink) -> Color {
    let [r, g, b] = ink.rgb();
    Color::Rgb(Rgb { r, g, b, icc_profile: None })
}
