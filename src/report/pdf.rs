//! The printed report: blocks become pages, pages become a PDF.
//!
//! One page for one class: the pictures take what the words leave over. Several classes get a second page with all of
//! them on one scale. Fonts are embedded as subsets, pictures are lossless, and the document information holds no patient.

use super::ReportError;
use super::case::CaseReport;
use super::file::Source;
use super::layout::Block;
use super::pages::{Flow, GAP, Sheet, divided};
use super::pdf_file::{Imprint, printed};
use super::pdf_findings::{table, withheld};
use super::pdf_impression::impression;
use super::pdf_pictures::Gallery;
use super::pdf_text::{
    considerations, doubt, gate, ground, head, limits, prevalence, reservations, running_head, section, signature, who,
};
use super::pdf_trust::trust;

/// Width of the column of headings.
const COLUMN: f32 = 74.0;
/// Pictures are never printed smaller than this, captions included.
const SMALLEST_PICTURES: f32 = 125.0;

/// The report as the bytes of a PDF.
pub fn pdf(case: &CaseReport, source: &Source) -> Result<Vec<u8>, ReportError> {
    let (pages, gallery) = composed(case, source);
    let manifest = &case.model.manifest;
    let imprint = Imprint {
        title: "Case report",
        subject: format!("Research use: {} {}", manifest.name, manifest.version),
        created: case.created,
        paper: case.paper,
    };
    printed(&imprint, &pages, gallery.pictures)
}

/// The pages, each one block in page coordinates.
fn composed(case: &CaseReport, source: &Source) -> (Vec<Block>, Gallery) {
    let sheet = Sheet::of(case.paper);
    let (width, capacity) = (sheet.width, sheet.capacity);
    let inner = width - COLUMN;
    let mut gallery = Gallery::new(case);
    let legend = Gallery::legend(case, width);
    let several = case.analysis.scored && case.classes.len() > 1;

    let mut opening = head(case, width);
    divided(&mut opening, &section("Patient and study", &who(case, inner), COLUMN), width);

    // What forbids a state is read before anything that might be taken for one.
    let mut sure = withheld(case, inner).unwrap_or_default();
    sure.stack(if sure.height > 0.0 { 3.0 } else { 0.0 }, &gate(case, inner));
    if case.analysis.scored {
        sure.stack(4.0, &table(case, inner));
        sure.stack(3.0, &doubt(case, inner));
        if !case.prevalences.is_empty() {
            sure.stack(3.0, &prevalence(case, inner));
        }
    }
    let mut findings = vec![section("How sure", &sure, COLUMN)];
    findings.extend(trust(case, inner).map(|block| section("Trust in the map", &block, COLUMN)));
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

    let mut flow = Flow::new(sheet);
    flow.add(&opening, false);
    if let Some((heading, rows)) = impression(case, width, COLUMN) {
        flow.add_rows(&heading, &rows);
    }
    let below = 2.0 * GAP + 0.5 + legend_height;
    if flow.room() < SMALLEST_PICTURES + below {
        flow.turn();
    }
    let room = flow.room() - below - heights(&findings);
    let on_one_page = !several && room - tail >= SMALLEST_PICTURES;
    let left_over = room - if on_one_page { tail } else { 0.0 };
    let mut pictures = gallery.first_row(case, width, left_over.max(SMALLEST_PICTURES));
    if case.analysis.scored {
        pictures.stack(4.0, &legend);
    }
    flow.add(&pictures, true);
    for block in &findings {
        flow.add(block, true);
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
    let model = format!("model {} {}", case.model.manifest.name, case.model.manifest.version);
    (flow.framed(&model, &running_head(case)), gallery)
}
