//! The printed report: blocks become pages, pages become a PDF.
//!
//! One page for one class: the images take what the words leave over. Several classes get a second
//! page with all of them on one scale. Fonts are embedded as subsets, images are lossless, and the
//! document information holds no patient.

pub(super) mod document;
mod faithfulness;
mod feedback;
mod findings;
mod ground;
mod identity;
pub(super) mod images;
mod impression;
mod key_images;
mod lungs;
mod measurements;
mod numbered;
mod prior;
mod remarks;
pub(super) mod rendered;
mod similar;
mod study;
mod uncertainty;
mod what_if;

use self::document::{Imprint, printed};
use self::faithfulness::faithfulness;
use self::feedback::feedback;
use self::findings::{table, withheld};
use self::ground::{ground, limits};
use self::identity::{head, running_head, who};
use self::images::MapGallery;
use self::impression::impression;
use self::key_images::key_images;
use self::lungs::lungs;
use self::measurements::measurements;
use self::prior::prior;
use self::remarks::{considerations, reservations, signature};
use self::similar::similar;
use self::study::study;
use self::uncertainty::{gate, prevalence, uncertainty};
use self::what_if::kept_changes;
use super::ReportError;
use super::case::CaseReport;
use super::image_file::ImageFile;
use super::pages::{Flow, GAP, Sheet, divided, section};
use crate::figures::layout::Block;
use crate::language::{text, tr, translated};

/// Width of the column of headings.
const COLUMN: f32 = 74.0;
/// Images are never printed smaller than this, captions included.
const SMALLEST_IMAGES: f32 = 115.0;

/// The report as the bytes of a PDF, in the language of the thread.
pub(super) fn pdf(case: &CaseReport, source: &ImageFile) -> Result<Vec<u8>, ReportError> {
    let (pages, gallery) = composed(case, source);
    let manifest = &case.model.manifest;
    let imprint = Imprint {
        title: text!("Case report"),
        subject: tr!("Research use: {} {}", manifest.name, manifest.version),
        created: case.created,
        paper: case.paper,
    };
    printed(&imprint, &pages, gallery.images)
}

/// The pages, each one block in page coordinates.
fn composed(case: &CaseReport, source: &ImageFile) -> (Vec<Block>, MapGallery) {
    let sheet = Sheet::of(case.paper);
    let (width, capacity) = (sheet.width, sheet.capacity);
    let inner = width - COLUMN;
    let mut gallery = MapGallery::new(case);
    let legend = MapGallery::legend(case, width);
    let several = case.analysis.scored && case.classes.len() > 1;

    let mut opening = head(case, width);
    divided(&mut opening, &section(text!("Patient and study"), &who(case, inner), COLUMN), width);

    // What forbids a state is read before anything that might be taken for one.
    let mut sure = withheld(case, inner).unwrap_or_default();
    sure.stack(if sure.height > 0.0 { 3.0 } else { 0.0 }, &gate(case, inner));
    if case.analysis.scored {
        sure.stack(4.0, &table(case, inner));
        sure.stack(3.0, &uncertainty(case, inner));
        if !case.prevalences.is_empty() {
            sure.stack(3.0, &prevalence(case, inner));
        }
    }
    let mut findings = vec![section(text!("How sure"), &sure, COLUMN)];
    let whole = case.study.as_ref().map_or("", |study| translated(study.key.whole(study.result.unit)));
    findings.extend(study(case, inner).map(|block| section(whole, &block, COLUMN)));
    let before = prior(case, &mut gallery, inner);
    findings.extend(before.map(|block| section(text!("Prior"), &block, COLUMN)));
    findings.extend(lungs(case, inner).map(|block| section(text!("Evidence and lungs"), &block, COLUMN)));
    findings.extend(faithfulness(case, inner).map(|block| section(text!("Faithfulness of the map"), &block, COLUMN)));
    let cases = similar(case, &mut gallery, inner);
    findings.extend(cases.map(|block| section(text!("Similar cases"), &block, COLUMN)));
    findings.extend(considerations(case, inner).map(|block| section(text!("For consideration"), &block, COLUMN)));
    findings.extend(reservations(case, source, inner).map(|block| section(text!("Reservations"), &block, COLUMN)));
    let basis = [
        section(text!("On what ground"), &ground(case, source, inner), COLUMN),
        section(text!("What it cannot know"), &limits(case, inner), COLUMN),
    ];
    let signed = signature(width);

    let heights = |blocks: &[Block]| blocks.iter().map(|b| b.height + 2.0 * GAP + 0.5).sum::<f32>();
    let tail = heights(&basis) + signed.height + GAP;
    let legend_height = if case.analysis.scored { legend.height + 5.0 } else { 0.0 };

    let mut flow = Flow::new(sheet);
    flow.add(&opening, false);
    if let Some((heading, rows)) = impression(case, width, COLUMN) {
        flow.add_rows(&heading, &rows);
    }
    let below = 2.0 * GAP + 0.5 + legend_height;
    if flow.room() < SMALLEST_IMAGES + below {
        flow.turn();
    }
    let answers = feedback(case, width, COLUMN);
    let measured = measurements(case, width, COLUMN);
    let asked = kept_changes(case, width, COLUMN);
    let marked = key_images(case, &mut gallery, width, COLUMN);
    let in_rows = || answers.iter().chain(&measured).chain(&asked).chain(&marked);
    let rows = in_rows().flat_map(|(_, rows)| rows).map(|row| row.height).sum::<f32>();
    let sections = in_rows().count() as f32;
    let rows = rows + sections * (2.0 * GAP + 0.5);
    let room = flow.room() - below - heights(&findings) - rows;
    let on_one_page = !several && room - tail >= SMALLEST_IMAGES;
    let left_over = room - if on_one_page { tail } else { 0.0 };
    let mut images = gallery.first_row(case, width, left_over.max(SMALLEST_IMAGES));
    if case.analysis.scored {
        images.stack(4.0, &legend);
    }
    flow.add(&images, true);
    for block in &findings {
        flow.add(block, true);
    }
    for (heading, rows) in in_rows() {
        flow.add_rows(heading, rows);
    }
    if several {
        flow.turn();
        let mut grid = gallery.grid(case, width, capacity - tail - legend_height - 2.0 * GAP);
        grid.stack(5.0, &legend);
        flow.add(&grid, false);
    }
    for block in &basis {
        flow.add(block, true);
    }
    flow.close(&signed);
    let model = tr!("model {} {}", case.model.manifest.name, case.model.manifest.version);
    (flow.framed(&model, &running_head(case)), gallery)
}
