//! How far the printed map can be trusted: the sentence, and the small table that it rests on.

use super::case::CaseReport;
use super::layout::{Align, BODY, Block, CAPTION, Ink, paragraph};
use crate::engine::explanation::Trusted;
use crate::explain::faithfulness::{Figure, verdict, words};

const ROW: f32 = 11.5;
/// Right ends of the columns of figures, from the left.
const ENDS: [f32; 3] = [150.0, 215.0, 280.0];
const COLUMNS: [&str; 3] = ["this map", "centred blob", "random map"];

/// The block; nothing where nobody asked.
pub fn trust(case: &CaseReport, width: f32) -> Option<Block> {
    let Trusted { method, subject, layer, trust, whole } = case.trust.as_ref()?;
    let place = if method.has_layer() { format!(" at {layer}") } else { String::new() };
    let which = format!("Map of {}, {}{place}.", subject.name(&case.model.manifest), method.name());
    let mut block = paragraph(&trust.sentence, BODY.bold(), width);
    if !trust.measures.is_empty() {
        block.stack(2.0, &table(&trust.measures, width));
    }
    let mut said = vec![which];
    said.extend(trust.sensitivity.map(words::sensitivity));
    said.extend(
        trust.randomization.as_ref().map(|check| format!("Randomisation check: {}", words::randomization(check))),
    );
    match (trust.sensitivity, &trust.randomization) {
        _ if trust.measures.is_empty() => {}
        (_, None) if *whole => said.push(words::too_costly(method.name(), &method.cost().words())),
        (_, None) => said.push("Sensitivity to noise and the randomisation check were not finished.".into()),
        (None, Some(_)) => said.push("Sensitivity to noise is not defined for this map.".into()),
        (Some(_), Some(_)) => {}
    }
    said.extend(method.fails_sanity_check().map(str::to_owned));
    block.stack(2.0, &paragraph(&said.join(" "), BODY, width));
    block.stack(1.0, &paragraph(words::NOT_THE_FINDING, CAPTION, width));
    Some(block)
}

fn table(figures: &[Figure], width: f32) -> Block {
    let mut block = Block::space(CAPTION.line() + 1.0);
    for (x, word) in ENDS.into_iter().zip(COLUMNS) {
        block.text(x, 0.0, Align::Right, CAPTION, word);
    }
    block.text(ENDS[2] + 16.0, 0.0, Align::Left, CAPTION, "better");
    for figure in figures {
        let mut row = Block::space(ROW);
        let best = words::best(figure);
        row.text(0.0, 0.0, Align::Left, BODY, figure.measure.name());
        let readings = [&figure.map, &figure.blob, &figure.random];
        for ((x, reading), best) in ENDS.into_iter().zip(readings).zip(best) {
            let style = if best { BODY.bold() } else { BODY.ink(Ink::Muted) };
            let sign = if reading.value < -0.0005 { "−" } else { "" };
            let number = format!("{sign}{:.3}", reading.value.abs());
            row.text(x, 0.0, Align::Right, style, &number);
            if best {
                let left = x - style.width(&number) - 6.0;
                row.fill(left, BODY.line() / 2.0 - 1.2, 2.4, 2.4, Ink::Accent);
            }
        }
        row.text(ENDS[2] + 16.0, 0.0, Align::Left, BODY.ink(Ink::Muted), words::better(figure.better));
        let top = block.height;
        block.put(0.0, top, &row);
    }
    let key = format!("Heavy figures behind a square: the best, and what lies within {} of it.", verdict::MARGIN);
    block.stack(0.0, &paragraph(&key, CAPTION, width));
    block
}
