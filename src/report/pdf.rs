//! The printed report: blocks become pages, pages become a PDF.
//!
//! One page for one class: the pictures take what the words leave over. Several classes get a second page with all of
//! them on one scale. Fonts are embedded as subsets, pictures are lossless, and the document information holds no patient.

use std::collections::{BTreeMap, BTreeSet};

use printpdf::{
    Color, DateTime, FontId, ImageCompression, ImageOptimizationOptions, Line, LinePoint, Mm, Op, PaintMode,
    PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, RawImage, RawImageData, RawImageFormat,
    Rect, Rgb, TextItem, XObject, XObjectId, XObjectTransform,
};

use super::ReportError;
use super::case::CaseReport;
use super::file::Source;
use super::layout::{Align, Block, CAPTION, Ink, Shape, fitted, hairline};
use super::pdf_findings::table;
use super::pdf_pictures::{Gallery, Picture};
use super::pdf_text::{
    NOT_A_DEVICE, considerations, doubt, gate, ground, head, limits, reservations, running_head, section, signature,
    who,
};
use super::typeface::{Weight, embedded};

const SIDE: f32 = 48.0;
const TOP: f32 = 36.0;
const BOTTOM: f32 = 40.0;
/// Width of the column of headings.
const COLUMN: f32 = 74.0;
/// Space around the lines between the sections.
const GAP: f32 = 5.5;
/// Pictures are never printed smaller than this, captions included.
const SMALLEST_PICTURES: f32 = 125.0;

/// The report as the bytes of a PDF.
pub fn pdf(case: &CaseReport, source: &Source) -> Result<Vec<u8>, ReportError> {
    let (pages, gallery) = composed(case, source);
    printed(case, &pages, gallery)
}

/// The pages, each one block in page coordinates.
fn composed(case: &CaseReport, source: &Source) -> (Vec<Block>, Gallery) {
    let (page_width, page_height) = case.paper.size();
    let width = page_width - 2.0 * SIDE;
    let inner = width - COLUMN;
    let capacity = page_height - TOP - BOTTOM;
    let mut gallery = Gallery::new(case);
    let legend = Gallery::legend(case, width);
    let several = case.analysis.scored && case.classes.len() > 1;

    let mut opening = head(case, width);
    divided(&mut opening, &section("Patient and study", &who(case, inner), COLUMN), width);

    let mut sure = gate(case, inner);
    if case.analysis.scored {
        sure.stack(4.0, &table(case, inner));
        sure.stack(3.0, &doubt(case, inner));
    }
    let mut findings = vec![section("How sure", &sure, COLUMN)];
    findings.extend(considerations(case, inner).map(|block| section("For consideration", &block, COLUMN)));
    findings.extend(reservations(case, source, inner).map(|block| section("Reservations", &block, COLUMN)));
    let basis = [
        section("On what ground", &ground(case, source, inner), COLUMN),
        section("What it cannot know", &limits(case, inner), COLUMN),
    ];
    let signed = signature(width);

    let heights = |blocks: &[Block]| blocks.iter().map(|b| b.height + 2.0 * GAP + 0.5).sum::<f32>();
    let tail = heights(&basis) + signed.height + GAP;
    let legend_height = if case.analysis.scored { legend.height + 5.0 } else { 0.0 };
    let words = opening.height + heights(&findings) + 2.0 * GAP + 0.5 + legend_height;
    let on_one_page = !several && capacity - words - tail >= SMALLEST_PICTURES;
    let left_over = capacity - words - if on_one_page { tail } else { 0.0 };

    let mut flow = Flow { pages: vec![Block::default()], width, capacity };
    flow.add(&opening, false);
    let mut pictures = gallery.first_row(case, width, left_over.max(SMALLEST_PICTURES));
    if case.analysis.scored {
        pictures.stack(4.0, &legend);
    }
    flow.add(&pictures, true);
    for block in &findings {
        flow.add(block, true);
    }
    if several {
        flow.pages.push(Block::default());
        let mut grid = gallery.grid(case, width, capacity - tail - legend_height - 2.0 * GAP);
        grid.stack(5.0, &legend);
        flow.add(&grid, false);
    }
    for block in &basis {
        flow.add(block, true);
    }
    flow.close(&signed);
    (flow.framed(case, page_width, page_height), gallery)
}

/// Adds a block below a hairline.
fn divided(page: &mut Block, block: &Block, width: f32) {
    page.stack(GAP, &hairline(width));
    page.stack(GAP, block);
}

/// Pages that fill from the top.
struct Flow {
    pages: Vec<Block>,
    width: f32,
    capacity: f32,
}

impl Flow {
    fn add(&mut self, block: &Block, line: bool) {
        let used = self.pages.last().map_or(0.0, |page| page.height);
        if used > 0.0 && used + 2.0 * GAP + 0.5 + block.height > self.capacity + 0.5 {
            self.pages.push(Block::default());
        }
        let Some(page) = self.pages.last_mut() else { return };
        if line && page.height > 0.0 {
            divided(page, block, self.width);
        } else {
            page.stack(GAP, block);
        }
    }

    /// Puts the last block at the foot of the last page.
    fn close(&mut self, block: &Block) {
        let used = self.pages.last().map_or(0.0, |page| page.height);
        if used + block.height > self.capacity + 0.5 {
            self.pages.push(Block::default());
        }
        let y = self.capacity - block.height;
        if let Some(page) = self.pages.last_mut() {
            page.put(0.0, y, block);
        }
    }

    /// The pages with margins and footers.
    fn framed(self, case: &CaseReport, page_width: f32, page_height: f32) -> Vec<Block> {
        let of = self.pages.len();
        let frame = |(i, content): (usize, &Block)| {
            let mut page = Block::default();
            page.put(SIDE, TOP, content);
            let y = page_height - BOTTOM + 14.0;
            page.put(SIDE, y - 5.0, &hairline(self.width));
            let software = format!(
                "Pellucid {} · model {} {}",
                crate::VERSION,
                case.model.manifest.name,
                case.model.manifest.version
            );
            page.text(SIDE, y, Align::Left, CAPTION, &software);
            if i > 0 {
                page.text(
                    SIDE,
                    TOP - 16.0,
                    Align::Left,
                    CAPTION,
                    &fitted(&running_head(case), CAPTION, self.width / 2.0),
                );
                page.text(page_width - SIDE, TOP - 16.0, Align::Right, CAPTION.ink(Ink::Warning), NOT_A_DEVICE);
            }
            page.text(page_width - SIDE, y, Align::Right, CAPTION, &format!("Page {} of {of}", i + 1));
            page
        };
        self.pages.iter().enumerate().map(frame).collect()
    }
}

fn printed(case: &CaseReport, pages: &[Block], gallery: Gallery) -> Result<Vec<u8>, ReportError> {
    let (page_width, page_height) = case.paper.size();
    let mut document = PdfDocument::new("Case report");
    let info = &mut document.metadata.info;
    // printpdf would date it 1970.
    if let Ok(now) = DateTime::from_unix_timestamp(case.created.timestamp()) {
        (info.creation_date, info.modification_date, info.metadata_date) = (now, now, now);
    }
    info.producer = format!("Pellucid {}", crate::VERSION);
    info.creator.clone_from(&info.producer);
    info.subject = format!("Research use: {} {}", case.model.manifest.name, case.model.manifest.version);

    let fonts = &mut document.resources.fonts.map;
    for (weight, characters) in used(pages) {
        fonts.insert(font_id(weight), PdfFont::new(embedded(weight, &characters)?));
    }
    for (number, picture) in gallery.pictures.into_iter().enumerate() {
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
